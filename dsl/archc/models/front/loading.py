"""Read a model file by the reader of its format."""

import os
import sys
from typing import NamedTuple

from archc.compiler import load_bytes
from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.digest import sha256
from archc.formats import SAVED_MODEL, Format, format_of, listed, stranger
from archc.limits import DEFAULT_LIMITS, Limits
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.models.deployed import FileGraph
    from archc.models.importer import Imported


class Loaded(NamedTuple):
    """What a file holds."""

    path: str
    format: Format
    content: "FileGraph | Imported"
    size: int
    """Of the file in bytes."""
    digest: str
    """`sha256:...` of its bytes."""

    @property
    def name(self) -> str:
        """What its network is called: the file's name, without folder and ending."""
        base = os.path.basename(self.path)
        ending = next(one for one in self.format.suffixes if base.lower().endswith(one))
        return base[: -len(ending)] or base


def load(path: str, limits: Limits = DEFAULT_LIMITS) -> Loaded:
    """A model file of any format that `archc.formats` declares. Nothing of it is run.

    Args:
        path: its ending says what it is.
        limits: ``model_bytes`` bounds the file and what is unpacked, ``operators`` operators and
            layers, ``nesting`` the depth of a config.

    Raises:
        Rejected: it cannot be read, is not what its ending says, is damaged, or over a bound.
    """
    format = format_of(path)
    if format is None:
        saved = os.path.join(path, SAVED_MODEL)
        if (other := stranger(saved if os.path.isfile(saved) else path)) is not None:
            raise reject(MODEL_FILE, other.said(path), help=other.remedy)
        raise reject(
            MODEL_FILE,
            f"`{path}` is a folder, not a model file"
            if os.path.isdir(path)
            else f"`{path}` is not a model that can be read",
            help=f"give {listed()}",
        )
    data = load_bytes(path, limits.model_bytes, "model_bytes", format.title)
    module, _, name = format.reader.partition(":")
    __import__(module)  # `importlib` would have to be loaded
    content = getattr(sys.modules[module], name)(path, data, limits)
    digest = f"sha256:{sha256(data).hexdigest()}"
    return Loaded(path, format, content, len(data), digest)
