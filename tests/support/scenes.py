"""A detector and a segmentation network trained for real, on images made from a fixed seed: digits
of scikit-learn on noise, and discs among bars.

Each is trained once per test session. Tests must leave the models as they are.
"""

from functools import cache
from typing import Any, NamedTuple

import archc
from support import digits, shipped

SEED = 11
SIDE = 64
"""Rows and columns of every image."""
SCALES = {"fine": 4, "coarse": 16}
"""Pixels between the cells of the detector's two heads, by the first word of their outputs."""
SIZES = {"fine": (14, 21), "coarse": (30, 41)}
"""Least and most rows of the digit that each head is to find: one of each is in every image."""


class Scenes(NamedTuple):
    """Images (count, side, side, channels) float32 in 0..1, and what is to be found in them."""

    images: Any
    truth: dict[str, Any]
    """Boxes (count, 4) in pixels, from y and x to y and x, by the output that is to give them; a
    mask (count, side, side), 1 inside of discs."""


# --- digits to detect -----------------------------------------------------------------------------


def _digit_scenes(count: int, pictures: Any, seed: int) -> Scenes:
    import numpy as np

    generator = np.random.default_rng(seed)
    images = generator.uniform(0, 0.2, (count, SIDE, SIDE, 3)).astype("float32")
    images += generator.uniform(0, 0.3, (count, 1, 1, 3)).astype("float32")
    truth = {f"{head}_boxes": np.zeros((count, 4), "float32") for head in SCALES}
    for number, image in enumerate(images):
        boxes: dict[str, tuple[int, ...]] = {}
        inks = {}
        for head, (least, most) in SIZES.items():
            picture = pictures[generator.integers(len(pictures))]
            size = int(generator.integers(least, most))
            nearest = np.arange(size) * len(picture) // size
            ink = picture[nearest][:, nearest]
            # As tight as what is written, which is narrower than the picture.
            rows, columns = (np.flatnonzero(ink.max(axis) > 0.3) for axis in (1, 0))
            inks[head] = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        while not boxes or _overlap(*boxes.values()):
            for head, ink in inks.items():
                y, x = (int(generator.integers(0, SIDE - extent + 1)) for extent in ink.shape)
                boxes[head] = (y, x, y + ink.shape[0], x + ink.shape[1])
        for head, (top, left, bottom, right) in boxes.items():
            colour = generator.uniform(0.5, 1.0, 3)
            image[top:bottom, left:right] += inks[head][..., None] * colour
            truth[f"{head}_boxes"][number] = top, left, bottom, right
    return Scenes(np.clip(images, 0, 1), truth)


