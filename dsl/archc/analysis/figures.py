"""The figures of a layer, each declared once.

From a declaration come the key in a layer's entry of the manifest and in `totals`, with what the
JSON schema and the manual say of it, the quantity for `require` and `diff`, the column and the line
of the table, and the rows of an imported model. To add a figure, add it here and run
`python dsl/generate.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from archc.analysis.lowering.deployed import Deployed, DeviceOp, weights_of
from archc.ir.graph import Graph
from archc.ops.base import MACC_VERSION, Op, Shape, product
from archc.typed import Any, NamedTuple, cast


class Figure(NamedTuple):
    """A whole number of every layer."""

    name: str
    """Its key in the manifest; `activation_bytes.int8` is one of a group."""
    about: str
    """What it is of a layer."""
    cost: "Callable[[Layer], int] | None"
    """Its value for a layer; None where layers have parts of it in common."""
    total: str | None = None
    """What its sum is; None where no sum is published."""
    listed: bool = True
    """Whether the manifest lists it for every layer."""
    partial: bool = True
    """Of a model of which not all is known: whether the sum of what is known is published, as a
    lower bound."""
    compared: bool = False
    """Whether layers that differ in it are different layers."""
    heading: str | None = None
    """Of its column in the table of layers."""
    label: str | None = None
    """Of its line among the totals of that table."""
    remark: str = ""
    """What that line says of it; totals in braces are filled in."""
    together: "Callable[[Network], Sequence[int]] | None" = None
    """Its values for all nodes of the Keras graph, where they have parts of it in common."""

    def costs(self, network: "Network") -> Sequence[int]:
        """Its values for all nodes of the Keras graph."""
        if self.together is not None:
            return self.together(network)
        assert self.cost is not None
        return list(map(self.cost, network.layers))


class Group(NamedTuple):
    """Figures that are parts of one key."""

    about: str
    total: str


GROUPS = {"activation_bytes": Group("Of its own output.", "Sums over the layers, not peaks.")}


class Layer(NamedTuple):
    """An operator of the Keras graph, with what it reads and gives."""

    op: Op
    output: Shape
    inputs: tuple[Shape, ...]
    params: int
    trainable: int
    values: int
    """Elements of its output."""


class Network(NamedTuple):
    """What figures are computed from."""

    layers: Sequence[Layer]
    """One for each node of the Keras graph."""
    deployed: Deployed


def layer(op: Op, output: Shape, inputs: tuple[Shape, ...]) -> Layer:
    params = trainable = 0
    for weight in op.weights(*inputs):
        size = product(weight.shape)
        params += size
        if weight.trainable:
            trainable += size
    return Layer(op, output, inputs, params, trainable, product(output))


def network(graph: Graph, deployed: Deployed) -> Network:
    layers = [layer(node.op, node.shape, graph.input_shapes(node)) for node in graph.nodes]
    return Network(layers, deployed)


def first_layer(op: DeviceOp) -> int:
    """The node that a deployed operator goes by: the first it stems from, such as the convolution
    of a convolution, a batch normalisation and an activation."""
    return op.layers[0] if op.layers else 0


def _weight_bytes(network: Network) -> list[int]:
    """Of the deployed operators that start with a layer: int8 values and int32 biases, those that
    earlier layers have too left out."""
    sizes = [0] * len(network.layers)
    counted: set[object] = set()
    for op in network.deployed.operators:
        for content, size in weights_of(op):
            if content not in counted:
                counted.add(content)
                sizes[first_layer(op)] += size
    return sizes


FIGURES = (
    Figure(
        "params",
        "As Keras counts them.",
        attrgetter("params"),
        total="As Keras counts them, statistics of batch normalisation included.",
        compared=True,
        heading="params",
        label="params",
        remark="{trainable_params:,} trainable",
    ),
    Figure(
        "trainable_params",
        "Those that training changes.",
        attrgetter("trainable"),
        total="Those that training changes.",
        compared=True,
    ),
    Figure(
        "macs",
        "Multiply-accumulates; 0 but for convolutions and dense layers.",
        lambda layer: layer.op.macs(layer.output, *layer.inputs),
        total="Multiply-accumulates of convolutions and dense layers; nothing else counts.",
        compared=True,
        heading="MACs",
        label="MACs",
        remark="convolutions and dense layers",
    ),
    Figure(
        "stedgeai_macc",
        "As ST Edge AI counts the model before folding.",
        lambda layer: layer.op.stedgeai_macc(layer.output, *layer.inputs),
        total="As ST Edge AI counts the model before folding.",
        listed=False,
        partial=False,
        label="ST Edge AI macc",
        remark=f"as ST's {MACC_VERSION} counts it before folding",
    ),
    Figure(
        "activation_bytes.float32",
        "4 a value.",
        lambda layer: 4 * layer.values,
        total="4 a value.",
        label="",
        remark="bytes in float32",
    ),
    Figure(
        "activation_bytes.int8",
        "1 a value.",
        attrgetter("values"),
        total="1 a value.",
        heading="int8 B",
        label="activations",
        remark="bytes in int8, a sum over all layers, not a peak",
    ),
    Figure("weight_bytes", "Of the int8 file.", None, listed=False, together=_weight_bytes),
)

_PARTS = {figure.name: figure.name.rpartition(".") for figure in FIGURES}

LISTED = tuple(figure for figure in FIGURES if figure.listed)
TOTALS = tuple(figure for figure in FIGURES if figure.total is not None)
SUMS = tuple((figure.name, figure.cost) for figure in TOTALS if figure.cost is not None)
"""The names of those totals that are sums over layers by themselves, and the cost of a layer."""


Figures = Mapping[str, int | None]
"""Values by the names of figures; None where one is not known, which of a spec it always is."""


def costs(graph: Graph, deployed: Deployed) -> list[dict[str, int]]:
    """All figures of every node."""
    layers = network(graph, deployed)
    columns = [figure.costs(layers) for figure in FIGURES]
    names = [figure.name for figure in FIGURES]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def totals(rows: Iterable[Figures]) -> dict[str, int | None]:
    """The sums that are published."""
    rows = list(rows)
    sums: dict[str, int | None] = {}
    for figure in TOTALS:
        values = [row[figure.name] for row in rows]
        if None in values:
            known = [value for value in values if value is not None]
            sums[figure.name] = sum(known) if figure.partial else None
        else:
            sums[figure.name] = sum(cast("list[int]", values))
    return sums


def nested(figures: Sequence[Figure], values: Figures) -> dict[str, Any]:
    """Values as keys of the manifest, the parts of a group below its key. A group of which nothing
    is known is None."""
    entry: dict[str, Any] = {}
    for figure in figures:
        name = figure.name
        (group, _, part), value = _PARTS[name], values[name]
        if not group:
            entry[part] = value
        elif value is None:
            entry.setdefault(group, None)
        elif group in entry:
            entry[group][part] = value
        else:
            entry[group] = {part: value}
    return entry


def flat(entry: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """The whole numbers of plain data by name, with dots between levels."""
    for key, value in entry.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}.{inner}", number) for inner, number in flat(value))
        elif isinstance(value, int):
            yield key, value


def known(entry: Mapping[str, Any], name: str) -> int | None:
    """The value of a figure in the entry of a layer or in totals; None where it is not known."""
    found: Any = entry
    for part in name.split("."):
        found = None if found is None else found[part]
    return None if found is None else int(found)


def value(entry: Mapping[str, Any], name: str) -> Any:
    """The value of a figure in the entry of a layer or in totals."""
    for part in name.split("."):
        entry = entry[part]
    return entry
