"""The deployed graph as text and as plain data."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from archc.analysis.lowering.deployed import INPUT, Deployed
from archc.diagnostics.text import shape_text
from archc.emit.stages.graph import own
from archc.emit.stages.rows import Row, at
from archc.ir.graph import Graph
from archc.plain import picked, plain
from archc.values import show


def deployed_rows(graph: Graph, deployed: Deployed) -> list[Row]:
    """The operators of the int8 file in its order, and the layers that each stems from.

    `%5` is the result of operator 5. An operator's place is that of the first of those layers.
    """
    entries = [graph.nodes[index] for index in graph.inputs]
    rows = [Row(own(one), 0, f"input {one.name} : {shape_text(one.shape)}") for one in entries]

    def value(source: int) -> str:
        if source >= 0:
            return f"%{source}"
        return "input" if len(entries) == 1 else entries[INPUT - source].name

    for index, op in enumerate(deployed.operators):
        reads = ", ".join(map(value, op.inputs))
        fused = f" + {op.activation}" if op.activation else ""
        float_result = " float32" if op.float_result else ""
        span = own(graph.nodes[op.layers[0]]) if op.layers else None
        text = f"%{index} = {op.operator}({reads}){fused} : {shape_text(op.shape)}{float_result}"
        rows.append(Row(span, 0, text))
        constants = ((op.weights, "int8 weights"), (op.biases, "int32 biases"))
        said = [f"{count:,} {kind}" for count, kind in constants if count]
        said += [f"table [{', '.join(map(str, table))}]" for table in op.tables]
        said += [f"scalar {show(op.scalar)}"] if op.scalar is not None else []
        if op.layers:
            said.append("from " + _factored([graph.nodes[one].name for one in op.layers]))
        elif op.border:
            said.append("at the border")
        if said:
            rows.append(Row(None, 2, "; ".join(said)))
    for output, called in zip_longest(deployed.outputs, graph.names):
        last = f"{called} {value(output)}" if called else value(output)
        rows.append(Row(None, 0, f"output {last}, before the border"))
    counts = ", ".join(f"{count} {name}" for name, count in deployed.counts.items())
    rows.append(Row(None, 0, f"operators: {counts or 'none'}, in {deployed.order} order"))
    sizes = f"{deployed.weight_bytes:,} weight bytes, {deployed.constant_bytes:,} constant bytes"
    rows.append(Row(None, 0, sizes))
    for doubt in deployed.unknown:
        names = ", ".join(graph.nodes[one].name for one in doubt.layers)
        span = own(graph.nodes[doubt.layers[0]])
        rows.append(Row(span, 0, f"unknown: {doubt.reason}: {names}"))
    for failure in deployed.failures:
        names = ", ".join(graph.nodes[one].name for one in failure.layers)
        span = own(graph.nodes[failure.layers[0]])
        rows.append(Row(span, 0, f"fails to convert: {failure.reason}: {names}"))
    return rows


def _factored(names: Sequence[str]) -> str:
    """Names with what they share at the front written once: `a_ds_{conv, batchnorm}`."""
    if len(names) == 1:
        return names[0]
    low, high = min(names), max(names)
    size = next((at for at, sign in enumerate(low) if high[at : at + 1] != sign), len(low))
    shared = low[: low.rfind("_", 0, size) + 1]
    return f"{shared}{{{', '.join(name[len(shared) :] for name in names)}}}"


def deployed_data(graph: Graph, deployed: Deployed) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "name": graph.name,
        "input_shapes": [list(shape) for shape in deployed.input_shapes],
        "outputs": list(deployed.outputs),
        "operators": [
            {
                "index": index,
                "operator": op.operator,
                "inputs": list(op.inputs),
                "shape": list(op.shape),
                "layers": [graph.nodes[one].name for one in op.layers],
                **picked(op, "weights biases tables"),
                "scalar": None if op.scalar is None else show(op.scalar),
                **picked(op, "activation border float_result"),
                "at": at(own(graph.nodes[op.layers[0]])) if op.layers else None,
            }
            for index, op in enumerate(deployed.operators)
        ],
        **picked(deployed, "counts weight_bytes constant_bytes order"),
        **{
            key: [
                {**plain(one), "layers": [graph.nodes[node].name for node in one.layers]}
                for one in getattr(deployed, key)
            ]
            for key in ("unknown", "failures")
        },
    }
