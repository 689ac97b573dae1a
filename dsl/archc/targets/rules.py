"""The predicates behind a target's rules. A target file chooses them by name and sets their limits.

A predicate yields one offence per place where its rule is broken; it knows graphs and facts of
operators, not messages.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from archc.analysis.lowering import Deployed, DeviceOp
from archc.analysis.memory import Peak, peak
from archc.ir.graph import Graph, Node
from archc.ops.base import Placement, Shape, Step, product
from archc.targets.model import Board, Limit, Target


class Request(NamedTuple):
    """What a spec asks of a target: `target NAME(allow = [...], io = ..., board = ...)`."""

    name: str
    allow: tuple[str, ...] = ()
    """Operators by our names, rules by theirs."""
    io: str = "float32"
    board: str | None = None
    """None for the target's default."""


class Offence(NamedTuple):
    """A place where a rule is broken."""

    node: int | None
    """Index of the layer; None if it is the network as a whole."""
    values: dict[str, str]
    """The fields of the rule's message."""
    weight: int = 0
    """How bad it is among its like, to name the worst."""
    allow: str | None = None
    """The operator of ours by whose name it can be allowed, if that is the way."""
    gate: bool = False
    """Whether it makes the layer's row unsupported."""


class Facts:
    """A network as predicates see it; what several of them need is worked out once."""

    def __init__(self, target: Target, request: Request, graph: Graph, deployed: Deployed) -> None:
        self.target, self.request = target, request
        self.graph, self.deployed = graph, deployed
        self.board: Board = target.board(request.board)
        self.peak: Peak = peak(deployed)
        self.left: set[int] = {node for op in deployed.operators for node in op.layers}
        """The nodes of which something is left on the device."""
        self.steps: list[tuple[Step, ...]] = [
            node.op.device(node.shape, *graph.input_shapes(node)) if index else ()
            for index, node in enumerate(graph.nodes)
        ]
        self.exotic: list[tuple[int, Node]] = [
            (index, node)
            for index, node in enumerate(graph.nodes)
            if index in self.left and node.op.keyword not in target.demanded.layers
        ]

    def unmapped(self, index: int) -> str | None:
        """Why nothing maps a layer, if nothing does and it cannot be allowed."""
        tier = self.target.layer_tier(self.graph.nodes[index].op.keyword)
        if tier is not None and not tier.allowed:
            return tier.meaning
        for step in self.steps[index]:
            tier = self.target.tier(step.operator)
            if tier is not None and not tier.allowed:
                return tier.meaning
        return None

    def meaning(self, operators: list[str]) -> str:
        """How the device treats some operators: what is said of the first that is not among the
        demanded ones, or of all."""
        rest = [name for name in operators if name not in self.target.demanded.operators]
        for name in rest or operators:
            tier = self.target.tier(name)
            if tier is None:
                return "no source here says how it runs"
            if tier.software or not rest:
                return tier.meaning
        tier = self.target.tier(rest[0])
        return tier.meaning if tier else "no source here says how it runs"

    def windows(self, *operators: str) -> Iterator[tuple[int, Node, Placement]]:
        """Every layer of some TFLite operators with how its kernel lies."""
        for index, steps in enumerate(self.steps):
            for step in steps:
                if step.operator in operators and step.window is not None:
                    yield index, self.graph.nodes[index], step.window

    def software(self) -> list[str]:
        """The TFLite names of deployed operators that run on the CPU, one per operator."""
        return [self.deployed.operators[place].operator for place in self.software_places()]

    def software_places(self) -> list[int]:
        """The indices of deployed operators that run on the CPU."""
        operators = self.deployed.operators
        places = []
        for place, op in enumerate(operators):
            tier = self.target.tier(op.operator)
            from_float = any(source >= 0 and operators[source].float_result for source in op.inputs)
            from_float |= op.border and self.request.io == "float32"
            if op.float_result or from_float or (tier is not None and tier.software):
                places.append(place)
        return places

    def first_layer(self, op: DeviceOp) -> int | None:
        return op.layers[0] if op.layers else None


class Limits:
    """The limits of a rule, typed as the predicate declared them."""

    def __init__(self, values: dict[str, Limit]) -> None:
        self._values = values

    def count(self, name: str) -> int:
        value = self._values[name]
        assert isinstance(value, int)
        return value

    def ratio(self, name: str) -> float:
        value = self._values[name]
        assert isinstance(value, int | float)
        return value

    def counts(self, name: str) -> tuple[int, ...]:
        value = self._values[name]
        assert isinstance(value, tuple)
        return tuple(one for one in value if isinstance(one, int))

    def names(self, name: str) -> tuple[str, ...]:
        value = self._values[name]
        assert isinstance(value, tuple)
        return tuple(one for one in value if isinstance(one, str))


