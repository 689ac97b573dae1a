"""ONNX files as graphs: what stands in one that onnxruntime does not write, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.oracles import require

require("onnx")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import ModelProto, TensorProto, helper  # noqa: E402

from archc.diagnostics.model import Rejected  # noqa: E402
from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.models.deployed.memory import memory  # noqa: E402
from archc.models.onnx import read, reader  # noqa: E402
from archc.models.onnx.deployed import deployed  # noqa: E402
from archc.models.onnx.operators import OPERATORS, REFUSED, Operator  # noqa: E402
from archc.models.onnx.wire import Corrupt, census  # noqa: E402
from support import onnx_nets as nets  # noqa: E402
from support.damage import mutant  # noqa: E402
from support.onnx_files import Quantised, ask_here, graph_of, judged  # noqa: E402
from support.onnx_nets import Net  # noqa: E402


def quantised(**about: Any) -> Quantised:
    return Quantised(("N", 3, 16, 16), **about)


def told(model: ModelProto, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The messages of a refusal."""
    with pytest.raises(Rejected) as raised:
        graph_of(model, monkeypatch)
    return [one.message for one in raised.value.diagnostics]


# --- shapes and names -------------------------------------------------------------------------


def test_a_real_process_reads_a_file(tmp_path: Path) -> None:
    """The others read in this one."""
    n = quantised()
    path = tmp_path / "net.onnx"
    onnx.save(n.model(n.through(n.small())), path)
    graph = deployed(str(path), path.read_bytes())
    assert [op.kind for op in graph.operators] == ["QUANTIZE", "CONV_2D", "DEQUANTIZE"]
    assert (graph.name, graph.scheme, graph.size) == ("net", "int8", path.stat().st_size)
    assert [op.border for op in graph.operators] == [True, False, True]


def test_shapes_are_those_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net(("N", 3, 16, 8))
    h = n.conv(n.conv(n.x, 3, 8), 8, 16, groups=8, stride=2)
    h = n.node("ConvTranspose", h, n.weights(16, 4, 2, 2), strides=[2, 2])
    h = n.node("MatMul", n.pooled(h), n.weights(4, 5))
    graph = graph_of(n.model(n.gemm(h, 5, 6)), monkeypatch)
    tensors = graph.tensors
    shapes = [tensors[op.outputs[0]].shape for op in graph.operators]
    assert shapes == [
        *((1, 16, 8, 8), (1, 8, 4, 16), (1, 16, 8, 4)),
        *((1, 1, 1, 4), (1, 4), (1, 5), (1, 6)),
    ]
    filters = [tensors[op.filter].shape for op in graph.operators if op.filter is not None]
    assert filters == [(8, 3, 3, 3), (1, 3, 3, 16), (4, 2, 2, 16), (5, 4), (6, 5)]
    assert tensors[graph.inputs[0]].declared == (1, 3, 16, 8)
    kinds = [op.kind for op in graph.operators]
    assert kinds[:3] == ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"]


def test_an_input_that_is_turned_first_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net((1, 16, 8, 3))
    h = n.conv(n.node("Transpose", n.x, perm=[0, 3, 1, 2]), 3, 8)
    graph = graph_of(n.model(n.node("Transpose", h, perm=[0, 2, 3, 1])), monkeypatch)
    shapes = [graph.tensors[i].shape for i in (*graph.inputs, *graph.outputs)]
    assert shapes == [(1, 16, 8, 3), (1, 16, 8, 8)]
    orders = [graph.tensors[op.tables[0]].values for op in graph.operators[::2]]
    assert orders == [(0, 1, 2, 3)] * 2  # on a device nothing moves


