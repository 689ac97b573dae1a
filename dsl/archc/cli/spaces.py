"""What verbs on design spaces share: their arguments, and the space itself."""

import argparse
import gc
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, shared_arguments
from archc.cli.session import FAILURE, Session, tell

if TYPE_CHECKING:
    from archc.space.dimensions import Dimension
    from archc.space.engine import Batch, Space
    from archc.space.pieces import Wanted
    from archc.space.question import Condition, Question

MOST = 2_000_000_000
"""Variants that one run goes through at the most."""
PROCESSES = 1_000
"""That may be asked for."""


def space_arguments(parser: argparse.ArgumentParser) -> None:
    """The variants that a pass goes through."""
    chosen_arguments(parser)
    parser.add_argument(
        "--shard", metavar="I/N", help="only this part of the variants, of N of equal size"
    )
    parser.add_argument(
        "--sample", type=positive, metavar="N", help="only so many variants, always the same ones"
    )
    parser.add_argument(
        "--jobs",
        type=processes,
        metavar="N",
        default=1,
        help="evaluate in N processes on this machine (default: 1)",
    )


def chosen_arguments(parser: argparse.ArgumentParser) -> None:
    """A space, and conditions on its variants."""
    parser.add_argument(
        "--over",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="a parameter and its values, `A..B:STEP` or `[a, b]`; NAME alone is its range in the "
        "spec, `NAME=..:STEP` that range by other steps (default: every parameter that has a range "
        "or choices)",
    )
    parser.add_argument(
        "--where",
        metavar="CONDITION",
        action="append",
        default=[],
        help="only variants of which it is true, such as 'macs <= 30 M'; can be repeated",
    )
    parser.add_argument("--arch", help="the arch of the spec")
    parser.set_defaults(set=[])
    shared_arguments(parser)


def answered(options: argparse.Namespace, run: Callable[[argparse.Namespace, Session], int]) -> int:
    """The exit code of a verb on the space of a spec; what stops it is reported."""
    from archc.diagnostics.model import Rejected
    from archc.space.engine import Difference
    from archc.space.pieces import Lost

    options.specs, options.name = [options.spec], None
    session = Session(options)
    try:
        return run(options, session)
    except Rejected as rejected:
        session.diagnostics.append(rejected.diagnostic)
    except ModuleNotFoundError as error:
        missing(error)
        return FAILURE
    except Difference as difference:
        print(f"archc: bug in archc: the sweep differs from a compile: {difference}\n"
              "please report it with the spec; nothing of this sweep can be relied on",
              file=sys.stderr)  # fmt: skip
        return FAILURE
    except Lost as lost:
        print(f"archc: {lost}\nnothing was written; fewer `--jobs` take less memory",
              file=sys.stderr)  # fmt: skip
        return FAILURE
    if options.format == "json":
        session.json()
    else:
        session.show(("error",))
    return FAILURE


