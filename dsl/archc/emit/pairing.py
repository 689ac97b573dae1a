"""Which layers of two networks are the same ones where their names cannot tell: a model file names
its layers as whatever wrote it did."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

CELLS = 1_000_000
"""How large the table of an alignment may be, in cells: about a second's work. Of larger networks
only what is equal at the start and at the end is paired."""


def paired(before: Sequence[Row], after: Sequence[Row]) -> dict[str, str]:
    """The names of the second network's layers that have another name in the first, to that name.

    Layers of equal names are each other's. Of the others those are that have the same operator,
    output shape and MACs, in the same order (a longest common subsequence), and between them those
    that differ only in shape, or only in operator, in runs of equal length.
    """
    if [_kind(row) for row in before] == [_kind(row) for row in after]:
        return _renamed(zip(before, after, strict=True))
    shared = {row["name"] for row in before} & {row["name"] for row in after}
    keys = [[_key(row, shared) for row in rows] for rows in (before, after)]
    pairs: list[tuple[Row, Row]] = []
    ends = (-1, -1)
    for anchor in (*_aligned(*keys), (len(before), len(after))):
        old = [row for row in before[ends[0] + 1 : anchor[0]] if row["name"] not in shared]
        new = [row for row in after[ends[1] + 1 : anchor[1]] if row["name"] not in shared]
        if any(_column(old, name) == _column(new, name) for name in ("class_name", "output_shape")):
            pairs += zip(old, new, strict=True)
        if anchor[0] < len(before):
            pairs.append((before[anchor[0]], after[anchor[1]]))
        ends = anchor
    return _renamed(pairs)


def _kind(row: Row) -> tuple[Any, ...]:
    return row["class_name"], row["output_shape"]


def _key(row: Row, shared: set[str]) -> tuple[Any, ...]:
    return (row["name"],) if row["name"] in shared else (*_kind(row), row["macs"])


def _column(rows: Sequence[Row], name: str) -> list[Any]:
    return [row[name] for row in rows]


def _renamed(pairs: Iterable[tuple[Row, Row]]) -> dict[str, str]:
    return {new["name"]: old["name"] for old, new in pairs if new["name"] != old["name"]}


def _aligned(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """Indices of a longest common subsequence, in order."""
    short = min(len(old), len(new))
    start = next((i for i in range(short) if old[i] != new[i]), short)
    end = next((i for i in range(short - start) if old[-1 - i] != new[-1 - i]), short - start)
    yield from ((index, index) for index in range(start))
    rows, columns = len(old) - start - end, len(new) - start - end
    if rows * columns <= CELLS:
        inner = _common(old[start : start + rows], new[start : start + columns])
        yield from ((start + i, start + j) for i, j in inner)
    yield from ((len(old) - i, len(new) - i) for i in range(end, 0, -1))


def _common(old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[int, int]]:
    """The same by the usual table: the longest of what is left from each pair of places on."""
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            lengths[i][j] = (
                lengths[i + 1][j + 1] + 1
                if old[i] == new[j]
                else max(lengths[i + 1][j], lengths[i][j + 1])
            )
    i = j = 0
    while i < len(old) and j < len(new):
        if old[i] == new[j]:
            yield i, j
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
