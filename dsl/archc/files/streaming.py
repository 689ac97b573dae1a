"""A file that is written as it comes, and stands in its place once it is whole."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from archc.diagnostics.model import Rejected
from archc.files.standing import make_folder, unwritable
from archc.files.temporary import temporary


@contextmanager
def streamed(path: str, text: bool) -> Iterator[IO[Any]]:
    """A file to write to. It replaces what is at ``path`` when the block ends, and leaves that
    alone where the block raises.

    Raises:
        Rejected: it cannot be written.
    """
    folder, name = os.path.split(path)
    folder = folder or "."
    make_folder(folder)
    try:
        with temporary(folder, name, b"") as place:
            with open(place, "wb") as raw:
                file: IO[Any] = io.TextIOWrapper(raw, "utf-8", newline="\n") if text else raw
                yield file
                file.flush()
            os.replace(place, path)
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None
