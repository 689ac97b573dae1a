"""The tables: every figure in them re-added, their width, and what they say."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archc
from archc.analysis.figures import FIGURES, value
from archc.diagnostics.text import columns
from archc.emit.summary import FORMATS, summary, summary_csv, summary_markdown
from archc.emit.table import ARENA_REMARK, peak_remark, table
from archc.targets.builtin import builtin

SPEC = """
arch base(alpha = 1 in 0.1 .. 4, unit = ir(expansion = 4)) {
    require macs <= 100 M, params <= 10
    input image: 96 x 96 x 3
    stage stem(channels = 30 * alpha, stride = 2) { conv(kernel = 3x3) batchnorm relu6 }
    stage body(channels = 60 * alpha, stride = 2, repeat = 3) { unit se }
    head { attention_pool dropout dense(1000) softmax }
}
"""
Compile = Callable[[str], Any]
Manifest = dict[str, Any]


def finding(**changes: Any) -> Manifest:
    return {
        "code": "stm32n6/softmax",
        "level": "warning",
        "layer": "head_softmax",
        "message": "`softmax` runs on the CPU",
        "remedy": "run `stedgeai analyze`",
        "source": "ST report",
        "confidence": "B",
        **changes,
    }


@pytest.fixture
def document(compile_spec: Compile) -> Manifest:
    made: Manifest = compile_spec(SPEC).manifest()
    made["target"] = {
        "name": "stm32n6",
        "verdict": "conditional",
        "findings": [finding(layer=f"layer_{n}") for n in range(9)]
        + [finding(code="stm32n6/memory", level="note", layer=None, message="→ big", remedy=None)],
    }
    return made


NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?![\w.])")
COLUMNS = [figure.name for figure in FIGURES if figure.heading is not None]
ROW = re.compile(r"^(  )?(\S+) +(.*?) +(\d[\dx]*|)" + r" +([\d,]+)" * len(COLUMNS) + r"(?: .*)?$")


def rows(text: str) -> list[tuple[bool, str, str, tuple[int, ...]]]:
    """The table of layers read back: whether indented, name, shape, figures."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("name "))
    found = []
    for line in lines[start + 1 :]:
        if not line:
            break
        match = ROW.match(line)
        if match:
            indent, name, _, shape, *figures = match.groups()
            numbers = tuple(int(figure.replace(",", "")) for figure in figures)
            found.append((bool(indent), name, shape, numbers))
    return found


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_figures_add_up(document: Manifest, width: int, unicode: bool) -> None:
    read = rows(table(document, width=width, unicode=unicode))
    total = read.pop()[3]
    assert {"params", "macs", "activation_bytes.int8"} <= set(COLUMNS)
    assert total == tuple(value(document["totals"], name) for name in COLUMNS)
    layers = document["layers"]
    plain = [row for row in read if row[0]] + [read[0]]
    groups = [row for row in read if not row[0]]
    assert len(plain) == len(layers)
    assert [name for _, name, _, _ in groups] == ["image", "stem", "body", "head"]
    for which in (plain, groups):
        assert tuple(sum(column) for column in zip(*(r[3] for r in which), strict=True)) == total
    for row, layer in zip([read[0], *(row for row in read if row[0])], layers, strict=True):
        assert row[2] == "x".join(map(str, layer["output_shape"]))
        assert row[3] == tuple(value(layer, name) for name in COLUMNS)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_it_keeps_to_its_width(document: Manifest, width: int) -> None:
    text = table(document, width=width)
    assert max(map(columns, text.split("\n"))) <= width
    assert all(line == line.rstrip() for line in text.split("\n"))


def test_bars(document: Manifest) -> None:
    wide = table(document, width=120).split("\n")
    bars = {
        layer["name"]: next((line for line in wide if f" {short} " in line), "").count("█")
        for layer in document["layers"]
        if (short := layer["name"].removeprefix("body_"))
    }
    most = max(document["layers"], key=lambda layer: layer["macs"])["name"]
    assert bars[most] == max(bars.values()) >= 10
    assert bars["body_1_ir_batchnorm"] == 0
    plain = table(document, width=120, unicode=False)
    assert plain.isascii()
    assert "####" in plain
    assert "→" in table(document)


