"""The plan of an arena for many variants at once.

Where the greedy plan (`archc.analysis.arena`) puts a block depends only on the blocks that are
alive together with it and come before it. So rows are grouped by the order of those pairs alone,
and in a group each block is placed for all rows at once.
"""

from collections.abc import Sequence
from typing import Any

from archc.analysis.arena import Block, plan_end
from archc.space.trace import Form, Near, Trace

BITS = 62
"""Of an int64 that hold the order of a pair each."""


class Planner:
    """The plan of blocks of known lifetimes."""

    def __init__(self, trace: Trace, index: int) -> None:
        sizes, self.near = trace.atoms[index].args
        self.lives = trace.lives[self.near]
        self.open = _open(trace, sizes, self.near)

    def scalar(self, sizes: Sequence[int]) -> int:
        """The end of the plan for one variant."""
        return plan_end([Block(size, *life) for size, life in zip(sizes, self.lives, strict=True)])

    def arrays(self, sizes: Sequence[Any]) -> Any:
        """The ends of the plans for arrays of sizes, each rounded up."""
        import numpy as np

        rows = max(np.size(size) for size in sizes)
        wide = any(getattr(size, "dtype", None) == "O" for size in sizes)
        kind = object if wide else np.int64
        sizes = [np.broadcast_to(np.asarray(size, kind), (rows,)) for size in sizes]
        codes = self._codes(sizes)
        if codes is None or (codes == codes[0]).all():
            return self._place(sizes)
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        made = np.empty(rows, kind)
        for group in np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1):
            made[group] = self._place([size[group] for size in sizes])
        return made

    def _codes(self, sizes: Sequence[Any]) -> Any:
        """A number for each row that tells the order of the pairs which are open."""
        import numpy as np

        words = []
        for start in range(0, len(self.open), BITS):
            word = np.zeros(len(sizes[0]), np.int64)
            for bit, (a, b) in enumerate(self.open[start : start + BITS]):
                word |= (sizes[a] > sizes[b]).astype(np.int64) << bit
            words.append(word)
        if len(words) < 2:
            return words[0] if words else None
        return np.unique(np.stack(words, 1), axis=0, return_inverse=True)[1].ravel()

    def _place(self, sizes: Sequence[Any]) -> Any:
        """The ends for rows whose pairs have the order of the first row's."""
        import numpy as np

        starts: dict[int, Any] = {}
        ends: dict[int, Any] = {}
        top = np.zeros_like(sizes[0])
        for index in sorted(range(len(sizes)), key=lambda i: (-sizes[i][0], -i)):
            size = sizes[index]
            offset = np.zeros_like(size)
            before = [other for other in self.near[index] if other in starts]
            moved = bool(before)
            while moved:
                moved = False
                for other in before:
                    hit = (offset < ends[other]) & (offset + size > starts[other])
                    if hit.any():
                        offset = np.where(hit, ends[other], offset)
                        moved = len(before) > 1
            starts[index], ends[index] = offset, offset + size
            np.maximum(top, ends[index], out=top)
        return top


def _open(trace: Trace, sizes: Sequence[Form], near: Near) -> list[tuple[int, int]]:
    """The pairs alive together of which not always the same one comes first."""
    found = []
    for a, others in enumerate(near):
        for b in others:
            if a < b:
                first, second = sizes[a], sizes[b]
                if first == second:
                    continue
                terms = dict(first.terms)
                for atom, factor in second.terms:
                    terms[atom] = terms.get(atom, 0) - factor
                difference = Form(tuple(terms.items()), first.constant - second.constant)
                low, high = trace.bounds(difference)
                if low <= 0 < high:
                    found.append((a, b))
    return found
