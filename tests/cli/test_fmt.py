"""`archc fmt` as a user meets it: in place, checked, as a difference, from standard input."""

import io
import os
import stat
from pathlib import Path

import pytest

from archc.cli import main

ROUGH = "block b{conv(8)}\n"
SMOOTH = "block b { conv(8) }\n"
BROKEN = "block b { conv(8 }\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "rough.arch").write_text(ROUGH)
    (tmp_path / "deep" / "smooth.arch").write_text(SMOOTH)
    (tmp_path / "deep" / "other.txt").write_text(ROUGH)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    smooth = folder / "deep" / "smooth.arch"
    before = smooth.stat()
    assert main(["fmt", "."]) == 0
    assert (folder / "rough.arch").read_text() == SMOOTH
    after = smooth.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (folder / "deep" / "other.txt").read_text() == ROUGH
    assert capsys.readouterr().err == "1 file reformatted, 1 file already formatted\n"
    assert main(["fmt", "."]) == 0
    assert capsys.readouterr().err == "2 files already formatted\n"


def test_check_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", "."]) == 1
    assert (folder / "rough.arch").read_text() == ROUGH
    assert capsys.readouterr().out == "would reformat rough.arch\n"
    assert main(["fmt", "--check", "deep"]) == 0


def test_diff_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--diff", "rough.arch"]) == 1
    assert (folder / "rough.arch").read_text() == ROUGH
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["-block b{conv(8)}", "+block b { conv(8) }"]


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, ROUGH.encode())
    assert main(["fmt", "-"]) == 0
    assert capsys.readouterr() == (SMOOTH, "")
    given(monkeypatch, ROUGH.encode())
    assert main(["fmt", "--check", "-"]) == 1
    given(monkeypatch, b"\xff")
    assert main(["fmt", "-"]) == 1
    assert "standard input is not UTF-8" in capsys.readouterr().err
    assert main(["fmt", "-", "rough.arch"]) == 2


def test_a_broken_file_stays_and_the_others_are_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.arch").write_text(BROKEN)
    assert main(["fmt", "broken.arch", "rough.arch", "none.arch"]) == 1
    assert (folder / "broken.arch").read_text() == BROKEN
    assert (folder / "rough.arch").read_text() == SMOOTH
    said = capsys.readouterr().err
    assert "broken.arch:1:" in said
    assert "none.arch" in said
    assert "2 errors" in said


def test_permissions_links_and_line_ends_stay(folder: Path) -> None:
    file = folder / "rough.arch"
    file.write_bytes(b"block b{conv(8)}\r\n")
    file.chmod(0o640)
    os.symlink("rough.arch", folder / "link.arch")
    assert main(["fmt", "link.arch"]) == 0
    assert (folder / "link.arch").is_symlink()
    assert file.read_bytes() == b"block b { conv(8) }\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(os.listdir(folder)) == ["deep", "link.arch", "rough.arch"]
