"""Lifetimes, peak and timeline against published figures and against counts by hand."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.analysis import latency
from archc.analysis.latency import Layout, prepare
from archc.analysis.lowering import INPUT, Deployed, DeviceOp, lower
from archc.analysis.lowering.deployed import weights_of
from archc.analysis.memory import Memory, memory, peak, tensors
from archc.analysis.tflite_micro import micro
from archc.targets.builtin import builtin
from archc.targets.model import Board, Pool, Target
from archc.targets.pools import PoolUse, memories, uses
from support.checking import compiled
from support.nets import Net
from support.npu_nets import chain, nets
from support.profiles import share
from support.published import mobilenet_v1, mobilenet_v2
from support.random_nets import random_net

# `docs/n6.md`, KiB: peak by liveness, compiler 2.0.0, compiler 3.0.0.
PEAKS = [
    (mobilenet_v1, "0.25", 224, 294, 588, 392),
    (mobilenet_v1, "0.5", 224, 588, 588, 588),
    (mobilenet_v1, "1", 224, 1176, 1568, 1568),
    (mobilenet_v2, "0.35", 128, 240, 240, 240),
    (mobilenet_v2, "0.35", 224, 735, 980, 931),
    (mobilenet_v2, "1", 224, 1470, 2058, 2058),
    (mobilenet_v2, "1.4", 224, 2205, 2361, 2361),
]
BORDERS = ("float32", "int8", "uint8")


@pytest.mark.parametrize(("make", "alpha", "size", "kib", "_2", "_3"), PEAKS)
def test_published_networks(make, alpha, size, kib, _2, _3) -> None:  # type: ignore[no-untyped-def]
    assert peak(lower(make(Fraction(alpha), size).graph())).bytes == kib * 1024


def test_scratch_goes_by_the_rank_of_the_operator_that_is_read() -> None:
    """The first operator makes a map of a vector; the mean of it walks over four axes, not two."""
    net = Net(8)
    net("reshape", shape=(2, 2, 2))
    net("global_average_pool")
    scratch = [each.bytes for each in tensors(lower(net.graph(), "int8")) if each.kind == "scratch"]
    assert scratch == [4 * 2, 4 * 4, 4 * 2]


def test_a_bound_beyond_every_scale_is_stored_as_the_largest_value() -> None:
    def content(bound: int) -> list[tuple[object, int]]:
        op = DeviceOp("MINIMUM", (4,), (INPUT,), (1,), scalar=Fraction(bound))
        return list(weights_of(op))

    assert content(10**9) == content(10**9 + 1) == content(10**12)
    assert content(10**9 - 1) != content(10**9 - 1)  # of which nothing is known
    assert content(-(10**9)) == content(-(10**10)) != content(10**9)


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
    assert peak(deployed).alive[0].maker == maker
    assert peak(deployed).bytes == 64 * 4 + 64 * 8


@pytest.mark.parametrize(("io", "scale"), [("float32", 4), ("uint8", 1)])
def test_the_arena_holds_what_is_outside_the_border(io: str, scale: int) -> None:
    net = Net(8, 8, 4)
    net("conv", channels=8)
    needed = memory(lower(net.graph(), io))
    assert [(t.kind, t.bytes, t.first, t.last) for t in needed.tensors] == [
        ("border", scale * 256, 0, 0),
        ("activation", 256, 0, 1),
        ("activation", 512, 1, 2),
        ("border", scale * 512, 2, 2),
    ]
    assert needed.arena_bytes == needed.lower_bound == 512 + scale * 512


def test_scratch_memory() -> None:
    net = Net(8, 8, 5)
    net("global_average_pool")
    net("reshape", shape=(1, 1, 5))
    needed = memory(lower(net.graph(), "int8"))
    assert [(t.kind, t.bytes) for t in needed.tensors] == [
        ("activation", 320),
        ("activation", 5),
        *(("scratch", size) for size in (4 * 5, 4 * 4, 4 * 2)),
    ]
    assert needed.lower_bound == 320 + 16 + 32 + 16 + 16
    assert needed.peak.bytes == 325


def test_a_float_island_counts_four_bytes() -> None:
    net = Net(8, 8, 4)
    net("layernorm")
    floats = [t for t in tensors(lower(net.graph(), "int8")) if t.bytes == 4 * 64]
    assert len(floats) >= 2


@pytest.mark.parametrize("io", BORDERS)
def test_nothing_is_deployed_of_an_identity(io: str) -> None:
    """The file has no operator then, and its one tensor stays float32."""
    net = Net(8, 8, 4)
    net("dropout")
    needed = memory(lower(net.graph(), io))
    assert (needed.peak.bytes, needed.peak.at, len(needed.peak.alive)) == (256, None, 1)
    assert peak(lower(net.graph(), io)) == needed.peak
    assert needed.timeline == ()
    assert needed.arena_bytes == needed.lower_bound == 1024


def hold(deployed: Deployed, needed: Memory) -> None:
    """What is true of every plan.

    The arena is checked against what it stores: every tensor rounded up to 16, those outside the
    border and scratch memory among them. So it is never below the peak, which counts some of these
    tensors, as they are.
    """
    steps = range(len(deployed.operators))
    made = {tensor.maker: tensor for tensor in needed.tensors if tensor.kind != "scratch"}
    assert sorted(made) == [INPUT, *steps]
    for tensor, offset in zip(needed.tensors, needed.offsets, strict=True):
        assert offset % 16 == 0
        assert 0 <= tensor.first <= tensor.last <= max(len(steps) - 1, 0)
        assert offset + tensor.bytes <= needed.arena_bytes
    for index, op in enumerate(deployed.operators):
        reads = {made[source] for source in op.inputs} | {made[index]}
        assert all(tensor.first <= index <= tensor.last for tensor in reads)
        inner = sum(tensor.bytes for tensor in reads if tensor.kind == "activation")
        assert inner <= needed.timeline[index].activation_bytes <= needed.peak.bytes
        alive = sorted(
            (offset, offset + tensor.bytes)
            for tensor, offset in zip(needed.tensors, needed.offsets, strict=True)
            if tensor.first <= index <= tensor.last
        )
        assert all(end <= start for (_, end), (start, _) in pairwise(alive))
        assert needed.timeline[index].arena_bytes == sum(
            -(-(end - start) // 16) * 16 for start, end in alive
        )
    largest = max((t.bytes for t in needed.tensors if t.kind == "activation"), default=0)
    assert largest <= needed.peak.bytes <= needed.lower_bound <= needed.arena_bytes
    assert needed.peak == peak(deployed)
    assert sum(tensor.bytes for tensor in needed.peak.alive) == needed.peak.bytes


@share(1)
@given(st.integers(0, 10**9), st.integers(2, 40), st.sampled_from(BORDERS))
def test_every_plan_is_one(seed: int, size: int, io: str) -> None:
    deployed = lower(random_net(seed, size).graph(), io)
    hold(deployed, memory(deployed))


def test_an_output_that_is_converted_lives_up_to_there() -> None:
    """Its float form to the end, as in TensorFlow Lite Micro: the planner has 144 bytes."""
    network = compiled("""
        arch two {
            input image: 7 x 1 x 1
            stage a { conv(exact(8)) relu6 }
            stage b { conv(exact(8)) }
            output first { b conv(exact(1)) }
            output second { a conv(exact(1)) }
        }""").networks[0]
    deployed = lower(network.graph, "float32")
    first = deployed.outputs[0]
    needed, planned = memory(deployed), micro(deployed).arena
    assert [t.last for t in needed.tensors if t.maker == first] == [first + 1]
    assert [t.last for t in needed.tensors if t.maker == first + 1] == [6]
    assert planned is not None
    assert needed.arena_bytes == planned.activations == 144
    assert memory(lower(network.graph, "int8")).tensors[first].last == 3  # the last operator


# --- pools -------------------------------------------------------------------------------------

KIB = 1024


def planned(target: Target, board: Board, net: latency.Net) -> tuple[Layout, dict[str, PoolUse]]:
    layout = prepare(net, memories(board, ())).layout
    return layout, {pool.name: pool for pool in uses(target, board, layout)}


def test_small_buffers_go_to_the_bank_that_is_filled_first() -> None:
    target = builtin("stm32n6")
    _, pools = planned(target, target.board("dk"), chain(64, 16, 1))  # 32 KiB twice, then 64 KiB
    assert [(p.name, p.used) for p in pools.values() if p.used] == [
        ("npuRAM5", 96 * KIB),
        ("octoFlash", 9 * 8 * 16 + 4 * 16),
    ]


def test_what_no_pool_takes_shows_in_the_last() -> None:
    target = builtin("stm32n6")
    layout, pools = planned(target, target.board("nucleo"), chain(400, 64, 2))
    assert layout.homeless
    assert layout.external_bytes == 2 * 400 * 400 * 64
    over = {name: pool.used - pool.bytes for name, pool in pools.items() if pool.used > pool.bytes}
    assert list(over) == ["npuRAM6"]
    _, pools = planned(target, target.board("dk"), chain(400, 64, 2))
    assert pools["hyperRAM"].used == 2 * 400 * 400 * 64
    layout, pools = planned(target, target.board("dk"), chain(600, 64, 2))
    assert layout.homeless  # 43 MiB, where the board has 16 outside
    assert pools["hyperRAM"].used == layout.external_bytes > pools["hyperRAM"].bytes


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Boards of a few pools, their areas cut anywhere."""
    sizes = st.tuples(
        st.integers(1, 400), st.sampled_from(["activations", "weights"]), st.booleans()
    )
    pools = tuple(
        Pool(f"p{number}", KIB * size, 0, holds, external)
        for number, (size, holds, external) in enumerate(
            draw(st.lists(sizes, min_size=1, max_size=6))
        )
    )
    chip = [pool.name for pool in pools if pool.holds == "activations" and not pool.external]
    cuts = sorted(draw(st.sets(st.integers(1, max(len(chip) - 1, 1)), max_size=3)))
    ends = [0, *(cut for cut in cuts if cut < len(chip)), len(chip)]
    areas = tuple(tuple(chip[a:b]) for a, b in pairwise(ends)) if chip else ()
    return Board("b", "", pools, builtin("stm32n6").demanded.source, areas=areas)


@given(boards(), nets())
def test_nothing_is_lost_between_pools(board: Board, net: latency.Net) -> None:
    layout, pools = planned(builtin("stm32n6"), board, net)
    assert list(pools) == [pool.name for pool in board.pools]
    used = {"weights": layout.flash_bytes}
    used["activations"] = layout.internal_bytes + layout.external_bytes
    for holds, amount in used.items():
        those = [pool for pool in pools.values() if pool.holds == holds]
        assert sum(pool.used for pool in those) == (amount if those else 0)
        over = [pool.name for pool in those if pool.used > pool.bytes]
        assert len(over) <= 1
        if holds == "activations" and over:
            assert layout.homeless
    area = {name: number for number, names in enumerate(board.areas) for name in names}
    for buffer in layout.buffers:
        assert len({area.get(name, name) for name in buffer.pools}) <= 1  # none lies across two
        assert len(buffer.pools) <= 1 or not buffer.external
    assert layout.homeless == any(each.bytes and not each.pools for each in layout.buffers)
