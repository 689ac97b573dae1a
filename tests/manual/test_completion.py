"""`archc completion`, asked in the shells themselves; without one its tests are left out."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from archc.cli import main
from archc.cli.verbs import VERBS

shtab = pytest.importorskip("shtab")

ASK = {
    "bash": """
source ./script
COMP_WORDS=(%(words)s); COMP_CWORD=%(at)d; COMP_LINE=%(line)s; COMP_POINT=${#COMP_LINE}
compopt() { :; }
complete -p archc > /dev/null
_shtab_archc archc
printf '%%s\\n' "${COMPREPLY[@]}"
""",
    "fish": "source ./script\ncomplete -C %(line)s\n",
}


CASES = {
    "archc prof": (["profile"], ["check", "build"]),
    "archc check ": (["net.arch", "folder"], ["notes.txt"]),
    "archc check net.arch --format ": (["sarif", "github"], ["net.arch", "folder"]),
    "archc explain stm32n6/pool": (["stm32n6/pool_window"], ["stm32n6/stride"]),
    "archc profile net.arch --arch ": (["wide", "narrow"], ["block", "folder"]),
    "archc new mine --from mobilenet_v2_a0": (["mobilenet_v2_a035"], ["dscnn"]),
    "archc manual op": (["operators"], ["blocks"]),
    "archc fmt --di": (["--diff"], ["--check"]),
    "archc ne": (["new", "net.arch"], ["build", "notes.txt"]),
}
"""What is typed, what has to be offered, and what must not."""

SPEC_FIRST = "archc ne"
"""A verb or a spec may come first; bash and fish offer specs where no verb fits."""


def prepare(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The script of a shell, and some files."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    (folder / "script").write_text(capsys.readouterr().out)
    (folder / "net.arch").write_text("arch wide {}\n  arch narrow = wide()\nblock b {}\n")
    (folder / "notes.txt").write_text("")
    (folder / "folder").mkdir()


def fits(line: str, said: str) -> None:
    """Check what was offered against the case."""
    offered, not_offered = CASES[line]
    for one in offered:
        assert one in said, said
    for one in not_offered:
        assert one not in said.replace(line, ""), said


@pytest.mark.parametrize("shell", ASK)
@pytest.mark.parametrize("line", [line for line in CASES if line != SPEC_FIRST])
def test_a_shell_offers_what_fits(
    shell: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(shell, tmp_path, capsys)
    words = line.split(" ")
    script = ASK[shell] % {
        "words": " ".join(f"'{word}'" for word in words),
        "at": len(words) - 1,
        "line": f"'{line}'",
    }
    done = subprocess.run(
        [shell, "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb"},
        timeout=60,
        check=False,
    )
    fits(line, done.stdout)


def test_zsh_offers_what_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its completion needs a terminal: one session is asked everything."""
    import pty
    import re
    import select
    import time

    prepare("zsh", tmp_path, capsys)
    (tmp_path / "script").rename(tmp_path / "_archc")
    terminal, side = pty.openpty()
    child = subprocess.Popen(
        ["zsh", "-f", "-i"],
        stdin=side,
        stdout=side,
        stderr=side,
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb"},
        start_new_session=True,
    )

    def read(until: str, seconds: float) -> str:
        """What comes until a text comes, or for so long; without control characters."""
        said, end = "", time.monotonic() + seconds
        while until not in said and (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                said += os.read(terminal, 65536).decode(errors="replace")
        return re.sub(r"\x1b\[[?0-9;]*\w|[\x00-\x08\r]", "", said)

    setup = "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=999"
    try:
        os.write(terminal, f"stty columns 200 -echo; {setup}; echo RE''ADY\n".encode())
        assert "READY" in (said := read("READY", 60)), said
        os.write(terminal, b"archc prof\t")  # loads the script
        assert "profile" in (said := read("profile", 10)), said
        for line in CASES:
            os.write(terminal, f"\x15{line}\t\t".encode())
            fits(line, read("\0", 1))
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
        os.close(side)


def test_every_verb_and_option_is_in_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    for name, verb in VERBS.items():
        parser = argparse.ArgumentParser(add_help=False)
        verb.load().arguments(parser)
        declared = {text for action in parser._actions for text in action.option_strings}
        (line,) = [
            line
            for line in script.splitlines()
            if line.startswith(f"_shtab_archc_{name}_option_strings=")
        ]
        assert declared <= set(line.partition("(")[2].rstrip(")").replace("'", "").split())


def test_a_shell_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "cmd"]) == 2
    assert "bash" in capsys.readouterr().err


def test_without_shtab_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "pip install 'archc-dsl[completion]'" in said.err
