"""Our prediction beside the figures of ST's tool."""

from typing import Any, NamedTuple

from archc.analysis.lowering import INPUT, Deployed, lower
from archc.emit.table import PEAK_REMARK
from archc.ir.graph import Graph
from archc.ops.base import product
from archc.stedgeai.info import Info
from archc.stedgeai.layout import Epoch
from archc.stedgeai.report import Report, Row
from archc.targets.target import builtin

Manifest = dict[str, Any]


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

    manifest: Manifest
    steps: tuple[Step, ...]
    deployed_macc: int
    """ST's macc of the int8 file: BatchNorm folded, conversions at the border included."""


class Figure(NamedTuple):
    """One quantity, ours and theirs; None where one side does not have it or both are not of the
    same thing."""

    name: str
    ours: int | None
    theirs: int | None
    within: int = 0
    """How far off theirs may be, by its rounding."""
    remark: str = ""


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


class Comparison(NamedTuple):
    """All that is shown."""

    report: Report
    info: Info | None
    prediction: Prediction | None
    figures: tuple[Figure, ...]
    layers: dict[int, str]
    """Our layers, by the group of the report's rows they are."""
    traced: tuple[Traced, ...]
    notes: tuple[str, ...]


def predict(manifest: Manifest, graph: Graph) -> Prediction:
    """What we say of a compiled network."""
    deployed = lower(graph, manifest["inputs"][0]["dtype"])
    target = builtin("stm32n6")
    steps = []
    for op in deployed.operators:
        tier = target.tier(op.operator)
        software = op.border or op.float_result or (tier is not None and tier.software)
        first = op.layers[0] if op.layers else 0 if INPUT in op.inputs else graph.output
        steps.append(Step(op.operator, op.shape, graph.nodes[first].name, software))
    return Prediction(manifest, tuple(steps), deployed_macc(graph, deployed))


def deployed_macc(graph: Graph, deployed: Deployed) -> int:
    """ST's macc of the int8 file, by the counting of `Op.stedgeai_macc`.

    A convolution or dense layer there has its own products, its biases, folded ones included, and
    1 per element for a fused activation; conversions at the border have 2 per element. Sources:
    the int8 TFLite reports of Magnus3327/stm32n6-edge-ai-benchmarks (2.2.0), and QUANTIZE in that
    of NetanelUnger/N6_tof (4.0.1).
    """
    total = 0
    seen: set[int] = set()
    for op in deployed.operators:
        new = [graph.nodes[index] for index in op.layers if index not in seen]
        seen.update(op.layers)
        if op.border:
            total += 2 * product(op.shape)
        elif op.weights and op.biases:
            total += sum(node.op.macs(node.shape, *graph.input_shapes(node)) for node in new)
            total += op.biases + (product(op.shape) if op.activation else 0)
        else:
            total += sum(
                node.op.stedgeai_macc(node.shape, *graph.input_shapes(node)) for node in new
            )
    return total


def compare(report: Report, info: Info | None, prediction: Prediction | None) -> Comparison:
    """Hold a report against a prediction, where there is one."""
    notes = list(report.notes)
    if info is not None and info.version != report.version:
        notes.append(f"the info is of version {info.version}, the report of {report.version}")
    if info is not None and info.model != report.model.name:
        notes.append(f"the info is of `{info.model}`, the report of `{report.model.name}`")
    if not report.npu:
        notes.append(
            "without `--st-neural-art` nothing is mapped to the NPU: there are no pools and epochs"
        )
    layers = _layers(report, prediction)
    if prediction is not None:
        ours = tuple(prediction.manifest["inputs"][0]["shape"])
        theirs = {tensor.shape[1:] for tensor in report.inputs}
        if ours not in theirs:
            shown = " and ".join(sorted("x".join(map(str, shape)) for shape in theirs)) or "unknown"
            notes.append(
                f"its input is {shown}, the spec's {'x'.join(map(str, ours))}: not this network"
            )
    return Comparison(
        report,
        info,
        prediction,
        _figures(report, prediction),
        layers,
        _trace(report, prediction, layers),
        tuple(notes),
    )


def _figures(report: Report, prediction: Prediction | None) -> tuple[Figure, ...]:
    int8 = report.model.format == "tflite"
    macc = weights = peak = software = None
    remark = ""
    if prediction is not None:
        totals, deployed = prediction.manifest["totals"], prediction.manifest["deployed"]
        if int8:
            macc, weights = prediction.deployed_macc, int(deployed["weight_bytes"])
            remark = "int8 file"
        elif report.model.format == "keras":
            macc, remark = int(totals["stedgeai_macc"]), "before folding"
        if int8 or report.model.precision != "float":
            peak = int(deployed["peak_activation_bytes"])
        if report.npu:
            software = sum(step.software for step in prediction.steps)
    figures = [
        Figure("macc, model", macc, report.macc.model, remark=remark),
        Figure("macc, c-model", None, report.macc.c_model),
        Figure("weights, model B", weights, report.weights.model, remark=remark if weights else ""),
    ]
    if report.read_only is not None:
        figures.append(Figure("weights, placed B", None, *report.read_only, "repacked, aligned"))
    if report.activations is not None:
        figures.append(
            Figure("activations B", peak, *report.activations, "estimate" if peak else "")
        )
    if report.epochs is not None:
        figures += [
            Figure("epochs, hardware", None, report.count("hw", "ec")),
            Figure(
                "epochs, software",
                software,
                report.count("sw"),
                remark="ours counts operators" if software is not None else "",
            ),
            Figure("epochs, hybrid", None, report.count("hybrid")),
        ]
    return tuple(f for f in figures if f.ours is not None or f.theirs is not None)


