"""A TFLite file as a deployed graph (`archc.models.deployed`)."""

import os

from archc.compiler import Placement
from archc.diagnostics.text import several
from archc.digest import sha256
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.deployed import FileGraph, Gap, Operator, Scales, Tensor, checked
from archc.models.deployed.costs import macs
from archc.models.deployed.scheme import scheme
from archc.models.elements import bits
from archc.models.tflite import model as file
from archc.models.tflite.naming import layer_names
from archc.models.tflite.reader import SUFFIX, read

_FILTERS = {
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "TRANSPOSE_CONV": (1, 3),
    "CONV_3D": (1, 2),
}
"""Which input is the filter, and which the bias."""
_WHOLE = ("int32", "int64")
_SHORT = 64
"""Bytes of a constant that is read as a table of whole numbers."""
_CONVERTING = ("QUANTIZE", "DEQUANTIZE")
_PLANNED = "OfflineMemoryAllocation"
"""Metadata by which a file brings a plan of its own."""


def deployed(path: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> FileGraph:
    """The deployed graph of a TFLite file: its first subgraph. Nothing of it is run.

    Raises:
        Rejected: it is not a whole TFLite file, is damaged, or larger than a bound.
    """
    return checked(graph_of(path, read(path, data, limits)))


def graph_of(path: str, model: file.Model) -> FileGraph:
    """What a file that was read holds, not checked yet."""
    data, graph = model.data, model.subgraphs[0]
    tensors = tuple(_tensor(model, tensor) for tensor in graph.tensors)
    names = layer_names(graph.operators, graph.tensors)
    operators = tuple(
        _operator(op, name, tensors, graph) for op, name in zip(graph.operators, names, strict=True)
    )
    unnamed = os.path.basename(path)
    return FileGraph(
        name=unnamed[: -len(SUFFIX)] if unnamed.lower().endswith(SUFFIX) else unnamed,
        path=path,
        format=SUFFIX,
        scheme=scheme(operators, tensors),
        tensors=tensors,
        operators=operators,
        inputs=graph.inputs,
        outputs=graph.outputs,
        size=len(data),
        digest=f"sha256:{sha256(data).hexdigest()}",
        gaps=tuple(_gaps(model, operators)),
        remarks=tuple(_remarks(model, tensors)),
    )


def _tensor(model: file.Model, tensor: file.Tensor) -> Tensor:
    size = bits(tensor.dtype)
    stored = tensor.size if tensor.constant else -(-tensor.elements * size // 8)
    table = tensor.dtype in _WHOLE and 0 < tensor.size <= _SHORT
    return Tensor(
        tensor.name,
        tensor.shape,
        tensor.dtype,
        size,
        stored,
        _scales(tensor.quantization),
        tensor.constant,
        (tensor.start, tensor.size) if tensor.constant else None,
        _values(model, tensor) if table else None,
        variable=tensor.variable,
        open=tuple(axis for axis, extent in enumerate(tensor.signature) if extent < 0),
    )


def _values(model: file.Model, tensor: file.Tensor) -> tuple[int, ...]:
    data, width = model.values(tensor), bits(tensor.dtype) // 8
    each = (data[at : at + width] for at in range(0, len(data), width))
    return tuple(int.from_bytes(value, "little", signed=True) for value in each)


def _scales(given: file.Quantization | None) -> Scales | None:
    if given is None:
        return None
    count = len(given.scales)
    return Scales(
        count,
        given.axis if count > 1 else None,
        not any(given.zero_points),
        bool(given.zero_points),
    )


def _operator(
    op: file.Operator, name: str, tensors: tuple[Tensor, ...], graph: file.Subgraph
) -> Operator:
    inputs = op.inputs
    at, biased = _FILTERS.get(op.name, (None, None))
    filter = inputs[at] if at is not None and at < len(inputs) and inputs[at] >= 0 else None
    bias = inputs[biased] if biased is not None and biased < len(inputs) else -1
    constants = list(dict.fromkeys(i for i in inputs if i >= 0 and tensors[i].constant))
    kept = [index for index in constants if index in (filter, bias) or _weight(tensors[index])]
    operands = tuple(tensors[index] if index >= 0 else None for index in inputs)
    return Operator(
        name,
        op.name,
        op.shown,
        inputs,
        op.outputs,
        filter,
        bias if bias >= 0 else None,
        tuple(kept),
        tuple(index for index in constants if index not in kept),
        _window(op, None if filter is None else tensors[filter]),
        _groups(op, operands),
        op.activation,
        macs(op.name, operands, tensors[op.outputs[0]]) if op.outputs else 0,
        _border(op, tensors, graph),
        op.version,
    )


def _weight(tensor: Tensor) -> bool:
    """Whether a constant that is no filter or bias is a weight: not a table of whole numbers."""
    return tensor.scales is not None or tensor.dtype not in (*_WHOLE, "bool", "string")


def _window(op: file.Operator, filter: Tensor | None) -> Placement | None:
    if op.stride is None or op.padding is None:
        return None
    kernel = op.window
    if kernel is None and filter is not None and len(filter.shape) == 4:
        kernel = (filter.shape[1], filter.shape[2])
    if kernel is None:
        return None
    return Placement(kernel, op.stride, op.padding.lower(), op.dilation or (1, 1))


def _groups(op: file.Operator, operands: tuple[Tensor | None, ...]) -> int:
    if op.name != "CONV_2D" or len(operands) < 2 or operands[0] is None or operands[1] is None:
        return 1
    entering, filter = operands[0].shape, operands[1].shape
    if len(entering) != 4 or len(filter) != 4:
        return 1
    return max(entering[3] // max(filter[3], 1), 1)


def _border(op: file.Operator, tensors: tuple[Tensor, ...], graph: file.Subgraph) -> bool:
    """Whether it converts an input of the network, or makes an output by converting."""
    if op.name not in _CONVERTING:
        return False
    enters = op.inputs[:1] in [(index,) for index in graph.inputs] and op.name == "QUANTIZE"
    leaves = op.outputs[:1] in [(index,) for index in graph.outputs]
    return enters or (leaves and op.inputs[0] >= 0 and not tensors[op.inputs[0]].constant)


def _gaps(model: file.Model, operators: tuple[Operator, ...]) -> list[Gap]:
    gaps = []
    if len(model.subgraphs) > 1:
        reason = f"it has {several(len(model.subgraphs), 'subgraph')}, and only the first is read"
        gaps += [Gap(figure, reason) for figure in ("arena", "time")]
    if _PLANNED in model.metadata:
        gaps.append(Gap("arena", "it brings a memory plan of its own"))
    if any(tensor.variable for tensor in model.subgraphs[0].tensors):
        gaps.append(Gap("time", "it keeps a state from one run to the next"))
    for place, op in enumerate(operators):
        if op.macs is None:
            gaps.append(Gap("macs", f"how {op.label} computes is not known", place))
    return gaps


def _remarks(model: file.Model, tensors: tuple[Tensor, ...]) -> list[str]:
    remarks = []
    if len(model.subgraphs) > 1:
        count = several(len(model.subgraphs) - 1, "more subgraph")
        remarks.append(f"{count} in the file left out")
    sparse = sum(tensor.sparse for tensor in model.subgraphs[0].tensors)
    if sparse:
        remarks.append(f"{several(sparse, 'tensor')} stored without their zeros")
    if any(axis for tensor in tensors for axis in tensor.open):
        remarks.append("axes left open: figures are for the shapes that the file states")
    return remarks
