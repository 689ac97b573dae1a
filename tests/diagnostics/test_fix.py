"""`archc check --fix`: it fixes what has one remedy, nothing else, and no other file."""

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.cli import main
from archc.diagnostics.fixes import applied, chosen
from archc.diagnostics.model import Diagnostic, Edit
from archc.source import Source, Span
from support.marked import head
from support.profiles import share

BAD = """arch a {
    target stm32n6
    input image = 32 x 32 x 3
    stage stem(channels: 16, stride = 2) { Conv2D(kernel_size = 3*3) bn; relu6 }
    head { global_average_pool dense(10) Sigmoids }   # the end
}
"""
GOOD = """arch a {
    target stm32n6
    input image: 32 x 32 x 3
    stage stem(channels = 16, stride = 2) { conv(kernel = 3x3, padding = valid) batchnorm relu6 }
    head { global_average_pool dense(10) sigmoid }   # the end
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("a.arch").write_text(BAD)
    yield
    gc.enable()


def fix(*words: str) -> int:
    return main(["check", *words, "--fix"])


def test_several_faults_come_to_light_one_after_another_and_are_mended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fix("a.arch") == 0
    assert Path("a.arch").read_text() == GOOD
    assert "7 fixes made in a.arch" in capsys.readouterr().out
    before = os.stat("a.arch").st_mtime_ns
    assert fix("a.arch") == 0
    assert "no errors in a" in capsys.readouterr().out
    assert os.stat("a.arch").st_mtime_ns == before, "a spec without fixes is not written"


def test_diff_shows_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert fix("a.arch", "--diff") == 1
    shown = capsys.readouterr().out
    assert Path("a.arch").read_text() == BAD
    minus = [line[1:] for line in shown.splitlines() if line.startswith("-") and line[1] == " "]
    plus = [line[1:] for line in shown.splitlines() if line.startswith("+") and line[1] == " "]
    assert minus == BAD.splitlines()[2:5]
    assert plus == GOOD.splitlines()[2:5]
    Path("good.arch").write_text(GOOD)
    assert fix("good.arch", "--diff") == 0


def test_what_has_several_remedies_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    text = head("conv(16, 3x3, stride = 2.5) CONV(8)")
    Path("a.arch").write_text(text)
    assert fix("a.arch") == 1
    assert Path("a.arch").read_text() == text.replace("CONV", "conv")
    said = capsys.readouterr()
    assert "error[value]" in said.err
    assert "1 fix made" in said.out


def test_a_name_that_is_merely_close_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    text = head("cnov(8) relu7 dens(10)")
    Path("a.arch").write_text(text)
    assert fix("a.arch") == 1
    assert Path("a.arch").read_text() == text
    said = capsys.readouterr().err
    assert "did you mean `conv`?" in said
    assert "fix" not in said


def test_only_the_specs_that_are_named_are_touched(capsys: pytest.CaptureFixture[str]) -> None:
    Path("used.arch").write_text("block b { CONV(8) }\n")
    Path("a.arch").write_text('use "used.arch"\n' + head("b Sigmoid"))
    assert fix("a.arch") == 1
    assert Path("used.arch").read_text() == "block b { CONV(8) }\n"
    assert "sigmoid" in Path("a.arch").read_text()
    assert fix("a.arch", "used.arch") == 1  # `used.arch` declares no arch
    assert Path("used.arch").read_text() == "block b { conv(8) }\n"


def test_line_ends_and_permissions_stay() -> None:
    Path("a.arch").write_bytes(BAD.replace("\n", "\r\n").encode())
    os.chmod("a.arch", 0o640)
    assert fix("a.arch") == 0
    assert Path("a.arch").read_bytes() == GOOD.replace("\n", "\r\n").encode()
    assert os.stat("a.arch").st_mode & 0o777 == 0o640
    assert sorted(os.listdir()) == ["a.arch"]


def test_a_link_is_followed() -> None:
    Path("a.arch").rename("real.arch")
    Path("a.arch").symlink_to("real.arch")
    assert fix("a.arch") == 0
    assert Path("a.arch").is_symlink()
    assert Path("real.arch").read_text() == GOOD


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert fix("a.arch", "--format", "json") == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["fixed"] == ["a.arch"]
    assert document["fixes"] == 7
    assert document["written"] is True


def test_a_missing_file_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert fix("none.arch") == 1
    assert "file_missing" in capsys.readouterr().err


def test_settings_are_not_mended() -> None:
    Path("a.arch").write_text("arch a(unit = ds) { input i: 8 x 8 x 8 head { unit(8) } }")
    text = Path("a.arch").read_text()
    assert fix("a.arch", "--set", "unit=dss") == 1
    assert Path("a.arch").read_text() == text


def test_diff_alone_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "a.arch", "--diff"]) == 2
    assert "add `--fix`" in capsys.readouterr().err


# --- edits ---------------------------------------------------------------------------------------


@share(0.5)
@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.text(max_size=3)), max_size=8),
)
def test_fixes_made_together_do_not_meet(text: str, places: list[tuple[int, int, str]]) -> None:
    """What is outside of the chosen edits stays, in order; each chosen edit is made once."""
    source = Source("x", text)
    size = len(source.text)
    diagnostics = [
        Diagnostic("c", "error", str(n), None, edits=(Edit(Span(source, low, high), new),))
        for n, (a, b, new) in enumerate(places)
        for low, high in [(min(a, b, size), min(max(a, b), size))]
    ]
    fixes = chosen(diagnostics, [source])
    assert bool(fixes) == bool(diagnostics)
    spans = sorted(
        (one.edits[0].span.start, one.edits[0].span.end, one.edits[0].text) for one in fixes
    )
    expected, end = "", 0
    for start, stop, new in spans:
        assert start >= end
        expected += source.text[end:start] + new
        end = stop
    assert applied(source, fixes) == expected + source.text[end:]


def test_edits_elsewhere_are_not_chosen() -> None:
    here, there = Source("x", "abc"), Source("y", "abc")
    one = Diagnostic(
        "c", "error", "m", edits=(Edit(Span(here, 0, 1), "z"), Edit(Span(there, 0, 1), "z"))
    )
    assert chosen([one], [here]) == ()
    assert chosen([one], [here, there]) == (one,)
