"""`archc advise SPEC`: single edits that make a network faster or smaller, each compiled."""

import argparse
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError, shared_arguments
from archc.cli.session import Session, show
from archc.plain import plain

if TYPE_CHECKING:
    from archc.advice import Trial

SUMMARY = "find single edits that save most time or memory, each compiled"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument("--arch", help="the arch of the spec")
    parser.add_argument(
        "--top", type=int, default=10, metavar="N", help="edits to list (default: %(default)s)"
    )
    parser.add_argument(
        "--all", action="store_true", help="try every edit, however long that takes"
    )
    parser.set_defaults(set=[])
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from archc.advice import STEPS, advise, lines
    from archc.analysis.latency import milliseconds
    from archc.diagnostics.text import several, wrapped

    if options.top < 1:
        raise UsageError("`--top` takes a whole number from 1")
    options.specs, options.name = [options.spec], None
    session = Session(options)
    found = session.alone()
    if found is None:
        session.show(("error",))
        return session.code
    advice = advise(*found, steps=None if options.all else STEPS)
    shown = advice.trials[: options.top]
    if options.format == "json":
        session.json(advice={**plain(advice), "trials": [entry(trial) for trial in shown]})
        return session.code
    now = advice.before
    time = "time not known" if now.microseconds is None else milliseconds(now.microseconds)
    text = [
        f"{advice.network}: {time}, peak {now.peak:,} B, {now.params:,} params",
        *wrapped(
            f"{len(advice.trials)} of {several(advice.tried, 'single edit')} save something"
            + (f"; {advice.failed} do not compile or change the outputs" if advice.failed else "")
            + (f"; {advice.untried} were NOT tried: `--all` does" if advice.untried else ""),
            80,
        ),
    ]
    text += ["", *lines(shown)] if shown else []
    more = len(advice.trials) - len(shown)
    text += [f"and {more} more: `--top {len(advice.trials)}` lists them"] if more else []
    text += ["", "Each was compiled; those first that save most time and peak for the least change"]
    text += ["in parameters. Times are estimates, see `archc profile`.", ""]
    show("\n".join(text))
    return session.code


def entry(trial: "Trial") -> "dict[str, object]":
    """A trial as plain data."""
    edit = trial.edit
    line = edit.span.source.position(edit.span.start)[0] if edit.span is not None else None
    described = {"label": edit.label, "line": line, "text": edit.text, "parameter": edit.parameter}
    return {"edit": described, "after": plain(trial.after)}
