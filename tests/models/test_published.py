"""The published networks against those of `keras.applications`: sequence, shapes, output."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest

import archc
from support import shipped
from support.keras_models import build
from support.variance import images
from support.wiring import PREPROCESSING, Wired, last_layer, wired

pytestmark = pytest.mark.keras

TOLERANCE = 1e-5
"""Largest difference of logits, relative to the largest logit."""
SHAPE = (224, 224, 3)
PARAMS = {
    "mobilenet_v1_a025": 475_544,
    "mobilenet_v1_a05": 1_342_536,
    "mobilenet_v1_a10": 4_253_864,
    "mobilenet_v2_a035": 1_691_208,
    "mobilenet_v2_a10": 3_538_984,
    "mobilenet_v3_small": 2_554_968,
    "efficientnet_b0": 5_330_564,
    "squeezenet": 1_235_496,
}
"""As published: the summaries of `keras.applications`, EfficientNet without preprocessing."""


def applications(name: str, **arguments: Any) -> Callable[..., Any]:
    """What builds a network of `keras.applications`."""

    def build(shape: tuple[int, ...] = SHAPE) -> Any:
        import keras

        return getattr(keras.applications, name)(input_shape=shape, weights=None, **arguments)

    return build


def squeezenet(shape: tuple[int, ...] = SHAPE) -> Any:
    """SqueezeNet 1.1, written by hand from the authors' release: Keras has none."""
    from keras import Input, Model
    from keras.layers import Concatenate as Concat
    from keras.layers import Conv2D, Dropout, GlobalAveragePooling2D, MaxPooling2D, Softmax

    def fire(x: Any, squeeze: int, expand: int) -> Any:
        x = Conv2D(squeeze, 1, activation="relu")(x)
        return Concat()(
            [
                Conv2D(expand, 1, activation="relu")(x),
                Conv2D(expand, 3, padding="same", activation="relu")(x),
            ]
        )

    image = Input(shape)
    x = Conv2D(64, 3, strides=2, activation="relu")(image)
    x = MaxPooling2D(3, 2)(x)
    x = fire(fire(x, 16, 64), 16, 64)
    x = MaxPooling2D(3, 2)(x)
    x = fire(fire(x, 32, 128), 32, 128)
    x = MaxPooling2D(3, 2)(x)
    x = fire(fire(x, 48, 192), 48, 192)
    x = fire(fire(x, 64, 256), 64, 256)
    x = Dropout(0.5)(x)
    x = Conv2D(1000, 1, activation="relu")(x)
    x = GlobalAveragePooling2D()(x)
    return Model(image, Softmax()(x))


REFERENCES = {
    "mobilenet_v1_a025": applications("MobileNet", alpha=0.25),
    "mobilenet_v1_a05": applications("MobileNet", alpha=0.5),
    "mobilenet_v1_a10": applications("MobileNet", alpha=1.0),
    "mobilenet_v2_a035": applications("MobileNetV2", alpha=0.35),
    "mobilenet_v2_a10": applications("MobileNetV2", alpha=1.0),
    "mobilenet_v3_small": applications("MobileNetV3Small", include_preprocessing=False),
    "efficientnet_b0": applications("EfficientNetB0"),
    "squeezenet": squeezenet,
}


SWAPPED = [
    *((name, "Conv2D") for name in REFERENCES),
    *((name, "DepthwiseConv2D") for name in REFERENCES if name != "squeezenet"),
    *((name, "BatchNormalization") for name in REFERENCES if name != "squeezenet"),
]
"""(network, class of the layers that exchange their weights)."""


class Pair(NamedTuple):
    """A shipped network and its reference, which has a copy of its weights."""

    ours: Wired
    theirs: Wired
    logits: Any
    """Ours, of a few images."""
    reference: Any
    """A model that gives the reference's logits."""


@cache
def pair(name: str) -> Pair:
    import keras

    model, reference = shipped.model(name), REFERENCES[name]()
    ours, theirs = wired(model), wired(reference)
    for mine, other in zip(ours.steps, theirs.steps, strict=False):
        assert mine == other
    # Preprocessing with arrays of its own is not part of the spec.
    core = keras.Model(entry(reference), reference.output)
    copied = archc.transfer_weights(model, core)
    assert len(copied.arrays) == len(model.weights)
    return Pair(ours, theirs, run(before_softmax(model)), before_softmax(reference))


