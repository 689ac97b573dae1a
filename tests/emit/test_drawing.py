"""Drawings: nothing is left out, nothing overlaps, what is drawn is the graph, no text gets out."""

import re
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations, pairwise, product
from shutil import which
from typing import Any

import pytest
from hypothesis import given

from archc.diagnostics.text import figure
from archc.emit.dot import dot
from archc.emit.drawing import (
    DETAILS,
    Picture,
    TooLarge,
    cells,
    layout,
    picture,
    structure,
    svg,
    text,
    untimed,
)
from archc.emit.drawing.layout import lay_out
from archc.emit.drawing.paint import level
from archc.emit.drawing.placed import SMALL, TITLE, Drawing, Way
from archc.emit.drawing.structure import Box, Group, Item, Join, Tag, walk
from archc.emit.drawing.svg import DARK, LIGHT
from archc.emit.mermaid import mermaid
from archc.ir.graph import Graph
from support import shipped
from support.checking import compiled
from support.frames import random_graph
from support.profiles import share
from support.steps import counted
from support.strategies import Spec, specs

ODD = """
arch odd {
    input image: 32 x 32 x 8
    stage empty(repeat = 2) { identity }
    stage res(channels = 16, stride = 2, repeat = 3) { basic }
    stage pre(repeat = 4) { batchnorm relu6 conv(16) }
    stage twice { skip { skip { conv(16) } conv(16, 3x3) batchnorm } relu6 }
    stage nothing { skip { } concat { } { } { conv(8) } }
    stage branches {
        concat { conv(8) } { conv(8, 3x3) relu6 conv(8) } { max_pool(3x3, 1, padding = same) }
               { skip { conv(40, 5x5) } }
        gate { conv(96) sigmoid }
    }
    stage many(repeat = 5) { conv(8, 3x3) dwconv(3x3) skip { conv(8) } }
    stage long { skip { conv(8) conv(16) conv(24) conv(32) conv(40) conv(48) conv(56) conv(8) } }
    head { global_average_pool dropout(0.2) dense(10) softmax }
}
block basic(channels, stride = 1) {
    skip(shortcut = conv(channels, 1x1, stride)) {
        conv(channels, 3x3, stride) batchnorm relu6 conv(channels, 3x3) batchnorm
    }
    relu6
}
"""


@cache
def network(name: str) -> tuple[Graph, dict[str, Any]]:
    if name == "odd":
        (one,) = compiled(ODD).networks
        return one.graph, one.manifest
    return shipped.graph(name), shipped.compiled(name).manifest


NAMES = ("odd", *shipped.NAMES, *shipped.WIRED)


def bare(graph: Graph) -> dict[str, Any]:
    """As much of a manifest as a picture reads."""
    layers = [
        {
            "macs": node.op.macs(node.shape, *graph.input_shapes(node)) if index else 0,
            "params": 0,
        }
        for index, node in enumerate(graph.nodes)
    ]
    return {"layers": layers, "totals": {"macs": sum(layer["macs"] for layer in layers)}}


# --- what is drawn is the network ---------------------------------------------------------------


def check_complete(found: Picture) -> None:
    """Every layer is in one box or join, and the boxes' costs add up to the network's."""
    items = [item for stage in found.stages for item in walk(stage.items)]
    members = [index for item in items if not isinstance(item, Group) for index in item.nodes]
    entries = len(found.graph.inputs)
    assert sorted(members) == list(range(entries, len(found.graph.nodes)))
    boxes = [item for item in items if isinstance(item, Box)]
    assert sum(box.macs * box.times for box in boxes) == found.paint.whole
    assert sum(stage.macs for stage in found.stages) == found.paint.whole
    for item in items:
        if not isinstance(item, Group | Tag):
            assert len(item.nodes) % item.times == 0
        if isinstance(item, Box):
            assert found.graph.nodes[item.nodes[-1]].shape == item.shape


