"""ONNX files against manifests: networks written in both languages, and changes of either."""

from typing import Any

import pytest

from support.oracles import require

require("onnx")

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import numpy_helper  # noqa: E402

import archc  # noqa: E402
from archc.cli import main  # noqa: E402
from archc.models.onnx import reader  # noqa: E402
from archc.models.verify import Verification, verify  # noqa: E402
from support.onnx_files import Quantised, ask_here  # noqa: E402
from support.onnx_nets import Net, inception, residual, squeezed  # noqa: E402

RESIDUAL = """
arch net(num_classes = 4) {
    rounding(divisor = 1)
    input image: 16x16x3
    stage stem(channels = 8) { conv(kernel = 3x3, bias = true) relu6 }
    stage body(channels = 8, repeat = 2) {
        skip { conv(24, bias = true) relu6 dwconv(3x3, bias = true) relu6 conv(8, bias = true) }
    }
    head { global_average_pool dense(num_classes) }
}
"""
SQUEEZED = """
arch net(num_classes = 4) {
    rounding(divisor = 1)
    input image: 16x16x3
    stage stem(channels = 8) {
        conv(kernel = 3x3, bias = true) relu
        gate {
            global_average_pool(keepdims = true) conv(4, bias = true) relu
            conv(8, bias = true) sigmoid
        }
    }
    head { global_average_pool dense(num_classes) }
}
"""
INCEPTION = """
arch net(num_classes = 4) {
    rounding(divisor = 1)
    input image: 16x16x3
    stage stem(channels = 8) { conv(kernel = 3x3, bias = true) relu }
    stage body {
        concat { conv(4, bias = true) relu }
               { conv(6, bias = true) relu conv(8, 3x3, bias = true) relu }
               { max_pool(3x3, stride = 1, padding = same) conv(4, bias = true) }
        relu
    }
    head { global_average_pool dense(num_classes) }
}
"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_ask", ask_here)


def verified(text: str, model: onnx.ModelProto) -> Verification:
    manifest = archc.compile_text(text).manifest
    return verify(manifest, "net.onnx", model.SerializeToString())


def codes(result: Verification) -> set[str]:
    return {found.code for found in result.differences if found.level == "error"}


def built(build: Any) -> onnx.ModelProto:
    net = Net(("N", 3, 16, 16))
    return net.model(*build(net))


@pytest.mark.parametrize(
    ("text", "build"), [(RESIDUAL, residual), (SQUEEZED, squeezed), (INCEPTION, inception)]
)
def test_the_same_network(text: str, build: Any) -> None:
    result = verified(text, built(build))
    assert not result.failed
    assert [found.message for found in result.differences] == [
        "the file is float: it is not quantised yet"
    ]
    assert any(said.startswith("MACs: ") for said in result.compared)
    assert "the batch of `x0` is left open, and taken as 1" in result.left_out


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("conv(24", "conv(32", "verify_shape"),
        ("dwconv(3x3", "dwconv(5x5", "verify_weights"),
        ("kernel = 3x3, bias = true) relu6", "kernel = 3x3, bias = true)", "verify_activation"),
        (
            "kernel = 3x3, bias = true) relu6",
            "kernel = 3x3, bias = true) relu",
            "verify_activation",
        ),
        ("repeat = 2", "repeat = 3", "verify_operators"),
        ("skip {", "{", "verify_operators"),
        ("num_classes = 4", "num_classes = 5", "verify_border"),
        ("16x16x3", "32x32x3", "verify_border"),
        ("global_average_pool", "global_max_pool", "verify_operators"),
    ],
)
def test_another_network(before: str, after: str, code: str) -> None:
    text = RESIDUAL.replace(before, after)
    if after == "{":
        text = text.replace("{ conv(24", "conv(24").replace(
            "conv(8, bias = true) }", "conv(8, bias = true)"
        )
    assert code in codes(verified(text, built(residual)))


def chain(n: Net) -> tuple[str, ...]:
    h = n.node("Relu", n.conv(n.x, 3, 8))
    a = n.conv(h, 8, 8)
    return (n.node("Add", n.conv(a, 8, 8), a),)


def test_the_same_operators_wired_otherwise() -> None:
    text = """
    arch net {
        rounding(divisor = 1)
        input image: 16x16x3
        stage body(channels = 8) {
            conv(kernel = 3x3, bias = true) relu skip { BODY }
        }
    }
    """
    conv = "conv(8, 3x3, bias = true)"
    inside = text.replace("skip { BODY }", f"{conv} skip {{ {conv} }}")
    assert not verified(inside, built(chain)).failed
    around = text.replace("BODY", f"{conv} {conv}")
    assert codes(verified(around, built(chain))) == {"verify_order"}


def test_another_network_altogether_is_said_in_one_sentence() -> None:
    text = RESIDUAL.replace("repeat = 2", "repeat = 9")
    result = verified(text, built(squeezed))
    assert [found.code for found in result.differences if found.level == "error"] == [
        "verify_operators"
    ]
    assert result.left_out == ("everything else: it is another network",)


QUANTISED = """
arch net {
    rounding(divisor = 1)
    input image: 16x16x3
    stage body(channels = 8) { conv(kernel = 3x3) relu conv(kernel = 3x3) }
}
"""


def quantised(island: bool = False, lowest: int = -128) -> onnx.ModelProto:
    n = Quantised((1, 3, 16, 16))
    h = n.through(n.small(), 0.5, lowest)
    filter = n.constant(n.rng.normal(size=(8, 8, 3, 3)).astype("f4")) if island else None
    filter = filter or n.filter(8, 8, 3, 3)
    return n.model(n.through(n.node("Conv", h, filter, pads=[1] * 4)))


def test_a_quantised_file() -> None:
    result = verified(QUANTISED, quantised())
    assert not result.failed
    assert "precision: int8 activations and weights" in result.compared
    assert any(said.startswith("bytes of weights: ") for said in result.compared)
    assert "1 activation that quantising leaves to the range of a scale" in result.left_out
    assert codes(verified(QUANTISED, quantised(island=True))) == {"verify_precision"}
    assert codes(verified(QUANTISED, quantised(lowest=0))) == {"verify_activation"}


def test_the_command(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.arch").write_text(RESIDUAL)
    path = tmp_path / "net.onnx"
    onnx.save(built(residual), path)
    line = ["verify", str(tmp_path / "net.arch"), str(path)]
    assert main(line) == 0
    assert "net.onnx is net: 1 note" in " ".join(capsys.readouterr().out.split())
    assert main([*line, "--format", "json"]) == 0
    assert '"kind": "onnx"' in capsys.readouterr().out
    path.write_bytes(path.read_bytes()[:-40])
    assert main(line) == 1
    assert capsys.readouterr().err.count("error[") == 1


def changed(part: int, values: Any) -> onnx.ModelProto:
    """A network, numbers of one of whose constants are changed."""
    model = built(residual)
    tensor = model.graph.initializer[part]
    numbers = numpy_helper.to_array(tensor).copy()
    values(numbers)
    tensor.CopyFrom(numpy_helper.from_array(numbers, tensor.name))
    return model


def test_weights_that_training_does_not_produce() -> None:
    filters = [n for n, t in enumerate(built(residual).graph.initializer) if len(t.dims) == 4]

    def said(model: onnx.ModelProto) -> list[tuple[str, str]]:
        found = verified(RESIDUAL, model).differences
        return [(one.level, one.message) for one in found if one.code == "verify_values"]

    assert said(built(residual)) == []
    (broken,) = said(changed(filters[1], lambda a: a.__setitem__((3, 2, 0, 0), float("nan"))))
    assert broken[0] == "error"
    assert broken[1].endswith("holds values that are not finite")
    (dead,) = said(changed(filters[0], lambda a: a.__setitem__((slice(2, 5),), 0)))
    assert dead[0] == "note"
    assert dead[1].endswith("3 of 124 kernels, most in `conv0` (Conv): 3 of 8")
    blank = built(residual)
    for tensor in blank.graph.initializer:
        if len(tensor.dims) == 1:
            zeros = np.zeros(tuple(tensor.dims), "f4")
            tensor.CopyFrom(numpy_helper.from_array(zeros, tensor.name))
    assert said(blank) == [("note", "every bias is zero: the network is not trained")]


def test_dead_kernels_of_a_quantised_file() -> None:
    model = quantised()
    (tensor,) = [t for t in model.graph.initializer if list(t.dims) == [8, 8, 3, 3]]
    numbers = numpy_helper.to_array(tensor).copy()
    numbers[5] = 0
    tensor.CopyFrom(numpy_helper.from_array(numbers, tensor.name))
    (dead,) = (one for one in verified(QUANTISED, model).differences if one.code == "verify_values")
    assert "1 of 16 kernels, most in " in dead.message


def twins(n: Net) -> tuple[str, ...]:
    """Pools and means of the same map, which the converter stores once, and PyTorch each."""

    def pooled(h: str, width: int) -> str:
        pool = n.node("AveragePool", h, kernel_shape=[2, 2], strides=[2, 2])
        return str(n.conv(pool, 8, width))

    h = n.conv(n.x, 3, 8)
    joined = n.node("Concat", pooled(h, 4), pooled(h, 6), axis=1)
    ends = [n.node("GlobalAveragePool", joined) for _ in range(2)]
    a, b = (
        n.conv(n.node(kind, n.conv(end, 10, 10, k=1)), 10, 10, k=1)
        for kind, end in zip(("Relu", "Sigmoid"), ends, strict=True)
    )
    return (n.node("Add", a, b),)


TWINS = """
arch net {
    rounding(divisor = 1)
    input image: 16x16x3
    stage body {
        conv(8, 3x3, bias = true)
        concat { average_pool(2x2) conv(4, 3x3, bias = true) }
               { average_pool(2x2) conv(6, 3x3, bias = true) }
    }
    head {
        add { global_average_pool(keepdims = true) conv(10, bias = true) relu
              conv(10, bias = true) }
            { global_average_pool(keepdims = true) conv(10, bias = true) sigmoid
              conv(10, bias = true) }
    }
}
"""


def test_what_computes_the_same_of_the_same_counts_once() -> None:
    sequence = archc.compile_text(TWINS).manifest["deployed"]["sequence"]
    assert [one["operator"] for one in sequence].count("AVERAGE_POOL_2D") == 1
    result = verified(TWINS, built(twins))
    assert codes(result) == set(), [one.message for one in result.differences]
    other = TWINS.replace("{ average_pool(2x2) conv(6", "{ max_pool(2x2) conv(6")
    assert codes(verified(other, built(twins))) == {"verify_operators"}
