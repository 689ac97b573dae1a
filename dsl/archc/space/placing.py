"""Where the buffers of many variants lie: `archc.analysis.latency.placement` on arrays."""

from collections.abc import Callable, Sequence
from typing import Any

from archc.analysis.latency.model import Area, Memories
from archc.analysis.latency.placement import Need, Place, Plan, beyond, ties, weight
from archc.space.grouping import Order, clear, spread
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
        outside, self.reached = beyond(memories)
        reach = max([self.reached, *(area.end for area in (*memories.banks, *memories.areas))])
        self.most = reach + sum([trace.bounds(form(weight(need)))[1] for need in needs])
        """What no number of a plan is above."""
        self.beyond = (*outside[:-1], Area(self.reached, self.most))
        self.unsure = [trace.bounds(form(need.bytes))[0] < max(need.least, 1) for need in needs]
        """Whether a buffer may count for nothing."""

    def arrays(self, needs: Sequence[Need]) -> Plan:
        """The plan, its numbers in arrays that broadcast to the variants.

        Args:
            needs: of the class, with arrays of bytes; what counts for nothing has 0 in the plan.
        """
        import numpy as np

        sizes, shape = spread([need.bytes for need in needs], self.most)
        rows = len(sizes[0])
        weights: list[Any] = [
            weight(need._replace(bytes=size)) for need, size in zip(needs, sizes, strict=True)
        ]
        for index, need in enumerate(needs):
            if self.unsure[index]:
                sizes[index] = np.where(sizes[index] >= need.least, sizes[index], 0)
        offsets = np.empty((len(needs), rows), sizes[0].dtype)
        outside = np.zeros((len(needs), rows), bool)
        internal: Any = np.zeros(rows, np.int64)
        on_chip = (*self.memories.banks, *self.memories.areas)
        for group in self.order.groups(weights):
            inside = [size[group] for size in sizes]
            order = self.order.of([each[group] for each in weights])
            touched = self._place(inside, order, offsets, outside, group)
            if touched is None:
                own = [
                    np.where(off[group], 0, size) for off, size in zip(outside, inside, strict=True)
                ]
                touched = _touched(offsets[:, group], own, on_chip)
            internal[group] = touched
        spilled: Any = outside.any(axis=1)
        places = []
        for index, need in enumerate(needs):
            off: Any = outside[index] if spilled[index] else False
            homeless = off & (offsets[index] >= self.reached) if spilled[index] else False
            values = [sizes[index], offsets[index], off, homeless]
            size, *rest = [each if each is False else each.reshape(shape) for each in values]
            places.append(Place(need._replace(bytes=size), *rest))
        external: Any = 0
        if np.count_nonzero(spilled):
            external = np.zeros(rows, np.int64)
            which: Any = outside.any(axis=0)
            own = [(size * off)[which] for off, size in zip(outside, sizes, strict=True)]
            external[which] = _touched(offsets[:, which], own, self.beyond)
        if np.count_nonzero(spilled):
            external = external.reshape(shape)
        return Plan(tuple(places), internal.reshape(shape), external)

    def _place(
        self, sizes: Sequence[Any], order: Sequence[int], offsets: Any, outside: Any, group: Any
    ) -> Any:
        """Place the buffers of rows that have one order. Gives the bytes that are touched on chip,
        where all is in one piece from the start of an area on; else None."""
        import numpy as np

        chip: Spans = {}
        off: Spans = {}
        mark: int | None = None
        top: Any = None
        simple = True
        for index in order:
            size = sizes[index]
            taken = [chip[other] for other in self.near[index] if other in chip]
            area, start, end = self._simply(size, taken)
            if area is not None:
                if self.unsure[index]:
                    end = np.where(size > 0, end, 0)
                chip[index] = start, end
                offsets[index][group] = start
                simple &= mark in (None, area.start)
                mark, top = area.start, end if top is None else np.maximum(top, end)
                continue
            simple = False
            there = size > 0
            start, left = self._put(size, there, taken, self._areas(size))
            chip[index] = start, np.where(there & ~left, start + size, 0)
            offsets[index][group] = start
            if np.count_nonzero(left):
                taken = [off[other] for other in self.near[index] if other in off]
                start, _ = self._put(size, left, taken, [(area, None) for area in self.beyond])
                off[index] = start, np.where(left, start + size, 0)
                offsets[index][group] = np.where(left, start, offsets[index][group])
                outside[index][group] = left
        if not simple or mark is None:
            return None
        return np.maximum(top - mark, 0)

    def _simply(self, size: Any, taken: Sequence[tuple[Any, Any]]) -> tuple[Area | None, Any, Any]:
        """The first area with where the buffer lies and ends, if there is room in all rows."""
        most, bank = int(size.max()), self.memories.bank
        areas = self.memories.banks if most <= bank else self.memories.areas
        if not areas or (most > bank and int(size.min()) <= bank):
            return None, None, None
        start = clear(areas[0].start, size, taken)
        end = start + size
        fits = int(end.max()) <= areas[0].end
        return (areas[0], start, end) if fits else (None, None, None)

    def _areas(self, size: Any) -> list[tuple[Area, Any]]:
        """The areas on chip in order, and which rows may lie there, if not all."""
        import numpy as np

        small = size <= self.memories.bank
        every: list[tuple[Area, Any]] = [(area, None) for area in self.memories.areas]
        count = np.count_nonzero(small)
        if count:
            which = None if count == small.size else small
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
            if not np.count_nonzero(fits):
                continue
            place = clear(area.start, size, taken)
            fits &= place + size <= area.end
            start = place if start is None else np.where(fits, place, start)
            left = left & ~fits
            if not np.count_nonzero(left):
                break
        return np.zeros_like(size) if start is None else start, left


def _touched(starts: Any, sizes: Sequence[Any], areas: Sequence[Area]) -> Any:
    """The bytes of each row that lie in any of several spans; one of no size counts for nothing.

    What is placed begins at an area's start or where something else ends. So from the start of one
    area to the next one's, what is touched is in one piece from that start on.
    """
    import numpy as np

    marks = sorted({area.start for area in areas})
    spans = np.stack(sizes)
    ends: Any = np.where(spans > 0, starts + spans, 0)
    first, last = int(starts.min()), int(ends.max())
    total = np.zeros(starts.shape[1], np.int64)
    for mark, limit in zip(marks, [*marks[1:], 1 << 62], strict=True):
        if limit <= first or mark >= last:
            continue
        within = limit >= last
        reached = (ends if within else np.where(starts < limit, ends, 0)).max(axis=0)
        total += np.maximum(reached if within else np.minimum(reached, limit), mark) - mark
    return total
