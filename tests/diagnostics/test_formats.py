"""Diagnostics for other programs: each format checked against what reads it."""

import gc
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.cli import main
from archc.diagnostics.formats import github, sarif, short, uri
from archc.diagnostics.model import Diagnostic, Edit, Label
from archc.source import Source, Span
from support.profiles import share

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0-rtm.5.json").read_text())
VALIDATOR = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
SPECS = sorted((Path(__file__).parents[1] / "errors").glob("*.arch"))

BAD = """arch a {
    target stm32n6
    input i: 8 x 8 x 8
    head { cnov(8) conv(8, 3x3, stride = 3) relu }
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("bad.arch").write_text(BAD)
    Path("good.arch").write_text("arch g { input i: 8 x 8 x 8 head { relu6 } }")
    yield
    gc.enable()


def name(source: Source) -> str:
    return source.name


def at(text: str, part: str, file: str = "a.arch") -> Span:
    start = text.index(part)
    return Span(Source(file, text), start, start + len(part))


# --- short -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SPECS[::5], ids=lambda path: path.stem)
def test_short_is_a_line_that_editors_parse(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(path.name).write_bytes(path.read_bytes())
    main(["check", path.name, "--format", "json"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    main(["check", path.name, "--format", "short"])
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(found)
    for line, one in zip(lines, found, strict=True):
        said = f"{one['level']}[{one['code']}]: "
        place = f"{one['file']}:{one['line']}:{one['column']}: " if one["file"] else ""
        assert line.startswith(place + said)
        assert re.fullmatch(r"([^:]+(:[^:]+)?:\d+:\d+: )?\w+\[[\w/]+\]: .+", line)


def test_short_of_what_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "good.arch", "--format", "short"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out == "no errors in g\n"


# --- GitHub ------------------------------------------------------------------------------------


ESCAPES = (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%"))


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner reads it: split, then unescaped."""
    found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
    assert found, line
    properties = dict(one.split("=", 1) for one in found[2].split(","))

    def plain(text: str) -> str:
        for escape, sign in (
            ("%2C", ","),
            ("%3A", ":"),
            ("%0A", "\n"),
            ("%0D", "\r"),
            ("%25", "%"),
        ):
            text = text.replace(escape, sign)
        return text

    return found[1], {key: plain(value) for key, value in properties.items()}, plain(found[3])


def test_github(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bad.arch", "--format", "github"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    kind, properties, text = command(line)
    assert kind == "error"
    assert properties == {
        "title": "error[unknown_name]",
        "file": "bad.arch",
        "line": "4",
        "endLine": "4",
        "col": "12",
        "endColumn": "15",
    }
    assert text.endswith("help: did you mean `conv`?")


@share(0.5)
@given(st.text(), st.text(min_size=1).filter(lambda t: not t.startswith(("std:", "<"))))
def test_no_text_breaks_out_of_a_command(text: str, file: str) -> None:
    span = Span(Source(file, "abc\ndef"), 1, 2)
    diagnostic = Diagnostic("code", "warning", text, span, notes=(text,), help=text)
    shown = github(diagnostic, name)
    assert "\n" not in shown
    assert "\r" not in shown
    kind, properties, said = command(shown)
    assert kind == "warning"
    assert set(properties) == {"title", "file", "line", "endLine", "col", "endColumn"}
    assert properties["line"] == "1"
    assert said.count("help: ") >= 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)


# --- SARIF -------------------------------------------------------------------------------------


