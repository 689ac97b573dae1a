"""Widths as expressions: what `channels` or `in.channels` makes of them under a rounding."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from archc.compiler import Rounding
from archc.models.decompiler.writing import number

Round = Callable[[Fraction], Fraction]

SCHEMES = (
    Rounding(8),
    Rounding(8, Fraction(9, 10)),
    Rounding(4),
    Rounding(1),
)
"""The roundings that are tried, that of the language first."""
_BINARY = frozenset({1, 2, 4, 8, 16, 32})
_NICE = sorted(
    {
        Fraction(above, below)
        for above in range(1, 17)
        for below in (1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 24, 32)
    },
    key=lambda r: (r.numerator * r.denominator * (1 if r.denominator in _BINARY else 2), r),
)
"""Ratios that a person would choose, the simplest first."""
_FLOORED = (2, 3, 4, 6, 8, 16, 24, 32)
"""Divisors that are tried with `floor`."""


def rounding_text(rounding: Rounding) -> str:
    """The line of an arch that says a rounding; empty for that of the language."""
    if rounding == SCHEMES[0]:
        return ""
    keep = f", keep = {number(rounding.keep)}" if rounding.keep else ""
    return f"rounding(divisor = {rounding.divisor}{keep})"


def rounder(rounding: Rounding) -> Round:
    return lambda width: Fraction(rounding.width(width))


def exactly(width: Fraction) -> Fraction:
    """The rounding of a width that reaches its place unrounded."""
    return width


def fitted(
    text: str, values: Sequence[Fraction], widths: Sequence[int], round_: Round
) -> str | None:
    """An expression of these values, as it has to be written to give these widths."""
    if all(round_(value) == width for value, width in zip(values, widths, strict=True)):
        return text
    if all(value == width for value, width in zip(values, widths, strict=True)):
        return f"exact({text})"
    return None


def ratios(widths: Sequence[int], bases: Sequence[int], round_: Round) -> Iterator[Fraction]:
    """The simplest constant ratio of widths to what they are made of; an exact one if there is."""
    exact = {Fraction(width, base) for width, base in zip(widths, bases, strict=True)}
    if len(exact) == 1:
        yield exact.pop()
        return
    for ratio in _NICE:
        if ratio != 1 and all(
            round_(base * ratio) == width for width, base in zip(widths, bases, strict=True)
        ):
            yield ratio
            return


def floored(widths: Sequence[int], bases: Sequence[int]) -> Iterator[int]:
    """Divisors that give the widths when the quotient is cut to a whole number."""
    for divisor in _FLOORED:
        if all(base // divisor == width for width, base in zip(widths, bases, strict=True)):
            yield divisor


def scaled(base: str, ratio: Fraction) -> str:
    """A ratio of something."""
    if ratio == 1:
        return base
    if ratio.numerator == 1:
        return f"{base} / {ratio.denominator}"
    return f"{base} * {number(ratio)}"
