"""What a compile writes into a folder, all of it or nothing, and `--check`.

All outputs of a run are checked and staged before the first one is replaced; what fails is undone,
and what was killed is finished by the next run (`transaction`). Only files that archc wrote are
overwritten. Symbolic links among the outputs are refused: archc writes none, so a link there is
somebody else's, and following it would write outside the folder. The folder itself may be a link.
"""

import os
import re
from collections.abc import Iterator, Mapping

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.emit.marker import MANIFEST_SUFFIX, STAGING
from archc.files.lock import LOCK, busy, locked
from archc.files.reading import is_folder
from archc.files.standing import (
    ELSEWHERE,
    Standing,
    folder_problem,
    look,
    make_folder,
    unwritable,
)
from archc.files.temporary import discard_abandoned
from archc.files.transaction import Change, Failure, Pending, is_name, pending, recover, replace_all
from archc.typed import NamedTuple

REGISTRY = "__init__.py"
SUFFIXES = (".py", MANIFEST_SUFFIX)
_AGAIN = "compile the specs again, without `--check`"


class Written(NamedTuple):
    """What became of the outputs. With an error among the diagnostics nothing was written."""

    written: tuple[str, ...] = ()
    """Names of files that are new or changed."""
    unchanged: tuple[str, ...] = ()
    """Names of files that already held exactly this."""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        return any(diagnostic.level == "error" for diagnostic in self.diagnostics)


def write(directory: str, files: Mapping[str, str]) -> Written:
    """Write outputs into a folder, all of them or none.

    The folder is made if it does not exist. Files that already hold exactly what is to be written
    are not touched. Never raises for what a file system does; see `Written.diagnostics`.

    Args:
        directory: the output folder.
        files: text by file name; the names have no folder in them.
    """
    for name in files:
        if not is_name(name):
            raise ValueError(f"not a file name: {name!r}")
    try:
        made = make_folder(directory)
    except Rejected as rejected:
        return Written(diagnostics=(rejected.diagnostic,))
    outcome = _write(directory, {name: encode(text) for name, text in files.items()})
    if outcome.failed:
        for folder in made:
            try:
                os.rmdir(folder)
            except OSError:
                break
    return outcome


class _Plan(NamedTuple):
    """What has to be done to have the outputs in a folder."""

    changes: dict[str, Change]
    unchanged: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def refused(self) -> Written | None:
        errors = any(diagnostic.level == "error" for diagnostic in self.diagnostics)
        return Written(diagnostics=self.diagnostics) if errors else None


def _plan(directory: str, files: Mapping[str, bytes]) -> _Plan:
    changes: dict[str, Change] = {}
    unchanged, diagnostics = [], []
    for name, data in files.items():
        path = os.path.join(directory, name)
        found = look(path, name, data)
        if found.state == "same":
            unchanged.append(name)
        elif found.state in ("absent", "ours"):
            changes[name] = Change(found.content, data)
        else:
            diagnostics.append(_refused(path, name, found))
    return _Plan(changes, tuple(unchanged), tuple(diagnostics))


def _write(directory: str, files: Mapping[str, bytes]) -> Written:
    plan = _plan(directory, files)
    others = any(os.path.lexists(os.path.join(directory, name)) for name in (LOCK, STAGING))
    if not plan.changes and not others:
        return Written((), plan.unchanged, plan.diagnostics)
    if plan.refused:
        return plan.refused
    try:
        with locked(directory):
            finished = recover(directory)
            discard_abandoned(directory, lambda name: name.endswith(SUFFIXES))
            plan = _plan(directory, files)  # as it is now that nobody else writes
            if plan.refused:
                return plan.refused
            replace_all(directory, plan.changes)
    except Rejected as rejected:
        return Written(diagnostics=(rejected.diagnostic,))
    except Failure as failure:
        problem = unwritable(os.path.join(directory, failure.name), failure.cause)
        return Written(diagnostics=(*plan.diagnostics, problem))
    except OSError as error:
        return Written(diagnostics=(*plan.diagnostics, unwritable(directory, error)))
    notes = (_finished(directory, finished),) if finished and finished.mixed else ()
    return Written(tuple(plan.changes), plan.unchanged, (*plan.diagnostics, *notes))


def _finished(directory: str, found: Pending) -> Diagnostic:
    return make(
        codes.OUTPUT_RECOVERED,
        f"a build into `{directory}` that was interrupted is finished",
        notes=[f"it was that of {found.by}; {_placed(found)}"],
    )


def _placed(found: Pending) -> str:
    return f"{found.placed} of its {len(found.steps)} files were in place"


# --- --check -----------------------------------------------------------------------------------


