"""Diagnostics as text with the source line and carets, and as JSON.

The layout is that of rustc: a headline, the place, an excerpt of the source with what the
diagnostic says underlined, then notes and help. Nothing from a source reaches the terminal raw.
"""

from collections.abc import Callable, Iterable

from archc.diagnostics.model import LEVELS, Diagnostic, Part
from archc.diagnostics.text import cells, printable, several, wrapped
from archc.diagnostics.text import columns as count_columns
from archc.source import Source, Span
from archc.typed import Any, NamedTuple

WIDTH = 100
"""Columns of source text shown of one line; longer lines are windowed around the span."""

LEAST = 40
"""Columns of source text that are shown however narrow the terminal is."""

LONGEST = 60
"""Characters of a tensor's name that are shown."""

SHORT = 6
"""A span over at most so many lines shows its last line too."""

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36"}
_FRAME = "1;34"
_BOLD = "1"


class _Paint:
    """Wraps text in colour, or leaves it."""

    def __init__(self, color: bool) -> None:
        self._color = color

    def __call__(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._color and text else text


class _Mark(NamedTuple):
    """What is underlined on one line: characters from ``start`` to ``end`` of the line."""

    line: int
    start: int
    end: int
    label: str
    primary: bool


class _Under(NamedTuple):
    """A mark as columns of the shown line; at least one column wide."""

    start: int
    end: int
    label: str
    primary: bool


Locate = Callable[[Source], str]
"""How a source is named: by its own name, or by a path that an editor can open."""


def own_name(source: Source) -> str:
    return source.name


def render(
    diagnostic: Diagnostic,
    color: bool,
    *,
    columns: int | None = None,
    width: int = WIDTH,
    locate: Locate = own_name,
) -> str:
    """A diagnostic as lines of text for people, without a line end at the end.

    Args:
        diagnostic: what to render.
        color: whether to use ANSI colours.
        columns: what the terminal has: text is wrapped to it between words, and of source text
            as much is shown as fits. None wraps nothing.
        width: columns of source text shown of one line, where that many fit.
        locate: how sources are named; by default by their own name.
    """
    paint = _Paint(color)
    level = _COLOURS[diagnostic.level]
    head = f"{diagnostic.level}[{diagnostic.code}]"
    said, *rest = wrapped(f"{head}: {printable(diagnostic.message)}", columns, hang="  ")
    lines = [paint(said[: len(head)], level) + paint(said[len(head) :], _BOLD)]
    lines += [paint(line, _BOLD) for line in rest]

    marks: dict[Source, list[_Mark]] = {}
    if diagnostic.span is not None:
        marks[diagnostic.span.source] = _marks(diagnostic.span, diagnostic.label, primary=True)
    for label in diagnostic.related:
        marks.setdefault(label.span.source, []).extend(
            _marks(label.span, label.text, primary=False)
        )
    numbers = [mark.line for found in marks.values() for mark in found]
    gutter = len(str(max(numbers))) if numbers else 0
    if diagnostic.part is not None:
        where = wrapped(printable(part_text(diagnostic.part, tensor=True)), columns, hang="    ")
        lines.append(f"{paint('-->', _FRAME)} {where[0]}")
        lines += where[1:]
    if columns is not None:
        width = max(min(width, columns - gutter - len(" | ")), LEAST)
    for index, (source, found) in enumerate(marks.items()):
        first = found[0]
        arrow = ":::" if index else "-->"
        place = f"{printable(locate(source))}:{first.line}:{first.start + 1}"
        lines.append(f"{' ' * gutter}{paint(arrow, _FRAME)} {place}")
        room = None if columns is None else width
        lines.extend(_excerpt(source, found, gutter, level, paint, width, room))

    remarks = [("note", note) for note in diagnostic.notes]
    if diagnostic.help is not None:
        remarks.append(("help", diagnostic.help))
    if remarks and marks:
        lines.append(paint(f"{' ' * gutter} |", _FRAME))
    for kind, text in remarks:
        start = f"{' ' * gutter} {paint('=', _FRAME)} {paint(kind, _BOLD)}: "
        indent = " " * (gutter + len(kind) + 5)
        room = None if columns is None else columns - len(indent)
        for line in text.split("\n"):
            for part in wrapped(printable(line), room):
                lines.append(start + part)
                start = indent
    return "\n".join(lines)


def part_text(part: Part, *, tensor: bool = False) -> str:
    """A part of a model: `net.tflite: conv (CONV_2D)`, and with its tensor where that is asked for
    and says more than the layer does."""
    if part.layer is None:
        return part.file
    said = [part.operator] if part.operator is not None else []
    if tensor and part.tensor and part.tensor != part.layer:
        first, *rest = part.tensor.split(";")
        said.append(f"tensor {first[:LONGEST]}{'...' if rest or first[LONGEST:] else ''}")
    return f"{part.file}: {part.layer}" + (f" ({', '.join(said)})" if said else "")


def _marks(span: Span, label: str, *, primary: bool) -> list[_Mark]:
    """What a span underlines: one mark, or one on its first and one on its last line."""
    source = span.source
    start = min(max(span.start, 0), len(source.text))
    end = min(max(span.end, start), len(source.text))
    if "\n" in source.text[start:end]:
        end = start + len(source.text[start:end].rstrip()) or start
    line, column = source.position(start)
    last, stop = source.position(end)
    if last == line:
        return [_Mark(line, column - 1, stop - 1, label, primary)]
    first_end = len(source.line(line))
    if last - line >= SHORT:
        return [_Mark(line, column - 1, first_end, label, primary)]
    text = source.line(last)
    indent = len(text) - len(text.lstrip())
    return [
        _Mark(line, column - 1, first_end, "", primary),
        _Mark(last, min(indent, stop - 1), stop - 1, label, primary),
    ]


def _excerpt(
    source: Source,
    marks: list[_Mark],
    gutter: int,
    level: str,
    paint: _Paint,
    width: int,
    room: int | None,
) -> list[str]:
    """The lines of a source that have marks, each with its marks under it; labels stay within
    ``room``, where there is an end."""
    empty = paint(f"{' ' * gutter} |", _FRAME)
    lines = [empty]
    before: int | None = None
    for number in sorted({mark.line for mark in marks}):
        if before is not None and number - before == 2:
            text, _ = _window(source.line(before + 1), [], width)
            lines.append(_numbered(before + 1, text, gutter, paint))
        elif before is not None and number - before > 2:
            lines.append(paint("...", _FRAME))
        before = number
        here = [mark for mark in marks if mark.line == number]
        text, unders = _window(source.line(number), here, width)
        lines.append(_numbered(number, text, gutter, paint))
        rows = _underline(unders, level, paint, room)
        lines.extend(f"{empty} {row}" if row else empty for row in rows)
    return lines


def _numbered(number: int, text: str, gutter: int, paint: _Paint) -> str:
    return f"{paint(f'{number:>{gutter}} |', _FRAME)} {text}".rstrip()


def _window(text: str, marks: list[_Mark], width: int) -> tuple[str, list[_Under]]:
    """A line as it is shown, cut to ``width`` columns around its first mark, with its marks."""
    primary = next((mark for mark in marks if mark.primary), marks[0] if marks else None)
    low, high = 0, len(text)
    if len(text) > 4 * width:  # no need to measure what cannot be shown
        centre = primary.start if primary else 0
        low, high = max(0, centre - 2 * width), min(len(text), centre + 2 * width)
    shown = cells(text[low:high])
    total = sum(columns for _, columns in shown)
    before = after = ""
    if total > width or low or high < len(text):
        start, end = (primary.start, primary.end) if primary else (0, 0)
        left, right = _fit(shown, start - low, min(end, high) - low, width - 6)
        before = "..." if low + left else ""
        after = "..." if low + right < len(text) else ""
        shown, low = shown[left:right], low + left
    offsets = [len(before)]
    for _, columns in shown:
        offsets.append(offsets[-1] + columns)
    unders = []
    for mark in marks:
        first = min(max(mark.start - low, 0), len(shown))
        last = min(max(mark.end - low, first), len(shown))
        while 0 < first < len(shown) and shown[first][1] == 0:
            first -= 1  # a mark that starts on a combining character starts on its base
        start, end = offsets[first], offsets[last]
        unders.append(_Under(start, max(end, start + 1), mark.label, mark.primary))
    return before + "".join(character for character, _ in shown) + after, unders


def _fit(shown: list[tuple[str, int]], start: int, end: int, width: int) -> tuple[int, int]:
    """The range of cells of at most ``width`` columns that shows the span best.

    The start of the span is always in it; then as much of the span as fits, then what stands
    around it, a third of the room before it.
    """
    left = right = min(start, len(shown))
    room = width
    while right < min(end, len(shown)) and shown[right][1] <= room:
        room -= shown[right][1]
        right += 1
    before = room // 3
    while left > 0 and shown[left - 1][1] <= before:
        left -= 1
        before -= shown[left][1]
        room -= shown[left][1]
    while right < len(shown) and shown[right][1] <= room:
        room -= shown[right][1]
        right += 1
    while left > 0 and shown[left - 1][1] <= room:
        left -= 1
        room -= shown[left][1]
    return left, right


def _underline(unders: list[_Under], level: str, paint: _Paint, room: int | None) -> list[str]:
    """The rows under a line: carets and dashes, then the labels.

    The label of the rightmost mark stands beside it, where there is room; the others hang below on
    bars.
    """
    row: dict[int, tuple[str, str]] = {}
    for under in sorted(unders, key=lambda under: under.primary):
        sign = ("^", level) if under.primary else ("-", _FRAME)
        row.update((column, sign) for column in range(under.start, under.end))
    labelled = sorted((under for under in unders if under.label), key=lambda u: (u.start, u.end))
    first = _draw(row, paint)
    if labelled and labelled[-1].end >= max(under.end for under in unders):
        beside = labelled[-1]
        text = printable(beside.label)
        if room is None or beside.end + 1 + count_columns(text) <= room:
            labelled.pop()
            first += " " + paint(text, level if beside.primary else _FRAME)
    rows = [first]
    if labelled:
        rows.append(_draw(_bars(labelled, level), paint))
    while labelled:
        last = labelled.pop()
        for part in wrapped(printable(last.label), room):
            at = last.start if room is None else min(last.start, room - count_columns(part))
            bars = _bars([under for under in labelled if under.start < at], level)
            rows.append(
                _draw(bars, paint, max(at, 0)) + paint(part, level if last.primary else _FRAME)
            )
    return rows


def _bars(unders: list[_Under], level: str) -> dict[int, tuple[str, str]]:
    return {under.start: ("|", level if under.primary else _FRAME) for under in unders}


def _draw(row: dict[int, tuple[str, str]], paint: _Paint, width: int | None = None) -> str:
    """Signs at columns as a string, runs of one colour painted together."""
    end = max(row, default=-1) + 1 if width is None else width
    drawn, column = "", 0
    while column < end:
        sign, colour = row.get(column, (" ", ""))
        run = column
        while run < end and row.get(run, (" ", "")) == (sign, colour):
            run += 1
        drawn += paint(sign * (run - column), colour) if colour else sign * (run - column)
        column = run
    return drawn


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """How many of each level there are: `2 errors, 1 warning`; empty if there are none."""
    levels = [diagnostic.level for diagnostic in diagnostics]
    counts = [(level, levels.count(level)) for level in LEVELS]
    return ", ".join(several(n, level) for level, n in counts if n)


def render_json(diagnostic: Diagnostic, *, locate: Locate = own_name) -> dict[str, Any]:
    """A diagnostic as plain data for JSON.

    Lines and columns count from 1, columns in characters; ``end_line`` and ``end_column`` name the
    place just behind the span. All five are null where there is no place.
    """
    return {
        "code": diagnostic.code,
        "level": diagnostic.level,
        "message": diagnostic.message,
        **_place(diagnostic.span, locate),
        **({} if diagnostic.part is None else diagnostic.part._asdict()),
        "label": diagnostic.label,
        "related": [
            {**_place(label.span, locate), "label": label.text} for label in diagnostic.related
        ],
        "notes": list(diagnostic.notes),
        "help": diagnostic.help,
        "edits": [{**_place(edit.span, locate), "text": edit.text} for edit in diagnostic.edits],
    }


def _place(span: Span | None, locate: Locate) -> dict[str, Any]:
    if span is None:
        names = ("file", "line", "column", "end_line", "end_column")
        return dict.fromkeys(names)
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(max(span.end, span.start))
    return {
        "file": locate(span.source),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }
