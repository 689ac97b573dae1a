"""The predicates on memories."""

from collections.abc import Callable, Iterator

from archc.analysis.latency import Buffer, alive
from archc.diagnostics.text import few, shape_text, size_text
from archc.ops.base import product
from archc.targets.facts import Facts, Limits, Offence, predicate
from archc.typed import Any, NamedTuple

# --- memories ---------------------------------------------------------------------------------

_CHIP = ("on_chip", "pools", "external", "elsewhere", "outside", "buffers")
_LIVE = ("live", "at", *_CHIP)
_NAMED = 3
"""Buffers that a message names."""


class Room(NamedTuple):
    """How the buffers of a network lie, or arrays of that for many."""

    spills: Any
    """Whether some have no room on chip."""
    homeless: Any
    """Whether some of these have none outside."""
    crowded: Any
    """Whether more of them are alive together than there are bytes on chip."""
    used: Any
    """Bytes on chip that are ever touched."""
    size: int
    """Bytes on chip."""


ROOM: dict[str, Callable[[Room, Limits], Any]] = {
    "activations_over": lambda room, _: room.spills & room.homeless & room.crowded,
    "activations_spill": lambda room, _: room.spills & (room.homeless ^ True) & room.crowded,
    "activations_near": lambda room, limits: (
        (room.spills ^ True) & (100 * room.used > (100 - limits.count("percent")) * room.size)
    ),
    "buffers_over": lambda room, _: room.spills & room.homeless & (room.crowded ^ True),
    "buffers_spill": lambda room, _: room.spills & (room.homeless ^ True) & (room.crowded ^ True),
}
"""When the predicates find something that ask for a plan of buffers."""


def _breaks(name: str, facts: Facts, limits: Limits) -> bool:
    layout, size = facts.layout, sum(facts.rooms)
    spills = layout.external_bytes > 0
    crowded = spills and _busiest(facts)[0] > size
    room = Room(spills, layout.homeless, crowded, layout.internal_bytes, size)
    return bool(ROOM[name](room, limits))


def _busiest(facts: Facts) -> tuple[int, int]:
    """The most bytes of buffers that are alive in one epoch, and the first such epoch."""
    most = at = 0
    for epoch, size in alive(facts.layout.buffers):
        if size > most:
            most, at = size, epoch
    return most, at


def _owner(facts: Facts, op: int) -> int:
    """The layer whose value a buffer is."""
    inputs = facts.graph.inputs
    if op < 0:
        return inputs[min(-1 - op, len(inputs) - 1)]
    layer = facts.first_layer(facts.deployed.operators[op])
    return facts.graph.output if layer is None else layer


def _titled(facts: Facts, buffers: list[Buffer]) -> str:
    """The largest of some buffers, by the layers whose values they are."""
    counts: dict[tuple[str, str, int], int] = {}
    for each in sorted(buffers, key=lambda each: (-each.bytes, each.first)):
        border = each.op >= 0 and facts.deployed.operators[each.op].border
        what = "" if each.what == "map" else f"{each.what} of "
        what = f"{facts.request.io} form of " if border else what
        key = what, facts.graph.nodes[_owner(facts, each.op)].name, each.bytes
        counts[key] = counts.get(key, 0) + 1
    listed = [
        f"{what}`{name}` {f'{count} x ' if count > 1 else ''}{size_text(size)}"
        for (what, name, size), count in counts.items()
    ]
    return few(listed, _NAMED)


def _chip(facts: Facts) -> dict[str, str]:
    """The fields of a message on memory on chip."""
    board = facts.board
    external = ", ".join(pool.name for pool in board.activations(external=True))
    return {
        "on_chip": size_text(sum(board.rooms)),
        "pools": ", ".join(pool.name for pool in board.activations(external=False)) or "none",
        "external": external or "no other memory",
        "elsewhere": f"{external} is too small" if external else "there is no other memory",
        "outside": size_text(facts.layout.external_bytes),
        "buffers": _titled(facts, [each for each in facts.layout.buffers if each.external]),
    }