def stale(directory: str, files: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """How a folder differs from what `write` would leave there, and outputs of ours besides.

    Args:
        directory: the output folder.
        files: text by file name, every output of the given specs.
    """
    if not is_folder(directory):
        there = os.path.lexists(directory) if "\0" not in directory else False
        problem = "is not a folder" if there else "does not exist"
        return (
            make(codes.OUTPUT_FOLDER, f"the output folder `{directory}` {problem}", help=_AGAIN),
        )
    writer = busy(directory)
    if writer is not None:
        return (
            make(
                codes.OUTPUT_LOCKED,
                f"`{directory}` is being written by {writer}",
                help="check again when that process has ended",
            ),
        )
    diagnostics = [*_interrupted(directory), *_differences(directory, files)]
    try:
        entries = sorted(os.listdir(directory))
    except OSError as error:
        return (folder_problem(directory, error), *diagnostics)
    expected = {name.lower() for name in files}
    for name in entries:
        if name.lower() in expected or not name.endswith(SUFFIXES):
            continue
        path = os.path.join(directory, name)
        if look(path, name, None).state == "ours":
            diagnostics.append(
                make(
                    codes.OUTPUT_ORPHAN,
                    f"`{path}` is made by none of the given specs",
                    help="delete it, or give the spec that makes it",
                )
            )
    return tuple(diagnostics)


def _interrupted(directory: str) -> Iterator[Diagnostic]:
    found = pending(directory)
    if found is not None and found.mixed:
        yield make(
            codes.OUTPUT_MIXED,
            f"`{directory}` holds a part of a build that was interrupted",
            notes=[f"it was that of {found.by}; {_placed(found)}"],
            help=f"{_AGAIN}: that finishes it first",
        )


def _differences(directory: str, files: Mapping[str, str]) -> Iterator[Diagnostic]:
    standing = {
        name: look(os.path.join(directory, name), name, encode(text))
        for name, text in files.items()
    }
    mixed = dict(_mixed(directory, standing))
    for name, found in standing.items():
        path = os.path.join(directory, name)
        if name in mixed:
            yield mixed[name]
        elif found.state == "absent":
            yield make(codes.OUTPUT_MISSING, f"`{path}` does not exist", help=_AGAIN)
        elif found.state == "ours" and f"{name.removesuffix(MANIFEST_SUFFIX)}.py" not in mixed:
            yield make(
                codes.OUTPUT_STALE,
                f"`{path}` is not what its spec makes now",
                notes=[_difference(found.content or b"", encode(files[name]))],
                help=_AGAIN,
            )
        elif found.state in ("foreign", "unreadable"):
            yield _refused(path, name, found)


def _mixed(directory: str, standing: Mapping[str, Standing]) -> Iterator[tuple[str, Diagnostic]]:
    """Builders that are not of the same compile as their manifest, by name."""
    for name, found in standing.items():
        other = standing.get(f"{name.removesuffix('.py')}{MANIFEST_SUFFIX}")
        if other is None or not name.endswith(".py"):
            continue
        digests = [_source_digest(one.content) for one in (found, other)]
        if None not in digests and digests[0] != digests[1]:
            path = os.path.join(directory, name)
            yield (
                name,
                make(
                    codes.OUTPUT_MIXED,
                    f"`{path}` and its manifest were made from different sources",
                    notes=[f"the builder states {digests[0]}, the manifest {digests[1]}"],
                    help=_AGAIN,
                ),
            )


def _source_digest(content: bytes | None) -> str | None:
    """The digest of its sources that a builder or a manifest states."""
    stated = re.search(rb'(?:^# digest: |"source_digest": ")(sha256:[0-9a-f]{64})', content or b"",
                       re.M)  # fmt: skip
    return f"{stated[1].decode()[:19]}..." if stated else None


def _refused(path: str, name: str, found: Standing) -> Diagnostic:
    if found.state == "unreadable":
        return make(
            codes.OUTPUT_UNWRITABLE, f"`{path}` cannot be read: {found.what}", help=ELSEWHERE
        )
    if name == REGISTRY:
        from archc.diagnostics.catalog import why

        return make(
            codes.REGISTRY_FOREIGN,
            f"`{path}` is {found.what}, so it is left alone",
            notes=[why(codes.REGISTRY_FOREIGN)],
        )
    return make(
        codes.OUTPUT_FOREIGN,
        f"`{path}` is {found.what}, so it is not overwritten",
        help="move it away, or write to another folder",
    )


def _difference(old: bytes, new: bytes) -> str:
    """Where two contents first differ, as a note."""
    pairs = zip(old.split(b"\n"), new.split(b"\n"), strict=False)
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
    return f"first difference in line {line}" if line else "one is longer than the other"


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate, which a file name can hold, becomes an escape."""
    return text.encode("utf-8", "backslashreplace")
