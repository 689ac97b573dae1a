"""The checks that need no running: types, lint, format, and the one direction of imports."""

import subprocess
import sys
from pathlib import Path

import grimp
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


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(each, marks=pytest.mark.services) if each == "types" else each
        for each in CHECKS
    ],
)
def test_check_passes(check: str) -> None:
    done = subprocess.run(CHECKS[check], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Imports within functions count too: a circle is a knot, wherever its last thread is."""
    graph = grimp.build_graph("archc", cache_dir=None)
    assert (
        circles({name: graph.find_modules_directly_imported_by(name) for name in graph.modules})
        == []
    )


def test_a_circle_would_be_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}) == [["b", "c"]]


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """The groups of files that import each other, directly or by way of others."""
    below: dict[str, set[str]] = {}
    for name in imports:
        reached: set[str] = set()
        waiting = list(imports[name])
        while waiting:
            other = waiting.pop()
            if other not in reached:
                reached.add(other)
                waiting += imports[other]
        below[name] = reached
    groups = {
        tuple(sorted(other for other in below[name] if name in below[other]))
        for name in imports
        if name in below[name]
    }
    return sorted(map(list, groups))