def reads(items: Sequence[Item], before: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every layer that the picture shows with what it reads there; `before` is what comes in."""
    for item in items:
        if isinstance(item, Tag):
            assert item.opens or item.value == before
            before = item.value
            continue
        if isinstance(item, Group):
            yield from reads(item.items, before)
            before = last(item.items, before)
            continue
        if isinstance(item, Join):
            for branch in item.branches:
                yield from reads(branch, before)
            yield item.nodes[0], tuple(last(branch, before) for branch in item.branches)
        else:
            yield item.nodes[0], (before,)
        yield from ((after, (index,)) for index, after in pairwise(item.nodes))
        before = item.nodes[-1]


def last(items: Sequence[Item], before: int) -> int:
    if not items:
        return before
    item = items[-1]
    if isinstance(item, Tag):
        return item.value
    return last(item.items, before) if isinstance(item, Group) else item.nodes[-1]


def check_wired(graph: Graph, manifest: dict[str, Any]) -> None:
    """Without folding the picture says what every layer reads."""
    found = picture(graph, manifest, "layers", fold=False, most=10**6)
    shown: dict[int, tuple[int, ...]] = {}
    before = 0
    for stage in found.stages:
        shown.update(reads(stage.items, before))
        before = last(stage.items, before)
    assert graph.names or before == graph.output
    assert shown == {i: node.inputs for i, node in enumerate(graph.nodes) if node.inputs}


@pytest.mark.parametrize("name", NAMES)
def test_all_layers_are_there_and_wired_as_they_are(name: str) -> None:
    graph, manifest = network(name)
    for detail in DETAILS:
        for fold in (True, False):
            check_complete(picture(graph, manifest, detail, fold=fold))
    check_wired(graph, manifest)


def test_repeats_are_folded_where_they_look_alike() -> None:
    graph, manifest = network("mobilenet_v2_a10")
    found = picture(graph, manifest, "blocks")
    fourth = found.stages[4]
    assert (fourth.name, fourth.repeats) == ("stage4", 4)
    first, rest = fourth.items
    assert isinstance(first, Box)
    assert isinstance(rest, Group)
    assert (first.title, rest.many) == ("bottleneck", 3)  # the first strides and has no skip
    (join,) = rest.items
    assert isinstance(join, Join)
    assert (join.sign, join.arcs) == ("+", 1)
    unfolded = picture(graph, manifest, "blocks", fold=False)
    assert sum(isinstance(item, Join) for stage in unfolded.stages for item in stage.items) == 10


def test_what_only_looks_alike_is_not_folded() -> None:
    """The second fire module of a stage reads twice the channels of the first."""
    graph, manifest = network("squeezenet")
    found = picture(graph, manifest, "blocks")
    titles = [item.title for item in found.stages[1].items if isinstance(item, Box)]
    assert titles == ["max_pool 3x3, /2", "fire", "fire"]


@pytest.mark.parametrize(
    ("body", "drawn"),
    [
        ("conv(8) relu6", "box"),
        ("skip { conv(8) }", "join box"),
        ("gate { conv(8) sigmoid } relu6", "join box"),
        ("skip(shortcut = conv(16)) { conv(8) conv(16) }", "join box box"),
        # What is not a single arc around the block stays inside its box.
        ("concat { conv(8) } { conv(8, 3x3) } { conv(8, 5x5) }", "box"),
        ("concat { conv(8) relu6 conv(8) } { conv(16) conv(8) }", "box"),
        ("skip { conv(8) } conv(8)", "box"),
        ("skip { }", "box"),
    ],
)
def test_a_block_is_a_box_and_what_goes_around_it(body: str, drawn: str) -> None:
    spec = f"arch a {{ input i: 8x8x8 stage s {{ b conv(8) }} }} block b {{ {body} }}"
    (one,) = compiled(spec).networks
    (stage,) = picture(one.graph, one.manifest, "blocks").stages
    items = list(walk(stage.items))
    assert " ".join(type(item).__name__.lower() for item in items) == f"{drawn} box"
    assert sum(isinstance(item, Box) and item.title == "b" for item in items) == 1


def test_the_level_of_detail_goes_by_size() -> None:
    chosen = {name: picture(*network(name)).detail for name in NAMES}
    assert chosen["dscnn_a05"] == chosen["dscnn_a05_ir_se_attn"] == "layers"
    assert chosen["mobilenet_v2_a10"] == chosen["efficientnet_b0"] == "blocks"
    for name in NAMES:
        assert picture(*network(name)).size <= structure.BLOCKS_UP_TO


@pytest.mark.parametrize(
    ("statement", "title"),
    [
        ("conv(16)", "conv 16"),
        ("conv(16, 3x5, 2)", "conv 3x5, 16, /2"),
        ("conv(16, 3x3, 1 x 2, padding = valid)", "conv 3x3, 16, /1x2, valid"),
        ("conv(16, 3x3, dilation = 2, groups = 8)", "conv 3x3, 16, dilation 2, groups 8"),
        ("max_pool(2x2)", "max_pool 2x2"),
        ("global_average_pool(keepdims = true)", "global_average_pool"),
        ("zero_pad(1, 0 x 1)", "zero_pad 1, after 0x1"),
    ],
)
def test_titles(statement: str, title: str) -> None:
    spec = f"arch a {{ input i: 16 x 16 x 8 stage s {{ {statement} }} }}"
    (one,) = compiled(spec).networks
    (stage,) = picture(one.graph, one.manifest).stages
    assert [item.title for item in stage.items if isinstance(item, Box)] == [title]


def test_a_summary_does_not_take_zeros_away() -> None:
    """Zeros on one side alone are said, though a summary leaves most arguments out."""
    spec = """arch a {
        input i: 16 x 16 x 8
        stage s { same_pad(3x3, 2) conv(8, 3x3, stride = 2, padding = valid) }
    }"""
    (one,) = compiled(spec).networks
    (stage,) = picture(one.graph, one.manifest, "blocks").stages
    padding, _ = stage.items
    assert isinstance(padding, Box)
    assert padding.title == "same_pad"
    assert padding.parts == ("zero_pad 0 after 1",)


# --- where it stands ----------------------------------------------------------------------------

Rect = tuple[int, int, int, int]
"""Left, top, right, bottom."""


def rect(placed: Any) -> Rect:
    return placed.x, placed.y, placed.x + placed.width, placed.y + placed.height


def apart(a: Rect, b: Rect) -> bool:
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def inside(a: Rect, b: Rect) -> bool:
    return b[0] <= a[0] and b[1] <= a[1] and a[2] <= b[2] and a[3] <= b[3]


def check_clear(drawing: Drawing) -> None:
    """Nothing lies on anything else, no way crosses a box, all texts have room."""
    canvas = (0, 0, drawing.width, drawing.height)
    bands = [rect(band) for band in drawing.bands]
    outlines = [rect(outline) for outline in drawing.outlines]
    solid = [rect(placed) for placed in (*drawing.boxes, *drawing.joins, *drawing.tags)]
    labels = [label_rect(label) for label in drawing.labels]
    for one in bands:
        assert inside(one, canvas)
    for a, b in combinations(bands, 2):
        assert apart(a, b)
    for one in (*solid, *outlines):
        assert sum(inside(one, band) for band in bands) == 1
    for a, b in near(solid):
        assert apart(a, b), (a, b)
    for a, b in near([*outlines, *solid]):
        assert apart(a, b) or inside(a, b) or inside(b, a), (a, b)
    for a, b in near([*solid, *labels]):
        assert apart(a, b), (a, b)
    for label in labels:
        assert inside(label, canvas)
    for way in drawing.ways:
        for (ax, ay), (bx, by) in pairwise(way.points):
            assert ax == bx or ay == by, way
            line = (min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
            assert inside(line, canvas)
            for box in solid:
                assert not crosses(line, box), (way, box)
                if way.kind != "flow" and ay == by:  # an arc keeps its distance, to be seen
                    assert apart((line[0], ay - 6, line[2], ay + 6), box), (way, box)
    for placed in drawing.boxes:
        room = placed.width - 8
        assert text.width(placed.title, TITLE, bold=True) <= room
        assert all(text.width(line, SMALL) <= room for line in placed.lines)
        assert text.width(placed.cost, SMALL) <= room
        rows = len(placed.lines) + bool(placed.cost)
        assert cells.LINE * rows + 17 * bool(placed.title) <= placed.height


def check_joined(drawing: Drawing) -> None:
    """Every way leaves from something and, where it has an arrow, arrives at something."""
    ends = [
        (label.x - layout.end_width(label) // 2, label.y - layout.END_HEIGHT // 2)
        for label in drawing.ends
    ]
    placed_things = (*drawing.boxes, *drawing.joins, *drawing.tags, *drawing.bands)
    things = [rect(placed) for placed in placed_things]
    things += [
        (x, y, x + layout.end_width(label), y + layout.END_HEIGHT)
        for (x, y), label in zip(ends, drawing.ends, strict=True)
    ]
    for way in drawing.ways:
        (x, y), end = way.points[0], way.points[-1]
        others = (line for one in drawing.ways if one.points[0] != (x, y) for line in lines(one))
        held = (x, y) in drawing.starts or any(on_border(x, y, thing) for thing in things)
        assert held or any(inside((x, y, x, y), line) for line in others), way
        if way.arrow:
            assert any(on_border(*end, thing) for thing in things), way


def lines(way: Any) -> Iterator[Rect]:
    for (ax, ay), (bx, by) in pairwise(way.points):
        yield min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def on_border(x: int, y: int, box: Rect) -> bool:
    return inside((x, y, x, y), box) and (x in (box[0], box[2]) or y in (box[1], box[3]))


def near(rects: Sequence[Rect]) -> Iterator[tuple[Rect, Rect]]:
    """Pairs that share a height, which are all that could overlap."""
    ordered = sorted(rects, key=lambda one: one[1])
    for at, a in enumerate(ordered):
        for b in ordered[at + 1 :]:
            if b[1] >= a[3]:
                break
            yield a, b


def crosses(line: Rect, box: Rect) -> bool:
    """Whether a line runs through the inside of a box. (It may end at its border.)"""
    return line[0] < box[2] and line[2] > box[0] and line[1] < box[3] and line[3] > box[1]


def label_rect(label: Any) -> Rect:
    width = text.width(label.text, SMALL)
    left = label.x - width // 2 if label.middle else label.x
    return left, label.y - SMALL + 2, left + width, label.y + 1


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps(name: str) -> None:
    for detail in DETAILS:
        for fold in (True, False):
            found = picture(*network(name), detail, fold=fold)
            for drawing in (lay_out(found), lay_out(found, width=480, top=77, least=600)):
                check_clear(drawing)
                check_joined(drawing)


def test_an_overlap_would_be_seen() -> None:
    drawing = lay_out(picture(*network("odd")))
    first, second, *rest = drawing.boxes
    moved = drawing._replace(boxes=(first, second._replace(x=first.x + 5, y=first.y), *rest))
    with pytest.raises(AssertionError):
        check_clear(moved)
    way = Way(((first.x - 9, first.y + 9), (first.x + 400, first.y + 9)), "flow", False)
    with pytest.raises(AssertionError):
        check_clear(drawing._replace(ways=(*drawing.ways, way)))


@pytest.mark.parametrize("name", ["mobilenet_v2_a10", "efficientnet_b0", "dscnn_a05"])
def test_unasked_a_drawing_is_no_wider_than_a_page(name: str) -> None:
    assert lay_out(picture(*network(name))).width <= 1120


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed: int) -> None:
    """Hostile names, joins in joins, blocks in blocks."""
    graph = random_graph(seed)
    manifest = bare(graph)
    check_wired(graph, manifest)
    for detail in DETAILS:
        found = picture(graph, manifest, detail)
        check_complete(found)
        check_clear(lay_out(found))
        check_joined(lay_out(found))


@given(specs())
@share(0.15)
def test_generated_specs(spec: Spec) -> None:
    for one in compiled(spec.text).networks:
        check_wired(one.graph, one.manifest)
        for detail in DETAILS:
            found = picture(one.graph, one.manifest, detail)
            check_complete(found)
            check_clear(lay_out(found))
            check_joined(lay_out(found))
            ET.fromstring(svg(found))
            check_chart(mermaid(found), found)
            check_dot(dot(found), found)


# --- SVG ----------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def elements(drawn: str, tag: str) -> list[ET.Element]:
    return list(ET.fromstring(drawn).iter(SVG + tag))


def test_a_reader_finds_its_way() -> None:
    drawn = svg(picture(*network("dscnn_a05")))
    root = ET.fromstring(drawn)
    assert root.get("role") == "img"
    title, desc = root[0], root[1]
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "dscnn_a05"
    said = desc.text or ""
    for words in ("28 layers", "stage4: 8x32x128 to 4x16x256", "31 % of the MACs", "compatible"):
        assert words in said
    shown = [element.text for element in elements(drawn, "text")]
    for words in ("stage1", "stage4", "head", "dwconv 3x3, /2", "16x64x64", "spectrogram 64x256x1"):
        assert words in shown


# --- coloured by time ---------------------------------------------------------------------------

TIMED = ("dscnn_a05_ir_se", "efficientnet_b0", "fpn_detector", "two_inputs")


@pytest.mark.parametrize("name", TIMED)
def test_all_time_is_somewhere(name: str) -> None:
    """Boxes and joins have the time of all epochs but those at the border, and each the colour of
    its share; nothing overlaps for that."""
    graph, manifest = network(name)
    epochs = manifest["deployed"]["latency"]["epochs"]
    for detail in DETAILS:
        found = picture(graph, manifest, detail, color="time")
        items = [item for stage in found.stages for item in walk(stage.items)]
        drawn = [item for item in items if isinstance(item, Box | Join)]
        spent = sum(found.paint.of(item.nodes) for item in drawn)
        assert spent == sum(epoch["nanoseconds"] for epoch in epochs if epoch["layers"])
        assert found.paint.whole == sum(epoch["nanoseconds"] for epoch in epochs)
        drawing = lay_out(found)
        check_clear(drawing)
        check_joined(drawing)
        kinds = [element.get("class") or "" for element in elements(svg(found), "rect")]
        boxes = [kind for kind in kinds if kind.startswith("box c")][len(LIGHT.heat) :]
        expected = [
            f"box c{level(found.paint.of(placed.box.nodes), found.paint.whole)}"
            for placed in drawing.boxes
            for _ in range(2 if placed.box.many > 1 else 1)
        ]
        assert boxes == expected
        check_dot(dot(found), found)
        check_chart(mermaid(found), found)


def test_the_legend_has_unit_and_grade() -> None:
    drawn = svg(picture(*network("efficientnet_b0"), color="time"))
    shown = [element.text or "" for element in elements(drawn, "text")]
    (legend,) = (text for text in shown if text.startswith("share of the time"))
    assert re.fullmatch(r"share of the time, [\d.]+ ms ±30 % \(estimate, wide\):", legend)
    assert "% of the time." in (elements(drawn, "desc")[0].text or "")
    assert "MACs" not in "".join(text for text in shown if not text.startswith("5.33 M params"))
    assert "prefers-color-scheme:dark" in drawn


def test_the_three_that_take_longest_say_what_would_help() -> None:
    graph, manifest = network("mobilenet_v2_a10")
    epochs = manifest["deployed"]["latency"]["epochs"]
    ranked = sorted(epochs, key=lambda epoch: -epoch["nanoseconds"])[:3]
    for detail in DETAILS:
        drawn = svg(picture(graph, manifest, detail, color="time"))
        said = "\n".join(element.text or "" for element in elements(drawn, "title"))
        for number, epoch in enumerate(ranked, 1):
            name = epoch["layers"][0]
            assert re.search(
                rf"{name}: [\d.]+ [um]s, \d+ % of the time \({epoch['reason']}\), "
                rf"number {number} of all; what would help: \w+",
                said,
            )


def test_without_a_time_there_is_none_to_show() -> None:
    (one,) = compiled("arch a { input i: 8 x 8 x 8 stage s { conv(8) } }").networks
    assert untimed(one.manifest) == "no target says how long it takes"
    text = "arch a { target stm32n6(io = int8) input i: 8 x 8 x 8 stage s { conv(8, 3x3, %s) } }"
    (one,) = compiled(text % "dilation = 2").networks
    assert "not known" in (untimed(one.manifest) or "")
    (one,) = compiled(text % "stride = 2").networks
    assert untimed(one.manifest) is None


def test_every_layer_is_named_where_the_pointer_rests() -> None:
    graph, manifest = network("dscnn_a05_ir_se")
    drawn = svg(picture(graph, manifest, "layers", fold=False))
    said = [element.text or "" for element in elements(drawn, "title")[1:]]
    names = [name for tip in said for name in tip.split("\n")[0].split(", ")]
    assert sorted(names) == sorted(node.name for node in graph.nodes[1:])
    assert any("specs/" not in tip and "dscnn.arch:15" in tip for tip in said)


def test_colours_go_by_the_share_of_all_repeats() -> None:
    assert [level(macs, 1000) for macs in (0, 1, 9, 10, 49, 50, 99, 100, 249, 250, 1000)] == [
        *(0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5)
    ]
    graph, manifest = network("mobilenet_v2_a10")
    found = picture(graph, manifest, "blocks")
    drawing = lay_out(found)
    drawn = [element.get("class") for element in elements(svg(found), "rect")]
    boxes = [kind for kind in drawn if kind and kind.startswith("box c")][len(LIGHT.heat) :]
    expected = []
    for placed in drawing.boxes:
        cost = placed.box.macs * placed.box.times
        assert cost == sum(manifest["layers"][index]["macs"] for index in placed.box.nodes)
        expected += [f"box c{level(cost, manifest['totals']['macs'])}"] * (
            2 if placed.box.many > 1 else 1
        )
    assert boxes == expected


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read_on_all_colours(scheme: Any) -> None:
    """A contrast of 4.5 at least (WCAG 2.2, 1.4.3), and of 3 for lines that mean something."""
    grounds = (*scheme.heat, scheme.page, scheme.band)
    assert min(contrast(scheme.ink, ground) for ground in grounds) >= 4.5
    # Small grey texts stand on the page, on bands and in boxes of every colour.
    assert min(contrast(scheme.soft, ground) for ground in (scheme.page, scheme.band)) >= 4.5
    assert min(contrast(scheme.soft, ground) for ground in scheme.heat) >= 3
    for line in (scheme.line, scheme.skip, scheme.gate):
        assert contrast(line, scheme.band) >= 3
    for one, other in pairwise(scheme.heat):
        assert contrast(one, other) > 1.05


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


HOSTILE = (
    '"/><script>alert(1)</script>&amp;<!-- --> ]]> \x00\x1b\u202e\ud800\ufffe\nend\n'
    '%%{init: {"theme": "x"}}%% click a "javascript:alert(1)" `"] --- ;#quot;'
)


def hostile(name: str) -> tuple[Graph, dict[str, Any]]:
    """A network in which every text that could come from outside is hostile."""
    graph, manifest = network(name)
    names = [f"{HOSTILE}{index}" for index in range(len(graph.nodes))]
    called = dict(zip((node.name for node in graph.nodes), names, strict=True))
    nodes = tuple(node._replace(name=name) for node, name in zip(graph.nodes, names, strict=True))
    layers = [
        {**layer, "name": name, "source": {"file": HOSTILE, "line": 1, "column": 1}}
        for layer, name in zip(manifest["layers"], names, strict=True)
    ]
    frames = tuple(
        frame if isinstance(frame, int) else frame._replace(label=HOSTILE)
        for frame in graph.frame.children
    )
    model = {**manifest["model"], "source": HOSTILE, "base": HOSTILE}
    made = graph._replace(nodes=nodes, frame=graph.frame._replace(children=frames))
    latency = manifest["deployed"]["latency"]
    epochs = [
        {**epoch, "layers": [called[name] for name in epoch["layers"]]}
        for epoch in (latency["epochs"] if latency else ())
    ]
    timed = latency and {**latency, "epochs": epochs}
    deployed = {**manifest["deployed"], "latency": timed}
    return made, {**manifest, "layers": layers, "model": model, "deployed": deployed}


def test_no_text_becomes_markup() -> None:
    kinds = {"svg", "title", "desc", "style", "rect", "text", "path", "g", "circle"}
    known = {"class", "x", "y", "width", "height", "rx", "d", "cx", "cy", "r", "id"}
    for detail, (name, color) in product(DETAILS, (("odd", "macs"), ("dscnn_a05_ir_se", "time"))):
        graph, manifest = hostile(name)
        found = picture(graph, manifest, detail, color=color)
        root = ET.fromstring(svg(found).encode())
        for element in root.iter():
            assert element.tag.removeprefix(SVG) in kinds
            assert element is root or set(element.attrib) <= known
        plain = ET.fromstring(svg(picture(*network(name), detail, color=color)))
        assert [element.tag for element in root.iter()] == [element.tag for element in plain.iter()]
        said = "".join(root.itertext())
        assert "<script>alert(1)</script>" in said  # as text
        assert "\\x1b" in said
        assert not any(sign in said for sign in "\x00\x1b\u202e\ufffe")
        check_chart(mermaid(found), found)
        check_dot(dot(found), found)


def test_nothing_is_fetched() -> None:
    drawn = svg(picture(*network("odd")))
    assert re.findall(r"https?://[^\"<\s]+", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"url\(|href|@import|<image|<use|on\w+=", drawn)


def test_drawings_are_small() -> None:
    graph, manifest = network("efficientnet_b0")
    for detail in DETAILS:
        assert len(svg(picture(graph, manifest, detail))) < 150_000


# --- Mermaid ------------------------------------------------------------------------------------

LABEL = r'"(?:[\w ,.:+\-/·×…→]|<br/>|\#\d+;)*"'
LINE = re.compile(
    rf"""\ *(?:
        ---|title:\ "\w*"|%%\ Drawn\ by\ archc\.|flowchart\ TD|direction\ LR|end
        |accTitle:\ [\w]*|accDescr:\ (?:[\w ,.:+\-/·×…→]|\#\d+;)*
        |(?P<open>subgraph)\ \w+\[{LABEL}\]
        |(?P<node>\w+)(?:\[{LABEL}\]|\(\[{LABEL}\]\)|\(\({LABEL}\)\))
        |(?P<from>\w+)\ -->(?:\|{LABEL}\|)?\ (?P<to>\w+)
        |(?P<arc>\w+)\ -\.\ {LABEL}\ \.->\ (?P<into>\w+)
        |classDef\ \w+\ [\w:\#,]+|class\ [\w,]+\ \w+
    )""",
    re.VERBOSE | re.ASCII,
)


def check_chart(chart: str, found: Picture) -> None:
    """Every line is one of those that are meant; nodes and edges are those of the picture."""
    lines = [LINE.fullmatch(line) for line in chart.splitlines()]
    assert all(lines), [
        line for line, fit in zip(chart.splitlines(), lines, strict=True) if not fit
    ]
    fits = [line for line in lines if line]
    nodes = [fit["node"] for fit in fits if fit["node"]]
    assert len(set(nodes)) == len(nodes)
    items = [item for stage in found.stages for item in walk(stage.items)]
    assert sum(one.startswith("box") for one in nodes) == sum(isinstance(i, Box) for i in items)
    joins = [item for item in items if isinstance(item, Join)]
    assert sum(one.startswith("join") for one in nodes) == len(joins)
    arcs = [fit for fit in fits if fit["arc"]]
    assert len(arcs) == sum(join.arcs for join in joins)
    ends = {fit[side] for fit in fits for side in ("from", "to", "arc", "into") if fit[side]}
    stages = {f"stage{number + 1}" for number in range(len(found.stages))}
    assert ends <= {*nodes, *stages}
    assert stages <= ends or not all(stage.follows for stage in found.stages)
    depth = 0
    for line in chart.splitlines():
        depth += line.strip().startswith("subgraph ") - (line.strip() == "end")
        assert depth >= 0
    assert depth == 0


QUOTED = r'"(?:[^"\\\n]|\\["\\n])*"'
VALUE = rf"(?:{QUOTED}|\w+)"
ATTRIBUTES = rf"\w+={VALUE}(?: \w+={VALUE})*"
DOT_LINE = re.compile(
    rf"// Drawn by archc\.|digraph {QUOTED} \{{|\s*\}}|\s*subgraph cluster_\w+ \{{"
    rf"|\s*(?:graph|edge) \[{ATTRIBUTES}\]|\s+{ATTRIBUTES}"
    rf"|\s*(?P<node>\w+) \[{ATTRIBUTES}\]"
    rf"|\s*(?P<from>\w+) -> (?P<to>\w+)(?: \[{ATTRIBUTES}\])?"
)


def check_dot(text: str, found: Picture) -> None:
    """Every line is one of those that are meant; what enters reaches what leaves by every node."""
    lines = [DOT_LINE.fullmatch(line) for line in text.splitlines()]
    assert all(lines), [x for x, fit in zip(text.splitlines(), lines, strict=True) if not fit]
    fits = [line for line in lines if line]
    nodes = {fit["node"] for fit in fits if fit["node"]} - {"node"}
    items = [item for stage in found.stages for item in walk(stage.items)]
    assert sum(one.startswith("box") for one in nodes) == sum(isinstance(i, Box) for i in items)
    joins = [item for item in items if isinstance(item, Join)]
    assert sum(one.startswith("join") for one in nodes) == len(joins)
    edges = [(fit["from"], fit["to"]) for fit in fits if fit["from"]]
    assert text.count(" style=dashed]") == sum(join.arcs for join in joins)
    for ends, start in ((edges, "start"), ([edge[::-1] for edge in edges], "finish")):
        reached = {node for node in nodes if node.startswith(start)}
        while more := {after for before, after in ends if before in reached} - reached:
            reached |= more
        assert reached == nodes
    assert text.count("{") == text.count("}")


@pytest.mark.skipif(not which("dot"), reason="Graphviz is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_graphviz_takes_it(name: str) -> None:
    drawing = dot(picture(*network(name)))
    done = subprocess.run(
        ["dot", "-Tplain"], input=drawing.encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert "\nnode start " in done.stdout.decode()


@pytest.mark.parametrize("name", NAMES)
def test_charts_have_the_same_boxes(name: str) -> None:
    for detail in DETAILS:
        found = picture(*network(name), detail)
        check_chart(mermaid(found), found)
        check_dot(dot(found), found)


def test_a_chart_that_renderers_take() -> None:
    """Mermaid refuses more than 500 edges and 50,000 characters by default."""
    for name in NAMES:
        chart = mermaid(picture(*network(name)))
        assert len(chart) < 50_000
        assert sum("->" in line for line in chart.splitlines()) <= 500


# --- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((0, "0"), (7, "7"), (999, "999"), (1000, "1.00 k"), (1005, "1.01 k"), (9994, "9.99 k")),
        *((9995, "10.0 k"), (99_949, "99.9 k"), (99_950, "100 k"), (999_499, "999 k")),
        *(
            (999_500, "1.00 M"),
            (7_000_704, "7.00 M"),
            (10**9 - 1, "1.00 G"),
            (5 * 10**21, "5,000 E"),
        ),
    ],
)
def test_figures(value: int, shown: str) -> None:
    assert figure(value) == shown


def test_lines_say_what_they_leave_out() -> None:
    parts = [f"conv {number}" for number in range(40)]
    shown = text.lines(parts, 10, 180, 2)
    assert len(shown) == 2
    assert all(text.width(line, 10) <= 180 for line in shown)
    kept = sum(line.count("conv") for line in shown)
    assert shown[1].endswith(f"+ {40 - kept} more")


# --- size ---------------------------------------------------------------------------------------


def test_too_many_boxes_are_refused() -> None:
    statements = " ".join(f"conv({8 * (1 + index % 2)})" for index in range(300))
    (one,) = compiled(f"arch a {{ input i: 4x4x8 stage s {{ {statements} }} }}").networks
    with pytest.raises(TooLarge) as refused:
        picture(one.graph, one.manifest, "layers", most=200)
    assert (refused.value.size, refused.value.most) == (301, 200)
    found = picture(one.graph, one.manifest)
    assert (found.detail, found.size) == ("stages", 2)


def test_three_thousand_operators() -> None:
    """Unasked it is one box; in full it is large, but no dearer than the build of it."""
    body = "\n".join(f"conv({8 * (1 + index % 7)}) batchnorm relu6" for index in range(1_000))
    with counted() as compiling:
        (one,) = compiled(f"arch huge {{ input image: 8x8x8 stage s {{ {body} }} }}").networks
        assert one.module
    with counted() as drawing:
        assert len(svg(picture(one.graph, one.manifest))) < 8_000
        assert len(mermaid(picture(one.graph, one.manifest, most=240))) < 8_000
        full = svg(picture(one.graph, one.manifest, "layers", most=1_001))
    assert drawing.calls < compiling.calls
    assert len(full) < 1_000_000


def test_maps_that_all_later_layers_read_take_no_time_in_their_number() -> None:
    """As DenseNet is written where each layer joins the maps, not the last join: ways double."""
    body = "conv(4) relu as m0 conv(4) relu as m1"
    for index in range(2, 40):
        body += " concat" + "".join(f" {{ m{read} }}" for read in range(index))
        body += f" conv(4) relu as m{index}"
    body = body.removesuffix(" as m39")
    (one,) = compiled(f"arch dense {{ input image: 8x8x4 stage s {{ {body} }} }}").networks
    with counted() as drawing:
        check_wired(one.graph, one.manifest)
    assert drawing.calls < 500_000


@pytest.mark.parametrize(
    ("title", "shown", "lines"),
    [
        ("CONV_2D 128 + RELU", "CONV_2D 128 + RELU", ("LOGISTIC",)),
        ("DEPTHWISE_CONV_2D 3x3, /2 + RELU6", "DEPTHWISE_CONV_2D 3x3, /2", ("RELU6 · LOGISTIC",)),
    ],
)
def test_what_is_fused_has_a_line_of_its_own_where_a_title_is_long(
    title: str, shown: str, lines: tuple[str, ...]
) -> None:
    """The kernel and stride of a depthwise convolution are not cut out of its title."""
    made = cells._BoxCell(Box(title, ("LOGISTIC",), (8, 8, 8), (4, 4, 8), 1, 1, (0,), title))
    assert (made.title, made.lines) == (shown, lines)
