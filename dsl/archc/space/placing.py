"""Where the buffers of many variants lie: `archc.analysis.latency.placement` on arrays."""

from collections.abc import Callable, Sequence
from operator import mul
from typing import Any

from archc.analysis.latency.arithmetic import Arithmetic
from archc.analysis.latency.model import Area, Memories
from archc.analysis.latency.placement import Need, Place, Plan, beyond, ties, weight
from archc.space.atoms import Form
from archc.space.grouping import ALL, Order, Span, clear, spread
from archc.space.joins import near
from archc.space.trace import Trace
from archc.typed import NamedTuple


class Laid(NamedTuple):
    """Where a buffer lies in each row."""

    chip: Span
    """What it takes on chip."""
    beyond: Span | None
    """What it takes outside; None where it lies on chip in all rows."""
    offset: Any
    """In the memory it lies in."""
    outside: Any
    """Whether it lies outside; False where it does in no row."""


class Placer:
    """The plan of a class' buffers in the memories of a board."""

    def __init__(
        self, trace: Trace, needs: Sequence[Need], form: Callable[[Any], Form], memories: Memories
    ) -> None:
        self.memories, self._needs = memories, needs
        self.near = near(tuple([(need.first, need.last) for need in needs]))
        weights = [form(weight(need)) for need in needs]
        self.order = Order(trace, weights, ties(needs), self.near)
        self.outside, self.reached = beyond(memories)
        reach = max([self.reached, *(area.end for area in (*memories.banks, *memories.areas))])
        self.most = reach + sum([trace.bounds(each)[1] for each in weights])
        """What no number of a plan is above."""
        self.unsure = [trace.bounds(form(need.bytes))[0] < max(need.least, 1) for need in needs]
        """Whether a buffer may count for nothing."""

    def arrays(self, sizes: Sequence[Any], on: Arithmetic) -> Plan:
        """The plan, its numbers in arrays that broadcast to the variants.

        Args:
            sizes: of the class' buffers, arrays of bytes; what counts for nothing has 0 in the
                plan.
            on: what remembers parts of plans.
        """
        needs = self._needs
        rows = spread(sizes, self.most, on)
        weights = [
            on.kept(mul, row, need.last - need.first + 1)
            for row, need in zip(rows, needs, strict=True)
        ]
        for index, need in enumerate(needs):
            if self.unsure[index]:
                rows[index] = on.kept(_counted, rows[index], need.least)
        groups = self.order.groups(weights, on)
        parts = [
            self._placed(rows, group, self.order.of(weights, group), on)
            for group in groups or (ALL,)
        ]
        every = parts[0]
        if groups:
            every = [on.kept(_joined, rows[0], groups, *each) for each in zip(*parts, strict=True)]
        places = []
        for need, row, laid in zip(needs, rows, every, strict=True):
            homeless: Any = False
            if laid.beyond is not None:
                homeless = laid.outside & (laid.offset >= self.reached)
            places.append(Place(need._replace(bytes=row), laid.offset, laid.outside, homeless))
        on_chip = (*self.memories.banks, *self.memories.areas)
        internal = _touched([laid.chip for laid in every], on_chip, on)
        spilled = [laid.beyond for laid in every if laid.beyond is not None]
        external = _touched(spilled, self.outside, on)
        return Plan(tuple(places), internal, external)

    def _placed(
        self, rows: Sequence[Any], group: Any, order: Sequence[int], on: Arithmetic
    ) -> Sequence[Laid]:
        """Place the buffers of a group of rows, which have one order."""
        placed: dict[int, Laid] = {}
        for index in order:
            taken = [placed[other] for other in self.near[index] if other in placed]
            row, unsure = rows[index], self.unsure[index]
            placed[index] = on.kept(_laid, self.memories, row, group, unsure, *taken)
        return [placed[index] for index in range(len(rows))]


def _counted(size: Any, least: int) -> Any:
    """A size, and 0 where it counts for nothing."""
    import numpy as np

    return np.where(size >= least, size, 0)


