"""What a target says of a file: its own rules, and what only a file can do wrong."""

from collections.abc import Iterator

from archc.compiler import Report, Rule, Target
from archc.diagnostics.model import Level
from archc.diagnostics.text import few, several, shape_text
from archc.formats import format_of
from archc.models.deployed.graph import FileGraph, Operator
from archc.models.deployed.judged import Lowered
from archc.models.deployed.verdict import Finding, found

_CONVERSION = "open_batch"
"""A rule about how a model is converted, which a file is already."""
_NAMED = 3


SCHEMES: dict[str, tuple[Level, str, str] | None] = {
    "int8": None,
    "int8 with int4 weights": (
        "warning",
        "its weights of 4 bits run on the NPU from ST Edge AI Core 3.0.0 on, in convolutions and "
        "dense layers; before that not at all",
        "quantise weights to int8 where an older version compiles it",
    ),
    "uint8": (
        "error",
        "it computes in uint8, which ST Edge AI Core refuses",
        "convert it with int8: {how} does",
    ),
    "int16x8": (
        "error",
        "it computes in int16, of which no source says that the NPU runs it",
        "convert it with int8 activations: {how} does",
    ),
    "dynamic range": (
        "error",
        "only its weights are integers: it computes in float32, on the CPU",
        "convert it with samples, so that activations are int8 too: {how} does",
    ),
    "mixed": (
        "warning",
        "parts of it compute in another type than int8, on the CPU",
        "convert all of it to int8",
    ),
}
"""By how a file is quantised: what is said of it (level, what, remedy), or nothing. Floats of any
width have `_FLOAT`. Sources: `docs/n6.md`, "2. Hard rules"."""
SCHEMES["float16 weights"] = (
    "error",
    "its weights are float16, and it computes in float32: the NPU takes int8",
    "convert it to int8: {how} does",
)
_FLOAT: tuple[Level, str, str] = (
    "error",
    "it computes in {scheme}: the NPU takes int8",
    "convert it to int8: {how} does",
)


def findings(graph: FileGraph, low: Lowered, report: Report, target: Target) -> list[Finding]:
    """Everything there is against a file, notes included: by the rules of the target in their
    order, then what only a file can do wrong."""
    said: list[Finding] = []
    for breach in report.findings:
        if breach.code == f"{target.name}/{_CONVERSION}":
            continue
        op = None
        if breach.node is not None and low.operators[breach.node] >= 0:
            op = graph.operators[low.operators[breach.node]]
        said.append(_at(found(breach, breach.layer), graph, op))
    rule = next((one for one in target.rules if one.check == "by_construction"), None)
    if rule is not None:
        said += _static(graph, target, rule)
    return _together(said)


def _at(finding: Finding, graph: FileGraph, op: Operator | None) -> Finding:
    """A finding with its place in the file."""
    if op is None:
        return finding
    tensor = graph.tensors[op.outputs[0]].name if op.outputs else None
    return finding._replace(layers=(op.name,), operator=op.label, tensor=tensor)


def _together(found: list[Finding]) -> list[Finding]:
    """What is said of several operators in the same words, once, at the first of them."""
    said: dict[tuple[str, str, str | None], list[Finding]] = {}
    for finding in found:
        said.setdefault((finding.code, finding.message, finding.remedy), []).append(finding)
    return [
        group[0]._replace(layers=tuple(one.layer for one in group if one.layer is not None))
        for group in said.values()
    ]


def _static(graph: FileGraph, target: Target, rule: Rule) -> Iterator[Finding]:
    """Whether it is static, of batch 1, and int8: what specs are by construction."""

    def finding(
        level: Level,
        message: str,
        remedy: str,
        op: Operator | None = None,
        layer: str | None = None,
    ) -> Finding:
        source = rule.source
        what = (level, op.name if op else layer, message, remedy, source.text, source.confidence)
        return _at(Finding(f"{target.name}/{rule.name}", *what), graph, op)

    said = SCHEMES.get(graph.scheme, _FLOAT)
    if said is not None:
        level, message, remedy = said
        format = format_of(graph.format)
        how = format.quantizer if format is not None else ""
        yield finding(level, message.format(scheme=graph.scheme), remedy.format(how=how))
    for index in graph.inputs:
        tensor = graph.tensors[index]
        if len(tensor.shape) > 1 and tensor.shape[0] != 1:
            message = f"the batch is {tensor.shape[0]:,}, where it has to be 1"
            yield finding("error", message, "convert with batch 1", layer=tensor.name)
        open_axes = [axis for axis in tensor.open if axis]
        if open_axes:
            yield finding(
                "error",
                f"axis {', '.join(map(str, open_axes))} of its input "
                f"{shape_text(tensor.shape)} is left open",
                "convert with fixed extents",
                layer=tensor.name,
            )
    skewed = [op for op in graph.operators if _skewed(graph, op)]
    if skewed:
        names = few([f"`{op.name}`" for op in skewed], _NAMED)
        yield finding(
            "warning",
            f"{several(len(skewed), 'filter')} with zero points other than 0, where the NPU takes "
            f"symmetric weights: {names}",
            "convert it with a converter of today, whose weights are symmetric",
            skewed[0],
        )


def _skewed(graph: FileGraph, op: Operator) -> bool:
    if op.filter is None:
        return False
    tensor = graph.tensors[op.filter]
    return tensor.dtype == "int8" and tensor.scales is not None and not tensor.scales.symmetric
