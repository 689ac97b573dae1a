"""`archc search`: what is checked before any training, progress, and the end."""

import argparse
import gc
import os
import re
import sys
import threading
import time
import warnings
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError
from archc.cli.interrupt import INTERRUPTED
from archc.cli.progress import Progress
from archc.cli.session import FAILURE, Session, terminal_width
from archc.cli.spaces import answered, asked, opened
from archc.diagnostics.text import few, several, wrapped

if TYPE_CHECKING:
    from archc.search.draw import Survey
    from archc.search.problem import Problem
    from archc.search.storage import Storage
    from archc.search.worker import Event, Search
    from archc.space.engine import Space

LOADED = 600.0
"""Seconds that the module of an objective may take to load."""
_EVERY = 0.5
_NAME = re.compile(r"[A-Za-z_][\w.]{0,63}")


def searched(options: argparse.Namespace) -> int:
    """Search the space of a spec."""
    gc.enable()  # unlike a compile, this takes hours
    return answered(options, _searched)


def _searched(options: argparse.Namespace, session: Session) -> int:
    names = _objectives(options)
    space = opened(session, options.over)
    if space is None:
        session.show(("error",))
        return FAILURE
    import optuna

    from archc.cli.search_report import report
    from archc.search import storage
    from archc.search.membership import Membership
    from archc.search.worker import Search

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    problem = _problem(options, session, space, names)
    found = _surveyed(space, problem)
    _callable(problem)
    arch = space.spec.declared.name.text
    folder = options.output or f"{arch}_search"
    url = storage.url_of(options.storage or _default(folder))
    identity = _identity(options, space, problem)
    kept = storage.opened(url, options.study or arch, names, identity)
    with closing(kept), storage.usable(kept.shown):
        _say(_heading(space, problem, found, kept))
        member = Membership(kept, options.heartbeat)
        said = _Said(space, problem, kept)
        search = Search(problem, space, found, kept, member, said.event)
        interrupted = _run(search, options.jobs, said)
        if search.error is None and not interrupted:
            member.settle()
        member.leave()
        if search.error is not None:
            raise search.error
        code = report(options, session, space, search, folder)
    return INTERRUPTED if interrupted else code


# --- before any training ----------------------------------------------------------------------


