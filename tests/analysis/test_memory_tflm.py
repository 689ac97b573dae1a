"""The arena to the byte: TensorFlow Lite for Microcontrollers' recorded allocations."""

from pathlib import Path

import pytest

from archc.analysis.lowering import lower
from archc.analysis.memory import memory
from support import shipped, tflm
from support.keras_models import build
from support.nets import Net
from support.oracles import require
from support.random_nets import random_net
from support.tflite import convert

require("tflite_micro")
pytestmark = [pytest.mark.keras, pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]

BORDERS = ("float32", "int8", "uint8")


@pytest.mark.parametrize("name", shipped.NAMES)
def test_shipped(name: str) -> None:
    arena = shipped.compiled(name).manifest["deployed"]["arena_bytes"]
    assert arena == tflm.activations(shipped.tflite(name))


@pytest.mark.parametrize("io", BORDERS)
def test_every_border(io: str) -> None:
    """Of the reference network, where its float input is what the arena is as large as."""
    needed = memory(shipped.deployed("dscnn_a025", io))
    assert needed.arena_bytes == tflm.activations(shipped.tflite("dscnn_a025", io))


def agree(net: Net, io: str) -> None:
    graph = net.graph()
    deployed = lower(graph, io)
    if deployed.unknown:
        pytest.skip("holds a pattern whose lowering is not known, and says so")
    missing = sorted(tflm.MISSING & set(deployed.counts))
    if missing:
        pytest.skip(f"the interpreter's wheel has no {', '.join(missing)}")
    assert memory(deployed).arena_bytes == tflm.activations(convert(build(graph), io, 2))


@pytest.mark.parametrize("seed", range(24))
def test_random_net(seed: int) -> None:
    agree(random_net(2_000 + seed, size=6 + seed % 14, exotic=seed % 4 == 0), BORDERS[seed % 3])


@pytest.mark.parametrize(
    "keyword",
    ["global_average_pool", "global_max_pool", "layernorm", "softmax", "hard_swish", "upsample"],
)
def test_scratch(keyword: str) -> None:
    """Operators by themselves, where scratch memory is what the arena is as large as."""
    net = Net(2, 2, 40)
    net(keyword)
    agree(net, "int8")


@pytest.mark.parametrize("io", BORDERS)
def test_identity(io: str) -> None:
    net = Net(8, 8, 4)
    net("dropout")
    agree(net, io)


@pytest.mark.parametrize(
    ("file", "arena", "said"),
    [(b"", 1 << 20, "ended with"), (Path(__file__).read_bytes(), 1 << 20, "ended with")],
)
def test_what_it_does_not_take_is_an_error(file: bytes, arena: int, said: str) -> None:
    with pytest.raises(RuntimeError, match=said):
        tflm.activations(file, arena)


def test_an_arena_too_small_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        tflm.activations(shipped.tflite("dscnn_a025"), arena=10_000)
