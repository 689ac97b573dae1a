"""A deployed graph as the computation of TFLite Micro's arena takes it
(`archc.analysis.tflite_micro`)."""

from archc.compiler import Network, RuntimeOperator, RuntimeTensor, Window
from archc.models.deployed.graph import FileGraph, Operator, Tensor
from archc.models.deployed.scheme import said_of

_OPERANDS = {
    "CONV_2D": (2, 4),
    "DEPTHWISE_CONV_2D": (2, 4),
    "TRANSPOSE_CONV": (3, 4),
    "AVERAGE_POOL_2D": (1, 4),
    "FULLY_CONNECTED": (2, 1),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), (2, 0)),
}
"""(inputs, axes of each float or int8 one) without which an operator means nothing; else (1, 0)."""


def runtime_network(graph: FileGraph) -> Network | str:
    """The network of a file, or why its allocations are not known."""
    gap = graph.gap("arena")
    if gap is not None:
        return gap.reason
    if refused := said_of(graph.scheme).arena:
        return refused
    for tensor in graph.tensors:
        if tensor.bits == 0 or tensor.bits % 8:
            return f"it has values of type {tensor.dtype}"
        if tensor.variable:
            return "it keeps a state from one run to the next"
    for op in graph.operators:
        if not _whole(op, graph.tensors):
            return f"`{op.name}` ({op.label}) lacks operands"
    return Network(
        tuple(map(_tensor, graph.tensors)),
        tuple(
            RuntimeOperator(op.kind, op.inputs, op.outputs, _window(op)) for op in graph.operators
        ),
        graph.inputs,
        graph.outputs,
    )


def _whole(op: Operator, tensors: tuple[Tensor, ...]) -> bool:
    inputs, axes = _OPERANDS.get(op.kind, (1, 0))
    reads = op.inputs[:inputs]
    if len(reads) < inputs or min(reads, default=0) < 0 or not op.outputs:
        return False
    # What TRANSPOSE_CONV reads first is a table, the shape of its result.
    shaped = (*reads[op.kind == "TRANSPOSE_CONV" :], op.outputs[0])
    window = (*op.window.stride, *op.window.dilation) if op.window is not None else (1,)
    return all(len(tensors[i].shape) >= axes for i in shaped) and min(window) > 0


def _tensor(tensor: Tensor) -> RuntimeTensor:
    scales = tensor.scales
    count = scales.number if scales is not None and scales.complete else 0
    return RuntimeTensor(tensor.shape, tensor.bits // 8, count, tensor.constant)


def _window(op: Operator) -> Window | None:
    if op.window is None:
        return None
    return Window(op.window.stride, op.window.dilation, op.window.padding == "valid")
