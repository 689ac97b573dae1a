"""The files of the targets that come with archc."""

import os

from archc.source import Source

_FOLDER = os.path.dirname(os.path.abspath(__file__))
SUFFIX = ".toml"


def builtin_names() -> tuple[str, ...]:
    """The targets that come with archc, sorted: adding one is adding a file."""
    found = (name for name in os.listdir(_FOLDER) if name.endswith(SUFFIX))
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found))


def builtin_source(name: str) -> Source:
    """The text of a target that comes with archc."""
    with open(os.path.join(_FOLDER, name + SUFFIX), encoding="utf-8") as file:
        return Source(f"target:{name}", file.read())
