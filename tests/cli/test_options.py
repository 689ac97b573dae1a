"""Options may stand anywhere, before the verb too; their values are never taken for a verb."""

from pathlib import Path

import pytest

from archc.cli import main

SPEC = "arch net { input image: 8 x 8 x 8  head { conv(8, 3x3) relu6 } }"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.arch").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "line",
    [
        "check net.arch --format json",
        "--format json check net.arch",
        "check --format json net.arch",
        "--limit steps=1000 --format=json check net.arch",
    ],
)
def test_options_before_and_after_the_verb(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    assert '"networks"' in capsys.readouterr().out


@pytest.mark.parametrize(
    "line",
    ["net.arch -o out", "-o out net.arch", "build net.arch -o out", "-o out build net.arch"],
)
def test_build_is_the_default(line: str, folder: Path) -> None:
    assert main(line.split()) == 0
    assert (folder / "out" / "net.py").exists()


def test_the_value_of_an_option_is_no_verb(folder: Path) -> None:
    assert main(["-o", "check", "net.arch"]) == 0
    assert (folder / "check" / "net.py").exists()
