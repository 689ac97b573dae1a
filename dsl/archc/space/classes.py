"""One structural class: what one trace of the compiler says of all variants that go its way."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial, reduce
from operator import and_
from typing import Any

from archc.analysis.latency.arithmetic import PLAIN, Arithmetic
from archc.analysis.latency_budget import LATENCY, MOST
from archc.diagnostics.model import Diagnostic, Reporter
from archc.driver import Options
from archc.sema.resolve import Setting, resolve
from archc.sema.scope import Module
from archc.source import Source, Span
from archc.space.arrays import ARRAYS
from archc.space.atoms import Axis, Form
from archc.space.clock import MISSING, Clock, Reading
from archc.space.evaluation import Evaluation, Wide
from archc.space.families import Choice
from archc.space.keys import Key, once
from archc.space.measure import Measured, measure
from archc.space.planner import Planner
from archc.space.program import Program
from archc.space.reuse import Reuse, distinct
from archc.space.symbolic import Number, parameter
from archc.space.trace import Escape, Trace
from archc.syntax import ast
from archc.typed import NamedTuple
from archc.values import KEYS, distinct_sum, whole

Exact = int | Number
FEW = 2
"""So often a class is evaluated before code is made of it."""


class Spec(NamedTuple):
    """An arch whose variants are measured, parsed and checked once."""

    module: Module
    declared: ast.Arch | ast.Derived
    options: Options


class Budget(NamedTuple):
    """A budget of the spec whose figure is known: the places of the figure and of the limit among
    the outputs."""

    name: str
    limit: int


class Known(NamedTuple):
    """What a class says of one variant, or arrays with that of many."""

    figures: dict[str, Any]
    """By name; `MISSING` where a variant has none."""
    grade: Any
    """Of the estimate of time, an index into `GRADES`; `MISSING` without one."""
    verdict: Any
    """An index into `VERDICTS`."""
    within: Any
    """Whether the spec's budgets hold."""

    def last(self) -> "Known":
        """The same of the last of many variants."""
        figures = {name: _last(value) for name, value in self.figures.items()}
        return Known(figures, _last(self.grade), _last(self.verdict), _last(self.within))


def _last(values: Any) -> Any:
    return values.item(-1) if hasattr(values, "item") else values


VERDICTS = (None, "compatible", "conditional", "incompatible")


