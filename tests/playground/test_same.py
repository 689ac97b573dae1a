"""The compiler in the page is the one here: the same bytes for every spec, whole and damaged.

Runs in Node with the files that the page loads, and needs no browser.
"""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from support import playground, sixty

playground.tools()
pytestmark = pytest.mark.services

HERE = Path(__file__).parent
OTHERS = {
    "sixty.arch": sixty.SPEC,
    "astral.arch": '"""α 𝛼𝛽 naïve"""\n' + sixty.SPEC.replace("relu6 conv", "relu6 cnv", 1),
    "empty.arch": "",
    "halves.arch": "arch \ud800 {",
    "nothing.arch": "\0",
}


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packages() -> Path:
    sys.path.insert(0, str(playground.ROOT / "dsl"))
    try:
        sources = importlib.import_module("publish.playground").SOURCES
        return Path(importlib.import_module("publish.tools").packages(sources))
    finally:
        sys.path.pop(0)


def in_page(folder: Path, code: str, tmp_path: Path) -> Any:
    """What Python with the page's files makes of code, whose last expression is JSON."""
    script = tmp_path / "script.py"
    script.write_text(code, encoding="utf-8")
    command = ["node", str(HERE / "in_node.mjs"), str(packages()), str(folder), str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    answers = HERE / "answers.py"
    others = json.dumps(OTHERS)
    code = f"{answers.read_text('utf-8')}\njson.dumps(digests(json.loads({others!r})))"
    there = in_page(folder, code, tmp_path)
    here = _module("answers", answers).digests(OTHERS)
    assert len(here) > 32 * 4 * 5
    assert {name for name, digest in here.items() if there.get(name) != digest} == set()
    assert there.keys() == here.keys()


def test_only_what_is_needed_is_loaded(folder: Path, tmp_path: Path) -> None:
    """Nothing of the models room, no package, and no module that is not there is asked for."""
    code = """
import json, sys, page
page.exercise()
rooms = ("archc.models", "archc.cli", "archc.api", "archc.lsp")
packages = ("numpy", "jsonschema", "lark", "jinja2", "markupsafe")
json.dumps([name for name in sys.modules if name.startswith((*rooms, *packages))])
"""
    assert in_page(folder, code, tmp_path) == []


@pytest.mark.parametrize("name", ["index.html", "playground.html", "sw.js"])
def test_no_address_outside_is_named(folder: Path, name: str) -> None:
    """But for names of standards, which nothing fetches."""
    text = (folder / name).read_text("utf-8")
    head = text.partition('<script type="text/plain"')[0]
    assert "http" not in head.replace("http://www.w3.org/", "").replace("http-equiv", "")


def test_a_build_is_repeatable(folder: Path, tmp_path: Path) -> None:
    """The names of files say what they hold."""
    from hashlib import sha256

    named = [
        one for one in folder.iterdir() if one.suffix in (".bin", ".js", ".css") and "-" in one.name
    ]
    assert len(named) == 8
    for one in named:
        assert sha256(one.read_bytes()).hexdigest().startswith(one.stem.partition("-")[2])


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = playground.publish(tmp_path)
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]