def _joined(row: Any, groups: Sequence[Any], *parts: Laid) -> Laid:
    """Where a buffer lies in all rows, which are as of another one, from where it lies in groups of
    them."""
    import numpy as np

    def together(values: Sequence[Any], kind: Any) -> Any:
        made = np.zeros(row.size, kind)
        for group, value in zip(groups, values, strict=True):
            made[group] = value
        return made.reshape(row.shape)

    kind = parts[0].chip.end.dtype
    spans = []
    for each in ([part.chip for part in parts], [part.beyond or Span(0, 0) for part in parts]):
        spans.append(Span(*[together(ends, kind) for ends in zip(*each, strict=True)]))
    spilled = any(part.beyond for part in parts)
    return Laid(
        spans[0],
        spans[1] if spilled else None,
        together([part.offset for part in parts], kind),
        together([part.outside for part in parts], bool) if spilled else False,
    )


def _laid(memories: Memories, row: Any, group: Any, unsure: bool, *taken: Laid) -> Laid:
    """Where a buffer lies.

    Args:
        memories: of the board.
        row: its sizes; what has 0 takes nothing.
        group: of the rows.
        unsure: whether there may be some with 0.
        taken: what is placed already.
    """
    import numpy as np

    size = row if group is ALL else row.take(group)
    there = size > 0 if unsure else True
    place, left = _put(size, there, [each.chip for each in taken], _areas(memories, size))
    end = place + size
    if unsure or left is not False:
        end = np.where(there & np.logical_not(left), end, 0)
    if left is False:
        return Laid(Span(place, end), None, place, False)
    off = [each.beyond for each in taken if each.beyond is not None]
    start, _ = _put(size, left, off, [(area, None) for area in beyond(memories)[0]])
    outside = Span(start, np.where(left, start + size, 0))
    return Laid(Span(place, end), outside, np.where(left, start, place), left)


def _areas(memories: Memories, size: Any) -> list[tuple[Area, Any]]:
    """The areas on chip in order, and which rows may lie there, if not all."""
    every: list[tuple[Area, Any]] = [(area, None) for area in memories.areas]
    if int(size.min()) <= memories.bank:
        which = None if int(size.max()) <= memories.bank else size <= memories.bank
        every = [*[(area, which) for area in memories.banks], *every]
    return every


def _put(
    size: Any, there: Any, taken: Sequence[Span], areas: Sequence[tuple[Area, Any]]
) -> tuple[Any, Any]:
    """Where the buffer lies in the first area that has room for it, and the rows of which none
    has; False where there are no such rows.

    Args:
        size: in each row.
        there: the rows that it lies in; True for all.
        taken: what is placed already.
        areas: with the rows that may lie there; None for all.
    """
    import numpy as np

    start: Any = None
    left, most = there, int(size.max())
    for area, which in areas:
        fits = left if which is None else left & which
        if most > area.end - area.start:
            fits = fits & (size <= area.end - area.start)
        if not np.count_nonzero(fits):
            continue
        place = clear(area.start, size, taken)
        fits = fits & (place + size <= area.end)
        start = place if start is None else np.where(fits, place, start)
        left = left & ~fits
        if not np.count_nonzero(left):
            return start, False
    left = left & np.ones(size.shape, bool)
    return np.zeros_like(size) if start is None else start, left if left.any() else False


def _touched(spans: Sequence[Span], areas: Sequence[Area], on: Arithmetic) -> Any:
    """The bytes of each row that lie in any of several spans.

    What is placed begins at an area's start or where something else ends. So from the start of one
    area to the next one's, what is touched is in one piece from that start on.
    """
    import numpy as np

    marks = sorted({area.start for area in areas})
    reached = [on.kept(_reached, span, *marks) for span in spans]
    total = on.total([on.most(*each) for each in zip(*reached, strict=True)])
    return total.astype(np.int64) if isinstance(total, np.ndarray) else total


def _reached(span: Span, *marks: int) -> tuple[Any, ...]:
    """How far a span reaches, in each row, from each of several marks to the next one."""
    import numpy as np

    start, end = span
    starts, ends = (int(np.min(start)), int(np.max(start))), (int(end.min()), int(end.max()))
    found: list[Any] = []
    for mark, limit in zip(marks, [*marks, ends[1]][1:], strict=True):
        if mark >= ends[1] or starts[0] >= limit:
            found.append(0)
        elif starts[1] < limit <= ends[0]:
            found.append(limit - mark)
        else:
            reach = end if ends[1] <= limit else np.minimum(end, limit)
            reach = np.maximum(reach - mark, 0) if ends[0] < mark else reach - mark
            found.append(reach if starts[1] < limit else np.where(start < limit, reach, 0))
    return tuple(found)
