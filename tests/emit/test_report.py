"""Reports: what stands on the page is what the manifest says, and no text of a spec is markup."""

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest

from archc.emit.report import Subject, content, memory, report
from support import shipped

NAMES = ("dscnn_a05", "efficientnet_b0", "fpn_detector", "two_inputs")
VOID = {"meta", "link", "br", "input"}


@cache
def subject(name: str) -> Subject:
    manifest = shipped.compiled(name).manifest
    return Subject(manifest, shipped.graph(name), manifest)


@cache
def page(*names: str) -> str:
    return report([subject(name) for name in names])


class Reader(HTMLParser):
    """Elements with their attributes, texts of cells, and that every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


@pytest.mark.parametrize("names", [*((name,) for name in NAMES), NAMES], ids="-".join)
def test_a_page_stands_alone(names: tuple[str, ...]) -> None:
    """Nothing is fetched, one script, identifiers are unique, and at most a megabyte."""
    text = page(*names)
    reader = read(text)
    assert [tag for tag, _ in reader.seen if tag in ("script", "link", "img", "iframe")] == [
        "script"
    ]
    for _, attributes in reader.seen:
        assert not {"src", "srcset", "onclick", "onload"} & set(attributes)
        assert not (attributes.get("href") or "#").lstrip("#").startswith(("http", "/", "java"))
    assert "url(" not in text
    assert "@import" not in text
    marks = [attributes["id"] for _, attributes in reader.seen if "id" in attributes]
    assert len(marks) == len(set(marks))
    named = {attributes.get("aria-labelledby") for _, attributes in reader.seen} - {None}
    assert {one for several in named for one in (several or "").split()} <= set(marks)
    assert len(text.encode()) <= 1_000_000
    assert page(*names) == report([subject(name) for name in names])


@pytest.mark.parametrize("name", NAMES)
def test_layers_sum_to_the_totals(name: str) -> None:
    manifest = subject(name).document
    reader = read(page(name))
    head = next(at for at, row in enumerate(reader.rows) if row[:3] == ["layer", "kind", "output"])
    table = reader.rows[head + 1 : head + 1 + len(manifest["layers"])]
    assert [row[0] for row in table] == [layer["name"] for layer in manifest["layers"]]
    for heading, total in (("params", "params"), ("MACs", "macs")):
        column = reader.rows[head].index(heading)
        summed = sum(int(row[column].replace(",", "")) for row in table)
        assert summed == manifest["totals"][total]
    assert f"{manifest['totals']['macs']:,}" in page(name)


def test_times_of_layers_sum_to_the_epochs() -> None:
    manifest = subject("efficientnet_b0").document
    reader = read(page("efficientnet_b0"))
    head = next(at for at, row in enumerate(reader.rows) if row[:3] == ["layer", "kind", "output"])
    column = reader.rows[head].index("time us")
    table = reader.rows[head + 1 : head + 1 + len(manifest["layers"])]
    shown = sum(float(row[column].replace(",", "") or 0) for row in table)
    epochs = [one for one in manifest["deployed"]["latency"]["epochs"] if one["layers"]]
    assert shown == pytest.approx(sum(one["nanoseconds"] for one in epochs) / 1000, abs=len(epochs))


def test_networks_beside_each_other_differ_by_what_they_differ() -> None:
    rows = {row[0]: row[1:] for row in read(page("dscnn_a05", "fpn_detector")).rows if row}
    first, second = (subject(name).document["totals"] for name in ("dscnn_a05", "fpn_detector"))
    away = 100 * (second["macs"] - first["macs"]) / first["macs"]
    assert rows["macs"] == [f"{first['macs']:,}", f"{second['macs']:,} {away:+.1f} %"]


def test_verdicts_stand_beside_each_other() -> None:
    rows = {row[0]: row[1:] for row in read(page("dscnn_a05", "fpn_detector")).rows if row}
    assert rows["verdict of stm32n6"] == ["compatible", "conditional"]
    subjects = [subject("dscnn_a05"), subject("fpn_detector")]
    manifest = {**subjects[1].document, "target": None}
    rows = {
        row[0]: row[1:]
        for row in read(report([subjects[0], subjects[1]._replace(document=manifest)])).rows
        if row
    }
    assert rows["verdict"] == ["stm32n6: compatible", "no target"]


HOSTILE = "</title><script>alert(1)</script>\u202e\x1b[31m\"'&]]>"


def test_no_text_is_markup() -> None:
    """Names that no spec can have, as a model's file may: all come out as text."""

    def hostile(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: hostile(one) for key, one in value.items()}
        if isinstance(value, list):
            return [hostile(one) for one in value]
        return value

    manifest = hostile(subject("dscnn_a05").document)
    manifest["model"] |= {"name": HOSTILE, "source": HOSTILE, "parameters": {HOSTILE: HOSTILE}}
    for layer in manifest["layers"]:
        layer |= {"class_name": HOSTILE, "source": {"file": HOSTILE, "line": 1, "column": 1}}
    for finding in manifest["target"]["findings"]:
        finding |= {"message": HOSTILE, "remedy": HOSTILE, "code": HOSTILE, "source": HOSTILE}
    for one in manifest["deployed"]["arena"]["plan"]:
        one["layer"] = HOSTILE
    for one in manifest["deployed"]["latency"]["epochs"]:
        one["layers"] = [HOSTILE]
    manifest["skips"] = [{"where": HOSTILE, "taken": False, "reason": HOSTILE}]
    text = report([Subject(manifest, subject("dscnn_a05").graph, manifest)])
    assert text.count("<script") == 1
    assert "alert(1)" in text
    assert not re.search("[\u202e\x1b]", text)
    read(text)


