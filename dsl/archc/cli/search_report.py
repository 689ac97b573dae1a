"""The end of `archc search`: the front as a table, a plot, and specs that compile."""

import argparse
import csv
import io
import os
from typing import TYPE_CHECKING, Any

from archc.cli.session import FAILURE, SUCCESS, Session, show, terminal_width
from archc.diagnostics.grid import grid
from archc.diagnostics.text import several, wrapped

if TYPE_CHECKING:
    from archc.search.results import Results, Trained
    from archc.search.worker import Search
    from archc.space.engine import Space

ESTIMATED = ("peak_activation_bytes", "untrained.peak", "latency.", "placement.")
"""How figures begin that are estimates, `docs/exactness.md` says how good."""
LAST = b",front,network"
"""What the first line of a table of trials ends with."""
FAILED = 3
"""Failures that are shown."""


def report(
    options: argparse.Namespace, session: Session, space: "Space", search: "Search", folder: str
) -> int:
    """Write what was found to a folder, and show it; gives the exit code."""
    from archc.diagnostics.model import Rejected
    from archc.search.results import front, results

    found = results(search.storage)
    best = front(search.problem, found.trained)
    written: list[str] = []
    try:
        written = _write(options, space, search, found, best, folder) if best else []
    except Rejected as rejected:  # what was trained for hours is shown all the same
        session.diagnostics.append(rejected.diagnostic)
    if search.failing is not None:
        session.diagnostics.append(_failing(search))
    if options.format == "json":
        session.json(**_document(space, search, found, best, written))
    else:
        session.show(("error",))
        show("\n".join(_lines(space, search, found, best, folder, written)))
    return SUCCESS if best and not session.failed else FAILURE


def _failing(search: "Search") -> Any:
    from archc.diagnostics.codes import SEARCH_OBJECTIVE
    from archc.diagnostics.model import make
    from archc.search.worker import FAILURES

    return make(
        SEARCH_OBJECTIVE,
        f"the objective failed for {FAILURES} networks in a row: {search.failing}",
        help="fix it, and begin anew with another `--study` or `--storage`: a network that failed "
        "is not tried again",
    )


def _lines(
    space: "Space",
    search: "Search",
    found: "Results",
    best: "tuple[Trained, ...]",
    folder: str,
    written: list[str],
) -> list[str]:
    from archc.analysis.latency_budget import LATENCY

    width = terminal_width()
    count = [f"{several(len(found.trained), 'network')} trained"]
    for number, what in (
        (len(found.failed), "failed"),
        (found.unfinished, "not finished"),
        (found.running, "running elsewhere"),
    ):
        count += [f"{number:,} {what}"] * bool(number)
    saved = (
        f"{several(found.over, 'proposal')} over budget and {found.known:,} of a known network "
        "cost no training"
    )
    lines = [*wrapped(", ".join(count), width), *wrapped(saved, width)]
    if search.exhausted:
        lines += wrapped("nothing new within budget was left to propose", width)
    for one in found.failed[-FAILED:]:
        lines += wrapped(f"trial {one.number} failed: {one.error}", width, hang="  ")
    if not best:
        return lines
    several_ = len(search.problem.objectives) > 1
    lines.append(f"{len(best):,} on the front" if several_ else "the best")
    lines += ["", *_table(space, search, best, width)]
    names = [each.name for each in search.problem.objectives]
    if LATENCY in names:
        said = f"{LATENCY} is the upper end of an estimate, its error included"
        lines += ["", *wrapped(said, width)]
    guessed = [name for name in names if name.startswith(ESTIMATED)]
    if guessed:
        lines += ["", *wrapped(f"{', '.join(guessed)}: an estimate", width)]
    if written:
        lines += ["", *wrapped(f"written to {folder}: {', '.join(written)}", width)]
    return lines


