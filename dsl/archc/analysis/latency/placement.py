"""Where the buffers of a network lie: an estimate of the NPU compiler's plan.

The compiler's allocator is not public. This plan simulates it: the largest and longest living
buffer first, each at the lowest free address of the first memory that has room, none across two
areas, and external RAM for what finds no room (`docs/latency.md`, "Memory").
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from archc.analysis.latency.arithmetic import Arithmetic
from archc.analysis.latency.epochs import Epochs
from archc.analysis.latency.model import Area, Buffer, Memories
from archc.analysis.latency.times import Surroundings
from archc.typed import Any, NamedTuple

LEAST = 1024
"""Bytes below which a buffer counts for nothing."""
_ENDLESS = 1 << 1_000
"""Bytes that no buffers fill."""
PARTIAL = 3
"""Bytes of a value in each of its two buffers of partial sums."""


class Need(NamedTuple):
    """A buffer that has to be placed."""

    bytes: int
    first: int
    last: int
    buffer: int | None
    """None for partial sums."""
    step: int
    """The epoch that writes it; -1 for an input as given."""
    least: int = 0
    """Bytes below which it counts for nothing."""


class Place(NamedTuple):
    """Where one lies."""

    need: Need
    offset: int
    """Of the memory it lies in: that on chip, or all RAM outside."""
    external: bool
    homeless: bool
    """Whether no memory has room for it."""


class Plan(NamedTuple):
    """The places of all buffers, in the order of `needs`."""

    places: tuple[Place, ...]
    internal: int
    """Bytes on chip that are ever touched."""
    external: int
    """Bytes that found no room on chip, the same."""

    @property
    def homeless(self) -> Any:
        """Whether something finds no room anywhere."""
        return reduce(or_, [place.homeless for place in self.places], False)


def needs(network: Epochs) -> list[Need]:
    """The buffers of a network with their lifetimes in epochs."""
    return [need for need in candidates(network) if need.bytes >= need.least]


def candidates(network: Epochs) -> list[Need]:
    """The same with those that count for nothing."""
    last: dict[int, int] = {}
    steps = network.steps
    for index, step in enumerate(steps):
        for buffer in step.reads:
            last[buffer] = index
    for buffer in network.outputs:
        last[buffer] = len(steps)
    every = [Need(network.sizes[b], -1, last.get(b, 0), b, -1) for b in network.inputs]
    for index, step in enumerate(steps):
        size = network.sizes[step.made] * step.width
        until = last.get(step.made, index)
        every.append(Need(size, index, until, step.made, index, LEAST))
        if step.partial:
            sums = PARTIAL * step.written
            every += [Need(sums, index, index, None, index)] * 2
    return every


def weight(need: Need) -> int:
    """What buffers are placed by, the largest first: bytes times epochs."""
    return need.bytes * (need.last - need.first + 1)


def ties(wanted: Sequence[Need]) -> list[int]:
    """The order of buffers of one weight."""
    return sorted(range(len(wanted)), key=lambda index: -wanted[index].first)


def beyond(memories: Memories) -> tuple[tuple[Area, ...], int]:
    """Where buffers lie that find no place on chip, and from where on there is no memory."""
    reached = memories.outside[-1][1].end if memories.outside else 0
    return (*(area for _, area in memories.outside), Area(reached, _ENDLESS)), reached


def place(wanted: list[Need], memories: Memories) -> Plan:
    """A plan for buffers."""
    chip, outside = _Memory(), _Memory()
    off_chip, reached = beyond(memories)
    places: dict[int, Place] = {}
    for index in sorted(ties(wanted), key=lambda index: -weight(wanted[index])):
        need = wanted[index]
        small = need.bytes <= memories.bank
        areas = (*memories.banks, *memories.areas) if small else memories.areas
        offset = chip.put(need, areas)
        external = offset is None
        if offset is None:
            offset = outside.put(need, off_chip)
            assert offset is not None
        places[index] = Place(need, offset, external, external and offset >= reached)
    return Plan(
        tuple(places[index] for index in range(len(wanted))),
        chip.touched(),
        outside.touched(),
    )


def surroundings(
    network: Epochs, plan: Plan, memories: Memories, on: Arithmetic
) -> list[Surroundings]:
    """What a plan means for each epoch."""
    slow: dict[int, Any] = {}
    outside: dict[int, Any] = {}
    partial: list[Any] = [0] * len(network.steps)
    for each in plan.places:
        if each.need.buffer is None:
            spilled = on.choose(each.external, 2 * each.need.bytes, 0)
            partial[each.need.step] = partial[each.need.step] + spilled
        else:
            outside[each.need.buffer] = each.external
            share = on.kept(_slowness, each.need.bytes, each.offset, memories, on)
            slow[each.need.buffer] = on.choose(each.external, 0, share)
    around = []
    for index, step in enumerate(network.steps):
        external: Any = 0
        if on.ever(off := outside.get(step.made, False)):
            external = on.choose(off, step.result, 0)
        for buffer in step.reads:
            if on.ever(off := outside.get(buffer, False)):
                external = external + on.choose(off, network.sizes[buffer], 0)
        slow_in = on.most(*[slow.get(buffer, 0) for buffer in step.reads] or [0])
        around.append(Surroundings(slow_in, slow.get(step.made, 0), external, partial[index]))
    return around


def _slowness(size: Any, start: Any, memories: Memories, on: Arithmetic) -> Any:
    """1 for a buffer larger than a bank, else its share that lies in slower memory."""
    shared: Any = 0
    for area in memories.slow:
        if on.ever(start < area.end):
            end = on.least(start + size, area.end)
            shared = shared + on.most(end - on.most(start, area.start), 0)
    share = shared / on.most(size, 1) if memories.slow and on.ever(shared) else 0
    return on.choose(size > memories.bank, 1, share)


def alive(needs: Iterable[Need | Buffer]) -> list[tuple[int, Any]]:
    """Epochs at which buffers begin or end, with the bytes of those that are alive then."""
    change: dict[int, Any] = {}
    for each in needs:
        change[each.first] = change.get(each.first, 0) + each.bytes
        change[each.last + 1] = change.get(each.last + 1, 0) - each.bytes
    total: Any = 0
    moments = []
    for epoch in sorted(change):
        total = total + change[epoch]
        moments.append((epoch, total))
    return moments


class _Memory:
    """What is placed in one memory."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int, int, int]] = []
        """(start, end, first, last), by start."""

    def put(self, need: Need, areas: tuple[Area, ...]) -> int | None:
        """Place a buffer at the lowest free address of the first area that has room for it."""
        first, last, size = need.first, need.last, need.bytes
        busy = [each for each in self.taken if each[2] <= last and each[3] >= first]
        for area in areas:
            offset, end = area.start, area.end
            if size > end - offset:
                continue
            for start, stop, _, _ in busy:
                if stop <= offset:
                    continue
                if start >= offset + size:
                    break
                offset = stop
            if offset + size <= end:
                insort(self.taken, (offset, offset + size, first, last))
                return offset
        return None

    def touched(self) -> int:
        """The bytes that lie in any buffer."""
        spans = touched((start, end) for start, end, _, _ in self.taken)
        return sum(end - start for start, end in spans)


def touched(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What lies in any of several spans (start, end), as spans that do not touch, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            if end > found[-1][1]:
                found[-1] = (found[-1][0], end)
        elif end > start:
            found.append((start, end))
    return found
