"""The plan of an arena for many variants at once (`archc.space.grouping`)."""

from collections.abc import Sequence
from typing import Any

from archc.analysis.arena import Block, plan_end
from archc.space.grouping import Order, clear, spread
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

    def arrays(self, sizes: Sequence[Any]) -> Any:
        """The ends of the plans for arrays of sizes, each rounded up, that broadcast together."""
        import numpy as np

        sizes, shape = spread(sizes, self.most)
        made = np.empty(len(sizes[0]), np.int64 if self.most < LARGEST else object)
        for group in self.order.groups(sizes):
            made[group] = self._place([size[group] for size in sizes])
        return made.reshape(shape)

    def _place(self, sizes: Sequence[Any]) -> Any:
        """The ends for rows whose pairs have the order of the first row's."""
        import numpy as np

        placed: dict[int, tuple[Any, Any]] = {}
        top = np.zeros_like(sizes[0])
        for index in self.order.of(sizes):
            taken = [placed[other] for other in self.near[index] if other in placed]
            start = clear(0, sizes[index], taken)
            placed[index] = start, start + sizes[index]
            np.maximum(top, placed[index][1], out=top)
        return top
