"""Which variants of a space are best: one pass over all of them in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from archc.space.clock import MISSING
from archc.space.engine import Batch, Space
from archc.space.question import Question, values
from archc.typed import NamedTuple


class Count(NamedTuple):
    """Of the variants looked at, in turn fewer."""

    looked: int = 0
    networks: int = 0
    valid: int = 0
    """That compile, budgets left aside."""
    within: int = 0
    """Within the budgets of the spec, too."""
    met: int = 0
    """That meet the conditions, too."""


class Answer(NamedTuple):
    """What a pass found."""

    counted: Count
    front: tuple[int, ...]
    """The variants that no other one is better than in all objectives, the best by the first one
    first; without objectives none."""
    best: tuple[int, ...]
    """The best by the first objective, or the first ones."""
    next: int
    """The first variant that was not looked at."""
    nearest: int | None
    """Where none meets all conditions: the valid variant that is nearest to it."""


Progress = Callable[[int], None]

Sink = Callable[[Batch, Any, Any], None]
"""Takes a batch, which of its variants meet the conditions, and the numbers of the front so far."""


def search(
    batches: Iterator[Batch],
    question: Question,
    most: int,
    start: int,
    progress: Progress,
    sinks: Sequence[Sink] = (),
    whole: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Answer:
    """The best variants of some batches.

    Args:
        batches: in order.
        question: what is best.
        most: how many are kept by the first objective.
        start: the number of the first variant.
        progress: is told how many were looked at. Ctrl-C ends the pass, not the search.
        sinks: what else is to have the batches.
        whole: what keeps Ctrl-C away until a batch is with all of them.

    Raises:
        Difference: a class is wrong.
    """
    kept = _Kept(question, most)
    count, following = Count(), start
    try:
        for batch in batches:
            with whole():
                met = question.holds(batch)
                total = count.met + int(met.sum())
                kept.add(batch, met, total)
                for sink in sinks:
                    sink(batch, met, kept.rows)
                count = Count(
                    count.looked + len(batch.rows),
                    count.networks + int(batch.network.sum()),
                    count.valid + int(batch.valid.sum()),
                    count.within + int((batch.valid & batch.within).sum()),
                    total,
                )
                following = int(batch.rows[-1]) + 1
                progress(count.looked)
    except KeyboardInterrupt:
        pass
    nearest = None if count.met else kept.nearest
    return Answer(count, kept.front(), kept.best(), following, nearest)


STRUCTURES, EACH = 20, 500
"""Of how many structures, and of how many variants of each, a few are."""


def some(space: Space) -> Iterator[Batch]:
    """A few variants from everywhere in a space."""
    import numpy as np

    def spread(count: int, most: int) -> list[int]:
        return sorted({count * place // most for place in range(most)})

    inner = space.grid.inner
    for structure in spread(space.grid.size // inner, STRUCTURES):
        rows = [structure * inner + row for row in spread(inner, EACH)]
        yield from space.chosen(np.array(rows, np.int64))


class _Kept:
    """What has to be kept of the variants so far."""

    def __init__(self, question: Question, most: int) -> None:
        self.question, self.most = question, most
        self.rows: Any = None
        """Of the front so far."""
        self.values: Any = None
        self.first_rows: Any = None
        self.first_values: Any = None
        self.nearest: int | None = None
        self._distance = float("inf")

    def add(self, batch: Batch, met: Any, total: int) -> None:
        import numpy as np

        chosen = np.flatnonzero(met)
        if not total:
            self._near(batch)
        if not len(chosen):
            return
        rows = batch.rows[chosen]
        if not self.question.objectives:
            if self.first_rows is None or len(self.first_rows) < self.most:
                so_far = [] if self.first_rows is None else [self.first_rows]
                self.first_rows = np.concatenate([*so_far, rows])[: self.most]
            return
        costs = np.stack([self._column(batch, i)[chosen] for i in self._objectives()], axis=1)
        known = np.logical_and.reduce([costs[:, i] != _LAST for i in self._objectives()])
        rows, costs = rows[known], costs[known]
        self._best(rows, costs)
        self._front(rows, costs)

    def _objectives(self) -> range:
        return range(len(self.question.objectives))

    def _column(self, batch: Batch, place: int) -> Any:
        """An objective, the smaller the better."""
        import numpy as np

        name, largest = self.question.objectives[place]
        column = values(batch, name)
        if column is None:
            return np.full(len(batch.rows), _LAST, object)
        return np.where(column == MISSING, _LAST, -column if largest else column)

    def _best(self, rows: Any, values: Any) -> None:
        import numpy as np

        if self.first_rows is not None:
            rows = np.concatenate([self.first_rows, rows])
            values = np.concatenate([self.first_values, values])
        order = np.argsort(values[:, 0], kind="stable")[: self.most]
        self.first_rows, self.first_values = rows[order], values[order]

    def _front(self, rows: Any, values: Any) -> None:
        import numpy as np

        if self.rows is not None:
            rows = np.concatenate([self.rows, rows])
            values = np.concatenate([self.values, values])
        keep = undominated(values)
        self.rows, self.values = rows[keep], values[keep]

    def _near(self, batch: Batch) -> None:
        """The valid variant that exceeds conditions and budgets by the smallest share in all."""
        import numpy as np

        far = self.question.distance(batch)
        place = int(np.argmin(far))
        if far[place] < self._distance:
            self._distance, self.nearest = float(far[place]), int(batch.rows[place])

    def front(self) -> tuple[int, ...]:
        import numpy as np

        if self.rows is None:
            return ()
        order = np.lexsort(self.values.T[::-1].astype(np.int64))
        return tuple(int(row) for row in self.rows[order])

    def best(self) -> tuple[int, ...]:
        return () if self.first_rows is None else tuple(int(row) for row in self.first_rows)


_LAST = 1 << 62
"""Stands for an objective that a variant does not have."""


def undominated(values: Any) -> Any:
    """Which rows no other one is at least as small as everywhere; of equal ones the first."""
    import numpy as np

    left, kept = np.lexsort(values.T[::-1].astype(np.int64)), []
    if values.shape[1] <= 2:  # in this order what comes before is as small in the first
        last = values[left, -1]
        better = last[1:] < np.minimum.accumulate(last)[:-1]
        return np.sort(left[np.concatenate([[True], better])[: len(left)]])
    while len(left):
        first, rest = left[0], left[1:]
        kept.append(first)
        left = rest[np.any(values[rest] < values[first], axis=1)]
    return np.sort(np.array(kept, dtype=np.int64))
