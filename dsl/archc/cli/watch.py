"""`--watch` of `archc build` and `archc graph`: again whenever a file is saved that was read.

Files are looked at five times a second. Notices of the operating system would come sooner, but
not from network folders, and there are few files to look at.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from archc.cli.arguments import UsageError
from archc.cli.session import SUCCESS, Session, unicode
from archc.diagnostics.model import Rejected
from archc.diagnostics.text import several
from archc.files import stamps

SECONDS = 0.2
"""Between two looks."""
RULE = "-" * 40

Manifests = dict[str, dict[str, Any]]
Stamps = Mapping[str, tuple[int, int, int] | None]
Build = Callable[[Session], Session]


def run(arguments: argparse.Namespace, build: Build) -> int:
    """Build, then again after every save, until interrupted. A spec with errors leaves the
    outputs as they were, and what moved is told against the last one without."""
    if getattr(arguments, "check", False):
        raise UsageError("`--check` looks once: `--watch` does not go with it")
    if arguments.format in ("json", "sarif"):
        raise UsageError(f"`--format {arguments.format}` is one document: take text or short")
    before: Manifests = {}
    seen: Stamps = {}
    try:
        while True:
            # Stamps of before the compile: what is saved during it is compiled next.
            known = stamps(seen)
            session = built(arguments, build)
            if not session.failed:
                before = compare(before, session)
            watched = stamps(files(session))
            seen = {path: known.get(path, stamp) for path, stamp in watched.items()}
            tell(session, seen)
            wait(seen)
            print(f"\n{RULE}", flush=True)
    except KeyboardInterrupt:
        print()
        return SUCCESS


def built(arguments: argparse.Namespace, build: Build) -> Session:
    """One build. What stops it is reported, and may be fixed before the next one."""
    session = Session(arguments)
    try:
        return build(session)
    except Rejected as rejected:
        session.diagnostics.append(rejected.diagnostic)
        session.show(("error",))
        return session


def files(session: Session) -> list[str]:
    """What is watched: the specs, what they use, the target; with errors also their folders, since
    a missing file may appear."""
    arguments = session.arguments
    given = [*arguments.specs, *([arguments.target] if arguments.target else [])]
    found = [os.path.realpath(path) for path in given]
    for loader in session.loaders:
        found += loader.paths
    if session.failed:
        folders = [*map(os.path.dirname, found), *map(os.path.realpath, arguments.include)]
        output = os.path.realpath(arguments.output)
        found += [folder for folder in folders if folder != output]
    return list(dict.fromkeys(found))


def compare(before: Manifests, session: Session) -> Manifests:
    """Show what moved since the last compile without errors; the new manifests."""
    from archc.emit.changes import moved
    from archc.emit.difference import difference

    after = {network.name: network.manifest for network in session.networks}
    if before:
        for name, manifest in after.items():
            if name not in before:
                print(f"{name}: new")
                continue
            text = moved(difference(before[name], manifest), unicode=unicode(sys.stdout))
            if text:
                print(f"{name}, since the last save", text.rstrip("\n"), sep="\n")
        for name in before:
            if name not in after:
                print(f"{name}: gone")
    return after


def tell(session: Session, seen: Iterable[str]) -> None:
    count = sum(not os.path.isdir(path) for path in seen)
    print(f"watching {several(count, 'file')}; Ctrl-C to stop", flush=True)


def wait(seen: Stamps) -> None:
    """Return when something was saved, and has been left alone for one look."""
    while stamps(seen) == seen:
        time.sleep(SECONDS)
    settled = stamps(seen)
    while True:
        time.sleep(SECONDS / 4)
        if settled == (settled := stamps(seen)):
            return
