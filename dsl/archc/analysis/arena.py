"""Where tensors lie in one arena: the greedy plan of TensorFlow Lite for Microcontrollers.

Blocks are placed by descending size, of equal ones the last first, each at the lowest offset at
which it overlaps no block that is alive together with it. Source:
`docs/lowering.md`, "Memory"; `tests/analysis` compares plans with recorded allocations.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from archc.typed import Any, NamedTuple
from archc.values import aligned, symbolic

ALIGNMENT = 16
"""Sizes are rounded up to a multiple of it, so that offsets are multiples too."""

FEW = 96
"""Up to so many blocks the plain walk over all that are placed is the fastest."""


class Block(NamedTuple):
    """What needs a place."""

    bytes: int
    first: int
    """The first step at which it is alive, from 0."""
    last: int
    """The last one, included."""


def rounded(size: int) -> int:
    """A size as the arena gives it."""
    if type(size) is int:  # as `aligned`, which would be one more call
        return -(-size // ALIGNMENT) * ALIGNMENT
    return aligned(size, ALIGNMENT)  # type: ignore[no-any-return]


def place(blocks: Sequence[Block]) -> list[int]:
    """The offset of every block.

    Linear but for logarithms where what is taken at a time has few holes, as in networks: what is
    taken is kept as merged ranges, so that a hundred tensors stacked on each other are one.
    """
    few = len(blocks) <= FEW
    taken = _Few() if few else _Taken(max((block.last for block in blocks), default=0) + 1)
    offsets = [0] * len(blocks)
    sizes = [rounded(block.bytes) for block in blocks]
    for index in sorted(range(len(blocks)), key=lambda i: (-sizes[i], -i)):
        _, first, last = blocks[index]
        offsets[index] = taken.put(sizes[index], first, last)
    return offsets


def end(blocks: Sequence[Block], offsets: Sequence[int]) -> int:
    """Where the last of so placed blocks ends."""
    ends = [at + rounded(block.bytes) for at, block in zip(offsets, blocks, strict=True)]
    return max(ends, default=0)


class _Few:
    """What is taken by few blocks: each with its place and its steps, the lowest first."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, int, int, int]] = []

    def put(self, size: int, first: int, last: int) -> int:
        """The lowest offset that is free from ``first`` to ``last``, which is then taken."""
        start = 0
        for low, high, begins, ends in self._blocks:
            if begins <= last and first <= ends:
                if low >= start + size:
                    break
                if high > start:
                    start = high
        insort(self._blocks, (start, start + size, first, last))
        return start


def plan_end(blocks: Sequence[Block]) -> int:
    """Where the plan of some blocks ends."""
    sizes = [rounded(block.bytes) for block in blocks]
    for size in sizes:
        if symbolic(size):
            one: Any = size
            planned: int = one.planned(sizes, tuple([(first, last) for _, first, last in blocks]))
            return planned
    return end(blocks, place(blocks))


class _Ranges:
    """Ranges of bytes: sorted, disjoint, none touching the next."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        """Take a range; false if all of it was taken before."""
        low, high = bisect_left(self.ends, start), bisect_right(self.starts, end)
        if low < high:
            if self.starts[low] <= start and end <= self.ends[low]:
                return False
            start, end = min(start, self.starts[low]), max(end, self.ends[high - 1])
        self.starts[low:high], self.ends[low:high] = (start,), (end,)
        return True

    def room(self, start: int, size: int) -> int:
        """The lowest offset from ``start`` on at which ``size`` bytes are free."""
        starts, ends = self.starts, self.ends
        index = bisect_right(ends, start)
        while index < len(starts) and starts[index] < start + size:
            start = ends[index]
            index += 1
        return start


SAMPLES = 16
"""How many steps are looked at first."""


class _Taken:
    """What is taken at which steps: a binary tree whose leaves are steps.

    A node knows what blocks that are alive at all of its steps take (``whole``), unless the node
    above knows it, and what is taken at any of its steps (``some``), but for what is whole above.
    Some sampled steps know all that is taken at them: a long-lived block can skip that at once.
    """

    def __init__(self, steps: int) -> None:
        self.leaves = 1 << (steps - 1).bit_length()
        apart = max(steps // SAMPLES, SAMPLES)
        self.samples = [(step, _Ranges()) for step in range(apart, steps, apart)]
        self.whole: dict[int, _Ranges] = {}
        self.some: dict[int, _Ranges] = {}

    def put(self, size: int, first: int, last: int) -> int:
        """The lowest offset that is free from ``first`` to ``last``, which is then taken."""
        whole, some = self.whole, self.some
        low, high = first + self.leaves, last + self.leaves
        parts = self._parts(low, high)
        sampled = [taken for step, taken in self.samples if first <= step <= last]
        ranges = [*sampled, *(some[node] for node in parts if node in some)]
        for node in (low, high) if low != high else (low,):
            while node:
                if node in whole:
                    ranges.append(whole[node])
                node >>= 1
        start = agreed = index = 0
        while agreed < len(ranges):
            room = ranges[index].room(start, size)
            agreed = agreed + 1 if room == start else 1
            start, index = room, (index + 1) % len(ranges)
        end = start + size
        for taken in sampled:
            taken.add(start, end)
        for node in parts:
            if node not in whole:
                whole[node] = _Ranges()
            whole[node].add(start, end)
            while node:
                if node not in some:
                    some[node] = _Ranges()
                if not some[node].add(start, end):
                    break  # nor is it news to the nodes above
                node >>= 1
        return start

    @staticmethod
    def _parts(low: int, high: int) -> list[int]:
        """The fewest nodes that make up the leaves from ``low`` to ``high``."""
        parts = []
        high += 1
        while low < high:
            if low & 1:
                parts.append(low)
                low += 1
            if high & 1:
                high -= 1
                parts.append(high)
            low >>= 1
            high >>= 1
        return parts
