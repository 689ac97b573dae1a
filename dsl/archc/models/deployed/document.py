"""The figures of a file in the form of a manifest, and what a target says of it."""

from math import prod
from typing import Any, NamedTuple

from archc.compiler import (
    FIGURES,
    Figures,
    Footprint,
    Identity,
    LiveTensor,
    Memory,
    Micro,
    Network,
    Prepared,
    Profile,
    Report,
    Request,
    Row,
    SequenceEntry,
    Target,
    TargetJudgement,
    Timed,
    check_target,
    manifest,
    measure,
    plan,
    plan_net,
    timed,
    totals,
    uses,
)
from archc.models.deployed.costs import stored
from archc.models.deployed.findings import findings
from archc.models.deployed.graph import FileGraph, Gap, Operator
from archc.models.deployed.judged import Lowered, lowered
from archc.models.deployed.memory import memory
from archc.models.deployed.order import best_order
from archc.models.deployed.runtime import runtime_network
from archc.models.deployed.scheme import said_of
from archc.models.deployed.timing import timed_net as net_of
from archc.models.deployed.verdict import Finding, verdict

_NO_NETWORK = Network((), (), (), ())


class Analysis(NamedTuple):
    """All that is worked out of a file."""

    file: FileGraph
    lowered: Lowered
    memory: Memory
    micro: Micro
    arena_unknown: str | None
    """Why TFLite Micro's arena is not known, where it is not."""
    planned: Prepared | None
    """Where a board of the target would have its buffers."""
    timed: Timed | None
    report: Report | None
    """What the target's own rules say; None without one."""
    findings: tuple[Finding, ...]
    request: Request
    target: Target | None


def analysed(
    graph: FileGraph, target: Target | None, request: Request, build: str | None = None
) -> Analysis:
    """Work out what a deployed graph costs, and judge it by a target.

    Args:
        graph: as a reader gives it.
        target: None to judge by none.
        request: what is asked of the target; its border is that of the file.
        build: of TFLite Micro; None for the target's or the default.
    """
    low = lowered(graph)
    needs = memory(graph)
    runtime = runtime_network(graph)
    chosen = build or (target.default_build if target is not None else "wheel")
    unknown = runtime if isinstance(runtime, str) else None
    if isinstance(runtime, str):
        micro = Micro(_NO_NETWORK, chosen, None, ())
    else:
        micro = measure(runtime, chosen)
        if micro.arena is None and not micro.unsupported:
            unknown = f"what {' and '.join(micro.unknown)} asks for is not known"
    request = request._replace(io=graph.io)
    time = report = layout = None
    said: list[Finding] = []
    if target is not None:
        untimed = graph.gap("time")
        if untimed is None and not said_of(graph.scheme).timed:
            untimed = Gap(
                "time", f"the model of time is of int8 networks, and it is {graph.scheme}"
            )
            graph = graph._replace(gaps=(*graph.gaps, untimed))
        if untimed is None:
            layout = plan_net(target, request.board, net_of(graph))
            time = timed(target, layout)
        else:
            layout = plan(target, request.board, low.deployed)
        report = check_target(target, request, low.graph, low.deployed, needs.peak, layout)
        said = findings(graph, low, report, target)
    return Analysis(
        graph, low, needs, micro, unknown, layout, time, report, tuple(said), request, target
    )


