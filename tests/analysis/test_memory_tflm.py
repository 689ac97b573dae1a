"""The arena to the byte: TensorFlow Lite for Microcontrollers' recorded allocations, and the
smallest arena that it starts with."""

from pathlib import Path

import pytest

from archc.analysis.lowering import Deployed, lower
from archc.analysis.memory import memory
from archc.analysis.tflite_micro import Arena, measure, micro
from archc.models.tflite import read
from archc.models.verify.file import file_network
from support import shipped, tflm
from support.keras_models import build
from support.nets import Net
from support.oracles import require
from support.random_nets import random_net
from support.tflite import convert

require("tflite_micro")
pytestmark = [pytest.mark.keras, pytest.mark.oracles, pytest.mark.filterwarnings("ignore")]

BORDERS = ("float32", "int8", "uint8")
MODELS = Path(__file__).parents[3] / "shared" / "models"
"""Published files, where they are at hand."""


def hold(deployed: Deployed, file: bytes, *, less: bool = True) -> None:
    """What is said of a network, from its graph and from its file, against the wheel."""
    arena = micro(deployed).arena
    assert arena is not None
    assert arena.activations == memory(deployed).arena_bytes
    assert hold_file(file, less=less)[:3] == arena[:3]  # what each operator keeps goes by order


def hold_file(file: bytes, *, less: bool = True) -> Arena:
    """Both ends of the arena, that it starts with the smallest one and not with 16 bytes ``less``.
    (Reductions by themselves and wide dense layers are not tried with less: TFLM does not check
    what it was given, or what it wrote over.)"""
    network = file_network(read("file", file))
    assert network is not None
    arena = measure(network).arena
    assert arena is not None
    smallest = arena.smallest_working
    expected = {smallest: True} | ({smallest - 16: False} if less else {})
    record = tflm.record(file, *expected)
    assert (arena.activations, arena.persistent) == (record.head, record.tail)
    assert record.started == expected
    return arena


@pytest.mark.parametrize("name", shipped.NAMES)
def test_shipped(name: str) -> None:
    document = shipped.compiled(name).manifest["deployed"]
    said = document["tflite_micro"]
    smallest = said["smallest_working"]
    record = tflm.record(shipped.tflite(name), smallest, smallest - 16)
    assert said["build"] == "wheel"
    assert (said["activations"], said["persistent"]) == (record.head, record.tail)
    assert document["arena_bytes"] == record.head
    assert said["total"] == record.head + record.tail
    assert record.started == {smallest: True, smallest - 16: False}


@pytest.mark.parametrize("io", BORDERS)
def test_every_border(io: str) -> None:
    """Of the reference network, where its float input is what the arena is as large as."""
    hold(shipped.deployed("dscnn_a025", io), shipped.tflite("dscnn_a025", io))


@pytest.mark.skipif(not MODELS.is_dir(), reason="the published files are not here")
@pytest.mark.parametrize("path", sorted(MODELS.glob("*.tflite")), ids=lambda path: path.stem)
def test_published_files(path: Path) -> None:
    hold_file(path.read_bytes())


def agree(net: Net, io: str, *, less: bool = True) -> None:
    graph = net.graph()
    deployed = lower(graph, io)
    if deployed.unknown or deployed.failures:
        pytest.skip("holds a pattern whose lowering is not known or fails, and says so")
    said = micro(deployed)
    missing = sorted(tflm.MISSING & set(deployed.counts))
    assert list(said.unsupported) == missing
    assert (said.arena is None) == bool(missing)
    if missing:
        pytest.skip(f"the interpreter's wheel has no {', '.join(missing)}")
    hold(deployed, convert(build(graph), io, 2), less=less)


@pytest.mark.parametrize("seed", range(24))
def test_random_net(seed: int) -> None:
    agree(random_net(2_000 + seed, size=6 + seed % 14, exotic=seed % 4 == 0), BORDERS[seed % 3])


@pytest.mark.parametrize(
    "keyword", ["global_average_pool", "global_max_pool", "layernorm", "softmax", "hard_swish"]
)
def test_scratch(keyword: str) -> None:
    """Operators by themselves, where scratch memory is what the arena is as large as."""
    net = Net(2, 2, 40)
    net(keyword)
    agree(net, "int8", less=not keyword.startswith("global"))


def test_wide_layers_take_more_for_a_while() -> None:
    """Temporary tensors with a zero point for each of 640 channels, above head and tail."""
    net = Net(640)
    net("dense", units=8)
    net("dense", units=640)
    arena = micro(lower(net.graph(), "int8")).arena
    assert arena is not None
    assert arena.smallest_working > 1.2 * arena.total
    agree(net, "int8", less=False)


@pytest.mark.parametrize("keyword", ["gelu"])
def test_what_has_no_kernel_is_not_loaded(keyword: str) -> None:
    net = Net(4, 4, 8)
    net("conv", channels=8)
    net(keyword)
    graph = net.graph()
    deployed = lower(graph, "int8")
    assert micro(deployed).unsupported == (keyword.upper(),)
    with pytest.raises(RuntimeError):
        tflm.record(convert(build(graph), "int8", 2))


@pytest.mark.parametrize("io", BORDERS)
def test_identity(io: str) -> None:
    net = Net(8, 8, 4)
    net("dropout")
    hold(lower(net.graph(), io), convert(build(net.graph()), io, 2))


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
