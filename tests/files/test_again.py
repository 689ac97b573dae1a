"""What a process compiles again is parsed once, and means what it meant."""

from pathlib import Path

import pytest

import archc
from archc.files import Loader
from archc.files.loader import SMALL
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax.parse import parse_file

SPEC = "arch a(width = 8) {{ input i: 8 x 8 x 8 stage s(channels = width) {{ conv {} }} }}\n"


def loaded(path: Path) -> Source:
    return Loader(str(path.parent)).load(str(path))


def test_the_same_text_of_the_same_file_is_parsed_once(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(SPEC.format("relu6"))
    first, again = loaded(path), loaded(path)
    assert parse_file(first, DEFAULT_LIMITS) is parse_file(again, DEFAULT_LIMITS)


def test_a_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(SPEC.format("relu6"))
    before = archc.compile_file(path, width=16)
    path.write_text(SPEC.format("relu "))  # as long as it was
    after = archc.compile_file(path, width=16)
    assert "relu6" in before.module_source
    assert "relu6" not in after.module_source


def test_files_of_one_text_stay_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.arch").write_text(SPEC.format("relu6"))
    assert loaded(tmp_path / "a" / "a.arch") is not loaded(tmp_path / "b" / "a.arch")


def test_other_bounds_are_other_readings(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(SPEC.format("relu6"))
    archc.compile_file(path)
    with pytest.raises(archc.ArchError):
        archc.compile_file(path, limits=DEFAULT_LIMITS._replace(nesting=1))
    archc.compile_file(path)


def test_large_files_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.arch"
    path.write_text(SPEC.format("relu6") + "#" * SMALL)
    assert loaded(path) is not loaded(path)