Check = Callable[[Facts, Limits], Iterator[Offence]]


class Predicate(NamedTuple):
    """A predicate with what a target file has to give it and what it gives to messages."""

    check: Check
    limits: dict[str, str]
    """Name of a limit to its kind: `count`, `counts`, `names` or `ratio`."""
    fields: frozenset[str]


PREDICATES: dict[str, Predicate] = {}
"""Every predicate by the name that target files use."""

COMMON_FIELDS = frozenset({"target", "analyzer", "board"})
"""Fields that every message has."""


def predicate(name: str, *fields: str, **limits: str) -> Callable[[Check], Check]:
    """Declare a predicate: the fields it fills and the limits it takes."""

    def register(check: Check) -> Check:
        PREDICATES[name] = Predicate(check, limits, frozenset(fields))
        return check

    return register


def _shape(shape: Shape) -> str:
    return "x".join(f"{extent}" for extent in shape)


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]}x{pair[1]}"


def _stride(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else _pair(pair)


def _kib(size: int) -> str:
    return f"{size / 1024:,.0f} KiB" if size >= 10240 else f"{size:,} B"


def _tally(names: list[str]) -> str:
    """`2 SOFTMAX, 1 DEQUANTIZE`, the most frequent first."""
    counts = {name: names.count(name) for name in sorted(set(names))}
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {name}" for name, count in ranked)


# --- the gate ---------------------------------------------------------------------------------


@predicate("exotic_layer", "operator", "becomes", "meaning")
def exotic_layer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers that are not of a demanded class and leave something on the device."""
    alone: dict[tuple[int, ...], dict[str, None]] = {}
    for op in facts.deployed.operators:
        alone.setdefault(op.layers, {})[op.operator] = None
    for index, node in facts.exotic:
        if facts.unmapped(index) is None:
            operators = dict.fromkeys(step.operator for step in facts.steps[index])
            becomes = list(alone.get((index,), operators))
            values = {
                "operator": node.op.keyword,
                "becomes": ", ".join(becomes),
                "meaning": facts.meaning(becomes),
            }
            yield Offence(index, values, allow=node.op.keyword, gate=True)


@predicate("unmapped_layer", "operator", "meaning")
def unmapped_layer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers that nothing on the device runs, whatever a spec allows."""
    for index, node in facts.exotic:
        meaning = facts.unmapped(index)
        if meaning is not None:
            yield Offence(index, {"operator": node.op.keyword, "meaning": meaning}, gate=True)


@predicate("exotic_operator", "becomes", "meaning")
def exotic_operator(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Deployed operators beyond the demanded ones that stem from demanded layers alone."""
    demanded = facts.target.demanded
    exotic = {index for index, _ in facts.exotic}
    for op in facts.deployed.operators:
        if op.operator in demanded.operators or not exotic.isdisjoint(op.layers):
            continue
        if op.border and op.operator in demanded.border:
            continue
        values = {"becomes": op.operator, "meaning": facts.meaning([op.operator])}
        yield Offence(facts.first_layer(op), values, gate=True)


# --- shapes -----------------------------------------------------------------------------------


@predicate("alignment", "channels", multiple="count")
def alignment(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Output channels of convolutions that are no multiple; the network's output is exempt: what
    reaches it through operators on one tensor without variables only."""
    graph = facts.graph
    exempt, at = {graph.output}, graph.output
    while len(graph.nodes[at].inputs) == 1:
        node = graph.nodes[at]
        if node.op.weights(*graph.input_shapes(node)):
            break
        at = node.inputs[0]
        exempt.add(at)
    multiple = limits.count("multiple")
    for index, node in enumerate(graph.nodes):
        width = node.op.aligned_width() if index else None
        if width is not None and width % multiple and index not in exempt:
            yield Offence(index, {"channels": f"{width:,}"})


@predicate("dimension", "extent", "shape", below="count")
def dimension(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Dimensions that are too large, of any tensor of either graph; once per layer."""
    below = limits.count("below")
    seen: set[int] = set()

    def judge(index: int, shape: Shape) -> Iterator[Offence]:
        extent = max(shape, default=0)
        if extent >= below and index not in seen:
            seen.add(index)
            yield Offence(index, {"extent": f"{extent:,}", "shape": _shape(shape)}, extent)

    for index, node in enumerate(facts.graph.nodes):
        yield from judge(index, node.shape)
    for op in facts.deployed.operators:
        yield from judge(facts.first_layer(op) or 0, op.shape)


@predicate("rank", "axes_found", "operator", axes="count")
def rank(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Tensors with too many axes; once per layer."""
    axes = limits.count("axes")
    seen: set[int] = set()
    for op in facts.deployed.operators:
        index = facts.first_layer(op)
        if len(op.shape) + 1 > axes and index is not None and index not in seen:
            seen.add(index)
            yield Offence(index, {"axes_found": str(len(op.shape) + 1), "operator": op.operator})
    if len(facts.graph.nodes[0].shape) + 1 > axes and 0 not in seen:
        found = str(len(facts.graph.nodes[0].shape) + 1)
        yield Offence(0, {"axes_found": found, "operator": "the input"})


@predicate("by_construction")
def by_construction(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """What cannot be broken by a network compiled here; listed for completeness."""
    yield from ()


# --- kernels and pools ------------------------------------------------------------------------

_KERNELS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
_POOLS = ("MAX_POOL_2D", "AVERAGE_POOL_2D")


@predicate(
    "convolution_window",
    "kernel",
    height="count",
    width="count",
    strided_width="count",
    one_step="count",
)
def convolution_window(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Kernels beyond the native window, unless they were seen to stay one step."""
    for index, _, window in facts.windows(*_KERNELS):
        rows, columns = window.kernel
        width = limits.count("strided_width" if max(window.stride) > 1 else "width")
        native = rows <= limits.count("height") and columns <= width
        if not native and max(rows, columns) > limits.count("one_step"):
            yield Offence(index, {"kernel": _pair(window.kernel)}, rows * columns)


@predicate("stride", "stride", preferred="counts")
def stride(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Strides of convolutions that are not preferred."""
    for index, _, window in facts.windows(*_KERNELS):
        if not set(window.stride) <= set(limits.counts("preferred")):
            yield Offence(index, {"stride": _stride(window.stride)}, max(window.stride))


@predicate("stride_over_kernel", "stride", "kernel")
def stride_over_kernel(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Strides of convolutions above the kernel."""
    for index, _, window in facts.windows("CONV_2D", "DEPTHWISE_CONV_2D"):
        if window.stride[0] > window.kernel[0] or window.stride[1] > window.kernel[1]:
            values = {"stride": _stride(window.stride), "kernel": _pair(window.kernel)}
            yield Offence(index, values)


@predicate("pool_window", "kernel", "steps", window="count", stride="count")
def pool_window(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Pools beyond the native window or stride."""
    for index, _, window in facts.windows(*_POOLS):
        if max(window.kernel) > limits.count("window") or max(window.stride) > limits.count(
            "stride"
        ):
            values = {"kernel": _pair(window.kernel), "steps": _stride(window.stride)}
            yield Offence(index, values, product(window.kernel))


@predicate("dilation", "dilation")
def dilation(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Dilated convolutions."""
    for index, _, window in facts.windows(*_KERNELS):
        if max(window.dilation) > 1:
            yield Offence(index, {"dilation": _stride(window.dilation)})


@predicate("global_pool", "map", "elements_found", "prime", elements="count", factor="count")
def global_pool(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Global average pools over large maps with an awkward side."""
    for index, steps in enumerate(facts.steps):
        node = facts.graph.nodes[index]
        for step in steps:
            shape = facts.graph.nodes[node.inputs[0]].shape
            if step.operator != "MEAN" or len(shape) != 3 or step.tables != ((1, 2),):
                continue
            elements = shape[0] * shape[1]
            prime = max(_largest_prime(shape[0]), _largest_prime(shape[1]))
            if elements > limits.count("elements") and prime > limits.count("factor"):
                values = {
                    "map": _pair((shape[0], shape[1])),
                    "elements_found": f"{elements:,}",
                    "prime": f"{prime:,}",
                }
                yield Offence(index, values, elements)


def _largest_prime(number: int) -> int:
    largest, divisor = 1, 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            largest, number = divisor, number // divisor
        divisor += 1
    return max(largest, number)


@predicate("line_buffer", "wide", values="count")
def line_buffer(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Convolutions whose input rows do not fit a line buffer."""
    for index, node, _ in facts.windows("CONV_2D", "DEPTHWISE_CONV_2D"):
        shape = facts.graph.nodes[node.inputs[0]].shape
        row = shape[1] * shape[2]
        if row > limits.count("values"):
            yield Offence(index, {"wide": f"{row:,}"}, row)


@predicate(
    "pointwise_efficiency",
    "channels_in",
    "channels_out",
    input_low="count",
    input_high="count",
    output_low="count",
    output_high="count",
)
def pointwise_efficiency(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """1x1 convolutions whose channels do not fill the array."""
    for index, node, window in facts.windows("CONV_2D"):
        if window.kernel != (1, 1):
            continue
        entering, leaving = facts.graph.nodes[node.inputs[0]].shape[2], node.shape[2]
        if not _filled(entering, limits.count("input_low"), limits.count("input_high")) or not (
            _filled(leaving, limits.count("output_low"), limits.count("output_high"))
        ):
            values = {"channels_in": f"{entering:,}", "channels_out": f"{leaving:,}"}
            macs = node.op.macs(node.shape, *facts.graph.input_shapes(node))
            yield Offence(index, values, macs)


def _filled(channels: int, low: int, high: int) -> bool:
    """Whether a width is `n x (low .. high)` for some n."""
    return any(low * n <= channels <= high * n for n in (channels // low, -(-channels // high)))


# --- the network as a whole -------------------------------------------------------------------


@predicate("software_operators", "count", "operators", above="count")
def software_operators(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Too many operators on the CPU."""
    names = facts.software()
    if len(names) > limits.count("above"):
        yield Offence(None, {"count": f"{len(names):,}", "operators": _tally(names)})


@predicate("float_border", "count", "operators")
def float_border(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """The conversions at a float32 border."""
    if facts.request.io == "float32":
        names = [op.operator for op in facts.deployed.operators if op.border]
        if names:
            yield Offence(None, {"count": str(len(names)), "operators": _tally(names)})


@predicate("software_output", "becomes")
def software_output(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """A last operator on the CPU."""
    for output in dict.fromkeys(facts.deployed.outputs):
        if output < 0:
            continue
        op = facts.deployed.operators[output]
        tier = facts.target.tier(op.operator)
        if tier is not None and tier.software:
            yield Offence(facts.first_layer(op), {"becomes": op.operator})


@predicate("unfolded_batchnorm")
def unfolded_batchnorm(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Batch normalisations that stay operators of their own."""
    for op in facts.deployed.operators:
        for index in op.layers[:1]:
            node = facts.graph.nodes[index]
            if op.operator == "MUL" and node.op.normalises:
                yield Offence(index, {}, product(node.shape))


@predicate("layers", layers="names")
def layers(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Layers by our operator names."""
    for index, node in enumerate(facts.graph.nodes):
        if index and node.op.keyword in limits.names("layers"):
            yield Offence(index, {}, product(node.shape))


@predicate("unknown_lowering", "reason")
def unknown_lowering(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Patterns whose lowering is not known."""
    for unknown in facts.deployed.unknown:
        index = unknown.layers[0] if unknown.layers else None
        yield Offence(index, {"reason": unknown.reason})


# --- memories ---------------------------------------------------------------------------------

_MEMORY = ("peak", "at", "on_chip", "pools", "external")
_ERROR = {"low": "ratio", "high": "ratio", "high_before": "ratio"}


def _activations(facts: Facts) -> tuple[int, dict[str, str]]:
    """Bytes on chip, and the fields of a message on activations."""
    on_chip = facts.board.activations(external=False)
    external = facts.board.activations(external=True)
    size = sum(pool.bytes for pool in on_chip)
    at: int | None = 0
    if facts.peak.at is not None:
        at = facts.first_layer(facts.deployed.operators[facts.peak.at])
    return size, {
        "peak": _kib(facts.peak.bytes),
        "at": facts.graph.nodes[at or 0].name,
        "on_chip": _kib(size),
        "pools": ", ".join(pool.name for pool in on_chip),
        "external": ", ".join(pool.name for pool in external) or "no other memory",
    }


@predicate("activations_over", *_MEMORY, **_ERROR)
def activations_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak above what is on chip, and nothing else to take it."""
    size, values = _activations(facts)
    if facts.peak.bytes > size and not facts.board.activations(external=True):
        yield Offence(None, values)


@predicate("activations_spill", *_MEMORY, **_ERROR)
def activations_spill(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak above what is on chip, with external RAM beside it."""
    size, values = _activations(facts)
    if facts.peak.bytes > size and facts.board.activations(external=True):
        yield Offence(None, values)


@predicate("activations_near", *_MEMORY, **_ERROR)
def activations_near(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """An estimated peak that the compiler's overhead may take above what is on chip."""
    size, values = _activations(facts)
    if size / limits.ratio("high") < facts.peak.bytes <= size:
        yield Offence(None, values)


@predicate("weights_over", "weights", "flash", "pools")
def weights_over(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Weights above the flash."""
    pools = facts.board.weights
    size = sum(pool.bytes for pool in pools)
    if facts.deployed.weight_bytes > size:
        values = {
            "weights": _kib(facts.deployed.weight_bytes),
            "flash": _kib(size),
            "pools": ", ".join(pool.name for pool in pools) or "none",
        }
        yield Offence(None, values)


@predicate("depthwise_weights", "bytes")
def depthwise_weights(facts: Facts, limits: Limits) -> Iterator[Offence]:
    """Weights of depthwise convolutions, all together."""
    size = sum(op.weights for op in facts.deployed.operators if op.operator == "DEPTHWISE_CONV_2D")
    if size:
        yield Offence(None, {"bytes": _kib(size)})
