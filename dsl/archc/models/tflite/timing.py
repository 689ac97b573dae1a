"""A TFLite file as the estimate of its time takes it (`archc.analysis.latency`)."""

from collections.abc import Sequence

from archc.compiler import Net, TimedOperator, feature_map
from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.models.tflite.model import Model, Operator, Tensor

_FILTERS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1}
"""Which input is the filter."""


def timed_net(model: Model) -> Net:
    """The network of a file.

    Raises:
        Rejected: it has several subgraphs, a state, or a network without inputs.
    """
    graph = model.subgraphs[0]
    if len(model.subgraphs) > 1 or any(tensor.variable for tensor in graph.tensors):
        raise reject(
            MODEL_FILE,
            f"`{model.name}` has a state or several subgraphs: its time is not known",
        )
    tensors = graph.tensors
    operators = tuple(_op(op, tensors) for op in graph.operators)
    return Net(
        tuple(feature_map(tensor.shape[1:]) for tensor in tensors),
        tuple(len(tensor.shape) for tensor in tensors),
        graph.inputs,
        operators,
        any(tensors[index].dtype == "float32" for index in graph.inputs),
    )


def _op(op: Operator, tensors: Sequence[Tensor]) -> TimedOperator:
    given = [index for index in op.inputs if index >= 0]
    reads = tuple(index for index in given if not tensors[index].constant)
    constants = [tensors[index] for index in given if tensors[index].constant]
    weights = sum(each.elements for each in constants if each.dtype == "int8" and each.shape)
    biases = 0
    if op.name in _FILTERS:
        biases = sum(each.elements for each in constants if each.dtype == "int32")
    doubt = None
    floats = [tensors[index].dtype for index in (*reads, *op.outputs)]
    if "float32" in floats and op.name not in ("QUANTIZE", "DEQUANTIZE"):
        doubt = "a part computes in float"
    elif any(tensors[index].shape[:1] > (1,) for index in op.outputs):
        doubt = "a convolution is dilated"
    if op.dilation not in (None, (1, 1)):
        doubt = "a convolution is dilated"
    kernel, groups = op.window or (1, 1), 1
    place = _FILTERS.get(op.name)
    if place is not None and place < len(op.inputs):
        shape = tensors[op.inputs[place]].shape
        if len(shape) == 4:
            kernel = (shape[1], shape[2])
            if op.name == "CONV_2D" and reads:
                groups = max(tensors[reads[0]].shape[-1] // max(shape[3], 1), 1)
    return TimedOperator(
        op.name,
        reads,
        op.outputs,
        kernel,
        max(op.stride or (1, 1)),
        groups,
        weights,
        biases,
        op.activation,
        doubt,
    )
