"""A TFLite file as the computation of the arena takes it (`archc.analysis.tflite_micro`)."""

from archc.compiler import Network, RuntimeOperator, RuntimeTensor, Window
from archc.models.tflite import Model
from archc.models.tflite import Operator as FileOperator
from archc.models.tflite import Tensor as FileTensor
from archc.models.tflite.schema import TYPES

_WIDTHS = {kind.name: kind.bits // 8 for kind in TYPES if kind.bits and kind.bits % 8 == 0}
"""Bytes of a value by type, where values are whole bytes."""
_PLANNED = "OfflineMemoryAllocation"
"""Metadata by which a file brings a plan of its own."""
_OPERANDS = {
    "CONV_2D": (2, 4),
    "DEPTHWISE_CONV_2D": (2, 4),
    "TRANSPOSE_CONV": (3, 4),
    "AVERAGE_POOL_2D": (1, 4),
    "FULLY_CONNECTED": (2, 1),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), (2, 0)),
}
"""(inputs, axes of each float or int8 one) without which an operator means nothing; else (1, 0)."""


def file_network(model: Model) -> Network | None:
    """The network of a file, or None where its allocations are not known: several subgraphs,
    states, a plan in the file, types without a known width, operators that lack operands."""
    graph = model.subgraphs[0]
    if len(model.subgraphs) > 1 or _PLANNED in model.metadata:
        return None
    if any(tensor.dtype not in _WIDTHS or tensor.variable for tensor in graph.tensors):
        return None
    if not all(_whole(op, graph.tensors) for op in graph.operators):
        return None
    return Network(
        tuple(map(_tensor, graph.tensors)),
        tuple(
            RuntimeOperator(op.name, op.inputs, op.outputs, _window(op)) for op in graph.operators
        ),
        graph.inputs,
        graph.outputs,
    )


def _whole(op: FileOperator, tensors: tuple[FileTensor, ...]) -> bool:
    inputs, axes = _OPERANDS.get(op.name, (1, 0))
    reads = op.inputs[:inputs]
    if len(reads) < inputs or min(reads, default=0) < 0 or not op.outputs:
        return False
    # What TRANSPOSE_CONV reads first is a table, the shape of its result.
    shaped = (*reads[op.name == "TRANSPOSE_CONV" :], op.outputs[0])
    window = (*(op.stride or (1, 1)), *(op.dilation or (1, 1)))
    return all(len(tensors[i].shape) >= axes for i in shaped) and min(window) > 0


def _tensor(tensor: FileTensor) -> RuntimeTensor:
    given = tensor.quantization
    scales = len(given.scales) if given is not None and given.zero_points else 0
    return RuntimeTensor(tensor.shape, _WIDTHS[tensor.dtype], scales, tensor.constant)


def _window(op: FileOperator) -> Window | None:
    if op.stride is None or op.padding is None:
        return None
    return Window(op.stride, op.dilation or (1, 1), op.padding == "VALID")
