"""What is refused of a file before it is folded, with the node and one sentence."""

from collections.abc import Iterator

from archc.compiler import product
from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import Diagnostic, Rejected, make
from archc.diagnostics.text import several
from archc.models.onnx.constants import operands
from archc.models.onnx.model import FLOATS, Model
from archc.models.onnx.operators import refusal
from archc.models.onnx.reader import short
from archc.models.onnx.wiring import Wiring, dequantizes, quantizes

SHOWN = 20
"""Nodes that are named one by one."""
ELEMENTS = 2**31
"""Of one tensor: an offset into it has to be an int32."""


def refuse(wiring: Wiring) -> None:
    """Check that everything that a network is deployed from is known.

    Raises:
        Rejected: with a diagnostic for each node that is refused.
    """
    problems = list(_problems(wiring))
    if not problems:
        return
    diagnostics = [_diagnostic(wiring.model, problem) for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        more = several(len(problems) - SHOWN, "more node")
        diagnostics.append(_diagnostic(wiring.model, f"{more} for reasons of these kinds"))
    raise Rejected(*diagnostics)


def _diagnostic(model: Model, problem: str) -> Diagnostic:
    return make(MODEL_FILE, f"`{model.name}` cannot be taken as a deployed network: {problem}")


def _problems(wiring: Wiring) -> Iterator[str]:
    """What is wrong, the nodes in the order of the file."""
    model = wiring.model
    for place in wiring.live:
        node = model.nodes[place]
        why = refusal(node)
        if why is None and (quantizes(node) or dequantizes(node)):
            why = _quantiser(wiring, place)
        if why is None:
            why = _unknown(wiring, place)
        if why is not None:
            yield f"node `{short(node.name)}` (`{short(node.kind)}`): {why}"
    for name in model.inputs:
        if name not in model.values:
            yield f"the type or shape of its input `{short(name)}` is not known"


def _quantiser(wiring: Wiring, place: int) -> str | None:
    """Why the scales of a node are not known, if so."""
    node = wiring.model.nodes[place]
    if not operands(node):
        return "it has not the operands of a quantiser"
    value = wiring.model.values.get(node.inputs[0])
    if value is not None and (value.dtype in FLOATS) == dequantizes(node):
        return f"it reads {value.dtype}"
    held = wiring.held
    if any(name and name not in held for name in node.inputs[1:]):
        return "its scale is computed at run time, so nothing is known of its integers"
    scale, zero = held[node.inputs[1]].shape, held.get(node.read(2))
    if zero is not None and zero.shape != scale:
        return "its scale and its zero point have different shapes"
    return None


def _unknown(wiring: Wiring, place: int) -> str | None:
    """Why a node's shapes are not known, if so."""
    node, values = wiring.model.nodes[place], wiring.model.values
    for name in filter(None, node.outputs):
        if name not in values and (name in wiring.readers or name in wiring.outputs):
            return f"the shape of its result `{short(name)}` cannot be inferred"
        if name in values and product(values[name].shape) >= ELEMENTS:
            return f"its result has {product(values[name].shape):,} elements"
    for name in filter(None, node.inputs):
        known = name in values or name in wiring.model.constants
        if name in wiring.held and not known:
            return f"the shape of the constant `{short(name)}` that it reads cannot be inferred"
    return None
