"""What a file is by its first bytes, where it is not what its name says."""

from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import Rejected, reject
from archc.formats import FORMATS

HDF5 = b"\x89HDF\r\n\x1a\n"
_TEXT = 256
"""Bytes that decide whether a file is text: web pages and messages are saved as models."""


def mistaken(name: str, data: bytes, wanted: str, first: str, help: str) -> Rejected:
    """The exception for a file whose first bytes are not those of its kind.

    Args:
        name: of the file.
        data: its bytes.
        wanted: what it should be, as `a TFLite file`.
        first: whose first bytes it lacks.
        help: what to do where it is nothing that is known.
    """
    what = f"its first bytes are not those of {first}"
    if not data:
        what = "it is empty"
    elif data[:_TEXT].isascii() and all(b >= 32 or b in b"\t\n\r" for b in data[:_TEXT]):
        what = "it is text"
    for format in FORMATS:
        end = format.start + len(format.signature)
        if format.signature and data[format.start : end] == format.signature:
            what, help = format.told, f"rename it to end in `{format.suffixes[0]}`"
    if data[:7] == b"version" and b"git-lfs" in data[:64]:
        what = "it is the pointer that Git LFS leaves in place of a file"
        help = "fetch the file with `git lfs pull`"
    return reject(MODEL_FILE, f"`{name}` is not {wanted}: {what}", help=help)
