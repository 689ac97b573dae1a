"""Figures of operators as node data, which Model Explorer lays over the graph of the file.

The form is that of `GraphNodeData` in the package `ai-edge-model-explorer` (0.1.34): a value for
each node by its id, and a gradient from the least to the most. Ids of a TFLite file are the
positions of its operators, those of an ONNX file the names of its nodes.
"""

import json
from collections.abc import Sequence
from typing import Any

from archc.analysis.lowering import Deployed
from archc.diagnostics.text import printable
from archc.emit.drawing.svg import LIGHT
from archc.ops.base import product

QUANTITIES = {
    "macs": "MACs",
    "time": "estimated time in us",
    "weights": "bytes of weights",
    "activations": "bytes of the result",
    "tier": "where it runs",
}
"""What can be laid over a graph."""
MARK = '{\n  "name": "archc: '
"""How such a file begins, by which the command knows its own."""
Value = int | float | str


def node_data(name: str, quantity: str, keys: Sequence[str], values: Sequence[Value | None]) -> str:
    """A document of one quantity.

    Args:
        name: of the network.
        quantity: one of `QUANTITIES`.
        keys: the id of each operator's node; empty where it has none.
        values: of each operator; None where it has none of its own.

    Returns:
        JSON, the same text for the same figures.
    """
    told = {
        key: {"value": value, **_shade(value)}
        for key, value in zip(keys, values, strict=True)
        if key and value is not None
    }
    document: dict[str, Any] = {
        "name": f"archc: {QUANTITIES[quantity]} of {printable(name)}",
        "results": told,
    }
    if quantity != "tier":
        shades = LIGHT.heat[1:]
        document["gradient"] = [
            {"stop": at / (len(shades) - 1), "bgColor": shade, "textColor": LIGHT.ink}
            for at, shade in enumerate(shades)
        ]
    return json.dumps(document, indent=2) + "\n"


_TIERS = {"NPU": "#cfe9cf", "CPU": LIGHT.heat[-1]}


def _shade(value: Value) -> dict[str, str]:
    """The colour of a value in words: hardware apart from software, and from what is not known."""
    if not isinstance(value, str):
        return {}
    return {"bgColor": _TIERS.get(value[:3], "#d9dde2"), "textColor": LIGHT.ink}


def figures(deployed: Deployed, manifest: dict[str, Any], quantity: str) -> list[Value | None]:
    """A quantity of every operator, in the order of the file.

    Args:
        deployed: the int8 file.
        manifest: of the same network.
        quantity: any of `QUANTITIES` but `tier`; `time` where the manifest has one.
    """
    operators = deployed.operators
    if quantity == "weights":
        return [op.weights + 4 * op.biases for op in operators]
    if quantity == "activations":
        return [product(op.shape) * (4 if op.float_result else 1) for op in operators]
    if quantity == "time":
        spent: dict[int, int] = {}
        for epoch in manifest["deployed"]["latency"]["epochs"]:
            for first in epoch["operators"][:1]:
                spent[first] = spent.get(first, 0) + epoch["nanoseconds"]
        return [spent[at] / 1000 if at in spent else None for at in range(len(operators))]
    macs = {layer["name"]: layer["macs"] for layer in manifest["layers"]}
    counted: set[str] = set()
    found: list[Value | None] = []
    for op in manifest["deployed"]["sequence"]:
        own = [name for name in op["layers"] if name not in counted]
        counted.update(own)
        known = [macs[name] for name in own if macs.get(name) is not None]
        found.append(sum(known) if known or not own else None)
    return found
