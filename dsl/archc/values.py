"""The values of the language, apart from blocks, and the arithmetic on them.

A number is a `Fraction`, exact; it is never an int, a bool or a float. `Fraction * float`
would silently become a float, so no float enters here.
"""

from _thread import _local  # `threading` and `contextvars` would have to be loaded
from collections.abc import Callable, Sequence
from fractions import Fraction

from archc.typed import Any, NamedTuple

Number = Fraction


class Symbolic(Fraction):
    """A number that stands for those of many variants at once (`archc.space`). The compiler's
    formulas run on it where they compare by `==` and `<`, and use the functions below for what
    would make a key or a decision of a number."""

    __slots__ = ()

    def larger(self, other: Any) -> "Symbolic":
        """The maximum of both."""
        raise NotImplementedError

    def largest(self, numbers: Any) -> "Symbolic":
        """The maximum of numbers."""
        raise NotImplementedError

    def leading(self, numbers: Any, known: int) -> Any:
        """The numbers that may be the largest of some."""
        raise NotImplementedError

    def smaller(self, other: Any) -> "Symbolic":
        """The minimum of both."""
        raise NotImplementedError

    def below(self, other: Any) -> "Symbolic":
        """1 where it is smaller than another one, else 0."""
        raise NotImplementedError

    def distinct(self, numbers: Any) -> "Symbolic":
        """The sum of numbers, equal ones once."""
        raise NotImplementedError

    def total(self, numbers: Any) -> "Symbolic":
        """The sum of whole numbers."""
        raise NotImplementedError

    def aligned(self, align: int) -> "Symbolic":
        """The next multiple of a whole number."""
        raise NotImplementedError

    def planned(self, sizes: Any, lives: tuple[tuple[int, int], ...]) -> "Symbolic":
        """See `archc.analysis.arena.end`."""
        raise NotImplementedError


def symbolic(number: object) -> bool:
    """Whether a number, of whatever type it is said to be, stands for many."""
    kind = type(number)
    return kind is not int and kind is not Fraction and isinstance(number, Symbolic)  # that is slow


def whole(number: Any) -> Fraction:
    """A whole number as a number of the language."""
    return number if isinstance(number, Fraction) else Fraction(number)


def larger(a: Any, b: Any) -> Any:
    """`max(a, b)`, which of symbolic numbers is no decision."""
    if type(a) is type(b) is int:
        return a if a >= b else b
    if symbolic(a):
        return a.larger(b)
    return b.larger(a) if symbolic(b) else max(a, b)


def largest(numbers: "list[int]") -> int:
    """`max`, which of symbolic numbers is no decision."""
    first = _symbolic_among(numbers)
    made: int = max(numbers) if first is None else first.largest(numbers)
    return made


def leading(numbers: "list[int]", known: int = 0) -> "list[int]":
    """The numbers that may be the largest of some, which of plain ones one is.

    Args:
        numbers: some.
        known: of so many at the start none is never below another one.
    """
    first = _symbolic_among(numbers)
    made: list[int] = [max(numbers)] if first is None else first.leading(numbers, known)
    return made


def smaller(a: Any, b: Any) -> Any:
    """`min(a, b)`, which of symbolic numbers is no decision."""
    if type(a) is type(b) is int:
        return a if a <= b else b
    if symbolic(a):
        return a.smaller(b)
    return b.smaller(a) if symbolic(b) else min(a, b)


def equal(a: Any, b: Any) -> Any:
    """1 where both are equal, else 0; of whole numbers."""
    return 1 - below(a, b) - below(b, a)


def below(a: Any, b: Any) -> Any:
    """1 where a is smaller than b, else 0."""
    if type(a) is type(b) is int:
        return int(a < b)
    if symbolic(a):
        return a.below(b)
    if symbolic(b):
        opposite: Any = -b
        return opposite.below(-a)
    return int(a < b)


def distinct_sum(numbers: "list[int]") -> int:
    """The sum of numbers, equal ones once."""
    first = _symbolic_among(numbers)
    made: int = sum(set(numbers)) if first is None else first.distinct(numbers)
    return made


def total(numbers: "Sequence[int]") -> int:
    """`sum`, which of symbolic numbers is not computed one by one."""
    first = _symbolic_among(numbers)
    made: int = sum(numbers) if first is None else first.total(numbers)
    return made


def _symbolic_among(numbers: "Sequence[int]") -> Any:
    for each in numbers:
        if symbolic(each):
            return each
    return None


