"""What a network costs: exact figures per layer and in total, what is deployed, and budgets.

Parameters and MACs are of the Keras graph, weight bytes and memory of the deployed one. MACs:
convolution `Ho*Wo*Co*Kh*Kw*Ci`, depthwise `Ho*Wo*C*Kh*Kw`, dense `in*out`; nothing else counts.
"""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from archc.analysis.lowering.deployed import INPUT, Deployed, DeviceOp, weights_of
from archc.analysis.memory import Memory, Tensor
from archc.analysis.tflite_micro import Micro
from archc.diagnostics.codes import BUDGET, NUMBER, UNKNOWN_NAME
from archc.diagnostics.model import Diagnostic, Edit, make
from archc.diagnostics.nearest import Proposal, normal, propose
from archc.ir.graph import Graph, Node, Via
from archc.ops.base import Shape, product
from archc.sema.model import BudgetRequest

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


class Budget(NamedTuple):
    """A budget and what it is held against."""

    name: str
    limit: int
    actual: int

    @property
    def passed(self) -> bool:
        return self.actual <= self.limit


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
            expressly; None without a target.
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


# --- budgets -----------------------------------------------------------------------------------

_TOTALS: dict[str, tuple[Callable[[Totals], int], Callable[[Row], int]]] = {
    "params": (lambda totals: totals.params, lambda row: row.params),
    "trainable_params": (
        lambda totals: totals.trainable_params,
        lambda row: row.trainable_params,
    ),
    "macs": (lambda totals: totals.macs, lambda row: row.macs),
    "stedgeai_macc": (lambda totals: totals.stedgeai_macc, lambda row: row.stedgeai_macc),
    "activation_bytes.float32": (
        lambda totals: totals.activation_bytes.float32,
        lambda row: row.activation_bytes.float32,
    ),
    "activation_bytes.int8": (
        lambda totals: totals.activation_bytes.int8,
        lambda row: row.activation_bytes.int8,
    ),
}
_DEPLOYED: dict[str, Callable[[Footprint], int]] = {
    "weight_bytes": lambda footprint: footprint.weight_bytes,
    "peak_activation_bytes": lambda footprint: footprint.peak_activation_bytes,
    "constant_bytes": lambda footprint: footprint.constant_bytes,
    "arena_bytes": lambda footprint: footprint.arena_bytes,
}

BUDGET_NAMES: tuple[str, ...] = (*_TOTALS, *_DEPLOYED)
"""What `require` can bound: the integer keys of the manifest's totals and deployed sections."""


def budget_faults(requests: Iterable[BudgetRequest]) -> tuple[Diagnostic, ...]:
    """What is wrong with budgets whatever the network: unknown names, bytes for counts."""
    faults = []
    for request in requests:
        name = request.name.text
        if name not in BUDGET_NAMES:
            faults.append(_unknown(request))
        elif request.bytes and "bytes" not in name:
            faults.append(
                make(
                    NUMBER,
                    f"`{name}` is a count, not a number of bytes",
                    request.span,
                    help="units for counts are k, M and G",
                )
            )
    return tuple(faults)


def budgets(
    requests: Iterable[BudgetRequest], profile: Profile
) -> tuple[tuple[Budget, ...], tuple[Diagnostic, ...]]:
    """Every budget of known name with its actual value, and those that are broken.

    A broken budget is an error that names the layers which cost most of it.
    """
    evaluated, diagnostics = [], []
    costs: dict[str, list[str]] = {}
    for request in requests:
        name = request.name.text
        if name in _TOTALS:
            actual = _TOTALS[name][0](profile.totals)
        elif name in _DEPLOYED:
            actual = _DEPLOYED[name](profile.deployed)
        else:
            continue
        budget = Budget(name, request.limit, actual)
        evaluated.append(budget)
        if not budget.passed:
            if name not in costs:
                costs[name] = _costs(name, actual, profile)
            diagnostics.append(
                make(
                    BUDGET,
                    f"`{name}` is {actual:,}, above the {budget.limit:,} that are required",
                    request.name.span,
                    label=f"{actual - budget.limit:,} too many",
                    help=f"narrow what is named here, or allow `{name} <= {actual}`",
                    notes=costs[name],
                )
            )
    return tuple(evaluated), tuple(diagnostics)


def _unknown(request: BudgetRequest) -> Diagnostic:
    from archc.foreign import quantities

    name, span = request.name.text, request.name.span
    near = propose(name, span, BUDGET_NAMES)
    listed = f"quantities are {', '.join(BUDGET_NAMES)}"
    known = next((one for one in quantities() if normal(name) in map(normal, one.names)), None)
    if known is not None and not near.edits:
        near = Proposal(known.why)
        if known.ours in BUDGET_NAMES:
            near = Proposal(f"it is called `{known.ours}` here", (Edit(span, known.ours),))
    return make(
        UNKNOWN_NAME,
        f"`{name}` is not a quantity that can be required",
        span,
        notes=[listed] if near.help else (),
        help=near.help or listed,
        edits=near.edits,
    )


def _costs(name: str, actual: int, profile: Profile, most: int = 5) -> list[str]:
    """A note that names the layers with the largest shares of a quantity."""
    if name in ("peak_activation_bytes", "arena_bytes"):
        return _fullest(profile.deployed, border=name == "arena_bytes")
    cost = _TOTALS[name][1] if name in _TOTALS else _weight_bytes
    ranked = sorted(profile.layers, key=cost, reverse=True)[:most]
    parts = [
        f"`{row.name}` {cost(row):,} ({100 * cost(row) / actual:.0f} %)"
        for row in ranked
        if cost(row)
    ]
    return [f"the layers that cost most: {', '.join(parts)}"] if parts else []


def _fullest(footprint: Footprint, border: bool, most: int = 5) -> list[str]:
    """A note that says what is alive where memory is fullest, the largest first; ``border``
    includes what only the arena holds."""
    memory = footprint.memory
    if memory.peak.at is None:
        return []
    step, where = memory.peak.at, f"`{footprint.peak_at}`"
    if border:
        step = max(range(len(memory.timeline)), key=lambda at: memory.timeline[at].arena_bytes)
        operator = footprint.sequence[step]
        where = f"`{operator.layers[0]}`" if operator.layers else f"the {operator.operator}"
    alive = [
        (tensor.bytes, owner)
        for tensor, owner in zip(memory.tensors, footprint.owners, strict=True)
        if tensor.first <= step <= tensor.last and (border or tensor.kind == "activation")
    ]
    alive.sort(key=lambda one: -one[0])
    listed = ", ".join(f"`{layer}` {size:,}" for size, layer in alive[:most])
    more = f" and {len(alive) - most} more" if len(alive) > most else ""
    return [f"the peak is at {where}, where these are alive: {listed}{more}"]


def _weight_bytes(row: Row) -> int:
    return row.weight_bytes
