"""What the extension for VS Code is made with."""

import importlib
import re
import sys
from functools import cache
from pathlib import Path
from shutil import which

import pytest

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "grammars" / "vscode"
OFFLINE = re.compile("ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT")


@cache
def packages() -> Path:
    """The packages of its lock file, installed once for each content of it; tests that need them
    are left out where there is no npm, or no network."""
    if which("node") is None or which("npx") is None:
        pytest.skip("node and npm are not installed")
    sys.path.insert(0, str(ROOT / "dsl"))
    try:
        tools = importlib.import_module("publish.tools")
    finally:
        sys.path.remove(str(ROOT / "dsl"))
    try:
        return Path(tools.packages(EXTENSION))
    except tools.Failed as failed:
        if OFFLINE.search(str(failed)):
            pytest.skip("npm finds no network")
        raise
