"""What a space holds: counts, the spread of costs within the budgets, what each parameter moves."""

from collections.abc import Iterator
from typing import Any

from archc.space.dimensions import Dimension
from archc.space.engine import Batch, Space
from archc.space.question import Question
from archc.typed import NamedTuple

COSTS = ("params", "macs", "weight_bytes", "peak_activation_bytes", "arena_bytes")
MOST = 1 << 22
"""Values of MACs that are kept; of more every other one is left out, as often as it takes."""
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
    macs: float | None
    """The mean of those."""


class Summary(NamedTuple):
    variants: int
    networks: int
    valid: int
    doubtful: int
    """Of the valid ones, of which only a plan of buffers tells whether memory is enough."""
    within: int
    quantiles: tuple[tuple[float, int], ...]
    """(share, MACs) of the variants within."""
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
        self.networks, self.within, self.macs = (np.zeros(size) for _ in range(3))
        self.sums = {cost: np.zeros(size) for cost in COSTS}

    def add(self, batch: Batch, met: Any) -> None:
        import numpy as np

        size = self.dimension.size
        index = batch.rows // self.stride % size
        own = index[batch.network]
        self.networks += np.bincount(own, minlength=size)
        self.within += np.bincount(index[met], minlength=size)
        if not len(own):
            return
        for cost, sums in self.sums.items():
            column = batch.figures[cost].astype(float)
            sums += np.bincount(own, column[batch.network], size)
        macs = batch.figures["macs"].astype(float)
        self.macs += np.bincount(index[met], macs[met], size)

    def values(self) -> tuple[Value, ...]:
        return tuple(
            Value(
                self.dimension.text(place),
                int(self.networks[place]),
                int(within),
                self.macs[place] / within if within else None,
            )
            for place, within in enumerate(self.within)
        )


def summary(space: Space, batches: Iterator[Batch], question: Question) -> Summary:
    """A summary of some batches, in one pass and bounded memory."""
    import numpy as np

    grid, stride, every = space.grid, 1, []
    for dimension in reversed(grid.dimensions):
        every.append(_Sums(dimension, stride))
        stride *= dimension.size
    counts = np.zeros(5, np.int64)
    total, squares = (dict.fromkeys(COSTS, 0.0) for _ in range(2))
    kept: list[Any] = []
    size, step = 0, 1
    for batch in batches:
        met = question.holds(batch)
        valid = batch.valid.sum()
        counts += [len(batch.rows), batch.network.sum(), valid, batch.doubtful, met.sum()]
        for sums in every:
            sums.add(batch, met)
        if batch.network.any():
            for cost in COSTS:
                column = batch.figures[cost][batch.network].astype(float)
                total[cost] += column.sum()
                squares[cost] += (column * column).sum()
        if met.any():
            kept.append(batch.figures["macs"][met][::step])
            size += len(kept[-1])
            if size > MOST:
                kept, step = [np.concatenate(kept)[::2]], step * 2
                size = len(kept[0])
    macs = np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)
    quantiles = tuple(
        (share, int(macs[min(int(share * len(macs)), len(macs) - 1)]))
        for share in (QUANTILES if len(macs) else ())
    )
    every.reverse()
    variants, networks, valid, doubtful, within = counts.tolist()
    return Summary(
        variants,
        networks,
        valid,
        doubtful,
        within,
        quantiles,
        step > 1,
        tuple(_moved(sums, cost, total, squares) for sums in every for cost in COSTS),
        {sums.dimension.name: sums.values() for sums in every},
    )


def _moved(sums: _Sums, cost: str, total: dict[str, float], squares: dict[str, float]) -> Moved:
    import numpy as np

    there = sums.networks > 0
    if not there.any():
        return Moved(sums.dimension.name, cost, None, 0, 0)
    counts = sums.networks[there]
    means = sums.sums[cost][there] / counts
    mean = total[cost] / counts.sum()
    variance = squares[cost] / counts.sum() - mean**2
    between = float(np.average((means - mean) ** 2, weights=counts))
    share = None if variance <= 1e-9 * max(mean**2, 1) else min(between / variance, 1.0)
    return Moved(sums.dimension.name, cost, share, float(means.min()), float(means.max()))
