"""The estimate: epochs, the plan of their buffers, the time of each, and how far to trust it."""

from archc.analysis.latency.epochs import Epochs, Step, depthwise_growth, epochs
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
from archc.analysis.latency.placement import Place, Plan, needs, place
from archc.analysis.latency.times import FORMULAS, Surroundings
from archc.typed import NamedTuple

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
        _flash(net),
    )
    return Prepared(net, network, tuple(_surroundings(network, plan, memories)), layout)


def nanoseconds(prepared: Prepared, formulas: str, constants: dict[str, float]) -> float:
    """The time of a network with constants that are still to be chosen, which is not rounded."""
    cost = FORMULAS[formulas].cost
    pairs = zip(prepared.network.steps, prepared.surroundings, strict=True)
    return sum(cost(step, around, constants).total for step, around in pairs)


def estimate(prepared: Prepared, timing: Timing) -> Estimate:
    """The time and memory of a deployed network.

    The total is the sum of its epochs to the nanosecond. Everything here is an estimate: see
    `Estimate.grade`.
    """
    network = prepared.network
    cost, constants = FORMULAS[timing.formulas].cost, timing.values
    timed = []
    for step, around in zip(network.steps, prepared.surroundings, strict=True):
        each = cost(step, around, constants)
        whole, reason = int(each.total + 0.5), each.reason(step.kind)
        large = "large " if step.kind in ("conv", "depthwise") and step.kernel > 3 else ""
        timed.append(Epoch(large + step.kind, tuple(step.ops), whole, reason, step.unknown))
    total = sum(epoch.nanoseconds for epoch in timed)
    grade = _grade(prepared, tuple(timed), total)
    time = least = most = None
    if grade.band is not None:
        band = timing.bands[grade.band]
        time, least = _microseconds(total), _microseconds(total * band.least)
        most = None if grade.name == "refuse" else _microseconds(total * band.most)
    return Estimate(
        grade,
        time,
        least,
        most,
        tuple(timed),
        prepared.layout,
    )


def _microseconds(nanoseconds: float) -> int:
    return int(nanoseconds / 1000 + 0.5)


def _surroundings(network: Epochs, plan: Plan, memories: Memories) -> list[Surroundings]:
    """What the plan means for each epoch."""
    slow: dict[int, float] = {}
    outside: set[int] = set()
    partial = [0] * len(network.steps)
    for each in plan.places:
        if each.need.buffer is None:
            partial[each.need.step] += 2 * each.need.bytes * each.external
        elif each.external:
            outside.add(each.need.buffer)
        else:
            slow[each.need.buffer] = _slowness(each, memories)
    if not outside and not any(partial):
        return [
            Surroundings(
                max([slow.get(buffer, 0) for buffer in step.reads], default=0),
                slow.get(step.made, 0),
            )
            for step in network.steps
        ]
    return [
        Surroundings(
            max([slow.get(buffer, 0) for buffer in step.reads], default=0),
            slow.get(step.made, 0),
            sum(network.sizes[buffer] for buffer in step.reads if buffer in outside)
            + (step.result if step.made in outside else 0),
            partial[index],
        )
        for index, step in enumerate(network.steps)
    ]


def _slowness(each: Place, memories: Memories) -> float:
    """1 for a buffer larger than a bank, else its share that lies in slower memory."""
    size = each.need.bytes
    if size > memories.bank:
        return 1
    start, end = each.offset, each.offset + size
    shared = [min(end, area.end) - max(start, area.start) for area in memories.slow]
    return sum([part for part in shared if part > 0]) / size if size else 0


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


def _flash(net: Net) -> int:
    """int8 weights as they are stored and 4 bytes for every output channel."""
    total = 0.0
    for op in net.operators:
        growth = 1.0
        if op.operator == "DEPTHWISE_CONV_2D":
            growth = depthwise_growth(
                net.tensors[op.reads[0]][1], net.tensors[op.makes[0]][2], op.kernel[0]
            )
        total += growth * op.weights + PER_OUTPUT * op.biases
    return int(total + 0.5)


# --- grades -----------------------------------------------------------------------------------

_UNKNOWN, _SOFTWARE, _STRIDED = 0.02, 0.1, 0.4
"""Shares of the time above which a grade falls."""


_HOMELESS = "its maps have no room on chip, and the board has no external RAM for them"
_UNALIGNED = "the CPU joins or cuts channels that are not multiples of 8"
_START = "below a millisecond the start of epochs decides, and that differs by runtime"


def _grade(prepared: Prepared, timed: tuple[Epoch, ...], total: int) -> Grade:
    net, network, layout = prepared.net, prepared.network, prepared.layout
    pairs = tuple(zip(network.steps, timed, strict=True))
    why = tuple(dict.fromkeys(op.doubt for op in net.operators if op.doubt))
    if why:
        return Grade("unknown", why, None)
    if layout.homeless:
        return Grade("unknown", (_HOMELESS,), None)
    names = {net.operators[epoch.ops[0]].operator for epoch in timed if epoch.unknown and epoch.ops}
    if _share(timed, total, [epoch.unknown for epoch in timed]) > _UNKNOWN:
        listed = ", ".join(sorted(names))
        return Grade("refuse", (f"no measurement has {listed}",), "refuse")
    if net.qdq and any(step.unaligned for step in network.steps):
        return Grade("refuse", (_UNALIGNED,), "refuse")
    if layout.external_bytes:
        kib = -(-layout.external_bytes // 1024)
        return Grade("spilled", (f"{kib:,} KiB lie in external RAM",), "spilled")
    if total < SHORT:
        return Grade("unknown", (_START,), "short")
    wide = []
    if any(step.kind == "broadcast" for step in network.steps):
        wide.append("a vector multiplies a map")
    share = _share(timed, total, [epoch.reason == "software" for epoch in timed])
    if share > _SOFTWARE:
        wide.append(f"{100 * share:.0f} % of the time is the CPU's")
    if _share(timed, total, [_strided(step, epoch) for step, epoch in pairs]) > _STRIDED:
        wide.append("convolutions with stride 2 take most of the time")
    return Grade("wide", tuple(wide), "wide") if wide else Grade("plain", (), "plain")


def _share(timed: tuple[Epoch, ...], total: int, chosen: list[bool]) -> float:
    part = sum(epoch.nanoseconds for epoch, yes in zip(timed, chosen, strict=True) if yes)
    return part / total if total else 0


def _strided(step: Step, epoch: Epoch) -> bool:
    return (
        step.kind == "conv"
        and step.stride == 2
        and step.channels[0] >= 8
        and epoch.reason != "flash"
    )
