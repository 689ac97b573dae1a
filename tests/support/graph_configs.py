"""The Keras config of the model that a spec's builder makes, without Keras."""

import json
import zipfile
from pathlib import Path
from typing import Any

from archc.driver import elaborate
from archc.files import Loader
from archc.ir.graph import Graph
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from support.configs import Item, functional, image, layer, model, on


def config_of(graph: Graph) -> Item:
    """The serialised model of a graph: what `model.save` puts into `config.json`."""
    layers: list[Item] = []
    for node in graph.nodes:
        if not node.inputs:
            layers.append(image(*node.shape, name=node.name))
            continue
        call = node.op.keras(node.shape, *graph.input_shapes(node))
        arguments: dict[str, Any] = {one.keyword: one.value for one in call.arguments}
        item = layer(call.class_name, node.name, **arguments)
        layers.append(on(item, *(graph.nodes[i].name for i in node.inputs)))
    references = [[graph.nodes[i].name, 0, 0] for i in graph.ends]
    outputs: Any = references[0] if len(references) == 1 else references
    if graph.names:
        outputs = dict(zip(graph.names, references, strict=True))
    inputs = [[graph.nodes[i].name, 0, 0] for i in graph.inputs]
    given = inputs[0] if len(inputs) == 1 else inputs
    return model(functional(*layers, inputs=given, outputs=outputs, name=graph.name))


def graph_of(text: str) -> Graph | None:
    """The graph of a spec in a text; None where it has errors."""
    graph, _ = elaborate(Loader(""), Source("spec.arch", text), DEFAULT_LIMITS)
    return graph


def saved(path: Path, config: dict[str, Any]) -> Path:
    """A `.keras` archive of a config, without weights."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
    return path
