"""`archc sweep` through a space: the best variants, each compiled, and all of them as a file."""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from archc.cli.arguments import UsageError
from archc.cli.interrupt import INTERRUPTED, deferred
from archc.cli.progress import Progress
from archc.cli.session import FAILURE, LOUD, Session, show, terminal_width
from archc.cli.spaces import Failing, answered, asked, opened, part, pictured, taken

if TYPE_CHECKING:
    from archc.driver import Network
    from archc.space.engine import Batch, Space
    from archc.space.plot import Points
    from archc.space.question import Question
    from archc.space.rows import Form, Rows
    from archc.space.search import Answer, Count, Sink

SHOWN = 10
"""Variants that are shown unasked, and of a front."""
COLUMNS = ("params", "macs", "weight_bytes", "peak_activation_bytes", "arena_bytes", "latency_ms")
"""Figures that the table has besides those asked for."""


class Shown(NamedTuple):
    """A variant as it was compiled."""

    variant: int
    parameters: dict[str, str]
    figures: dict[str, int | float]
    verdict: str | None
    front: bool


class _Ending:
    """How far a sweep came, and where its files go: those of an interrupted one do not replace
    files of an earlier run."""

    def __init__(self, options: argparse.Namespace, stop: int) -> None:
        self.options, self.stop = options, stop
        self.cut = False
        """Whether it was interrupted."""
        self.looked = self.next = 0
        self.kept: dict[str, str] = {}
        """By file of an earlier run, the one that was written beside it."""

    def met(self, answer: "Answer") -> None:
        """Take in what there is when the pass has ended."""
        self.looked, self.next = answer.counted.looked, answer.next
        sampled = self.options.sample
        self.cut = self.next < self.stop and not (sampled and self.looked >= sampled)

    def placed(self, path: str) -> str | None:
        """Where a file goes that was to go to a path; None where there is nothing to write."""
        from archc.files.streaming import beside

        if not self.cut:
            return path
        if not self.looked:
            return None
        if os.path.lexists(path):
            self.kept[path] = beside(path)
        return self.kept.get(path, path)

    def text(self) -> str:
        """Where it was interrupted, what became of files, and how to continue."""
        from archc.diagnostics.text import joined

        options = self.options
        named = {"-o": options.output, "--plot": options.plot, "--report": options.report}
        files = [f"`{option}`" for option, path in named.items() if path]
        if not self.looked:
            nothing = "; nothing is written" if files else ""
            return f"stopped before any variant was evaluated{nothing}"
        lines = [
            f"{path} of an earlier run is kept; what is done is in {part}"
            for path, part in self.kept.items()
        ]
        if options.sample:
            return "\n".join([*lines, f"stopped after {self.looked:,} variants of the sample"])
        other = f" and another {joined(files, 'and')}" if files else ""
        how = f"stopped; go on with the same command, `--start {self.next}`{other}"
        return "\n".join([*lines, how])


def searched(options: argparse.Namespace) -> int:
    """Search the space of a spec."""
    return answered(options, _searched)


def _searched(options: argparse.Namespace, session: Session) -> int:
    import numpy as np

    from archc.space.pieces import Wanted
    from archc.space.plot import DOTS, FEW, Points
    from archc.space.rows import formed
    from archc.space.search import search

    kind = _kind(options.output)
    space = opened(session, [*options.over, *options.sweep])
    if space is None:
        session.show(("error",))
        return FAILURE
    question = asked(options, session, space)
    axes = _axes(options.plot, question)
    form = _form(options.report)
    start, stop = part(options, space)
    began = time.monotonic()
    progress = Progress(min(options.sample or stop - start, stop - start), options.jobs)
    failing = Failing()
    drawn = Points(axes, DOTS) if axes else None
    shown = Points(_first_two(question), FEW) if form and len(question.objectives) > 1 else None
    sinks: list[Sink] = [each.add for each in (drawn, shown) if each is not None]
    most = options.top or SHOWN
    ending = _Ending(options, stop)
    made_of = kind(space.grid) if kind else None
    wanted = Wanted(question.columns, partial(formed, question, made_of) if made_of else None)
    with (
        _written(options.output, made_of, ending) as rows,
        taken(space, options, start, stop, wanted) as batches,
    ):
        if rows is not None:
            sinks.append(_writing(rows))
        answer = search(failing.over(batches), question, most, start, progress, sinks, deferred)
        progress.done()
        ending.met(answer)
        if rows is not None:
            rows.end(np.array(answer.front, dtype=np.int64))
    seconds = time.monotonic() - began
    failing.report(session, space)
    if drawn is not None and (path := ending.placed(options.plot)):
        _draw(space, path, question, drawn.all(space, answer.front), drawn.names)
    best = answer.best if options.top or not answer.front else _spread(answer.front)
    if not best and answer.nearest is not None:
        best = (answer.nearest,)
    made = [_compiled(space, row, answer) for row in best]
    table = [row for row, _ in made]
    if form is not None and answer.counted.met:
        _report(session, space, question, answer, made, shown, form, ending)
    elif form is not None:
        print(f"{options.report} is not written: no variant is feasible", file=sys.stderr)
    if options.format == "json":
        session.json(
            variants=space.grid.size,
            classes=space.counted,
            count=answer.counted._asdict(),
            front=list(answer.front),
            next=answer.next if answer.next < stop else None,
            nearest=answer.nearest,
            rows=[row._asdict() for row in table],
        )
    else:
        session.show(LOUD)
        show(_text(space, question, answer, table, seconds, options.markdown))
    if ending.cut:
        print(ending.text(), file=sys.stderr)
        return INTERRUPTED
    return session.code if answer.counted.met else FAILURE


