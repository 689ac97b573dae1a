"""Findings that differ in their figures: one for people to read, each for programs."""

import json
from pathlib import Path

import pytest

from archc.cli.command import main
from archc.diagnostics.alike import alike, gathered, wording
from archc.diagnostics.model import Diagnostic, Part
from archc.emit.report import content
from archc.emit.table import table
from archc.emit.verdicts import verdicts

Capture = pytest.CaptureFixture[str]

DENSE = """arch dense {
    target stm32n6(allow = [concat], io = int8)
    input image: 32 x 32 x 3
    head {
        conv(64, 3x3)
WIDTHS    }
}
"""
WIDTHS = ("16, 32", "16, 40", "16, 48, 8", "16, 56", "16, 64")


def dense(count: int, name: str = "dense") -> str:
    """A spec of so many concatenations of widths that differ."""
    lines = []
    for widths in WIDTHS[:count]:
        branches = " ".join(f"{{ conv({width}) }}" for width in widths.split(", "))
        lines.append(f"        concat {branches}\n        conv(64)\n")
    return DENSE.replace("WIDTHS", "".join(lines)).replace("dense", name)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("a concatenation of 64, 32 and 1,024 channels", "a concatenation of # channels"),
        ("a dimension of 70,000 in 70000x1x1", "a dimension of # in #"),
        ("8,192 B or 1,176 KiB", "# or #"),
        ("took 58.7 ms", "took # ms"),
        ("CONV_2D of int8, `conv2d_7`, RELU6", "CONV_2D of int8, `conv2d_7`, RELU6"),
        (None, None),
    ],
)
def test_wording_is_what_is_left_without_figures(text: str | None, without: str | None) -> None:
    assert wording(text) == without


def test_names_keep_findings_apart() -> None:
    texts = [f"{name} runs on the CPU" for name in ("CONV_2D", "CONV_3D", "A_1", "A_2", "A_3")]
    assert alike(texts, lambda _: 0, lambda text: (text,)) == [[text] for text in texts]


def test_groups_stand_where_their_first_does() -> None:
    texts = ["a 1", "b", "a 2", "a 1", "c 1", "a 3", "c 2", "a 4"]
    groups = alike(texts, lambda _: 0, lambda text: (text,))
    assert groups == [["a 1", "a 1", "a 2", "a 3", "a 4"], ["b"], ["c 1"], ["c 2"]]
    assert alike(texts, lambda text: text == "a 3", lambda text: (text,))[0] == ["a 1", "a 1"]


def layered(number: int, file: str = "net.onnx", **more: object) -> Diagnostic:
    part = Part(file, f"layer_{number}")
    found = Diagnostic("t/r", "error", f"{number} channels", notes=("source: s",), part=part)
    return found._replace(**more)


def test_those_of_a_model_are_one_with_all_their_layers() -> None:
    several = layered(2, layers=("layer_2", "again"), notes=("2 layers: ...", "source: s"))
    (one,) = gathered([layered(1), several, *map(layered, range(3, 60))])
    assert one.message == "1 channels"
    assert one.notes == (
        "60 layers (the figures are those of the first): `layer_1`, `layer_2`, `again` and 57 more",
        "source: s",
    )


def test_others_stay_apart() -> None:
    of_files = [layered(number, f"{number}.onnx") for number in range(9)]
    helped = [layered(number, help=f"help {'abcdefghi'[number]}") for number in range(9)]
    placeless = [Diagnostic("t/r", "warning", f"{number} channels") for number in range(9)]
    for every in (of_files, helped, placeless, [*map(layered, range(3))]):
        assert gathered(every) == every


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("dense.arch").write_text(dense(5), "utf-8")
    return "dense.arch"


def said(capsys: Capture, *arguments: str) -> str:
    main(arguments)
    out, err = capsys.readouterr()
    return out + err


def test_a_terminal_has_it_once_and_a_program_each(spec: str, capsys: Capture) -> None:
    text = said(capsys, "check", spec)
    assert text.count("warning[stm32n6/concat_widths]") == 1
    assert (
        "note: 5 layers (the figures are those of the first): `head_concat`, `head_concat_2`, "
        "`head_concat_3` and 2 more, in 5 places" in text
    )
    assert text.count("here too") == 4  # and of the permission
    assert "; `archc check --format short` lists each finding\n" in text
    for format in ("short", "github"):
        assert said(capsys, "check", spec, "--format", format).count("stm32n6/concat_widths") == 5
    found = json.loads(said(capsys, "check", spec, "--format", "json"))["diagnostics"]
    assert [one["code"] for one in found].count("stm32n6/concat_widths") == 5
    (run,) = json.loads(said(capsys, "check", spec, "--format", "sarif"))["runs"]
    assert [one["ruleId"] for one in run["results"]].count("stm32n6/concat_widths") == 5
    assert said(capsys, "build", spec, "-o", "out").count("warning[stm32n6/concat_widths]") == 1


def test_notes_on_places_are_one(spec: str, capsys: Capture) -> None:
    widths = "".join(f"        conv({width})\n" for width in (12, 20, 28, 36, 44, 8))
    Path(spec).write_text(DENSE.replace("WIDTHS", widths), "utf-8")
    text = said(capsys, "check", spec)
    assert text.count("note[rounded_width]") == 1
    assert "note: 5 places (the figures are those of the first)\n" in text
    assert text.count("here too") == 2
    assert said(capsys, "check", spec, "--format", "short").count("note[rounded_width]") == 5


def test_few_are_shown_one_by_one(spec: str, capsys: Capture) -> None:
    Path(spec).write_text(dense(3), "utf-8")
    text = said(capsys, "check", spec)
    assert text.count("warning[stm32n6/concat_widths]") == 3
    assert "--format short" not in text


def test_specs_stay_apart_and_so_do_errors(spec: str, capsys: Capture) -> None:
    Path("other.arch").write_text(dense(4, "other"), "utf-8")
    assert said(capsys, "check", spec, "other.arch").count("warning[stm32n6/concat_widths]") == 2
    widths = "".join(f"        conv({width})\n" for width in (8, 16, 24, 32))
    wide = DENSE.replace("WIDTHS", widths).replace("32 x 32 x 3", "70000 x 1 x 3")
    Path(spec).write_text(wide, "utf-8")
    assert said(capsys, "check", spec).count("error[stm32n6/dimension]") > 4


def test_tables_and_reports_have_it_once(spec: str, capsys: Capture) -> None:
    (manifest,) = json.loads(said(capsys, "profile", spec, "--format", "json"))["manifests"]
    findings = manifest["target"]["findings"]
    assert [one["code"] for one in findings].count("stm32n6/concat_widths") == 5
    shown = " ".join(table(manifest, width=140).split())
    assert shown.count("a concatenation of 16") == 1
    assert "(the figures are those of the first): head_concat, head_concat_2, " in shown
    (one,) = (
        one
        for one in content.network(manifest, "n", "", "", pictured=False).findings
        if one.code == "stm32n6/concat_widths"
    )
    assert len(one.places) == 5
    assert one.message.endswith("besides (the figures are those of the first)")


def test_a_table_of_many_models_has_it_once(spec: str, capsys: Capture) -> None:
    (manifest,) = json.loads(said(capsys, "profile", spec, "--format", "json"))["manifests"]
    models = [
        (manifest | {"file": {}}, [layered(number) for number in range(first, first + 4)])
        for first in (0, 4)
    ]
    text = verdicts(models, width=100)
    assert text.count("channels") == 1
    assert "error[t/r]: 0 channels (the figures are those of the first)\n  in 1: dense.arch" in text
