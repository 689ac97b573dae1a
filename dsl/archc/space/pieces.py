"""A pass through a space cut into pieces, each of which any process can evaluate."""

from collections.abc import Callable, Iterator
from itertools import chain, groupby, islice
from typing import Any

from archc.space.engine import BOX, Batch, Space
from archc.typed import NamedTuple

SHARE = 8
"""Pieces for each process, where there are structures enough, so that all end at about the same
time."""
EACH = 16
"""Structures in a piece at the most."""


class Piece(NamedTuple):
    """What a process evaluates at a time."""

    parts: tuple[Any, ...]
    """Variants as `Space.over` takes them."""
    split: bool
    """Whether it is a part of a structure."""


class Wanted(NamedTuple):
    """What is wanted of each batch."""

    columns: frozenset[str]
    """The figures."""
    formed: Callable[[Batch], Any] | None = None
    """What is written of one."""

    def of(self, batch: Batch) -> Batch:
        figures = {name: each for name, each in batch.figures.items() if name in self.columns}
        formed = self.formed(batch) if self.formed else None
        return batch._replace(figures=figures, formed=formed)


class Evaluated(NamedTuple):
    """What came of a piece."""

    batches: list[Batch]
    classes: int
    """How many were met; of a structure that is split, by this process for the first time."""
    met: list[int]
    """Of a structure that is split a variant of each of these."""


class Lost(Exception):
    """A worker gave no result: it did not start, was killed, or ran out of memory."""


def pieces(space: Space, rows: Any, jobs: int) -> Iterator[Piece]:
    """The variants that `Space.over` takes, in order and in as many batches.

    Args:
        space: it.
        rows: a range, or an array of numbers.
        jobs: how many processes there are to be.
    """
    if not len(rows):
        return
    inner = space.grid.inner
    structures = int(rows[-1]) // inner - int(rows[0]) // inner + 1
    most = max(1, min(EACH, structures // (SHARE * jobs)))
    kept: list[Any] = []
    given = 0
    for _, own in groupby(space.parts(rows), lambda part: int(part[0]) // inner):
        first, *second = islice(own, 2)
        few = min(most, 1 + given // jobs)  # one at first, so that something is known soon
        full = len(kept) == few or sum(map(len, kept)) + len(first) > BOX
        if kept and (second or full):
            yield Piece(tuple(kept), False)
            kept, given = [], given + 1
        if second:
            yield from (Piece((part,), True) for part in chain([first], second, own))
        else:
            kept.append(first)
    if kept:
        yield Piece(tuple(kept), False)


def evaluate(space: Space, piece: Piece, wanted: Wanted) -> Evaluated:
    """Evaluate a piece."""
    before, known = space.counted, dict(space.met)
    batches = [wanted.of(batch) for part in piece.parts for batch in space.over(part)]
    fresh = [row for each, row in space.met.items() if each not in known]
    return Evaluated(batches, space.counted - before, fresh if piece.split else [])


def taken(space: Space, piece: Piece, evaluated: Evaluated) -> Iterator[Batch]:
    """The batches of a piece that another process evaluated; its classes are counted here."""
    if piece.split:
        for row in evaluated.met:
            space.meet(space.of(row)[0], row)
    else:
        space.counted += evaluated.classes
    yield from evaluated.batches
