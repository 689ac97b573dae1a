"""What the values of weights tell: filters that compute nothing, a network that is not trained."""

from collections.abc import Iterator
from typing import NamedTuple

from archc.compiler import Trait, product
from archc.models.onnx.constants import Held
from archc.models.onnx.folding import Folded, Step
from archc.models.onnx.model import Constant
from archc.models.onnx.operators import OPERATORS, role
from archc.models.onnx.reader import short
from archc.models.onnx.wiring import known

DEAD, NOT_FINITE, UNTRAINED = "dead_kernels", "not_finite", "untrained"
"""Names of traits."""


class Weights(NamedTuple):
    """A filter or bias that is in the file."""

    place: int
    """Of its operator."""
    step: Step
    part: str
    """`w` or `b`, as `Operator.roles` has them."""
    held: Held
    constant: Constant

    @property
    def called(self) -> str:
        return f"`{short(self.step.node.name)}` ({short(self.step.node.kind)})"


def values(folded: Folded) -> Iterator[Trait]:
    """Kernels whose weights are all zero, numbers that are not finite, biases that are all zero."""
    read = list(_weights(folded))
    broken = [one for one in read if not one.constant.finite]
    for one in broken:
        what = "filter" if one.part == "w" else "bias"
        yield Trait(NOT_FINITE, f"the {what} of {one.called}", one.place)
    turned = _turned(folded)
    filters = [(one, axis) for one in read if (axis := _outputs(one, turned)) is not None]
    dead = [one.constant.zeros[axis] for one, axis in filters]
    if sum(dead):
        total = sum(one.constant.shape[axis] for one, axis in filters)
        most, (worst, axis) = max(zip(dead, filters, strict=True), key=lambda pair: pair[0])
        what = f"{sum(dead):,} of {total:,} kernels"
        where = f"{worst.called}: {most:,} of {worst.constant.shape[axis]:,}"
        yield Trait(DEAD, f"{what}, most in {where}", worst.place, sum(dead))
    biases = [one for one in read if one.part == "b" and one.constant.zeros]
    if len(biases) > 1 and all(_blank(one) for one in biases):
        yield Trait(UNTRAINED, f"{len(biases):,} biases")


def _weights(folded: Folded) -> Iterator[Weights]:
    constants = folded.wiring.model.constants
    for place, step in enumerate(folded.steps):
        if not known(step.node):
            continue
        for number, source in enumerate(step.reads):
            part = role(OPERATORS[step.node.kind], number)
            if part in ("w", "b") and isinstance(source, Held) and source.origin[0] in constants:
                yield Weights(place, step, part, source, constants[source.origin[0]])


def _turned(folded: Folded) -> frozenset[str]:
    """Constants whose axes are moved before they are read."""
    held = folded.wiring.held
    moved = (n for n in folded.wiring.model.nodes if n.kind == "Transpose")
    return frozenset(held[name].origin[0] for n in moved for name in n.outputs if name in held)


def _outputs(one: Weights, turned: frozenset[str]) -> int | None:
    """The axis of a filter that are its outputs, where its zeros are known and mean 0."""
    node, constant = one.step.node, one.constant
    exact = one.held.scales is None or one.held.scales.symmetric
    same = one.held.shape == constant.shape and one.held.origin[0] not in turned
    if one.part != "w" or not (exact and same) or len(constant.zeros) < 2:
        return None
    if node.kind == "Conv":
        return 0
    if node.kind == "ConvTranspose":
        return 1 if node.number("group", 1) == 1 else None
    if node.kind in ("Gemm", "MatMul") and len(constant.shape) == 2:
        return 0 if node.kind == "Gemm" and node.number("transB", 0) else 1
    return None


def _blank(one: Weights) -> bool:
    """Whether a bias is all zeros."""
    return len(one.constant.shape) == 1 and one.constant.zeros[0] == product(one.constant.shape)
