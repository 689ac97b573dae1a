"""Commands that the build of what is published runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import which
from tempfile import mkdtemp

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


def packages(sources: Path) -> Path:
    """The packages of a folder's `package-lock.json`, installed once for each content of it.

    Raises:
        Failed: they could not be installed.
    """
    lock = (sources / "package-lock.json").read_bytes()
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = caches / "archc-publish" / sha256(lock).hexdigest()[:16]
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        made = mkdtemp(dir=home.parent)
        try:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(sources / name, made)
            run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], Path(made))
            with suppress(OSError):  # another build may have been first
                os.rename(made, home)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return home / "node_modules"
