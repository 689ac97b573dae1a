"""The arena of a TFLite file, by the planner that made the manifest's."""

from archc.analysis.lowering.deployed import INPUT, DeviceOp, measure
from archc.analysis.memory import memory
from archc.tflite import Operator, Subgraph


def arena_bytes(graph: Subgraph) -> int | None:
    """Bytes that TensorFlow Lite for Microcontrollers plans for what is not constant.

    None where that is not known: for several inputs or outputs, and for types that the planner
    does not have.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1 or not graph.operators:
        return None
    makers = {tensor: i for i, op in enumerate(graph.operators) for tensor in op.outputs}
    operators = []
    for op in graph.operators:
        if len(op.outputs) != 1:
            return None
        result = graph.tensors[op.outputs[0]]
        border = op.inputs[:1] == graph.inputs or op.outputs == graph.outputs
        if result.dtype not in ("int8", "uint8", "float32"):
            return None
        reads = []
        for tensor in op.inputs:
            if tensor in graph.inputs:
                reads.append(INPUT)
            elif tensor in makers:
                reads.append(makers[tensor])
        if not reads:
            return None
        operators.append(
            DeviceOp(
                op.name,
                _inner(result.shape),
                tuple(reads),
                (),
                tables=_axes(graph, op),
                border=border and op.name in ("QUANTIZE", "DEQUANTIZE"),
                float_result=result.dtype == "float32",
            )
        )
    output = makers.get(graph.outputs[0], INPUT)
    if output != INPUT and operators[output].border and operators[output].inputs:
        output = operators[output].inputs[0]
    shape = _inner(graph.tensors[graph.inputs[0]].shape)
    return memory(measure(tuple(operators), (), (output,), (shape,))).arena_bytes


def _inner(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) > 1 else shape


def _axes(graph: Subgraph, op: Operator) -> tuple[tuple[int, ...], ...]:
    """As many axes as a reduction has; which ones is of no matter here."""
    if op.name not in ("MEAN", "REDUCE_MAX") or len(op.inputs) < 2 or op.inputs[1] < 0:
        return ()
    axes = graph.tensors[op.inputs[1]].elements
    return (tuple(range(axes)),) if axes <= 8 else ()
