"""Keys of dictionaries that symbolic numbers are part of."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from archc.space.symbolic import Number
from archc.space.trace import Trace

T = TypeVar("T")

LARGE = 4
"""So many results of operations take as much memory as what is computed of objects."""


class Key:
    """What a dictionary finds something by, numbers compared and never hashed. Of numbers those
    that are plain are compared first: what they tell apart needs no guard."""

    __slots__ = ("numbers", "rest")

    def __init__(self, parts: tuple[object, ...]) -> None:
        self.numbers: list[object] = []
        self.rest = self._apart(parts)
        """The parts without their numbers."""

    def _apart(self, parts: tuple[object, ...]) -> tuple[object, ...]:
        rest: list[object] = []
        for part in parts:
            if isinstance(part, tuple):
                rest.append(self._apart(part))
            elif isinstance(part, int | Fraction) and not isinstance(part, bool):
                self.numbers.append(part)
                rest.append(0)
            else:
                rest.append(part)
        return tuple(rest)

    def __hash__(self) -> int:
        return hash(self.rest)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Key) or self.rest != other.rest:
            return False
        open_ = []
        for a, b in zip(self.numbers, other.numbers, strict=True):
            if type(a) is Number or type(b) is Number:
                open_.append((a, b))
            elif a != b:
                return False
        return all(a == b for a, b in open_)

    def __repr__(self) -> str:
        return f"{self.rest}{self.numbers}"


def once(trace: Trace, compute: Callable[..., T], rows: Sequence[tuple[Any, ...]]) -> list[T]:
    """What is computed of objects, for the first of the structures that share them."""
    made = []
    for row in rows:
        key = compute, *map(id, row)
        known: tuple[T, object] | None = trace.recall(key)
        if known is None:
            since = len(trace.asked)
            known = compute(*row), row
            trace.keep(key, since, known, LARGE)
        made.append(known[0])
    return made
