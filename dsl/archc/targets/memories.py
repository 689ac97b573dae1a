"""The predicates on memories."""

from collections.abc import Iterator

from archc.diagnostics.text import shape_text, size_text
from archc.ops.base import product
from archc.targets.facts import Facts, Limits, Offence, predicate
from archc.targets.model import show_limit

# --- memories ---------------------------------------------------------------------------------

_MEMORY = ("peak", "at", "on_chip", "pools", "external")
_PEAK = (*_MEMORY, "least", "most", "like")
_ERROR = dict.fromkeys(("low", "high", "wide_low", "wide"), "ratio") | {"kernel": "count"}
"""What the vendor's compiler was seen to need of an estimated peak: least and most, and both where
a kernel has so many rows or columns."""


def _band(facts: Facts, limits: Limits) -> tuple[float, dict[str, str]]:
    """How many times an estimated peak may be needed, and the fields of a message that say so."""
    kernel = limits.count("kernel")
    kernels = [
        op.window.kernel for op in facts.deployed.operators if op.window is not None and op.weights
    ]
    low, high, like = "low", "high", f"with kernels below {kernel}x{kernel}"
    if any(max(sides) >= kernel for sides in kernels):
        low, high, like = "wide_low", "wide", f"with a kernel of {kernel} or more"
    most = limits.ratio(high)
    fields = {"least": show_limit(limits.ratio(low)), "most": show_limit(most), "like": like}
    return most, fields


def _activations(facts: Facts) -> dict[str, str]:
    """The fields of a message on activations."""
    on_chip = facts.board.activations(external=False)
    external = facts.board.activations(external=True)
    at: int | None = 0
    if facts.peak.at is not None:
        at = facts.first_layer(facts.deployed.operators[facts.peak.at])
    return {
        "peak": size_text(facts.peak.bytes),
        "at": facts.graph.nodes[at or 0].name,
        "on_chip": size_text(sum(facts.rooms)),
        "pools": ", ".join(pool.name for pool in on_chip),
        "external": ", ".join(pool.name for pool in external) or "no other memory",
    }


@predicate("activations_over", *_PEAK, **_ERROR)
def activations_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak above what is on chip, and nothing else to take it."""
    if facts.peak.bytes > sum(facts.rooms) and not facts.board.activations(external=True):
        yield Offence(None, _activations(facts) | _band(facts, limits)[1])


@predicate("activations_spill", *_PEAK, **_ERROR)
def activations_spill(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak above what is on chip, with external RAM beside it."""
    if facts.peak.bytes > sum(facts.rooms) and facts.board.activations(external=True):
        yield Offence(None, _activations(facts) | _band(facts, limits)[1])


@predicate("activations_near", *_PEAK, **_ERROR)
def activations_near(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak that the compiler's overhead may take above what is on chip."""
    size = sum(facts.rooms)
    most, band = _band(facts, limits)
    if size / most < facts.peak.bytes <= size:
        yield Offence(None, _activations(facts) | band)


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
    size = sum(op.weights for op in facts.deployed.operators if op.operator == "DEPTHWISE_CONV_2D")
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
    for place, op in enumerate(facts.deployed.operators):
        side = max(op.window.kernel) if op.window is not None else 0
        if op.operator != "CONV_2D" or side < limits.count("kernel_from"):
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


_BUFFERS = ("maps", "room", "on_chip", "pools", "external")
_MOST = 12
"""Buffers of one operator that are tried in every arrangement; of more only the largest."""


def _arranged(sizes: list[int], rooms: tuple[int, ...]) -> bool:
    """Whether buffers can be laid into areas, each within one. The largest is placed first."""
    if not sizes:
        return True
    first, rest = sizes[0], sizes[1:]
    tried = set()
    for place, room in enumerate(rooms):
        if first <= room and room not in tried:
            tried.add(room)
            if _arranged(rest, (*rooms[:place], room - first, *rooms[place + 1 :])):
                return True
    return False


def _crossing(facts: Facts) -> Iterator[Offence]:
    """Operators whose result and what it is made of fit together by size, but in no arrangement in
    which each buffer lies within one area."""
    rooms, deployed = facts.rooms, facts.deployed
    on_chip = sum(rooms)
    if facts.peak.bytes > on_chip:
        return  # which is said already
    for place, op in enumerate(deployed.operators):
        if op.border:
            continue
        width = 4 if op.float_result else 1
        maps = {source: product(deployed.shape(source)) for source in op.inputs}
        maps[place] = product(op.shape) * width
        sizes = sorted(maps.values(), reverse=True)[:_MOST]
        if sum(sizes) <= on_chip and not _arranged(sizes, rooms):
            listed = " and ".join(size_text(size) for size in sizes if size > rooms[-1] // 8)
            fields = {
                **_activations(facts),
                "maps": listed,
                "room": " and ".join(map(size_text, rooms)),
            }
            yield Offence(facts.first_layer(op), fields, sum(sizes), op=place)


@predicate("buffers_over", *_BUFFERS)
def buffers_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Buffers that would have to lie across areas, and nothing else to take them."""
    if not facts.board.activations(external=True):
        yield from _crossing(facts)


@predicate("buffers_spill", *_BUFFERS)
def buffers_spill(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Buffers that would have to lie across areas, with external RAM beside them."""
    if facts.board.activations(external=True):
        yield from _crossing(facts)
