"""Which operators of two lists are the same."""

from collections.abc import Sequence
from typing import NamedTuple

CELLS = 1_000_000
"""Largest table that is filled; two lists that differ over more are paired one by one."""
_SAME, _ALIKE, _GAP = 4, 2, -1


class Item(NamedTuple):
    """An operator, as far as lists are compared."""

    operator: str
    shape: tuple[int, ...]


Pair = tuple[int | None, int | None]


def align(expected: Sequence[Item], found: Sequence[Item]) -> list[Pair]:
    """Pairs of indices in order; None stands for what the other list does not have.

    An alignment of the highest score (Needleman and Wunsch, 1970): equal operators with equal
    shapes count most, equal ones with other shapes less, and different ones are never paired.
    """
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