def _crowded(facts: Facts) -> Iterator[Offence]:
    """More bytes alive in one epoch than there are on chip."""
    most, epoch = _busiest(facts)
    made = [each for each in facts.layout.buffers if each.first <= epoch <= each.last]
    latest = max(made, key=lambda each: (each.first, each.bytes))
    name = facts.graph.nodes[_owner(facts, latest.op)].name
    yield Offence(None, {**_chip(facts), "live": size_text(most), "at": name})


@predicate("activations_over", *_LIVE)
def activations_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """More activations alive together than there is room on chip, and no room outside for them."""
    if _breaks("activations_over", facts, limits):
        yield from _crowded(facts)


@predicate("activations_spill", *_LIVE)
def activations_spill(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """More activations alive together than there is room on chip, with external RAM beside it."""
    if _breaks("activations_spill", facts, limits):
        yield from _crowded(facts)


@predicate("activations_near", "used", "on_chip", "pools", percent="count")
def activations_near(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Everything on chip, but so little of it free that the plan may be wrong about that."""
    if _breaks("activations_near", facts, limits):
        used = size_text(facts.layout.internal_bytes)
        yield Offence(None, {**_chip(facts), "used": used})


@predicate("weights_over", "weights", "flash", "pools")
def weights_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Weights above the flash."""
    pools = facts.board.weights
    size = sum(pool.bytes for pool in pools)
    if facts.deployed.weight_bytes > size:
        values = {
            "weights": size_text(facts.deployed.weight_bytes),
            "flash": size_text(size),
            "pools": ", ".join(pool.name for pool in pools) or "none",
        }
        yield Offence(None, values)


@predicate("depthwise_weights", "bytes")
def depthwise_weights(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Weights of depthwise convolutions, all together."""
    operators = facts.deployed.operators
    size = sum(operators[place].weights for place in facts.places("DEPTHWISE_CONV_2D"))
    if size:
        yield Offence(None, {"bytes": size_text(size)})


# --- what the peak does not show --------------------------------------------------------------


@predicate(
    "partial_sums",
    *("kernel", "result", "peak", "low_size", "high_size"),
    kernel_from="count",
    low="count",
    high="count",
)
def partial_sums(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Convolutions with kernels so large that the compiler keeps partial sums of their results."""
    for place in facts.places("CONV_2D"):
        op = facts.deployed.operators[place]
        side = max(op.window.kernel) if op.window is not None else 0
        if side < limits.count("kernel_from"):
            continue
        values = product(op.shape)
        yield Offence(
            facts.first_layer(op),
            {
                "kernel": shape_text(op.window.kernel) if op.window is not None else "",
                "result": shape_text(op.shape),
                "peak": size_text(facts.peak.bytes),
                "low_size": size_text(values * limits.count("low")),
                "high_size": size_text(values * limits.count("high")),
            },
            values,
            op=place,
        )


_BUFFERS = ("rooms", *_CHIP)


def _crossing(facts: Facts) -> Iterator[Offence]:
    """Buffers that find no room on chip, though there are bytes enough at every epoch: each has to
    lie within one area."""
    largest = max(
        (each for each in facts.layout.buffers if each.external), key=lambda each: each.bytes
    )
    values = {**_chip(facts), "rooms": " and ".join(map(size_text, facts.rooms))}
    op = largest.op if largest.op >= 0 else None
    yield Offence(_owner(facts, largest.op), values, largest.bytes, op=op)


@predicate("buffers_over", *_BUFFERS)
def buffers_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Buffers that would have to lie across areas, and nothing else to take them."""
    if _breaks("buffers_over", facts, limits):
        yield from _crossing(facts)


@predicate("buffers_spill", *_BUFFERS)
def buffers_spill(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Buffers that would have to lie across areas, with external RAM beside them."""
    if _breaks("buffers_spill", facts, limits):
        yield from _crossing(facts)
