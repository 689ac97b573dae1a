"""Greedy plans for many variants at once: which of them are made in the same order.

Where a greedy plan puts a block depends only on the blocks that are alive together with it and come
before it. So rows are grouped by the order of those pairs alone, and in a group each block is
placed for all rows at once.
"""

from collections.abc import Sequence
from typing import Any

from archc.analysis.latency.arithmetic import Arithmetic
from archc.space.atoms import LARGEST, Form, Near, summed
from archc.space.trace import Trace
from archc.typed import NamedTuple

BITS = 62
"""Of an int64 that hold the order of a pair each."""
ALL = slice(None)
"""The group of all rows."""


class Span(NamedTuple):
    """Where a block lies, in one row or in each; it takes nothing where the end is not above 0."""

    start: Any
    end: Any


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

    def of(self, weights: Sequence[Any], group: Any) -> list[int]:
        """The order for a group of rows."""
        row = 0 if group is ALL else group[0]
        own = [each.item(row) for each in weights]
        return sorted(range(len(own)), key=lambda index: (-own[index], self.rank[index]))

    def groups(self, weights: Sequence[Any], on: Arithmetic) -> tuple[Any, ...]:
        """The indices of rows, those with one order together; none where `ALL` have one."""
        orders = [on.kept(_above, weights[a], weights[b]) for a, b in self._open]
        differ = [each for each in orders if each is not None]
        groups: tuple[Any, ...] = on.kept(_grouped, *differ) if differ else ()
        return groups if len(groups) > 1 else ()


def _above(one: Any, other: Any) -> Any:
    """Where a weight is above another one; None where that is so of all rows, or of none."""
    import numpy as np

    above = one > other
    return above if 0 < np.count_nonzero(above) < above.size else None


def _grouped(*orders: Any) -> tuple[Any, ...]:
    """The indices of the rows by the orders of pairs."""
    import numpy as np

    words = []
    for start in range(0, len(orders), BITS):
        word = np.zeros(orders[0].size, np.int64)
        for order in orders[start : start + BITS]:
            word <<= 1
            word |= order.ravel()
        words.append(word)
    codes = words[0]
    if len(words) > 1:
        codes = np.unique(np.stack(words, 1), axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    return tuple(np.split(order, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))


def spread(values: Sequence[Any], most: int, on: Arithmetic) -> list[Any]:
    """Arrays of whole numbers with all rows, in the smallest type that holds their sums, and of one
    shape, which is 1 along a dimension that makes no difference.

    Args:
        values: arrays that broadcast together, or numbers.
        most: what their sum is at the most.
        on: what remembers arrays.
    """
    import numpy as np

    kind: Any = np.int32 if most < 1 << 30 else np.int64 if most < LARGEST else object
    shapes = [getattr(each, "shape", ()) for each in values]
    shape = [*np.broadcast_shapes((1,), *dict.fromkeys(shapes))]
    for place in range(-len(shape), 0) if len(shape) > 1 else ():
        pairs = zip(values, shapes, strict=True)
        own = [each for each, size in pairs if len(size) >= -place and size[place] > 1]
        if own and all(each.size == each.shape[place] for each in own):
            tops = [each.ravel() for each in own]
            if all(np.count_nonzero(each == each[0]) == each.size for each in tops):
                shape[place] = 1
    return [on.kept(_row, each, kind, *shape) for each in values]


def _row(value: Any, kind: Any, *shape: int) -> Any:
    """A number of variants of some shape."""
    import numpy as np

    made = np.asarray(value, kind)
    for place in range(-made.ndim, 0):
        if made.shape[place] > shape[place]:  # which makes no difference
            made = made.take([0], place)
    return np.ascontiguousarray(np.broadcast_to(made, shape))


def clear(start: int, size: Any, taken: Sequence[Span]) -> Any:
    """The lowest place from some start on where as many bytes are free: of each row, or a number
    that all have.

    Args:
        start: of all rows.
        size: of each.
        taken: what is placed.
    """
    import numpy as np

    offset: Any = start
    moved = True
    while moved:
        moved, above = False, []
        for span in taken:
            under = offset < span.end
            before = np.count_nonzero(under)
            if not before:
                continue
            under = under & (offset + size > span.start)
            count = np.count_nonzero(under)
            if count:
                offset = span.end if count == under.size else np.where(under, span.end, offset)
                moved = len(taken) > 1
            if count < before:
                above.append(span)
        taken = above
    return offset
