"""The plan of an arena for many variants at once (`archc.space.grouping`)."""

from collections.abc import Sequence
from functools import reduce
from operator import getitem
from typing import Any

from archc.analysis.arena import Block, plan_end
from archc.analysis.latency.arithmetic import Arithmetic
from archc.space.grouping import Order, Span, clear, spread
from archc.space.trace import LARGEST, Trace


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

        rows, shape = spread(sizes, self.most, on)
        groups = self.order.groups(rows, on)
        if not groups:
            made = self._place(rows, self.order.of(rows, 0), on)
            return made.astype(np.int64 if self.most < LARGEST else object).reshape(shape)
        made = np.empty(len(rows[0]), np.int64 if self.most < LARGEST else object)
        for group in groups:
            inside = [on.kept(getitem, row, group) for row in rows]
            made[group] = self._place(inside, self.order.of(inside, 0), on)
        return made.reshape(shape)

    def _place(self, sizes: Sequence[Any], order: Sequence[int], on: Arithmetic) -> Any:
        """The ends for rows that have one order."""
        import numpy as np

        placed: dict[int, Span] = {}
        for index in order:
            taken = [placed[other] for other in self.near[index] if other in placed]
            placed[index] = on.kept(_stacked, sizes[index], *taken)
        return reduce(np.maximum, [span.end for span in placed.values()])


def _stacked(size: Any, *taken: Span) -> Span:
    """Where blocks lie that are the next of each plan."""
    start = clear(0, size, taken)
    return Span(start, start + size if taken else size)
