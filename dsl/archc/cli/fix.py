"""`archc check --fix`: fix what has exactly one remedy, in the specs that were named."""

import argparse
import os
from typing import Any

from archc.cli.session import FAILURE, Session, show
from archc.diagnostics.fixes import applied, chosen
from archc.diagnostics.model import LEVELS, Rejected

ROUNDS = 50
"""So often a fix may bring another fault to light."""


def run(arguments: argparse.Namespace) -> int:
    """Fix the specs, in memory until nothing is left to fix, then write each once."""
    session, changed, count = mended(arguments)
    if not arguments.diff:
        from archc.files.saving import rewrite

        for path, source in changed.items():
            try:
                rewrite(path, source.text)
            except Rejected as rejected:
                session.diagnostics.append(rejected.diagnostic)
    if session.document:
        names = sorted(changed)
        session.json(fixed=names, fixes=count, written=not arguments.diff)
        return session.code
    session.show(LEVELS)
    if arguments.diff:
        for path, source in sorted(changed.items()):
            show(difference(path, original(session, path), source.text))
        return FAILURE if changed else session.code
    if changed and not session.failed:
        print(f"{count} fix{'es' * (count != 1)} made in {', '.join(sorted(changed))}")
    elif changed:
        print(f"{count} fix{'es' * (count != 1)} made in {', '.join(sorted(changed))}; "
              "what is left has more than one remedy, or none that is certain")  # fmt: skip
    elif not session.failed:
        print(session.praise())
    return session.code


def mended(arguments: argparse.Namespace) -> tuple[Session, dict[str, Any], int]:
    """The last run over the fixed specs, their sources by path, and how many fixes were made."""
    changed: dict[str, Any] = {}
    count = 0
    for _ in range(ROUNDS):
        session = Session(arguments)
        for path, source in changed.items():
            session.loader(os.path.dirname(path)).put(path, source.text)
        session.compile()
        given = dict(session.specs())
        fixes = chosen(session.diagnostics, given)
        if not fixes:
            break
        count += len(fixes)
        for source, path in given.items():
            text = applied(source, fixes)
            if text != source.text:
                changed[path] = type(source)(source.name, text)
    return session, changed, count


def original(session: Session, path: str) -> str:
    from archc.files import Loader

    return Loader(os.path.dirname(path), (), session.limits).load(path).text


def difference(path: str, before: str, after: str) -> str:
    """A unified diff."""
    from difflib import unified_diff

    lines = unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), path, path
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
