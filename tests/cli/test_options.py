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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("build net.arch -o out --chek", "there is no option `--chek`: did you mean `--check`?"),
        ("check net.arch --nosuch=1", "there is no option `--nosuch=1`"),
        ("new a b", "`b` is one argument too many"),
        ("new", "NAME is missing: `archc new NAME`"),
        ("diff", "A and B are missing: `archc diff A B`"),
        ("diff net.arch", "B is missing: `archc diff A B`"),
        ("sweep", "SPEC is missing: `archc sweep SPEC`"),
        ("check --format", "`--format` takes a value: `--format text|short|json|"),
        ("report net.arch", "`-o/--output` is missing: `archc report SPEC|MODEL -o FILE`"),
        ("profile net.arch --format jsn", "not `jsn`: did you mean `json`?"),
        ("graph net.arch --width wide", "`--width` takes a whole number, not `wide`"),
        ("search net.arch --objective a:b --timeout x", "`--timeout` takes a number, not `x`"),
        ("check net.arch --fix=3", "`--fix` takes no value"),
        ("net.arch -o", "`--output` takes a value: `--output DIR`"),
        ("sweep net.arch --top 0", "`--top`: `0` is not a whole number from 1 on"),
        ("new my-net", "a letter first; write `my_net`"),
        ("new a/b", "`-o DIR` says in which folder"),
        ("new 3d", "`3d` is not a name: letters, digits and underscores, a letter first"),
    ],
)
def test_what_is_wrong_with_options_is_said_plainly(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    told = capsys.readouterr().err
    assert said in " ".join(told.split())
    verb = line.split()[0]
    helpful = "archc --help" if verb.startswith("net") else f"archc {verb} --help"
    assert told.endswith(f"try `{helpful}`\n")


def test_a_target_that_is_none_is_not_taken_for_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "net.arch", "--target", "stm32h7"]) == 1
    assert "there is no target `stm32h7`" in capsys.readouterr().err
    assert main(["check", "net.arch", "--target", "mine.toml"]) == 1
    assert "there is no file `mine.toml`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("fix", "`fix` is not a command: `--fix` is an option of `archc check`"),
        ("watch", "`--watch` is an option of `archc build`, `archc graph`"),
        ("limit", "`--limit` is an option of `archc build`, `archc check`, `archc profile` and"),
        ("compile", "`compile` is not a command: write `archc build`"),
        ("help", "`help` is not a command: write `archc --help`"),
        ("chekc", "`chekc` is not a command: did you mean `check`?"),
        ("nonsense", "`nonsense` is not a command: specs end in `.arch`"),
    ],
)
def test_an_option_taken_for_a_command(
    word: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word, "other.arch"]) == 2
    assert said in capsys.readouterr().err