def test_a_transposition_that_moves_values(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net((1, 3, 16, 8))
    h = n.conv(n.node("Transpose", n.conv(n.x, 3, 8), perm=[0, 1, 3, 2]), 8, 8)
    graph = graph_of(n.model(h), monkeypatch)
    op = graph.operators[1]
    assert graph.tensors[op.outputs[0]].shape == (1, 8, 16, 8)
    assert graph.tensors[op.tables[0]].values == (0, 2, 1, 3)


def test_the_axes_of_a_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net((1, 3, 16, 8))
    h = n.node("ReduceMean", n.conv(n.x, 3, 8), axes=[-2, -1], keepdims=1)
    h = n.node("ReduceMean", n.conv(h, 8, 8), axes=[1], keepdims=1)
    graph = graph_of(n.model(n.node("GlobalAveragePool", h)), monkeypatch)
    means = [op for op in graph.operators if op.kind == "MEAN"]
    assert [graph.tensors[op.tables[0]].values for op in means] == [(1, 2), (3,), (1, 2)]


def test_shapes_that_the_file_claims_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net()
    model = n.model(n.conv(n.x, 3, 8))
    wrong = helper.make_tensor_value_info("conv0_out", TensorProto.FLOAT, [1, 8, 99, 99])
    model.graph.value_info.append(wrong)
    model.graph.output[0].CopyFrom(wrong)
    graph = graph_of(model, monkeypatch)
    assert graph.tensors[graph.outputs[0]].shape == (1, 16, 16, 8)
    assert graph.remarks == ("the batch of `x0` is left open, and taken as 1",)


def test_a_zero_bias_that_is_also_a_zero_point_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """tf2onnx stores equal tensors once, and int32 zeros are both."""
    n = quantised()
    zeros = n.constant(np.zeros(8, np.int32))
    bias = n.node("DequantizeLinear", zeros, n.constant(np.full(8, 0.1, np.float32)), zeros, axis=0)
    h = n.node("Conv", n.through(n.x), n.filter(8, 3, 3, 3), bias)
    graph = graph_of(n.model(n.through(h)), monkeypatch)
    conv = graph.operators[1]
    assert conv.bias is not None
    assert sum(graph.tensors[i].bytes for i in conv.weights) == 8 * 27 + 8 * 4


@pytest.mark.parametrize("domain", [{}, {"domain": "com.microsoft"}])
def test_quantisers_of_both_domains(domain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    n = quantised()
    model = n.model(n.through(n.small(**domain), **domain))
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    graph = graph_of(model, monkeypatch)
    assert (graph.scheme, len(graph.operators)) == ("int8", 3)


def test_what_moves_integers_has_no_quantisers(monkeypatch: pytest.MonkeyPatch) -> None:
    """As tf2onnx writes a converted TFLite file: int8 at the ends, movers between Q and D."""
    n = quantised()
    scale = n.scale()
    model_input = n.node("DequantizeLinear", n.x, *scale)
    h = n.node("Conv", model_input, n.filter(8, 3, 3, 3))
    h = n.node("QuantizeLinear", h, *scale)
    h = n.node("Reshape", h, n.constant(np.array([1, -1], np.int64)))
    model = n.model(h)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.INT8
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT8
    graph = graph_of(model, monkeypatch)
    assert [op.kind for op in graph.operators] == ["CONV_2D", "RESHAPE"]
    assert graph.io == "int8"
    assert memory(graph).peak.bytes == 3 * 256 + 8 * 196


def test_bounds_of_a_clip_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net(opset=17)
    h = n.x
    for low, high in ((0, 6), (-1, 1), (0, 1), (1, 3)):
        h = n.node("Clip", h, n.constant(np.float32(low)), n.constant(np.float32(high)))
    graph = graph_of(n.model(n.node("Clip", h, n.constant(np.float32(0)))), monkeypatch)
    kinds = [op.kind for op in graph.operators]
    assert kinds == ["RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "Clip", "RELU"]
    old = Net(opset=9, ir=4)
    graph = graph_of(old.model(old.node("Clip", old.x, min=0.0, max=6.0)), monkeypatch)
    assert [op.kind for op in graph.operators] == ["RELU6"]


@pytest.mark.parametrize(
    ("about", "kinds"),
    [
        ({"alpha": 1 / 6}, ["HARD_SWISH"]),
        ({"alpha": 0.1667, "beta": 0.5}, ["HARD_SWISH"]),
        ({}, ["HardSigmoid", "MUL"]),
        ({"alpha": 1 / 6, "beta": 0.4}, ["HardSigmoid", "MUL"]),
    ],
)
def test_which_gate_is_a_hard_swish(
    about: dict[str, float], kinds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    n = Net()
    graph = graph_of(n.model(n.node("Mul", n.node("HardSigmoid", n.x, **about), n.x)), monkeypatch)
    assert [op.kind for op in graph.operators] == kinds


def test_an_operator_with_more_results_than_it_should_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The estimate of time knows one of them."""
    n = quantised()
    h = n.node("AveragePool", n.through(n.small()), kernel_shape=[2, 2], outputs=2)
    model = n.model(n.through(h[0]))
    monkeypatch.setattr(reader, "_ask", ask_here)
    assert judged(model)


def test_an_operator_that_is_not_declared_has_no_macs(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net((1, 4, 8))
    graph = graph_of(n.model(n.node("Einsum", n.x, n.x, equation="abc,abc->ac")), monkeypatch)
    assert graph.operators[0].macs is None
    assert [gap.reason for gap in graph.gaps if gap.figure == "macs"] == [
        "how Einsum computes is not known"
    ]


def test_external_data_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes are in the file; a name that leads out of the folder is as good as any."""
    n = Net()
    model = n.model(n.conv(n.x, 3, 8, bias=False))
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../somewhere/else")
    graph = graph_of(model, monkeypatch)
    assert graph.operators[0].macs == 256 * 8 * 27
    assert "1 constant in another file, which is not read" in graph.remarks[1]


def test_pads_that_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PyTorch's exporter writes `F.pad`: shape inference follows none of it."""
    n = Net((1, 3, 16, 8))
    rest = n.node("ConstantOfShape", n.constant(np.array([4], np.int64)))
    pads = n.node("Concat", n.constant(np.array([1, 2, 3, 4], np.int64)), rest, axis=0)
    pads = n.node("Reshape", pads, n.constant(np.array([-1, 2], np.int64)))
    bounds = [n.constant(np.array([v], np.int64)) for v in (-1, -(2**63) + 1, 0, -1)]
    pads = n.node("Transpose", n.node("Slice", pads, *bounds), perm=[1, 0])
    pads = n.node("Cast", n.node("Reshape", pads, n.constant(np.array([-1], np.int64))), to=7)
    graph = graph_of(n.model(n.conv(n.node("Pad", n.x, pads), 3, 8)), monkeypatch)
    assert [op.kind for op in graph.operators] == ["PAD", "CONV_2D"]
    assert [graph.tensors[op.outputs[0]].shape for op in graph.operators] == [
        *((1, 23, 11, 3), (1, 23, 11, 8)),
    ]


def test_pads_that_pytorch_computes_of_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As timm's `tf_` models are traced."""
    n = Net((1, 3, 16, 16))
    filter = n.weights(8, 3, 3, 3)
    h = nets.traced_pad(n, n.x, 16)
    graph = graph_of(n.model(n.node("Conv", h, filter, strides=[2, 2])), monkeypatch)
    assert [graph.tensors[op.outputs[0]].map for op in graph.operators] == [(17, 17, 3), (8, 8, 8)]


def test_a_shape_that_asks_for_terabytes_is_not_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net()
    large = n.node("ConstantOfShape", n.constant(np.array([2**20, 2**20], np.int64)))
    pads = n.node("Reshape", large, n.constant(np.array([-1], np.int64)))
    (message,) = told(n.model(n.node("Pad", n.x, pads)), monkeypatch)
    assert "cannot be inferred" in message


def test_names_are_made_printable(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net()
    n.conv(n.x, 3, 8)
    n.nodes[-1].name = "a\x1b[31m\nb"
    graph = graph_of(n.model(n.nodes[-1].output[0]), monkeypatch)
    assert graph.operators[0].name == "a\\x1b[31m\\nb"


# --- what is refused --------------------------------------------------------------------------


def whole(n: Net) -> str:
    scales = [n.constant(np.float32(1)), n.constant(np.int8(0))]
    filter = n.constant(np.ones((4, 3, 1, 1), np.int8))
    x = n.node("QuantizeLinear", n.x, *scales)
    return n.node("QLinearConv", x, *scales, filter, *scales, *scales)


def dynamic(n: Net) -> str:
    return n.node("DynamicQuantizeLinear", n.x, outputs=3)[0]


def branch(n: Net) -> str:
    one = helper.make_tensor_value_info("r", TensorProto.FLOAT, [1])
    inner = helper.make_graph(
        [helper.make_node("Constant", [], ["r"], value_floats=[1.0])], "b", [], [one]
    )
    flag = n.node("Greater", n.node("ReduceMax", n.x, keepdims=0), n.constant(np.float32(0)))
    return n.node("If", flag, then_branch=inner, else_branch=inner)


def custom(n: Net) -> str:
    return n.node("Fancy", n.x, domain="org.example")


def random(n: Net) -> str:
    return n.node("RandomNormalLike", n.x)


def computed_scale(n: Net) -> str:
    scale = n.node("ReduceMax", n.x, keepdims=0)
    return n.node("QuantizeLinear", n.x, scale, n.constant(np.int8(0)))


def blown_up(n: Net) -> str:
    """A hundred bytes of a file that ask for terabytes."""
    return n.node("Tile", n.x, n.constant(np.array([1, 2**16, 2**12, 1], np.int64)))


def bare(n: Net) -> str:
    return n.node("Relu", n.node("DequantizeLinear", n.constant(np.zeros(8, np.int8))))


def unknown_shape(n: Net) -> str:
    return n.node("NonZero", n.x)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (whole, "(`QLinearConv`): the file is of the format QOperator, not QDQ"),
        (dynamic, "(`DynamicQuantizeLinear`): it computes scales at run time"),
        (branch, "(`If`): it holds a graph of its own"),
        (custom, "(`Fancy`): its domain `org.example` is not ONNX's own"),
        (random, "(`RandomNormalLike`): what it gives differs from run to run"),
        (computed_scale, "(`QuantizeLinear`): its scale is computed at run time"),
        (blown_up, "(`Tile`): its result has 206,158,430,208 elements"),
        (bare, "(`DequantizeLinear`): it has not the operands of a quantiser"),
        (unknown_shape, "(`NonZero`): the shape of its result"),
    ],
)
def test_a_refused_node_is_named(
    build: Callable[[Net], str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = Net()
    messages = told(n.model(build(n)), monkeypatch)
    assert len([message for message in messages if said in message]) == 1
    assert all(message.startswith("`net.onnx` ") and "\n" not in message for message in messages)


def changed(change: Callable[[ModelProto], object]) -> ModelProto:
    n = Net()
    model = n.model(n.node("Relu", n.conv(n.x, 3, 8)))
    change(model)
    return model


def loop(model: ModelProto) -> None:
    model.graph.node[0].input[0] = model.graph.node[1].output[0]


def twice(model: ModelProto) -> None:
    model.graph.node[1].output[0] = model.graph.node[0].output[0]


def open_axis(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"


def short_weights(model: ModelProto) -> None:
    model.graph.initializer[0].raw_data = b"1234"


def huge(model: ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 2**40


def axes(model: ModelProto) -> None:
    model.graph.initializer[0].dims.extend([1] * 9)


def no_output(model: ModelProto) -> None:
    del model.graph.output[:]


def no_graph(model: ModelProto) -> None:
    model.ClearField("graph")


def list_input(model: ModelProto) -> None:
    model.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = 1


def functions(model: ModelProto) -> None:
    made = [helper.make_node("Relu", ["a"], ["b"])]
    opset = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "act", ["a"], ["b"], made, opset))


def segments(model: ModelProto) -> None:
    model.graph.initializer[0].segment.end = 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (loop, "reads `relu1_out`, which nothing before it makes"),
        (twice, "`conv0_out` is made twice"),
        (open_axis, "axis 2 of its input 'x0' is left open (`height`)"),
        (short_weights, "needs 864 bytes or numbers and has 4"),
        (huge, "has a shape that no tensor has"),
        (axes, "has a shape that no tensor has"),
        (no_output, "its graph has no output"),
        (no_graph, "is not an ONNX file"),
        (list_input, "its input 'x0' is not a tensor"),
        (segments, "is stored in segments"),
        (functions, "it has functions of its own, such as 'act'"),
    ],
)
def test_a_damaged_file_is_refused_in_a_sentence(
    change: Callable[[ModelProto], object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (message,) = told(changed(change), monkeypatch)
    assert said in message


def test_an_onnx_that_cannot_be_imported_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "onnx"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('protobuf is too old')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    data = changed(lambda _: None).SerializeToString()
    with pytest.raises(Rejected) as raised:
        deployed("net.onnx", data)
    found = raised.value.diagnostic
    assert found.code == "extra_missing"
    assert "protobuf is too old" in found.message
    assert "--upgrade" in str(found.help)


def test_a_library_that_ends_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "library.py"
    program.write_text("raise SystemExit(7)")
    monkeypatch.setattr("archc.models.onnx.reader._PROGRAM", str(program))
    with pytest.raises(Rejected, match=r"exit code 7.*damaged"):
        deployed("net.onnx", changed(lambda _: None).SerializeToString())


def test_damaged_bytes() -> None:
    """A few of the thousands of `model_mutants.py onnx`, by the real process."""
    n = quantised()
    data = n.model(n.through(n.small())).SerializeToString()
    said = []
    for seed in range(8):
        try:
            deployed("net.onnx", mutant(data, seed).data)
        except Rejected as rejected:
            said.append(rejected.diagnostic.message)
    assert said
    assert all(message.startswith("`net.onnx` ") for message in said)


@pytest.mark.parametrize("name", ["conv0_out", "conv0", "net"])
def test_a_name_that_is_not_text(name: str, tmp_path: Path) -> None:
    """protobuf hands it over as bytes."""
    data = changed(lambda _: None).SerializeToString()
    path = tmp_path / "net.onnx"
    path.write_bytes(data.replace(name.encode(), b"\xff" * len(name)))
    if name == "net":  # the name of the graph, which nothing reads
        assert deployed(str(path), path.read_bytes()).operators
        return
    with pytest.raises(Rejected) as raised:
        deployed(str(path), path.read_bytes())
    assert "a name in it is not text" in str(raised.value)


@pytest.mark.parametrize("held", [False, True])
def test_a_constant_of_texts_is_read(held: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels, which nothing of the network reads: a text has no width to count elements by."""
    net = Net((1, 3, 8, 8))
    net.held = held
    net.constant(np.array(["cat", "dog"], object), "labels")
    graph = graph_of(net.model(net.node("Relu", net.x)), monkeypatch)
    assert [op.kind for op in graph.operators] == ["RELU"]


def test_messages_within_messages() -> None:
    """Ten thousand deep: the library gives up, and says so."""
    graph = b""
    for _ in range(10_000 // 3):
        graph = field(1, field(5, field(6, graph)))  # a graph in an attribute of a node of a graph
    with pytest.raises(Rejected) as raised:
        read("net.onnx", field(7, graph))
    assert "cannot be read: DecodeError" in str(raised.value)


def field(number: int, content: bytes) -> bytes:
    """A field of a message: its number, its length, its bytes."""
    size, length = len(content), b""
    while size > 0x7F:
        length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "is 0.0, which is not above 0"),
        (-1.0, "is -1.0, which is not above 0"),
        (float("nan"), "is nan, which is not above 0"),
        (float("inf"), "is infinite, as after a padding by -inf"),
    ],
)
def test_a_scale_is_a_number_above_0(
    value: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = quantised()
    (message,) = told(n.model(n.through(n.x, value)), monkeypatch)
    assert said in message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "the pointer that Git LFS leaves"),
        (b"PK\x03\x04" + bytes(40), "it is a zip archive"),
        (b"\0\0\0\0TFL3" + bytes(40), "it is a TFLite file"),
        (b"\xff" * 40, "is not a whole ONNX file"),
    ],
)
def test_another_kind_of_file(data: bytes, said: str) -> None:
    with pytest.raises(Rejected) as raised:
        read("net.onnx", data)
    assert said in raised.value.diagnostic.message


def test_parts_are_counted_before_anything_reads_them() -> None:
    """A million nodes take two bytes each, and no library sees them."""
    model = changed(lambda _: None)
    data = model.SerializeToString()
    counted = census(data, 10**6)
    assert (counted.nodes, counted.graphs) == (2, 1)
    nodes = b"\x0a\x00" * 1_000_000
    size = len(nodes)
    head = bytes([0x3A, *(size >> shift & 0x7F | 0x80 for shift in (0, 7)), size >> 14 & 0x7F])
    with pytest.raises(Rejected) as raised:
        read("net.onnx", head + nodes)
    assert "more nodes, or parts of nodes, than are read for 20,000 operators" in str(raised.value)
    with pytest.raises(Corrupt):
        census(data[:-3], 10**6)


def test_limits_can_be_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    n = Net()
    h = n.x
    for _ in range(20):
        h = n.node("Tanh", h)
    model = n.model(h)
    with pytest.raises(Rejected):
        graph_of(model, monkeypatch, DEFAULT_LIMITS._replace(operators=2))
    assert len(graph_of(model, monkeypatch, DEFAULT_LIMITS._replace(operators=20)).operators) == 20


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "find_spec", lambda name: None)
    with pytest.raises(Rejected) as raised:
        read("net.onnx", changed(lambda _: None).SerializeToString())
    assert raised.value.diagnostic.code == "extra_missing"
    assert raised.value.diagnostic.help == "pip install 'archc-dsl[onnx]'"


# --- the table of operators -------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_declared_operator_is_one_of_onnx(name: str) -> None:
    entry: Operator = OPERATORS[name]
    schema = onnx.defs.get_schema(name)
    assert set(entry.roles) <= set("mwbt")
    assert len(entry.roles) <= max(schema.max_input, 1)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_operator_is_not_declared(name: str) -> None:
    assert name not in OPERATORS
    assert REFUSED[name][0].islower()


def test_every_float_case_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks before they are quantised: shapes as ONNX infers them, all float."""
    for case in nets.CASES:
        model = case.float_model()
        graph = graph_of(model, monkeypatch)
        assert graph.scheme == "float32"
        assert not any(op.kind in ("QUANTIZE", "DEQUANTIZE") for op in graph.operators)
