"""A small network in many versions, and its files: what `archc verify` has to tell apart."""

from functools import cache
from typing import Any

import archc
from support.keras_models import build
from support.tflite import convert

TEXT = """
arch small {
    target stm32n6
    input image: 16 x 16 x 3
    stage stem(channels = 16, stride = 2) { conv(kernel = 3x3) batchnorm relu6 }
    stage body(channels = 16) { ds }
    head { global_average_pool dense(10) sigmoid }
}
"""
"""Nine operators with a float border: QUANTIZE, CONV_2D, DEPTHWISE_CONV_2D, CONV_2D, ADD, MEAN,
FULLY_CONNECTED, LOGISTIC, DEQUANTIZE."""

SQUEEZE = """
arch squeeze {
    input image: 8 x 8 x 8
    stage body(channels = 8) {
        conv(kernel = 3x3) batchnorm relu6
        gate { global_average_pool dense(4) relu6 dense(8) sigmoid reshape(1 x 1 x 8) }
    }
}
"""
"""A squeeze with Dense and a reshape behind it, which an open batch spoils."""


def text(*changes: tuple[str, str]) -> str:
    """The small network with parts of its text replaced."""
    changed = TEXT
    for old, new in changes:
        assert old in changed
        changed = changed.replace(old, new, 1)
    return changed


@cache
def compiled(spec: str = TEXT) -> archc.Compiled:
    return archc.compile_text(spec)


def manifest(spec: str = TEXT) -> dict[str, Any]:
    return compiled(spec).manifest


@cache
def model(spec: str = TEXT, batch: int | None = 1) -> Any:
    """Its Keras model with random weights. Tests must leave it as it is."""
    return build(compiled(spec)._network.graph, batch)


@cache
def tflite(spec: str = TEXT, io: str = "float32") -> bytes:
    """Its full-integer int8 file."""
    return convert(model(spec), io, samples=2)
