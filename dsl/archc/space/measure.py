"""The figures of one network, by the compiler's own formulas: on whole or symbolic numbers."""

from collections.abc import Mapping
from functools import partial

from archc.analysis.arena import Block, plan_end, rounded
from archc.analysis.figures import SUMS, flat, layer
from archc.analysis.latency import deployed_net
from archc.analysis.latency.epochs import epochs
from archc.analysis.latency.estimate import flash
from archc.analysis.lowering import Deployed
from archc.analysis.memory import Peak, tensors, timeline
from archc.analysis.tflite_micro import micro
from archc.diagnostics.model import Reporter
from archc.driver import Lowered, Options, deploy, micro_build
from archc.ir.graph import Graph
from archc.ops.base import Op, Shape, product
from archc.sema.model import BudgetRequest, Model
from archc.space import clock
from archc.space.clock import RoomRule, Sketch
from archc.space.fragments import Sharing
from archc.space.trace import Trace
from archc.targets.facts import Limits
from archc.targets.memories import ROOM
from archc.targets.pools import memories
from archc.targets.verdict import check, overruled
from archc.typed import Any, NamedTuple
from archc.values import largest, once, total

MEMORY = ("weight_bytes", "constant_bytes", "peak_activation_bytes", "arena_bytes")
ARENA = ("activations", "persistent", "total", "smallest_working")


class Measured(NamedTuple):
    """What is known of a network."""

    figures: dict[str, int]
    """By their names in the manifest's `totals` and `deployed`; those that it does not have are
    left out."""
    sketch: Sketch | None
    """What time, placement and verdict follow from; None without a target."""
    budgets: tuple[BudgetRequest, ...]


def measure(model: Model, options: Options, reporter: Reporter, trace: Trace) -> Measured | None:
    """The figures of a model; None, and reports, where it has no network.

    Args:
        model: one of a space.
        options: those of the space.
        reporter: takes what is wrong.
        trace: of the space.
    """
    made = deploy(model, options, reporter, partial(Sharing, trace=trace))
    if made is None or reporter.failed:
        return None
    figures = _totals(made.graph)
    memory = _memory(made.deployed)
    figures |= memory
    _arena(made, options, figures)
    _untrained(made, memory, figures)
    sketch = _sketch(made, memory["peak_activation_bytes"])
    return Measured(figures, sketch, model.budgets)


def _totals(graph: Graph) -> dict[str, int]:
    """The sums over layers, which structures have in common."""
    columns = zip(*once(_costs, graph.shaped()), strict=True)
    return {name: total(column) for (name, _), column in zip(SUMS, columns, strict=True)}


def _costs(op: Op, output: Shape, *inputs: Shape) -> list[int]:
    """What a layer adds to each."""
    known = layer(op, output, inputs)
    return [cost(known) for _, cost in SUMS]


def _memory(deployed: Deployed) -> dict[str, int]:
    every = tensors(deployed)
    moments = timeline(every, len(deployed.operators))
    blocks = [Block(tensor.bytes, tensor.first, tensor.last) for tensor in every]
    activations = [moment.activation_bytes for moment in moments]
    arena = [moment.arena_bytes for moment in moments]
    if not moments:
        activations = [sum(map(product, deployed.input_shapes))]
        arena = [total([rounded(tensor.bytes) for tensor in every])]
    return {
        "weight_bytes": deployed.weight_bytes,
        "constant_bytes": deployed.constant_bytes,
        "peak_activation_bytes": largest(activations),
        "arena_bytes": plan_end(blocks),
        "arena.lower_bound": largest(arena),
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


def _sketch(made: Lowered, peak: int) -> Sketch | None:
    """What the target says, but for what follows from a plan of buffers."""
    if made.target is None:
        return None
    target, request = made.target.target, made.target.request
    live = Peak(peak, None, ())
    report = check(
        target, request, made.graph, made.deployed, live, errors=True, left_out=ROOM.keys()
    )
    net = deployed_net(made.deployed)
    board = target.board(request.board)
    slow = target.timing.slow if target.timing is not None else ()
    return Sketch(
        epochs(net),
        flash(net),
        any(op.doubt for op in net.operators),
        memories(board, slow),
        sum(board.rooms),
        target.timing,
        report.verdict,
        tuple(
            RoomRule(rule.check, Limits(rule.limits), overruled(rule, request))
            for rule in target.rules
            if rule.level == "error" and rule.check in ROOM
        ),
    )


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
    found |= clock.published(manifest)
    return found
