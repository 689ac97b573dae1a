"""Our prediction beside the figures of ST's tool."""

from typing import Any, NamedTuple

from archc.compiler import (
    INPUT,
    MACC_VERSION,
    Deployed,
    Facts,
    Graph,
    Request,
    Target,
    builtin,
    lower,
    product,
    stated,
)
from archc.diagnostics.text import shape_text
from archc.models.stedgeai.aligned import Aligned, align
from archc.models.stedgeai.info import Info
from archc.models.stedgeai.memory import Pool
from archc.models.stedgeai.report import Report
from archc.models.stedgeai.tool import TARGET
from archc.models.stedgeai.trace import Prediction, Step, Traced, layers, trace

EXTERNAL = 0x6000_0000
"""Where memory outside the chip begins (the "External RAM" region of every Cortex-M)."""
BANKS = range(0x3420_0000, 0x343C_0000)
"""The NPU's own RAM, npuRAM3 to npuRAM6 (ST `stm32n6-app2_STM32N6570-DK.mpool`)."""


class Figure(NamedTuple):
    """One quantity, ours and theirs; None where one side does not have it or both are not of the
    same thing."""

    name: str
    ours: int | None
    theirs: int | None
    within: int = 0
    """How far off theirs may be, by its rounding."""
    remark: str = ""


class Comparison(NamedTuple):
    """All that is shown."""

    report: Report
    info: Info | None
    prediction: Prediction | None
    figures: tuple[Figure, ...]
    layers: dict[int, str]
    """Our layers, by the group of the report's rows they are."""
    traced: tuple[Traced, ...]
    aligned: tuple[Aligned, ...]
    """Epoch by epoch, where an info has the compiler's."""
    other: bool
    """Whether the inputs show that both are of different networks."""
    spilled: tuple[Pool, ...]
    """Pools outside the chip that hold activations."""
    notes: tuple[str, ...]


def predict(manifest: dict[str, Any], graph: Graph, target: Target | None = None) -> Prediction:
    """What we say of a compiled network; by the rules of the tool's own target without another."""
    io = manifest["inputs"][0]["dtype"]
    deployed = lower(graph, io)
    target = target or builtin(TARGET)
    on_cpu = set(Facts(target, Request(target.name, io=io), graph, deployed).software_places())
    steps = []
    for place, op in enumerate(deployed.operators):
        first = op.layers[0] if op.layers else 0 if INPUT in op.inputs else graph.output
        software = op.border or place in on_cpu
        steps.append(Step(op.operator, op.shape, graph.nodes[first].name, software))
    return Prediction(
        manifest,
        tuple(steps),
        deployed_macc(graph, deployed),
        deployed_macc(graph, deployed, fused=False),
    )


