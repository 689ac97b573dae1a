"""What a space holds: counts, the spread of costs within the budgets, what each parameter moves."""

from collections.abc import Iterator, Sequence
from typing import Any

from archc.analysis.latency_budget import LATENCY
from archc.space.clock import MISSING
from archc.space.dimensions import Dimension
from archc.space.engine import Batch, Space
from archc.space.question import Question, figure_column, values
from archc.typed import NamedTuple

COSTS = ("params", "macs", "weight_bytes", "peak_activation_bytes", "arena_bytes", LATENCY)
COLUMNS = frozenset(map(figure_column, COSTS))
"""The same as they are called in batches."""
SPREAD = ("macs", LATENCY)
"""Costs whose distribution is shown."""
MOST = 1 << 22
"""Variants of which these are kept; of more every other one is left out, as often as it takes."""
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


class Moved(NamedTuple):
    """What a parameter moves of a cost, over all variants with a network."""

    parameter: str
    cost: str
    share: float | None
    """Of the variance of the cost that the parameter explains by itself (its first-order Sobol
    index), from 0 to 1; None where the cost is the same throughout."""
    least: float
    """The lowest mean of the cost among the parameter's values."""
    most: float


class Value(NamedTuple):
    """The variants with one value of a parameter."""

    text: str
    networks: int
    within: int
    """Of these, how many compile within budgets and conditions."""
    means: dict[str, float | None]
    """Of these, by `SPREAD`."""


class Summary(NamedTuple):
    variants: int
    networks: int
    valid: int
    within: int
    quantiles: dict[str, tuple[tuple[float, float], ...]]
    """(share, cost) of the variants within, by `SPREAD`; of those of which it is known."""
    curves: dict[str, tuple[float, ...]]
    """The same at every hundredth from 0 to 1; empty where there are none."""
    thinned: bool
    """Whether those are of a part of them."""
    moved: tuple[Moved, ...]
    values: dict[str, tuple[Value, ...]]
    """By parameter."""


class _Sums:
    """Sums over the values of one parameter."""

    def __init__(self, dimension: Dimension, stride: int) -> None:
        import numpy as np

        self.dimension, self.stride = dimension, stride
        size = dimension.size
        self.networks, self.within = np.zeros(size), np.zeros(size)
        self.sums, self.counts = ({cost: np.zeros(size) for cost in COSTS} for _ in range(2))
        self.own, self.known = ({cost: np.zeros(size) for cost in SPREAD} for _ in range(2))
        """The same of the variants within."""

    def add(self, batch: Batch, met: Any, costs: dict[str, tuple[Any, Any]]) -> None:
        import numpy as np

        size = self.dimension.size
        index = batch.rows // self.stride % size
        self.networks += np.bincount(index[batch.network], minlength=size)
        self.within += np.bincount(index[met], minlength=size)
        for cost, (column, known) in costs.items():
            self.counts[cost] += np.bincount(index[known], minlength=size)
            self.sums[cost] += np.bincount(index[known], column[known], size)
        for cost in SPREAD:
            if cost in costs:
                column, known = costs[cost]
                own = met & known
                self.known[cost] += np.bincount(index[own], minlength=size)
                self.own[cost] += np.bincount(index[own], column[own], size)

    def values(self) -> tuple[Value, ...]:
        found = []
        for place, within in enumerate(self.within):
            means: dict[str, float | None] = {}
            for cost in SPREAD:
                known = self.known[cost][place]
                means[cost] = float(self.own[cost][place] / known) if known else None
            text = self.dimension.text(place)
            found.append(Value(text, int(self.networks[place]), int(within), means))
        return tuple(found)


class _Spread:
    """The values of a cost, thinned where they are too many."""

    def __init__(self) -> None:
        self.parts: list[Any] = []
        self.size, self.step = 0, 1

    def add(self, column: Any) -> None:
        import numpy as np

        self.parts.append(column[:: self.step])
        self.size += len(self.parts[-1])
        if self.size > MOST:
            self.parts, self.step = [np.concatenate(self.parts)[::2]], self.step * 2
            self.size = len(self.parts[0])

    def at(self, shares: Sequence[float]) -> tuple[float, ...]:
        """The values that so many are below."""
        import numpy as np

        if not self.size:
            return ()
        ordered = np.sort(np.concatenate(self.parts))
        last = len(ordered) - 1
        return tuple(ordered[min(int(share * len(ordered)), last)].item() for share in shares)

    def quantiles(self) -> tuple[tuple[float, float], ...]:
        return tuple(zip(QUANTILES, self.at(QUANTILES), strict=False))


def _costs(batch: Batch) -> dict[str, tuple[Any, Any]]:
    """Each cost of a batch, of time in milliseconds, and of which variants it is known."""
    found = {}
    for cost in COSTS:
        column = values(batch, cost)
        if column is not None:
            shown = column.astype(float)
            found[cost] = (shown / 1000 if cost == LATENCY else shown), column != MISSING
    return found


def summary(space: Space, batches: Iterator[Batch], question: Question) -> Summary:
    """A summary of some batches, in one pass and bounded memory. Ctrl-C ends the pass, not
    the summary."""
    import numpy as np

    grid, stride, every = space.grid, 1, []
    for dimension in reversed(grid.dimensions):
        every.append(_Sums(dimension, stride))
        stride *= dimension.size
    counts = np.zeros(4, np.int64)
    totals = {cost: np.zeros(3) for cost in COSTS}
    """How many, their sum and that of their squares."""
    spreads = {cost: _Spread() for cost in SPREAD}
    try:
        for batch in batches:
            met, costs = question.holds(batch), _costs(batch)
            counts += [len(batch.rows), batch.network.sum(), batch.valid.sum(), met.sum()]
            for sums in every:
                sums.add(batch, met, costs)
            for cost, (column, known) in costs.items():
                own = column[known]
                totals[cost] += [len(own), own.sum(), (own * own).sum()]
                if cost in SPREAD:
                    exact = column if cost == LATENCY else batch.figures[cost]
                    spreads[cost].add(exact[met & known])
    except KeyboardInterrupt:
        pass
    every.reverse()
    variants, networks, valid, within = counts.tolist()
    return Summary(
        variants,
        networks,
        valid,
        within,
        {cost: spread.quantiles() for cost, spread in spreads.items()},
        {cost: spread.at([each / 100 for each in range(101)]) for cost, spread in spreads.items()},
        any(spread.step > 1 for spread in spreads.values()),
        tuple(_moved(sums, cost, totals[cost]) for sums in every for cost in COSTS),
        {sums.dimension.name: sums.values() for sums in every},
    )


def _moved(sums: _Sums, cost: str, total: Any) -> Moved:
    import numpy as np

    there = sums.counts[cost] > 0
    if not there.any():
        return Moved(sums.dimension.name, cost, None, 0, 0)
    counts = sums.counts[cost][there]
    means = sums.sums[cost][there] / counts
    known, added, squares = total
    mean = added / known
    variance = squares / known - mean**2
    between = float(np.average((means - mean) ** 2, weights=counts))
    share = None if variance <= 1e-9 * max(mean**2, 1) else min(between / variance, 1.0)
    return Moved(sums.dimension.name, cost, share, float(means.min()), float(means.max()))
