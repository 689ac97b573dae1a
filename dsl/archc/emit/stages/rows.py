"""Rows of text beside the places they stem from."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from archc.diagnostics.grid import bold, in_signs
from archc.diagnostics.text import columns, printable, wrapped
from archc.source import Span

_PLACES = 26
"""Columns that places may take."""


class Row(NamedTuple):
    """A line of text with the place it stems from."""

    span: Span | None
    depth: int
    text: str
    head: bool = False
    """Whether it opens a part, and stands out."""


def lines(
    title: str, rows: Sequence[Row], *, width: int = 80, unicode: bool = True, color: bool = False
) -> str:
    """Rows below a title, their places to the left, wrapped to a width.

    Args:
        title: what they show.
        rows: what to show.
        width: columns to stay within, at least 60.
        unicode: whether signs beyond ASCII can be shown.
        color: print what stands out in bold.
    """
    places = [_cut(_place(row.span), _PLACES) for row in rows]
    left = max(map(columns, places), default=0)
    shown = [bold(printable(title), color)]
    for row, place in zip(rows, places, strict=True):
        room = max(max(width, 60) - left - 2, 24)
        indent = "  " * min(row.depth, max((room - 24) // 2, 0))
        parts = wrapped(printable(row.text), room, indent, "    ", whole=False)
        for number, part in enumerate(parts):
            margin = place + " " * (left - columns(place)) if not number else " " * left
            shown.append(f"{margin}  {bold(part, color and row.head)}".rstrip())
    text = "\n".join(shown) + "\n"
    return in_signs(text, unicode)


def _place(span: Span | None) -> str:
    return printable(f"{span.source.name}:{span.line}") if span is not None else ""


def _cut(text: str, width: int) -> str:
    """The end of a text that is too long, which has the line."""
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[1:]
    return "…" + text


def at(span: Span | None) -> dict[str, Any] | None:
    """A place, as data."""
    if span is None:
        return None
    line, column = span.source.position(span.start)
    return {"file": span.source.name, "line": line, "column": column}