def _objectives(options: argparse.Namespace) -> list[tuple[str, bool]]:
    """The objectives, checked as far as names can be.

    Raises:
        UsageError: one is not one, or the numbers are off.
    """
    from archc.diagnostics.nearest import nearest
    from archc.search.problem import FUNCTION, KNOWN, is_figure

    if not FUNCTION.fullmatch(options.objective):
        raise UsageError(
            f"`{options.objective}` is not of the form MODULE:FUNCTION, such as `train:accuracy`"
        )
    module, _, function = options.objective.partition(":")
    if module.endswith(".py"):
        raise UsageError(f"name the module, not its file: `{module[:-3]}:{function}`")
    for name in ("study", "storage"):
        text = getattr(options, name)
        if text is not None and (not text or not text.isprintable()):
            raise UsageError(f"`--{name}` takes a name of letters and signs that can be printed")
    for name in ("trials", "jobs", "timeout", "heartbeat"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1e9:
            raise UsageError(f"`--{name}` takes a number above 0")
    names: list[tuple[str, bool]] = options.objectives
    for name, _ in names:
        near = None if is_figure(name) else nearest(name, KNOWN)
        if near is not None:
            raise UsageError(
                f"`{name}` is not a figure of a network: did you mean `{near}`? What the "
                "objective returns needs a name that is less like it"
            )
        if not _NAME.fullmatch(name):
            raise UsageError(f"`{name}` is not a name of an objective: letters, digits, _ and .")
    if len({name for name, _ in names}) < len(names):
        raise UsageError("an objective is named once")
    if all(is_figure(name) for name, _ in names):
        raise UsageError(
            "name what the objective returns, such as `--maximize accuracy`"
            + ("; `archc sweep` finds the best by figures, without training" if names else "")
        )
    return names


def _problem(
    options: argparse.Namespace, session: Session, space: "Space", names: list[tuple[str, bool]]
) -> "Problem":
    from archc.search.problem import Problem, is_figure
    from archc.space.question import Objective

    figures = [each for each in names if is_figure(each[0])]
    question = asked(argparse.Namespace(where=options.where, objectives=figures), session, space)
    return Problem(
        options.objective,
        tuple(Objective(*each) for each in names),
        question,
        options.trials,
        options.timeout,
        options.sampler,
        options.seed,
    )


def _surveyed(space: "Space", problem: "Problem") -> "Survey":
    """What is within budget.

    Raises:
        Rejected: nothing is.
    """
    from archc.analysis.latency_budget import LATENCY
    from archc.diagnostics.codes import SEARCH_SPACE
    from archc.diagnostics.model import reject
    from archc.search.cost import cost
    from archc.search.draw import LOOKED, survey

    progress = Progress(min(space.grid.size, LOOKED))
    found = survey(space, problem.question, progress)
    progress.done()
    if len(found.rows) or not found.whole:
        return found
    nearest = cost(space, problem.question, found.near or 0)
    chosen = ", ".join(f"{name} = {text}" for name, text in nearest.settings)
    unknown = [each.name for each in problem.question.objectives if each.name in nearest.broken]
    if unknown:
        raise reject(
            SEARCH_SPACE,
            f"`{unknown[0]}` is an objective, and of no variant it is known",
            notes=[f"with {chosen}: {nearest.why}"],
            help="time needs a target with an estimate, such as `target stm32n6`, in the spec"
            if unknown[0] == LATENCY
            else "leave it out of the objectives",
        )
    raise reject(
        SEARCH_SPACE,
        f"none of {several(space.grid.size, 'variant')} is within the budgets and conditions",
        notes=[f"the nearest to it is {chosen}: {nearest.why}"],
        help="allow more, or offer smaller variants; `archc space` shows what moves the costs",
    )


def _callable(problem: "Problem") -> None:
    """Load the objective, in a process of its own.

    Raises:
        Rejected: it cannot be called.
    """
    from archc.diagnostics.codes import SEARCH_OBJECTIVE
    from archc.diagnostics.model import reject
    from archc.search.process import evaluate

    outcome = evaluate({"objective": problem.function}, LOADED, lambda: False)
    if outcome.error is not None:
        raise reject(
            SEARCH_OBJECTIVE,
            f"the objective `{problem.function}` cannot be used: {outcome.error}",
            notes=[f"it printed: {line}" for line in outcome.output.splitlines()[-3:]],
            help="write `def function(manifest, build_model): ... return value` in a module of "
            "the working folder, and name it as MODULE:FUNCTION",
        )


def _default(folder: str) -> str:
    """The SQLite file of a search, in its folder."""
    from archc.files.standing import make_folder

    make_folder(folder)
    return os.path.join(folder, "search.db")


def _identity(options: argparse.Namespace, space: "Space", problem: "Problem") -> dict[str, Any]:
    """What a search is of: workers that differ in it must not share a study."""
    from archc.emit.manifest import source_digest

    sources = [module.file.source for module in space.compile(0).compilation.modules]
    target = space.options.target.texts if space.options.target else ()
    return {
        "spec": source_digest([*sources, *target]),
        "arch": space.spec.declared.name.text,
        "parameters": [
            f"{each.name}={each.text(0)}..{each.text(each.size - 1)} ({each.size})"
            if each.axis is not None and isinstance(each.places, range)
            else f"{each.name}=[{', '.join(each.text(place) for place in range(each.size))}]"
            for each in space.grid.dimensions
        ],
        "conditions": sorted(map(str, problem.question.conditions)),
        "objectives": [
            f"{'maximize' if each.largest else 'minimize'} {each.name}"
            for each in problem.objectives
        ],
        "objective": problem.function,
        "build": options.build or "the target's",
    }


def _heading(space: "Space", problem: "Problem", found: "Survey", kept: "Storage") -> list[str]:
    from archc.search.samplers import said

    size, within = space.grid.size, len(found.rows)
    of = "" if found.whole else f" of {found.looked:,} looked at"
    count = kept.ledger.count()
    open_ = ", ".join(each.name for each in space.grid.dimensions if each.size > 1)
    ways = ", ".join(
        f"{'maximize' if each.largest else 'minimize'} {each.name}" for each in problem.objectives
    )
    lines = [
        f"{space.spec.declared.name.text} over {open_}: {size:,} variants, "
        f"{within:,}{of} within budget",
        f"{ways}, by {problem.function}",
        f"sampler: {said(problem.sampler, len(problem.objectives) > 1)}",
        f"storage: {kept.shown}, study {kept.name}",
    ]
    if count.ended or count.running:
        running = f", {count.running} running or left by a worker" * bool(count.running)
        lines.append(f"to go on with: {several(count.ended, 'network')} trained{running}")
    return lines


# --- the run ----------------------------------------------------------------------------------


def _run(search: "Search", jobs: int, said: "_Said") -> bool:
    """Let workers train; whether Ctrl-C or a signal ended it. A second one ends it at once."""
    interrupted = False
    threads = search.run(jobs)
    while any(thread.is_alive() for thread in threads):
        try:
            for thread in threads:
                thread.join(_EVERY / len(threads))
            if not search.stop.is_set():
                said.status(search)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            search.stop.set()
            said.line("stopping: what is being trained is given up")
    said.clear()
    return interrupted


def _say(lines: list[str]) -> None:
    for line in lines:
        print(*wrapped(line, terminal_width(), hang="  "), sep="\n", file=sys.stderr)


class _Said:
    """What is said of a search while it runs: a line for each network, and on a terminal one that
    says how far it is."""

    def __init__(self, space: "Space", problem: "Problem", kept: "Storage") -> None:
        self.space, self.problem, self.kept = space, problem, kept
        self.lock = threading.Lock()
        self.width = 0
        self.shown = sys.stderr.isatty()
        self.began = time.monotonic()
        self.before = kept.ledger.count().ended
        self.looked = 0.0

    def event(self, event: "Event") -> None:
        """Say what became of a network."""
        dimensions = {each.name for each in self.space.grid.dimensions if each.size > 1}
        settings = ", ".join(f"{name} = {text}" for name, text in event.cost.settings
                             if name in dimensions)  # fmt: skip
        if event.values is None:
            what = f"failed: {event.outcome.error}"
        else:
            what = ", ".join(
                f"{each.name} {value:,.6g}"
                for each, value in zip(self.problem.objectives, event.values, strict=True)
            )
        self.line(f"trial {event.number}: {settings}: {what}")

    def line(self, text: str) -> None:
        with self.lock:
            self._clear()
            _say([text])

    def status(self, search: "Search") -> None:
        """Say how far it is."""
        now = time.monotonic()
        if not self.shown or now - self.looked < 2 * _EVERY:
            return
        self.looked = now
        count = self.kept.ledger.count()
        done = count.ended - self.before
        left = self.problem.trials - count.ended
        text = f"{count.ended} of {self.problem.trials} trained, {count.running} running"
        if done and left > 0:
            seconds = Fraction(now - self.began) / done * left
            text += f", about {_duration(float(seconds))} left"
        if search.waits:
            names = few(sorted(self.kept.ledger.living().values()), 3)
            text += f"; waiting for {names}"
        with self.lock:
            print(f"\r{text.ljust(self.width)}", end="", file=sys.stderr, flush=True)
            self.width = len(text)

    def clear(self) -> None:
        with self.lock:
            self._clear()

    def _clear(self) -> None:
        if self.width:
            print(f"\r{' ' * self.width}\r", end="", file=sys.stderr, flush=True)
            self.width = 0


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
