"""`archc sweep`: figures and verdicts of each value, and which of them caused an error."""

import json
from pathlib import Path

import pytest

from archc.cli import main

SPEC = """arch a(width = 8 in 1 .. 99, unit = conv(8)) {
    require params <= 120
    target stm32n6
    input image: 8x8x3
    stage s(channels = width) { conv }
    stage t { unit }
    head { global_average_pool sigmoid }
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.arch").write_text(SPEC)
    monkeypatch.chdir(tmp_path)


Capture = pytest.CaptureFixture[str]


def rows(shown: str) -> dict[str, list[str]]:
    """The cells of a table's rows, by the value."""
    lines = shown.partition("\n\n")[0].split("\n")[2:]
    return {line.split()[0]: line.split()[1:] for line in lines}


def test_every_value_has_its_verdict(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "width=1,8,16,400"]) == 1
    said = capsys.readouterr()
    found = rows(said.out)
    assert found["8"][-1] == "compatible"
    assert found["16"][-2:] == ["over", "budget"]
    assert found["400"] == ["-"] * 6 + ["error"]
    assert "  = note: with `width` = `16`\n" in said.err
    assert "`width` is 400, outside 1 .. 99" in said.err
    assert said.err.endswith("2 errors\n")


def test_an_error_of_several_values_is_one(capsys: Capture) -> None:
    """One that the default has as well is none of the values'."""
    assert main(["sweep", "a.arch", "unit=relu6,bogus,max_pool(3x3,3) max_pool(3x3,3)"]) == 1
    said = capsys.readouterr().err
    assert "nothing here is called `bogus`" in said
    Path("b.arch").write_text(SPEC.replace("params <= 120", "params <= 10"))
    assert main(["sweep", "b.arch", "width=8,9"]) == 1
    said = capsys.readouterr().err
    assert said.count("error[budget]") == 1
    assert "with `width`" not in said
    Path("c.arch").write_text(SPEC.replace("conv }", "if width > 9 { reshape(7) } conv }"))
    assert main(["sweep", "c.arch", "width=8,10,11"]) == 1
    assert "with `width` = `10`, `11`" in capsys.readouterr().err


def test_as_data_and_markdown(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "width=8,400", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [(row["value"], row["verdict"]) for row in document["rows"]] == [("8", "compatible")]
    assert document["failed"] == ["400"]
    assert main(["sweep", "a.arch", "width=8", "--markdown"]) == 0
    head, rule, row = capsys.readouterr().out.split("\n")[:3]
    assert head.endswith("| verdict |")
    assert row.endswith("| compatible |")
    assert head.count("|") == rule.count("|") == row.count("|")


@pytest.mark.parametrize(
    "values",
    ["width=1,8", "unit=conv(8,kernel=3x3),{conv(8) batchnorm relu6 conv(8) batchnorm relu6}"],
)
def test_no_line_is_longer_than_80_columns(values: str, capsys: Capture) -> None:
    main(["sweep", "a.arch", values])
    lines = capsys.readouterr().out.split("\n")
    assert lines[2:]
    assert max(map(len, lines)) <= 80


def test_several_parameters_are_swept_in_every_combination(capsys: Capture) -> None:
    Path("d.arch").write_text(SPEC.replace("params <= 120", "params <= 9000"))
    assert main(["sweep", "d.arch", "width=8,16", "unit=conv(8),ds(8)", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameter"] == "width, unit"
    found = {row["value"]: row for row in document["rows"]}
    assert list(found) == ["8, conv(8)", "8, ds(8)", "16, conv(8)", "16, ds(8)"]
    assert found["8, conv(8)"]["channels"] == [8, 8]
    assert found["16, ds(8)"]["channels"] == [16, 8]
    assert len({row["params"] for row in document["rows"]}) == 4
    assert main(["sweep", "d.arch", "width=8", "unit=relu6"]) == 0
    assert "width, unit" in capsys.readouterr().out


def test_a_parameter_is_swept_once(capsys: Capture) -> None:
    assert main(["sweep", "a.arch", "width=8", "width=16"]) == 2
    assert "swept once" in capsys.readouterr().err