def aligned(size: Any, align: int) -> Any:
    """The next multiple of a whole number."""
    return -(-size // align) * align if type(size) is int else size.aligned(align)


class _Keys(_local):
    """What makes keys of tuples while numbers are symbolic, which cannot be hashed; each thread has
    its own."""

    make: Callable[[tuple[object, ...]], object] | None = None
    once: Callable[..., list[Any]] | None = None
    """See below."""


KEYS = _Keys()


def key(*parts: object) -> object:
    """A key of a dictionary that numbers are part of."""
    make = KEYS.make
    return parts if make is None else make(parts)


def once(compute: Callable[..., Any], rows: "Sequence[tuple[Any, ...]]") -> list[Any]:
    """What is computed of each row of objects, which do not change; while numbers are symbolic only
    once for all that ask for it of the same ones."""
    if KEYS.once is None:
        return [compute(*row) for row in rows]
    return KEYS.once(compute, rows)


class Size(NamedTuple):
    """`3x3`, `h x w x 1`: extents in the order rows x columns x channels."""

    extents: tuple[Fraction, ...]


class Exact(NamedTuple):
    """`exact(12)`: a width that is not rounded."""

    width: Fraction


class Symbol(NamedTuple):
    """A choice such as `same` or `bilinear`."""

    name: str


class Items(NamedTuple):
    """`[16, 24, 32]`: a list of values of any kind."""

    items: tuple[object, ...]

    @property
    def noun(self) -> str:
        return "a list"


class Map(NamedTuple):
    """A map that has a name: an input, what a stage ends with, or what `as` names."""

    node: int | None
    """Of the graph that is being built; None where it is faulty, or where nothing is built."""
    shape: tuple[int, ...] | None

    @property
    def noun(self) -> str:
        return "a map"


Plain = Fraction | bool | Size | Exact | Symbol


class Unfit(Exception):
    """An operation that its operands do not allow; the message completes a headline."""


def elementwise(
    operation: Callable[[Fraction, Fraction], Fraction], a: object, b: object
) -> Fraction | Size:
    """Apply a binary operation to numbers and sizes; a number meets every extent of a size.

    Raises:
        Unfit: an operand is neither, or two sizes differ in the number of extents.
    """
    a, b = unwrapped(a), unwrapped(b)
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return operation(a, b)
    if isinstance(a, Size) and isinstance(b, Fraction):
        return Size(tuple(operation(x, b) for x in a.extents))
    if isinstance(a, Fraction) and isinstance(b, Size):
        return Size(tuple(operation(a, y) for y in b.extents))
    if isinstance(a, Size) and isinstance(b, Size):
        if len(a.extents) != len(b.extents):
            raise Unfit(f"{show(a)} and {show(b)} have different numbers of extents")
        return Size(tuple(map(operation, a.extents, b.extents)))
    odd = a if not isinstance(a, Fraction | Size) else b
    raise Unfit(f"this needs numbers or sizes, not {describe(odd)}")


def unwrapped(value: object) -> object:
    """What arithmetic sees of a value: of an exact width its number, which rounds again."""
    return value.width if isinstance(value, Exact) else value


def nearest_whole(value: Fraction) -> Fraction:
    """The nearest whole number, ties up: `floor(v + 1/2)`. (`round()` would go to even.)"""
    return whole((value + Fraction(1, 2)).__floor__())


def show(value: object) -> str:
    """The exact text of a plain value in the language: `22.4`, `1/3`, `3x3`, `true`, `same`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        return show_number(value)
    if isinstance(value, Size):
        return (
            " x ".join(map(show_number, value.extents))
            if _spaced(value)
            else ("x".join(map(show_number, value.extents)))
        )
    if isinstance(value, Exact):
        return f"exact({show_number(value.width)})"
    if isinstance(value, Symbol):
        return value.name
    if isinstance(value, Items):
        return f"[{', '.join(map(show, value.items))}]"
    raise TypeError(f"not a plain value: {value!r}")


def _spaced(size: Size) -> bool:
    return any(extent.denominator != 1 or extent < 0 for extent in size.extents)


def show_number(value: Fraction) -> str:
    """A decimal where the number has a finite one, else a fraction."""
    if symbolic(value):
        return str(value)
    numerator, denominator = value.numerator, value.denominator
    if denominator == 1:
        return str(numerator)
    twos = fives = 0
    rest = denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1 or places > 12:
        return f"{numerator}/{denominator}"
    scaled = abs(numerator) * 10**places // denominator
    digits = str(scaled).rjust(places + 1, "0")
    return f"{'-' if numerator < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def describe(value: object) -> str:
    """What a value is, in words, for messages: `the size 3x3`, `a block`."""
    if isinstance(value, bool):
        return f"`{show(value)}`"
    if isinstance(value, Fraction):
        return f"the number {show(value)}"
    if isinstance(value, Size):
        return f"the size {show(value)}"
    if isinstance(value, Exact):
        return f"the width {show(value)}"
    if isinstance(value, Symbol):
        return f"`{value.name}`"
    return str(getattr(value, "noun", "this value"))
