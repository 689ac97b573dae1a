"""A file that is written as it comes, and stands in its place once it is whole."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from archc.diagnostics.model import Rejected
from archc.files.saving import Ours, foreign
from archc.files.standing import Standing, kind, make_folder, unwritable
from archc.files.temporary import temporary

_ENDS = 65536
"""Bytes at both ends of a file by which it is known."""


def refuse_foreign(path: str, ours: Ours) -> None:
    """Refuse to write where something else stands.

    Args:
        path: of the file to write.
        ours: whether a file that begins and ends with some bytes may be replaced.

    Raises:
        Rejected: something stands there that may not, or cannot be read.
    """
    what = kind(path)
    if isinstance(what, Standing):
        if what.state != "absent":
            raise foreign(path, what)
        return
    try:
        with open(path, "rb") as file:
            ends = file.read(_ENDS)
            file.seek(max(len(ends), file.seek(0, io.SEEK_END) - _ENDS))
            ends += file.read()
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None
    if not (ends and ours(ends)):
        raise foreign(path, Standing("foreign", what="a file that archc did not write"))


def beside(path: str) -> str:
    """A name for a part of a file where the whole one stays: `all.partial.csv` for `all.csv`; with
    a number where that is taken, so that no part replaces another."""
    stem, ending = os.path.splitext(path)
    names = (f"{stem}.partial{number}{ending}" for number in ("", *range(2, 10_000)))
    return next((name for name in names if not os.path.lexists(name)), f"{stem}.partial{ending}")


@contextmanager
def streamed(
    path: str, ours: Ours, placed: Callable[[str], str | None] = lambda path: path
) -> Iterator[IO[bytes]]:
    """A file to write to. It replaces what is at ``path`` when the block ends, and leaves that
    alone where the block raises.

    Args:
        path: of the file.
        ours: see `refuse_foreign`.
        placed: is asked when the block ends for the path to use instead, in the same folder; None
            discards what was written.

    Raises:
        Rejected: it cannot be written.
    """
    refuse_foreign(path, ours)
    folder, name = os.path.split(path)
    folder = folder or "."
    make_folder(folder)
    try:
        with temporary(folder, name, b"") as place:
            with open(place, "wb") as file:
                yield file
                file.flush()
            final = placed(path)
            if final is not None:
                os.replace(place, final)
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None
