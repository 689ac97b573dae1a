"""The liveness peak against published figures and against a count by hand."""

from fractions import Fraction

import pytest

from archc.analysis.lowering import INPUT, lower
from archc.analysis.memory import peak, tensors
from support.nets import Net
from support.published import mobilenet_v1, mobilenet_v2

# `n6.md` section 5, "peak by liveness", KiB.
PEAKS = [
    (mobilenet_v1, "0.25", 224, 294),
    (mobilenet_v1, "0.5", 224, 588),
    (mobilenet_v1, "1", 224, 1176),
    (mobilenet_v2, "0.35", 128, 240),
    (mobilenet_v2, "0.35", 224, 735),
    (mobilenet_v2, "1", 224, 1470),
    (mobilenet_v2, "1.4", 224, 2205),
]


@pytest.mark.parametrize(("make", "alpha", "size", "kib"), PEAKS)
def test_published_networks(make, alpha, size, kib) -> None:  # type: ignore[no-untyped-def]
    assert peak(lower(make(Fraction(alpha), size).graph())).bytes == kib * 1024


def test_what_is_alive_at_the_peak() -> None:
    net = Net(8, 8, 4)
    first = net("conv", channels=8)
    net("conv", channels=16)
    net("add", first, net("conv", channels=8))
    deployed = lower(net.graph())
    top = peak(deployed)
    assert top.bytes == 64 * (8 + 16 + 8)
    assert top.at is not None
    assert deployed.operators[top.at].layers == (3,)
    assert [tensor.bytes for tensor in top.alive] == [512, 1024, 512]


@pytest.mark.parametrize(("io", "maker"), [("float32", 0), ("uint8", 0), ("int8", INPUT)])
def test_the_border_counts_on_its_int8_side(io: str, maker: int) -> None:
    net = Net(8, 8, 4)
    net("conv", channels=8)
    deployed = lower(net.graph(), io)
    assert tensors(deployed)[0].maker == maker
    assert peak(deployed).bytes == 64 * 4 + 64 * 8


def test_a_float_island_counts_four_bytes() -> None:
    net = Net(8, 8, 4)
    net("layernorm")
    floats = [tensor for tensor in tensors(lower(net.graph(), "int8")) if tensor.bytes == 4 * 64]
    assert len(floats) >= 2


def test_nothing_is_deployed_of_an_identity() -> None:
    net = Net(8, 8, 4)
    net("dropout")
    assert peak(lower(net.graph())) == (256, None, tensors(lower(net.graph())))