def _overlap(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


@cache
def digit_scenes() -> tuple[Scenes, Scenes]:
    """For training and held out: no digit of the one is in the other."""
    data = digits.data()
    train, test = (images[:, ::4, ::4, 0] for images in (data.train_x, data.test_x))
    return _digit_scenes(1600, train, SEED), _digit_scenes(200, test, SEED + 1)


@cache
def detector() -> archc.Compiled:
    """The shipped detector with a feature pyramid, at its narrowest."""
    return archc.compile_file(
        shipped.SPECS / "fpn_detector.arch", alpha=0.25, num_classes=1, anchors=1, side=SIDE
    )


def _targets(scenes: Scenes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What each output is to give, and how much each cell counts.

    A box is the distance from the middle of its cell up, left, down and right, in cells."""
    import numpy as np

    wanted, weights = {}, {}
    for head, stride in SCALES.items():
        cells, middles = _cells(head)
        boxes = scenes.truth[f"{head}_boxes"][:, None, None]
        corners = boxes - np.concatenate([middles, middles], -1)
        wanted[f"{head}_boxes"] = corners * OUTWARD / stride
        centres = (boxes[..., :2] + boxes[..., 2:]) / 2
        away = abs(centres - middles).max(-1) / stride
        positive = away <= 0.5
        wanted[f"{head}_scores"] = positive[..., None].astype("float32")
        weights[f"{head}_scores"] = 1 + 0.25 * cells**2 * positive
        # Cells beside that of the centre see most of it too, and are left out of the scores.
        weights[f"{head}_scores"][(away > 0.5) & (away < 1)] = 0
        weights[f"{head}_boxes"] = 0.25 * cells**2 * (away < 1)
    return wanted, weights


OUTWARD = (-1, -1, 1, 1)
"""Directions from the middle of a cell to the sides of a box."""


def _cells(head: str) -> tuple[int, Any]:
    """Cells in a row of a head, and the middles (cells, cells, 2) of them in pixels."""
    import numpy as np

    cells = SIDE // SCALES[head]
    middles = (np.arange(cells) + 0.5) * SCALES[head]
    return cells, np.stack(np.meshgrid(middles, middles, indexing="ij"), -1)


@cache
def trained_detector() -> Any:
    """Its Keras model: the float reference, about 50 s on one core."""
    import keras

    scenes = digit_scenes()[0]
    keras.utils.set_random_seed(SEED)
    model = detector().build_model()
    wanted, weights = _targets(scenes)
    batch, epochs = 32, 12
    rate = keras.optimizers.schedules.CosineDecay(6e-3, epochs * len(scenes.images) // batch)
    model.compile(
        keras.optimizers.Adam(rate),
        {name: "mae" if "boxes" in name else "binary_crossentropy" for name in wanted},
    )
    model.fit(scenes.images, wanted, batch, epochs, sample_weight=weights, verbose=0)
    return model


def overlap(outputs: dict[str, Any], scenes: Scenes) -> float:
    """Mean intersection over union of what is to be found with the box that scores highest in each
    head, of outputs by their names."""
    import numpy as np

    overlaps = []
    for head, stride in SCALES.items():
        middles = _cells(head)[1].reshape(-1, 2)
        boxes, scores = (
            outputs[f"{head}_{what}"].reshape(len(scenes.images), len(middles), -1)
            for what in ("boxes", "scores")
        )
        best = scores[..., 0].argmax(1)
        centres = middles[best]
        found = boxes[np.arange(len(best)), best] * OUTWARD * stride
        found += np.concatenate([centres, centres], -1)
        truth = scenes.truth[f"{head}_boxes"]
        shared = np.minimum(found[:, 2:], truth[:, 2:]) - np.maximum(found[:, :2], truth[:, :2])
        inside = shared.clip(0).prod(-1)
        areas = sum((box[:, 2:] - box[:, :2]).clip(0).prod(-1) for box in (found, truth))
        overlaps.append(inside / (areas - inside))
    return float(np.mean(overlaps))


# --- discs to mask --------------------------------------------------------------------------------


def _disc_scenes(count: int, seed: int) -> Scenes:
    """Discs on noise among bars as bright as they are; a pixel is one of a disc or is not."""
    import numpy as np

    generator = np.random.default_rng(seed)
    images = generator.uniform(0, 0.4, (count, SIDE, SIDE)).astype("float32")
    masks = np.zeros((count, SIDE, SIDE), int)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for image, mask in zip(images, masks, strict=True):
        for _ in range(3):
            y, x = generator.integers(0, SIDE, 2)
            long, thin = generator.integers(10, 40), generator.integers(2, 6)
            size = (long, thin) if generator.random() < 0.5 else (thin, long)
            image[y : y + size[0], x : x + size[1]] += generator.uniform(0.2, 0.6)
        for _ in range(generator.integers(1, 4)):
            y, x = generator.integers(8, SIDE - 8, 2)
            inside = (rows - y) ** 2 + (columns - x) ** 2 <= generator.integers(5, 13) ** 2
            image[inside] = 0.4 * image[inside] + generator.uniform(0.2, 0.6)
            mask |= inside
    return Scenes(np.clip(images, 0, 1)[..., None], {"mask": masks})


@cache
def disc_scenes() -> tuple[Scenes, Scenes]:
    """For training and held out."""
    return _disc_scenes(400, SEED), _disc_scenes(100, SEED + 1)


def unet() -> archc.Compiled:
    """The shipped U-Net for small images."""
    return shipped.compiled("unet_small")


@cache
def trained_unet() -> Any:
    """Its Keras model: the float reference, about 25 s on one core."""
    import keras

    scenes = disc_scenes()[0]
    keras.utils.set_random_seed(SEED)
    model = unet().build_model()
    batch, epochs = 16, 8
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * len(scenes.images) // batch)
    # Smoothed, so that a few pixels that are easy do not make the range of the logits a wide one.
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile(keras.optimizers.Adam(rate), loss)
    mask = keras.utils.to_categorical(scenes.truth["mask"], 2)
    model.fit(scenes.images, mask, batch, epochs, verbose=0)
    return model


def masked(outputs: dict[str, Any], scenes: Scenes) -> float:
    """Mean intersection over union of the pixels outside and inside of discs, over all images."""
    import numpy as np

    found, truth = outputs["mask"].argmax(-1), scenes.truth["mask"]
    both = [((found == value) & (truth == value)).sum() for value in (0, 1)]
    either = [((found == value) | (truth == value)).sum() for value in (0, 1)]
    return float(np.mean(np.divide(both, either)))
