"""The drawing as SVG: one file without scripts, links or anything to fetch.

Colours come from a style sheet with a light and a dark scheme; a reader of SVG that knows no media
queries shows the light one.
"""

from collections.abc import Sequence

from archc.diagnostics.text import figure, printable, several, shape_text, size_text
from archc.emit.drawing import text
from archc.emit.drawing.cells import LINE, STACK, tag_text
from archc.emit.drawing.layout import END_HEIGHT, HEADER, MARGIN, PADDING, end_width, lay_out
from archc.emit.drawing.paint import BINS
from archc.emit.drawing.placed import (
    NAME,
    SMALL,
    TITLE,
    Band,
    Drawing,
    Label,
    Outline,
    PlacedBox,
    PlacedJoin,
    PlacedTag,
    Way,
)
from archc.emit.drawing.structure import Join, Picture, Stage, walk

MARK = "Drawn by archc."
"""A comment in every drawing, by which the command knows its own files."""


class Scheme:
    """The colours of one scheme; ``heat`` is for nothing, then for each of `BINS`."""

    def __init__(
        self, page: str, band: str, ink: str, soft: str, line: str, edge: str, skip: str, gate: str,
        heat: Sequence[str],
    ) -> None:  # fmt: skip
        self.page, self.band, self.ink, self.soft, self.line = page, band, ink, soft, line
        self.edge, self.skip, self.gate, self.heat = edge, skip, gate, tuple(heat)


LIGHT = Scheme(
    page="#ffffff",
    band="#f6f7f9",
    ink="#16191d",
    soft="#3b424b",
    line="#6b7480",
    edge="#c3c9d1",
    skip="#1f6feb",
    gate="#8a3fd1",
    heat=("#ffffff", "#fdf4dc", "#fbe3ad", "#f8cb7d", "#f4a958", "#e8744a"),
)
DARK = Scheme(
    page="#0e1116",
    band="#171b21",
    ink="#eef1f5",
    soft="#c0c7d0",
    line="#8b95a1",
    edge="#3b434d",
    skip="#6aa8ff",
    gate="#c594f7",
    heat=("#20252c", "#353022", "#524420", "#75501a", "#91471a", "#b03a1e"),
)

FONTS = "Helvetica Neue, Helvetica, Arial, Liberation Sans, Nimbus Sans, DejaVu Sans, sans-serif"


