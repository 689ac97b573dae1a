"""The figures of a Keras model that we did not write, in the form of the manifest."""

from collections.abc import Iterable
from typing import Any

from archc.compiler import (
    FIGURES,
    TOTALS,
    Deployed,
    Figures,
    Row,
    Target,
    costs,
    latency,
    layer_entries,
    nested,
    plan,
    timed,
    totals,
)
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.deployed.verdict import Finding
from archc.models.importer import live
from archc.models.importer.compatibility import Judgement, blind_model, findings, judged, request
from archc.models.importer.foreign import UNSEEN, unknown
from archc.models.importer.imported import Imported, ImportedLayer, Unseen
from archc.plain import picked


def profile_model(
    model: Any, target: Target, io: str = "float32", *, limits: Limits = DEFAULT_LIMITS
) -> dict[str, Any]:
    """See `archc.profile_model`.

    Raises:
        ImportError: Keras is not installed.
        Rejected: it is not a model, is not built, or over a bound; or there is no such border.
    """
    asked = request(None, target, (), io, None)
    live.require(model)
    imported, reason = live.imported(model, limits)
    if imported is None:
        return _opaque(model, reason or "")
    return _profile(model, imported, judged(imported, target, asked))


def check_model(
    model: Any,
    target: Target,
    allow: Iterable[str],
    io: str,
    board: str | None,
    *,
    notes: bool,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Finding]:
    """See `archc.check_n6_compatibility`.

    Raises:
        ImportError: Keras is not installed.
        Rejected: it is not a model, is not built, or over a bound; a name is not known.
    """
    live.require(model)
    imported, reason = live.imported(model, limits)
    asked = request(imported, target, allow, io, board)
    if imported is None:
        return [blind_model(model.name, reason or "", target)]
    against = findings(imported, target, asked)
    return [finding for finding in against if notes or finding.level != "note"]


def _profile(model: Any, imported: Imported, judgement: Judgement) -> dict[str, Any]:
    figures = layer_figures(imported, judgement.deployed)
    rows = [
        layer_row(layer, own, judgement.supported(imported, layer))
        for layer, own in zip(imported.layers, figures, strict=True)
    ]
    unseen = list(imported.unseen)
    _complete(model, rows, unseen)
    document = _document(imported.name, rows, unseen)
    inputs = zip(imported.inputs, imported.input_shapes, imported.input_dtypes, strict=True)
    document["inputs"] = [
        {"name": name, "shape": _list(shape), "dtype": dtype} for name, shape, dtype in inputs
    ]
    document["outputs"] = [
        {"name": name, "shape": _list(shape)}
        for name, shape in zip(imported.outputs, imported.output_shapes, strict=True)
    ]
    document["deployed"] = _deployed(imported, judgement)
    return document


def _deployed(imported: Imported, judgement: Judgement) -> dict[str, Any] | None:
    """What the converter leaves of the layers of which that is known; None if of none."""
    deployed, peak = judgement.deployed, judgement.peak
    paths = {node: layer.path for layer in imported.layers for node in layer.nodes}
    known = {name: count for name, count in deployed.counts.items() if name[0] != UNSEEN}
    inner = [op for op in deployed.operators if not op.border]
    if inner and all(op.operator[0] == UNSEEN for op in inner):
        return None
    at = None
    if peak.at is not None:
        layers = deployed.operators[peak.at].layers
        at = paths.get(layers[0], imported.outputs[0]) if layers else imported.inputs[0]
    return {
        "precision": "int8",
        "operators": known,
        "order": deployed.order,
        "weight_bytes": deployed.weight_bytes,
        "peak_activation_bytes": peak.bytes,
        "peak_at": at,
        "left_out": [
            layer.path
            for layer in imported.layers
            if not imported.seen_nodes.issuperset(layer.nodes)
        ],
        "unknown": [
            {"layers": _paths(imported, doubt.layers), "reason": doubt.reason}
            for doubt in deployed.unknown
        ],
        "latency": _latency(imported, judgement),
        "failures": [
            {
                "layers": _paths(imported, failure.layers),
                "reason": failure.reason,
                "remedy": failure.remedy,
            }
            for failure in deployed.failures
        ],
    }


