"""What a network costs: exact figures per layer and in total, and what is deployed.

Parameters and MACs are of the Keras graph, weight bytes and memory of the deployed one. MACs:
convolution `Ho*Wo*Co*Kh*Kw*Ci`, depthwise `Ho*Wo*C*Kh*Kw`, dense `in*out`; nothing else counts.
`figures` declares what every layer has.
"""

from collections.abc import Collection, Iterator, Sequence

from archc.analysis.figures import Figures, costs, first_layer, totals
from archc.analysis.latency import Estimate, Layout, Timing
from archc.analysis.lowering.deployed import INPUT, Deployed
from archc.analysis.memory import Memory, Tensor
from archc.analysis.memory import memory as needs
from archc.analysis.tflite_micro import Micro
from archc.ir.graph import Graph, Via
from archc.ops.base import Shape
from archc.typed import NamedTuple

PRECISION = "int8"
"""Of weights and activations on the device; biases are int32."""


class Row(NamedTuple):
    """One Keras layer. Shapes exclude the batch. In a row of an imported model what is not known is
    None."""

    name: str
    class_name: str
    """Of the Keras layer."""
    stage: str | None
    block: str | None
    repeat: int | None
    inputs: tuple[str, ...]
    output_shape: Shape | None
    figures: Figures
    supported: bool | None
    """By both halves of the target's gate; None without a target."""
    origin: tuple[Via, ...] = ()


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


class Untrained(NamedTuple):
    """What is deployed of a network that is converted before it is trained."""

    appear: dict[str, int]
    """Operators that there are more of than after training, sorted by name."""
    vanish: dict[str, int]
    """Operators that there are fewer of."""
    sequence: tuple[Operator, ...] | None
    """The operators in the order of the file; None where it is that of the trained network."""
    weight_bytes: int
    constant_bytes: int
    peak_activation_bytes: int
    arena_bytes: int


class Shortcut(NamedTuple):
    """A skip with operators in both its branches."""

    where: str
    """The call that it stands in."""
    first: str
    """`body` or `shortcut`: whichever begins first in the file."""


class Timed(NamedTuple):
    """An estimate of time, and what it rests on."""

    estimate: Estimate
    timing: Timing


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
    shortcuts: tuple[Shortcut, ...]
    untrained: Untrained | None
    """None where training makes no difference to any of its figures."""
    layout: Layout | None = None
    """Where a board of the target would have its buffers; None without a target."""
    timed: Timed | None = None
    """None where the target knows nothing of time."""

    @property
    def peak_activation_bytes(self) -> int:
        return self.memory.peak.bytes

    @property
    def arena_bytes(self) -> int:
        return self.memory.arena_bytes


class Profile(NamedTuple):
    """All figures of one network."""

    layers: tuple[Row, ...]
    totals: Figures
    """Sums over all layers, those of activations too."""
    deployed: Footprint


def profile(
    graph: Graph,
    deployed: Deployed,
    untrained: Deployed,
    memory: Memory,
    micro: Micro,
    unsupported: Collection[int] | None,
    layout: Layout | None = None,
    timed: Timed | None = None,
) -> Profile:
    """The figures of a network.

    Args:
        graph: the Keras graph.
        deployed: what the converter leaves of it.
        untrained: what it would leave before training.
        memory: what it needs of memory.
        micro: what TensorFlow Lite Micro needs of it.
        unsupported: indices of the nodes that the target's gate refuses or that were allowed
            by name; None without a target.
        layout: where a board would have its buffers, where there is a target.
        timed: how long it takes, where the target knows.
    """
    names = [node.name for node in graph.nodes]
    pairs = zip(graph.nodes, costs(graph, deployed), strict=True)
    rows = [
        Row(
            names[index],
            node.op.keras(node.shape, *graph.input_shapes(node)).class_name,
            node.stage,
            node.block,
            node.repeat,
            tuple([names[source] for source in node.inputs]),
            node.shape,
            figures,
            None if unsupported is None else index not in unsupported,
            node.origin,
        )
        for index, (node, figures) in enumerate(pairs)
    ]
    step = memory.peak.at
    footprint = Footprint(
        PRECISION,
        deployed.counts,
        deployed.weight_bytes,
        deployed.constant_bytes,
        _sequence(deployed, names),
        deployed.order,
        memory,
        micro,
        tuple([names[_owner(tensor, graph, deployed)] for tensor in memory.tensors]),
        None if step is None else names[first_layer(deployed.operators[step])],
        tuple(
            Doubt(tuple(names[index] for index in doubt.layers), doubt.reason)
            for doubt in deployed.unknown
        ),
        tuple(_shortcuts(graph, deployed)),
        _untrained(deployed, untrained, memory, names),
        layout,
        timed,
    )
    return Profile(tuple(rows), totals([row.figures for row in rows]), footprint)


def _sequence(deployed: Deployed, names: Sequence[str]) -> tuple[Operator, ...]:
    return tuple(
        [
            Operator(op.operator, op.shape, tuple([names[index] for index in op.layers]))
            for op in deployed.operators
        ]
    )


def _shortcuts(graph: Graph, deployed: Deployed) -> Iterator[Shortcut]:
    begins: dict[int, int] = {}
    for place, op in enumerate(deployed.operators):
        for layer in op.layers:
            begins.setdefault(layer, place)
    for note in graph.skips:
        body, shortcut = (
            min((begins[node] for node in range(*nodes) if node in begins), default=None)
            for nodes in (note.body, note.shortcut)
        )
        if body is not None and shortcut is not None:
            yield Shortcut(note.where, "body" if body < shortcut else "shortcut")


def _untrained(
    trained: Deployed, untrained: Deployed, needed: Memory, names: Sequence[str]
) -> Untrained | None:
    """What differs before training; ``needed`` is the memory of the trained network."""
    if trained is untrained:
        return None
    wired, others = (
        [(op.operator, op.shape, op.inputs, op.layers, op.activation) for op in deployed.operators]
        for deployed in (trained, untrained)
    )
    before = needed if wired == others else needs(untrained)
    figures = (before.peak.bytes, before.arena_bytes)
    sizes = (untrained.weight_bytes, untrained.constant_bytes)
    same = (trained.weight_bytes, trained.constant_bytes) == sizes
    if wired == others and same:
        return None
    return Untrained(
        _more(untrained.counts, trained.counts),
        _more(trained.counts, untrained.counts),
        None if wired == others else _sequence(untrained, names),
        *sizes,
        *figures,
    )


def _more(counts: dict[str, int], others: dict[str, int]) -> dict[str, int]:
    """What there is more of than elsewhere."""
    return {
        name: count - others.get(name, 0)
        for name, count in counts.items()
        if count > others.get(name, 0)
    }


def _owner(tensor: Tensor, graph: Graph, deployed: Deployed) -> int:
    """The node whose value a tensor is; for scratch memory the one that needs it."""
    at = tensor.maker
    while at >= 0:
        op = deployed.operators[at]
        if op.layers:
            return op.layers[-1]
        at = op.inputs[0]  # of what converts at the border it is what that reads
    return graph.inputs[INPUT - at]
