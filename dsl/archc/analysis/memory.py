"""Memory of the deployed graph: which tensors are alive together, and where they lie.

Two views of the same tensors. Activations are what the network itself computes with: an operator's
inputs and its result are alive together, nothing is computed in place, and what converts at the
border counts on its int8 side only. The arena is that of TensorFlow Lite for Microcontrollers: the
float (or uint8) tensors outside the border and the scratch memory of kernels are in it too, and all
sizes are rounded up (`docs/lowering.md`, "Memory").
"""

from archc.analysis.arena import Block, end, place, rounded
from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp
from archc.ops.base import product
from archc.typed import Literal, NamedTuple

Kind = Literal["activation", "border", "scratch"]
"""What a tensor is: of the network itself, outside its border, or for one kernel alone."""


class Tensor(NamedTuple):
    """A tensor of the deployed graph, constants excluded."""

    maker: int
    """Index of the operator whose result or scratch memory it is; `INPUT`, ... for an input."""
    kind: Kind
    bytes: int
    first: int
    """Index of the operator at which it comes to life."""
    last: int
    """Index of the last operator that reads it; the last one of all for what leaves the network."""
    counted: int
    """The same of an activation: an output counts to the end, converted at the border or not."""


class Moment(NamedTuple):
    """One step: what is alive while one operator runs."""

    activation_bytes: int
    """Of activations, as they are."""
    arena_bytes: int
    """Of all tensors, each rounded up as the arena does."""


class Peak(NamedTuple):
    """The most bytes of activations that are alive together."""

    bytes: int
    at: int | None
    """Index of the first operator at which that many are; None if nothing is deployed."""
    alive: tuple[Tensor, ...]
    """The activations alive there, in order of creation."""


class Memory(NamedTuple):
    """What a network needs of memory for everything but constants."""

    peak: Peak
    tensors: tuple[Tensor, ...]
    """See `tensors`."""
    offsets: tuple[int, ...]
    """Where each tensor lies in the arena."""
    arena_bytes: int
    """The end of the last tensor."""
    lower_bound: int
    """What no plan can be below: the most bytes of the arena that are alive at one step."""
    timeline: tuple[Moment, ...]
    """By operator."""


def tensors(deployed: Deployed) -> tuple[Tensor, ...]:
    """Every tensor with its lifetime, numbered as the planner does: the input, the results of the
    operators in the order of the file, then scratch memory. What goes through a network without
    any operator is float32, whatever the type at the border.
    """
    operators = deployed.operators
    end = max(len(operators) - 1, 0)
    # An output that is converted at the border lives as its converted form.
    leaving = {index: op.border and min(op.inputs) >= 0 for index, op in enumerate(operators)}
    converted = {source for at, op in enumerate(operators) if leaving[at] for source in op.inputs}
    last = {output: end for output in deployed.outputs if output not in converted}
    for index, op in enumerate(operators):
        for source in op.inputs:
            last[source] = max(last.get(source, index), index)
    border = [op for op in operators if op.border]
    floats = not operators or any(op.float_result for op in border)
    outside = not operators or bool(border)
    kind: Kind = "border" if outside else "activation"
    results = []
    for number, shape in enumerate(deployed.input_shapes):
        maker = INPUT - number
        size = product(shape) * (4 if floats else 1)
        until = last.get(maker, 0)
        results.append(Tensor(maker, kind, size, 0, until, until))
    scratch = []
    for index, op in enumerate(operators):
        size = op.batch * product(op.shape) * (4 if op.float_result else 1)
        until = end if leaving[index] else last.get(index, index)
        counted = end if index in deployed.outputs else until
        kind = "border" if leaving[index] else "activation"
        results.append(Tensor(index, kind, size, index, until, counted))
        sizes = _scratch(op, deployed)
        scratch += [Tensor(index, "scratch", size, index, index, index) for size in sizes]
    return (*results, *scratch)


def _scratch(op: DeviceOp, deployed: Deployed) -> tuple[int, ...]:
    """What the reference kernel of an operator asks for besides (`docs/lowering.md`, "Memory")."""
    if op.operator in ("MEAN", "REDUCE_MAX"):
        rank, axes = len(deployed.shape(op.inputs[0])) + 1, sum(map(len, op.tables))
        walk = (4 * rank, 4 * axes)
        return (4 * product(op.shape), *walk) if op.operator == "MEAN" else walk
    return (4 * product(op.shape),) if op.operator == "TRANSPOSE_CONV" else ()


def timeline(alive: tuple[Tensor, ...], steps: int) -> tuple[Moment, ...]:
    """What is alive at each of so many steps."""
    activations, arena = [0] * (steps + 1), [0] * (steps + 1)
    for tensor in alive:
        if tensor.first < steps:
            size = rounded(tensor.bytes)
            arena[tensor.first] += size
            arena[tensor.last + 1] -= size
            if tensor.kind == "activation":
                activations[tensor.first] += tensor.bytes
                activations[tensor.counted + 1] -= tensor.bytes
    moments = []
    now = held = 0
    for step in range(steps):
        now += activations[step]
        held += arena[step]
        moments.append(Moment(now, held))
    return tuple(moments)


def peak(deployed: Deployed) -> Peak:
    """The peak of live activations, in bytes.

    Reproduces the liveness peaks published for MobileNets (`docs/n6.md`).
    """
    every = tensors(deployed)
    return _peak(deployed, every, timeline(every, len(deployed.operators)))


def _peak(deployed: Deployed, every: tuple[Tensor, ...], moments: tuple[Moment, ...]) -> Peak:
    """The peak; of a network without any operator, its inputs by themselves, as int8."""
    if not moments:
        size = sum(map(product, deployed.input_shapes))
        alive = (
            tensor._replace(kind="activation", bytes=product(shape))
            for tensor, shape in zip(every, deployed.input_shapes, strict=True)
        )
        return Peak(size, None, tuple(alive))
    return highest(every, moments)


def highest(every: tuple[Tensor, ...], moments: tuple[Moment, ...]) -> Peak:
    """The peak over some steps, at least one."""
    at = max(range(len(moments)), key=lambda step: moments[step].activation_bytes)
    return Peak(
        moments[at].activation_bytes,
        at,
        tuple(t for t in every if t.kind == "activation" and t.first <= at <= t.counted),
    )


def memory(deployed: Deployed) -> Memory:
    """Lifetimes, the plan of the arena and the peak of a network."""
    every = tensors(deployed)
    steps = len(deployed.operators)
    return planned(every, steps, None if steps else _peak(deployed, every, ()))


def planned(every: tuple[Tensor, ...], steps: int, peak: Peak | None = None) -> Memory:
    """The plan of the arena, and the peak, of tensors with lifetimes.

    Args:
        every: the tensors, numbered as the planner does.
        steps: how many operators there are.
        peak: of a network without operators, where no step says it.
    """
    moments = timeline(every, steps)
    blocks = [Block(t.bytes, t.first, t.last) for t in every]
    offsets = place(blocks)
    most = max(
        (moment.arena_bytes for moment in moments), default=sum(rounded(t.bytes) for t in every)
    )
    return Memory(
        peak or highest(every, moments),
        every,
        tuple(offsets),
        end(blocks, offsets),
        most,
        moments,
    )
