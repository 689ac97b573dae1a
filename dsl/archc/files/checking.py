"""`--check`: whether a folder holds what its specs make now."""

import os
import re
from collections.abc import Iterator, Mapping

from archc.diagnostics import codes
from archc.diagnostics.model import Diagnostic, make
from archc.emit.marker import MANIFEST_SUFFIX
from archc.files.lock import busy
from archc.files.outputs import SUFFIXES, encode, refused_file
from archc.files.reading import is_folder
from archc.files.standing import Standing, folder_problem, look
from archc.files.transaction import pending

_AGAIN = "compile the specs again, without `--check`"


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
            notes=[f"it was that of {found.by}; {found.progress}"],
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
            yield refused_file(path, name, found)


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


def _difference(old: bytes, new: bytes) -> str:
    """Where two contents first differ, as a note."""
    pairs = zip(old.split(b"\n"), new.split(b"\n"), strict=False)
    line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
    return f"first difference in line {line}" if line else "one is longer than the other"
