"""A deployed graph as the structures that targets judge and drawings show: a graph with a node for
each input and operator, and the deployed operators that stem from them."""

from typing import NamedTuple

from archc.compiler import (
    INPUT,
    OPERATORS,
    Deployed,
    DeviceOp,
    Frame,
    Graph,
    Input,
    KerasCall,
    Node,
    Op,
    Shape,
    Step,
    Weight,
)
from archc.diagnostics.text import shape_text
from archc.models.deployed.costs import stored
from archc.models.deployed.graph import FileGraph, Operator, without
from archc.plain import beside

_OURS = beside(__file__, "words.toml")["ours"]
OURS: dict[str, str] = {kind: name for kind, name in _OURS.items() if name in OPERATORS}
"""Operators of a file by the operators of the language whose permission they need. Others go by
their own names."""
_WIDE = ("CONV_2D", "TRANSPOSE_CONV")
"""Convolutions whose number of channels is not that of what they read."""
_ALIGNED = ("CONV_2D", "TRANSPOSE_CONV")
"""Convolutions whose widths a target's alignment judges, as `Op.aligned_width` says of ours."""


class FileOp(Op):
    """An operator of a file as a node of the graph. It registers nowhere.

    ``keyword`` is the operator of the language that it is, or else its own name: by it a target
    judges, and `allow` permits.
    """

    kind: str
    step: Step
    constants: tuple[Weight, ...]
    count: int | None
    label: str
    fused: str | None

    def __init__(self, operator: Operator, graph: FileGraph) -> None:
        kind = operator.kind
        constants = tuple(
            Weight(graph.tensors[index].name, graph.tensors[index].shape)
            for index in operator.weights
        )
        self.__dict__.update(
            keyword=OURS.get(kind, kind),
            kind=kind,
            step=_step(graph, operator),
            constants=constants,
            count=operator.macs,
            label=operator.label,
            fused=operator.activation,
        )

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def infer(self, *inputs: Shape) -> Shape:
        return self.step.shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return self.constants

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return self.count or 0

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(self.label)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (self.step,)

    def title(self, brief: bool) -> str | None:
        window = self.step.window
        said = []
        if window is not None:
            kernel, stride = (shape_text(pair) for pair in (window.kernel, window.stride))
            said = [kernel if window.kernel != (1, 1) else ""]
            said += [str(self.step.shape[-1])] if self.kind in _WIDE else []
            even = window.stride[0] == window.stride[1]
            said += [f"/{window.stride[0] if even else stride}"] if max(window.stride) > 1 else []
            said += [f"dilation {max(window.dilation)}"] if max(window.dilation) > 1 else []
        elif self.kind == "FULLY_CONNECTED":
            said = [str(self.step.shape[-1])]
        text = (" " if brief else ", ").join(filter(None, said))
        fused = f" + {self.fused}" if self.fused and not brief else ""
        return f"{without(self.label, self.fused)} {text}".rstrip() + fused

    def aligned_width(self) -> int | None:
        return self.step.shape[-1] if self.kind in _ALIGNED else None


class Lowered(NamedTuple):
    """What a target judges of a file."""

    graph: Graph
    deployed: Deployed
    operators: tuple[int, ...]
    """By node of the graph: the index of its operator in the file; -1 of an input."""


def lowered(graph: FileGraph) -> Lowered:
    """The structures of a file. Operators stay in its order; one with several results stands for
    the first of them."""
    nodes: list[Node] = []
    values: dict[int, int] = {}
    """By tensor: the node that makes it."""
    made: dict[int, int] = {}
    """By tensor: what a deployed operator that reads it names."""
    origins: list[int] = []
    for number, index in enumerate(graph.inputs):
        tensor = graph.tensors[index]
        values[index], made[index] = len(nodes), INPUT - number
        name = entry_name(tensor.name) or f"input_{number}"
        nodes.append(Node(name, Input(tensor.map), (), tensor.map, (), None, None, None))
        origins.append(-1)
    operators: list[DeviceOp] = []
    for place, op in enumerate(graph.operators):
        reads = [index for index in graph.reads(op) if index in values]
        sources = tuple(values[index] for index in reads) or (0,)
        node: int | None = None
        if not op.border:
            node = len(nodes)
            step = _step(graph, op)
            call = FileOp(op, graph)
            nodes.append(Node(op.name, call, sources, step.shape, (), None, None, None))
            origins.append(place)
        inputs = tuple(made[index] for index in reads) or (INPUT,)
        operators.append(_device(graph, op, inputs, node))
        for index in op.outputs:
            values[index] = sources[0] if node is None else node
            made[index] = place
    ends = tuple(dict.fromkeys(values.get(index, 0) for index in graph.outputs))
    frame = Frame("arch", "", "", graph.name, 0, ends[-1], (), None)
    outputs = tuple(_inner(graph, operators, made.get(index, INPUT)) for index in graph.outputs)
    _, weights, constants = stored(graph, *graph.operators)
    places = {place: node for node, place in enumerate(origins) if place >= 0}
    counts: dict[str, int] = {}
    for op in graph.operators:
        counts[op.kind] = counts.get(op.kind, 0) + 1
    return Lowered(
        Graph(graph.name, tuple(nodes), ends[-1], frame, (), (), ends if len(ends) > 1 else ()),
        Deployed(
            tuple(operators),
            dict(sorted(counts.items())),
            weights,
            constants,
            (),
            (),
            outputs,
            tuple(graph.tensors[index].map for index in graph.inputs),
            "exact",
            tuple(node.op.device(node.shape) for node in nodes),
            tuple(
                trait._replace(layer=places.get(trait.layer)) if trait.layer is not None else trait
                for trait in graph.traits
            ),
        ),
        tuple(origins),
    )


def entry_name(name: str) -> str:
    """What an input is called: TensorFlow's signatures put words around the name of the layer."""
    return name.removeprefix("serving_default_").removesuffix(":0")


def _inner(graph: FileGraph, operators: list[DeviceOp], source: int) -> int:
    """What gives an output, the conversion at the border excluded."""
    return operators[source].inputs[0] if source >= 0 and operators[source].border else source


def _step(graph: FileGraph, op: Operator) -> Step:
    shape = graph.tensors[op.outputs[0]].map if op.outputs else (1,)
    return Step(
        op.kind,
        shape,
        tables=_tables(graph, op),
        window=op.window,
        float_result=_real(graph, op),
    )


def _tables(graph: FileGraph, op: Operator) -> tuple[tuple[int, ...], ...]:
    values = (graph.tensors[index].values for index in op.tables)
    return tuple(table for table in values if table is not None)


def _real(graph: FileGraph, op: Operator) -> bool:
    return any(graph.tensors[index].real for index in op.outputs)


def _device(graph: FileGraph, op: Operator, inputs: tuple[int, ...], node: int | None) -> DeviceOp:
    tensors = graph.tensors
    biases = 0 if op.bias is None else tensors[op.bias].elements
    values = sum(tensors[index].elements for index in op.weights if index != op.bias)
    batch = tensors[op.outputs[0]].shape[:1] if op.outputs else ()
    return DeviceOp(
        op.kind,
        tensors[op.outputs[0]].map if op.outputs else (1,),
        inputs,
        () if node is None else (node,),
        weights=values,
        biases=biases,
        tables=_tables(graph, op),
        window=op.window,
        activation=op.activation,
        border=op.border,
        float_result=_real(graph, op),
        batch=max((*batch, 1)) if len(batch) and len(tensors[op.outputs[0]].shape) > 1 else 1,
    )
