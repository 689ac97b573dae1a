"""Keys of dictionaries that symbolic numbers are part of."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

from archc.space.symbolic import Number
from archc.space.trace import Trace

T = TypeVar("T")


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


def told(part: Any) -> object:
    """What tells a part of a key from others: of a number, of which equal ones are one, its own
    key; of what may change or hold numbers in other ways its identity."""
    kind = type(part)
    if kind is tuple:
        return tuple([each if type(each) is int else told(each) for each in part])
    if kind is Number:
        return part.key
    if kind is int or kind is str:
        return part
    return kind, part if kind in (bool, Fraction) else id(part)


def once(trace: Trace, compute: Callable[..., T], *parts: object, key: object = None) -> T:
    """What follows from some parts, computed for the first of the structures that have them.

    Args:
        trace: the run.
        compute: takes the parts.
        parts: what it follows from.
        key: what tells them, where that is known.
    """
    key = compute, key or told(parts)
    known: tuple[T, object] | None = trace.recall(key)
    if known is None:
        since = len(trace.asked)
        known = compute(*parts), parts
        trace.keep(key, since, known, 1)
    return known[0]
