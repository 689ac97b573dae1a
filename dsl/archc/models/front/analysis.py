"""What is asked of a model file, whatever its format: figures, findings, graphs."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from archc.compiler import (
    DEFAULT_BUILD,
    Deployed,
    Frame,
    Graph,
    Identity,
    Request,
    Target,
    allowable,
    costs,
    never_allowed,
    sourced,
)
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Diagnostic, Part, reject
from archc.diagnostics.nearest import did_you_mean
from archc.diagnostics.text import layers_text
from archc.models.deployed import FileGraph
from archc.models.deployed.document import analysed as analysed_file
from archc.models.deployed.document import document as document_of
from archc.models.deployed.judged import OURS
from archc.models.deployed.verdict import Finding
from archc.models.front.loading import Loaded
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.models.importer import Imported

LABEL = "network"
"""What the one stage of a drawn model is called."""
_NAMED = 3
"""How many layers a finding names."""


class Question(NamedTuple):
    """What is asked of models."""

    target: Target | None
    allow: tuple[str, ...] = ()
    io: str = "float32"
    """Of a Keras model: the type at the border of the file that it would become."""
    board: str | None = None
    build: str | None = None
    """Of TFLite Micro."""


class Analysed(NamedTuple):
    """A model with all that is said of it."""

    path: str
    name: str
    document: dict[str, Any]
    """A manifest like a spec's (`docs/models.md`)."""
    diagnostics: tuple[Diagnostic, ...]
    """What the target has against it."""
    graph: Graph
    """Of a deployed file a node for each operator; of a Keras model that of its layers."""
    deployed: Deployed
    content: "FileGraph | Imported"

    @property
    def keys(self) -> tuple[str, ...]:
        """The id of each operator in Model Explorer: in an ONNX file the name of its node, else its
        position in the file, which of a Keras model is the one that it becomes."""
        content = self.content
        if isinstance(content, FileGraph) and content.format == ".onnx":
            return tuple(op.name for op in content.operators)
        return tuple(map(str, range(len(self.deployed.operators))))

    @property
    def stages(self) -> tuple[str, ...]:
        """What there is to show of it, by the names of the compiler's stages."""
        return ("deployed",) if isinstance(self.content, FileGraph) else ("graph", "deployed")


def analysed(loaded: Loaded, question: Question) -> Analysed:
    """Figures of a model, and what a target says of it.

    Raises:
        Rejected: what is to be allowed, the border or the board is not known.
    """
    content, target = loaded.content, question.target
    build = question.build or (target.default_build if target is not None else DEFAULT_BUILD)
    if isinstance(content, FileGraph):
        asked = _request(content, question)
        found = analysed_file(content, target, asked, build)
        low = found.lowered
        document, name = document_of(found), content.name
        told = tuple(_diagnostic(loaded.path, finding) for finding in found.findings)
        graph, deployed = low.graph, low.deployed
    else:
        from archc.models.front.network import analysed as analysed_network
        from archc.models.importer.compatibility import request as request_of

        asked = Request("", io=question.io, model="command")
        if target is not None:
            ways = (question.allow, question.io, question.board, "command")
            asked = request_of(content, target, *ways)
        name = loaded.name
        identity = Identity(name, None, (), loaded.path, loaded.digest)
        network = analysed_network(content, identity, target, asked, build)
        document = network.document
        document["file"] = {"format": loaded.format.suffixes[0], "bytes": loaded.size}
        graph, deployed = content.sketch, network.deployed
        told = tuple(_diagnostic(loaded.path, finding) for finding in network.findings)
    if any(gap["figure"] == "arena" for gap in document["gaps"]):
        document["deployed"]["arena_bytes"] = None  # the plan is of a network that is not all there
    return Analysed(loaded.path, name, document, told, graph, deployed, content)


def _request(graph: FileGraph, question: Question) -> Request:
    target = question.target
    if target is None:
        return Request("", model="command")
    own = {OURS.get(op.kind, op.kind) for op in graph.operators}
    names = (*allowable(target), *sorted(own))
    for name in question.allow:
        if name not in names:
            raise reject(
                TARGET,
                never_allowed(target, name)
                or f"`{name}` is neither an operator nor a rule of {target.name}",
                help=did_you_mean(name, names)
                or f"`archc targets {target.name}` lists what can be allowed",
            )
    boards = [board.name for board in target.boards]
    if question.board is not None and question.board not in boards:
        raise reject(
            TARGET,
            f"{target.name} has no board `{question.board}`",
            help=did_you_mean(question.board, boards)
            or (f"its boards are {', '.join(boards)}" if boards else "it has none"),
        )
    allow = tuple(dict.fromkeys(question.allow))
    return Request(target.name, allow, graph.io, question.board, model="file")


def _diagnostic(path: str, finding: Finding) -> Diagnostic:
    """A finding as a diagnostic whose place is a layer of the model."""
    layers = finding.layers if len(finding.layers) > 1 else ()
    notes = [layers_text(layers, _NAMED, differing=False)] if layers else []
    notes.append(f"source: {sourced(finding.source, finding.confidence)}")
    return Diagnostic(
        finding.code,
        finding.level,
        finding.message,
        notes=tuple(notes),
        help=finding.remedy,
        part=Part(path, finding.layer, finding.operator, finding.tensor),
        layers=layers,
    )


def drawable(model: Analysed) -> tuple[Graph, dict[str, Any]]:
    """The graph of a model as one stage, and its document with a row for each node."""
    graph = model.graph
    inputs = set(graph.inputs)
    members = tuple(index for index in range(len(graph.nodes)) if index not in inputs)
    start, end = graph.inputs[0], members[-1] if members else graph.output
    repeat = Frame("repeat", "", "1", LABEL, start, end, members, None)
    stage = Frame("stage", "", LABEL, LABEL, start, end, (repeat,), None)
    whole = Frame("arch", "", "", graph.name, start, end, (stage,), None)
    rows = [
        {
            "name": node.name,
            "macs": macs,
            "params": params,
            "output_shape": list(node.shape),
            "source": None,
            "supported": True,
        }
        for node, (macs, params) in zip(graph.nodes, _costs(model), strict=True)
    ]
    totals = {**model.document["totals"], "macs": model.document["totals"]["macs"] or 0}
    document = {**model.document, "layers": rows, "totals": totals}
    return graph._replace(frame=whole), document


def _costs(model: Analysed) -> Iterator[tuple[int, int]]:
    """MACs and parameters of each node. What several share counts once, so that their sums are the
    totals of the document."""
    if isinstance(model.content, FileGraph):
        for row in model.document["layers"]:
            yield row["macs"] or 0, row["params"] or 0
        return
    params = {layer.nodes[0]: layer.params for layer in model.content.layers if layer.nodes}
    for index, node in enumerate(costs(model.graph, model.deployed)):
        yield node["macs"], params.get(index) or 0
