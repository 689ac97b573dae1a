"""Who makes and who reads the tensors of a file, with what does nothing on a device left out."""

from collections.abc import Mapping
from typing import NamedTuple

from archc.models.onnx.constants import Held, constants
from archc.models.onnx.model import Model, Node
from archc.models.onnx.operators import (
    CONTRIB,
    DEQUANTIZE,
    MERGING,
    NOTHING,
    OPERATORS,
    OWN,
    QUANTIZE,
)


class Wiring(NamedTuple):
    """The nodes that depend on the inputs and that an output depends on."""

    model: Model
    """Without nodes that do nothing."""
    held: Mapping[str, Held]
    """Constants by name."""
    live: tuple[int, ...]
    """Indices of the nodes, ascending."""
    makers: Mapping[str, int]
    """By tensor: the node that makes it; inputs and constants have none."""
    readers: Mapping[str, tuple[int, ...]]
    """By tensor: the nodes that read it, each once."""
    inputs: frozenset[str]
    outputs: frozenset[str]

    def maker(self, tensor: str) -> Node | None:
        place = self.makers.get(tensor)
        return None if place is None else self.model.nodes[place]

    def reading(self, tensor: str) -> list[Node]:
        return [self.model.nodes[place] for place in self.readers.get(tensor, ())]

    def only_reader(self, tensor: str) -> int | None:
        """The node that alone reads a tensor which is no output."""
        readers = self.readers.get(tensor, ())
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None


def wired(model: Model) -> Wiring:
    """The wiring of a file."""
    model = _without_nothing(model)
    held, static = constants(model)
    needed = set(model.outputs)
    live: list[int] = []
    for place in range(len(model.nodes) - 1, -1, -1):
        node = model.nodes[place]
        if place not in static and any(name in needed for name in node.outputs if name):
            live.append(place)
            needed.update(name for name in node.inputs if name and name not in held)
    live.reverse()
    readers: dict[str, list[int]] = {}
    makers = {}
    for place in live:
        for name in dict.fromkeys(filter(None, model.nodes[place].inputs)):
            readers.setdefault(name, []).append(place)
        makers.update(dict.fromkeys(filter(None, model.nodes[place].outputs), place))
    return Wiring(
        model,
        held,
        tuple(live),
        makers,
        {name: tuple(places) for name, places in readers.items()},
        frozenset(model.inputs),
        frozenset(model.outputs),
    )


def _without_nothing(model: Model) -> Model:
    """The same model with what reads the result of an `Identity`, or of a merge of one map,
    reading what that reads."""
    renamed: dict[str, str] = {}
    outputs = frozenset(model.outputs)
    kept = []
    for node in model.nodes:
        inputs = tuple(renamed.get(name, name) for name in node.inputs)
        made = node.outputs[0]
        nothing = node.kind in NOTHING or (node.kind in MERGING and len(inputs) == 1)
        passes = nothing and node.domain == OWN and inputs and inputs[0]
        if passes and made and made not in outputs:
            renamed[made] = inputs[0]
            continue
        kept.append(node._replace(inputs=inputs))
    return model._replace(nodes=tuple(kept))


def quantizes(node: Node | None) -> bool:
    return node is not None and node.kind == QUANTIZE and node.domain in (OWN, CONTRIB)


def dequantizes(node: Node | None) -> bool:
    return node is not None and node.kind == DEQUANTIZE and node.domain in (OWN, CONTRIB)


def known(node: Node) -> bool:
    """Whether what a node is on a device stands in the table of operators."""
    return node.domain in (OWN, CONTRIB) and node.kind in OPERATORS
