"""Several files of a folder replaced as one, also where the process is killed on the way.

What will be written is staged in a folder of its own beside the outputs. Then one rename puts a
record there, of what stands in the place of each file and what will: from here on the change is
made, and whoever comes next moves what is not in its place yet. Before, nothing was changed. A
change that fails halfway is undone by another one, recorded in the place of the first.

The caller has the folder locked. This outlives the death of the process; against a power cut it is
as good as the file system's own renames.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress

from archc.emit.marker import RECORD, STAGING
from archc.files.lock import Holder, ourselves
from archc.files.standing import is_name
from archc.files.temporary import temporary
from archc.typed import Any, NamedTuple

LARGEST = 4_194_304
"""Bytes of a record that are read."""
CHUNK = 1 << 20


class Change(NamedTuple):
    """The content of a file before and after; None where there is no file."""

    before: bytes | None
    after: bytes | None

    @property
    def undone(self) -> "Change":
        return Change(self.after, self.before)


class Step(NamedTuple):
    """The same as recorded: digests."""

    name: str
    before: str | None
    after: str | None


class Pending(NamedTuple):
    """A change that was recorded and not finished."""

    by: Holder
    steps: tuple[Step, ...]
    placed: int
    """How many files are as they shall be."""

    @property
    def mixed(self) -> bool:
        """Whether the folder holds files of before and of after."""
        return 0 < self.placed < len(self.steps)

    @property
    def progress(self) -> str:
        return f"{self.placed} of its {len(self.steps)} files were in place"


class Failure(Exception):
    """A change could not be made and was undone: the name of the file, and the cause."""

    def __init__(self, name: str, cause: OSError) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


def replace_all(directory: str, changes: Mapping[str, Change]) -> None:
    """Make all changes or none.

    Raises:
        Failure: one cannot be made; what was made is undone.
    """
    if len(changes) < 2:
        _replace_one(directory, changes)
        return
    staging = os.path.join(directory, STAGING)
    name = ""
    try:
        _make_staging(staging)
        for index, name in enumerate(changes):
            _stage(staging, index, changes[name])
        _record(staging, changes)
        for index, name in enumerate(changes):
            _place(directory, index, name, changes[name].after)
    except BaseException as error:  # also when interrupted
        with suppress(OSError):  # else the record stays, and the next run sees to it
            _undo(directory, changes)
        if isinstance(error, OSError):
            raise Failure(name, error) from None
        raise
    _clear(staging)


def _replace_one(directory: str, changes: Mapping[str, Change]) -> None:
    """One rename is a change by itself."""
    for name, change in changes.items():
        path = os.path.join(directory, name)
        try:
            if change.after is None:
                os.unlink(path)
            else:
                with temporary(directory, name, change.after) as written:
                    os.replace(written, path)
        except OSError as error:
            raise Failure(name, error) from None


def _undo(directory: str, changes: Mapping[str, Change]) -> None:
    """Put back what was put in place: of that nothing is staged any more."""
    staging = os.path.join(directory, STAGING)
    if _is_folder(staging) and os.path.lexists(os.path.join(staging, RECORD)):
        back = {
            name: changes[name].undone
            for index, name in enumerate(changes)
            if not os.path.lexists(os.path.join(staging, str(index)))
        }
        offset = len(changes)  # the numbers below are taken
        for index, change in enumerate(back.values(), offset):
            _stage(staging, index, change)
        _record(staging, back, offset)
        for index, name in enumerate(back, offset):
            _place(directory, index, name, back[name].after)
    _clear(staging)


def _make_staging(staging: str) -> None:
    try:
        os.mkdir(staging)
    except FileExistsError:
        if not _is_folder(staging):
            raise


def _is_folder(staging: str) -> bool:
    """Whether it is a folder of its own and no link to one elsewhere."""
    try:
        return stat.S_ISDIR(os.lstat(staging).st_mode)
    except OSError:
        return False


def _stage(staging: str, index: int, change: Change) -> None:
    if change.after is None:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(os.path.join(staging, str(index)), flags, 0o666)  # less the umask
    with open(descriptor, "wb") as file:
        file.write(change.after)


def _record(staging: str, changes: Mapping[str, Change], offset: int = 0) -> None:
    """From here on the change is made."""
    import json

    steps = [Step(name, _digest(c.before), _digest(c.after)) for name, c in changes.items()]
    document = {
        **ourselves()._asdict(),
        "offset": offset,
        "files": [step._asdict() for step in steps],
    }
    path = os.path.join(staging, RECORD)
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(document, file)
    os.replace(f"{path}.new", path)


def _place(directory: str, index: int, name: str, after: bytes | None) -> None:
    path = os.path.join(directory, name)
    if after is None:
        os.unlink(path)
    else:
        os.replace(os.path.join(directory, STAGING, str(index)), path)


def _clear(staging: str) -> None:
    """Remove the staging folder, its record first. What is not a file in it is not ours."""
    if not _is_folder(staging):
        return
    with suppress(OSError):
        os.unlink(os.path.join(staging, RECORD))
    with suppress(OSError):
        for entry in os.listdir(staging):
            with suppress(OSError):
                os.unlink(os.path.join(staging, entry))
        os.rmdir(staging)


# --- what a process left that was killed -------------------------------------------------------


def pending(directory: str) -> Pending | None:
    """The change that was recorded in a folder and not finished. Writes nothing."""
    read = _read(os.path.join(directory, STAGING))
    if read is None:
        return None
    by, _, steps = read
    placed = sum(_standing(directory, step) == step.after for step in steps)
    return Pending(by, steps, placed)


def recover(directory: str) -> Pending | None:
    """Finish a change that was recorded, and remove one that was not.

    A file that is neither as before nor as after was changed by somebody since: it stays.

    Returns:
        What was to be finished, or None.

    Raises:
        OSError: a file cannot be put in its place.
    """
    staging = os.path.join(directory, STAGING)
    if not _is_folder(staging):
        return None
    found, read = pending(directory), _read(staging)
    if read is not None:
        _, offset, steps = read
        for index, step in enumerate(steps, offset):
            standing = _standing(directory, step)
            if standing == step.after or standing not in (step.before, None):
                continue
            path = os.path.join(directory, step.name)
            staged = os.path.join(staging, str(index))
            if step.after is None:
                os.unlink(path)
            elif _digest_of(staged) == step.after:
                os.replace(staged, path)
    _clear(staging)
    return found


def _read(staging: str) -> tuple[Holder, int, tuple[Step, ...]] | None:
    """The record of a staging folder, or None where there is none that we could have written."""
    import json

    path = os.path.join(staging, RECORD)
    try:
        if not _is_folder(staging) or not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        with open(path, "rb") as file:
            document = json.loads(file.read(LARGEST))
        by = Holder(int(document["pid"]), str(document["host"]), str(document["since"]))
        steps = tuple(_step(**one) for one in document["files"])
        return by, int(document["offset"]), steps
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _step(name: Any, before: Any, after: Any) -> Step:
    if not isinstance(name, str) or not is_name(name):
        raise ValueError("not a file of the folder")
    if not all(one is None or isinstance(one, str) for one in (before, after)):
        raise ValueError("not a digest")
    return Step(name, before, after)


def _standing(directory: str, step: Step) -> str | None:
    """The digest of what stands in the place of a file; None where nothing does."""
    return _digest_of(os.path.join(directory, step.name))


def _digest(content: bytes | None) -> str | None:
    from archc.digest import sha256

    return None if content is None else sha256(content).hexdigest()


def _digest_of(path: str) -> str | None:
    from archc.digest import sha256

    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return "not a file"
        found = sha256()
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except FileNotFoundError:
        return None
    except OSError:
        return "unreadable"
    digest: str = found.hexdigest()
    return digest
