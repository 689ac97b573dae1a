"""The `__init__.py` of an output folder: constant text that finds its siblings when asked."""

from os.path import dirname, join

from archc.emit.marker import MANIFEST_SUFFIX, MARKER, RECORD, STAGING


def _text() -> str:
    path = join(dirname(__file__), "templates", "registry.py.txt")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read().replace("@MARKER@", MARKER)
    text = text.replace("@MANIFEST_SUFFIX@", MANIFEST_SUFFIX)
    return text.replace("@STAGING@", STAGING).replace("@RECORD@", RECORD)


TEXT = _text()
"""It needs nothing but the standard library until a network is built."""