@contextmanager
def _written(path: str | None, form: "Form | None", ending: _Ending) -> "Iterator[Rows | None]":
    """The file of all variants that meet the conditions; None where none is asked for."""
    if path is None or form is None:
        yield None
        return
    from archc.files.streaming import streamed
    from archc.space.rows import ours, written

    with streamed(path, ours, ending.placed) as file, written(form, file) as rows:
        yield rows


def _writing(rows: "Rows") -> "Sink":
    import numpy as np

    def sink(batch: "Batch", met: Any, front: Any) -> None:
        rows.write(batch, np.flatnonzero(met), () if front is None else front)

    return sink


def _first_two(question: "Question") -> tuple[str, str]:
    return question.objectives[0].name, question.objectives[1].name


def _spread(front: Sequence[int]) -> Sequence[int]:
    """So many of a front as are shown, both ends among them."""
    if len(front) <= SHOWN:
        return front
    return [front[round(at * (len(front) - 1) / (SHOWN - 1))] for at in range(SHOWN)]


def _kind(path: str | None) -> "type[Form] | None":
    """What a file of this name has; None without a name.

    Raises:
        UsageError: there is no file of this kind.
    """
    from archc.space.rows import FORMS

    if path is None:
        return None
    for suffix, kind in FORMS.items():
        if path.endswith(suffix):
            return kind
    *some, last = FORMS
    raise UsageError(f"`{path}` does not end in {', '.join(some)} or {last}")


def _axes(path: str | None, question: "Question") -> tuple[str, str] | None:
    """The figures that a plot shows; None where none is asked for.

    Raises:
        UsageError: it cannot be drawn.
    """
    if path is None:
        return None
    pictured(path)
    names = [each.name for each in question.objectives]
    if len(names) < 2:
        raise UsageError("a plot shows two objectives: `--minimize latency_ms --maximize params`")
    return _first_two(question)


def _draw(
    space: "Space",
    path: str,
    question: "Question",
    points: tuple[Any, Any],
    axes: tuple[str, str],
) -> None:
    from archc.files.streaming import streamed
    from archc.space.plot import ours, picture

    data = picture(space, question, axes, *points, path[-4:])
    with streamed(path, ours) as file:
        file.write(data)


def _form(path: str | None) -> str | None:
    """The format of a report; None where none is asked for.

    Raises:
        UsageError: there is none of that name.
    """
    from archc.cli.pages import format_of

    return None if path is None else format_of(path, None)


def _report(
    session: Session,
    space: "Space",
    question: "Question",
    answer: "Answer",
    made: "Sequence[tuple[Shown, Network | None]]",
    points: "Points | None",
    form: str,
    ending: _Ending,
) -> None:
    """Write the best variants as one page.

    Raises:
        Rejected: there is no browser for the format.
    """
    from archc.cli.pages import write
    from archc.emit.report import Front, Subject, report
    from archc.emit.report.content import cells
    from archc.space.plot import inline

    picture = ""
    if points is not None:
        picture = inline(space, question, points.names, *points.all(space, answer.front))
    names = _figures(question, [row for row, _ in made])
    varied = [each.name for each in space.grid.dimensions if each.size > 1]
    subjects = [
        Subject(
            network.manifest,
            network.graph,
            network.manifest,
            ", ".join(f"{name} = {row.parameters[name]}" for name in varied),
        )
        for row, network in made
        if network is not None
    ]
    columns = [cells([row.figures.get(name) for row, _ in made]) for name in names]
    asked = [*map(str, question.objectives), *map(str, question.conditions)]
    about = [_counted(question, answer.counted)]
    if len(question.objectives) > 1:
        about.append(f"{len(answer.front):,} are on the front{_left(answer, len(subjects))}")
    about += ["the sweep was interrupted, so these are the best so far"] * ending.cut
    front = Front(
        f"{space.spec.declared.name.text}: the best of {_looked(space, answer)}",
        (*about, ", ".join(asked)),
        picture,
        tuple(names),
        tuple(zip(*columns, strict=True)),
    )
    path = ending.placed(session.arguments.report)
    if path is not None:
        write(session, path, report(subjects, front), form)


