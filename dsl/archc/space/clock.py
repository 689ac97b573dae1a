"""Time and placement of the variants of a class, by the compiler's own formulas: on arrays of many,
or on the plain numbers of one."""

from collections.abc import Callable, Iterator, Mapping
from operator import truediv
from typing import Any

from archc.analysis.latency import Memories, Timing, alive
from archc.analysis.latency.arithmetic import PLAIN, Arithmetic
from archc.analysis.latency.epochs import Epochs, Step
from archc.analysis.latency.estimate import GRADES, clock
from archc.analysis.latency.placement import Need, Plan, candidates, needs, place, surroundings
from archc.space.atoms import Form
from archc.space.placing import Placer
from archc.space.symbolic import Number
from archc.space.trace import Trace
from archc.targets.facts import Limits
from archc.targets.memories import ROOM, Room
from archc.targets.verdict import Verdict
from archc.typed import NamedTuple

MISSING = -1
"""Stands for a figure that a variant does not have."""
EXACT = 1 << 53
"""Below it every whole number is a float."""
TIMES = ("latency.microseconds", "latency.least", "latency.most")
PLACEMENT = ("placement.internal_bytes", "placement.external_bytes", "placement.flash_bytes")
_NUMBERS = (
    *("read", "written", "addend", "pooled", "macs", "weights", "channels", "pixels"),
    *("kernel", "stride", "groups"),
)
"""Numbers of a step that may differ between variants."""


class Output(NamedTuple):
    """A number that differs between variants."""

    at: int
    """Its place among the outputs of the class."""
    over: int
    """What it is to be divided by."""


class RoomRule(NamedTuple):
    """A rule of the target on memory that decides the verdict."""

    check: str
    """Its predicate, one of `ROOM`."""
    limits: Limits
    allowed: bool


class Sketch(NamedTuple):
    """What time and placement of a network follow from."""

    network: Epochs
    flash: int
    doubtful: bool
    """Whether there are operators of which nothing is known."""
    memories: Memories
    size: int
    """Bytes on chip."""
    timing: Timing | None
    verdict: Verdict
    """By all rules but those on memory."""
    rules: tuple[RoomRule, ...]


class Reading(NamedTuple):
    """Of one variant, or arrays with those of many."""

    figures: dict[str, Any]
    """By name; `MISSING` where the target does not say."""
    grade: Any
    """An index into `GRADES`; `MISSING` without an estimate of time."""
    stopped: Any
    """Whether a rule on memory makes it incompatible."""
    conditional: Any
    """Whether one that is allowed is broken."""


