"""Files whose paths the user gave: outputs of one command, sources that are rewritten, new ones."""

import os
import stat
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, reject
from archc.files.lock import locked
from archc.files.standing import ELSEWHERE, Standing, look, make_folder, unwritable
from archc.files.temporary import discard_abandoned, temporary
from archc.files.transaction import Change, Failure, recover, replace_all

Ours = Callable[[bytes], bool]
"""Whether the content of a file may be overwritten."""


def save(
    files: Mapping[str, bytes], ours: Ours, kept: Mapping[str, str] | None = None
) -> Diagnostic | None:
    """Write outputs, all of them or none; folders are made.

    Args:
        files: bytes by path.
        ours: whether the content of a file that is there already may be overwritten.
        kept: by path, what a file is that stays as it is, though archc may have written it.

    Returns:
        What went wrong, or None.
    """
    groups: dict[str, dict[str, bytes]] = {}
    for path, data in files.items():
        folder, name = os.path.split(path)
        groups.setdefault(folder or ".", {})[name] = data
    named = {os.path.normpath(path): what for path, what in (kept or {}).items()}
    try:
        for folder in groups:
            make_folder(folder)
        if len(files) == 1:
            ((path, data),) = files.items()
            if _changes(*os.path.split(path), ours, data, named):
                _replace(path, data)
        else:
            _save_together(groups, ours, named)
    except Rejected as rejected:
        return rejected.diagnostic
    return None


def _save_together(
    groups: Mapping[str, Mapping[str, bytes]], ours: Ours, kept: Mapping[str, str]
) -> None:
    """Write several files, folder by folder; what was written is put back where one fails.

    Raises:
        Rejected: one cannot be written.
    """
    with ExitStack() as stack:
        done: list[tuple[str, dict[str, Change]]] = []
        for folder in sorted(groups):  # in one order, so that no two wait for each other
            try:
                stack.enter_context(locked(folder))
                recover(folder)
                discard_abandoned(folder, groups[folder].__contains__)
            except OSError as error:
                raise Rejected(unwritable(folder, error)) from None
        changes = {
            folder: {
                name: change
                for name, data in group.items()
                for change in _changes(folder, name, ours, data, kept)
            }
            for folder, group in groups.items()
        }
        for folder, wanted in changes.items():
            try:
                replace_all(folder, wanted)
            except Failure as failure:
                for finished, made in done:
                    replace_all(finished, {name: one.undone for name, one in made.items()})
                path = os.path.join(folder, failure.name)
                raise Rejected(unwritable(path, failure.cause)) from None
            done.append((folder, wanted))


def _changes(
    folder: str, name: str, ours: Ours, data: bytes, kept: Mapping[str, str]
) -> tuple[Change, ...]:
    """The change that a file needs, if any.

    Raises:
        Rejected: what stands there is not overwritten.
    """
    path = os.path.normpath(os.path.join(folder, name))
    found = look(path, "", data)
    if found.state in ("foreign", "ours") and not (found.content and ours(found.content)):
        what = kept.get(path) if found.content is not None else None
        raise foreign(path, found._replace(what=what or found.what))
    if found.state == "unreadable":
        raise foreign(path, found)
    return () if found.state == "same" else (Change(found.content, data),)


def foreign(path: str, found: Standing) -> Rejected:
    """The refusal to write where something stands that is not ours, or cannot be read."""
    if found.state == "unreadable":
        return reject(
            codes.OUTPUT_UNWRITABLE, f"`{path}` cannot be read: {found.what}", help=ELSEWHERE
        )
    return reject(
        codes.OUTPUT_FOREIGN,
        f"`{path}` is {found.what or 'a file of another kind'}, so it is not overwritten",
        help="move it away, or write to another path",
    )


def _replace(path: str, data: bytes) -> None:
    """Put one file in its place.

    Raises:
        Rejected: it cannot be written.
    """
    try:
        with temporary(*os.path.split(path), data) as written:
            os.replace(written, path)
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None


def rewrite(path: str, text: str) -> None:
    """Replace the text of a source that the user named, atomically; links are followed, and its
    permissions and the way its lines end are kept.

    Raises:
        Rejected: it cannot be written.
    """
    real = os.path.realpath(path)
    try:
        with open(real, "rb") as file:
            old = file.read()
        data = text.encode()
        if b"\r\n" in old and old.count(b"\r\n") == old.count(b"\n"):
            data = data.replace(b"\n", b"\r\n")
        with temporary(*os.path.split(real), data) as written:
            os.chmod(written, stat.S_IMODE(os.stat(real).st_mode))
            os.replace(written, real)
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None


def create(path: str, text: str) -> None:
    """Write a new source; its folder is made. What stands there already stays.

    Raises:
        Rejected: something stands there, or it cannot be written.
    """
    folder, name = os.path.split(path)
    make_folder(folder or ".")
    try:
        with temporary(folder, name, text.encode()) as written:
            os.link(written, path)  # unlike a replacement, it fails where there is a file
    except FileExistsError:
        raise reject(
            codes.OUTPUT_FOREIGN, f"`{path}` already exists", help="choose another name"
        ) from None
    except OSError as error:
        raise Rejected(unwritable(path, error)) from None
