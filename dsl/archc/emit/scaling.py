"""How a network grows with one of its parameters: `archc sweep` as text, Markdown and data.

Weights between channels (convolutions) grow with the product of two widths, so with the square of
a width multiplier. Weights per channel (depthwise, BatchNorm, biases) and those of a classifier,
whose output does not scale, grow with the width itself.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archc.diagnostics.text import columns

Manifest = Mapping[str, Any]

PER_CHANNEL = ("DepthwiseConv2D", "BatchNormalization", "Dense", "LayerNormalization")
"""Layers whose weights grow with the width and not with its square."""


class Scaling(NamedTuple):
    """One network of the sweep, held against the one with the default value."""

    value: str
    channels: tuple[int, ...]
    """Channels at the end of each stage."""
    params: int
    share: float
    """Of the default's parameters, in percent."""
    square: float | None
    """What the square of the value's ratio to the default would give, in percent; None where the
    parameter is no number or changes no stage's channels."""
    linear: int
    """Parameters that grow with the width and not with its square."""
    macs: int
    peak_activation_bytes: int


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
            )
        )
    return tuple(rows)


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


def cells(parameter: str, rows: Sequence[Scaling]) -> list[list[str]]:
    """Headings, some of two lines, and rows as texts; squares only where there are any."""
    squares = any(row.square is not None for row in rows)
    table = [
        [
            parameter,
            "stage\nchannels",
            "params",
            "of\ndefault",
            *([f"{parameter}²"] if squares else []),
            "per-channel\nparams",
            "MACs",
            "peak KiB\n(estimate)",
        ]
    ]
    for row in rows:
        table.append(
            [
                row.value,
                ", ".join(map(str, row.channels)),
                f"{row.params:,}",
                f"{row.share:.1f} %",
                *(["" if row.square is None else f"{row.square:.1f} %"] if squares else []),
                f"{row.linear:,} ({100 * row.linear / row.params:.0f} %)" if row.params else "0",
                f"{row.macs:,}",
                f"{row.peak_activation_bytes / 1024:,.0f}",
            ]
        )
    return table


WHY = (
    "Weights between channels grow with the square of the width; those per channel (depthwise, "
    "BatchNorm) and the classifier's grow with the width, so the share stays above the square "
    "where the network shrinks and below it where it grows. Rounding to the arch's multiple of "
    "channels adds to the difference where a width is not one."
)


def why(rows: Sequence[Scaling]) -> str:
    """The reason why shares are not squares, where there are squares."""
    return WHY if any(row.square is not None for row in rows) else ""


def scaling_text(parameter: str, rows: Sequence[Scaling]) -> str:
    """The sweep as a table, with the reason why shares are not squares."""
    from textwrap import fill

    head, *rest = cells(parameter, rows)
    upper, lower = zip(*(f"\n{text}".split("\n")[-2:] for text in head), strict=True)
    table = [upper, lower, *rest]
    widths = [max(columns(row[i]) for row in table) for i in range(len(head))]
    lines = [
        "  ".join(
            cell + " " * (width - columns(cell))
            if index < 2
            else " " * (width - columns(cell)) + cell
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    return "\n".join([*lines, "", fill(why(rows), 80)])


def scaling_markdown(parameter: str, rows: Sequence[Scaling]) -> str:
    """The sweep as a Markdown table, with the reason why shares are not squares."""
    head, *rest = cells(parameter, rows)
    head = [text.replace("\n", " ") for text in head]
    rule = ["---", "---", *["---:"] * (len(head) - 2)]
    return "\n".join([*(f"| {' | '.join(row)} |" for row in [head, rule, *rest]), "", why(rows)])
