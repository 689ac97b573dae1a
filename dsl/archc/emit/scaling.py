"""How a network grows with one of its parameters: `archc sweep` as text, Markdown and data.

Weights between channels (convolutions) grow with the product of two widths, so with the square of
a width multiplier. Weights per channel (depthwise, BatchNorm, biases) and those of a classifier,
whose output does not scale, grow with the width itself.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archc.diagnostics.grid import aligned, markdown, widths
from archc.diagnostics.text import columns, wrapped

Manifest = Mapping[str, Any]

PER_CHANNEL = ("DepthwiseConv2D", "BatchNormalization", "Dense", "LayerNormalization")
"""Layers whose weights grow with the width and not with its square."""


class Scaling(NamedTuple):
    """One network of the sweep, checked against the one with the default value."""

    value: str
    channels: tuple[int, ...]
    """Channels at the end of each stage."""
    params: int
    share: float
    """Of the default's parameters, in percent."""
    square: float | None
    """What the square of the value's ratio to the default would give, in percent; None where the
    parameter is not a number or changes no stage's channels."""
    linear: int
    """Parameters that grow with the width and not with its square."""
    macs: int
    peak_activation_bytes: int
    verdict: str | None
    """Of the target, or `over budget` where it would take a network that a budget refuses; None
    without a target and with all budgets kept."""


Row = tuple[str, Scaling | None]
"""A value that was asked for, and its network where it has one."""


def scaling(
    parameter: str, base: Manifest, swept: Sequence[tuple[str, Manifest]]
) -> tuple[Scaling, ...]:
    """The rows of a sweep of one parameter.

    Args:
        parameter: its name.
        base: the manifest with its default value.
        swept: (value, manifest) in the order asked for.
    """
    default = number(base["model"]["parameters"].get(parameter, ""))
    channels = stage_channels(base)
    widens = any(stage_channels(manifest) != channels for _, manifest in swept)
    rows = []
    for value, manifest in swept:
        totals = manifest["totals"]
        at = number(manifest["model"]["parameters"].get(parameter, ""))
        square = None
        if widens and default and at is not None:
            square = float(100 * (at / default) ** 2)
        rows.append(
            Scaling(
                value,
                stage_channels(manifest),
                totals["params"],
                100 * totals["params"] / base["totals"]["params"],
                square,
                sum(
                    layer["params"]
                    for layer in manifest["layers"]
                    if layer["class_name"] in PER_CHANNEL
                ),
                totals["macs"],
                manifest["deployed"]["peak_activation_bytes"],
                _verdict(manifest),
            )
        )
    return tuple(rows)


def _verdict(manifest: Manifest) -> str | None:
    found = manifest["target"]["verdict"] if manifest["target"] else None
    over = not all(budget["passed"] for budget in manifest["budgets"])
    return "over budget" if over and found != "incompatible" else found


