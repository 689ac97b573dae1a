"""`archc space SPEC`: how many variants a spec has within budget, and what moves their costs."""

import argparse
from typing import TYPE_CHECKING

from archc.cli.interrupt import INTERRUPTED
from archc.cli.progress import Progress
from archc.cli.session import FAILURE, LOUD, Session, show
from archc.cli.spaces import (
    Failing,
    answered,
    asked,
    opened,
    part,
    pictured,
    space_arguments,
    taken,
)

if TYPE_CHECKING:
    from archc.space.engine import Space
    from archc.space.summary import Summary

SUMMARY = "count the variants of a spec within its budgets, and show what moves their costs"

SHOWN = 12
"""Values of a parameter that are listed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument(
        "--plot", metavar="FILE", help="draw the distributions and what moves them: .svg or .png"
    )
    space_arguments(parser)


def run(options: argparse.Namespace) -> int:
    return answered(options, _run)


def _run(options: argparse.Namespace, session: Session) -> int:
    from archc.plain import plain
    from archc.space.pieces import Wanted
    from archc.space.summary import COLUMNS, summary

    space = opened(session, options.over)
    if space is None:
        session.show(("error",))
        return FAILURE
    question = asked(options, session, space)
    if options.plot:
        pictured(options.plot)
    start, stop = part(options, space)
    wanted = min(options.sample or stop - start, stop - start)
    progress = Progress(wanted, options.jobs)
    failing = Failing()
    with taken(space, options, start, stop, Wanted(question.columns | COLUMNS)) as batches:
        found = summary(space, failing.over(progress.over(batches)), question)
    progress.done()
    failing.report(session, space)
    if options.plot:
        from archc.files.streaming import streamed
        from archc.space.overview import overview
        from archc.space.plot import ours

        with streamed(options.plot, ours) as file:
            file.write(overview(found, space.spec.declared.name.text, options.plot[-4:]))
    if options.format == "json":
        session.json(
            space={"variants": space.grid.size, "classes": space.counted},
            summary=plain(found),
        )
    else:
        session.show(LOUD)
        show(text(space, found))
    return INTERRUPTED if found.variants < wanted else session.code


def text(space: "Space", found: "Summary") -> str:
    """A summary for a terminal."""
    from archc.diagnostics.grid import grid
    from archc.diagnostics.text import several

    open_ = [each.name for each in space.grid.dimensions if each.size > 1]
    over = f" over {', '.join(open_)}" if open_ else ""
    size = several(space.grid.size, "variant")
    lines = [f"{space.spec.declared.name.text}{over}: {size}"]
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
    about = ", of a part of them" if found.thinned else ""
    for cost, quantiles in found.quantiles.items():
        if quantiles:
            cells = [
                [f"{100 * share:.0f} %" for share, _ in quantiles],
                [_number(cost, value) for _, value in quantiles],
            ]
            title = f"{_title(cost)} of those within, by share of variants{about}"
            lines += ["", title, *grid(cells, "r" * len(quantiles))]
    rows = [["parameter", "cost", "explains", "least mean", "most"]]
    rows += [
        [
            each.parameter,
            each.cost,
            "-" if each.share is None else f"{100 * each.share:.0f} %",
            _number(each.cost, each.least),
            _number(each.cost, each.most),
        ]
        for each in found.moved
        if each.share is not None and each.parameter in open_
    ]
    lines += ["", "what each parameter explains of a cost's variance", *grid(rows, "llrrr")]
    for name, values in found.values.items():
        if name not in open_:
            continue
        step = -(-len(values) // SHOWN)
        timed = any(each.means["latency_ms"] is not None for each in values)
        costs = [cost for cost in found.quantiles if timed or cost != "latency_ms"]
        rows = [[name, "networks", "within", *(f"mean {_title(cost)}" for cost in costs)]]
        for each in values[::step]:
            means = [_number(cost, each.means[cost]) for cost in costs]
            rows.append([each.text, f"{each.networks:,}", f"{each.within:,}", *means])
        lines += ["", *grid(rows, "lrr" + "r" * len(costs))]
    return "\n".join(lines)


def _title(cost: str) -> str:
    return "MACs" if cost == "macs" else cost


def _number(cost: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.3f}" if cost == "latency_ms" else f"{value:,.0f}"
