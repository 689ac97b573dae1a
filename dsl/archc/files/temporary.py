"""Files that are written beside the one they will replace.

They are locked while their process lives, so one that nobody has locked was left by a process that
was killed, and is removed.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from archc.files.lock import lock

ATTEMPTS = 100
_NAME = re.compile(r"\.(?P<name>.+)\.\d+-\d+\.tmp")


@contextmanager
def temporary(directory: str, name: str, data: bytes) -> Iterator[str]:
    """A new file beside ``name`` that holds some bytes; removed in the end, if it is still there.

    Yields:
        Its path, to be moved from.

    Raises:
        OSError: it cannot be written.
    """
    discard_abandoned(directory, name.__eq__)
    path = ""
    descriptor = -1
    try:
        path, descriptor = _opened(directory, name)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        if sys.platform == "win32":  # what is open cannot be moved there
            os.close(descriptor)
            descriptor = -1
        yield path
    finally:
        if path:
            with suppress(OSError):
                os.unlink(path)
        if descriptor >= 0:
            os.close(descriptor)


def _opened(directory: str, name: str) -> tuple[str, int]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for attempt in range(ATTEMPTS):
        path = os.path.join(directory, f".{name}.{os.getpid()}-{attempt}.tmp")
        try:
            descriptor = os.open(path, flags, 0o666)  # less the umask, like any file
        except FileExistsError:
            continue
        # Between the two another process can have taken it for abandoned.
        if lock(descriptor) is False or not os.fstat(descriptor).st_nlink:
            os.close(descriptor)
            continue
        return path, descriptor
    raise FileExistsError(17, "too many temporary files are in the way")


def discard_abandoned(directory: str, wanted: Callable[[str], bool]) -> None:
    """Remove the temporary files of processes that are gone.

    Args:
        directory: where they are.
        wanted: whether those are meant that were to replace a file of this name.
    """
    with suppress(OSError):
        for entry in os.listdir(directory or "."):
            named = _NAME.fullmatch(entry)
            if named and wanted(named["name"]):
                _discard(os.path.join(directory, entry))


def _discard(path: str) -> None:
    """Remove a file unless a process has it locked, or nobody can tell."""
    with suppress(OSError):
        flags = os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, flags)
        try:
            abandoned = lock(descriptor)
            if abandoned and sys.platform != "win32":
                os.unlink(path)
        finally:
            os.close(descriptor)
        if abandoned and sys.platform == "win32":
            os.unlink(path)
