"""The VS Code extension: what its package says and holds, and that it behaves.

VS Code is stood in for: what it does is tested in JavaScript, in `grammars/vscode/tests`, and
the page of its panel in a browser, in `browser/test_panel.py`.
"""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import archc
from support.extension import EXTENSION, ROOT, packages

NODE = shutil.which("node")


def package() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.parametrize("name", ["server", "pictures"])
def test_it_behaves(name: str) -> None:
    command = [str(NODE), "--test", f"tests/{name}.test.js"]
    done = subprocess.run(command, cwd=EXTENSION, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"^# pass 0$", done.stdout, re.M)


def test_one_version_and_one_licence() -> None:
    """Those of archc."""
    assert package()["version"] == archc.__version__
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["version"] == archc.__version__
    assert f"## {archc.__version__}\n" in (EXTENSION / "CHANGELOG.md").read_text()
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert package()["license"] in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_what_a_market_shows() -> None:
    said = package()
    for field in ("displayName", "description", "publisher", "categories", "keywords"):
        assert said[field]
    icon = (EXTENSION / said["icon"]).read_bytes()
    assert icon[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(icon[16:20]), int.from_bytes(icon[20:24])) == (128, 128)
    for name in ("README.md", "CHANGELOG.md"):
        # Links and pictures of a package without a repository have nowhere to lead.
        assert not re.findall(r"\]\((?!https://)", (EXTENSION / name).read_text(encoding="utf-8"))


def test_what_is_built_with_is_pinned() -> None:
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    wanted = package()["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    missing = [
        name
        for name, one in lock["packages"].items()
        if name and not one.get("link") and "integrity" not in one
    ]
    assert not missing


def test_commands_are_where_they_are_offered() -> None:
    contributes = package()["contributes"]
    known = {one["command"] for one in contributes["commands"]}
    offered = [
        *(one["command"] for menu in contributes["menus"].values() for one in menu),
        *(one["command"] for one in contributes["keybindings"]),
    ]
    assert set(offered) <= known
    source = (EXTENSION / "main.js").read_text(encoding="utf-8")
    for name in known:
        assert f'registerCommand("{name}"' in source
    panel = re.search(r'VIEW = "(.+)"', (EXTENSION / "pictures.js").read_text(encoding="utf-8"))
    assert panel is not None
    assert f"onWebviewPanel:{panel[1]}" in package()["activationEvents"]


def test_the_panel_asks_what_the_server_answers() -> None:
    from archc.lsp.panes import COMMAND, PANES

    assert f'command: "{COMMAND}"' in (EXTENSION / "main.js").read_text(encoding="utf-8")
    asked = re.findall(r'\bof\("(\w+)"', (EXTENSION / "pictures.js").read_text(encoding="utf-8"))
    assert asked
    assert set(asked) <= set(PANES)


@pytest.mark.services
def test_it_is_packaged(tmp_path: Path) -> None:
    """By the command that publishes it, which runs the documented one."""
    packages()
    command = [sys.executable, str(ROOT / "dsl" / "publish"), "extension", "-o", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.iterdir()
    assert made.name == f"archc-{archc.__version__}.vsix"
    with zipfile.ZipFile(made) as archive:
        held = {name.removeprefix("extension/") for name in archive.namelist()}
        notices = archive.read("extension/notices.txt").decode()
        bundle = archive.read("extension/extension.js")
    assert held == {
        "[Content_Types].xml", "extension.vsixmanifest", "LICENSE.txt", "changelog.md", "readme.md",
        "package.json", "extension.js", "notices.txt", "icon.png", "language-configuration.json",
        "media/panel.css", "media/panel.js",
        "syntaxes/arch.tmLanguage.json", "syntaxes/codeblock.json",
    }  # fmt: skip
    assert "vscode-languageclient 11.0.0 (MIT)" in notices
    assert b"archc.pane" in bundle
    assert str(ROOT).encode() not in bundle, "a path of this machine"
