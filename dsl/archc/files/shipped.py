"""What comes with archc: the standard library and the shipped specs."""

import os
from functools import cache

from archc.files.reading import SPEC_SUFFIX
from archc.source import Source

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_STD = os.path.join(PACKAGE, "std")


def std_sources() -> dict[str, Source]:
    """The standard library, each file by the name of the block it declares, sorted."""
    return dict(_std_sources())


@cache
def _std_sources() -> dict[str, Source]:
    sources = {}
    for entry in sorted(os.listdir(_STD)):
        if entry.endswith(SPEC_SUFFIX):
            with open(os.path.join(_STD, entry), encoding="utf-8") as file:
                sources[entry.removesuffix(SPEC_SUFFIX)] = Source(f"std:{entry}", file.read())
    return sources


def library_path(name: str) -> str | None:
    """Where a source of the standard library is, by its name; None of any other source."""
    prefix, _, entry = name.partition(":")
    return os.path.join(_STD, entry) if prefix == "std" else None


def shipped_specs() -> dict[str, str]:
    """Where the shipped specs are, by the name of the network: in a wheel inside the package, in a
    checkout two folders up."""
    places = (os.path.join(PACKAGE, "specs"), os.path.join(PACKAGE, "..", "..", "specs"))
    root = next((place for place in places if os.path.isdir(place)), None)
    found: dict[str, str] = {}
    for folder in (root, os.path.join(root, "families")) if root else ():
        if os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith(SPEC_SUFFIX):
                    found[name.removesuffix(SPEC_SUFFIX)] = os.path.join(folder, name)
    return dict(sorted(found.items()))
