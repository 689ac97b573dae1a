"""Literals to exact numbers, bounded before anything large is built."""

from fractions import Fraction
from functools import lru_cache

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.source import Span

UNITS = {"k": 10**3, "M": 10**6, "G": 10**9}
BYTE_UNITS = {
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}


def split_unit(text: str) -> tuple[str, str]:
    """The digits of a literal and its unit, which may be empty."""
    digits = text.rstrip("kKMGiB").rstrip(" ")
    return digits, text[len(digits) :].lstrip(" ")


def literal(text: str, span: Span, limits: Limits) -> Fraction:
    """The exact value of a literal, unit included: `0.25`, `1e3`, `30 M`, `512 KiB`.

    Raises:
        Rejected: it has more than `limits.digits` digits.
    """
    value = _exact(text, limits.digits)
    if value is None:
        raise too_long(span, limits)
    return value


@lru_cache(maxsize=1024)
def _exact(text: str, most: int) -> Fraction | None:
    """The value of a literal, or None of one with more digits."""
    digits, unit = split_unit(text)
    mantissa, _, exponent = digits.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    magnitude = exponent.lstrip("+-").lstrip("0")
    if (
        len(magnitude) > 6
        or len(whole) + len(decimals) > most
        or abs(int(magnitude or "0")) + len(whole) + len(decimals) > most
    ):
        return None
    power = int(exponent or "0") - len(decimals)
    factor = (UNITS | BYTE_UNITS).get(unit, 1)
    value = Fraction(int(whole + decimals)) * factor * Fraction(10) ** power
    return value if _fits(value, most) else None


def bounded(value: Fraction, span: Span, limits: Limits) -> Fraction:
    """The value itself, if it stays within the bound on digits.

    Raises:
        Rejected: it does not.
    """
    if not _fits(value, limits.digits):
        raise too_long(span, limits)
    return value


def _fits(value: Fraction, digits: int) -> bool:
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    return bits <= digits * 10 // 3  # log2(10) is a little under 10/3


def too_long(span: Span, limits: Limits) -> Exception:
    return reject(
        LIMIT,
        f"this number has more than {limits.digits} digits",
        span,
        label="too large or too fine",
        help="no network needs it; `--limit digits=N` changes the limit",
    )