def _looked(space: "Space", answer: "Answer") -> str:
    """The variants that were looked at, and of how many they are."""
    from archc.diagnostics.text import several

    every = several(space.grid.size, "variant")
    looked = answer.counted.looked
    return every if looked == space.grid.size else f"{looked:,} of {every}"


def _compiled(space: "Space", row: int, answer: "Answer") -> "tuple[Shown, Network | None]":
    """A variant, compiled and compared; its network, if it has one.

    Raises:
        Difference: its class said something else.
    """
    from archc.analysis.budgets import quantity
    from archc.analysis.latency_budget import LATENCY
    from archc.space.measure import published

    variant = space.compile(row)
    known, places = space.of(row)
    space.compare(variant, known, places)
    figures: dict[str, int | float] = {}
    verdict = None
    if variant.network is not None:
        manifest = variant.network.manifest
        figures |= published(manifest)
        time = quantity(manifest, LATENCY)
        figures |= {} if time is None else {LATENCY: time}
        verdict = manifest["target"] and manifest["target"]["verdict"]
    shown = Shown(row, dict(variant.settings), figures, verdict, row in answer.front)
    return shown, variant.network


def _text(
    space: "Space",
    question: "Question",
    answer: "Answer",
    rows: "Sequence[Shown]",
    seconds: float,
    markdown: bool,
) -> str:
    from archc.diagnostics.grid import grid
    from archc.diagnostics.grid import markdown as in_markdown
    from archc.diagnostics.text import several, wrapped

    count = answer.counted
    rate = count.looked / max(seconds, 1e-9)
    names = [each.name for each in space.grid.dimensions if each.size > 1]
    over = f" over {', '.join(names)}" if names else ""
    width = terminal_width()
    lines = [
        *wrapped(
            f"{space.spec.declared.name.text}{over}: {count.looked:,} of "
            f"{several(space.grid.size, 'variant')}, {rate:,.0f} a second",
            width,
        ),
        *wrapped(_counted(question, count), width),
    ]
    if not count.met:
        none = "none is feasible" if count.looked else "none was looked at"
        lines.append(none + ("; the nearest one:" if rows else ""))
    elif answer.front and len(question.objectives) > 1:
        left = _left(answer, sum(row.front for row in rows))
        lines.append(f"{len(answer.front):,} are on the front, which * marks{left}")
    wanted = _wanted(question)
    figures = _figures(question, rows)
    table = _table(question, rows, names, figures)
    while not markdown and len(figures) > len(wanted) and max(map(len, grid(*table))) > width:
        figures = figures[:-1]
        table = _table(question, rows, names, figures)
    if rows:
        lines += ["", *(in_markdown(*table) if markdown else grid(*table))]
        classes = "one class" if space.counted == 1 else "every class"
        lines += ["", f"checked by compiling them: these, and another variant of {classes}"]
    return "\n".join(lines)


def _left(answer: "Answer", shown: int) -> str:
    """That not all of a front is shown."""
    cut = shown == SHOWN < len(answer.front)
    return f"; {SHOWN} of these, from end to end, are shown" if cut else ""


def _counted(question: "Question", count: "Count") -> str:
    met = [f"{count.met:,} meet all conditions"] * bool(question.conditions)
    counts = [f"{count.networks:,} have a network", f"{count.valid:,} compile"]
    counts += [f"{count.within:,} are within the spec's budgets", *met]
    return ", ".join(counts)


def _wanted(question: "Question") -> list[str]:
    """The figures that were asked for, each once."""
    named = [o.name for o in question.objectives] + [c.name for c in question.conditions]
    return list(dict.fromkeys(named))


def _figures(question: "Question", rows: "Sequence[Shown]") -> list[str]:
    """What is shown of variants."""
    names = dict.fromkeys([*_wanted(question), *COLUMNS])
    return [name for name in names if any(name in row.figures for row in rows)]


def _table(
    question: "Question", rows: "Sequence[Shown]", names: Sequence[str], figures: Sequence[str]
) -> tuple[list[list[str]], str]:
    """Rows of cells, and the sides to which they are aligned."""
    table = [["", *names, *figures, "verdict"]]
    for row in rows:
        cells = [_cell(row.figures.get(name)) for name in figures]
        mark = "*" if row.front and len(question.objectives) > 1 else ""
        chosen = [row.parameters[name] for name in names]
        table.append([mark, *chosen, *cells, row.verdict or "-"])
    return table, "l" + "l" * len(names) + "r" * len(figures) + "l"


def _cell(value: int | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
