"""Which layer of ours is which row of the tool's table, and where an epoch comes from."""

from typing import Any, NamedTuple

from archc.models.stedgeai.layout import Epoch
from archc.models.stedgeai.report import Report
from archc.models.stedgeai.table import Row


class Step(NamedTuple):
    """One operator of the deployed graph, as far as the comparison needs it."""

    operator: str
    """Its TFLite name."""
    shape: tuple[int, ...]
    """Of its result, the batch excluded."""
    layer: str
    """The first of our layers it stems from; at the border the input or the output."""
    software: bool
    """Whether it is expected to run on the CPU."""


class Prediction(NamedTuple):
    """What we say of a network."""

    manifest: dict[str, Any]
    steps: tuple[Step, ...]
    deployed_macc: int
    """ST's macc of the int8 file: BatchNorm folded, conversions at the border included."""
    validated_macc: int
    """The same as `validate` counts it."""


class Traced(NamedTuple):
    """An epoch that is not hardware alone, and where it comes from."""

    epoch: Epoch
    row: Row | None
    """The row of the tool's table."""
    layer: str | None
    """Our layer."""
    place: str | None
    """`FILE:LINE` of it in the spec."""
    why: str
    """How it was found, or why it was not."""


_SAME = (
    ("Conv", "CONV_2D", "DEPTHWISE_CONV_2D"),
    ("Gemm", "FULLY_CONNECTED"),
    ("AveragePool", "GlobalAveragePool", "ReduceMean", "AVERAGE_POOL_2D", "MEAN"),
    ("MaxPool", "GlobalMaxPool", "MAX_POOL_2D"),
    ("Add", "ADD"),
    ("Mul", "MUL"),
    ("Sub", "SUB"),
    ("Relu", "RELU"),
    ("Clip", "RELU6"),
    ("Sigmoid", "LOGISTIC"),
    ("Tanh", "TANH"),
    ("Softmax", "SOFTMAX"),
    ("HardSwish", "HARD_SWISH"),
    ("Concat", "CONCATENATION"),
    ("Pad", "PAD"),
    ("Reshape", "RESHAPE"),
    ("Slice", "STRIDED_SLICE"),
    ("DepthToSpace", "RESIZE_NEAREST_NEIGHBOR"),
    ("Transpose", "TRANSPOSE"),
    ("ConvTranspose", "TRANSPOSE_CONV"),
    ("Cast", "CAST"),
    ("QuantizeLinear", "QUANTIZE"),
    ("DequantizeLinear", "DEQUANTIZE"),
)
"""One operation under its names in ONNX and TFLite. The tool turns a TFLite file into ONNX before
the NPU compiler sees it, which names epochs by ONNX operators; of a nearest resize it makes a
concatenation and a DepthToSpace."""
_KIND = {name: names[0] for names in _SAME for name in names}


def _kind(operator: str) -> str:
    return _KIND.get(operator, operator)


def heads(report: Report) -> list[tuple[Row, tuple[int, ...]]]:
    """The first operator of each group of rows, and the shape of the group's result."""
    found: dict[int, tuple[Row, tuple[int, ...]]] = {}
    for row in report.rows:
        if not row.original or row.original == "InputLayer":
            continue
        first = found[row.group][0] if row.group in found else row
        if row.original == first.original:
            found[row.group] = (first, row.shape)
    return list(found.values())


def layers(report: Report, prediction: Prediction | None) -> dict[int, str]:
    """Our layers, by the group of rows they are.

    In a report of our own Keras model by name. Else by operator and shape, and in order among
    equals, but only where both sides have equally many, so that nothing is guessed.
    """
    if prediction is None:
        return {}
    keras = report.model.format == "keras"
    listed = prediction.manifest["layers"]
    if keras:
        names = {layer["name"] for layer in listed}
        named = {row.group: row.name for row in report.rows if row.name in names}
        if named:
            return named
    theirs: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for row, shape in heads(report):
        theirs.setdefault((_kind(row.original), shape), []).append(row.group)
    ours: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    if keras:
        for layer in listed:
            key = (layer["class_name"], tuple(layer["output_shape"]))
            ours.setdefault(key, []).append(layer["name"])
    else:
        for step in prediction.steps:
            ours.setdefault((_kind(step.operator), step.shape), []).append(step.layer)
    found: dict[int, str] = {}
    for key, groups in theirs.items():
        names_here = ours.get(key, [])
        if len(names_here) == len(groups):
            found.update(zip(groups, names_here, strict=True))
    return found


def trace(
    report: Report, prediction: Prediction | None, known: dict[int, str]
) -> tuple[Traced, ...]:
    """Where each epoch that is not hardware alone comes from.

    By operator, and in order among equals, but only where as many rows have an operator as epochs;
    in a log, which has no rows, as many operators of ours.
    """
    epochs = [epoch for epoch in report.epochs or () if epoch.kind in ("sw", "hybrid")]
    rows: dict[str, list[Row]] = {}
    for head, _ in heads(report):
        rows.setdefault(_kind(head.original), []).append(head)
    steps: dict[str, list[str]] = {}
    for step in prediction.steps if prediction is not None else ():
        steps.setdefault(_kind(step.operator), []).append(step.layer)
    wanted: dict[str, int] = {}
    for epoch in epochs:
        kind = _kind(epoch.operation)
        wanted[kind] = wanted.get(kind, 0) + 1
    places = _places(prediction)
    used: dict[str, int] = {}
    traced = []
    for epoch in epochs:
        kind = _kind(epoch.operation)
        candidates = rows.get(kind, [])
        nth = used[kind] = used.get(kind, -1) + 1
        by_order = "by operator and order" if wanted[kind] > 1 else "the only one of its operator"
        row: Row | None = None
        layer: str | None = None
        if not report.rows:
            ours = steps.get(kind, [])
            found = len(ours) == wanted[kind]
            layer = ours[nth] if found else None
            why = by_order if found else "there is no table of layers to look it up in"
        elif not candidates:
            why = "no layer has this operator: the compiler inserted it"
        elif len(candidates) == wanted[kind]:
            row = candidates[nth]
            layer = known.get(row.group)
            why = by_order
        else:
            why = (
                f"one of {len(candidates)} layers with this operator, {wanted[kind]} of them "
                "in software; the report does not say which"
            )
        traced.append(Traced(epoch, row, layer, places.get(layer or ""), why))
    return tuple(traced)


def _places(prediction: Prediction | None) -> dict[str, str]:
    if prediction is None:
        return {}
    return {
        layer["name"]: f"{layer['source']['file']}:{layer['source']['line']}"
        for layer in prediction.manifest["layers"]
    }
