"""The plan of an arena for many variants at once (`archc.space.grouping`)."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from archc.analysis.arena import Block, plan_end
from archc.analysis.latency.arithmetic import Arithmetic
from archc.space.atoms import LARGEST
from archc.space.grouping import ALL, Order, Span, clear, spread
from archc.space.trace import Trace


class Planner:
    """The plan of blocks of known lifetimes."""

    def __init__(self, trace: Trace, index: int) -> None:
        sizes, self.near = trace.atoms[index].args
        self.lives = trace.lives[self.near]
        self.most = sum([max(trace.bounds(size)[1], 0) for size in sizes])
        self.order = Order(trace, sizes, range(len(sizes))[::-1], self.near)

    def scalar(self, sizes: Sequence[int]) -> int:
        """The end of the plan for one variant."""
        return plan_end([Block(size, *life) for size, life in zip(sizes, self.lives, strict=True)])

    def arrays(self, sizes: Sequence[Any], on: Arithmetic) -> Any:
        """The ends of the plans for arrays of sizes, each rounded up, that broadcast together."""
        import numpy as np

        rows = spread(sizes, self.most, on)
        groups = self.order.groups(rows, on)
        made = np.empty(rows[0].size, np.int64 if self.most < LARGEST else object)
        for group in groups or (ALL,):
            made[group] = self._place(rows, group, on).ravel()
        return made.reshape(rows[0].shape)

    def _place(self, rows: Sequence[Any], group: Any, on: Arithmetic) -> Any:
        """The ends for a group of rows, which have one order."""
        import numpy as np

        placed: dict[int, Span] = {}
        for index in self.order.of(rows, group):
            taken = [placed[other] for other in self.near[index] if other in placed]
            placed[index] = on.kept(_stacked, rows[index], group, *taken)
        return reduce(np.maximum, [span.end for span in placed.values()])


def _stacked(row: Any, group: Any, *taken: Span) -> Span:
    """Where a block of some rows lies that is the next of their plans."""
    size = row if group is ALL else row.take(group)
    start = clear(0, size, taken)
    return Span(start, start + size if taken else size)
