"""A model's graph in the form that drawings and lists of stages read: one stage with all in it."""

from typing import Any

from archc.compiler import Frame, Graph, costs
from archc.models.front.analysis import Analysed

LABEL = "network"


def drawable(model: Analysed) -> tuple[Graph, dict[str, Any]]:
    """The graph of a model as one stage, and its document with a row for each node."""
    graph = model.graph
    inputs = set(graph.inputs)
    members = tuple(index for index in range(len(graph.nodes)) if index not in inputs)
    start, end = graph.inputs[0], members[-1] if members else graph.output
    repeat = Frame("repeat", "", "1", LABEL, start, end, members, None)
    stage = Frame("stage", "", LABEL, LABEL, start, end, (repeat,), None)
    whole = Frame("arch", "", "", graph.name, start, end, (stage,), None)
    figures = costs(graph, model.deployed)
    rows = [
        {
            "name": node.name,
            "macs": one["macs"],
            "params": one["params"],
            "output_shape": list(node.shape),
            "source": None,
            "supported": True,
        }
        for node, one in zip(graph.nodes, figures, strict=True)
    ]
    totals = {**model.document["totals"], "macs": model.document["totals"]["macs"] or 0}
    document = {**model.document, "layers": rows, "totals": totals}
    return graph._replace(frame=whole), document