# --- which layer is which ----------------------------------------------------------------------

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
    ("Transpose", "TRANSPOSE"),
    ("ConvTranspose", "TRANSPOSE_CONV"),
    ("Cast", "CAST"),
    ("QuantizeLinear", "QUANTIZE"),
    ("DequantizeLinear", "DEQUANTIZE"),
)
"""One operation under its names in ONNX and TFLite. The tool turns a TFLite file into ONNX before
the NPU compiler sees it, which names epochs by ONNX operators."""
_KIND = {name: names[0] for names in _SAME for name in names}


def _kind(operator: str) -> str:
    return _KIND.get(operator, operator)


def _heads(report: Report) -> list[tuple[Row, tuple[int, ...]]]:
    """The first operator of each group of rows, and the shape of the group's result."""
    heads: dict[int, tuple[Row, tuple[int, ...]]] = {}
    for row in report.rows:
        if not row.original or row.original == "InputLayer":
            continue
        first = heads[row.group][0] if row.group in heads else row
        if row.original == first.original:
            heads[row.group] = (first, row.shape)
    return list(heads.values())


def _layers(report: Report, prediction: Prediction | None) -> dict[int, str]:
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
    for row, shape in _heads(report):
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
        layers = ours.get(key, [])
        if len(layers) == len(groups):
            found.update(zip(groups, layers, strict=True))
    return found


def _trace(
    report: Report, prediction: Prediction | None, layers: dict[int, str]
) -> tuple[Traced, ...]:
    """Where each epoch that is not hardware alone comes from.

    By operator, and in order among equals, but only where as many rows have an operator as epochs.
    """
    epochs = [epoch for epoch in report.epochs or () if epoch.kind in ("sw", "hybrid")]
    rows: dict[str, list[Row]] = {}
    for head, _ in _heads(report):
        rows.setdefault(_kind(head.original), []).append(head)
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
        row: Row | None = None
        layer: str | None = None
        if not candidates:
            why = "no layer has this operator: the compiler inserted it"
        elif len(candidates) == wanted[kind]:
            row = candidates[nth]
            layer = layers.get(row.group)
            why = "by operator and order" if wanted[kind] > 1 else "the only one of its operator"
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


# --- JSON --------------------------------------------------------------------------------------


def plain(comparison: Comparison) -> dict[str, Any]:
    """A comparison as plain data for JSON."""
    report, info, prediction = comparison.report, comparison.info, comparison.prediction
    return {
        "report": {
            **report._asdict(),
            "model": report.model._asdict(),
            "inputs": [tensor._asdict() for tensor in report.inputs],
            "outputs": [tensor._asdict() for tensor in report.outputs],
            "rows": [
                {**row._asdict(), "shapes": [dict(shape) for shape in row.shapes]}
                for row in report.rows
            ],
            "macc": report.macc._asdict(),
            "weights": report.weights._asdict(),
            "read_only": report.read_only._asdict() if report.read_only else None,
            "activations": report.activations._asdict() if report.activations else None,
            "pools": [
                {
                    **pool._asdict(),
                    "used": pool.used._asdict(),
                    "weights": pool.weights._asdict(),
                    "activations": pool.activations._asdict(),
                }
                for pool in report.pools
            ],
            "epochs": None
            if report.epochs is None
            else [epoch._asdict() for epoch in report.epochs],
        },
        "info": None
        if info is None
        else {
            **info._asdict(),
            "pools": [pool._asdict() for pool in info.pools],
            "epochs": [epoch._asdict() for epoch in info.epochs],
            "timings": [timing._asdict() for timing in info.timings],
        },
        "prediction": None
        if prediction is None
        else {
            "name": prediction.manifest["model"]["name"],
            "steps": [step._asdict() for step in prediction.steps],
            "deployed_macc": prediction.deployed_macc,
        },
        "layers": [
            {"id": row.id, "name": row.name, "layer": comparison.layers[row.group]}
            for row, _ in _heads(report)
            if row.group in comparison.layers
        ],
        "figures": [figure._asdict() for figure in comparison.figures],
        "software_epochs": [
            {
                "epoch": traced.epoch._asdict(),
                "row": None
                if traced.row is None
                else {"id": traced.row.id, "name": traced.row.name, "type": traced.row.original},
                "layer": traced.layer,
                "place": traced.place,
                "why": traced.why,
            }
            for traced in comparison.traced
        ],
        "notes": list(comparison.notes),
    }


