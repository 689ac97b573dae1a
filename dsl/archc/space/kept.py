"""What is kept for the next structures: results of operations on symbolic numbers, and of parts of
runs with all that these asked of the run."""

from collections.abc import Callable
from typing import Any

Operation = Callable[[Any, Any], Any]

WAYS = 8
"""So many results for the same inputs are kept, which differ in the answers to questions."""
OPERATIONS: list[str] = []
"""Those of which each number keeps the results."""
NOTHING: dict[Any, Any] = {}
"""The results of an operation that a number has not met: never changed."""


def kept(slow: Operation) -> Operation:
    """An operation that depends on no guard: what it gave once it gives again."""
    place = len(OPERATIONS)
    OPERATIONS.append(slow.__name__)

    def fast(self: Any, other: Any) -> Any:
        kind = type(other)
        if kind is int:
            key = other
        elif kind is type(self):
            key = other.key
        else:
            return slow(self, other)
        made = self.results[place].get(key)
        if made is None:
            made = slow(self, other)
            if self.results[place] is NOTHING:
                self.results[place] = {}
            self.results[place][key] = made
            self.trace.size += 1
        return made

    return fast


Asked = tuple[Callable[[Any], Any], Any, Any]
"""What depends on the guards of a run, or its witness: a question, what it is about, the answer."""


class Memory:
    """What parts of runs gave."""

    def __init__(self) -> None:
        self.size = 0
        """How much is kept, in results of operations on numbers."""
        self.asked: list[Asked] = []
        """What this run asked so far."""
        self._kept: dict[object, list[tuple[tuple[Asked, ...], Any]]] = {}

    def keep(self, key: object, since: int, made: object, size: int) -> None:
        """Keep what a part of the run gave.

        Args:
            key: tells its inputs from all others; numbers in it are told by their own keys.
            since: how much had been asked when it began.
            made: what it gave.
            size: how many results it counts as.
        """
        ways = self._kept.setdefault(key, [])
        asked = {id(each[1]): each for each in self.asked[since:]}  # each question once
        ways.append((tuple(asked.values()), made))
        self.size += size
        if len(ways) > WAYS:
            del ways[0]

    def recall(self, key: object, fits: Callable[[Any], bool] | None = None) -> Any:
        """What was kept and fits, if all that was asked on the way has the same answers; else
        None. Whoever then computes it asks the same, as far as the answers were the same."""
        for asked, made in self._kept.get(key, ()):
            if fits is not None and not fits(made):
                continue
            for ask, about, answer in asked:
                if ask(about) != answer:
                    break
            else:
                return made
        return None
