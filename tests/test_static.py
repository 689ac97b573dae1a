"""The checks that need no running: types, lint, format, and the one direction of imports."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CHECKS = {
    "types": [sys.executable, "-m", "mypy"],
    "lint": [sys.executable, "-m", "ruff", "check", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "layers": [str(BIN / "lint-imports"), "--no-cache"],
    "generated code, lint": [sys.executable, "-m", "ruff", "check", "--isolated", "generated"],
    "generated code, format": [
        *(sys.executable, "-m", "ruff", "format", "--isolated", "--check", "generated")
    ],
}


@pytest.mark.parametrize("check", CHECKS)
def test_check_passes(check: str) -> None:
    done = subprocess.run(CHECKS[check], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
