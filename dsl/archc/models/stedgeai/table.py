"""The table of layers of a report, and its line of totals.

The table's columns are as wide as the dashes above and below its headings. It is ended by
`model: macc=...` or `model/c-model: macc=A/B ...`.
"""

import re
from typing import NamedTuple

from archc.models.stedgeai.console import Lines

Axes = tuple[tuple[str, int], ...]


class Pair(NamedTuple):
    """A figure of the model as it was read, and of the c-model the tool makes of it."""

    model: int | None
    c_model: int | None


class Row(NamedTuple):
    """A row of the table of layers."""

    id: int
    """`m_id`: not unique, not ascending."""
    group: int
    """Rows between the same two rules make one layer of the model's file."""
    name: str
    type: str
    """ST's own operator, such as `Nonlinearity`; empty where the table does not tell."""
    original: str
    """The operator in the model's file, such as `CONV_2D`; empty for inputs and constants."""
    shapes: tuple[Axes, ...]
    """Of each output: axes by letter, `(("b", 1), ("h", 64), ("w", 64), ("c", 16))`."""
    params: int
    bytes: int
    macc: int
    inputs: tuple[str, ...]
    """Names of rows, shortened in the middle by the tool, so not always unique."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the first output, the batch excluded."""
        return tuple(n for axis, n in self.shapes[0] if axis != "b") if self.shapes else ()


class Table(NamedTuple):
    """A table with its totals."""

    name: str
    """Of the model."""
    rows: tuple[Row, ...]
    macc: Pair
    weights: Pair
    activations: Pair
    notes: tuple[str, ...]
    """Where the rows do not add up to the totals: that is the tool's own."""


_RULE = re.compile(r" *-{3,}( +-{3,})* *")
_HEADINGS = (
    ("m_id", "layer (original)", "oshape", "param/size", "macc", "connected to"),
    (
        *("m_id", "layer (type,original)", "oshape", "param/size", "macc", "connected to"),
        *("|", "c_size", "c_macc", "c_type"),
    ),
)


def table(run: Lines) -> Table | None:
    """The table of a run; None if it printed none."""
    start = run.find("Model name - ")
    if start is None:
        return None
    name = run.flat(start).removeprefix("Model name - ").strip()
    rows, end, change = _rows(run, start)
    macc, weights, activations, notes = _totals(run, end, rows, change)
    return Table(name, rows, macc, weights, activations, notes)


def _rows(run: Lines, at: int) -> tuple[tuple[Row, ...], int, tuple[int, int]]:
    """The rows, the line of totals, and what the c-model adds in bytes and in macc."""
    at = run.next(at)
    spans = [match.span() for match in re.finditer("-+", run.text(at))]
    if not _RULE.fullmatch(run.text(at)) or len(spans) < 2:
        raise run.strange("has no table of layers", at)
    at = run.next(at)
    if _cells(run, at, spans) not in _HEADINGS:
        raise run.strange("has a table of layers with other columns", at)
    rows: list[Row] = []
    change = [0, 0]
    group = 0
    ended = False
    while True:
        at = run.next(at)
        text = run.text(at)
        if text.lstrip().startswith("model") and ended:
            return tuple(rows), at, (change[0], change[1])
        ended = _RULE.fullmatch(text) is not None
        if ended:
            group += 1
            continue
        cells = _cells(run, at, spans)
        if len(cells) > 6:
            change[0] += _change(run, cells[7], at)
            change[1] += _change(run, cells[8], at)
        if cells[1]:
            rows.append(_row(run, cells, group, rows, at))
        elif not rows or not cells[5] or any((cells[0], *cells[2:5])):
            raise run.strange("has a row of another form", at)
        else:
            rows[-1] = rows[-1]._replace(inputs=(*rows[-1].inputs, cells[5]))


def _cells(run: Lines, at: int, spans: list[tuple[int, int]]) -> tuple[str, ...]:
    text = run.text(at)
    edges = [0, *(edge for span in spans for edge in span), max(len(text), spans[-1][1])]
    gaps = (text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    if any(gap.strip() for gap in gaps):
        raise run.strange("has a row that does not keep to its columns", at)
    return tuple(text[start:end].strip() for start, end in spans)


def _row(run: Lines, cells: tuple[str, ...], group: int, rows: list[Row], at: int) -> Row:
    name, open_bracket, kinds = cells[1].partition(" (")
    params, slash, size = cells[3].partition("/")
    if (
        not open_bracket
        or not kinds.endswith(")")
        or bool(slash) != bool(cells[3])
        or not (cells[0] or (rows and rows[-1].group == group))
    ):
        raise run.strange("has a row of another form", at)
    kind, comma, original = kinds[:-1].rpartition(",")
    return Row(
        run.count(cells[0], at) if cells[0] else rows[-1].id,
        group,
        name,
        kind.strip() if comma else "",
        original.strip(),
        _shapes(run, cells[2], at),
        run.count(params, at) if params else 0,
        run.count(size, at) if slash else 0,
        run.count(cells[4], at) if cells[4] else 0,
        (cells[5],) if cells[5] else (),
    )


def _shapes(run: Lines, text: str, at: int) -> tuple[Axes, ...]:
    shapes = []
    if not (text.startswith("[") and text.endswith("]")):
        raise run.strange("has a shape of another form", at)
    for part in text[1:-1].split("]["):
        axes = []
        for axis in part.split(",") if part else ():
            letter, colon, extent = axis.partition(":")
            if not colon or not letter.isalpha():
                raise run.strange("has a shape of another form", at)
            axes.append((letter, run.count(extent, at)))
        shapes.append(tuple(axes))
    return tuple(shapes)


def _change(run: Lines, text: str, at: int) -> int:
    """What a cell such as `-3,456(-100.0%)` adds."""
    if not text:
        return 0
    found = re.fullmatch(r"([+-])([0-9,]{1,30})\([+-][0-9.]{1,20}%\)", text)
    if not found:
        raise run.strange("has a change of another form", at)
    value = run.count(found[2], at)
    return -value if found[1] == "-" else value


def _totals(
    run: Lines, at: int, rows: tuple[Row, ...], change: tuple[int, int]
) -> tuple[Pair, Pair, Pair, tuple[str, ...]]:
    """macc, weights and activations of the line of totals, compared with the table's sums."""
    kind, colon, text = run.flat(at).partition(": ")
    if not colon or kind not in ("model", "model/c-model"):
        raise run.strange("has totals of another form", at)
    found: dict[str, Pair] = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals:
            _change(run, name, at)
            continue
        parts = [None if part == "--" else run.count(part, at) for part in value.split("/")]
        if len(parts) != (2 if kind == "model/c-model" else 1):
            raise run.strange("has totals of another form", at)
        found[name] = Pair(parts[0], parts[1] if len(parts) > 1 else None)
    if set(found) != {"macc", "weights", "activations", "io"}:
        raise run.strange("has totals of another form", at)
    notes: list[str] = []

    def hold(name: str, whose: str, summed: int, said: int | None) -> None:
        if said is not None and summed != said:
            notes.append(f"the rows have {name} {summed:,}, the total of the {whose} {said:,}")

    c_bytes, c_macc = change
    for name, summed, more in (
        ("macc", sum(row.macc for row in rows), c_macc),
        ("weights", sum(row.bytes for row in rows), c_bytes),
    ):
        hold(name, "model", summed, found[name].model)
        hold(name, "c-model", summed + more, found[name].c_model)
    return found["macc"], found["weights"], found["activations"], tuple(notes)
