"""What a target has against ONNX files that no spec can have: one file for each rule."""

from collections.abc import Callable
from typing import Any

import pytest

from support.oracles import require

require("onnx")

import numpy as np  # noqa: E402
from onnx import ModelProto, TensorProto, helper  # noqa: E402

from archc.compiler import Request, builtin  # noqa: E402
from archc.models.deployed.document import analysed  # noqa: E402
from archc.models.deployed.verdict import Finding  # noqa: E402
from support.onnx_files import Quantised, graph_of  # noqa: E402

QUIET: set[str] = {"scale_per_tensor"}
"""What is said of every file here, whose filters have one scale."""
OURS = (
    *("onnx_opset", "onnx_ir", "onnx_contrib", "own_export", "front_end", "float_island"),
    *("float_first", "kept_activation", "scale_per_tensor"),
)


def net(**about: Any) -> Quantised:
    return Quantised((1, 3, 16, 16), **about)


def judged(model: ModelProto, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    request = Request("stm32n6", io="float32", model="file")
    graph = graph_of(model, monkeypatch)
    return list(analysed(graph, builtin("stm32n6"), request).findings)


def plain(n: Quantised) -> ModelProto:
    return n.model(n.through(n.small()))


def newer(n: Quantised) -> ModelProto:
    model = plain(n)
    model.opset_import[0].version = 21
    return model


def contributed(n: Quantised) -> ModelProto:
    domain = {"domain": "com.microsoft"}
    model = n.model(n.through(n.small(**domain), **domain))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return model


def exported(n: Quantised) -> ModelProto:
    model = plain(n)
    model.producer_name, model.producer_version = "Cube.AI", "10.0.0"
    return model


def island(n: Quantised) -> ModelProto:
    h = n.through(n.small())
    h = n.node("ReduceMean", h, axes=[2, 3], keepdims=1)
    h = n.node("Reshape", h, n.constant(np.array([1, 8], np.int64)))
    return n.model(n.through(h))


def float_filter(n: Quantised) -> ModelProto:
    h = n.node("Conv", n.through(n.small()), n.weights(4, 8, 1, 1))
    return n.model(n.through(h))


def float_first(n: Quantised) -> ModelProto:
    n.x0 = n.node("MaxPool", n.x, kernel_shape=[2, 2], strides=[2, 2])  # type: ignore[attr-defined]
    h = n.node("Conv", n.through(n.x0), n.filter(8, 3, 3, 3))  # type: ignore[attr-defined]
    return n.model(n.through(h))


def kept(n: Quantised) -> ModelProto:
    return n.model(n.through(n.node("Relu", n.through(n.small()))))


def map_for_bias(n: Quantised) -> ModelProto:
    h = n.through(n.pooled(n.through(n.small())))
    product = n.node("DequantizeLinear", n.constant(np.ones((8, 8), np.int8)), *n.scale())
    return n.model(n.through(n.node("Gemm", h, product, h)))


def zero_allowed(n: Quantised) -> ModelProto:
    shape = n.constant(np.array([1, -1], np.int64))
    return n.model(n.through(n.node("Reshape", n.through(n.small()), shape, allowzero=1)))


def open_end(n: Quantised) -> ModelProto:
    bounds = (n.constant(np.array([v], np.int64)) for v in (4, 2**63 - 1, 1))
    return n.model(n.through(n.node("Slice", n.through(n.small()), *bounds)))


def empty_value(n: Quantised) -> ModelProto:
    pads = n.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    axes = n.constant(np.array([0, 1, 2, 3], np.int64))
    n.opset = 18
    return n.model(n.through(n.node("Pad", n.through(n.small()), pads, "", axes)))


def quantised_bounds(n: Quantised) -> ModelProto:
    low, high = (
        n.node("DequantizeLinear", n.constant(np.int8(value)), *n.scale()) for value in (0, 12)
    )
    return n.model(n.through(n.node("Clip", n.small(), low, high)))


def truths(n: Quantised) -> ModelProto:
    h = n.through(n.small())
    mask = n.node("Greater", h, n.constant(np.float32(0)))
    return n.model(n.through(n.node("Where", mask, h, h)))


def few_axes(n: Quantised) -> ModelProto:
    model = plain(n)
    model.graph.input.append(helper.make_tensor_value_info("gain", TensorProto.FLOAT, [8]))
    gain = n.through("gain")
    h = n.node("Add", n.through(n.pooled(n.through(n.small()))), gain)
    made = n.model(n.through(h))
    made.graph.input.append(model.graph.input[-1])
    return made


def shapes(n: Quantised) -> ModelProto:
    h = n.through(n.small())
    batch = n.node("Slice", n.node("Shape", h), *(n.constant(np.array([v])) for v in (0, 1)))
    shape = n.node("Concat", batch, n.constant(np.array([-1])), axis=0)
    return n.model(n.through(n.node("Reshape", h, shape)))


@pytest.mark.parametrize(
    ("build", "rule", "said"),
    [
        (newer, "onnx_opset", "the file is of opset 21, where ST Edge AI Core takes 7 to 20"),
        (contributed, "onnx_contrib", "4 nodes of `com.microsoft`"),
        (exported, "own_export", "`Cube.AI` 10.0.0"),
        (island, "float_island", "(ReduceMean), `reshape7` (Reshape), 32 B of results"),
        (float_filter, "float_island", "(Conv), 4,096 B of results; its filter is float"),
        (float_first, "float_first", "(MaxPool) reads 3,072 B"),
        (kept, "kept_activation", "1 activation: `relu6` (Relu)"),
        (map_for_bias, "front_end", "adds a feature map in the place of a bias"),
        (zero_allowed, "front_end", "has `allowzero`"),
        (open_end, "front_end", "ends at a number that stands for the end of the axis"),
        (empty_value, "front_end", "leaves its value out by an empty name"),
        (quantised_bounds, "front_end", "has bounds that are quantised"),
        (truths, "front_end", "makes a tensor of truth values"),
        (few_axes, "front_end", "the input `gain` has fewer than two axes"),
        (shapes, "front_end", "computes a shape within the network"),
    ],
)
def test_a_rule_on_files(
    build: Callable[[Quantised], ModelProto], rule: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(build(net()), monkeypatch)
    (finding,) = (one for one in found if one.code == f"stm32n6/{rule}")
    assert said in finding.message
    assert "{" not in finding.message + (finding.remedy or "")


def test_a_newer_version_of_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {one.code for one in judged(plain(net(ir=10)), monkeypatch)}
    assert "stm32n6/onnx_ir" in codes


def test_a_file_that_is_as_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {one.code.removeprefix("stm32n6/") for one in judged(plain(net()), monkeypatch)}
    assert codes & set(OURS) == QUIET


def test_a_float_file_has_no_islands(monkeypatch: pytest.MonkeyPatch) -> None:
    n = net()
    found = judged(n.model(n.conv(n.x, 3, 8)), monkeypatch)
    assert {one.code for one in found if one.level == "error"} == {"stm32n6/static_int8"}
    assert not any(one.code.endswith("float_island") for one in found)


def test_another_shape_of_the_input_computes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What tf2onnx makes of a transposition of one channel."""
    n = Quantised((1, 3, 256))
    h = n.node("Reshape", n.x, n.constant(np.array([1, 3, 16, 16], np.int64)))
    h = n.node("Conv", n.through(h), n.filter(8, 3, 3, 3))
    model = n.model(n.through(h))
    assert graph_of(model, monkeypatch).scheme == "int8"
    codes = {one.code.removeprefix("stm32n6/") for one in judged(model, monkeypatch)}
    assert codes & set(OURS) == QUIET


def test_widths_may_differ_where_each_has_its_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latencies of ST's zoo: of QDQ files, concatenations of multiples of 8 run on the NPU."""
    for widths, fits in (((8, 16), True), ((8, 12), False)):
        n = net()
        h = n.through(n.small())
        parts = [n.through(n.node("Conv", h, n.filter(width, 8, 1, 1))) for width in widths]
        found = judged(n.model(n.through(n.node("Concat", *parts, axis=1))), monkeypatch)
        assert any(one.code == "stm32n6/concat_widths" for one in found) != fits