@pytest.mark.parametrize("name", NAMES)
def test_memory_pictures_show_every_tensor_where_it_lies(name: str) -> None:
    manifest = subject(name).document
    deployed = manifest["deployed"]
    plan = memory.arena(manifest)
    assert plan is not None
    assert len(plan.bars) == len(deployed["arena"]["plan"])
    root = ET.fromstring(memory.drawn(plan, "m"))
    bars = [one for one in root.iter("rect") if (one.get("class") or "").startswith("bar ")]
    assert len(bars) == len(plan.bars)
    for bar, drawn in zip(plan.bars, bars, strict=True):
        left, width = int(drawn.attrib["x"]), int(drawn.attrib["width"])
        for other, shown in zip(plan.bars, bars, strict=True):
            if other is bar or other.last < bar.first or bar.last < other.first:
                continue
            apart = bar.address + bar.size <= other.address or (
                other.address + other.size <= bar.address
            )
            if apart and bar.address < other.address:  # the lower one is drawn below
                assert int(drawn.attrib["y"]) >= int(shown.attrib["y"])
        assert left >= memory.LEFT
        assert left + width <= memory.WIDTH - memory.RIGHT
    placed = memory.placement(manifest)
    assert placed is not None
    pools = {pool["name"]: pool for pool in deployed["pools"]}
    for bar, buffer in zip(placed.bars, deployed["placement"]["buffers"], strict=True):
        bands = [band for group in placed.bands for band in group]
        touched = [
            band.name
            for band in bands
            if bar.address < band.start + band.size and band.start < bar.address + bar.size
        ]
        assert sorted(touched) == sorted(buffer["pools"])
        assert touched == [one for one in touched if pools[one]["holds"] == "activations"]
    ET.fromstring(memory.drawn(placed, "p"))


def test_what_is_estimated_says_so() -> None:
    text = page("efficientnet_b0")
    assert re.search(
        r"time of one inference</dt><dd><b>[^<]*</b> <span class=\"badge estimate", text
    )
    assert re.search(r"peak of activations</dt><dd><b>[^<]*</b> <span class=\"badge estimate", text)
    assert re.search(r"parameters</dt><dd><b>[^<]*</b> <span class=\"badge exact", text)
    assert "fits" not in text


