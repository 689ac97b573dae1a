"""The figures of one network, by the compiler's own formulas: on whole or symbolic numbers."""

from collections.abc import Iterable, Mapping
from functools import reduce

from archc.analysis.arena import Block, plan_end, rounded
from archc.analysis.figures import TOTALS, flat, network
from archc.analysis.latency import Layout, Net, Prepared
from archc.analysis.latency.epochs import Epochs
from archc.analysis.latency.placement import LARGE_KERNEL, PARTIAL
from archc.analysis.lowering import Deployed
from archc.analysis.memory import Peak, tensors, timeline
from archc.analysis.tflite_micro import micro
from archc.diagnostics.model import Reporter
from archc.driver import Lowered, Options, deploy, micro_build
from archc.ops.base import product
from archc.sema.model import BudgetRequest, Model
from archc.targets.pools import memories
from archc.targets.verdict import check
from archc.typed import Any, NamedTuple
from archc.values import larger

MEMORY = ("weight_bytes", "constant_bytes", "peak_activation_bytes", "arena_bytes")
ARENA = ("activations", "persistent", "total", "smallest_working")


OPEN = "open"
"""A verdict that only a plan of buffers can give."""


SETTLED = Prepared(
    Net((), (), (), ()), Epochs((), (), (), frozenset(), ()), (), Layout((), 0, 0, False, 0)
)
"""A plan with nothing outside."""


class Measured(NamedTuple):
    """What is known of a network."""

    figures: dict[str, int]
    """By their names in the manifest's `totals` and `deployed`; those that it does not have are
    left out."""
    verdict: str | None
    """What the target says, if all buffers have a place."""
    spare: int
    """Bytes that a memory has left with all buffers in it at once, alive together or not: from 0 on
    they have a place in any plan. Below it the verdict is `OPEN`, unless it is settled."""
    budgets: tuple[BudgetRequest, ...]


def measure(model: Model, options: Options, reporter: Reporter) -> Measured | None:
    """The figures of a model; None, and reports, where it has no network."""
    made = deploy(model, options, reporter)
    if made is None or reporter.failed:
        return None
    layers = network(made.graph, made.deployed)
    figures = {figure.name: sum(figure.costs(layers)) for figure in TOTALS}
    memory = _memory(made.deployed)
    figures |= memory
    _arena(made, options, figures)
    _untrained(made, memory, figures)
    verdict, spare = _verdict(made, memory["peak_activation_bytes"])
    return Measured(figures, verdict, spare, model.budgets)


def _most(values: Iterable[int]) -> int:
    return reduce(larger, values)


def _memory(deployed: Deployed) -> dict[str, int]:
    every = tensors(deployed)
    moments = timeline(every, len(deployed.operators))
    blocks = [Block(tensor.bytes, tensor.first, tensor.last) for tensor in every]
    inputs = sum(map(product, deployed.input_shapes))
    together = sum(rounded(tensor.bytes) for tensor in every)
    return {
        "weight_bytes": deployed.weight_bytes,
        "constant_bytes": deployed.constant_bytes,
        "peak_activation_bytes": _most([m.activation_bytes for m in moments] or [inputs]),
        "arena_bytes": plan_end(blocks),
        "arena.lower_bound": _most([m.arena_bytes for m in moments] or [together]),
    }


def _arena(made: Lowered, options: Options, figures: dict[str, int]) -> None:
    arena = micro(made.deployed, micro_build(made.target, options)).arena
    if arena is not None:
        figures |= {f"tflite_micro.{part}": getattr(arena, part) for part in ARENA}


def _untrained(made: Lowered, memory: Mapping[str, int], figures: dict[str, int]) -> None:
    """The same before training, which differ in little."""
    trained, untrained = (
        [(op.operator, op.shape, op.inputs, op.layers, op.activation) for op in deployed.operators]
        for deployed in (made.deployed, made.untrained)
    )
    before = memory
    if len(trained) != len(untrained) or trained != untrained:
        before = _memory(made.untrained)
    figures |= {f"untrained.{name}": before[name] for name in MEMORY[2:]}
    figures["untrained.weight_bytes"] = made.untrained.weight_bytes
    figures["untrained.constant_bytes"] = made.untrained.constant_bytes


def _verdict(made: Lowered, peak: int) -> tuple[str | None, int]:
    """What the target says, by the rules that decide it, and how much memory is left for what they
    are not asked: where buffers lie is not planned here."""
    if made.target is None:
        return None, 0
    target, request = made.target.target, made.target.request
    places = memories(target.board(request.board), ())
    room = max([places.bank, *[area.end - area.start for _, area in places.outside[:1]]])
    live = Peak(peak, None, ())
    report = check(target, request, made.graph, made.deployed, live, SETTLED, errors=True)
    return report.verdict, room - _together(made.deployed)


def _together(deployed: Deployed) -> int:
    """At least as many bytes as all buffers of a network have: two for each tensor (as given and as
    copied, or a gate and what it gates), in float32 where it is converted, and two of partial sums
    where a kernel is large."""
    total = 2 * sum(map(product, deployed.input_shapes))
    for op in deployed.operators:
        times = 2
        if op.float_result or op.operator == "DEQUANTIZE":
            times = 8
        elif op.window is not None and max(op.window.kernel) >= LARGE_KERNEL:
            times += 2 * PARTIAL
        total += times * op.batch * product(op.shape)
    return total


def published(manifest: Mapping[str, Any]) -> dict[str, int]:
    """The same figures as a manifest has them."""
    deployed = manifest["deployed"]
    found = dict(flat(manifest["totals"]))
    found |= {name: deployed[name] for name in MEMORY}
    found["arena.lower_bound"] = deployed["arena"]["lower_bound"]
    for part in ARENA:
        if deployed["tflite_micro"][part] is not None:
            found[f"tflite_micro.{part}"] = deployed["tflite_micro"][part]
    before = deployed["untrained"] or deployed
    found |= {f"untrained.{name}": before[name] for name in MEMORY}
    return found
