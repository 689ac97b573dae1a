"""The estimate: epochs, the plan of their buffers, the time of each, and how far to trust it."""

from collections.abc import Sequence

from archc import values
from archc.analysis.latency.arithmetic import PLAIN, Arithmetic
from archc.analysis.latency.epochs import GRAIN, Epochs, Step, depthwise_growth, epochs
from archc.analysis.latency.model import (
    Buffer,
    Epoch,
    Estimate,
    Grade,
    Layout,
    Memories,
    Net,
    Timing,
)
from archc.analysis.latency.placement import Plan, needs, place, surroundings
from archc.analysis.latency.times import FORMULAS, Cost, Formula, Surroundings
from archc.typed import Any, NamedTuple

SHORT = 1_000_000
"""Nanoseconds below which the start of epochs, which differs by runtime, decides too much."""
PER_OUTPUT = 4
"""Bytes of flash for each output channel beside its weights."""


class Prepared(NamedTuple):
    """What of an estimate does not depend on the constants."""

    net: Net
    network: Epochs
    surroundings: tuple[Surroundings, ...]
    """By epoch."""
    layout: Layout


def prepare(net: Net, memories: Memories) -> Prepared:
    """The epochs of a network and where their buffers lie."""
    network = epochs(net)
    plan = place(needs(network), memories)
    layout = Layout(
        tuple(_buffers(network, plan, memories)),
        plan.internal,
        plan.external,
        plan.homeless,
        flash(net),
    )
    around = surroundings(network, plan, memories, PLAIN)
    return Prepared(net, network, tuple(around), layout)


def nanoseconds(prepared: Prepared, formulas: str, constants: dict[str, float]) -> float:
    """The time of a network with constants that are still to be chosen, which is not rounded."""
    cost = FORMULAS[formulas].cost
    pairs = zip(prepared.network.steps, prepared.surroundings, strict=True)
    times = [cost(step, around, constants, PLAIN).total(PLAIN) for step, around in pairs]
    return float(sum(times))


class Spent(NamedTuple):
    """The time of one epoch, or arrays with those of many, in nanoseconds."""

    cost: Cost
    time: Any
    cpu: Any
    """The same where the CPU decides it, else 0."""
    strided: Any
    """The same of a convolution with stride 2 that flash does not decide, else 0."""


class Clock(NamedTuple):
    """The time of one network, or arrays with those of many."""

    epochs: tuple[Spent, ...]
    total: Any
    grade: Any
    """An index into `GRADES`."""
    times: tuple[Any, Any, Any]
    """Microseconds: as the formulas have it, the lower and the upper end of the band. They hold as
    far as the grade states them."""


def clock(
    network: Epochs,
    around: Sequence[Surroundings],
    doubtful: bool,
    unaligned: bool,
    homeless: Any,
    external: Any,
    timing: Timing,
    on: Arithmetic = PLAIN,
) -> Clock:
    """The time of a network, or of many that have the same epochs.

    Args:
        network: its epochs, whose numbers may be arrays.
        around: what the plan means for each.
        doubtful: whether there are operators of which nothing is known.
        unaligned: whether the CPU joins or cuts channels as no measurement has it.
        homeless: whether some buffers have no place.
        external: bytes in external RAM.
        timing: formulas and constants.
        on: the arithmetic, of plain numbers or of arrays.
    """
    cost, constants = FORMULAS[timing.formulas].cost, on.kept(_constants, timing)
    pairs = zip(network.steps, around, strict=True)
    spent = tuple([on.kept(_spent, step, each, cost, constants, on) for step, each in pairs])
    total = on.total([each.time for each in spent])
    grade = _REFUSE if unaligned else _graded(network, spent, total, external, on)
    grade = on.choose(homeless, _HOMELESS, grade)
    if doubtful:
        grade = _DOUBTFUL
    least, most = (
        on.pick([getattr(timing.bands[band], end) if band else 0.0 for _, band in GRADES], grade)
        for end in ("least", "most")
    )
    times = tuple([on.whole(each / 1000) for each in (total, total * least, total * most)])
    return Clock(spent, total, grade, times)


def _constants(timing: Timing) -> dict[str, float]:
    return timing.values


def _spent(
    step: Step, around: Surroundings, formula: Formula, constants: dict[str, float], on: Arithmetic
) -> Spent:
    """The time of one epoch."""
    cost = formula(step, around, constants, on)
    time = on.whole(cost.total(on))
    strided: Any = step.kind == "conv" and step.stride == 2
    if strided is not False:
        strided = strided & (step.channels[0] >= 8) & (cost.of_flash(step.kind, on) ^ True)
    cpu = cost.of_cpu(step.kind, on)
    return Spent(cost, time, on.choose(cpu, time, 0), on.choose(strided, time, 0))


