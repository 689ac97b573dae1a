"""Locks that the kernel holds for as long as the process that took them lives.

A lock is a file; what it says names the holder for people, the kernel's lock on it is what counts.
So a lock is free the moment its process is gone, however that ended, and a leftover file is taken
over. Where a file system knows no locks, work goes on without.
"""

import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from archc.diagnostics import codes
from archc.diagnostics.model import Rejected, reject
from archc.emit.marker import LOCK
from archc.typed import NamedTuple

PATIENCE = 10.0
"""Seconds to wait for another process, which needs milliseconds."""
INTERVAL = 0.02
LARGEST = 1_000
"""Bytes that are read of a lock."""

_UNSUPPORTED = frozenset(
    getattr(errno, name) for name in ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL")
)

if sys.platform == "win32":
    import msvcrt

    _AT = 1 << 30  # Windows keeps others from reading what is locked: a byte that is not there

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _AT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; False where another process has it, None where the
    file system knows no locks."""
    try:
        return _lock(descriptor)
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            return None
        raise


class Holder(NamedTuple):
    """Who has a lock."""

    pid: int
    host: str
    since: str
    """Local time, with its distance from UTC."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"


def ourselves() -> Holder:
    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return Holder(os.getpid(), host or "this host", time.strftime("%Y-%m-%d %H:%M:%S %z"))


def holder(path: str) -> Holder | None:
    """Who wrote a lock's file; None where it does not say."""
    import json

    try:
        with open(path, "rb") as file:
            read = json.loads(file.read(LARGEST))
        return Holder(int(read["pid"]), str(read["host"]), str(read["since"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


@contextmanager
def locked(directory: str) -> Iterator[None]:
    """Have a folder to oneself.

    Raises:
        Rejected: another process has it, or what stands in the lock's place is not a lock.
        OSError: the lock cannot be written.
    """
    path = os.path.join(directory, LOCK)
    descriptor = _acquired(directory, path)
    try:
        yield
    finally:
        if sys.platform == "win32":  # what is open cannot be deleted there
            os.close(descriptor)
            with suppress(OSError):
                os.unlink(path)
        else:
            with suppress(OSError):
                os.unlink(path)
            os.close(descriptor)


def _acquired(directory: str, path: str) -> int:
    """The lock's open file, locked."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    end = time.monotonic() + PATIENCE
    while True:
        descriptor = os.open(path, flags, 0o666)
        try:
            got = lock(descriptor)
            # The one before may have deleted the file that was just locked.
            if got is None or (got and _stands(descriptor, path)):
                _plain(descriptor, path)  # only now that nobody else writes it
                _sign(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not got and time.monotonic() > end:
            raise _busy(directory, path)
        time.sleep(INTERVAL)


def _plain(descriptor: int, path: str) -> None:
    """Refuse what stands in a lock's place and is not one: it would be overwritten."""
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or (about.st_size and holder(path) is None):
        raise reject(
            codes.OUTPUT_FOREIGN,
            f"`{path}` is not a lock of archc, so it is not overwritten",
            help="move it away, or write to another folder",
        )


def _stands(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def _sign(descriptor: int) -> None:
    import json

    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, json.dumps(ourselves()._asdict()).encode())


def _busy(directory: str, path: str) -> Rejected:
    who = holder(path)
    return reject(
        codes.OUTPUT_LOCKED,
        f"`{directory}` is being written by {who or 'another archc'}",
        help="wait until that process ends, or end it: the lock goes with it",
    )


def busy(directory: str) -> Holder | None:
    """Who is writing to a folder right now, waiting a while for nobody to. Writes nothing."""
    path = os.path.join(directory, LOCK)
    end = time.monotonic() + PATIENCE
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
        except OSError:  # there is none, or one that nobody can have
            return None
        try:
            if lock(descriptor) is not False:
                return None
        finally:
            os.close(descriptor)
        if time.monotonic() > end:
            return holder(path) or Holder(0, "?", "?")
        time.sleep(INTERVAL)
