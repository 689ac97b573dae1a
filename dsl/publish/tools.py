"""Commands that the build of what is published runs."""

import os
import subprocess
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
