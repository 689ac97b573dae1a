"""What tables for people are drawn with: bars, signs, wrapped and shortened texts."""

from archc.diagnostics.text import columns, printable, wrapped
from archc.typed import Any, NamedTuple

Manifest = dict[str, Any]
Section = tuple[str, list[str]]
"""A heading and the lines below it."""


class Signs(NamedTuple):
    """What bars, rules and arrows are drawn with."""

    bar: str
    """A full block, then the fractions of one from the smallest up."""
    rule: str
    cut: str


UNICODE = Signs("█▏▎▍▌▋▊▉", "─", "…")
ASCII = Signs("#", "-", "~")


def drawn_bar(value: int, most: int, width: int, signs: Signs) -> str:
    """A bar as long as the value's share of ``most``; anything above 0 shows."""
    steps = len(signs.bar)
    filled = -(-value * width * steps // most)
    full, part = divmod(filled, steps)
    return signs.bar[0] * full + (signs.bar[part] if part else "")


def shortened(text: str, width: int, signs: Signs) -> str:
    """A text with its middle cut out where it is too long; names differ at their ends."""
    if columns(text) <= width:
        return text
    tail = (width - 1) * 2 // 3
    return text[: width - 1 - tail] + signs.cut + text[len(text) - tail :]


def indented(text: str, width: int, indent: str, hang: str = "  ") -> list[str]:
    return wrapped(printable(text), width, indent, hang, whole=False) if text else []
