"""Same input, same bytes: whatever the hash seed, working folder, locale or order of specs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "specs").glob("*.arch"))
ENVIRONMENTS = {
    "hash seed 1": ({"PYTHONHASHSEED": "1"}, ROOT),
    "hash seed 4242": ({"PYTHONHASHSEED": "4242"}, ROOT),
    "another folder": ({}, ROOT / "specs"),
    "C locale": ({"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0"}, ROOT),
    "ASCII output": ({"PYTHONIOENCODING": "ascii"}, ROOT),
}


def build(output: Path, environment: dict[str, str], folder: Path, specs: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "archc", *specs, "-o", str(output)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_outputs_do_not_depend_on(name: str, tmp_path: Path) -> None:
    environment, folder = ENVIRONMENTS[name]
    specs = [os.path.relpath(spec, folder) for spec in SPECS]
    build(tmp_path / "out", environment, folder, specs)
    assert contents(tmp_path / "out") == contents(ROOT / "generated")


def test_outputs_do_not_depend_on_the_order_of_specs(tmp_path: Path) -> None:
    build(tmp_path / "out", {}, ROOT, [str(spec) for spec in reversed(SPECS)])
    assert contents(tmp_path / "out") == contents(ROOT / "generated")


def test_a_copy_elsewhere_compiles_to_the_same(tmp_path: Path) -> None:
    specs = tmp_path / "elsewhere"
    for source in (ROOT / "specs").rglob("*.arch"):
        copy = specs / source.relative_to(ROOT / "specs")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))  # line ends do not count
    build(tmp_path / "out", {}, tmp_path, [str(spec) for spec in sorted(specs.glob("*.arch"))])
    assert contents(tmp_path / "out") == contents(ROOT / "generated")


def test_generated_is_current() -> None:
    specs = [str(spec) for spec in SPECS]
    command = [sys.executable, "-m", "archc", *specs, "-o", "generated/", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_notices_what_is_stale(tmp_path: Path) -> None:
    spec = str(ROOT / "specs" / "dscnn.arch")
    build(tmp_path, {}, ROOT, [spec])
    command = [sys.executable, "-m", "archc", spec, "-o", str(tmp_path), "--check"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    module = tmp_path / "dscnn.py"
    module.write_text(module.read_text() + "# edited\n")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "dscnn.py" in done.stderr
