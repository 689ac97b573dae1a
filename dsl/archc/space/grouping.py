"""Greedy plans for many variants at once: which of them are made in the same order.

Where a greedy plan puts a block depends only on the blocks that are alive together with it and come
before it. So rows are grouped by the order of those pairs alone, and in a group each block is
placed for all rows at once.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from archc.space.trace import LARGEST, Form, Near, Trace, summed

BITS = 62
"""Of an int64 that hold the order of a pair each."""


class Order:
    """The order in which blocks are placed: by weight, the largest first.

    Args:
        trace: the run that the weights are of.
        weights: by block.
        ties: the order of blocks of one weight.
        near: which blocks are alive together with each.
    """

    def __init__(
        self, trace: Trace, weights: Sequence[Form], ties: Sequence[int], near: Near
    ) -> None:
        self.rank = {index: place for place, index in enumerate(ties)}
        self._open = self._pairs(trace, weights, near)
        """(a, b): b comes first where they are equal."""

    def _pairs(self, trace: Trace, weights: Sequence[Form], near: Near) -> list[tuple[int, int]]:
        """The pairs alive together of which not always the same one comes first."""
        found = []
        for a, others in enumerate(near):
            for b in others:
                if self.rank[b] > self.rank[a] or weights[a] == weights[b]:
                    continue
                terms = summed(weights[a].terms, 1, weights[b].terms, -1)
                difference = Form(terms, weights[a].constant - weights[b].constant)
                low, high = trace.bounds(difference)
                if low <= 0 < high:
                    found.append((a, b))
        return found

    def of(self, weights: Sequence[Any]) -> list[int]:
        """The order for the first of the rows."""
        return sorted(range(len(weights)), key=lambda i: (-weights[i][0], self.rank[i]))

    def groups(self, weights: Sequence[Any]) -> Iterator[Any]:
        """The rows, those with one order together; a slice where that is all of them."""
        import numpy as np

        codes = self._codes(weights)
        if codes is None or codes.min() == codes.max():
            yield slice(None)
            return
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        yield from np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1)

    def _codes(self, weights: Sequence[Any]) -> Any:
        """A number for each row that tells the order of the pairs which are open."""
        import numpy as np

        words = []
        for start in range(0, len(self._open), BITS):
            word = np.zeros(len(weights[0]), np.int64)
            for a, b in self._open[start : start + BITS]:
                word <<= 1
                word |= weights[a] > weights[b]
            words.append(word)
        if len(words) < 2:
            return words[0] if words else None
        return np.unique(np.stack(words, 1), axis=0, return_inverse=True)[1].ravel()


def spread(values: Sequence[Any], most: int) -> tuple[list[Any], tuple[int, ...]]:
    """Arrays of whole numbers as rows, in the smallest type that holds their sums; and the shape
    that the rows have, which is 1 along a dimension that makes no difference.

    Args:
        values: arrays that broadcast together, or numbers.
        most: what their sum is at the most.
    """
    import numpy as np

    kind: Any = np.int32 if most < 1 << 30 else np.int64 if most < LARGEST else object
    made = [np.asarray(value, kind) for value in values]
    shape = np.broadcast_shapes(*[each.shape for each in made])
    for place in range(-len(shape), 0) if len(shape) > 1 else ():
        own = [each for each in made if each.ndim >= -place and each.shape[place] > 1]
        if own and all(each.size == each.shape[place] for each in own):
            tops = [each.ravel() for each in own]
            if all(np.count_nonzero(each == each[0]) == each.size for each in tops):
                made = [each.take([0], place) if each.ndim >= -place else each for each in made]
    shape = np.broadcast_shapes((1,), *[each.shape for each in made])
    return [np.broadcast_to(each, shape).ravel() for each in made], shape


def clear(start: int, size: Any, taken: Sequence[tuple[Any, Any]]) -> Any:
    """The lowest place from some start on where as many bytes are free: of each row, or a number
    that all have.

    Args:
        start: of all rows.
        size: of each.
        taken: (start, end) of what is placed, of each row or of all; nothing is taken where end is
            not above 0.
    """
    import numpy as np

    offset: Any = start
    moved = True
    while moved:
        moved = False
        for low, high in taken:
            under = offset < high
            if not np.count_nonzero(under):
                continue
            under = under & (offset + size > low)
            count = np.count_nonzero(under)
            if count:
                offset = high if count == under.size else np.where(under, high, offset)
                moved = len(taken) > 1
    return offset