class Class:
    """See the module.

    `figures` gives where each figure is among the outputs; a figure that is missing there does not
    exist in this class.
    """

    def __init__(
        self,
        reuse: Reuse,
        spec: Spec,
        given: tuple[Setting, ...],
        chosen: Sequence[Choice],
        axes: Mapping[str, Axis],
        witness: Mapping[str, int],
        fixed: frozenset[str] = frozenset(),
    ) -> None:
        trace = reuse.run()
        measured, found, self.fixed = _followed(trace, spec, given, chosen, axes, witness, fixed)
        """Axes of which the class has one value, as they could not be followed."""
        self.fault: Diagnostic | None = next((d for d in found if d.level == "error"), None)
        """The first error of the witness; there may still be a network."""
        self.network = measured is not None
        forms: dict[Form, int] = {}

        def place(form: Form) -> int:
            return forms.setdefault(form, len(forms))

        def output(value: Exact) -> int:
            return place(value.form if isinstance(value, Number) else Form((), value))

        figures = measured.figures if measured else {}
        self.figures = {name: output(value) for name, value in figures.items()}
        sketch = measured.sketch if measured else None
        self.clock = Clock(trace, sketch, place) if sketch else None
        """None without a target."""
        self.verdict = sketch.verdict if sketch else None
        """By the rules that do not ask where buffers lie."""
        self.unbudgeted = False
        """Whether a budget is on a figure that is missing here."""
        self.budgets: list[Budget] = []
        for each in measured.budgets if measured else ():
            name, limit = each.name.text, whole(each.limit)
            if name == LATENCY:
                name, limit = MOST, limit * 1000
            if name in self.figures or (name == MOST and sketch and sketch.timing):
                self.budgets.append(Budget(name, output(limit.__floor__())))
            else:
                self.unbudgeted = True
        self.outcomes = tuple(trace.guards.values())
        self._guards, self._forms = tuple(trace.guards), tuple(forms)
        self._reuse, self._trace = reuse, trace
        self.uses = 0
        """How often arrays were computed."""
        self.hits = 0
        self.checked = False
        """Whether a variant was compiled and compared."""

    @cached_property
    def program(self) -> Program:
        """For many uses, as it takes as long to make as some evaluations one by one."""
        return Program(self._trace, self._guards, self._forms)

    @cached_property
    def _planners(self) -> list[Planner]:
        return [Planner(self._trace, index) for index in self.program.plans]

    def _shared(self, places: Mapping[str, Any]) -> Evaluation | None:
        """The values of what this class is made of, some of them known from other classes. None
        where its own code is faster: for many variants, or often."""
        if self.uses >= FEW:
            return None
        return self._reuse.values(self._trace, places)

    def holds(self, places: Mapping[str, int]) -> bool:
        """Whether a variant is of this class."""
        values = self._shared(places)
        if values is not None:
            return all(map(values.holds, self._guards, self.outcomes))
        return self.program.guards(places, max, distinct_sum, ()) == self.outcomes

    def scalar(self, places: Mapping[str, int]) -> tuple[int, ...]:
        """The outputs for one variant, on plain integers."""
        values = self._shared(places)
        self.uses += 1
        if values is not None:
            return tuple(map(values.form, self._forms))
        planners = [each.scalar for each in self._planners]
        return self.program.figures(places, max, distinct_sum, planners)

    def one(self, places: Mapping[str, int]) -> Known:
        """What is known of one variant, without NumPy."""
        outputs = self.scalar(places)
        reading = self.clock.scalar(outputs) if self.clock else None
        return self._known(outputs, reading, PLAIN)

    def many(self, places: Mapping[str, Any], shape: tuple[int, ...]) -> Known:
        """The same of many variants: each array of it broadcasts to their shape."""
        outputs, on = self._outputs(places)
        reading = self.clock.arrays(outputs, shape, on) if self.clock else None
        return self._known(outputs, reading, on)

    def _known(self, outputs: tuple[Any, ...], reading: Reading | None, on: Arithmetic) -> Known:
        figures = {name: outputs[place] for name, place in self.figures.items()}
        verdict: Any = VERDICTS.index(self.verdict)
        grade: Any = MISSING
        if reading is not None:
            figures |= reading.figures
            grade = reading.grade
            if self.verdict == "compatible":
                allowed = VERDICTS.index("conditional")
                verdict = on.choose(reading.conditional, allowed, verdict)
            verdict = on.choose(reading.stopped, VERDICTS.index("incompatible"), verdict)
        within: Any = not self.unbudgeted
        for budget in self.budgets:
            figure = figures[budget.name]
            within = within & (figure != MISSING) & (figure <= outputs[budget.limit])
        return Known(figures, grade, verdict, within)

    def mask(self, places: Mapping[str, Any]) -> Any:
        """Which of several variants are of this class, in an array that broadcasts; True: all."""
        import numpy as np

        values = self._shared(places)
        if values is not None:
            with suppress(Wide):
                return reduce(and_, map(values.holds, self._guards, self.outcomes), True)
        made: Any = np.True_
        guards = self.program.guards(self._wide(places), np.maximum, distinct, ())
        for holds, outcome in zip(guards, self.outcomes, strict=True):
            made = made & (np.asarray(holds, bool) == outcome)
        return made

    def _wide(self, places: Mapping[str, Any]) -> Mapping[str, Any]:
        """The places as Python's integers where others do not do."""
        if not self.program.wide:
            return places
        return {
            name: each.astype(object) if hasattr(each, "astype") else each
            for name, each in places.items()
        }

    def _outputs(self, places: Mapping[str, Any]) -> tuple[tuple[Any, ...], Arithmetic]:
        """The outputs for several variants, arrays or a number that all have, and what to compute
        with them."""
        import numpy as np

        values = self._shared(places)
        self.uses += 1
        if values is not None:
            with suppress(Wide):
                return tuple(map(values.form, self._forms)), values.on.arithmetic
        planners = [partial(each.arrays, on=ARRAYS) for each in self._planners]
        wide = self._wide(places)
        return self.program.figures(wide, np.maximum, distinct, planners), ARRAYS


def _followed(
    trace: Trace,
    spec: Spec,
    given: tuple[Setting, ...],
    chosen: Sequence[Choice],
    axes: Mapping[str, Axis],
    witness: Mapping[str, int],
    fixed: frozenset[str],
) -> tuple[Measured | None, tuple[Diagnostic, ...], frozenset[str]]:
    """The compiler's way with a witness. Where it cannot be followed for all values of an axis,
    again with the witness' value of that alone, as from the start for those that are fixed."""
    every = dict(axes)
    for each in chosen:
        every |= each.family.axes if each.family else {}
    while True:
        trace.start()
        reporter = Reporter(spec.options.limits.errors)
        numbers: dict[str, object] = {}
        for name, axis in every.items():
            value = parameter(trace, axis, witness[name])
            numbers[name] = value.pinned() if name in fixed else value
        settings = [
            *given,
            *[each.family.setting(numbers) if each.family else each.setting for each in chosen],
            *[known(name, numbers[name]) for name in axes],
        ]
        KEYS.make, KEYS.once = Key, partial(once, trace)
        try:
            model = resolve(
                spec.module, spec.declared, tuple(settings), spec.options.limits, reporter
            )
            measured = model and measure(model, spec.options, reporter, trace)
            return measured, reporter.diagnostics, fixed
        except Escape as escape:
            if fixed == frozenset(every):
                raise AssertionError(f"nothing is left to fix: {escape}") from escape
            fixed |= escape.axes - fixed or frozenset(every)
        finally:
            KEYS.make = KEYS.once = None


def known(name: str, value: object) -> Setting:
    """A parameter with a value that no text was parsed to."""
    span = Span(Source("<set>", name), 0, len(name))
    return Setting(ast.Name(name, span), ast.Known(value, span))