def test_what_it_says(document: Manifest) -> None:
    text = table(document, width=100)
    flat = " ".join(text.split())
    deployed = document["deployed"]
    for operator, count in deployed["operators"].items():
        assert re.search(rf"^  {operator} +{count}$", text, re.M)
    assert f"{deployed['weight_bytes']:,}" in text
    assert f"KiB at {deployed['peak_at']}" in flat
    assert f"step {deployed['peak']['step']} alive there: " in flat
    for number in deployed["peak"]["alive"]:
        tensor = deployed["arena"]["plan"][number]
        assert f"{tensor['layer']} {tensor['bytes']:,}" in flat
    assert f"{deployed['constant_bytes']:,}" in text
    least = deployed["arena"]["lower_bound"]
    ratio = f"{deployed['arena_bytes'] / least:.2f} times the lower bound of {least:,}"
    assert re.search(rf"activations +{deployed['arena_bytes']:,} .* {re.escape(ratio)}", flat)
    micro = deployed["tflite_micro"]
    assert "Arena of TensorFlow Lite Micro: Python wheel (x86-64, reference kernels)" in flat
    for name, key in (("persistent", "persistent"), ("smallest that works", "smallest_working")):
        assert re.search(rf"{name} +{micro[key]:,} ", text)
    assert "in an exact order" in flat
    assert ARENA_REMARK in flat
    assert peak_remark(document) in flat
    assert builtin("stm32n6").estimates["peak"] in peak_remark(None)
    assert "alpha = 1, unit = ir(expansion = 4)" in flat
    assert "of 10," in text
    assert "BROKEN" in text
    assert ": kept" in text
    assert "30 → 32 multiple of 8, line 5" in flat
    assert "stride 2" in flat
    assert "body_1_ir" in flat
    assert "Target stm32n6: conditional" in text
    assert text.count("warning[stm32n6/softmax]") == 1
    assert "layer_5 and 3 more" in flat
    assert flat.count("help: run `stedgeai analyze`") == 1
    assert flat.count("source: ST report (B: a report of the vendor's tool)") == 2


def test_what_is_not_sure_is_said(document: Manifest) -> None:
    deployed = document["deployed"]
    deployed["order"] = "predicted"
    flat = " ".join(table(document).split())
    assert "in a predicted order" in flat
    assert "rests on the order of the operators" in flat
    deployed["unknown"] = [{"layers": ["body_1_ir_conv"], "reason": "nobody knows"}]
    flat = " ".join(table(document).split())
    assert "a guess: nobody knows: body_1_ir_conv" in flat
    assert "rests on a guess" in flat


@pytest.mark.parametrize("width", [60, 80, 120])
def test_timeline(document: Manifest, width: int) -> None:
    plain = table(document, width=width)
    text = table(document, width=width, timeline=True)
    assert set(plain.split("\n")) <= set(text.split("\n"))
    assert max(map(columns, text.split("\n"))) <= max(width, max(map(columns, plain.split("\n"))))
    (block,) = (block for block in text.split("\n\n") if block.startswith("Timeline"))
    shown = [line.split() for line in block.split("\n")[2:]]
    deployed = document["deployed"]
    assert [(int(cells[0]), int(cells[3].replace(",", ""))) for cells in shown] == [
        (moment["step"], moment["activation_bytes"]) for moment in deployed["timeline"]
    ]
    assert [cells[0] for cells in shown if cells[-1] == "<"] == [str(deployed["peak"]["step"])]
    bars = [cells[4].count("█") for cells in shown]
    assert max(bars) == bars[deployed["peak"]["step"]] >= 5
    assert table(document, width=width, timeline=True, unicode=False).isascii()


def test_timeline_of_nothing() -> None:
    compiled = archc.compile_text("arch a { input image: 8 x 8 x 4 head { dropout } }")
    text = table(compiled.manifest, timeline=True)
    assert "nothing is deployed" in text
    assert re.search(r"activations +1,024 ", text)


def test_pools() -> None:
    spec = """arch a {
        target stm32n6(board = BOARD, allow = [activation_memory])
        SHAPE
        head { conv(64) }
    }"""
    small = archc.compile_text(
        spec.replace("BOARD", "dk").replace("SHAPE", "input image: 96 x 96 x 8")
    )
    flat = " ".join(table(small.manifest).split())
    assert "cpuRAM2 activations 589,824 of 1,048,576 458,752 left" in flat
    assert "npuRAM5 activations 147,456 of 458,752 311,296 left" in flat
    assert "octoFlash weights 768 of 63,963,136 63,962,368 left" in flat
    assert "Memories of the board (estimate)" in flat
    assert "0.22 to 2.26 times" in flat
    assert "fits" not in flat
    large = archc.compile_text(
        spec.replace("BOARD", "audio").replace("SHAPE", "input image: 200 x 200 x 8")
    )
    assert "NOT ENOUGH" in table(large.manifest)


def test_without_target_and_with_unsupported_layers(document: Manifest) -> None:
    document["target"] = None
    document["layers"][-1]["supported"] = False
    text = table(document)
    assert "No target" in text
    assert re.search(r"softmax +Activation ! ", text)


