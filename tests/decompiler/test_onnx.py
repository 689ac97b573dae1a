"""ONNX files as specs: what padding, ranges and functions in several operators become, and that the
network computes the same numbers."""

from pathlib import Path
from typing import Any

import pytest

from support.oracles import require

require("onnx")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402

from archc.diagnostics.model import Rejected  # noqa: E402
from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.models.decompiler import Decompiled, decompile, read_model  # noqa: E402
from archc.models.onnx import reader  # noqa: E402
from support import onnx_nets  # noqa: E402
from support.onnx_files import Quantised, ask_here  # noqa: E402
from support.onnx_nets import Net  # noqa: E402


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_ask", ask_here)


def imported(model: onnx.ModelProto, folder: Path) -> Decompiled:
    path = folder / "net.onnx"
    onnx.save(model, path)
    return decompile(read_model(str(path), DEFAULT_LIMITS), flat_only=True)


def body(net: Net, result: str, folder: Path) -> str:
    """The statements of a network, in one line."""
    text = imported(net.model(result), folder).text
    return " ".join(text[text.index("{") + 1 : text.rindex("}")].split())


@pytest.mark.parametrize(
    ("extent", "pads", "said"),
    [
        (16, [0, 0, 1, 1], "conv(8, 3x3, stride = 2)"),
        (15, [1, 1, 1, 1], "conv(8, 3x3, stride = 2)"),
        (16, [1, 1, 1, 1], "zero_pad(before = 1) conv(8, 3x3, stride = 2, padding = valid)"),
        (16, [0, 0, 0, 0], "conv(8, 3x3, stride = 2, padding = valid)"),
        (16, [2, 0, 1, 3], "zero_pad(before = 2x0, after = 1x3)"),
    ],
)
def test_padding_is_that_of_the_file(
    extent: int, pads: list[int], said: str, tmp_path: Path
) -> None:
    """TensorFlow adds what is left over behind a map, PyTorch the same on both sides."""
    net = Net((1, 3, extent, extent))
    h = net.node("Conv", net.x, net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2], pads=pads)
    text = body(net, h, tmp_path)
    assert said in text


def test_padding_that_pytorch_computes_is_known(tmp_path: Path) -> None:
    net = Net((1, 3, 16, 16))
    padded = onnx_nets.traced_pad(net, net.x, 16)
    h = net.node("Conv", padded, net.weights(8, 3, 3, 3), net.weights(8), strides=[2, 2])
    assert "zero_pad(before = 0, after = 1) conv(8, 3x3, stride = 2" in body(net, h, tmp_path)


def test_a_pool_pads_with_zeros_only_where_nothing_is_below(tmp_path: Path) -> None:
    def pooled(net: Net, x: str) -> str:
        return str(net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]))

    net = Net((1, 3, 16, 16))
    text = body(net, pooled(net, net.node("Relu", net.conv(net.x, 3, 8))), tmp_path)
    assert "zero_pad" in text
    net = Net((1, 3, 16, 16))
    with pytest.raises(Rejected, match="it pads in another way than TensorFlow does"):
        body(net, pooled(net, net.conv(net.x, 3, 8)), tmp_path)


@pytest.mark.parametrize(
    ("scale", "zero", "said"),
    [
        (6 / 255, -128, "relu6"),
        (7 / 255, -128, "relu"),
        (6 / 255, -100, None),
    ],
)
def test_a_range_is_an_activation(
    scale: float, zero: int, said: str | None, tmp_path: Path
) -> None:
    net = Quantised((1, 3, 16, 16))
    text = body(net, net.through(net.small(), scale, zero), tmp_path).split()
    assert [word for word in text if word.startswith("relu")] == ([said] if said else [])


