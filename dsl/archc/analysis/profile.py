"""What a network costs: exact figures per layer and in total, and what is deployed.

Parameters and MACs are of the Keras graph, weight bytes and memory of the deployed one. MACs:
convolution `Ho*Wo*Co*Kh*Kw*Ci`, depthwise `Ho*Wo*C*Kh*Kw`, dense `in*out`; nothing else counts.
"""

from collections.abc import Collection
from typing import NamedTuple

from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp, weights_of
from archc.analysis.memory import Memory, Tensor
from archc.analysis.tflite_micro import Micro
from archc.ir.graph import Graph, Node, Via
from archc.ops.base import Shape, product

PRECISION = "int8"
"""Of weights and activations on the device; biases are int32."""


class Bytes(NamedTuple):
    """The size of activations in bytes, at two precisions."""

    float32: int
    int8: int


class Row(NamedTuple):
    """One Keras layer. Shapes exclude the batch."""

    name: str
    class_name: str
    """Of the Keras layer."""
    stage: str | None
    block: str | None
    repeat: int | None
    inputs: tuple[str, ...]
    output_shape: Shape
    params: int
    trainable_params: int
    macs: int
    stedgeai_macc: int
    activation_bytes: Bytes
    """Of its own output."""
    weight_bytes: int
    """Of the deployed operators that start with it: int8 values and int32 biases, those that
    earlier layers have too left out."""
    supported: bool | None
    """By both halves of the target's gate; None without a target."""
    origin: tuple[Via, ...]


class Totals(NamedTuple):
    """Sums over all layers. ``activation_bytes`` is a sum too, not a peak."""

    params: int
    trainable_params: int
    macs: int
    stedgeai_macc: int
    """Of the model before folding, as ST Edge AI counts it (`ops`: `Op.stedgeai_macc`)."""
    activation_bytes: Bytes


class Operator(NamedTuple):
    """One operator of the int8 file."""

    operator: str
    output_shape: Shape
    layers: tuple[str, ...]
    """Names of the layers it stems from; none at the border."""


class Doubt(NamedTuple):
    """A pattern of which it is not known what the converter makes."""

    layers: tuple[str, ...]
    reason: str


class Footprint(NamedTuple):
    """What the deployed graph needs."""

    precision: str
    operators: dict[str, int]
    weight_bytes: int
    constant_bytes: int
    sequence: tuple[Operator, ...]
    """The operators in the order of the file."""
    order: str
    """Whether that order is `exact` or `predicted`."""
    memory: Memory
    micro: Micro
    owners: tuple[str, ...]
    """The layer whose value each of the memory's tensors is, or for which it is scratch memory."""
    peak_at: str | None
    """The layer at which the peak is; None where nothing is deployed."""
    unknown: tuple[Doubt, ...]

    @property
    def peak_activation_bytes(self) -> int:
        return self.memory.peak.bytes

    @property
    def arena_bytes(self) -> int:
        return self.memory.arena_bytes


class Profile(NamedTuple):
    """All figures of one network."""

    layers: tuple[Row, ...]
    totals: Totals
    deployed: Footprint


def profile(
    graph: Graph,
    deployed: Deployed,
    memory: Memory,
    micro: Micro,
    unsupported: Collection[int] | None,
) -> Profile:
    """The figures of a network.

    Args:
        graph: the Keras graph.
        deployed: what the converter leaves of it.
        memory: what it needs of memory.
        micro: what TensorFlow Lite Micro needs of it.
        unsupported: indices of the nodes that the target's gate refuses or that were allowed
            by name; None without a target.
    """
    weight_bytes = [0] * len(graph.nodes)
    counted: set[object] = set()
    for op in deployed.operators:
        for content, size in weights_of(op):
            if content not in counted:
                counted.add(content)
                weight_bytes[_first(op)] += size
    rows = tuple(
        _row(
            graph,
            node,
            weight_bytes[index],
            None if unsupported is None else index not in unsupported,
        )
        for index, node in enumerate(graph.nodes)
    )
    totals = Totals(
        sum(row.params for row in rows),
        sum(row.trainable_params for row in rows),
        sum(row.macs for row in rows),
        sum(row.stedgeai_macc for row in rows),
        Bytes(
            sum(row.activation_bytes.float32 for row in rows),
            sum(row.activation_bytes.int8 for row in rows),
        ),
    )
    names = [node.name for node in graph.nodes]
    step = memory.peak.at
    footprint = Footprint(
        PRECISION,
        deployed.counts,
        deployed.weight_bytes,
        deployed.constant_bytes,
        tuple(
            Operator(op.operator, op.shape, tuple(names[index] for index in op.layers))
            for op in deployed.operators
        ),
        deployed.order,
        memory,
        micro,
        tuple(names[_owner(tensor, graph, deployed)] for tensor in memory.tensors),
        None if step is None else names[_first(deployed.operators[step])],
        tuple(
            Doubt(tuple(names[index] for index in doubt.layers), doubt.reason)
            for doubt in deployed.unknown
        ),
    )
    return Profile(rows, totals, footprint)


def _row(graph: Graph, node: Node, weight_bytes: int, supported: bool | None) -> Row:
    shapes = graph.input_shapes(node)
    weights = node.op.weights(*shapes)
    elements = product(node.shape)
    return Row(
        node.name,
        node.op.keras(node.shape, *shapes).class_name,
        node.stage,
        node.block,
        node.repeat,
        tuple(graph.nodes[index].name for index in node.inputs),
        node.shape,
        sum(weight.size for weight in weights),
        sum(weight.size for weight in weights if weight.trainable),
        node.op.macs(node.shape, *shapes),
        node.op.stedgeai_macc(node.shape, *shapes),
        Bytes(4 * elements, elements),
        weight_bytes,
        supported,
        node.origin,
    )


def _first(op: DeviceOp) -> int:
    """The node that a deployed operator goes by: the first it stems from, such as the convolution
    of a convolution, a batch normalisation and an activation."""
    return op.layers[0] if op.layers else 0


def _owner(tensor: Tensor, graph: Graph, deployed: Deployed) -> int:
    """The node whose value a tensor is; for scratch memory the one that needs it."""
    if tensor.maker == INPUT:
        return 0
    op = deployed.operators[tensor.maker]
    if op.layers:
        return op.layers[-1]
    return 0 if INPUT in op.inputs else graph.output