def test_a_manifest_file_is_enough(document: Manifest) -> None:
    assert table(json.loads(json.dumps(document))) == table(document)


def test_strings_cannot_steer_the_terminal(document: Manifest) -> None:
    evil = "\x1b[31m\u202e"
    text = json.loads(json.dumps(document).replace("head_softmax", json.dumps(evil)[1:-1]))
    text["model"]["name"] = text["model"]["source"] = text["skips"][0]["reason"] = evil
    text["skips"][0]["taken"] = False
    text["target"]["findings"][0]["message"] = evil
    for shown in (table(text), summary([text]), summary_markdown([text])):
        assert "\x1b" not in shown
        assert "\u202e" not in shown


def test_colour_changes_nothing_else(document: Manifest) -> None:
    coloured = table(document, color=True)
    assert "\x1b[1m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == table(document)


def test_summary(document: Manifest) -> None:
    other = {**document, "target": None, "model": {**document["model"], "name": "a|b"}}
    figures = (
        document["totals"]["params"],
        document["totals"]["macs"],
        document["deployed"]["weight_bytes"],
        document["deployed"]["peak_activation_bytes"],
    )
    cells = [f"{figure:,}" for figure in figures]
    lines = summary([document, other]).split("\n")
    assert lines[3].split() == ["base", *cells, "conditional", "(stm32n6)"]
    assert lines[4].split() == ["a|b", *cells, "no", "target"]
    markdown = summary_markdown([document, other]).split("\n")
    assert markdown[1] == "| --- | ---: | ---: | ---: | ---: | --- |"
    assert markdown[2] == f"| base | {' | '.join(cells)} | conditional (stm32n6) |"
    assert markdown[3].startswith("| a\\|b | ")
    assert "estimate" in lines[1]
    assert "estimate" in markdown[0]
    alone = summary([document]).split("\n")
    assert alone[1].endswith("(stm32n6)")
    assert alone[3].split() == ["base", *cells, "conditional"]
    assert summary([document], unicode=False).isascii()


def test_csv_has_the_figures_of_the_manifest() -> None:
    """As a reader we did not write takes them; a network without a target has none."""
    import csv

    text = "arch a{} {{ {} input i: 8 x 8 x 8 head {{ conv(8) relu6 }} }}"
    specs = text.format(1, "target stm32n6"), text.format(2, "")
    documents = [archc.compile_text(spec).manifest for spec in specs]
    rows = list(csv.DictReader(summary_csv(documents).splitlines()))
    assert [row["network"] for row in rows] == ["a1", "a2"]
    assert [row["target"] for row in rows] == ["stm32n6", ""]
    for row, document in zip(rows, documents, strict=True):
        for name in ("params", "macs"):
            assert int(row[name]) == document["totals"][name]
        for name in ("weight_bytes", "peak_activation_bytes"):
            assert int(row[name]) == document["deployed"][name]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_a_profile_is_offered(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from archc.cli import main

    spec = tmp_path / "a.arch"
    spec.write_text("arch a { input i: 8 x 8 x 8 head { conv(8) relu6 } }")
    assert main(["profile", str(spec), "--format", name]) == 0
    assert capsys.readouterr().out.count("\n") == FORMATS[name](["x"][:0]).count("\n") + 1


def test_time_is_stated_with_its_error_and_where_it_goes() -> None:
    spec = """arch a {
        target stm32n6
        input image: 128 x 128 x 3
        stage b(channels = 32, stride = 2, repeat = 4) { conv(kernel = 3x3) batchnorm relu6 }
        head { conv(16, 3x3) }
    }"""
    compiled = archc.compile_text(spec)
    latency = compiled.manifest["deployed"]["latency"]
    assert latency["grade"] == "wide"  # the border is float32, which the CPU converts
    text = table(compiled.manifest)
    assert f"{latency['microseconds'] / 1000:.2f} ms ±30 %" in text
    assert re.search(r"\(results\) +[\d,]+ us  software", text)
    assert re.search(r"b_1_conv +[\d,]+ us  ", text)
    (row,) = (layer for layer in compiled.manifest["layers"] if layer["name"] == "b_1_conv")
    assert re.search(rf"b_1_conv +[\d,]+ us  \w+ +{row['macs']:,}  ", text)  # MACs beside it
    assert "feed int8" in text
    assert "take int8 results" in text
    assert "fits" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_target_no_time_is_stated() -> None:
    compiled = archc.compile_text("arch a { input image: 8 x 8 x 8 head { conv(8) } }")
    assert compiled.manifest["deployed"]["latency"] is None
    assert "Time of one inference" not in table(compiled.manifest)