@pytest.mark.parametrize("quotient", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_a_hard_swish_in_four_operators(late: bool, quotient: bool, tmp_path: Path) -> None:
    """As Keras, PyTorch and tf2onnx write it."""
    net = Net((1, 3, 8, 8))
    h = net.conv(net.x, 3, 8)
    gate = net.relu6(net.node("Add", h, net.constant(np.float32(3))))

    def divided(x: str) -> str:
        if quotient:
            return str(net.node("Div", x, net.constant(np.float32(6))))
        return str(net.node("Mul", x, net.constant(np.float32(1 / 6))))

    h = divided(net.node("Mul", h, gate)) if late else net.node("Mul", h, divided(gate))
    assert body(net, h, tmp_path).endswith("hard_swish }")


def test_numbers_that_are_no_function_are_refused(tmp_path: Path) -> None:
    net = Net((1, 3, 8, 8))
    h = net.node("Add", net.conv(net.x, 3, 8), net.constant(np.float32(3)))
    with pytest.raises(Rejected, match="it adds a number to a map"):
        body(net, net.conv(h, 8, 8), tmp_path)
    net = Net((1, 3, 8, 8))
    gate = net.node("HardSigmoid", net.conv(net.x, 3, 8))  # a slope of 0.2
    with pytest.raises(Rejected, match="it is not `relu6"):
        body(net, gate, tmp_path)


def test_what_is_noted(tmp_path: Path) -> None:
    def notes(build: Any) -> str:
        net = Net((1, 3, 16, 16))
        return " ".join(imported(net.model(*build(net)), tmp_path).notes)

    assert "operators that share a filter have one each" in notes(onnx_nets.shared)
    assert "with the usual settings" in notes(onnx_nets.batchnorm)
    assert "channels last" in notes(onnx_nets.pools)
    assert "channels last" not in notes(onnx_nets.chain)


def strided(n: Net) -> tuple[str, ...]:
    """As PyTorch pads: the same on both sides."""
    h = n.node("Relu", n.conv(n.x, 3, 8, stride=2))
    h = n.node("MaxPool", h, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    counted = {"count_include_pad": 1}
    h = n.node("AveragePool", h, kernel_shape=[3, 3], pads=[1] * 4, **counted)
    return (n.gemm(n.pooled(h), 8, 4),)


def excluding(n: Net) -> tuple[str, ...]:
    h = n.node("AveragePool", n.conv(n.x, 3, 8), kernel_shape=[3, 3], pads=[1] * 4)
    return (n.node("LeakyRelu", h, alpha=0.1),)


@pytest.mark.keras
@pytest.mark.parametrize(
    "build",
    [
        strided,
        excluding,
        *(onnx_nets.separable, onnx_nets.residual, onnx_nets.hard_squeezed, onnx_nets.products),
        *(onnx_nets.padded, onnx_nets.decoder, onnx_nets.parts),
    ],
)
def test_the_numbers_are_those_of_the_file(build: Any, tmp_path: Path) -> None:
    """With the file's weights Keras computes what ONNX's own reference does."""
    from onnx.reference import ReferenceEvaluator

    import archc

    net = Net((1, 3, 16, 16))
    model = net.model(*build(net))
    text = imported(model, tmp_path).text
    namespace: dict[str, Any] = {"__name__": "net"}
    exec(archc.compile_text(text).module_source, namespace)
    built = namespace["build_model"]()
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    read = {"Conv", "Gemm", "ConvTranspose", "MatMul", "Add"}
    values = [
        turned(node, stored[name])
        for node in model.graph.node
        if node.op_type in read
        for name in node.input[1:3]
        if name in stored
    ]
    assert [v.shape for v in values] == [tuple(w.shape) for w in built.weights]
    built.set_weights(values)
    image = np.random.default_rng(1).normal(size=(1, 3, 16, 16)).astype("f4")
    (wanted,) = ReferenceEvaluator(model).run(None, {"x0": image})
    given = built(image.transpose(0, 2, 3, 1)).numpy()
    given = given.transpose(0, 3, 1, 2) if given.ndim == 4 else given
    np.testing.assert_allclose(given, wanted, atol=1e-4 * np.abs(wanted).max())


def turned(node: onnx.NodeProto, values: Any) -> Any:
    """A tensor as Keras has it."""
    groups = next((a.i for a in node.attribute if a.name == "group"), 1)
    if values.ndim == 4 and node.op_type == "Conv" and groups > 1 and values.shape[1] == 1:
        each = values.shape[0] // groups
        return values.reshape(groups, each, *values.shape[2:]).transpose(2, 3, 0, 1)
    if values.ndim == 4:
        return values.transpose(2, 3, 1, 0)
    return values.T if values.ndim == 2 and node.op_type == "Gemm" and _turned(node) else values


def _turned(node: onnx.NodeProto) -> bool:
    return any(a.name == "transB" and a.i for a in node.attribute)


@pytest.mark.parametrize("kind", ["Concat", "Max", "Min", "Sum", "Mean"])
def test_what_merges_one_map_is_that_map(kind: str, tmp_path: Path) -> None:
    """PyTorch writes a concatenation of one where a dense block begins."""
    net = Net((1, 3, 16, 16))
    one = net.node(kind, net.conv(net.x, 3, 8), **({"axis": 1} if kind == "Concat" else {}))
    assert "head { conv(8, 3x3) conv(4, 3x3) }" in body(net, net.conv(one, 8, 4), tmp_path)
