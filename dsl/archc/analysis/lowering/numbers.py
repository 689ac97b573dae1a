"""Numbers as the converter compares them."""

from fractions import Fraction
from struct import pack, unpack


def single(number: Fraction) -> Fraction:
    """The float32 nearest to a number, which is how constants reach the converter."""
    if abs(number) > 3 * 10**38:
        return number
    return Fraction(unpack("<f", pack("<f", float(number)))[0])


def equal(number: object, other: Fraction) -> bool:
    """Whether a number, if it is known, is another one."""
    return isinstance(number, Fraction) and single(number) == single(other)
