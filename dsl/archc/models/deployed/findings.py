"""What a target says of a file: its own rules, and what only a file can do wrong."""

from collections.abc import Iterator

from archc.compiler import Report, Rule, Target
from archc.diagnostics.model import Level
from archc.diagnostics.text import few, several, shape_text
from archc.formats import format_of
from archc.models.deployed.graph import FileGraph, Operator
from archc.models.deployed.judged import Lowered
from archc.models.deployed.scheme import said_of
from archc.models.deployed.verdict import Finding, found

_CONVERSION = "open_batch"
"""A rule about how a model is converted, which a file is already."""
_NAMED = 3


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

    said = said_of(graph.scheme)
    if said.level is not None:
        format = format_of(graph.format)
        how = format.quantizer if format is not None else ""
        what = said.what.format(scheme=graph.scheme)
        yield finding(said.level, what, said.remedy.format(how=how))
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