def _latency(imported: Imported, judgement: Judgement) -> dict[str, Any] | None:
    """The estimated time; None where the target has none, or not all layers are known."""
    deployed = judgement.deployed
    every = all(imported.seen_nodes.issuperset(layer.nodes) for layer in imported.layers)
    target = judgement.target
    estimated = timed(target, plan(target, None, deployed)) if every else None
    if estimated is None:
        return None
    return latency(estimated, lambda op: _paths(imported, deployed.operators[op].layers))


def _document(name: str, rows: list[Row], unseen: list[Unseen]) -> dict[str, Any]:
    """The parts in the order of the manifest."""
    return {
        "name": name,
        "inputs": [],
        "outputs": [],
        "layers": layer_entries(rows),
        "deployed": None,
        "totals": nested(TOTALS, totals(row.figures for row in rows)),
        "unseen": [picked(layer, "layer class_name reason unknown") for layer in unseen],
    }


def layer_figures(imported: Imported, deployed: Deployed) -> list[Figures]:
    """The figures of every layer, from those of the nodes that it became in all its calls.
    Parameters are counted once, as Keras has them; of activations only the results count."""
    nodes = costs(imported.sketch, deployed)

    def total(layer: ImportedLayer, name: str) -> int | None:
        if any(unknown(imported.sketch.nodes[node].op, name) for node in layer.nodes):
            return None
        return sum(nodes[node][name] for node in layer.nodes)

    return [
        {
            **{figure.name: total(layer, figure.name) for figure in FIGURES},
            "params": layer.params,
            "trainable_params": layer.trainable_params,
            "activation_bytes.float32": layer.activations and 4 * layer.activations,
            "activation_bytes.int8": layer.activations,
        }
        for layer in imported.layers
    ]


def layer_row(layer: ImportedLayer, figures: Figures, supported: bool | None) -> Row:
    """The row of a layer in a manifest."""
    name, shape = layer.path, layer.output_shape
    return Row(name, layer.class_name, None, None, None, layer.inputs, shape, figures, supported)


def _paths(imported: Imported, nodes: tuple[int, ...]) -> list[str]:
    """Of the layers that operators come from, each once."""
    owners = {node: layer.path for layer in imported.layers for node in layer.nodes}
    return list(dict.fromkeys(owners[node] for node in nodes if node in owners))


def _list(shape: tuple[int, ...] | None) -> list[int] | None:
    return None if shape is None else list(shape)


def _unknown(name: str, class_name: str, params: int | None, trainable: int | None) -> Row:
    """The row of a layer of which nothing but its parameters is known."""
    figures = dict.fromkeys((figure.name for figure in FIGURES), None)
    figures = {**figures, "params": params, "trainable_params": trainable}
    return Row(name, class_name, None, None, None, (), None, figures, None)


def _opaque(model: Any, reason: str) -> dict[str, Any]:
    """A model that cannot be seen into: what it is made of, and its parameters."""
    rows, unseen = [], []
    for name, layer, params, trainable in live.parts(model):
        rows.append(_unknown(name, type(layer).__name__, params, trainable))
        lacks = ("output_shape", "macs", "operators")
        unseen.append(
            Unseen(
                name,
                type(layer).__name__,
                "how the model around it calls it is not known",
                lacks if params is not None else ("params", *lacks),
            )
        )
    everything = ("output_shape", "macs", "operators")
    unseen.insert(0, Unseen(model.name, type(model).__name__, reason, everything))
    _complete(model, rows, unseen)
    return _document(model.name, rows, unseen)


def _complete(model: Any, rows: list[Row], unseen: list[Unseen]) -> None:
    """Add what Keras counts beyond the layers: variables of the model itself."""
    params, trainable = live.total(model)
    more = params - sum(row.figures["params"] or 0 for row in rows)
    learned = trainable - sum(row.figures["trainable_params"] or 0 for row in rows)
    if more or learned:
        name = type(model).__name__
        if more > 0 and 0 <= learned <= more:
            rows.append(_unknown(model.name, name, more, learned))
            reason = f"{more:,} parameters belong to the model itself, not to one of its layers"
            unseen.append(Unseen(model.name, name, reason, ("macs",)))
        else:
            reason = f"layers share variables: Keras counts {params:,}, {trainable:,} trainable"
            unseen.append(Unseen(model.name, name, reason, ("params",)))