def number(text: str) -> Fraction | None:
    """The number that a parameter's exact text stands for, or None."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def stage_channels(manifest: Manifest) -> tuple[int, ...]:
    """The channels with which each stage ends, in order."""
    ends = {
        layer["stage"]: layer["output_shape"][-1] for layer in manifest["layers"] if layer["stage"]
    }
    return tuple(ends.values())


class _Column(NamedTuple):
    """A column: its heading, of up to two lines, and its cell for a network."""

    heading: str
    cell: Callable[[Scaling], str]
    left: bool = False


def _columns(parameter: str, rows: Sequence[Row], *, whole: bool = False) -> list[_Column]:
    """The columns behind the value; squares only where there are any, counts of the parameters per
    channel where they are ``whole``."""
    squares = any(row is not None and row.square is not None for _, row in rows)
    found = [
        _Column("params", lambda row: f"{row.params:,}"),
        _Column("of\ndefault", lambda row: f"{row.share:.1f} %"),
        *([_Column(f"{parameter}²", _square)] if squares else []),
        _Column("per-channel params", _counted) if whole else _Column("per-\nchannel", _linear),
        _Column("MACs", lambda row: f"{row.macs:,}"),
        _Column("est. peak\nKiB", _peak),
    ]
    if any(row is None or row.verdict is not None for _, row in rows):
        found.append(_Column("verdict", lambda row: row.verdict or "", left=True))
    return found


def _peak(row: Scaling) -> str:
    """In KiB; with a tenth where that is few."""
    size = row.peak_activation_bytes
    return f"{size / 1024:,.{0 if size >= 10240 or not size % 1024 else 1}f}"


def _sides(shown: Sequence[_Column]) -> str:
    return "".join("l" if column.left else "r" for column in shown)


def _square(row: Scaling) -> str:
    return "" if row.square is None else f"{row.square:.1f} %"


def _linear(row: Scaling) -> str:
    return f"{100 * row.linear / row.params:.0f} %" if row.params else "0 %"


def _counted(row: Scaling) -> str:
    return f"{row.linear:,} ({_linear(row)})"


def _cells(row: Scaling | None, shown: Sequence[_Column]) -> list[str]:
    if row is None:
        return ["-"] * (len(shown) - 1) + ["error"]
    return [column.cell(row) for column in shown]


WHY = (
    "Weights between channels grow with the square of the width; those per channel (depthwise, "
    "BatchNorm) and the classifier's grow with the width, so the share stays above the square "
    "where the network shrinks and below it where it grows. Rounding to the arch's multiple of "
    "channels adds to the difference where a width is not one."
)


def why(rows: Sequence[Row]) -> str:
    """The reason why shares are not squares, where there are squares."""
    squares = any(row is not None and row.square is not None for _, row in rows)
    return WHY if squares else ""


def scaling_text(parameter: str, rows: Sequence[Row], width: int = 80) -> str:
    """The sweep as a table, with the reason why shares are not squares.

    Args:
        parameter: its name.
        rows: a value that has no network is a row of the table without figures.
        width: columns to stay within, from 80 on.
    """
    shown = _columns(parameter, rows)
    upper, lower = zip(*(f"\n{one.heading}".split("\n")[-2:] for one in shown), strict=True)
    table: list[tuple[str, Sequence[str]]] = [("", upper), (parameter, lower)]
    table += [(value, _cells(row, shown)) for value, row in rows]
    room = widths([cells for _, cells in table])
    names = max(columns(value) for value, _ in table)
    gap = next((gap for gap in (2, 1) if names + sum(room) + gap * len(room) <= width), 1)
    apart = names + sum(room) + gap * len(room) > width  # long values have their own lines
    lines: list[str] = []
    for value, cells in table:
        if apart and value:
            lines += wrapped(value, width, hang="  ")
        first, wide = (" ", 1) if apart else (value, names)
        row = aligned([first, *cells], [wide, *room], "l" + _sides(shown), " " * gap)
        lines.append(row.rstrip())
    ends = {value: ", ".join(map(str, row.channels)) for value, row in rows if row is not None}
    same = len(set(ends.values())) == 1
    lines += ["", "channels at the end of each stage"]
    for value, text in {"": next(iter(ends.values()))}.items() if same else ends.items():
        said = f"{value}: {text or 'no stages'}".removeprefix(": ")
        lines += wrapped(said, width, "  ", "  ")
    return "\n".join([*lines, *(["", *wrapped(why(rows), width)] if why(rows) else [])])


def scaling_markdown(parameter: str, rows: Sequence[Row]) -> str:
    """The sweep as a Markdown table, with the reason why shares are not squares."""
    shown = _columns(parameter, rows, whole=True)
    head = [parameter, "stage channels", *(one.heading.replace("\n", " ") for one in shown)]
    body = [
        [value, ", ".join(map(str, row.channels)) if row else "", *_cells(row, shown)]
        for value, row in rows
    ]
    lines = markdown([head, *body], "ll" + _sides(shown))
    return "\n".join([*lines, *(["", why(rows)] if why(rows) else [])])
