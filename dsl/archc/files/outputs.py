"""What a compile writes into a folder, all of it or nothing.

All outputs of a run are checked and staged before the first one is replaced; what fails is undone,
and what was killed is finished by the next run (`transaction`). Only files that archc wrote are
overwritten. Symbolic links among the outputs are refused: archc writes none, so a link there is
somebody else's, and following it would write outside the folder. The folder itself may be a link.
"""

import os
from collections.abc import Mapping

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.emit.marker import LOCK, MANIFEST_SUFFIX, STAGING
from archc.files.standing import ELSEWHERE, Standing, is_name, look, make_folder, unwritable
from archc.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archc.files.transaction import Pending

REGISTRY = "__init__.py"
SUFFIXES = (".py", MANIFEST_SUFFIX)


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

    changes: dict[str, tuple[bytes | None, bytes]]
    """By name, what stands there and what is to."""
    unchanged: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def refused(self) -> Written | None:
        errors = any(diagnostic.level == "error" for diagnostic in self.diagnostics)
        return Written(diagnostics=self.diagnostics) if errors else None


def _plan(directory: str, files: Mapping[str, bytes]) -> _Plan:
    changes: dict[str, tuple[bytes | None, bytes]] = {}
    unchanged, diagnostics = [], []
    for name, data in files.items():
        path = os.path.join(directory, name)
        found = look(path, name, data)
        if found.state == "same":
            unchanged.append(name)
        elif found.state in ("absent", "ours"):
            changes[name] = (found.content, data)
        else:
            diagnostics.append(refused_file(path, name, found))
    return _Plan(changes, tuple(unchanged), tuple(diagnostics))


def _write(directory: str, files: Mapping[str, bytes]) -> Written:
    plan = _plan(directory, files)
    others = any(os.path.lexists(os.path.join(directory, name)) for name in (LOCK, STAGING))
    if not plan.changes and not others:
        return Written((), plan.unchanged, plan.diagnostics)
    if plan.refused:
        return plan.refused
    # Late: most builds change nothing.
    from archc.files.lock import locked
    from archc.files.temporary import discard_abandoned
    from archc.files.transaction import Change, Failure, recover, replace_all

    try:
        with locked(directory):
            finished = recover(directory)
            discard_abandoned(directory, lambda name: name.endswith(SUFFIXES))
            plan = _plan(directory, files)  # as it is now that nobody else writes
            if plan.refused:
                return plan.refused
            replace_all(directory, {name: Change(*both) for name, both in plan.changes.items()})
    except Rejected as rejected:
        return Written(diagnostics=(rejected.diagnostic,))
    except Failure as failure:
        problem = unwritable(os.path.join(directory, failure.name), failure.cause)
        return Written(diagnostics=(*plan.diagnostics, problem))
    except OSError as error:
        return Written(diagnostics=(*plan.diagnostics, unwritable(directory, error)))
    notes = (_finished(directory, finished),) if finished and finished.mixed else ()
    return Written(tuple(plan.changes), plan.unchanged, (*plan.diagnostics, *notes))


def _finished(directory: str, found: "Pending") -> Diagnostic:
    return make(
        codes.OUTPUT_RECOVERED,
        f"a build into `{directory}` that was interrupted is finished",
        notes=[f"it was that of {found.by}; {found.progress}"],
    )


def refused_file(path: str, name: str, found: Standing) -> Diagnostic:
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


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate, which a file name can hold, becomes an escape."""
    return text.encode("utf-8", "backslashreplace")
