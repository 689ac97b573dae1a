"""The operators of ONNX that are read and those that are refused, as `operators.toml` has them."""

from collections.abc import Iterator
from typing import NamedTuple

from archc.models.onnx.model import Node
from archc.plain import beside

OWN = ""
"""The domain of ONNX's own operators."""
CONTRIB = "com.microsoft"
QUANTIZE, DEQUANTIZE = "QuantizeLinear", "DequantizeLinear"


class Operator(NamedTuple):
    """What an operator of ONNX is."""

    kind: str
    """TFLite's name of what it computes, which targets know; else its own."""
    roles: str = "m"
    """What it reads at each place, the last one again for all that follow: `m` a feature map or a
    constant in the place of one, `w` a filter, `b` a bias, `t` a table (shapes, axes, bounds),
    which is no weight."""
    view: bool = False
    """Whether its result is what it reads, by another shape."""
    spatial: bool = False
    """Whether the second axis of what it reads and makes are channels, and rows and columns behind
    them."""
    fuses: bool = False
    """Whether a device computes an activation behind it in the same pass."""
    activation: bool = False
    """Whether it is such an activation."""


def _operators() -> Iterator[tuple[str, Operator]]:
    for group in _DOCUMENT["operators"]:
        common = {name: flag for name, flag in group.items() if name != "are"}
        for name, kind, *roles in map(str.split, group["are"].splitlines()):
            yield name, Operator(name if kind == "=" else kind, "".join(roles) or "m", **common)


def _refused(key: str) -> dict[str, str]:
    groups = _DOCUMENT["refused"]
    return {name: group["why"] for group in groups for name in group.get(key, "").split()}


_DOCUMENT = beside(__file__, "operators.toml")
OPERATORS: dict[str, Operator] = dict(_operators())
"""By name, of ONNX's own domain; the quantisers also of `com.microsoft`."""
REFUSED = _refused("are")
"""Why an operator is refused, by name: the sentence begins with the node."""
CONTRIB_REFUSED = _refused("contrib")
"""The same of operators of `com.microsoft`, by how their names begin."""

NOTHING = frozenset({"Identity", "Dropout"})
"""What does nothing on a device."""
MERGING = frozenset({"Concat", "Max", "Min", "Sum", "Mean"})
"""What does nothing either where it reads one map: DenseNets begin their blocks so."""
OF_SHAPES = frozenset({"Shape", "Size"})
"""What depends on the shape of what it reads, which is known, and so is a constant."""
STATIC = frozenset({"ConstantOfShape", "Range", "EyeLike"})
"""What is a constant though it may read nothing."""

PAIRS = {"Sigmoid": "SWISH", "HardSigmoid": "HARD_SWISH"}
"""A gate whose product with what it reads is one operator, and that operator."""
_BRANCH = REFUSED["If"]


def refusal(node: Node) -> str | None:
    """Why a node cannot be part of a deployed network, if it cannot."""
    if node.domain == OWN:
        return REFUSED.get(node.kind) or (_BRANCH if node.nested else None)
    if node.domain == CONTRIB:
        if node.kind in (QUANTIZE, DEQUANTIZE):
            return None
        begins = (why for start, why in CONTRIB_REFUSED.items() if node.kind.startswith(start))
        if (why := next(begins, None)) is not None:
            return why
    return f"its domain `{node.domain}` is not ONNX's own, so what it computes is not known"


def role(operator: Operator, place: int) -> str:
    """What an operator reads at a place."""
    return operator.roles[min(place, len(operator.roles) - 1)]