def estimate(prepared: Prepared, timing: Timing) -> Estimate:
    """The time and memory of a deployed network.

    The total is the sum of its epochs to the nanosecond. Everything here is an estimate: see
    `Estimate.grade`.
    """
    network, layout = prepared.network, prepared.layout
    doubts = tuple(dict.fromkeys(op.doubt for op in prepared.net.operators if op.doubt))
    made = clock(
        network,
        prepared.surroundings,
        bool(doubts),
        prepared.net.qdq and any(step.unaligned for step in network.steps),
        layout.homeless,
        layout.external_bytes,
        timing,
    )
    timed = []
    for step, each in zip(network.steps, made.epochs, strict=True):
        large = "large " if step.kind in ("conv", "depthwise") and step.kernel > 3 else ""
        reason = each.cost.reason(step.kind)
        timed.append(Epoch(large + step.kind, tuple(step.ops), each.time, reason, step.unknown))
    name, band = GRADES[made.grade]
    why = doubts or _why(prepared, tuple(timed), made)
    time, least, most = made.times
    return Estimate(
        Grade(name, why, band),
        time if band else None,
        least if band else None,
        most if band and name != "refuse" else None,
        tuple(timed),
        layout,
    )


def _buffers(network: Epochs, plan: Plan, memories: Memories) -> list[Buffer]:
    found = []
    for each in plan.places:
        need = each.need
        named = memories.outside if each.external else memories.names
        start, end = each.offset, each.offset + need.bytes
        pools = tuple([name for name, area in named if area.start < end and start < area.end])
        maker = (
            network.steps[need.step].ops[0] if need.buffer is None else network.makers[need.buffer]
        )
        what = "partial sums" if need.buffer is None else "map"
        found.append(
            Buffer(
                maker, what, need.bytes, need.first, need.last, each.offset, each.external, pools
            )
        )
    return found


def flash(net: Net) -> int:
    """int8 weights as they are stored and 4 bytes for every output channel."""
    parts = [GRAIN // 2]
    for op in net.operators:
        growth = GRAIN
        if op.operator == "DEPTHWISE_CONV_2D":
            growth = depthwise_growth(
                net.tensors[op.reads[0]][1], net.tensors[op.makes[0]][2], op.kernel[0]
            )
        parts += growth * op.weights, GRAIN * PER_OUTPUT * op.biases
    return values.total(parts) // GRAIN


# --- grades -----------------------------------------------------------------------------------

GRADES: tuple[tuple[str, str | None], ...] = (
    ("plain", "plain"),
    ("wide", "wide"),
    ("unknown", "short"),
    ("spilled", "spilled"),
    ("refuse", "refuse"),
    ("unknown", None),
    ("unknown", None),
)
"""How far a time can be trusted, with the band that holds."""
_PLAIN, _WIDE, _SHORT, _SPILLED, _REFUSE, _HOMELESS, _DOUBTFUL = range(len(GRADES))

_UNKNOWN, _SOFTWARE, _STRIDED = 0.02, 0.1, 0.4
"""Shares of the time above which a grade falls."""


def _graded(
    network: Epochs, spent: Sequence[Spent], total: Any, external: Any, on: Arithmetic
) -> Any:
    """The grade of networks whose operators are known and whose buffers have places."""
    wide = any(step.kind == "broadcast" for step in network.steps)
    wide = wide | (_share([each.cpu for each in spent], total, on) > _SOFTWARE)
    wide = wide | (_share([each.strided for each in spent], total, on) > _STRIDED)
    grade = on.choose(wide, _WIDE, _PLAIN)
    grade = on.choose(total < SHORT, _SHORT, grade)
    grade = on.choose(external > 0, _SPILLED, grade)
    return on.choose(_unknown_share(network, spent, total, on) > _UNKNOWN, _REFUSE, grade)


def _share(times: Sequence[Any], total: Any, on: Arithmetic) -> Any:
    """How much of the whole time some times are."""
    part = on.total(times)
    return part / on.most(total, 1) if on.ever(part) else 0


def _unknown_share(network: Epochs, spent: Sequence[Spent], total: Any, on: Arithmetic) -> Any:
    pairs = zip(network.steps, spent, strict=True)
    return _share([each.time for step, each in pairs if step.unknown], total, on)


_UNALIGNED = "the CPU joins or cuts channels that are not multiples of 8"
_START = "below a millisecond the start of epochs decides, and that differs by runtime"
_NO_ROOM = "its maps have no room on chip, and the board has no external RAM for them"


def _why(prepared: Prepared, timed: tuple[Epoch, ...], made: Clock) -> tuple[str, ...]:
    """The reasons for a grade, in words."""
    net, network, layout = prepared.net, prepared.network, prepared.layout
    if made.grade == _HOMELESS:
        return (_NO_ROOM,)
    if made.grade == _REFUSE:
        if _unknown_share(network, made.epochs, made.total, PLAIN) <= _UNKNOWN:
            return (_UNALIGNED,)
        names = {
            net.operators[epoch.ops[0]].operator for epoch in timed if epoch.unknown and epoch.ops
        }
        return (f"no measurement has {', '.join(sorted(names))}",)
    if made.grade == _SPILLED:
        return (f"{-(-layout.external_bytes // 1024):,} KiB lie in external RAM",)
    if made.grade == _SHORT:
        return (_START,)
    wide = []
    if any(step.kind == "broadcast" for step in network.steps):
        wide.append("a vector multiplies a map")
    share = _share([each.cpu for each in made.epochs], made.total, PLAIN)
    if share > _SOFTWARE:
        wide.append(f"{100 * share:.0f} % of the time is the CPU's")
    if _share([each.strided for each in made.epochs], made.total, PLAIN) > _STRIDED:
        wide.append("convolutions with stride 2 take most of the time")
    return tuple(wide)
