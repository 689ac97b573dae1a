"""Rows of cells as aligned text and as Markdown. ``sides`` has a letter for every column: `l` or
`r`, the side to which it is aligned."""

from collections.abc import Iterable, Sequence

from archc.diagnostics.text import columns, printable

GAP = "  "
"""Between two columns."""
PLAIN = (("→", "->"), ("×", "x"), ("≤", "<="), ("≥", ">="), ("−", "-"), ("·", "|"), ("…", "~"))
"""What signs beyond ASCII become where they cannot be shown."""


def widths(rows: Iterable[Sequence[str]]) -> list[int]:
    """Of the columns of rows."""
    return [max(map(columns, cells)) for cells in zip(*rows, strict=True)]


def aligned(cells: Sequence[str], room: Sequence[int], sides: str, gap: str = GAP) -> str:
    """A row in columns of so many characters."""
    padded = []
    for cell, width, side in zip(cells, room, sides, strict=True):
        blank = " " * (width - columns(cell))
        padded.append(cell + blank if side == "l" else blank + cell)
    return gap.join(padded)


def grid(rows: Sequence[Sequence[str]], sides: str, gap: str = GAP) -> list[str]:
    """Rows one below the other, in columns as wide as their cells."""
    room = widths(rows)
    return [aligned(row, room, sides, gap).rstrip() for row in rows]


def markdown(rows: Iterable[Sequence[str]], sides: str) -> list[str]:
    """The lines of a Markdown table, its heading first."""
    head, *body = rows
    rule = ["---" if side == "l" else "---:" for side in sides]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *(map(escaped, row) for row in body))]


def escaped(text: str) -> str:
    """A text that stays one cell of a Markdown table."""
    return printable(text).replace("|", "\\|").replace("<", "&lt;")


def bold(text: str, color: bool) -> str:
    """Text that stands out, where there are colours."""
    return f"\x1b[1m{text}\x1b[0m" if color and text else text


def in_signs(text: str, unicode: bool) -> str:
    """Text in ASCII alone, unless Unicode can be shown."""
    if unicode:
        return text
    for sign, plain in PLAIN:
        text = text.replace(sign, plain)
    return text.encode("ascii", "backslashreplace").decode()
