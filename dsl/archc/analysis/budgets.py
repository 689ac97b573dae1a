"""Budgets: what `require` bounds, checked against the figures of a network."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from archc.analysis.figures import TOTALS, value
from archc.analysis.latency_budget import LATENCY, MOST, latency_budget
from archc.analysis.profile import Footprint, Profile
from archc.analysis.tflite_micro import BUILDS
from archc.diagnostics.codes import BUDGET, NUMBER, UNKNOWN_NAME
from archc.diagnostics.model import Diagnostic, Edit, make
from archc.diagnostics.text import few
from archc.sema.model import BudgetRequest
from archc.typed import Any, NamedTuple
from archc.values import show, symbolic


class Budget(NamedTuple):
    """A budget and what it is checked against."""

    name: str
    limit: int
    actual: int

    @property
    def passed(self) -> bool:
        return self.actual <= self.limit


_ARENA = "tflite_micro."
_DEPLOYED: dict[str, Callable[[Footprint], int | None]] = {
    "weight_bytes": lambda footprint: footprint.weight_bytes,
    "peak_activation_bytes": lambda footprint: footprint.peak_activation_bytes,
    "constant_bytes": lambda footprint: footprint.constant_bytes,
    "arena_bytes": lambda footprint: None if footprint.micro.unsupported else footprint.arena_bytes,
    f"{_ARENA}activations": lambda footprint: _arena(footprint, "activations"),
    f"{_ARENA}persistent": lambda footprint: _arena(footprint, "persistent"),
    f"{_ARENA}total": lambda footprint: _arena(footprint, "total"),
    f"{_ARENA}smallest_working": lambda footprint: _arena(footprint, "smallest_working"),
}
"""None where TensorFlow Lite Micro does not load the network."""

BUDGET_NAMES: tuple[str, ...] = (*(figure.name for figure in TOTALS), *_DEPLOYED, LATENCY)
"""What `require` can bound: the integer keys of the manifest's totals and deployed sections, and
the estimated time."""


def _arena(footprint: Footprint, part: str) -> int | None:
    arena = footprint.micro.arena
    figure: int | None = None if arena is None else getattr(arena, part)
    return figure


def quantity(manifest: Mapping[str, Any], name: str) -> int | float | None:
    """What a manifest says of a quantity that can be required; None where nothing is known."""
    figures = {**manifest["deployed"], **manifest["totals"]}
    if name == LATENCY:
        most = figures["latency"] and figures["latency"]["most"]
        return None if most is None else most / 1000
    found: int | None = value(figures, name)
    return found


def is_bytes(name: str) -> bool:
    """Whether a quantity is a number of bytes, so that it may have a unit of bytes."""
    return "bytes" in name or name.startswith(_ARENA)


def budget_faults(requests: Iterable[BudgetRequest]) -> tuple[Diagnostic, ...]:
    """What is wrong with budgets whatever the network: unknown names, bytes for counts."""
    faults = []
    for request in requests:
        name = request.name.text
        if name not in BUDGET_NAMES:
            faults.append(_unknown(request))
        elif name != LATENCY and not _whole(request.limit):
            faults.append(
                make(
                    NUMBER,
                    f"a budget of `{name}` is a whole number, not {show(request.limit)}",
                    request.span,
                    help="units make large ones short: `30 M`, `512 KiB`",
                )
            )
        elif request.bytes and not is_bytes(name):
            faults.append(
                make(
                    NUMBER,
                    f"`{name}` is a count, not a number of bytes",
                    request.span,
                    help="units for counts are k, M and G",
                )
            )
    return tuple(faults)


def _whole(limit: Any) -> bool:
    return isinstance(limit, int) or (symbolic(limit) and limit.denominator == 1)


def budgets(
    requests: Iterable[BudgetRequest], profile: Profile
) -> tuple[tuple[Budget, ...], tuple[Diagnostic, ...]]:
    """Every budget of known name with its actual value, and those that are broken.

    A broken budget is an error that names the layers which cost most of it.
    """
    evaluated, diagnostics = [], []
    costs: dict[str, list[str]] = {}
    for request in requests:
        name = request.name.text
        if name == LATENCY:
            held, fault = latency_budget(request, profile)
            evaluated += [Budget(MOST, *held)] if held else []
            diagnostics += [fault] if fault else []
            continue
        if name not in BUDGET_NAMES or not isinstance(request.limit, int):
            continue
        deployed = _DEPLOYED.get(name)
        figure = deployed(profile.deployed) if deployed else profile.totals[name]
        if figure is None:
            diagnostics.append(_no_arena(request, profile.deployed))
            continue
        actual = figure
        budget = Budget(name, request.limit, actual)
        evaluated.append(budget)
        if not budget.passed:
            if name not in costs:
                costs[name] = _costs(name, actual, profile)
            diagnostics.append(
                make(
                    BUDGET,
                    f"`{name}` is {actual:,}, above the budget of {budget.limit:,}",
                    request.name.span,
                    label=f"{actual - budget.limit:,} too many",
                    help=f"narrow these layers, or raise the budget: `{name} <= {actual}`",
                    notes=costs[name],
                )
            )
    return tuple(evaluated), tuple(diagnostics)


def _unknown(request: BudgetRequest) -> Diagnostic:
    from archc.diagnostics.nearest import Proposal, normal, propose
    from archc.foreign import quantities

    name, span = request.name.text, request.name.span
    near = propose(name, span, BUDGET_NAMES)
    listed = f"quantities are {', '.join(BUDGET_NAMES)}"
    known = next((one for one in quantities() if normal(name) in map(normal, one.names)), None)
    if known is not None and not near.edits:
        near = Proposal(known.why)
        if known.ours in BUDGET_NAMES:
            near = Proposal(f"it is called `{known.ours}` here", (Edit(span, known.ours),))
    return make(
        UNKNOWN_NAME,
        f"`{name}` is not a quantity that can be required",
        span,
        notes=[listed] if near.help else (),
        help=near.help or listed,
        edits=near.edits,
    )


def _no_arena(request: BudgetRequest, footprint: Footprint) -> Diagnostic:
    """The error for a budget on the arena of a network that TensorFlow Lite Micro does not load."""
    name = request.name.text
    missing = footprint.micro.unsupported
    layers = dict.fromkeys(
        layer for step in footprint.sequence if step.operator in missing for layer in step.layers
    )
    named = [f"`{layer}`" for layer in layers]
    return make(
        BUDGET,
        f"`{name}` cannot be met: TensorFlow Lite Micro has no kernel for {' and '.join(missing)}",
        request.name.span,
        label="there is no arena to bound",
        notes=[f"it comes from {few(named, 5)}"] if named else (),
        help="use other operators there, or remove this budget",
    )


def _costs(name: str, actual: int, profile: Profile, most: int = 5) -> list[str]:
    """A note that names the layers with the largest shares of a quantity."""
    if name in ("peak_activation_bytes", "arena_bytes"):
        return _fullest(profile.deployed, border=name == "arena_bytes")
    if name.startswith(_ARENA):
        return list(_arena_costs(name.removeprefix(_ARENA), profile.deployed))
    listed = "weight_bytes" if name == "constant_bytes" else name  # most constants are weights
    costs = ((row.figures[listed] or 0, row.name) for row in profile.layers)
    ranked = sorted(costs, key=lambda cost: -cost[0])[:most]
    parts = [f"`{layer}` {cost:,} ({100 * cost / actual:.0f} %)" for cost, layer in ranked if cost]
    return [f"the layers that cost most: {', '.join(parts)}"] if parts else []


def _fullest(footprint: Footprint, border: bool, most: int = 5) -> list[str]:
    """A note that says what is alive where memory is fullest, the largest first; ``border``
    includes what only the arena holds."""
    memory = footprint.memory
    if memory.peak.at is None:
        return []
    step, where = memory.peak.at, f"`{footprint.peak_at}`"
    if border:
        step = max(range(len(memory.timeline)), key=lambda at: memory.timeline[at].arena_bytes)
        operator = footprint.sequence[step]
        where = f"`{operator.layers[0]}`" if operator.layers else f"the {operator.operator}"
    alive = [
        (tensor.bytes, owner)
        for tensor, owner in zip(memory.tensors, footprint.owners, strict=True)
        if tensor.first <= step <= (tensor.last if border else tensor.counted)
        and (border or tensor.kind == "activation")
    ]
    alive.sort(key=lambda one: -one[0])
    listed = few([f"`{layer}` {size:,}" for size, layer in alive], most)
    return [f"the peak is at {where}, where these are alive: {listed}"]


def _arena_costs(part: str, footprint: Footprint, most: int = 5) -> Iterator[str]:
    """Notes that say what a part of the arena of TensorFlow Lite Micro is made of."""
    micro = footprint.micro
    arena = micro.arena
    assert arena is not None, "a figure without an arena"

    def owner(index: int, place: int = -1) -> str:
        if index < 0:
            return "the input"
        step = footprint.sequence[index]
        return f"`{step.layers[place]}`" if step.layers else f"the {step.operator} of the border"

    yield f"for the build `{micro.build}`: {BUILDS[micro.build].title}"
    if part != "persistent":
        step, alive = micro.fullest()
        listed = few([f"{owner(index)} {size:,}" for index, size in alive], most)
        yield (
            f"activations take {arena.activations:,}; most are alive while {owner(step)} runs: "
            f"{listed}"
        )
    if part != "activations":
        ranked = sorted(enumerate(arena.kept), key=lambda one: -one[1])[:most]
        listed = ", ".join(f"{owner(index, 0)} {size:,}" for index, size in ranked if size)
        yield (
            f"{arena.persistent:,} are kept for as long as it runs: {sum(arena.kept):,} of it by "
            f"operators, most by {listed}; the rest grows with the number of tensors and operators"
        )
    if part == "smallest_working" and arena.smallest_working > arena.total:
        yield (
            f"{arena.smallest_working - arena.total:,} more are taken for a while when tensors are "
            "allocated: the wider the layers and the more operators, the more"
        )
