"""Which parts of two networks are the same: operators of a file, or layers of a model.

Structure decides, names do not: both lists are in the order of execution, and what is equal in
kind and shape is paired.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

CELLS = 1_000_000
"""Largest table that is filled; two lists that differ over more are paired one by one."""
_SAME, _ALIKE, _GAP = 4, 2, -1
MANY = 4
"""Differences that are better listed, however small the networks are."""
RELATED = 0.42
"""Likeness, as a share of the longer network, below which two networks are unrelated. Of the
shipped and MLPerf Tiny networks those of different families reach 0.41, but for MobileNetV1 and its
relative for person detection (0.46); three random edits of one leave 0.42 or more
(`tests/verify/test_align.py`)."""


class Item(NamedTuple):
    """An operator or layer, as far as lists are compared."""

    operator: str
    """Its kind: the operator's name in TFLite, or the class of the Keras layer."""
    shape: tuple[int, ...]


Pair = tuple[int | None, int | None]


class Alignment(NamedTuple):
    """Two lists side by side."""

    pairs: tuple[Pair, ...]
    """Pairs of indices in order; None stands for what the other list does not have."""
    moved: tuple[tuple[int, int], ...]
    """Those of the pairs that are equal but stand in another order."""

    @property
    def matched(self) -> list[tuple[int, int]]:
        """The indices of what both lists have."""
        return [(a, b) for a, b in self.pairs if a is not None and b is not None]


def align(expected: Sequence[Item], found: Sequence[Item]) -> Alignment:
    """Pair two lists.

    An alignment of the highest score (Needleman and Wunsch, 1970): equal operators with equal
    shapes count most, equal ones with other shapes less, and different ones are never paired.
    What is then left over on both sides and equal has moved, and is paired too. Lists of the same
    parts in another order are paired by those alone.
    """
    same = Counter(expected) == Counter(found)
    pairs = _only_equal(expected, found) if same else _in_order(expected, found)
    free: dict[Item, list[int]] = {}
    for a, b in reversed(pairs):
        if a is None and b is not None:
            free.setdefault(found[b], []).append(b)
    moved = {
        a: free[expected[a]].pop()
        for a, b in pairs
        if a is not None and b is None and free.get(expected[a])
    }
    taken = set(moved.values())
    kept = tuple(
        (a, moved.get(a)) if a is not None and b is None else (a, b)
        for a, b in pairs
        if a is not None or b not in taken
    )
    return Alignment(kept, tuple(moved.items()))


def canonical(reads: Sequence[Sequence[int]], params: Sequence[int]) -> list[int]:
    """An order of execution that depends on structure alone, as numbers.

    Depth first from what nothing reads. Of several branches the one with more before it comes
    first, then the one with more parameters, then the one that is read first: so the order in
    which a merge names its branches does not matter where they can be told apart.

    Args:
        reads: for every part the numbers of those that it reads; those not before it do not count.
        params: parameters of each.
    """
    reads = [[one for one in sources if one < number] for number, sources in enumerate(reads)]
    before: list[int] = []  # a set of numbers as the bits of one integer
    weight: list[int] = []
    for number, sources in enumerate(reads):
        earlier = 0
        for source in sources:
            earlier |= before[source] | 1 << source
        before.append(earlier)
        weight.append(params[number] + sum(weight[source] for source in set(sources)))
    read = {source for sources in reads for source in sources}
    key = {n: (-before[n].bit_count(), -weight[n]) for n in range(len(reads))}
    ends = sorted((n for n in range(len(reads)) if n not in read), key=key.__getitem__)
    order: dict[int, None] = {}
    stack = [(end, False) for end in reversed(ends)]
    while stack:
        number, ready = stack.pop()
        if ready:
            order[number] = None
        elif number not in order:
            stack.append((number, True))
            sources = sorted(dict.fromkeys(reads[number]), key=key.__getitem__)
            stack += [(source, False) for source in reversed(sources)]
    return list(order)


def unrelated(
    expected: Sequence[Item],
    found: Sequence[Item],
    alignment: Alignment,
    ignored: frozenset[str] = frozenset(),
) -> bool:
    """Whether two networks are so different that a list of differences would say nothing.

    Args:
        expected: one list.
        found: the other.
        alignment: of both.
        ignored: kinds that do not count where only the second list has them.
    """
    extra = [b for a, b in alignment.pairs if a is None and b is not None]
    left = sum(found[b].operator in ignored for b in extra)
    longer = max(len(expected), len(found) - left)
    score = likeness(expected, found, alignment)
    return score < RELATED * longer and longer - score >= MANY


def likeness(expected: Sequence[Item], found: Sequence[Item], alignment: Alignment) -> float:
    """How much of two networks is the same: what is paired counts 1 where shapes are equal and a
    half where they are not."""
    return sum(1.0 if expected[a] == found[b] else 0.5 for a, b in alignment.matched)


def _only_equal(expected: Sequence[Item], found: Sequence[Item]) -> list[Pair]:
    """Equal parts that stand in the same place; all others left over."""
    pairs: list[Pair] = []
    for place, (a, b) in enumerate(zip(expected, found, strict=True)):
        pairs += [(place, place)] if a == b else [(place, None), (None, place)]
    return pairs


def _in_order(expected: Sequence[Item], found: Sequence[Item]) -> list[Pair]:
    start = 0
    while start < min(len(expected), len(found)) and expected[start] == found[start]:
        start += 1
    end = 0
    rest = min(len(expected), len(found)) - start
    while end < rest and expected[-1 - end] == found[-1 - end]:
        end += 1
    head: list[Pair] = [(i, i) for i in range(start)]
    middle = _middle(expected[start : len(expected) - end], found[start : len(found) - end])
    tail: list[Pair] = [(len(expected) - i, len(found) - i) for i in range(end, 0, -1)]
    shifted = [
        (None if a is None else a + start, None if b is None else b + start) for a, b in middle
    ]
    return [*head, *shifted, *tail]


def _middle(expected: Sequence[Item], found: Sequence[Item]) -> list[Pair]:
    rows, columns = len(expected), len(found)
    if rows * columns > CELLS:
        return _one_by_one(expected, found)
    best = [[_GAP * j for j in range(columns + 1)]]
    for i, item in enumerate(expected):
        above = best[-1]
        row = [_GAP * (i + 1)]
        for j, other in enumerate(found):
            score = max(above[j + 1], row[j]) + _GAP
            if item.operator == other.operator:
                alike = _SAME if item.shape == other.shape else _ALIKE
                score = max(score, above[j] + alike)
            row.append(score)
        best.append(row)
    pairs: list[Pair] = []
    i, j = rows, columns
    while i or j:
        if i and j and expected[i - 1].operator == found[j - 1].operator:
            alike = _SAME if expected[i - 1].shape == found[j - 1].shape else _ALIKE
            if best[i][j] == best[i - 1][j - 1] + alike:
                i, j = i - 1, j - 1
                pairs.append((i, j))
                continue
        if i and best[i][j] == best[i - 1][j] + _GAP:
            i -= 1
            pairs.append((i, None))
        else:
            j -= 1
            pairs.append((None, j))
    return pairs[::-1]


def _one_by_one(expected: Sequence[Item], found: Sequence[Item]) -> list[Pair]:
    pairs: list[Pair] = []
    for i in range(max(len(expected), len(found))):
        a = i if i < len(expected) else None
        b = i if i < len(found) else None
        if a is not None and b is not None and expected[i].operator == found[i].operator:
            pairs.append((a, b))
        else:
            pairs += [pair for pair in ((a, None), (None, b)) if pair != (None, None)]
    return pairs
