"""Commands that the build of what is published runs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import which

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """Something could not be made, and why."""


def run(command: Sequence[str | Path], folder: Path = ROOT, **environment: str) -> str:
    """Run a command in a folder; what it printed.

    Raises:
        Failed: it is not installed, or it failed.
    """
    words = [str(word) for word in command]
    if which(words[0]) is None:
        raise Failed(f"`{words[0]}` is not installed")
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        raise Failed(f"`{' '.join(words)}` failed\n{done.stdout}{done.stderr}")
    return done.stdout


def wheel(folder: Path) -> Path:
    """The wheel of this checkout, made in a folder.

    Raises:
        Failed: it could not be built.
    """
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w"]
    run([*command, str(folder), str(ROOT)])
    return next(folder.glob("archc_dsl-*.whl"))
