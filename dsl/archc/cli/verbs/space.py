"""`archc space SPEC`: how many variants a spec has within budget, and what moves their costs."""

import argparse
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError
from archc.cli.session import FAILURE, Session, show
from archc.cli.spaces import DOUBT, Progress, asked, missing, opened, part, space_arguments, taken

if TYPE_CHECKING:
    from archc.space.engine import Space
    from archc.space.summary import Summary

SUMMARY = "count the variants of a spec within its budgets, and show what moves their costs"

SHOWN = 12
"""Values of a parameter that are listed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    space_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from archc.diagnostics.model import Rejected

    options.specs, options.name = [options.spec], None
    session = Session(options)
    try:
        return _run(options, session)
    except Rejected as rejected:
        session.diagnostics.append(rejected.diagnostic)
    except ModuleNotFoundError as error:
        missing(error)
        return FAILURE
    if options.format == "json":
        session.json()
    else:
        session.show(("error",))
    return FAILURE


def _run(options: argparse.Namespace, session: Session) -> int:
    from archc.plain import plain
    from archc.space.summary import summary

    space = opened(session, options.over)
    if space is None:
        session.show(("error",))
        return FAILURE
    question = asked(options, session, space)
    if question.timed and not question.in_time:
        raise UsageError("time takes a compile of each variant: `archc sweep` does that for some")
    start, stop = part(options, space.grid.size)
    progress = Progress(min(options.sample or stop - start, stop - start))
    found = summary(space, progress.over(taken(space, options, start, stop)), question)
    progress.done()
    if options.format == "json":
        session.json(
            space={"variants": space.grid.size, "classes": space.count},
            summary=plain(found),
            budgets_of_time="not counted" if question.in_time else None,
        )
    else:
        show(text(space, found, question.in_time))
    return session.code


def text(space: "Space", found: "Summary", in_time: bool) -> str:
    """A summary for a terminal; ``in_time``: the spec has a budget of time."""
    from archc.cli.session import terminal_width
    from archc.diagnostics.grid import grid
    from archc.diagnostics.text import wrapped

    open_ = [each.name for each in space.grid.dimensions if each.size > 1]
    names = ", ".join(open_)
    lines = [f"{space.spec.declared.name.text} over {names}: {space.grid.size:,} variants"]
    if found.variants < space.grid.size:
        lines.append(f"of these {found.variants:,} were looked at")
    counts = [
        ("have a network", found.networks),
        ("compile, budgets left aside", found.valid),
        ("are within budgets and conditions", found.within),
    ]
    for what, count in counts:
        share = 100 * count / max(found.variants, 1)
        lines.append(f"  {count:>14,}  {what} ({share:.1f} %)")
    width = terminal_width()
    if found.doubtful:
        said = f"of those that compile the verdict of {found.doubtful:,} is {DOUBT}"
        lines += wrapped(said, width, "  ")
    if in_time:
        said = "the spec's budget of time is not counted: `archc sweep` compiles variants for it"
        lines += wrapped(said, width, "  ")
    if found.quantiles:
        about = ", of a part of them" if found.thinned else ""
        cells = [
            [f"{100 * share:.0f} %" for share, _ in found.quantiles],
            [f"{macs:,}" for _, macs in found.quantiles],
        ]
        lines += ["", f"MACs of those within, by share of variants{about}", *grid(cells, "r" * 7)]
    rows = [["parameter", "cost", "explains", "least mean", "most"]]
    rows += [
        [
            each.parameter,
            each.cost,
            "-" if each.share is None else f"{100 * each.share:.0f} %",
            f"{each.least:,.0f}",
            f"{each.most:,.0f}",
        ]
        for each in found.moved
        if each.share is not None and each.parameter in open_
    ]
    lines += ["", "what each parameter explains of a cost's variance", *grid(rows, "llrrr")]
    for name, values in found.values.items():
        if name not in open_:
            continue
        step = -(-len(values) // SHOWN)
        rows = [[name, "networks", "within", "mean MACs"]]
        rows += [
            [
                each.text,
                f"{each.networks:,}",
                f"{each.within:,}",
                "-" if each.macs is None else f"{each.macs:,.0f}",
            ]
            for each in values[::step]
        ]
        lines += ["", *grid(rows, "lrrr")]
    return "\n".join(lines)
