"""Variants that are within budget, found by their exact figures: before any work, and where the
sampler proposes nothing new."""

import random
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from archc.search.cost import Cost
from archc.space.clock import MISSING
from archc.space.engine import CHUNK, Batch, Space
from archc.space.question import Question, values

LOOKED = 200_000
"""Variants that are looked at in a larger space."""
STRUCTURES = 300
"""Structures of these at the most, each of which is traced."""
COMPILED = 2_000
"""Variants of a larger space that are compiled at the most to find one that is new."""
_ARRAY = 1 << 62
"""Numbers of variants above this are not looked at."""


class Survey(NamedTuple):
    """What is known of a space before anything is trained."""

    looked: int
    whole: bool
    """Whether these are all."""
    rows: Any
    """The variants within budget."""
    near: int | None
    """Where there are none: one that compiles, and breaks least."""


def survey(space: Space, question: Question, progress: Callable[[int], None]) -> Survey:
    """Look at the variants of a space, or at a part of them, always the same.

    Raises:
        Difference: a class is wrong.
    """
    import numpy as np

    rows: list[Any] = []
    looked, near, least = 0, None, float("inf")
    for batch in _batches(space):
        met = question.holds(batch) & _known(question, batch)
        rows.append(batch.rows[met])
        looked += len(batch.rows)
        if near is None or least > 0:
            far = question.distance(batch)
            place = int(np.argmin(far))
            if far[place] < least:
                least, near = float(far[place]), int(batch.rows[place])
        progress(looked)
    found = np.concatenate([*rows, np.zeros(0, np.int64)])
    return Survey(looked, looked == space.grid.size, found, None if len(found) else near)


def _known(question: Question, batch: Batch) -> Any:
    """Of which variants all figures that are objectives are known."""
    import numpy as np

    known = np.ones(len(batch.rows), bool)
    for each in question.objectives:
        column = values(batch, each.name)
        known &= False if column is None else column != MISSING
    return known


def _batches(space: Space) -> Iterator[Batch]:
    import numpy as np

    grid = space.grid
    structures = grid.size // max(grid.inner, 1)
    if grid.size <= LOOKED and structures <= STRUCTURES:
        yield from space.batches(0, grid.size)
        return
    if grid.size >= _ARRAY:
        return
    chance = random.Random(0)
    chosen = sorted(chance.sample(range(structures), min(structures, STRUCTURES)))
    share = max(LOOKED // len(chosen), 1)
    for structure in chosen:
        inner = range(structure * grid.inner, (structure + 1) * grid.inner)
        rows = sorted(chance.sample(inner, min(share, len(inner))))
        for start in range(0, len(rows), CHUNK):
            yield from space.chosen(np.array(rows[start : start + CHUNK], dtype=np.int64))


class Drawer:
    """Draws variants that are within budget and new, at random."""

    def __init__(self, survey: Survey, seed: int | None) -> None:
        self.rows = deque(int(row) for row in survey.rows)
        random.Random(seed).shuffle(self.rows)
        self.whole = survey.whole
        self._digests: dict[int, str] = {}

    def new(
        self,
        known: frozenset[str],
        costed: Callable[[int], Cost],
        stopped: Callable[[], bool],
    ) -> Cost | None:
        """One whose network is not known; None where there is none: among the next `COMPILED`, if
        these are not all variants.

        Args:
            known: digests of networks.
            costed: compiles a variant.
            stopped: whether to give up.
        """
        compiled = 0
        for _ in range(len(self.rows)):
            row = self.rows.popleft()
            if self._digests.get(row) in known:
                self.rows.append(row)
                continue
            if (compiled == COMPILED and not self.whole) or stopped():
                self.rows.appendleft(row)
                return None
            compiled += 1
            found = costed(row)
            self._digests[row] = found.digest
            self.rows.append(row)
            if found.digest not in known and not found.broken:
                return found
        return None
