"""Make what is published: `python dsl/publish NAME -o DIR`."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from zipfile import BadZipFile

DSL = Path(__file__).resolve().parents[1]
PUBLISHED = {
    "site": "the documentation as a static site, with search",
    "playground": "the page that compiles while you type, for any static host and as one file",
    "extension": "the extension for VS Code, as a .vsix",
    "release": "all of it with the wheel and the source distribution, checked",
}
"""By the name of a module of this package, with `arguments(parser)` and `run(options)`: what it
makes."""


def main(words: list[str] | None = None) -> int:
    """Make what the words of a command line name; the exit code."""
    sys.path.insert(0, str(DSL))
    parser = argparse.ArgumentParser("python dsl/publish", description=__doc__)
    names = parser.add_subparsers(dest="name", metavar="NAME", required=True)
    modules = {name: import_module(f"publish.{name}") for name in PUBLISHED}
    for name, about in PUBLISHED.items():
        module = modules[name]
        module.arguments(names.add_parser(name, help=about, description=module.__doc__))
    options = parser.parse_args(words)
    try:
        modules[options.name].run(options)
    except import_module("publish.tools").Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 1
    except (OSError, BadZipFile) as fault:  # a folder or a wheel that is not as it was said
        print(f"error: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
