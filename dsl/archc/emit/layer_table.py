"""The table of a network's layers, grouped by stage, with a bar for what each computes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archc.analysis.figures import FIGURES
from archc.analysis.figures import known as figure_of
from archc.diagnostics.grid import GAP, aligned, bold
from archc.diagnostics.text import columns, printable, several, shape_text
from archc.emit.cells import Manifest, Section, Signs, drawn_bar, shortened
from archc.typed import NamedTuple

_NAME_AT_LEAST = 16
BAR_AT_LEAST, BAR_AT_MOST = 5, 30


_SHORTER = (
    ("Normalization", "Norm"),
    ("Average", "Avg"),
    ("Pooling2D", "Pool"),
    ("DepthwiseConv2D", "Depthwise"),
    ("UpSampling", "Upsample"),
    ("Concatenate", "Concat"),
)


_COLUMNS = tuple(figure for figure in FIGURES if figure.heading is not None)
_MACS = next(at for at, figure in enumerate(_COLUMNS) if figure.name == "macs")
"""Which of the columns the bars show."""


class _Line(NamedTuple):
    """A row of the table of layers."""

    name: str
    kind: str
    shape: str
    figures: tuple[int | None, ...]
    """None where one is not known."""
    group: bool = False


def layer_section(manifest: Manifest, width: int, signs: Signs, color: bool) -> Section:
    lines = list(_rows(manifest))
    lines.append(_Line("total", "", "", _sums(manifest["layers"]), group=True))
    kinds = max(len("layer"), *(len(line.kind) for line in lines))
    shapes = max(len("output"), *(len(line.shape) for line in lines))
    counts = [
        max(len(figure.heading or ""), *(len(_count(line.figures[i])) for line in lines))
        for i, figure in enumerate(_COLUMNS)
    ]
    # Names and bars share what is left: names come first, bars need a few columns to say anything.
    # Where that is not enough for both, columns move closer together.
    longest = max(columns(line.name) for line in lines)
    for gap in (GAP, " "):
        rest = width - kinds - shapes - sum(counts) - len(gap) * (2 + len(counts))
        names = max(min(longest, rest - BAR_AT_LEAST - len(GAP)), _NAME_AT_LEAST)
        if names == longest:
            break
    bars = min(rest - names - len(GAP), BAR_AT_MOST)
    if bars < BAR_AT_LEAST:
        names, bars = max(min(longest, rest), 8), 0
    room = [names, kinds, shapes, *counts]
    most = max((line.figures[_MACS] or 0 for line in lines if not line.group), default=0)
    whole = lines[-1].figures[_MACS]

    headings = ["name", "layer", "output", *(figure.heading or "" for figure in _COLUMNS)]
    sides = "ll" + "r" * (len(counts) + 1)
    share = f"{GAP}{'share of MACs' if bars > 12 else 'share'}" if bars else ""
    whole_width = sum(room) + len(gap) * (len(room) - 1) + (len(GAP) + bars) * (bars > 0)
    rule = signs.rule * whole_width
    shown = [bold(aligned(headings, room, sides, gap) + share, color), rule]
    for line in lines:
        last = line is lines[-1]
        if last:
            shown.append(rule)
        texts = [shortened(line.name, names, signs), line.kind, line.shape]
        texts += [_count(figure) for figure in line.figures]
        text = aligned(texts, room, sides, gap)
        macs = line.figures[_MACS] or 0
        if bars and line.group and not last and whole:
            text += f"{GAP}{100 * macs / whole:.0f} %"
        elif bars and not line.group and most:
            text += GAP + drawn_bar(macs, most, bars, signs)
        shown.append(bold(text, color) if line.group else text)
    return "", shown


def part_of(layer: Mapping[str, Any], manifest: Mapping[str, Any]) -> str | None:
    """The stage or output that a layer is in, or `head`; None of an input."""
    stage: str | None = layer["stage"]
    if stage is not None:
        return stage
    parts = ["head", *(one["name"] for one in manifest["outputs"] if "layer" in one)]
    within = [name for name in parts if layer["name"].startswith(f"{name}_")]
    return max(within, key=len, default=None)


def _rows(manifest: Manifest) -> Iterator[_Line]:
    """Layers, and before those of a stage a row with its sums."""
    groups: list[tuple[str | None, list[Manifest]]] = []
    for layer in manifest["layers"]:
        group = part_of(layer, manifest)
        if groups and groups[-1][0] == group:
            groups[-1][1].append(layer)
        else:
            groups.append((group, [layer]))
    for group, members in groups:
        indent = ""
        if group is not None:
            indent = "  "
            kind = several(len(members), "layer")
            shape = shape_of(members[-1]["output_shape"])
            yield _Line(printable(group), kind, shape, _sums(members), group=True)
        for layer in members:
            yield _Line(
                indent + printable(layer["name"]).removeprefix(f"{group}_"),
                _kind(layer["class_name"]) + ("" if layer["supported"] in (True, None) else " !"),
                shape_of(layer["output_shape"]),
                _sums([layer]),
            )


def _sums(layers: Sequence[Manifest]) -> tuple[int | None, ...]:
    """The sums of what is known; None where nothing is."""
    columns = ([figure_of(layer, figure.name) for layer in layers] for figure in _COLUMNS)
    known = ([count for count in column if count is not None] for column in columns)
    return tuple(sum(counts) if counts or not layers else None for counts in known)


def _count(figure: int | None) -> str:
    return "?" if figure is None else f"{figure:,}"


def _kind(class_name: str) -> str:
    kind = printable(class_name)
    for long, short in _SHORTER:
        kind = kind.replace(long, short)
    return kind


def shape_of(shape: Sequence[int] | None) -> str:
    return "?" if shape is None else shape_text(shape)
