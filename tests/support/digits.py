"""A small DS-CNN trained on real data: the handwritten digits bundled with scikit-learn.

It is trained once per test session. Tests must leave the model as it is: take a copy with
`keras.models.clone_model` and `set_weights` to train it further.
"""

from functools import cache
from typing import Any, NamedTuple

import archc
from support import shipped

SEED = 7
SIZE = 32
"""Rows and columns: each pixel of the 8x8 digits four times, so that four strides leave a map."""
CLASSES = 10
EPOCHS, BATCH = 15, 32


class Digits(NamedTuple):
    """Images (count, 32, 32, 1) float32 in 0..1 and their labels (count,)."""

    train_x: Any
    train_y: Any
    test_x: Any
    test_y: Any


@cache
def data() -> Digits:
    """A quarter of the 1,797 digits is for tests, every class in proportion."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    scale = SIZE // digits.images.shape[1]
    images = digits.images.repeat(scale, axis=1).repeat(scale, axis=2)[..., None]
    train_x, test_x, train_y, test_y = train_test_split(
        images.astype("float32") / 16,
        digits.target,
        test_size=0.25,
        random_state=SEED,
        stratify=digits.target,
    )
    return Digits(train_x, train_y, test_x, test_y)


@cache
def compiled() -> archc.Compiled:
    """The narrowest shipped member of the reference family, for the digits."""
    return archc.compile_file(
        shipped.SPECS / "dscnn.arch", alpha=0.25, height=SIZE, width=SIZE, num_classes=CLASSES
    )


@cache
def trained() -> Any:
    """Its Keras model, trained: the float reference, about 10 s on one core."""
    import keras

    digits = data()
    keras.utils.set_random_seed(SEED)
    model = compiled().build_model()
    model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    # 43 steps an epoch: enough of them for the moving statistics of the BatchNorms to settle.
    targets = keras.utils.to_categorical(digits.train_y, CLASSES)
    model.fit(digits.train_x, targets, BATCH, epochs=EPOCHS, verbose=0)
    return model


def accuracy(scores: Any, labels: Any) -> float:
    """The share of rows of scores (count, classes) whose largest one is that of the label."""
    return float((scores.argmax(axis=1) == labels).mean())


def float_accuracy(model: Any) -> float:
    """That of a Keras model on the test digits."""
    digits = data()
    return accuracy(model.predict(digits.test_x, batch_size=256, verbose=0), digits.test_y)


@cache
def quantised(io: str = "int8") -> Any:
    """The trained model as an int8 file with this border, calibrated on training digits and
    compared on those for tests. With a float32 border it is verified against its manifest."""
    digits = data()
    return archc.quantize(
        trained(),
        digits.train_x[:300],
        validation={trained().inputs[0].name: digits.test_x, "labels": digits.test_y},
        manifest=compiled().manifest if io == "float32" else None,
        io=io,
        samples=(300, len(digits.test_x)),
    )
