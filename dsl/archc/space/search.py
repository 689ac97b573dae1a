"""Which variants of a space are best: one pass over all of them in bounded memory."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from archc.analysis.budgets import BUDGET_NAMES, quantity
from archc.space.engine import MISSING, Batch, Space, Variant
from archc.space.question import Question
from archc.typed import NamedTuple

COMPILED = 2_000
"""Variants that are compiled at the most where time is asked for."""


class Count(NamedTuple):
    """Of the variants looked at, in turn fewer."""

    looked: int = 0
    networks: int = 0
    valid: int = 0
    """That compile, budgets left aside."""
    doubtful: int = 0
    """Of these, of which only a plan of buffers tells whether memory is enough."""
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
    passed: tuple[int, ...] | None
    """All that meet the conditions, where time is asked for."""
    nearest: int | None
    """Where none meets all conditions: the valid variant that is nearest to it."""


class TooManyToCompile(Exception):
    """Time is asked for of more variants than can be compiled."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


Progress = Callable[[int], None]


def search(
    space: Space,
    batches: Iterator[Batch],
    question: Question,
    most: int,
    start: int,
    progress: Progress,
) -> Answer:
    """The best variants of some batches.

    Args:
        space: they are of.
        batches: in order.
        question: what is best.
        most: how many are kept by the first objective.
        start: the number of the first variant.
        progress: is told how many were looked at. Ctrl-C ends the pass, not the search.

    Raises:
        Difference: a class is wrong.
        TooManyToCompile: see `COMPILED`.
    """
    kept = _Kept(question, most)
    count, following = Count(), start
    try:
        for batch in batches:
            met = question.holds(batch)
            count = Count(
                count.looked + len(batch.rows),
                count.networks + int(batch.network.sum()),
                count.valid + int(batch.valid.sum()),
                count.doubtful + batch.doubtful,
                count.within + int((batch.valid & batch.within).sum()),
                count.met + int(met.sum()),
            )
            kept.add(batch, met, count.met)
            following = int(batch.rows[-1]) + 1
            progress(count.looked)
    except KeyboardInterrupt:
        pass
    passed = None
    if question.timed:
        front, best, passed = _timed(space, question, kept, most)
        count = count._replace(met=len(passed))
    else:
        front, best = kept.front(), kept.best()
    nearest = None if count.met else next(iter(kept.candidates), kept.nearest)
    return Answer(count, front, best, following, passed, nearest)


class _Kept:
    """What has to be kept of the variants so far."""

    def __init__(self, question: Question, most: int) -> None:
        self.question, self.most = question, most
        self.rows: Any = None
        self.values: Any = None
        self.first_rows: Any = None
        self.first_values: Any = None
        self.candidates: list[int] = []
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
        if self.question.timed:
            if len(self.candidates) + len(rows) > COMPILED:
                raise TooManyToCompile(total)
            self.candidates += [int(row) for row in rows]
            return
        if not self.question.objectives:
            if self.first_rows is None or len(self.first_rows) < self.most:
                so_far = [] if self.first_rows is None else [self.first_rows]
                self.first_rows = np.concatenate([*so_far, rows])[: self.most]
            return
        values = np.stack([self._column(batch, i)[chosen] for i in self._objectives()], axis=1)
        known = np.logical_and.reduce([values[:, i] != _LAST for i in self._objectives()])
        rows, values = rows[known], values[known]
        self._best(rows, values)
        self._front(rows, values)

    def _objectives(self) -> range:
        return range(len(self.question.objectives))

    def _column(self, batch: Batch, place: int) -> Any:
        """An objective, the smaller the better."""
        import numpy as np

        name, largest = self.question.objectives[place]
        column = batch.figures.get(name)
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

        far = np.zeros(len(batch.rows))
        for each in self.question.conditions:
            column = batch.figures.get(each.name)
            if column is not None:
                wrong = ~each.holds(column).astype(bool)
                limit = max(float(each.limit), 1.0)
                far += wrong * np.abs(column.astype(float) - float(each.limit)) / limit
        far[~batch.valid] = np.inf
        far[~batch.within] += 1
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

    order = np.lexsort(values.T[::-1].astype(np.int64))
    left, kept = order, []
    while len(left):
        first, rest = left[0], left[1:]
        kept.append(first)
        left = rest[np.any(values[rest] < values[first], axis=1)]
    return np.sort(np.array(kept, dtype=np.int64))


def _timed(
    space: Space, question: Question, kept: _Kept, most: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Front and best of compiled variants, and all that meet the conditions."""
    import numpy as np

    rows: list[int] = []
    values: list[list[Fraction]] = []
    for row in kept.candidates:
        figures = timed(space.compile(row))
        met = bool(figures) and all(
            each.name in figures and each.holds(figures[each.name]) for each in question.conditions
        )
        if met and all(each.name in figures for each in question.objectives):
            rows.append(row)
            values.append([figures[e.name] * (-1 if e.largest else 1) for e in question.objectives])
    if not question.objectives or not rows:
        return (), tuple(rows[:most]), tuple(rows)
    scaled = [[int(value * 1000) for value in each] for each in values]
    table = np.array(scaled, dtype=np.int64)
    front = [rows[i] for i in undominated(table)]
    order = sorted(range(len(rows)), key=lambda i: values[i])
    front.sort(key=lambda row: values[rows.index(row)])
    return tuple(front), tuple(rows[i] for i in order[:most]), tuple(rows)


def timed(variant: Variant) -> dict[str, Fraction]:
    """The figures of a compiled variant that conditions ask for, time included."""
    network = variant.network
    if network is None or any(found.level == "error" for found in variant.compilation.diagnostics):
        return {}
    found: dict[str, Fraction] = {}
    for name in BUDGET_NAMES:
        value = quantity(network.manifest, name)
        if value is not None:
            found[name] = Fraction(value)
    return found