def svg(
    picture: Picture, *, width: int = 1120, within: str | None = None, scheme: str | None = None
) -> str:
    """The drawing of a network.

    Args:
        picture: what to draw.
        width: pixels to stay within; what cannot be wrapped may go beyond.
        within: the identifier of the drawing in a page that holds others, so that its identifiers
            are its own and its style reaches nothing else; a document of its own by default.
        scheme: `light` or `dark`; by default what the reader prefers.

    Returns:
        An SVG document, the same bytes for the same picture.
    """
    head = _head(picture)
    drawing = lay_out(picture, width=width, top=head.height, least=head.width)
    name = within or picture.name
    own = f'id="{_escaped(within)}-picture" ' if within else ""
    parts = [
        f'<svg {own}xmlns="http://www.w3.org/2000/svg" width="{drawing.width}" '
        f'height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}" role="img" '
        f'aria-labelledby="{_escaped(name)}-title {_escaped(name)}-desc">',
        f"<!-- {MARK} -->",
        f'<title id="{_escaped(name)}-title">{_escaped(picture.name)}</title>',
        f'<desc id="{_escaped(name)}-desc">{_escaped(description(picture))}</desc>',
        f"<style>{_style(f'#{within}-picture ' if within else '', scheme)}</style>",
        f'<rect class="page" width="{drawing.width}" height="{drawing.height}"/>',
        *head.parts,
        *_network(picture, drawing),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def description(picture: Picture) -> str:
    """The network in a few sentences, for those who do not see the drawing."""
    layers = len(picture.graph.nodes) - len(picture.graph.inputs)
    said = [f"{picture.name}, a network of {several(layers, 'layer')}."]
    said += [f"{line}." for line in _facts(picture)]
    for stage in picture.stages:
        times = f", {stage.repeats} repeats" if stage.repeats > 1 else ""
        said.append(
            f"{stage.name}{times}: {shape_text(stage.enters)} to {shape_text(stage.shape)}, "
            f"{_part(picture, stage)}."
        )
    return " ".join(map(printable, said))


def _part(picture: Picture, stage: Stage) -> str:
    paint = picture.paint
    part = text.share(paint.of(stage.nodes), paint.whole)
    return f"{part} of the time" if paint.remarks else f"{part} of the MACs"


# --- the head ----------------------------------------------------------------------------------


class _Head:
    def __init__(self, width: int, height: int, parts: list[str]) -> None:
        self.width, self.height, self.parts = width, height, parts


def _facts(picture: Picture) -> list[str]:
    manifest = picture.manifest
    totals, deployed, model = manifest["totals"], manifest["deployed"], manifest["model"]
    derived = f", derived from {model['base']}" if model["base"] else ""
    held = "int8 " if deployed["precision"] == "int8" else ""
    lines = [
        f"{model['source']}{derived}",
        f"{figure(totals['params'])} params · {figure(totals['macs'])} MACs · "
        f"{size_text(deployed['weight_bytes'])} of {held}weights · "
        f"{size_text(deployed['peak_activation_bytes'])} peak activations (estimate)",
    ]
    target = manifest["target"]
    if target:
        lines[0] += f" · {target['name']}: {target['verdict']}"
    return lines


def _head(picture: Picture) -> _Head:
    """The title, the totals and the legend."""
    source, totals = (printable(line) for line in _facts(picture))
    width = max(620, min(text.width(totals, TITLE), 900) + 2 * MARGIN)
    source = text.cut(source, TITLE, width - 2 * MARGIN)
    parts = [
        _text(MARGIN, 40, printable(picture.name), "h1"),
        _text(MARGIN, 61, source, "t soft"),
        _text(MARGIN, 79, totals, "t ink"),
    ]
    x, y = MARGIN, 94
    label = printable(picture.paint.heading)
    parts.append(_text(x, y + 10, label, "s soft"))
    x += text.width(label, SMALL) + 8
    for number, said in enumerate(_bins()):
        parts.append(f'<rect class="box c{number}" x="{x}" y="{y}" width="16" height="12" rx="3"/>')
        parts.append(_text(x + 21, y + 10, said, "s soft"))
        x += 21 + text.width(said, SMALL) + 10
    width = max(width, x)
    x, y = MARGIN, y + 20
    for kind, said in _kinds(picture):
        parts.append(f'<path class="way {kind}" d="M{x} {y + 10}v-4q0 -4 4 -4h16q4 0 4 4v4"/>')
        parts.append(_text(x + 31, y + 10, said, "s soft"))
        x += 31 + text.width(said, SMALL) + 14
    said = "shapes are rows x columns x channels"
    parts.append(_text(x, y + 10, said, "s soft"))
    return _Head(width, y + 34, parts)


def _bins() -> list[str]:
    upper = [*BINS[1:], None]
    said = ["none", f"<{BINS[1]} %"]
    for low, high in zip(BINS[1:], upper[1:], strict=True):
        said.append(f"{low} to {high} %" if high else f"{low} % and more")
    return said


def _kinds(picture: Picture) -> list[tuple[str, str]]:
    """The kinds of arcs there are, and what they mean."""
    signs = {
        item.sign[0]
        for stage in picture.stages
        for item in walk(stage.items)
        if isinstance(item, Join) and item.arcs
    }
    told = []
    if "+" in signs:
        told.append(("skip", "skip: added to what the block makes of it"))
    elif signs - {"×"}:
        told.append(("skip", "joined as it is"))
    if "×" in signs:
        told.append(("gate", "gate: multiplied by what the block makes of it"))
    return told


# --- the network -------------------------------------------------------------------------------


def _network(picture: Picture, drawing: Drawing) -> list[str]:
    parts = [_end(label) for label in drawing.ends]
    parts += [_band(picture, band) for band in drawing.bands]
    parts += [_outline(outline) for outline in drawing.outlines]
    parts += [_way(way) for way in drawing.ways]
    parts += [f'<circle class="start" cx="{x}" cy="{y}" r="3"/>' for x, y in drawing.starts]
    parts += [_box(picture, placed) for placed in drawing.boxes]
    parts += [_join(picture, placed) for placed in drawing.joins]
    parts += [_tag(placed) for placed in drawing.tags]
    parts += [_label(label) for label in drawing.labels]
    return parts


def _end(label: Label) -> str:
    width = end_width(label)
    x, y = label.x - width // 2, label.y - END_HEIGHT // 2
    x = max(x, MARGIN)
    return (
        f'<g><rect class="end" x="{x}" y="{y}" width="{width}" height="{END_HEIGHT}" rx="13"/>'
        f"{_text(x + width // 2, label.y + 4, printable(label.text), 's ink m')}</g>"
    )


def _band(picture: Picture, band: Band) -> str:
    stage = band.stage
    x, middle = band.x + PADDING, band.axis
    name = printable(stage.name) + (f" × {stage.repeats}" if stage.repeats > 1 else "")
    name = text.cut(name, NAME, HEADER - PADDING - 8, bold=True)
    paint = picture.paint
    part = paint.of(stage.nodes)
    parts = [
        f'<g><rect class="band" x="{band.x}" y="{band.y}" width="{band.width}" '
        f'height="{band.height}" rx="8"/>',
        _text(x, middle - 13, name, "n ink"),
    ]
    if stage.items:
        parts.append(_text(x, middle + 4, paint.share(stage.nodes), "s soft"))
        parts.append(_text(x, middle + 18, f"{figure(stage.params)} params", "s soft"))
        room = HEADER - PADDING - 28
        filled = room * part // paint.whole if paint.whole else 0
        parts.append(f'<rect class="rail" x="{x}" y="{middle + 25}" width="{room}" height="4"/>')
        if part:
            filled = max(filled, 1)
            parts.append(
                f'<rect class="bar" x="{x}" y="{middle + 25}" width="{filled}" height="4"/>'
            )
    else:
        parts.append(_text(x, middle + 4, "no layers", "s soft"))
    return "".join([*parts, "</g>"])


def _outline(outline: Outline) -> str:
    kind = "group many" if outline.many > 1 else "group"
    drawn = (
        f'<rect class="{kind}" x="{outline.x}" y="{outline.y}" width="{outline.width}" '
        f'height="{outline.height}" rx="7"/>'
    )
    if outline.label:
        drawn += _text(outline.x + 9, outline.y + 13, printable(outline.label), "s soft b")
    return drawn


def _box(picture: Picture, placed: PlacedBox) -> str:
    box = placed.box
    colour = picture.paint.level(box.nodes)
    x, y, width, height = placed.x, placed.y, placed.width, placed.height
    parts = ["<g>", _tooltip(picture, box.nodes, box.macs * box.times, box.params * box.times)]
    if box.many > 1:
        parts.append(_rect(f"box c{colour}", x + STACK, y - STACK, width, height))
    parts.append(_rect(f"box c{colour}", x, y, width, height))
    rows = len(placed.lines) + bool(placed.cost)
    tall = (17 if placed.title else 0) + LINE * rows
    at = y + (height - tall) // 2
    centre = x + width // 2
    if placed.title:
        parts.append(_text(centre, at + 12, printable(placed.title), "t ink b m"))
        at += 17
    kind = "s soft m" if placed.title else "s ink m"
    for line in placed.lines:
        parts.append(_text(centre, at + 9, printable(line), kind))
        at += LINE
    if placed.cost:
        parts.append(_text(centre, at + 9, placed.cost, "s ink m"))
    return "".join([*parts, "</g>"])


def _join(picture: Picture, placed: PlacedJoin) -> str:
    colour = picture.paint.level(placed.join.nodes)
    kind = f"join c{colour}" if colour else "join"
    return (
        f"<g>{_tooltip(picture, placed.join.nodes, 0, 0)}"
        f"{_rect(kind, placed.x, placed.y, placed.width, placed.height, placed.height // 2)}"
        + _text(
            placed.x + placed.width // 2,
            placed.y + placed.height // 2 + 4,
            printable(placed.join.sign),
            "t ink b m",
        )
        + "</g>"
    )


def _tag(placed: PlacedTag) -> str:
    """The name of a map: pointed to the right where a way begins, flat where one ends."""
    x, y, width, height = placed.x, placed.y, placed.width, placed.height
    tip = 6 if placed.tag.opens else 0
    shape = (
        f"M{x} {y}H{x + width - tip}L{x + width} {y + height // 2}"
        f"L{x + width - tip} {y + height}H{x}Z"
    )
    said = _text(x + (width - tip) // 2, y + 14, printable(tag_text(placed.tag)), "s ink b m")
    return f'<g><path class="end" d="{shape}"/>{said}</g>'


_MOST_NAMES = 16


def _tooltip(picture: Picture, nodes: Sequence[int], macs: int, params: int) -> str:
    """What is shown while the pointer rests on a box: its layers, exact figures, and the line."""
    layers = picture.manifest["layers"]
    names = [layers[index]["name"] for index in nodes[:_MOST_NAMES]]
    if len(nodes) > len(names):
        names.append(f"and {len(nodes) - len(names)} more")
    place = layers[nodes[0]]["source"]
    lines = [", ".join(names)]
    if macs or params:
        lines.append(f"{macs:,} MACs, {params:,} params")
    lines += picture.paint.told(nodes)
    if place is not None:
        lines.append(f"{place['file']}:{place['line']}")
    return f"<title>{_escaped(chr(10).join(map(printable, lines)))}</title>"


def _way(way: Way) -> str:
    """A line with round corners."""
    points = way.points
    drawn = [f"M{points[0][0]} {points[0][1]}"]
    for at in range(1, len(points) - 1):
        before, here, after = points[at - 1 : at + 2]
        radius = min(8, _length(before, here) // 2, _length(here, after) // 2)
        ax, ay = _towards(here, before, radius)
        bx, by = _towards(here, after, radius)
        drawn.append(f"L{ax} {ay}Q{here[0]} {here[1]} {bx} {by}")
    drawn.append(f"L{points[-1][0]} {points[-1][1]}")
    line = f'<path class="way {way.kind}" d="{"".join(drawn)}"/>'
    if way.arrow:
        line += _arrow(points[-2], points[-1], way.kind)
    return line


def _arrow(before: tuple[int, int], end: tuple[int, int], kind: str) -> str:
    dx = (end[0] > before[0]) - (end[0] < before[0])
    dy = (end[1] > before[1]) - (end[1] < before[1])
    x, y = end
    left = x - 6 * dx - 3 * dy, y - 6 * dy - 3 * dx
    right = x - 6 * dx + 3 * dy, y - 6 * dy + 3 * dx
    return f'<path class="tip {kind}" d="M{x} {y}L{left[0]} {left[1]}L{right[0]} {right[1]}Z"/>'


def _length(a: tuple[int, int], b: tuple[int, int]) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a: tuple[int, int], b: tuple[int, int], by: int) -> tuple[int, int]:
    dx = (b[0] > a[0]) - (b[0] < a[0])
    dy = (b[1] > a[1]) - (b[1] < a[1])
    return a[0] + by * dx, a[1] + by * dy


def _label(label: Label) -> str:
    return _text(label.x, label.y, label.text, "s soft m" if label.middle else "s soft")


def _rect(kind: str, x: int, y: int, width: int, height: int, radius: int = 5) -> str:
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>'


def _text(x: int, y: int, said: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{_escaped(said)}</text>'


def _escaped(said: str) -> str:
    """A text as XML has it. What steers or hides is escaped by `printable` before it gets here."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        said = said.replace(sign, entity)
    return said


def _style(within: str, scheme: str | None) -> str:
    """The style sheet, its rules for what is below ``within`` only."""
    rules = [
        f"text{{font-family:{FONTS}}}",
        f".s{{font-size:{SMALL}px}}",
        f".t{{font-size:{TITLE}px}}",
        f".n{{font-size:{NAME}px;font-weight:600}}",
        ".h1{font-size:22px;font-weight:700}",
        ".b{font-weight:600}",
        ".m{text-anchor:middle}",
        ".way{fill:none;stroke-width:1.3}",
        ".gate.way{stroke-dasharray:5 3}",
        ".group{fill:none;stroke-width:1}",
        ".many{stroke-dasharray:3 3;stroke-width:1.3}",
        *_scheme(DARK if scheme == "dark" else LIGHT),
    ]
    if scheme is not None:
        return "".join(_below(within, rule) for rule in rules)
    dark = "".join(_below(within, rule) for rule in _scheme(DARK))
    rules = [_below(within, rule) for rule in rules]
    return "".join([*rules, f"@media(prefers-color-scheme:dark){{{dark}}}"])


def _below(within: str, rule: str) -> str:
    """A rule for what is below an element."""
    selectors, brace, properties = rule.partition("{")
    return ",".join(within + one for one in selectors.split(",")) + brace + properties


def _scheme(colours: Scheme) -> list[str]:
    return [
        f".page{{fill:{colours.page}}}",
        f".band{{fill:{colours.band};stroke:{colours.edge}}}",
        f".ink,.h1{{fill:{colours.ink}}}",
        f".soft{{fill:{colours.soft}}}",
        f".box,.join,.end{{stroke:{colours.line}}}",
        f".join,.end{{fill:{colours.page}}}",
        f".group{{stroke:{colours.line}}}",
        f".rail{{fill:{colours.edge}}}",
        f".bar{{fill:{colours.heat[-1]}}}",
        f".flow.way{{stroke:{colours.line}}}",
        f".flow.tip,.start{{fill:{colours.line}}}",
        f".skip.way{{stroke:{colours.skip}}}",
        f".skip.tip{{fill:{colours.skip}}}",
        f".gate.way{{stroke:{colours.gate}}}",
        f".gate.tip{{fill:{colours.gate}}}",
        *(f".c{number}{{fill:{colour}}}" for number, colour in enumerate(colours.heat)),
    ]