# --- text --------------------------------------------------------------------------------------

WIDTH = 80


def text(comparison: Comparison) -> str:
    """A comparison for people, in at most 80 columns where no name is longer."""
    report, prediction = comparison.report, comparison.prediction
    profile = ""
    if report.npu:
        profile = f", NPU profile {report.profile or 'of the tool'}"
    lines = _wrapped(
        f"ST Edge AI Core {report.version}, {report.command}, {report.target}{profile}"
    )
    model = report.model
    what = ", ".join(part for part in (model.format, model.precision) if part)
    lines += _wrapped(f"model {model.file or model.name}" + (f" ({what})" if what else ""))
    digest = model.hash or (comparison.info.model_hash if comparison.info else None)
    if digest:
        lines += _wrapped(f"hash {digest}")
    for kind, tensors in (("input", report.inputs), ("output", report.outputs)):
        for tensor in tensors:
            shape = "x".join(map(str, tensor.shape))
            lines += _wrapped(f"{kind} {tensor.name}: {shape} {tensor.dtype or ''}")
    if prediction is not None:
        described = prediction.manifest["model"]
        lines += _wrapped(f"beside {described['name']} of {described['source']}")
    lines += ["", f"{'':<18}{'ours':>14}{'stedgeai':>15}{'':>2}theirs - ours"]
    for figure in comparison.figures:
        lines += _figure(figure)
    if prediction is not None:
        lines.append(
            f"{len(comparison.layers)} of its {len(_heads(report))} layers were found in the spec"
        )
    if any(f.ours is not None and f.name.startswith("activations") for f in comparison.figures):
        lines += ["", *_wrapped(PEAK_REMARK)]
    if report.pools:
        lines += ["", f"{'pool':<18}{'activations':>14}{'weights':>15}{'of':>15}  used"]
        lines += [
            f"{pool.name:<18}{_amount(pool.activations):>14}{_amount(pool.weights):>15}"
            f"{pool.capacity:>15,}  {_percent(pool.used.bytes, pool.capacity)}"
            for pool in report.pools
            if pool.capacity
        ]
        if any(pool.used.within for pool in report.pools):
            lines.append("~ rounded by the tool")
    if comparison.traced:
        lines += ["", "not in hardware alone:"]
        for traced in comparison.traced:
            lines += _traced(traced)
    elif report.epochs is not None:
        lines += ["", "every epoch runs in hardware"]
    if comparison.info is not None and comparison.info.timings:
        timings = comparison.info.timings
        total = sum(timing.milliseconds for timing in timings)
        said = f"on the board: {total:.3f} ms in {len(timings)} epoch{'s' * (len(timings) > 1)}"
        if len(timings) > 1:
            slowest = max(range(len(timings)), key=lambda i: timings[i].milliseconds)
            said += (
                f", the slowest number {slowest + 1} with {timings[slowest].milliseconds:.3f} ms"
            )
        lines += ["", *_wrapped(said)]
    if comparison.notes:
        lines.append("")
        for note in comparison.notes:
            lines += _wrapped(f"note: {note}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _figure(figure: Figure) -> list[str]:
    ours = "-" if figure.ours is None else f"{figure.ours:,}"
    theirs = "-" if figure.theirs is None else f"{'~' * bool(figure.within)}{figure.theirs:,}"
    said = ""
    if figure.ours is not None and figure.theirs is not None:
        apart = figure.theirs - figure.ours
        said = "equal" if abs(apart) <= figure.within else f"{apart:+,}"
        if abs(apart) > figure.within and figure.ours:
            said += f" ({apart / figure.ours:+.1%})"
    line = f"{figure.name:<18}{ours:>14}{theirs:>15}  "
    whole = f"{said}; {figure.remark}" if said and figure.remark else said or figure.remark
    if len(line) + len(whole) <= WIDTH:
        return [line + whole]
    return [line + said, " " * len(line) + figure.remark]


def _traced(traced: Traced) -> list[str]:
    epoch = traced.epoch
    lines = _wrapped(f"  epoch {epoch.id} ({epoch.kind}): {epoch.operation or 'not named'}")
    if traced.row is not None:
        row = traced.row
        lines += _wrapped(f"    their layer {row.id} {row.name} ({row.original}): {traced.why}")
    else:
        lines += _wrapped(f"    {traced.why}")
    if traced.layer is not None:
        lines += _wrapped(f"    our layer {traced.layer}, {traced.place}")
    return lines


def _amount(size: Any) -> str:
    return f"{'~' * bool(size.within)}{size.bytes:,}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    from archc.diagnostics.text import printable

    indent = text[: len(text) - len(text.lstrip(" "))]
    return wrap(
        printable(text.strip()),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
    )
