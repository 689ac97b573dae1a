"""The extension for VS Code, from `grammars/vscode/`, as one `.vsix`."""

import argparse
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from publish import tools

SOURCES = tools.ROOT / "grammars" / "vscode"
KEPT = shutil.ignore_patterns("node_modules", "*.vsix", "extension.js", "notices.txt")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="folder", type=Path, required=True, help="where it goes")


def run(options: argparse.Namespace) -> None:
    """Make the package and say how large it is."""
    made = build(options.folder)
    print(f"{made.stat().st_size:>12,}  {made.name}")


def build(folder: Path) -> Path:
    """Make the package in a folder, by the command that its own README names.

    Raises:
        tools.Failed: a tool is missing or failed.
    """
    version = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["version"]
    folder.mkdir(parents=True, exist_ok=True)
    made = folder.resolve() / f"archc-{version}.vsix"
    with TemporaryDirectory(prefix="archc-publish-") as work:
        copy = shutil.copytree(SOURCES, Path(work) / "vscode", ignore=KEPT)
        modules = tools.packages(SOURCES)
        (copy / "node_modules").symlink_to(modules, target_is_directory=True)
        tools.run(["npx", "--no-install", "vsce", "package", "--out", made], copy)
    return made
