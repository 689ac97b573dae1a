"""A deployed graph as the estimate of time takes it (`archc.analysis.latency`)."""

from archc.compiler import Net, TimedOperator, feature_map
from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import reject
from archc.models.deployed.graph import FileGraph, Operator

OWN_SCALES = "own_scales"
"""The trait of a file in which each tensor has scales of its own, as in QDQ ONNX files; TFLite ties
those of a concatenation."""
_CONVERTING = ("QUANTIZE", "DEQUANTIZE")


def timed_net(graph: FileGraph) -> Net:
    """The network for the estimate.

    Raises:
        Rejected: its time is not known, whatever the device.
    """
    gap = graph.gap("time")
    if gap is not None:
        raise reject(MODEL_FILE, f"the time of `{graph.path}` is not known: {gap.reason}")
    tensors = graph.tensors
    return Net(
        tuple(feature_map(tensor.shape[1:]) for tensor in tensors),
        tuple(len(tensor.shape) for tensor in tensors),
        graph.inputs,
        tuple(_operator(graph, op) for op in graph.operators),
        any(tensors[index].dtype == "float32" for index in graph.inputs),
        any(trait.name == OWN_SCALES for trait in graph.traits),
    )


def _operator(graph: FileGraph, op: Operator) -> TimedOperator:
    tensors = graph.tensors
    reads = graph.reads(op)
    constants = [tensors[index] for index in op.weights]
    biases = 0 if op.bias is None else tensors[op.bias].elements
    weights = sum(one.elements for one in constants if one.dtype == "int8" and one.shape)
    doubt = None
    if any(tensors[i].real for i in (*reads, *op.outputs)) and op.kind not in _CONVERTING:
        doubt = "a part computes in float"
    elif any(tensors[index].shape[:1] > (1,) for index in op.outputs):
        doubt = "a convolution is dilated"
    window = op.window
    if window is not None and window.dilation != (1, 1):
        doubt = "a convolution is dilated"
    return TimedOperator(
        op.kind,
        reads,
        op.outputs,
        window.kernel if window is not None else (1, 1),
        max(window.stride) if window is not None else 1,
        op.groups,
        weights,
        biases,
        op.activation,
        doubt,
        4 if any(tensors[i].real for i in op.outputs) and op.kind not in _CONVERTING else 1,
    )
