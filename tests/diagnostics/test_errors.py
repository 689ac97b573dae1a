"""Bad specs, each with what is expected of it inline and what is printed of it beside it.

`tests/errors/NAME.arch` is a spec. Comments say which errors and warnings it has, and where:

    head { cnov(8) }
    #      ^^^^ error[unknown_name]: no operator

Carets stand under what is marked, in the nearest line above that is no such comment. What stands
at the start of a line is marked by `# <-- error[...]`, what has no place by `# -- error[...]`, what
stands in another source by `# @std:ds.arch:4:12 error[...]`. A part of the message may follow.
Notes need not be expected. Lines `# $ COMMAND` at the top are run first; the last of them is the
command whose output is kept where it is one of `archc`; otherwise that is `archc check NAME.arch`.

`NAME.txt` is what the command prints. With `ARCHC_BLESS=1` set it is written; look at it.
"""

import gc
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from archc.cli import main
from archc.explain import explanations
from support.codes import NEEDS_A_MODEL, NEVER
from support.shell import run

FOLDER = Path(__file__).parents[1] / "errors"
SPECS = sorted(FOLDER.glob("*.arch"))
BLESS = bool(os.environ.get("ARCHC_BLESS"))
LEAST = 120

COMMENT = re.compile(
    r"\s*#(?P<blank> *)(?P<mark>\^+|<--|--|@\S+) (?P<level>error|warning|note)\[(?P<code>[\w/]+)\]"
    r"(?:: (?P<text>.*))?$"
)


class Expected(NamedTuple):
    """A diagnostic as a comment has it; None where it does not say."""

    level: str
    code: str
    place: str | None
    """`FILE:LINE:COLUMN`, None where it has no place."""
    width: int | None
    text: str


def expected(path: Path) -> list[Expected]:
    """What the comments of a spec expect."""
    found = []
    above = 0
    for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").split("\n"), 1):
        match = COMMENT.match(line)
        if match is None:
            above = number
            continue
        mark = match["mark"]
        place: str | None = f"{path.name}:{above}:{match.start('mark') + 1}"
        if mark == "--":
            place = None
        elif mark == "<--":
            place = f"{path.name}:{above}:1"
        elif mark.startswith("@"):
            place = mark[1:]
        width = len(mark) if mark.startswith("^") else None
        found.append(Expected(match["level"], match["code"], place, width, match["text"] or ""))
    return found


def commands(path: Path) -> tuple[list[str], list[str]]:
    """What is run first, and the words of the command whose output is kept."""
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")
    given = [line.removeprefix("# $ ") for line in lines if line.startswith("# $ ")]
    if given and re.match(r"(\w+=\S+ )*archc ", given[-1]):
        variables, _, command = given[-1].partition("archc ")
        return [*given[:-1], variables.strip()], shlex.split(command)
    return given, ["check", path.name]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.enable()


def found(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    main([*words, "--format", "json"])
    diagnostics: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["diagnostics"]
    return diagnostics


def place(one: dict[str, Any]) -> str | None:
    return None if one["file"] is None else f"{one['file']}:{one['line']}:{one['column']}"


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_spec_is_refused_as_it_says(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(path.name).write_bytes(path.read_bytes())
    before, words = commands(path)
    run(before, monkeypatch)
    capsys.readouterr()
    diagnostics = found(words, capsys)
    wanted = expected(path)
    assert wanted, "a bad spec says what is wrong with it"
    loud = [one for one in diagnostics if one["level"] != "note"]
    loud += [
        one for one in diagnostics
        if one["level"] == "note" and any(w.code == one["code"] for w in wanted)
    ]  # fmt: skip
    got = {(one["level"], one["code"], place(one)) for one in loud}
    assert got == {(one.level, one.code, one.place) for one in wanted}
    for want in wanted:
        for one in loud:
            if (one["code"], place(one)) == (want.code, want.place):
                assert want.text in one["message"]
                if want.width is not None and one["line"] == one["end_line"]:
                    assert max(one["end_column"] - one["column"], 1) == want.width

    code = main(words)
    said = capsys.readouterr()
    assert code == any(one["level"] == "error" for one in diagnostics)
    golden = path.with_suffix(".txt")
    if BLESS:
        golden.write_text(said.err, encoding="utf-8")
    assert said.err == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_message_is_well_formed(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A headline stands alone, there is a way out, and a fix is within the text and fixes it."""
    Path(path.name).write_bytes(path.read_bytes())
    before, words = commands(path)
    run(before, monkeypatch)
    capsys.readouterr()
    diagnostics = found(words, capsys)
    for one in diagnostics:
        message = one["message"]
        assert not message.endswith((".", ":", "!")), message
        assert message[0] == message[0].lower() or not message[0].isascii() or message[:2].isupper()
        assert len(message) < 400
        assert one["code"] in KNOWN
        if one["level"] == "error" and one["code"] not in NO_HELP:
            assert one["help"], f"no way out of: {message}"
        for edit in one["edits"]:
            assert edit["file"] in (path.name, "<set>")
    if words == ["check", path.name] and any(one["edits"] for one in diagnostics):
        main(["check", path.name, "--fix", "--format", "json"])
        after = json.loads(capsys.readouterr().out)
        assert after["fixes"] > 0
        left = [one for one in after["diagnostics"] if one["level"] == "error"]
        errors = [one for one in diagnostics if one["level"] == "error"]
        assert len(left) < len(errors) or left != errors
        text = Path(path.name).read_bytes()
        main(["check", path.name, "--fix"])
        capsys.readouterr()
        assert Path(path.name).read_bytes() == text, "mending twice is mending once"


KNOWN = explanations()
NO_HELP = {
    *("stedgeai_layout", "stedgeai_failed"),
    *("file_binary", "file_unreadable", "file_not_regular", "output_folder", "output_unwritable"),
}
"""What has no remedy but to look at the file system, which the message names."""


def test_there_are_enough() -> None:
    assert len(SPECS) >= LEAST


def test_every_code_has_a_spec() -> None:
    covered = {one.code for path in SPECS for one in expected(path)}
    elsewhere = {*NEEDS_A_MODEL, *NEVER}
    assert covered >= set(KNOWN) - elsewhere - ELSEWHERE
    assert not covered & ELSEWHERE
    assert covered <= set(KNOWN)


ELSEWHERE = {"output_unwritable"}
"""Codes with tests of their own: root, as whom tests may run, writes everywhere."""


def test_no_orphans() -> None:
    """Every spec has its text, every text its spec, and nothing else is in the folder."""
    if BLESS:
        return
    names = {path.stem for path in SPECS}
    assert {path.stem for path in FOLDER.glob("*.txt")} == names
    assert {path.suffix for path in FOLDER.iterdir()} == {".arch", ".txt"}