def document(found: Analysis) -> dict[str, Any]:
    """The manifest of a file: a spec's keys, and `file`, `best_order`, `gaps` and `remarks`."""
    graph = found.file
    figures = Profile(tuple(_rows(found)), {}, _footprint(found))
    sums = {**totals(row.figures for row in figures.layers), "trainable_params": None}
    figures = figures._replace(totals=sums)
    made = manifest(
        Identity(graph.name, None, (), graph.path, graph.digest),
        found.lowered.graph,
        figures,
        _judgement(found),
    )
    for side, indices in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        made[side] = [
            {
                "name": graph.tensors[index].name,
                "shape": list(graph.tensors[index].map),
                "dtype": graph.tensors[index].dtype,
            }
            for index in indices
        ]
    gaps = [
        {
            "figure": gap.figure,
            "operator": None if gap.operator is None else graph.operators[gap.operator].name,
            "reason": gap.reason,
        }
        for gap in graph.gaps
    ]
    if found.arena_unknown and graph.gap("arena") is None:
        gaps.append({"figure": "arena", "operator": None, "reason": found.arena_unknown})
    made["file"] = {"format": graph.format, "scheme": graph.scheme, "bytes": graph.size}
    made["gaps"] = gaps
    order = best_order(graph)
    made["best_order"] = {
        "peak_activation_bytes": order.peak,
        "proven": order.best,
        "operators": [graph.operators[place].name for place in order.operators],
    }
    made["remarks"] = list(graph.remarks)
    del made["$schema"]
    return made


def _judgement(found: Analysis) -> TargetJudgement | None:
    if found.target is None or found.report is None or found.planned is None:
        return None
    board = found.target.board(found.request.board)
    pools = uses(found.target, board, found.planned.layout)
    said = found.findings
    return TargetJudgement(found.target.name, verdict(said), said, found.file.io, pools)


def _rows(found: Analysis) -> list[Row]:
    graph, low = found.file, found.lowered
    rows: list[Row] = []
    counted: set[object] = set()
    for node, place in zip(low.graph.nodes, low.operators, strict=True):
        index = len(rows)
        sources = tuple(low.graph.nodes[source].name for source in node.inputs)
        supported = None if found.report is None else found.report.supported(index)
        if place < 0:
            label, figures = "INPUT", _figures(graph, None, node.shape, counted)
        else:
            op = graph.operators[place]
            label, figures = op.label, _figures(graph, op, node.shape, counted)
        rows.append(
            Row(node.name, label, None, None, None, sources, node.shape, figures, supported)
        )
    return rows


def _figures(
    graph: FileGraph, op: Operator | None, shape: tuple[int, ...], counted: set[object]
) -> Figures:
    """The figures of an operator. What several share counts where it is read first."""
    figures: dict[str, int | None] = dict.fromkeys(figure.name for figure in FIGURES)
    count, values, sizes = prod(shape), 0, 0
    if op is not None:
        count = sum(graph.tensors[index].elements for index in op.outputs)
        fresh = tuple(i for i in op.weights if graph.tensors[i].content not in counted)
        counted.update(graph.tensors[index].content for index in fresh)
        values, sizes, _ = stored(graph, op._replace(weights=fresh, tables=()))
    return {
        **figures,
        "params": values,
        "macs": op.macs if op is not None else 0,
        "activation_bytes.float32": 4 * count,
        "activation_bytes.int8": count,
        "weight_bytes": sizes,
    }


def _footprint(found: Analysis) -> Footprint:
    graph, low, needs = found.file, found.lowered, found.memory
    deployed = low.deployed
    names = [node.name for node in low.graph.nodes]
    owners = tuple(_owner(tensor, found) for tensor in needs.tensors)
    at = needs.peak.at
    where = None
    if at is not None:
        layers = deployed.operators[at].layers
        where = names[layers[0]] if layers else graph.operators[at].name
    return Footprint(
        graph.scheme,
        deployed.counts,
        deployed.weight_bytes,
        deployed.constant_bytes,
        tuple(
            SequenceEntry(op.operator, op.shape, tuple(names[index] for index in op.layers))
            for op in deployed.operators
        ),
        deployed.order,
        needs,
        found.micro,
        owners,
        where,
        (),
        (),
        None,
        found.planned and found.planned.layout,
        found.timed,
    )


def _owner(tensor: LiveTensor, found: Analysis) -> str:
    graph = found.file
    if tensor.maker < 0:
        return found.lowered.graph.nodes[-1 - tensor.maker].name
    return graph.operators[tensor.maker].name
