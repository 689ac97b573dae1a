"""What the TFLite converter makes of the shipped networks is what their manifests say."""

from functools import cache

import pytest

from support import shipped
from support.tflite import TfliteFile, read

pytestmark = pytest.mark.keras

DEMANDED = {
    *("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MEAN", "ADD", "MUL", "RELU6"),
    *("LOGISTIC", "RESHAPE"),
}
"""What the STM32N6 runs by the project's source document, with the int8 names of its layers."""
BORDER = {"QUANTIZE": 1, "DEQUANTIZE": 1}
SHAPE_ARITHMETIC = {
    *("SHAPE", "GATHER", "REDUCE_PROD", "PACK", "STRIDED_SLICE", "FILL", "RANGE", "EXPAND_DIMS"),
    *("CAST", "SQUEEZE", "SLICE", "TILE", "BROADCAST_TO"),
}
"""What a converter leaves to compute shapes while the network runs."""


@cache
def converted(name: str) -> TfliteFile:
    return read(shipped.tflite(name))


def test_a_border_that_is_left_out_is_float32_and_the_file_the_same() -> None:
    """A cache knows calls by how their arguments are written: converted twice, every large network
    would cost the tests 15 s more."""
    name = "dscnn_a025"
    assert shipped.tflite(name) is shipped.tflite(name, "float32")
    assert shipped.tflite(name) is shipped.tflite(name, io="float32")
    assert shipped.deployed(name) is shipped.deployed(name, "float32")
    assert shipped.deployed(name) is shipped.deployed(name, io="float32")
    assert shipped.deployed(name) is not shipped.deployed(name, "int8")


@pytest.mark.parametrize("name", shipped.NAMES)
def test_operators_are_those_of_the_manifest(name: str) -> None:
    deployed = shipped.compiled(name).manifest["deployed"]
    assert converted(name).counts == deployed["operators"]


@pytest.mark.parametrize("name", shipped.NAMES)
def test_weight_bytes_are_those_of_the_manifest(name: str) -> None:
    deployed = shipped.compiled(name).manifest["deployed"]
    assert converted(name).weight_bytes == deployed["weight_bytes"]


@pytest.mark.parametrize("name", shipped.NAMES)
def test_no_shape_arithmetic_is_left(name: str) -> None:
    assert not SHAPE_ARITHMETIC & set(converted(name).counts)


@pytest.mark.parametrize("name", shipped.REFERENCE)
def test_the_target_runs_every_operator(name: str) -> None:
    counts = converted(name).counts
    assert {operator: counts.pop(operator) for operator in BORDER} == BORDER
    assert set(counts) <= DEMANDED
    assert shipped.compiled(name).manifest["target"]["verdict"] == "compatible"
