"""Every command and snippet of the README is run, and its output is what the README says.

`python tests/docs/test_readme.py --bless` writes the real outputs into the README.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^<!-- \$ ([^\n]*) -->\n\n(.*?)\n<!-- -->$", re.MULTILINE | re.DOTALL)
"""A Markdown table, made by the command named before it."""
CUT = "..."
"""A line that stands for output left out."""


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(README.read_text()) if found == language]


def sessions(text: str) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output shown."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def run(command: str, folder: Path) -> str:
    """What a command prints, as a person at a terminal of 80 columns without colour sees it."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1"}
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"


def prepare(folder: Path, command: str = "") -> Path:
    """A copy of what the commands read and write, and a trained model for those that take one."""
    for name in ("specs", "generated"):
        shutil.copytree(ROOT / name, folder / name)
    if takes_model(command):
        import numpy as np

        from support import shipped
        from support.variance import images

        shipped.model(MODEL).save(folder / f"{MODEL}.keras")
        (folder / f"{MODEL}.tflite").write_bytes(shipped.tflite(MODEL))
        np.savez(folder / "samples.npz", images((64, 256, 1), count=130))
    return folder


MODEL = "dscnn_a025"
"""The network whose trained model the README works with."""


def takes_model(command: str) -> bool:
    return f" {MODEL}.keras" in command or f" {MODEL}.tflite" in command


def matches(shown: str, real: str) -> bool:
    """Whether output is as shown; a line of three dots stands for any lines."""
    parts = [re.escape(part) for part in re.split(rf"^{re.escape(CUT)}\n", shown, flags=re.M)]
    return re.fullmatch("(?:.*\n)*?".join(parts), real) is not None


def truth_table() -> str:
    """What `python tests/oracles/table.py` prints, by figures that other tests share.

    As a command it would convert every network again.
    """
    from support import oracles, truth

    oracles.require("keras", "ai_edge_litert", "ethosu.vela", "tflite_micro")
    return truth.markdown()


JUDGED = {"python tests/oracles/table.py": truth_table}
"""Commands that are not run as one: what they print is asked for."""


def shown_by_readme() -> list[tuple[str, str]]:
    """Every command of the README and what it shows."""
    consoles = [session for text in blocks("console") for session in sessions(text)]
    return consoles + TABLE.findall(README.read_text())


COMMANDS = [(command, shown) for command, shown in shown_by_readme() if command not in JUDGED]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        pytest.param(*each, id=each[0], marks=[pytest.mark.keras] * takes_model(each[0]))
        for each in COMMANDS
    ],
)
def test_commands_print_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    real = run(command, prepare(tmp_path, command))
    assert matches(shown, real), f"the README shows\n{shown}\nbut `{command}` prints\n{real}"


@pytest.mark.keras
@pytest.mark.oracles
@pytest.mark.parametrize("command", JUDGED)
def test_tables_of_judges_are_as_shown(command: str) -> None:
    real = JUDGED[command]()
    (shown,) = [shown for found, shown in shown_by_readme() if found == command]
    assert shown == real, f"the README shows\n{shown}\nbut `{command}` prints\n{real}"


def test_specs_shown_compile() -> None:
    import archc

    shown = blocks("arch")
    assert shown
    for text in shown:
        if re.search(r"^arch ", text, re.MULTILINE):
            names = re.findall(r"^arch (\w+)", text, re.MULTILINE)
            for name in names:
                archc.compile_text(text, arch=name, use=[str(ROOT / "specs")])
        else:  # blocks alone: put them into a network that calls nothing
            stage = "stage s { conv(8) }"
            archc.compile_text(f"{text}\narch shown {{ input image: 8 x 8 x 8 {stage} }}")


def test_the_spec_shown_first_is_the_one_shipped() -> None:
    shipped = (ROOT / "specs" / "dscnn.arch").read_text()
    assert shipped.strip() in [text.strip() for text in blocks("arch")]


@pytest.mark.keras
def test_python_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(prepare(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    shown = blocks("python")
    assert shown
    for text in shown:
        exec(compile(text, "README.md", "exec"), {})


def test_ci_runs_the_two_commands() -> None:
    """A fresh machine needs two commands, and CI runs those same two."""
    commands = [line for text in blocks("sh") for line in text.splitlines() if "venv" in line]
    script = (ROOT / ".ci" / "run").read_text().replace(" --quiet", "").splitlines()
    assert len(commands) == 2
    for command in commands:
        assert command in script


def bless() -> None:
    """Write the real output of every command into the README, except where it is cut."""

    def replace(block: re.Match[str]) -> str:
        if block[1] != "console":
            return block[0]
        lines = []
        for command, shown in sessions(block[2]):
            with TemporaryDirectory() as folder:
                real = run(command, prepare(Path(folder), command))
            cut = f"{CUT}\n" in shown
            lines.append(f"$ {command}\n{shown if cut and matches(shown, real) else real}")
        return f"```console\n{''.join(lines)}```"

    def table(found: re.Match[str]) -> str:
        with TemporaryDirectory() as folder:
            made = JUDGED.get(found[1]) or (lambda: run(found[1], prepare(Path(folder))))
            return f"<!-- $ {found[1]} -->\n\n{made()}\n<!-- -->"

    README.write_text(TABLE.sub(table, BLOCK.sub(replace, README.read_text())))


if __name__ == "__main__":
    if sys.argv[1:] != ["--bless"]:
        raise SystemExit(__doc__)
    sys.path.insert(0, str(ROOT / "tests"))
    bless()