def positive(text: str) -> int:
    """A whole number from 1 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    return _whole(text, 1)


def from_zero(text: str) -> int:
    """The same from 0 on.

    Raises:
        ArgumentTypeError: it is none.
    """
    return _whole(text, 0)


def processes(text: str) -> int:
    """A number of processes.

    Raises:
        ArgumentTypeError: it is none.
    """
    count = positive(text)
    if count > PROCESSES:
        raise argparse.ArgumentTypeError(f"`{text}` is more than {PROCESSES:,} processes")
    return count


def _whole(text: str, least: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) >= 19 or int(text) < least:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number from {least} on")
    return int(text)


def opened(session: Session, over: Sequence[str]) -> "Space | None":
    """The space of the one spec over some parameters; None, and reports, where its declarations
    have errors.

    Raises:
        Rejected: the spec cannot be read, or values of a parameter are none.
        UsageError: no parameter has values.
    """
    from archc.space.dimensions import Reader, grid
    from archc.space.engine import Space

    gc.enable()  # unlike a compile, this meets thousands of structures
    (path,) = session.arguments.specs
    path = os.path.normpath(path)
    loader, options = session.options(path, ())
    source = loader.load(path)
    bare = Space(loader, source, options, grid([]))
    if bare.failed:
        session.diagnostics += bare.faults
        return None
    reader = Reader(bare.home, bare.arch, session.limits)
    dimensions = [reader.over(text) for text in over]
    names = [each.name for each in dimensions]
    if len({*names}) < len(names):
        raise UsageError("a parameter is swept once: give all its values together")
    if not dimensions:
        dimensions = own(bare, reader)
    else:
        unset(bare, names)
    return Space(loader, source, options, grid(dimensions))


def own(bare: "Space", reader: Any) -> "list[Dimension]":
    """The parameters that have values in the spec.

    Raises:
        Rejected, UsageError: one has no default and no values, or none has values.
    """
    free = [each for each in bare.arch.parameters if each.name.text not in bare.bound]
    found = [made for each in free if (made := reader.own(each)) is not None]
    name = bare.arch.name.text
    if not bare.arch.parameters:
        raise UsageError(
            f"`{name}` has no parameters, so that it has no variants: declare what is to vary, "
            f"`arch {name}(width = 16 in 8 .. 64 step 8)`"
        )
    if not found:
        raise UsageError(f"no parameter of `{name}` has a range: give `--over NAME=A..B:STEP`")
    unset(bare, [each.name for each in found])
    return found


def unset(bare: "Space", names: Sequence[str]) -> None:
    """Refuse parameters that nothing gives a value.

    Raises:
        UsageError: there is one.
    """
    given = bare.bound.union(names)
    for each in bare.arch.parameters:
        if each.default is None and each.name.text not in given:
            raise UsageError(
                f"`{each.name.text}` has neither a value nor a range: give "
                f"`--over {each.name.text}=A..B:STEP`"
            )


def asked(options: argparse.Namespace, session: Session, space: "Space") -> "Question":
    """The conditions and objectives of the command line.

    Raises:
        Rejected: one is not understood.
        UsageError: conditions contradict each other.
    """
    from archc.space.question import Objective, Question, condition, contradictions, figure

    conditions = tuple(condition(text, session.limits) for text in options.where)
    wrong = contradictions((*conditions, *required(space, session)))
    if wrong is not None:
        raise UsageError(f"{wrong}{nearest(space, Question(conditions))}")
    named = [name for name, _ in getattr(options, "objectives", [])]
    if len({*named}) < len(named):
        raise UsageError("an objective is named once")
    objectives = [
        Objective(figure(name), largest) for name, largest in getattr(options, "objectives", [])
    ]
    return Question(conditions, tuple(objectives))


def required(space: "Space", session: Session) -> "list[Condition]":
    """The budgets of the spec that are the same for all variants, as conditions."""
    from archc.space.dimensions import Reader
    from archc.space.question import Condition
    from archc.syntax import ast

    reader = Reader(space.home, space.arch, session.limits)
    every = [
        budget
        for member in space.arch.members
        if isinstance(member, ast.Require)
        for budget in member.budgets
    ]
    limits = [(each.quantity.text, reader.number(each.limit)) for each in every]
    return [Condition(name, "<=", limit) for name, limit in limits if limit is not None]


def nearest(space: "Space", question: "Question") -> str:
    """The variant that exceeds conditions and budgets least, of some, as a clause."""
    from archc.analysis.latency_budget import LATENCY
    from archc.space.search import search, some

    answer = search(some(space), question, 0, 0, lambda looked: None)
    if answer.nearest is None:
        return ""
    settings = ", ".join(f"{name} = {text}" for name, text in space.grid.settings(answer.nearest))
    figures = space.figures(answer.nearest) or {}
    known = {**figures, LATENCY: figures.get("latency.most", 0) / 1000}
    names = dict.fromkeys(each.name for each in question.conditions)
    listed = ", ".join(f"{name} {known[name]:,}" for name in names if name in known)
    return (
        f"; of {answer.counted.looked:,} variants that were looked at the nearest has {settings}: "
        f"{listed}"
    )


def part(options: argparse.Namespace, space: "Space") -> tuple[int, int]:
    """The first variant of the shard, and the one behind its last.

    Raises:
        UsageError: the shard is none, nothing is in it, or it is too large to go through.
    """
    from archc.diagnostics.text import several

    size = space.grid.size
    start, stop = 0, size
    if options.shard:
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", options.shard)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"`--shard` takes a part such as 3/16, not `{options.shard}`")
        index, parts = int(found[1]), int(found[2])
        start, stop = size * (index - 1) // parts, size * index // parts
    said = f"`{space.spec.declared.name.text}` has {several(size, 'variant')} here"
    if start >= stop:
        raise UsageError(
            f"the shard {options.shard} is empty: {said}, which {several(size, 'shard')} hold"
        )
    first = getattr(options, "start", None)
    if first is not None and first >= stop:
        ends = f"the shard {options.shard} ends before {stop:,}" if options.shard else "from 0 on"
        raise UsageError(f"`--start {first}` is beyond the end: {said}, {ends}")
    start = max(start, first or 0)
    if stop - start > MOST and not options.sample:
        parts = -(-size // MOST)
        each = ", ".join(f"{one.name} {one.size:,}" for one in space.grid.dimensions)
        raise UsageError(
            f"this is a space of {size:,} variants (values: {each}), and one run goes through "
            f"{MOST:,} at the most: take coarser steps or fewer parameters, `--sample 1000000`, or "
            f"{parts:,} shards with `--shard 1/{parts}`"
        )
    return start, stop


def pictured(path: str) -> None:
    """Refuse a name that no picture has, and one where something else stands.

    Raises:
        UsageError: no picture ends so.
        Rejected: what stands there is not overwritten.
    """
    from archc.files.streaming import refuse_foreign
    from archc.space.plot import SUFFIXES, ours

    if not path.endswith(SUFFIXES):
        raise UsageError(f"`{path}` does not end in {' or '.join(SUFFIXES)}")
    refuse_foreign(path, ours)


@contextmanager
def taken(
    space: "Space", options: argparse.Namespace, start: int, stop: int, wanted: "Wanted"
) -> "Iterator[Iterator[Batch]]":
    """The variants to look at; processes that evaluate them end with the block.

    Args:
        space: it.
        options: of the command line.
        start: the first variant.
        stop: the one behind the last.
        wanted: what is to come of them, of other processes.
    """
    rows: Any = range(start, stop)
    if options.sample and options.sample < len(rows):
        import random

        import numpy as np

        rows = np.array(sorted(random.Random(0).sample(rows, options.sample)), dtype=np.int64)
    if options.jobs == 1:
        yield space.over(rows)
        return
    from archc.space.jobs import evaluated

    with closing(evaluated(space, rows, options.jobs, wanted)) as batches:
        yield batches


class Failing:
    """The first variants that have no network, or do not compile."""

    def __init__(self) -> None:
        self.networks = self.valid = self.looked = 0
        self.first: int | None = None

    def over(self, batches: "Iterator[Batch]") -> "Iterator[Batch]":
        """The same batches, looked at."""
        import numpy as np

        for batch in batches:
            self.looked += len(batch.rows)
            self.networks += int(batch.network.sum())
            self.valid += int(batch.valid.sum())
            if self.first is None and not batch.valid.all():
                self.first = int(batch.rows[np.argmin(batch.valid)])
            yield batch

    def report(self, session: Session, space: "Space") -> None:
        """Say of the first why; a warning where others compile."""
        from archc.diagnostics.codes import BUDGET

        if self.first is None:
            return
        made = space.compile(self.first)
        faults = [
            each
            for each in made.compilation.diagnostics
            if each.level == "error" and each.code != BUDGET.name
        ]
        if self.valid:
            with_ = ", ".join(f"{name} = {text}" for name, text in made.settings)
            left = self.looked - self.valid
            faults = [
                each._replace(
                    level="warning",
                    notes=(*each.notes, f"{left:,} of {self.looked:,} variants do not compile; the "
                           f"first is with {with_}"),
                )
                for each in faults[:1]
            ]  # fmt: skip
        session.diagnostics += faults


def missing(error: ModuleNotFoundError) -> None:
    """Say which package is missing, if it is one of an extra.

    Raises:
        ModuleNotFoundError: it is another one.
    """
    from archc.diagnostics.codes import EXTRA_MISSING
    from archc.diagnostics.model import make

    extras = {
        "numpy": ("evaluating a space needs NumPy", "sweep"),
        "matplotlib": ("plots need matplotlib", "plot"),
        "pyarrow": ("Parquet files need pyarrow", "parquet"),
        "optuna": ("a search needs Optuna", "search"),
        "sqlalchemy": ("a search needs SQLAlchemy", "search"),
    }
    name = (error.name or "").partition(".")[0]
    if name not in extras:
        raise error
    what, extra = extras[name]
    tell(make(EXTRA_MISSING, what, None, help=f"pip install 'archc-dsl[{extra}]'"))
