"""What is said of a file, and what refused, by how it is quantised (`docs/models.md`, "What is said
of deployed files, by how they are quantised")."""

import contextlib
import io
import os
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archc.compiler import builtin
from archc.limits import DEFAULT_LIMITS
from archc.models.decompiler import decompile, read_model
from archc.models.front import Question, analysed, load
from support import tflm
from support.flat import changed, separable
from support.keras_models import randomise
from support.oracles import require

pytestmark = [pytest.mark.oracles, pytest.mark.keras]


@cache
def model() -> Any:
    import keras

    layers = keras.layers
    x = image = keras.Input((12, 12, 4), batch_size=1, name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu6", name="stem")(x)
    y = layers.DepthwiseConv2D(3, padding="same", name="deep")(x)
    x = layers.Add(name="sum")([x, layers.Conv2D(16, 3, padding="same", name="wide")(y)])
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    made = keras.Model(image, layers.Dense(10, name="scores")(x), name="small")
    randomise(made)
    return made


@cache
def file(scheme: str) -> bytes:
    """The same network, quantised in another way."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import numpy as np
    import tensorflow as tf

    def data() -> Any:
        for _ in range(2):
            yield [np.random.RandomState(0).normal(size=(1, 12, 12, 4)).astype("float32")]

    converter = tf.lite.TFLiteConverter.from_keras_model(model())
    if scheme != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme == "float16 weights":
        converter.target_spec.supported_types = [tf.float16]
    if scheme in ("int8", "int16x8"):
        wide = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8 if scheme == "int8" else wide]
        converter.target_spec.supported_ops = ops
        converter.representative_dataset = data
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it takes the range of the input from the data
        return bytes(converter.convert())


def unsigned(model: Any) -> None:
    """As files of before int8 were: uint8 throughout, one scale a tensor."""
    from ai_edge_litert.schema_py_generated import TensorType

    for tensor in model.subgraphs[0].tensors:
        if tensor.type == TensorType.INT8:
            tensor.type = TensorType.UINT8
            tensor.quantization.scale = tensor.quantization.scale[:1]
            tensor.quantization.zeroPoint = [128]


def halved(model: Any) -> None:
    """Filters in four bits, two values a byte."""
    import numpy as np
    from ai_edge_litert.schema_py_generated import TensorType

    graph = model.subgraphs[0]
    for operator in graph.operators:
        if len(operator.inputs) == 3:
            tensor = graph.tensors[operator.inputs[1]]
            values = np.array(model.buffers[tensor.buffer].data, "uint8") & 15
            packed = values[::2] | (values[1::2] << 4)
            model.buffers[tensor.buffer].data = packed.astype("uint8")
            tensor.type = TensorType.INT4


def read(data: bytes, folder: Path) -> dict[str, Any]:
    path = folder / "net.tflite"
    path.write_bytes(data)
    return analysed(load(str(path)), Question(builtin("stm32n6"))).document


def errors(document: dict[str, Any]) -> str:
    return " ".join(
        one["message"]
        for one in document["target"]["findings"]
        if one["code"] == "stm32n6/static_int8"
    )


def unknown(document: dict[str, Any]) -> set[str]:
    return {gap["figure"] for gap in document["gaps"]}


@pytest.mark.parametrize(
    ("scheme", "said", "width"),
    [
        ("int8", "", 1),
        ("int16x8", "it computes in int16", 2),
        ("float32", "it computes in float32", 4),
        ("dynamic range", "only its weights are integers", 4),
        ("float16 weights", "its weights are float16", 4),
    ],
)
def test_what_the_converter_makes(scheme: str, said: str, width: int, tmp_path: Path) -> None:
    require("tflite_micro")
    data = file(scheme)
    found = read(data, tmp_path)
    assert found["file"]["scheme"] == scheme
    assert found["totals"]["macs"] == 36 * 16 * (9 * 4 + 9 + 9 * 16) + 160
    assert said in errors(found)
    assert bool(errors(found)) == bool(said)
    assert unknown(found) - {"arena"} == (set() if scheme == "int8" else {"time"})
    if scheme != "float16 weights":  # there unpacked weights are alive as well
        assert found["deployed"]["peak_activation_bytes"] == width * 36 * 16 * 3
    micro = found["deployed"]["tflite_micro"]
    if "arena" in unknown(found):
        assert micro["total"] is None
        with pytest.raises(RuntimeError, match="failed to allocate"):
            tflm.record(data)
    else:
        smallest = micro["smallest_working"]
        record = tflm.record(data, smallest, smallest - 16)
        assert (record.head, record.tail) == (micro["activations"], micro["persistent"])
        assert record.started == {smallest: True, smallest - 16: False}


def test_every_scheme_is_imported_as_one_network(tmp_path: Path) -> None:
    """Weights that are unpacked where they are used are weights."""
    texts = {}
    for scheme in ("int8", "int16x8", "float32", "float16 weights", "dynamic range"):
        path = tmp_path / "net.tflite"
        path.write_bytes(file(scheme))
        texts[scheme] = decompile(read_model(str(path), DEFAULT_LIMITS)).text
    bodies = {text[text.index("arch net") :] for text in texts.values()}
    assert len(bodies) == 1
    assert "# the file is float16 weights; the spec is of the float" in texts["float16 weights"]


def test_bytes_of_weights_are_those_that_are_stored(tmp_path: Path) -> None:
    """Filters and biases of four layers, and the biases alone."""
    values, biases = 9 * 4 * 16 + 9 * 16 + 9 * 16 * 16 + 160, 16 * 3 + 10
    held = {name: read(file(name), tmp_path)["deployed"]["weight_bytes"] for name in
            ("int8", "int16x8", "float32", "float16 weights")}  # fmt: skip
    assert held["float32"] == 4 * (values + biases)
    assert held["float16 weights"] == 2 * (values + biases)
    assert held["int8"] == values + 4 * biases
    assert held["int16x8"] == values + 8 * biases


def test_uint8(tmp_path: Path) -> None:
    found = read(changed(separable(12, 16), unsigned), tmp_path)
    assert found["file"]["scheme"] == "uint8"
    assert "which ST Edge AI Core refuses" in errors(found)
    assert unknown(found) == {"arena", "time"}


def test_int4_weights(tmp_path: Path) -> None:
    whole = read(separable(12, 16), tmp_path)
    found = read(changed(separable(12, 16), halved), tmp_path)
    assert found["file"]["scheme"] == "int8 with int4 weights"
    assert "from ST Edge AI Core 3.0.0 on" in errors(found)
    assert unknown(found) == {"arena", "time"}
    assert found["totals"] == whole["totals"]
    filters = 4 * (9 * 16 + 16 * 16) + 160
    shrunk = whole["deployed"]["weight_bytes"] - found["deployed"]["weight_bytes"]
    assert shrunk == filters // 2
