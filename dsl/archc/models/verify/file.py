"""A TFLite file under verification: its first subgraph, and what is asked of it all the time."""

from collections.abc import Sequence

from archc.compiler import Network
from archc.diagnostics.model import Rejected
from archc.models.deployed import checked
from archc.models.deployed.runtime import runtime_network
from archc.models.tflite import Model, Operator, Subgraph, Tensor
from archc.models.tflite.deployed import graph_of
from archc.models.verify.advice import CONVERSIONS
from archc.models.verify.align import Item
from archc.models.verify.scheme import scheme


class File:
    """The network of a file."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.graph: Subgraph = model.subgraphs[0]
        self.tensors: Sequence[Tensor] = self.graph.tensors
        self.operators: Sequence[Operator] = self.graph.operators
        self.makers: dict[int, int] = {}
        """The operator that makes a tensor."""
        for index, op in enumerate(self.operators):
            for tensor in op.outputs:
                self.makers.setdefault(tensor, index)
        self.scheme = scheme(self.graph)

    def tensor(self, op: Operator, place: int) -> Tensor | None:
        """One of the tensors that an operator reads."""
        if place >= len(op.inputs) or op.inputs[place] < 0:
            return None
        return self.tensors[op.inputs[place]]

    def result(self, op: Operator) -> Tensor | None:
        return self.tensors[op.outputs[0]] if op.outputs else None

    def called(self, index: int) -> str | None:
        """The name of an operator's result."""
        result = self.result(self.operators[index])
        return result.name if result is not None else None

    def item(self, index: int) -> Item:
        op = self.operators[index]
        result = self.result(op)
        return Item(op.name, inner(result.shape) if result is not None else ())

    def border(self, index: int) -> bool:
        """Whether an operator only converts an input or output of the file."""
        op = self.operators[index]
        if op.name not in CONVERSIONS:
            return False
        return any(tensor in self.graph.inputs for tensor in op.inputs) or any(
            tensor in self.graph.outputs for tensor in op.outputs
        )


def inner(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the batch; a vector of constants for broadcasting has none."""
    return shape[1:] if len(shape) > 1 else shape


def file_network(model: Model) -> Network | None:
    """A file as the computation of the arena takes it, or None where its allocations are not
    known."""
    try:
        found = runtime_network(checked(graph_of(model.name, model)))
    except Rejected:  # not a graph, of which something else is said
        return None
    return found if isinstance(found, Network) else None
