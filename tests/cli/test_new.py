"""`archc new`: what it writes compiles, is laid out, and is the network it was made from."""

from pathlib import Path
from typing import Any

import pytest

import archc
from archc.cli import main
from archc.files import shipped_specs
from support import shipped


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_starter_compiles_and_is_laid_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "mine"]) == 0
    assert main(["fmt", "--check", "mine.arch"]) == 0
    compiled = archc.compile_file("mine.arch")
    assert compiled.name == "mine"
    assert compiled.manifest["target"]["verdict"] == "compatible"
    assert "mine.arch written" in capsys.readouterr().out


@pytest.mark.parametrize("origin", shipped_specs())
def test_every_shipped_network(origin: str) -> None:
    """One arch, the same in everything but its name, its source and what it is derived from."""
    assert main(["new", "mine", "--from", origin]) == 0
    compiled = archc.compile_file("mine.arch")
    if origin in shipped.NAMES:
        manifest = shipped.compiled(origin).manifest
        own = {"name", "base", "source", "source_digest"}
        for section, value in manifest.items():
            if section == "model":
                kept = {key: value[key] for key in value if key not in own}
                assert kept.items() <= compiled.manifest["model"].items()
            else:
                assert placeless(compiled.manifest[section]) == placeless(value)
    assert main(["fmt", "--check", "mine.arch"]) == 0


def placeless(value: Any) -> Any:
    """A part of a manifest without the places in specs."""
    if isinstance(value, dict):
        places = ("source", "origin", "span")
        return {key: placeless(one) for key, one in value.items() if key not in places}
    return [placeless(one) for one in value] if isinstance(value, list) else value


def test_a_folder_is_made(folder: Path) -> None:
    assert main(["new", "mine", "-o", "a/b"]) == 0
    assert (folder / "a" / "b" / "mine.arch").is_file()


def test_nothing_is_overwritten(folder: Path) -> None:
    (folder / "mine.arch").write_text("precious")
    assert main(["new", "mine"]) == 1
    assert (folder / "mine.arch").read_text() == "precious"
    assert [path.name for path in folder.iterdir()] == ["mine.arch"]


@pytest.mark.parametrize("name", ["stage", "class", "keras", "../mine", "a-b", "_a", "con", "x"])
def test_names_that_cannot_be(name: str, folder: Path) -> None:
    assert main(["new", name]) == 2
    assert not list(folder.iterdir())


def test_the_nearest_shipped_network_is_proposed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "mine", "--from", "mobilenet_v3"]) == 2
    assert "did you mean `mobilenet_v" in capsys.readouterr().err
