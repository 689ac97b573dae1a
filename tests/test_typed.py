"""`archc.typed` against `typing`: what a named tuple is, and what annotations may be."""

import copy
import pickle
import typing
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from archc import typed


class Theirs(typing.NamedTuple):
    """A point."""

    x: int
    y: int = 2
    """Up."""
    names: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.x + self.y

    def moved(self, by: int) -> "Theirs":
        return self._replace(x=self.x + by)


class Ours(typed.NamedTuple):
    """A point."""

    x: int
    y: int = 2
    """Up."""
    names: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.x + self.y

    def moved(self, by: int) -> "Ours":
        return self._replace(x=self.x + by)


class Above(Ours):
    """A class above one of ours."""

    more = 3


def matched(point: Any) -> object:
    match point:
        case Theirs(x, y=3) | Ours(x, y=3):
            return x
        case (_, _, _):
            return "a tuple"
    return None


SAME: dict[str, Callable[[Any], object]] = {
    "fields": lambda point: point._fields,
    "defaults": lambda point: point._field_defaults,
    "arguments": lambda point: point.__match_args__,
    "text": lambda point: repr(point(1)).replace(point.__name__, ""),
    "a tuple": lambda point: (isinstance(point(1), tuple), point(1) == (1, 2, ()), len(point(1))),
    "order": lambda point: sorted([point(2), point(1, 5)])[0].y,
    "hash": lambda point: hash(point(1)) == hash((1, 2, ())),
    "by name": lambda point: point(y=4, x=3),
    "unpacked": lambda point: [*point(1, 2)],
    "indexed": lambda point: (point(7)[0], point(7)[-1], point(7).x),
    "dictionary": lambda point: point(1)._asdict(),
    "replaced": lambda point: point(1)._replace(y=9),
    "made": lambda point: point._make([1, 2, 3]),
    "a property": lambda point: point(1).total,
    "a method": lambda point: point(1).moved(4),
    "a pattern": lambda point: (matched(point(5, 3)), matched(point(5, 4))),
    "pickled": lambda point: type(pickle.loads(pickle.dumps(point(1)))) is point,
    "copied": lambda point: copy.deepcopy(point(1)) == point(1),
    "documented": lambda point: (point.__doc__, point.x.__doc__),
    "parameters": lambda point: list(signature(point).parameters),
    "default of a parameter": lambda point: signature(point).parameters["y"].default,
    "no dictionary": lambda point: hasattr(point(1), "__dict__"),
    "annotations": lambda point: typing.get_type_hints(point),
}
WRONG: dict[str, Callable[[Any], object]] = {
    "nothing": lambda point: point(),
    "too much": lambda point: point(1, 2, 3, 4),
    "unknown": lambda point: point(1, z=3),
    "twice": lambda point: point(1, x=3),
    "made of too little": lambda point: point._make([1]),
    "replaced by name": lambda point: point(1)._replace(z=3),
    "set": lambda point: setattr(point(1), "x", 3),
    "set anew": lambda point: setattr(point(1), "z", 3),
}


@pytest.mark.parametrize("ask", SAME.values(), ids=SAME.keys())
def test_named_tuples_are_those_of_typing(ask: Callable[[Any], object]) -> None:
    assert ask(Ours) == ask(Theirs)


@pytest.mark.parametrize("ask", WRONG.values(), ids=WRONG.keys())
def test_errors_are_those_of_typing(ask: Callable[[Any], object]) -> None:
    with pytest.raises((TypeError, ValueError, AttributeError)) as theirs:
        ask(Theirs)
    with pytest.raises(theirs.type) as ours:
        ask(Ours)
    assert str(ours.value).replace("Ours", "Theirs") == str(theirs.value)


def test_a_default_is_not_followed_by_none() -> None:
    with pytest.raises(TypeError):

        class Odd(typed.NamedTuple):
            x: int = 1
            y: int  # type: ignore[misc]


def test_a_class_above_has_fields_and_attributes() -> None:
    above = Above(1)
    above.extra = 4  # type: ignore[attr-defined]
    assert (above.x, above.more, above == (1, 2, ())) == (1, 3, True)


def test_what_annotations_are_made_of_is_not_evaluated_to_anything() -> None:
    for form in (typed.Any, typed.Literal["a", "b"], typed.ClassVar[int], typed.Union[int, str]):  # noqa: UP007
        assert (form | None) is not None
        assert (None | form) is not None
        assert dict[str, form] is not None  # type: ignore[valid-type]
    assert typed.cast(int, "x") == "x"
