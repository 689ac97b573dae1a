"""A Keras model as a manifest: its op graph through the pipeline that specs go through."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from archc.compiler import (
    Deployed,
    Graph,
    Identity,
    Micro,
    Network,
    Request,
    Row,
    Target,
    TargetJudgement,
    lower,
    manifest,
    memory,
    micro,
    plan,
    profile,
    timed,
    totals,
    uses,
)
from archc.models.deployed.verdict import Finding, verdict
from archc.models.importer.compatibility import Judgement, findings, judged
from archc.models.importer.foreign import UNSEEN
from archc.models.importer.imported import Imported, Unseen
from archc.models.importer.profile import layer_figures, layer_row

_NO_NETWORK = Network((), (), (), ())


class Analysis(NamedTuple):
    """All that is worked out of a model."""

    model: Imported
    deployed: Deployed
    findings: tuple[Finding, ...]
    document: dict[str, Any]


def analysed(
    model: Imported,
    identity: Identity,
    target: Target | None,
    request: Request,
    build: str,
) -> Analysis:
    """Work out what a model costs, and judge it by a target.

    Args:
        model: as the importer reads it.
        identity: which network it is.
        target: None to judge by none.
        request: what is asked of the target, the border among it.
        build: of TFLite Micro.
    """
    said: list[Finding] = []
    judgement = planned = None
    if target is None:
        deployed = lower(model.sketch, request.io)
    else:
        judgement = judged(model, target, request)
        deployed = judgement.deployed
        planned = plan(target, request.board, deployed)
        said = findings(model, target, request)
    whole = model.graph is not None
    needs = memory(deployed)
    runtime = micro(deployed, build) if whole else Micro(_NO_NETWORK, build, None, ())
    layout = planned.layout if planned is not None and whole else None
    time = timed(target, planned) if target is not None and planned is not None and whole else None
    named = _named(model)
    figures = profile(named, deployed, deployed, needs, runtime, (), layout, time)
    rows = tuple(_rows(model, deployed, judgement))
    footprint = figures.deployed._replace(operators=_known(deployed))
    figures = figures._replace(
        layers=rows, totals=totals(row.figures for row in rows), deployed=footprint
    )
    judged_as = None
    if target is not None and planned is not None:
        pools = uses(target, target.board(request.board), planned.layout) if whole else ()
        judged_as = TargetJudgement(target.name, verdict(said), said, request.io, pools)
    document = manifest(identity, named, figures, judged_as)
    document["inputs"] = [
        {"name": name, "shape": None if shape is None else list(shape), "dtype": request.io}
        for name, shape in zip(model.inputs, model.input_shapes, strict=True)
    ]
    document["outputs"] = [
        {"name": name, "shape": None if shape is None else list(shape), "dtype": request.io}
        for name, shape in zip(model.outputs, model.output_shapes, strict=True)
    ]
    document["gaps"] = list(_gaps(model, deployed))
    document["remarks"] = []
    del document["$schema"]
    return Analysis(model, deployed, tuple(said), document)


def _named(model: Imported) -> Graph:
    """The graph with its nodes called by the paths of layers."""
    paths = {node: layer.path for layer in model.layers for node in layer.nodes}
    nodes = tuple(
        node._replace(name=paths.get(index, node.name))
        for index, node in enumerate(model.sketch.nodes)
    )
    return model.sketch._replace(nodes=nodes)


def _rows(model: Imported, deployed: Deployed, judgement: Judgement | None) -> Iterable[Row]:
    for layer, figures in zip(model.layers, layer_figures(model, deployed), strict=True):
        supported = None if judgement is None else judgement.supported(model, layer)
        yield layer_row(layer, figures, supported)


def _known(deployed: Deployed) -> dict[str, int]:
    return {name: n for name, n in deployed.counts.items() if not name.startswith(UNSEEN)}


def _gaps(model: Imported, deployed: Deployed) -> Iterable[dict[str, Any]]:
    """What is not known, layer by layer; and of the network what rests on it."""
    for layer in model.unseen:
        for figure in layer.unknown:
            yield {"figure": figure, "operator": layer.layer, "reason": layer.reason}
    if model.graph is None:
        names = _few(model.unseen)
        for figure in ("arena", "time"):
            reason = f"not all is known of {names}" if names else "its layers are not all known"
            yield {"figure": figure, "operator": None, "reason": reason}


def _few(unseen: tuple[Unseen, ...]) -> str:
    names = list(dict.fromkeys(f"`{layer.layer}`" for layer in unseen))
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
