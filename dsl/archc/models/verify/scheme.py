"""How a TFLite file as a whole is quantised."""

from typing import NamedTuple

from archc.models.tflite import Subgraph
from archc.models.verify.advice import CONVERT

KERNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Operators with a filter, and the axis of its output channels."""


class Scheme(NamedTuple):
    """How a file as a whole is quantised."""

    name: str
    title: str = ""
    found: str = ""
    help: str = CONVERT
    operator: int | None = None
    tensor: str | None = None


def scheme(graph: Subgraph) -> Scheme:
    """What kind of file it is: what its filters multiply, and what they are themselves.

    Float islands within int8 are not meant here: one int8 filter on int8 activations settles it.
    """
    makers = {tensor: op for op in graph.operators for tensor in op.outputs}
    kinds: dict[tuple[str, str], tuple[int, str]] = {}
    for index, op in enumerate(graph.operators):
        place = 2 if op.name == "TRANSPOSE_CONV" else 0
        if op.name not in KERNELS or len(op.inputs) <= max(place, 1):
            continue
        if op.inputs[place] < 0 or op.inputs[1] < 0:
            continue
        read, filter_ = graph.tensors[op.inputs[place]], graph.tensors[op.inputs[1]]
        maker = makers.get(op.inputs[1])
        kind = filter_.dtype
        if maker is not None and maker.name == "DEQUANTIZE" and maker.inputs[:1] > (-1,):
            kind = f"dequantised {graph.tensors[maker.inputs[0]].dtype}"
        kinds.setdefault((read.dtype, kind), (index, filter_.name))
    if not kinds:
        results = [graph.tensors[op.outputs[0]].dtype for op in graph.operators if op.outputs]
        if "int8" in results or not results or set(results) <= {"uint8"}:
            return Scheme("int8")
        return Scheme("float", "in floating point, not quantised", f"{results[0]} activations")
    if any(data == "int8" and weights == "int8" for data, weights in kinds):
        return Scheme("int8")
    (data, weights), (index, tensor) = next(iter(kinds.items()))
    dynamic = next(
        (place for (d, w), place in kinds.items() if d == "float32" and w == "int8"), None
    )
    found = f"{weights} weights and {data} activations"
    if dynamic is not None:
        return Scheme(
            "dynamic",
            "quantised by dynamic range: int8 weights, but float activations",
            "int8 weights and float32 activations",
            f"give the converter representative data; {CONVERT}",
            *dynamic,
        )
    where = (index, tensor)
    if weights.endswith("float16"):
        return Scheme("float16", "quantised to float16: weights only", found, CONVERT, *where)
    if data == "int16":
        return Scheme(
            "int16",
            "quantised to int16 activations",
            found,
            "leave out `EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8`; the device "
            "runs int8",
            *where,
        )
    if data == "uint8":
        return Scheme(
            "uint8",
            "quantised to uint8, as TensorFlow 1 did",
            found,
            "convert again with a TensorFlow of today; the device runs int8",
            *where,
        )
    if data == "float32" and weights == "float32":
        return Scheme("float", "in floating point, not quantised", found, CONVERT, *where)
    return Scheme("other", f"quantised to {found}", found, CONVERT, *where)