def test_what_is_not_exact_is_not_said_to_be() -> None:
    """An order that is predicted and a doubt: no arena among what is exact, and no tile says so."""
    manifest = json.loads(json.dumps(subject("dscnn_a05").document))
    manifest["deployed"] |= {"order": "predicted"}
    graph = subject("dscnn_a05").graph
    text = report([Subject(manifest, graph, manifest)])
    tile = r"arena of TFLite Micro</dt><dd><b>[^<]*</b> <span class=\"badge (\w+)"
    assert re.findall(tile, text) == ["estimate"]
    assert re.findall(tile, page("dscnn_a05")) == ["exact"]
    exact = text.split("What is exact")[1].split("What is estimated")[0]
    assert "arena" not in exact
    manifest["deployed"] |= {"unknown": [{"reason": "a doubt", "layers": []}]}
    exact = report([Subject(manifest, graph, manifest)]).split("What is exact")[1]
    assert "that are known" in exact.split("What is estimated")[0]
    assert "Not known: a doubt." in exact


def test_without_an_arena_none_is_drawn() -> None:
    """As of an ONNX file."""
    manifest = json.loads(json.dumps(subject("dscnn_a05").document))
    manifest["deployed"]["arena_bytes"] = None
    assert memory.arena(manifest) is None


def test_a_drawing_that_is_too_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archc.emit.report._MOST_BOXES", 2)
    text = report([subject("dscnn_a05")])
    assert "too many to read here" in text
    assert 'class="drawing' not in text


def test_a_finding_of_many_layers_is_said_once_with_every_place() -> None:
    of = subject("efficientnet_b0")
    findings = content.network(of.document, "n", "", "").findings
    said = [one[:2] + one[3:] for one in findings]
    assert len(set(said)) == len(said)
    swish = next(one for one in findings if one.message.startswith("`swish`"))
    assert swish.places[:3] == (
        ("efficientnet_b0.arch:11", "efficientnet_b0.arch:11"),
        (":16 (2 layers)", "efficientnet_b0.arch:16"),
        (":19 (3 layers)", "efficientnet_b0.arch:19"),
    )
    every = of.document["target"]["findings"]
    counts = [int(shown.split("(")[1].split()[0]) if "(" in shown else 1
              for one in findings for shown, _ in one.places]  # fmt: skip
    assert sum(counts) == sum(finding["layer"] is not None for finding in every)


def test_a_finding_without_a_line_names_its_layer() -> None:
    manifest = json.loads(json.dumps(subject("fpn_detector").document))
    for layer in manifest["layers"]:
        layer["source"] = None
    text = report([Subject(manifest, subject("fpn_detector").graph, manifest)])
    assert '<code>stm32n6/operator</code> <span class="soft place">neck_1_upsample,</span>' in text


def test_names_of_layers_with_colons_stay_whole() -> None:
    """Files name layers as they like: `add:0` and `add:1` are no lines of one file."""
    manifest = json.loads(json.dumps(subject("fpn_detector").document))
    for layer in manifest["layers"]:
        layer["source"] = None
    (first, *_) = manifest["target"]["findings"]
    findings = [first | {"layer": name} for name in ("add:0", "add:1", "add")]
    manifest["target"]["findings"] = findings
    (one,) = content.network(manifest, "n", "", "", pictured=False).findings
    assert one.places == (("add:0", "add:0"), ("add:1", "add:1"), ("add", "add"))


def test_names_in_findings_are_set_as_code() -> None:
    page = report([subject("dscnn_a05")])
    assert "<code>target stm32n6(io = int8)</code>" in page
    assert "`" not in page[page.index('<ul class="findings">') : page.index("</ul>")]
