"""What is said of layers that the language cannot say, and of the batch, against the converter."""

from collections.abc import Callable
from typing import Any

import pytest

import archc
from support.keras_models import randomise
from support.tflite import convert, read

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]  # of TensorFlow's own

Layers = Callable[[Any, Any], Any]
"""Keras' layers and an input of 8x8x8, to an output."""

FOREIGN: dict[str, Layers] = {
    "conv1d": lambda k, x: k.Conv1D(8, 3, activation="relu6")(k.Reshape((64, 8))(x)),
    "separable": lambda k, x: k.SeparableConv2D(8, 3, padding="same", strides=2)(x),
    "moved": lambda k, x: k.Cropping2D(1)(k.Permute((2, 1, 3))(k.PReLU(shared_axes=[1, 2])(x))),
    "merged": lambda k, x: k.Multiply()(
        [k.Maximum()([k.Subtract()([k.Conv2D(8, 1)(x), x]), k.Conv2D(8, 1)(x)]), k.Conv2D(1, 1)(x)]
    ),
    "dense": lambda k, x: k.Dense(4)(k.Dense(8, activation="relu6")(x)),
    "rescaled": lambda k, x: k.Conv2D(8, 3)(k.Rescaling(1 / 255, offset=-1)(x)),
    "rescaled_apart": lambda k, x: k.Conv2D(8, 3, padding="same")(k.Rescaling(0.5, offset=-1)(x)),
    "elu": lambda k, x: k.Conv2D(8, 1)(k.ELU()(k.Conv2D(8, 1)(x))),
    "unscaled": lambda k, x: k.BatchNormalization(scale=False)(
        k.Conv2D(8, 1, activation="relu")(x)
    ),
    "repeated": lambda k, x: k.UpSampling2D((2, 3))(k.Conv2D(8, 1)(x)),
    "repeated_rows": lambda k, x: k.UpSampling2D((2, 1))(x),
    "resized": lambda k, x: k.Conv2D(8, 1)(k.Resizing(16, 8, interpolation="nearest")(x)),
    "resized_between": lambda k, x: k.Resizing(5, 11, interpolation="nearest")(x),
    "resized_smoothly": lambda k, x: k.Conv2D(8, 1)(k.Resizing(5, 11)(x)),
    "numbers": lambda k, x: k.Conv2D(8, 1)(x) * 2.0 + 1.0,
}


def built(layers: Layers, batch: int | None) -> Any:
    import keras

    keras.backend.clear_session()
    image = keras.Input((8, 8, 8), batch_size=batch)
    model = keras.Model(image, layers(keras.layers, image))
    randomise(model)
    return model


@pytest.mark.parametrize("name", FOREIGN)
def test_the_converter_makes_of_them_what_is_said(name: str) -> None:
    model = built(FOREIGN[name], 1)
    profile = archc.profile_model(model)
    assert profile["unseen"] == []
    file = read(convert(model))
    assert profile["deployed"]["operators"] == file.counts
    assert profile["deployed"]["weight_bytes"] == file.weight_bytes


def dense_gate(k: Any, x: Any) -> Any:
    return k.Multiply()([x, k.Dense(8)(k.GlobalAveragePooling2D(keepdims=True)(x))])


OPEN: dict[str, Layers] = {
    **{name: FOREIGN[name] for name in ("conv1d", "separable", "merged")},
    "plain": lambda k, x: k.Dense(4)(k.GlobalAveragePooling2D()(k.Conv2D(8, 3)(x))),
    "reshape": lambda k, x: k.Reshape((1, 1, 8))(k.GlobalAveragePooling2D()(x)),
    "flatten": lambda k, x: k.Flatten()(x),
    "dense_gate": dense_gate,
    "dilated": lambda k, x: k.Conv2D(8, 3, dilation_rate=2)(x),
    "transposed": lambda k, x: k.Conv2DTranspose(8, 2, strides=2)(x),
    "upsampled": lambda k, x: k.UpSampling2D()(x),
    "bilinear": lambda k, x: k.UpSampling2D(interpolation="bilinear")(x),
    "resized": FOREIGN["resized"],
    "padded": lambda k, x: k.MaxPooling2D()(k.ZeroPadding2D(1)(x)),
}

ARITHMETIC = {"SHAPE", "SPACE_TO_BATCH_ND"}


@pytest.mark.parametrize("name", OPEN)
def test_an_open_batch_is_warned_of_exactly_where_it_leaves_something(name: str) -> None:
    import tensorflow as tf

    model = built(OPEN[name], None)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    left = set(read(converter.convert()).counts) & ARITHMETIC
    found = archc.check_n6_compatibility(model)
    warned = [one for one in found if one.code == "stm32n6/open_batch"]
    assert bool(warned) == bool(left), (left, warned)
    closed = archc.check_n6_compatibility(built(OPEN[name], 1))
    assert not [one for one in closed if one.code == "stm32n6/open_batch"]


def test_the_addition_that_batch_one_takes_for_a_bias_is_warned_of() -> None:
    def layers(k: Any, x: Any) -> Any:
        pooled = k.GlobalAveragePooling2D(name="pool")(x)
        return k.Add(name="sum")([pooled, k.Dense(8)(pooled)])

    def traps(batch: int | None) -> list[str | None]:
        found = archc.check_n6_compatibility(built(layers, batch))
        return [one.layer for one in found if one.code == "stm32n6/batch_one_add"]

    assert traps(1) == ["sum"]
    assert traps(None) == []
    assert read(convert(built(layers, 1))).counts["RESHAPE"] == 1


def test_another_batch_than_one_is_an_error() -> None:
    found = archc.check_n6_compatibility(built(OPEN["plain"], 4))
    assert [(one.code, one.level) for one in found] == [("stm32n6/static_int8", "error")]