class Clock:
    """See the module.

    Args:
        trace: the run of the compiler.
        sketch: of the witness, on symbolic numbers.
        output: takes a form and gives the place of its values among the class' outputs.
    """

    def __init__(self, trace: Trace, sketch: Sketch, output: Callable[[Form], int]) -> None:
        self.sketch = sketch
        self._output, self._places = output, dict[object, Output]()
        network = sketch.network
        every = candidates(network)
        most = [_most(need.bytes) for need in every]
        every = [need for need, size in zip(every, most, strict=True) if size > need.least]
        """The buffers that count in some variant."""
        self.placer = Placer(trace, every, _form, sketch.memories)
        self.exact = True
        """Whether all numbers are exact as floats, so that arrays say what plain numbers do."""
        self._steps = [self._step(step) for step in network.steps]
        self._sizes = [self._place(size) for size in network.sizes]
        self._needs = [self._place(need.bytes) for need in every]
        self._flash = self._place(sketch.flash)
        self._bound(every)
        del self._output, self._places

    def _step(self, step: Step) -> dict[str, Any]:
        """What of it differs between variants."""
        places: dict[str, Any] = {}
        for name in _NUMBERS:
            value = getattr(step, name)
            if type(value) is Number:
                places[name] = self._place(value)
            elif type(value) is tuple:
                places[name] = tuple(map(self._place, value))
        return places

    def _place(self, value: Any) -> Any:
        """A plain number, or where it is found."""
        if type(value) is not Number:
            return value
        if not value.terms:
            return value.constant if value.over == 1 else value.constant / value.over
        place = self._places.get(value.key)
        if place is None:
            place = self._places[value.key] = Output(self._output(value.form), value.over)
        return place

    def _bound(self, every: list[Need]) -> None:
        """Find out whether anything may be too large."""
        most = max([_most(need.bytes) for need in every], default=0)
        wide = 1
        for step in self.sketch.network.steps:
            wide = max(wide, *(_most(each) for each in (*step.channels, step.kernel)))
            most = max(most, _most(step.macs), 64 * _most(step.weights))
        self.exact = most * wide < EXACT

    # --- of variants --------------------------------------------------------------------------

    def _filled(self, outputs: tuple[Any, ...], on: Arithmetic) -> Epochs:
        """The epochs with the numbers of variants."""
        network = self.sketch.network
        steps = []
        for known, step in zip(self._steps, network.steps, strict=True):
            made: Step = object.__new__(Step)
            for name in Step.__slots__:
                setattr(made, name, getattr(step, name))
            for name, where in known.items():
                setattr(made, name, _value(where, outputs, on))
            steps.append(made)
        sizes = tuple([_value(each, outputs, on) for each in self._sizes])
        return network._replace(steps=tuple(steps), sizes=sizes)

    def scalar(self, outputs: tuple[int, ...]) -> Reading:
        """Of one variant."""
        network = self._filled(outputs, PLAIN)
        plan = place(needs(network), self.sketch.memories)
        return self._read(network, plan, outputs, PLAIN)

    def arrays(self, outputs: tuple[Any, ...], shape: tuple[int, ...], on: Arithmetic) -> Reading:
        """Of many variants: arrays that broadcast to their shape."""
        if not self.exact:
            return self._one_by_one(outputs, shape)
        plan = self.placer.arrays([_value(each, outputs, on) for each in self._needs], on)
        return self._read(self._filled(outputs, on), plan, outputs, on)

    def _one_by_one(self, outputs: tuple[Any, ...], shape: tuple[int, ...]) -> Reading:
        import numpy as np

        columns = [
            np.broadcast_to(np.asarray(each, object), shape).ravel().tolist() for each in outputs
        ]
        readings = [self.scalar(tuple(map(int, row))) for row in zip(*columns, strict=True)]
        names = readings[0].figures
        figures = {
            name: np.array([each.figures[name] for each in readings]).reshape(shape)
            for name in names
        }
        rest = [np.array(each).reshape(shape) for each in list(zip(*readings, strict=True))[1:]]
        return Reading(figures, *rest)

    def _read(
        self, network: Epochs, plan: Plan, outputs: tuple[Any, ...], on: Arithmetic
    ) -> Reading:
        sketch = self.sketch
        placement = (plan.internal, plan.external, _value(self._flash, outputs, on))
        figures: dict[str, Any] = dict(zip(PLACEMENT, placement, strict=True))
        grade: Any = MISSING
        if sketch.timing is not None:
            around = surroundings(network, plan, sketch.memories, on)
            homeless, external = plan.homeless, plan.external
            unaligned = False  # a model of a QDQ file alone
            made = clock(
                network,
                around,
                sketch.doubtful,
                unaligned,
                homeless,
                external,
                sketch.timing,
                on,
            )
            grade = made.grade
            known = {each: on.pick(each, grade) for each in dict.fromkeys(_STATED.values())}
            for name, value in zip(TIMES, made.times, strict=True):
                figures[name] = on.choose(known[_STATED[name]], value, MISSING)
        spills = plan.external > 0
        crowded: Any = False
        if on.ever(spills):
            most = on.most(*[size for _, size in alive([each.need for each in plan.places])])
            crowded = most > sketch.size
        room = Room(spills, plan.homeless, crowded, plan.internal, sketch.size)
        stopped: Any = False
        conditional: Any = False
        for rule in sketch.rules:
            broken = ROOM[rule.check](room, rule.limits)
            if rule.allowed:
                conditional = conditional | broken
            else:
                stopped = stopped | broken
        return Reading(figures, grade, stopped, conditional)


def stated(grade: int) -> tuple[str, ...]:
    """Which times a grade states."""
    name, band = GRADES[grade]
    return () if band is None else TIMES[:2] if name == "refuse" else TIMES


_STATED = {name: tuple([name in stated(grade) for grade in range(len(GRADES))]) for name in TIMES}
"""Whether each grade states a time."""


def published(manifest: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The same figures as a manifest has them."""
    for group, names in (("placement", PLACEMENT), ("latency", TIMES)):
        entry = manifest["deployed"][group] or {}
        for name in names:
            value = entry.get(name.partition(".")[2])
            if value is not None:
                yield name, value


def _form(value: Any) -> Form:
    return value.form if type(value) is Number else Form((), value)


def _most(value: Any) -> int:
    """What a number from 0 on is below."""
    if type(value) is Number:
        return value.most + 1
    return int(value) + 1


def _value(place: Any, outputs: tuple[Any, ...], on: Arithmetic) -> Any:
    if isinstance(place, Output):
        value = outputs[place.at]
        return value if place.over == 1 else on.kept(truediv, value, place.over)
    if isinstance(place, tuple):
        return tuple([_value(each, outputs, on) for each in place])
    return place