def entry(model: Any) -> Any:
    """What the first layer after preprocessing reads."""
    (tensor,) = model.inputs
    for layer in model.layers:
        if type(layer).__name__ in PREPROCESSING:
            tensor = layer.output
    return tensor


def before_softmax(model: Any) -> Any:
    """The model from the first layer after preprocessing to what its softmax reads."""
    import keras

    inputs = entry(model)
    last = last_layer(model)
    if isinstance(last, keras.layers.Dense):
        assert last.activation is keras.activations.softmax
        last.activation = keras.activations.linear
        return keras.Model(inputs, last.output)
    return keras.Model(inputs, last.input)


def run(model: Any) -> Any:
    """Logits of images that the statistics were not set by."""
    return model(images(SHAPE, seed=1)).numpy()


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest value."""
    return float(abs(ours - theirs).max() / abs(theirs).max())


def test_every_published_network_has_a_reference() -> None:
    assert sorted(REFERENCES) == sorted(shipped.PUBLISHED) == sorted(PARAMS)


@pytest.mark.parametrize("name", REFERENCES)
def test_sequence_shapes_and_params_are_equal(name: str) -> None:
    assert pair(name).ours.steps == pair(name).theirs.steps


SIZES = {
    "mobilenet_v1_a025": (97, 130),
    "mobilenet_v2_a035": (97, 130),
    "mobilenet_v3_small": (97,),
    "efficientnet_b0": (97,),
    "squeezenet": (98,),
}
"""Rows and columns of the image that each family is built for besides, odd ones among them."""


@pytest.mark.parametrize(("name", "size"), [(n, s) for n, sizes in SIZES.items() for s in sizes])
def test_sequence_and_shapes_are_equal_at_other_sizes(name: str, size: int) -> None:
    """What is padded depends on the size; a padding that stays has to be allowed."""
    family, _, alpha = name.partition("_a0")
    text = (shipped.SPECS / (f"families/{family}.arch" if alpha else f"{name}.arch")).read_text()
    text = text.replace("allow = [softmax", "allow = [zero_pad, softmax")
    width = {"alpha": float(f"0.{alpha}")} if alpha else {}
    graph = archc.compile_text(text, resolution=size, **width)._network.graph
    theirs = REFERENCES[name]((size, size, 3))
    assert wired(build(graph)).steps == wired(theirs).steps


@pytest.mark.parametrize("name", REFERENCES)
def test_params_are_the_published_ones(name: str) -> None:
    assert shipped.model(name).count_params() == PARAMS[name]


@pytest.mark.parametrize("name", REFERENCES)
def test_output_is_equal_with_equal_weights(name: str) -> None:
    _, _, logits, reference = pair(name)
    theirs = run(reference)
    assert difference(logits, theirs) <= TOLERANCE
    # A network that gives every image the same logits would agree with nearly anything.
    assert logits.std(axis=0).mean() > 0.1 * logits.std(axis=1).mean() > 0


@pytest.mark.parametrize(("name", "kind"), SWAPPED)
def test_swapping_the_weights_of_two_layers_is_noticed(name: str, kind: str) -> None:
    _, theirs, logits, reference = pair(name)
    twins: dict[tuple[tuple[int, ...], ...], list[Any]] = {}
    for layer in theirs.variables:
        if type(layer).__name__ == kind:
            shapes = tuple(tuple(variable.shape) for variable in layer.weights)
            twins.setdefault(shapes, []).append(layer)
    a, b = next(layers for layers in reversed(twins.values()) if len(layers) > 1)[-2:]
    weights = a.get_weights(), b.get_weights()
    a.set_weights(weights[1])
    b.set_weights(weights[0])
    try:
        assert difference(logits, run(reference)) > 100 * TOLERANCE
    finally:
        a.set_weights(weights[0])
        b.set_weights(weights[1])
