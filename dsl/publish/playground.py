"""The playground: the compiler itself in a page, from `docs/playground/`."""

import argparse
import sys
from pathlib import Path

from publish import tools

SOURCES = tools.ROOT / "docs" / "playground"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="folder", type=Path, required=True, help="where it goes")


def run(options: argparse.Namespace) -> None:
    wheel(options.folder)


def wheel(folder: Path) -> Path:
    """The wheel of this checkout, made in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tools.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, tools.ROOT]
    )
    return next(folder.glob("archc_dsl-*.whl"))