def _table(space: "Space", search: "Search", best: "tuple[Trained, ...]", width: int) -> list[str]:
    """The front, with as many figures as there is room for."""
    from archc.search.worker import SHOWN

    names = [each.name for each in space.grid.dimensions if each.size > 1]
    objectives = [each.name for each in search.problem.objectives]
    others = [name for name in SHOWN if name not in objectives]
    while True:
        rows = [["trial", *names, *objectives, *others]]
        for one in best:
            settings = dict(space.grid.settings(one.row))
            values = [f"{value:,.6g}" for value in one.values]
            figures = [_cell(one.figures.get(name)) for name in others]
            rows.append([str(one.number), *[settings[n] for n in names], *values, *figures])
        sides = "r" + "l" * len(names) + "r" * (len(objectives) + len(others))
        lines = grid(rows, sides)
        if not others or max(map(len, lines)) <= width:
            return lines
        others.pop()


def _cell(value: int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _document(
    space: "Space",
    search: "Search",
    found: "Results",
    best: "tuple[Trained, ...]",
    written: list[str],
) -> dict[str, Any]:
    names = [each.name for each in search.problem.objectives]
    return {
        "count": {
            "trained": len(found.trained),
            "failed": len(found.failed),
            "unfinished": found.unfinished,
            "over_budget": found.over,
            "known": found.known,
            "running": found.running,
        },
        "exhausted": search.exhausted,
        "failed": [{"trial": one.number, "error": one.error} for one in found.failed],
        "front": [
            {
                "trial": one.number,
                "variant": one.row,
                "network": one.digest,
                "parameters": dict(space.grid.settings(one.row)),
                "values": dict(zip(names, one.values, strict=True)),
                "figures": one.figures,
            }
            for one in best
        ],
        "written": written,
    }


# --- files ------------------------------------------------------------------------------------


def _write(
    options: argparse.Namespace,
    space: "Space",
    search: "Search",
    found: "Results",
    best: "tuple[Trained, ...]",
    folder: str,
) -> list[str]:
    """Write specs, trials and plot; their names.

    Raises:
        Rejected: they cannot be written.
        Difference: what was written is not what was trained.
    """
    from archc.diagnostics.model import Rejected
    from archc.files.saving import save
    from archc.search.derived import WRITTEN, specs, verify

    compilation = space.compile(best[0].row).compilation
    name, texts = specs(space, search.problem, best, compilation)
    paths = {os.path.join(folder, each): text for each, text in texts.items()}
    files = {path: text.encode() for path, text in paths.items() if not _own(path, space)}
    fault = save(files, lambda data: data.startswith(WRITTEN.encode()))
    if fault is not None:
        raise Rejected(fault)
    verify(os.path.join(folder, name), space, best, options.include)
    others = {"trials.csv": _trials(space, search, found, best)}
    if len(search.problem.objectives) > 1:
        others["front.svg"] = _drawn(space, search, found, best)
    fault = save({os.path.join(folder, each): data for each, data in others.items()}, _ours)
    if fault is not None:
        raise Rejected(fault)
    return [name, *others]


def _ours(data: bytes) -> bool:
    """Whether a table or a plot is one of an earlier search."""
    return data.partition(b"\n")[0].endswith(LAST) or b'id="variant-' in data


def _own(path: str, space: "Space") -> bool:
    """Whether a path is that of a spec that was read: the user's, not a copy."""
    real = os.path.realpath(path)
    return real in getattr(space.loader, "paths", ())


def _trials(
    space: "Space", search: "Search", found: "Results", best: "tuple[Trained, ...]"
) -> bytes:
    """One row for each network that was trained."""
    from archc.search.worker import SHOWN

    objectives = [each.name for each in search.problem.objectives]
    others = [name for name in SHOWN if name not in objectives]
    names = [each.name for each in space.grid.dimensions]
    front = {one.number for one in best}
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["trial", *names, *objectives, *others, "front", "network"])
    for one in found.trained:
        settings = dict(space.grid.settings(one.row))
        figures = [one.figures.get(name) for name in others]
        marks = [int(one.number in front), one.digest]
        writer.writerow([one.number, *[settings[n] for n in names], *one.values, *figures, *marks])
    return file.getvalue().encode()


def _drawn(
    space: "Space", search: "Search", found: "Results", best: "tuple[Trained, ...]"
) -> bytes:
    from archc.search.results import points
    from archc.space.plot import picture

    first, second = [each.name for each in search.problem.objectives][:2]
    dots, front = points(found.trained), points(best)
    return picture(space, search.problem.question, (first, second), dots, front, ".svg")
