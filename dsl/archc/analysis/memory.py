"""Memory of the deployed graph: which tensors are alive together, and when they are most.

An operator's inputs and its result are alive together, nothing is computed in place, and what
converts at the border counts on its int8 side only: the float (or uint8) tensors outside belong to
whoever calls the network.
"""

from typing import NamedTuple

from archc.analysis.lowering.deployed import INPUT, Deployed
from archc.ops.base import product


class Tensor(NamedTuple):
    """An activation of the deployed graph."""

    maker: int
    """Index of the operator whose result it is; `INPUT` for the network's input."""
    bytes: int
    first: int
    """Index of the operator at which it comes to life."""
    last: int
    """Index of the last operator that reads it; the last one of all for the network's output."""


class Peak(NamedTuple):
    """The most bytes of activations that are alive together."""

    bytes: int
    at: int | None
    """Index of the first operator at which that many are; None if nothing is deployed."""
    alive: tuple[Tensor, ...]
    """The tensors alive there, in order of creation."""


def tensors(deployed: Deployed) -> tuple[Tensor, ...]:
    """Every activation with its lifetime, in order of creation."""
    operators = deployed.operators
    end = max(len(operators) - 1, 0)
    last = {deployed.output: end}
    for index, op in enumerate(operators):
        for source in op.inputs:
            last[source] = max(last.get(source, index), index)
    found = []
    reads_input = [op for op in operators if INPUT in op.inputs]
    # An int8 input is a tensor of the network itself; behind a border its QUANTIZE makes it.
    if not any(op.border for op in reads_input):
        found.append(Tensor(INPUT, product(deployed.input_shape), 0, last.get(INPUT, 0)))
    for index, op in enumerate(operators):
        if op.border and INPUT not in op.inputs:
            continue  # what leaves through the border
        size = product(op.shape) * (4 if op.float_result else 1)
        found.append(Tensor(index, size, index, last.get(index, index)))
    return tuple(found)


def peak(deployed: Deployed) -> Peak:
    """The peak of live activations, in bytes.

    Reproduces the liveness column of the tables in `lowering.md` section 6 and `n6.md` section 5.
    """
    steps = len(deployed.operators)
    change = [0] * (steps + 2)
    alive = tensors(deployed)
    for tensor in alive:
        change[tensor.first] += tensor.bytes
        change[tensor.last + 1] -= tensor.bytes
    most, at, now = change[0], 0, 0
    for step in range(steps):
        now += change[step]
        if now > most:
            most, at = now, step
    together = tuple(tensor for tensor in alive if tensor.first <= at <= tensor.last)
    return Peak(most, at if steps else None, together)