def log(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    VALIDATOR.validate(document)
    return document


@pytest.mark.parametrize("path", SPECS[::4], ids=lambda path: path.stem)
def test_sarif_is_valid_and_says_the_same(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path(path.name).write_bytes(path.read_bytes())
    main(["check", path.name, "--format", "json"])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    main(["check", path.name, "--format", "sarif"])
    (run,) = log(capsys)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(found)
    for result, one in zip(run["results"], found, strict=True):
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"] == one["code"]
        assert result["level"] == one["level"]
        assert result["message"]["text"].startswith(one["message"])
        if one["line"] is not None:
            (location,) = result["locations"]
            region = location["physicalLocation"]["region"]
            assert (region["startLine"], region["startColumn"]) == (one["line"], one["column"])
        assert len(result.get("relatedLocations", [])) == len(one["related"])
        edits = [
            change["insertedContent"]["text"]
            for fix in result.get("fixes", [])
            for artifact in fix["artifactChanges"]
            for change in artifact["replacements"]
        ]
        assert edits == [edit["text"] for edit in one["edits"]]
    for rule in rules:
        assert rule["shortDescription"]["text"].endswith(".")
        assert re.search("This (fails|gets the \\w+):", rule["help"]["markdown"])
    assert len({rule["id"] for rule in rules}) == len(rules)


def test_a_budget_of_time_in_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    """What is required, how wrong the estimate may be, and which statements take longest."""
    spec = """arch slow {
    target stm32n6(io = int8)
    input image: 224 x 224 x 3
    require latency_ms <= 0.5
    stage b(channels = 32, stride = 2, repeat = 3) { conv(kernel = 3x3) batchnorm relu6 }
    head { global_average_pool dense(10) }
}
"""
    Path("slow.arch").write_text(spec, encoding="utf-8")
    assert main(["check", "slow.arch", "--format", "sarif"]) == 1
    (run,) = log(capsys)["runs"]
    (result,) = (one for one in run["results"] if one["ruleId"] == "budget")
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "budget"
    assert result["level"] == "error"
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "slow.arch"
    region = location["physicalLocation"]["region"]
    assert region["snippet"]["text"] == "latency_ms"
    assert (region["startLine"], region["startColumn"]) == (4, 13)
    message, estimate, *notes, helped = result["message"]["text"].split("\n")
    assert re.fullmatch(
        r"`latency_ms` may be [\d.]+ ms \([\d.]+ ms ±15 %\), above the 0.5 that are required",
        message,
    )
    assert estimate.startswith("the estimate is ")
    assert len(notes) == 3
    assert all(re.match(r"`b_\d_conv` takes \d+ % \(\w+\): ", note) for note in notes)
    assert "latency_ms <= " in helped
    (related,) = result["relatedLocations"]
    assert related["physicalLocation"]["region"]["snippet"]["text"] == "conv(kernel = 3x3)"
    assert related["message"]["text"].endswith("% of the time")


def test_a_spill_in_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    """It stands at the layer whose map has no room on chip, and says how much lies outside."""
    text = (SPECS[0].parent / "rule_buffer_spill.arch").read_text(encoding="utf-8")
    Path("spills.arch").write_text(text, encoding="utf-8")
    assert main(["check", "spills.arch", "--format", "sarif"]) == 0
    (run,) = log(capsys)["runs"]
    (result,) = (one for one in run["results"] if one["ruleId"] == "stm32n6/buffer_spill")
    assert result["level"] == "warning"
    assert result["locations"][0]["physicalLocation"]["region"]["snippet"]["text"] == "image"
    assert "1,250 KiB of activations go to hyperRAM" in result["message"]["text"]


def test_the_schema_can_refuse() -> None:
    document = sarif([], name, "1", lambda code: None)
    VALIDATOR.validate(document)
    document["runs"][0]["results"] = [{"level": "fatal"}]
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)


@pytest.mark.parametrize("verb", [["check"], ["profile"], ["build", "-o", "out"]])
def test_standard_output_is_one_document(
    verb: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a run that succeeds, of one that fails, and of one without a place."""
    for spec, code in (("good.arch", 0), ("bad.arch", 1), ("none.arch", 1)):
        first, *rest = verb
        assert main([first, spec, *rest, "--format", "sarif"]) == code
        document = log(capsys)
        assert bool(document["runs"][0]["results"]) == bool(code)


def test_regions_rebuild_the_mended_text() -> None:
    """Applying a fix by its regions alone, as a viewer does, gives the fixed text."""
    text = "a\n  béd = 3\n"
    span = at(text, "béd")
    diagnostic = Diagnostic("c", "error", "m", span, help="h", edits=(Edit(span, "good"),))
    VALIDATOR.validate(document := sarif([diagnostic], name, "1", lambda code: ("s.", "p")))
    fix = document["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]
    region = fix["deletedRegion"]
    lines = text.split("\n")
    line = lines[region["startLine"] - 1]
    lines[region["startLine"] - 1] = (
        line[: region["startColumn"] - 1]
        + fix["insertedContent"]["text"]
        + line[region["endColumn"] - 1 :]
    )
    assert "\n".join(lines) == "a\n  good = 3\n"


offsets = st.integers(0, 60)


@share(0.3)
@given(
    st.text(max_size=50), st.text(min_size=1, max_size=30), st.integers(0, 60), st.integers(0, 60)
)
def test_any_diagnostic_makes_a_valid_log(text: str, file: str, a: int, b: int) -> None:
    span = Span(Source(file, text), min(a, b, len(text)), min(max(a, b), len(text)))
    one = Diagnostic(
        "c", "note", text, span, related=(Label(span, text),), edits=(Edit(span, text),)
    )
    document = sarif([one], name, "1", lambda code: None)
    VALIDATOR.validate(document)
    json.dumps(document).encode("ascii")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("specs/a.arch", "specs/a.arch"),
        ("my specs/ü%.arch", "my%20specs/%C3%BC%25.arch"),
        ("/abs/a.arch", "file:///abs/a.arch"),
        ("C:\\x\\a.arch", "file:///C%3A/x/a.arch"),
        ("std:ds.arch", "std:ds.arch"),
    ],
)
def test_uris(path: str, shown: str) -> None:
    assert uri(path) == shown
    assert unquote(urlparse(shown).path).rpartition("/")[2] == re.split(r"[/\\:]", path)[-1]


def test_columns_count_code_points() -> None:
    """`columnKind` is what it says: a sign beyond the basic plane is one column."""
    text = "# \U0001f600 bad"
    document = sarif([Diagnostic("c", "error", "m", at(text, "bad"))], name, "1", lambda c: None)
    (run,) = document["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (5, 8)


def test_short_without_a_place() -> None:
    assert short(Diagnostic("c", "error", "m"), name) == "error[c]: m"