def deployed_macc(graph: Graph, deployed: Deployed, *, fused: bool = True) -> int:
    """ST's macc of the int8 file, by the counting of `Op.stedgeai_macc`.

    A convolution or dense layer there has its own products, its biases, folded ones included, and
    1 per element for a fused activation; conversions at the border have 2 per element. Sources:
    the int8 TFLite reports of Magnus3327/stm32n6-edge-ai-benchmarks (2.2.0), and QUANTIZE in that
    of NetanelUnger/N6_tof (4.0.1).

    Args:
        graph: the network.
        deployed: its int8 file.
        fused: whether fused activations count. They do in the table of layers; not in the summary
            of `validate` (the same eight networks, 2.2 and 4.0).
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
            total += op.biases + (product(op.shape) if op.activation and fused else 0)
        else:
            total += sum(
                node.op.stedgeai_macc(node.shape, *graph.input_shapes(node)) for node in new
            )
    return total


def compare(report: Report, info: Info | None, prediction: Prediction | None) -> Comparison:
    """A report beside a prediction, where there is one."""
    notes = list(report.notes)
    if not report.npu:
        notes.append(
            "without `--st-neural-art` nothing is mapped to the NPU: there are no pools and epochs"
        )
    banks = [pool.capacity for pool in report.pools if pool.start in BANKS]
    if report.pools and not sum(banks):
        notes.append(
            "its memory file gives the NPU's own banks (npuRAM3 to npuRAM6) no bytes, so that "
            "activations go to slower memory: compile with the `.mpool` of the board"
        )
    known = layers(report, prediction)
    other = _other_network(report, prediction) if prediction is not None and report.inputs else []
    notes += other
    return Comparison(
        report,
        info,
        prediction,
        _figures(report, prediction),
        known,
        trace(report, prediction, known),
        align(info.compiled if info and not other else (), report.boards, prediction),
        bool(other),
        tuple(p for p in report.pools if p.start >= EXTERNAL and p.activations.bytes),
        tuple(notes),
    )


def _other_network(report: Report, prediction: Prediction) -> list[str]:
    """A note where the inputs are not ours. ONNX has channels first."""
    ours = tuple(prediction.manifest["inputs"][0]["shape"])
    theirs = {tensor.shape[1:] for tensor in report.inputs}
    if report.model.format == "onnx":
        same = any(sorted(shape) == sorted(ours) for shape in theirs)
    else:
        same = ours in theirs
    if same:
        return []
    shown = " and ".join(sorted(shape_text(shape) for shape in theirs))
    return [f"its input is {shown}, the spec's {shape_text(ours)}: not this network"]


def _figures(report: Report, prediction: Prediction | None) -> tuple[Figure, ...]:
    int8 = report.model.format == "tflite"
    macc = validated = weights = peak = software = None
    remark = ""
    if prediction is not None:
        totals, deployed = prediction.manifest["totals"], prediction.manifest["deployed"]
        if int8:
            macc, weights = prediction.deployed_macc, int(deployed["weight_bytes"])
            validated, remark = prediction.validated_macc, "int8 file"
        elif report.model.format == "keras":
            macc, remark = int(totals["stedgeai_macc"]), "before folding"
        if int8 or report.model.precision != "float":
            peak = int(deployed["peak_activation_bytes"])
        if report.npu:
            software = sum(step.software for step in prediction.steps)
    figures = [
        Figure("macc, c-model", None, report.macc.c_model),
        Figure("weights, model B", weights, report.weights.model, remark=remark if weights else ""),
    ]
    if report.rows or not report.counted:
        counted = f"{remark}, {MACC_VERSION}'s count" if remark else ""
        figures.insert(0, Figure("macc, model", macc, report.macc.model, remark=counted))
    for one in report.counted:
        ours = validated if one.command == "validate" else None
        how = "no fused activations" if ours is not None else ""
        if prediction is not None and ours is None:
            how = f"{report.version} counts otherwise"
        figures.insert(0, Figure(f"macc, {one.command}", ours, one.macc, remark=how))
    if report.read_only is not None:
        figures.append(Figure("weights, placed B", None, *report.read_only, "repacked, aligned"))
    if report.activations is not None:
        figures.append(
            Figure("activations B", peak, *report.activations, "estimate" if peak else "")
        )
    if report.epochs is not None:
        figures += [
            Figure("epochs, hardware", None, report.hardware),
            Figure(
                "epochs, software",
                software,
                report.count("sw"),
                remark="ours counts operators" if software is not None else "",
            ),
            Figure("epochs, hybrid", None, report.count("hybrid")),
        ]
    figures += _time(report, prediction)
    return tuple(f for f in figures if f.ours is not None or f.theirs is not None)


def _time(report: Report, prediction: Prediction | None) -> list[Figure]:
    """The estimated time beside the first one that a board measured, with the estimate's error."""
    if prediction is None or not report.npu:
        return []
    latency = prediction.manifest["deployed"]["latency"]
    ours = latency and latency["microseconds"]
    if ours is None:
        return []
    theirs = round(1000 * report.boards[0].ms) if report.boards else None
    remark = f"estimate {stated(latency['grade'], (), ours, latency['least'], latency['most'])}"
    if theirs:
        remark += f"; {100 * (ours - theirs) / theirs:+.1f} % off"
    return [Figure("time us", ours, theirs, remark=remark)]
