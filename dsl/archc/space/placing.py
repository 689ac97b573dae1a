"""Where the buffers of many variants lie: `archc.analysis.latency.placement` on arrays."""

from collections.abc import Callable, Sequence
from typing import Any

from archc.analysis.latency.model import Area, Memories
from archc.analysis.latency.placement import Need, Place, Plan, beyond, ties, weight
from archc.space.grouping import Order, clear
from archc.space.joins import near
from archc.space.trace import Form, Trace

Spans = dict[int, tuple[Any, Any]]
"""(start, end) of buffers by row; where a row has it elsewhere both are 0."""


class Placer:
    """The plan of a class' buffers in the memories of a board."""

    def __init__(
        self, trace: Trace, needs: Sequence[Need], form: Callable[[Any], Form], memories: Memories
    ) -> None:
        self.memories = memories
        self.near = near(tuple([(need.first, need.last) for need in needs]))
        self.order = Order(trace, [form(weight(need)) for need in needs], ties(needs), self.near)
        self.beyond, self.reached = beyond(memories)
        self.unsure = [
            trace.bounds(form(need.bytes))[0] < max(need.least, 1) for need in needs
        ]
        """Whether a buffer may count for nothing."""

    def arrays(self, needs: Sequence[Need], rows: int) -> Plan:
        """The plan, its numbers by row.

        Args:
            needs: of the class, with arrays of bytes; what counts for nothing has 0 in the plan.
            rows: how many.
        """
        import numpy as np

        sizes = [np.broadcast_to(np.asarray(need.bytes, np.int64), (rows,)) for need in needs]
        weights = [weight(need._replace(bytes=size)) for need, size in zip(needs, sizes, strict=True)]
        for index, need in enumerate(needs):
            if self.unsure[index]:
                sizes[index] = np.where(sizes[index] >= need.least, sizes[index], 0)
        offsets = np.empty((len(needs), rows), np.int64)
        outside = np.zeros((len(needs), rows), bool)
        for group in self.order.groups(weights):
            inside = [size[group] for size in sizes]
            order = self.order.of([each[group] for each in weights])
            self._place(inside, order, offsets, outside, group)
        spilled = outside.any(axis=1)
        places = []
        for index, need in enumerate(needs):
            off: Any = outside[index] if spilled[index] else False
            homeless = off & (offsets[index] >= self.reached) if spilled[index] else False
            places.append(Place(need._replace(bytes=sizes[index]), offsets[index], off, homeless))
        external: Any = 0
        if spilled.any():
            external = np.zeros(rows, np.int64)
            which = outside.any(axis=0)
            own = [np.where(off, size, 0)[which] for off, size in zip(outside, sizes, strict=True)]
            external[which] = _touched(offsets[:, which], own)
            sizes = [np.where(off, 0, size) for off, size in zip(outside, sizes, strict=True)]
        return Plan(tuple(places), _touched(offsets, sizes), external)

    def _place(
        self, sizes: Sequence[Any], order: Sequence[int], offsets: Any, outside: Any, group: Any
    ) -> None:
        """Place the buffers of rows that have one order."""
        import numpy as np

        chip: Spans = {}
        off: Spans = {}
        for index in order:
            size = sizes[index]
            there = size > 0 if self.unsure[index] else np.ones(len(size), bool)
            taken = [chip[other] for other in self.near[index] if other in chip]
            start, left = self._put(size, there, taken, self._areas(size))
            here = there & ~left if self.unsure[index] or left.any() else None
            end = start + size
            chip[index] = (start, end if here is None else np.where(here, end, 0))
            offsets[index][group] = start
            if left.any():
                taken = [off[other] for other in self.near[index] if other in off]
                start, _ = self._put(size, left, taken, [(area, None) for area in self.beyond])
                off[index] = (start, np.where(left, start + size, 0))
                offsets[index][group] = np.where(left, start, offsets[index][group])
                outside[index][group] = left

    def _areas(self, size: Any) -> list[tuple[Area, Any]]:
        """The areas on chip in order, and which rows may lie there, if not all."""
        small = size <= self.memories.bank
        every: list[tuple[Area, Any]] = [(area, None) for area in self.memories.areas]
        if small.any():
            which = None if small.all() else small
            every = [*[(area, which) for area in self.memories.banks], *every]
        return every

    @staticmethod
    def _put(
        size: Any, there: Any, taken: Sequence[tuple[Any, Any]], areas: Sequence[tuple[Area, Any]]
    ) -> tuple[Any, Any]:
        """Where the buffer lies in the first area that has room for it, and the rows of which none
        has."""
        import numpy as np

        start: Any = None
        left = there
        for area, which in areas:
            fits = left & (size <= area.end - area.start)
            if which is not None:
                fits &= which
            if not fits.any():
                continue
            place = clear(area.start, size, taken)
            fits &= place + size <= area.end
            start = place if start is None else np.where(fits, place, start)
            left = left & ~fits
            if not left.any():
                break
        return np.zeros_like(size) if start is None else start, left


def _touched(starts: Any, sizes: Sequence[Any]) -> Any:
    """The bytes of each row that lie in any of several spans; one of no size counts for nothing."""
    import numpy as np

    ends = starts + np.stack(sizes)
    if int(ends.max(initial=0)) < 1 << 31:
        packed = np.sort((starts << 31) | ends, axis=0)
        starts, ends = packed >> 31, packed & (1 << 31) - 1
    else:
        order = np.argsort(starts, axis=0, kind="stable")
        starts, ends = (np.take_along_axis(each, order, 0) for each in (starts, ends))
    total = np.zeros(starts.shape[1], np.int64)
    reached = total
    for start, end in zip(starts, ends, strict=True):
        total = total + np.maximum(end - np.maximum(start, reached), 0)
        reached = np.maximum(reached, end)
    return total


