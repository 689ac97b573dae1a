"""Numbers as the converter compares them."""

from fractions import Fraction
from math import frexp, ldexp


def single(number: Fraction) -> Fraction:
    """The float32 nearest to a number, which is how constants reach the converter."""
    if abs(number) > 3 * 10**38:
        return number
    value = float(number)
    scale = 24 - max(frexp(value)[1], -125)  # below, numbers have fewer digits
    return Fraction(ldexp(round(ldexp(value, scale)), -scale))


def equal(number: object, other: Fraction) -> bool:
    """Whether a number, if it is known, is another one."""
    return isinstance(number, Fraction) and single(number) == single(other)
