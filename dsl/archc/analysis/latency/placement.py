"""Where the buffers of a network lie: an estimate of the NPU compiler's plan.

The compiler's allocator is not public. This plan simulates it: the largest and longest living
buffer first, each at the lowest free address of the first memory that has room, none across two
areas, and external RAM for what finds no room (`docs/latency.md`, "Memory").
"""

from bisect import insort
from collections.abc import Iterable

from archc.analysis.latency.epochs import Epochs
from archc.analysis.latency.model import Area, Memories
from archc.typed import NamedTuple

LEAST = 1024
"""Bytes below which a buffer counts for nothing."""
LARGE_KERNEL = 7
"""Rows or columns from which a convolution keeps partial sums."""
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
    def homeless(self) -> bool:
        """Whether something finds no room anywhere."""
        return any(place.homeless for place in self.places)


def needs(network: Epochs) -> list[Need]:
    """The buffers of a network with their lifetimes in epochs."""
    last: dict[int, int] = {}
    steps = network.steps
    for index, step in enumerate(steps):
        for buffer in step.reads:
            last[buffer] = index
    for buffer in network.outputs:
        last[buffer] = len(steps)
    found = [Need(network.sizes[b], -1, last.get(b, 0), b, -1) for b in network.inputs]
    for index, step in enumerate(steps):
        size = network.sizes[step.made] * step.width
        if size >= LEAST:
            found.append(Need(size, index, last.get(step.made, index), step.made, index))
        if step.kind == "conv" and step.kernel >= LARGE_KERNEL:
            sums = PARTIAL * step.written
            found += [Need(sums, index, index, None, index)] * 2
    return found


def place(wanted: list[Need], memories: Memories) -> Plan:
    """A plan for buffers."""
    chip, outside = _Memory(), _Memory()
    reached = memories.outside[-1][1].end if memories.outside else 0
    beyond = (*(area for _, area in memories.outside), Area(reached, 1 << 62))
    places: dict[int, Place] = {}
    order = sorted(
        range(len(wanted)),
        key=lambda i: (-wanted[i].bytes * (wanted[i].last - wanted[i].first + 1), -wanted[i].first),
    )
    for index in order:
        need = wanted[index]
        small = need.bytes <= memories.bank
        areas = (*memories.banks, *memories.areas) if small else memories.areas
        offset = chip.put(need, areas)
        external = offset is None
        if offset is None:
            offset = outside.put(need, beyond)
            assert offset is not None
        places[index] = Place(need, offset, external, external and offset >= reached)
    return Plan(
        tuple(places[index] for index in range(len(wanted))),
        chip.touched(),
        outside.touched(),
    )


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
