"""From the nodes of a file to the operators that a device runs.

onnxruntime writes a quantised operator as `DequantizeLinear -> operator -> QuantizeLinear`. A
device that computes in integers runs one operator. Whether a tensor is int8 is told by the edges
around it and by no kind of operator: it is if all that read it quantise it, all in the same way. An
operator of which any edge is float, or whose filter is, runs in float, between conversions.
"""

from typing import NamedTuple

from archc.models.onnx.constants import Held, Scales, quantised_type, read_scales
from archc.models.onnx.model import FLOATS, Node, Value
from archc.models.onnx.operators import OPERATORS, PAIRS, Operator, role
from archc.models.onnx.wiring import Wiring, dequantizes, known, quantizes

TOLERANCE = 1e-3
"""Of the slope of a hard sigmoid; exporters write 1/6 with four digits and more."""
Source = int | Held | None
"""What an operator reads: a map by its index, a constant, or nothing in an optional place."""


class Map(NamedTuple):
    """A tensor that is computed, as it lies in memory."""

    name: str
    """The tensor of the file: that of the integers, where it is stored as such."""
    value: Value
    scales: Scales | None
    view: int | None
    """The map in whose memory it lies."""


class Step(NamedTuple):
    """An operator of the device."""

    node: Node
    """The first of the nodes it stems from."""
    nodes: tuple[Node, ...]
    """All of them: with an activation or the product of a gate."""
    reads: tuple[Source, ...]
    """As the first node reads them."""
    makes: tuple[int, ...]
    real: bool
    """Whether it computes in float."""
    border: bool = False
    """Whether it only converts an input or output of the network."""
    kept: bool = False
    """Whether it is an activation whose input has scales of its own."""


class Folded(NamedTuple):
    """What a device runs."""

    wiring: Wiring
    maps: tuple[Map, ...]
    steps: tuple[Step, ...]
    """In the order of the file."""
    inputs: tuple[int, ...]
    outputs: tuple[Source, ...]


class Unit(NamedTuple):
    """Nodes that are one operator."""

    places: tuple[int, ...]
    outputs: tuple[str, ...]
    """Without those that nothing reads and whose shape is not known."""


def fold(wiring: Wiring) -> Folded:
    """The operators of a device. Every node's shapes and scales must be known."""
    return _Folding(wiring).run()


class _Folding:
    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.model = wiring.model
        self.nodes = wiring.model.nodes
        self.inside: set[int] = set()
        """Nodes that only convert between the two of a pair."""
        self.units = {unit.places[0]: unit for unit in self.grouped()}
        self.unit_of = {place: u.places[0] for u in self.units.values() for place in u.places}
        self.real = {first for first, unit in self.units.items() if self.floats(unit)}
        self.maps: list[Map] = []
        self.steps: list[Step] = []
        self.made: dict[str, int] = {}
        """The map in which a tensor of the file lies; an output of `DequantizeLinear` only where
        its floats do."""
        self.converted: dict[tuple[int, object], int] = {}
        """What a conversion of a map has made already, by the map and the scales."""

    def run(self) -> Folded:
        inputs = tuple(self.map(name) for name in self.model.inputs)
        for place in self.wiring.live:
            node = self.nodes[place]
            if place in self.inside:
                continue
            if quantizes(node):
                self.quantize(node)
            elif dequantizes(node):
                self.dequantize(node)
            elif place in self.units:
                self.compute(self.units[place])
        outputs = tuple(self.source(name) for name in self.model.outputs)
        return Folded(self.wiring, tuple(self.maps), tuple(self.steps), inputs, outputs)

    # --- which nodes are one operator ---

    def grouped(self) -> list[Unit]:
        taken: set[int] = set()
        units = []
        for place in self.wiring.live:
            node = self.nodes[place]
            if place in taken or quantizes(node) or dequantizes(node):
                continue
            places = (place, *self.following(place))
            taken.update(places)
            made = self.nodes[places[-1]].outputs
            units.append(Unit(places, tuple(name for name in made if name in self.model.values)))
        return units

    def following(self, place: int) -> tuple[int, ...]:
        """The nodes that a device computes in the pass of a node."""
        node = self.nodes[place]
        if not known(node) or len(node.outputs) != 1:
            return ()
        if node.kind in PAIRS:
            product = self.gated(node)
            return () if product is None else (product,)
        after = self.wiring.only_reader(node.outputs[0]) if OPERATORS[node.kind].fuses else None
        fits = after is not None and activates(self.nodes[after], node.outputs[0], self.wiring)
        return (after,) if after is not None and fits else ()

    def gated(self, gate: Node) -> int | None:
        """The product of a gate with what it reads, where nothing else reads the gate."""
        if gate.kind == "HardSigmoid" and not swishes(gate):
            return None
        between = []
        after = self.wiring.only_reader(gate.outputs[0])
        for converts in (quantizes, dequantizes):
            if after is not None and converts(self.nodes[after]):
                between.append(after)
                after = self.wiring.only_reader(self.nodes[after].outputs[0])
        if after is None or self.nodes[after].kind != "Mul" or len(between) == 1:
            return None
        if sorted(map(self.root, self.nodes[after].inputs)) != sorted(
            (self.root(gate.inputs[0]), gate.outputs[0])
        ):
            return None
        self.inside.update(between)
        return after

    def root(self, name: str) -> str:
        """The tensor whose numbers one has, quantised or not."""
        maker = self.wiring.maker(name)
        while maker is not None and (dequantizes(maker) or quantizes(maker)):
            name = maker.inputs[0]
            maker = self.wiring.maker(name)
        return name

    # --- what computes in float ---

    def floats(self, unit: Unit) -> bool:
        """Whether an operator has a float edge or filter."""
        inner = {name for place in unit.places for name in self.nodes[place].outputs}
        for name in unit.outputs:
            if self.dtype(name) in FLOATS and self.quantised(name) is None and self.used(name):
                return True
        for place in unit.places:
            node = self.nodes[place]
            entry = OPERATORS.get(node.kind) if known(node) else None
            for at, name in enumerate(node.inputs):
                held = self.wiring.held.get(name)
                if held is not None:
                    if held.real and entry is not None and role(entry, at) == "w":
                        return True
                elif name and name not in inner and self.dtype(name) in FLOATS:
                    within = self.root(name) in inner  # the gate that the pair multiplies by
                    if not within and not dequantizes(self.wiring.maker(name)):
                        return True
        return False

    def used(self, name: str) -> bool:
        return name in self.wiring.outputs or name in self.wiring.readers

    def dtype(self, name: str) -> str:
        return self.model.values[name].dtype

    def quantised(self, name: str) -> Node | None:
        """The node that quantises a tensor, where all that read it do so and in the same way."""
        readers = self.wiring.reading(name)
        if not readers or name in self.wiring.outputs or not all(map(quantizes, readers)):
            return None
        keys = {self.quantiser(node).key for node in readers}
        return readers[0] if len(keys) == 1 else None

    def quantiser(self, node: Node) -> Scales:
        """The scales of a node that quantises or dequantises what is computed."""
        held, values = self.wiring.held, self.model.values
        if quantizes(node):
            return read_scales(node, held, quantised_type(node, held, values))
        return read_scales(node, held, values[node.inputs[0]].dtype)

    # --- maps ---

    def map(self, name: str, scales: Scales | None = None, view: int | None = None) -> int:
        """A new map for a tensor of the file."""
        index = len(self.maps)
        self.maps.append(Map(name, self.model.values[name], scales, view))
        self.made[name] = index
        return index

    def source(self, name: str) -> Source:
        """What is read under a name by an operator that computes in integers, or in float where
        the floats are there."""
        if not name:
            return None
        if name in self.wiring.held:
            return self.wiring.held[name]
        return self.made[name]

    def integers(self, name: str) -> Source:
        """The same, of the integers behind a `DequantizeLinear`."""
        maker = self.wiring.maker(name)
        return self.source(maker.inputs[0] if maker and dequantizes(maker) else name)

    # --- steps ---

    def quantize(self, node: Node) -> None:
        """A `QuantizeLinear`: an operator where it quantises an input, what is quantised otherwise,
        or what an operator computed in float."""
        name, result = node.inputs[0], node.outputs[0]
        if result in self.made:
            return  # with the operator before it
        scales = self.quantiser(node)
        maker = self.wiring.maker(name)
        if maker is not None and dequantizes(maker) and maker.inputs[0] not in self.wiring.held:
            base = self.made[maker.inputs[0]]
            same = self.quantiser(maker).key == scales.key
        else:
            base, same = self.made[name], False
        if same:
            self.made[result] = base
            return
        self.convert(node, base, scales, border=name in self.wiring.inputs)

    def dequantize(self, node: Node) -> None:
        """A `DequantizeLinear`: an operator where something needs its floats."""
        name, result = node.inputs[0], node.outputs[0]
        needed = [
            place
            for place in self.wiring.readers.get(result, ())
            if self.unit_of.get(place) in self.real
        ]
        ends = result in self.wiring.outputs
        if needed or ends:
            self.convert(node, self.made[name], self.quantiser(node), border=not needed, own=ends)

    def convert(
        self, node: Node, base: int, scales: Scales, *, border: bool, own: bool = False
    ) -> None:
        """An operator that only converts; none where another one has made the same."""
        key = (base, (node.kind, scales.key))
        result = node.outputs[0]
        if key in self.converted and not own:
            self.made[result] = self.converted[key]
            return
        made = self.map(result, scales if quantizes(node) else None)
        self.converted.setdefault(key, made)
        self.steps.append(Step(node, (node,), (base,), (made,), False, border))

    def compute(self, unit: Unit) -> None:
        node = self.nodes[unit.places[0]]
        real = unit.places[0] in self.real
        read = self.source if real else self.integers
        reads = [read(name) for name in node.inputs]
        makes = []
        for name in unit.outputs:
            quantiser = None if real else self.quantised(name)
            if quantiser is None:
                made = self.map(name, None, self.viewed(node, None))
                if not real and not self.used(name) and isinstance(reads[0], int):
                    self.unread(made, self.maps[reads[0]])
                makes.append(made)
                continue
            scales = self.quantiser(quantiser)
            view = self.viewed(node, scales)
            made = self.map(quantiser.outputs[0], scales, view)
            self.made.update((other.outputs[0], made) for other in self.wiring.reading(name))
            makes.append(made)
        kept = known(node) and OPERATORS[node.kind].activation and not real
        nodes = tuple(self.nodes[place] for place in unit.places)
        self.steps.append(Step(node, nodes, tuple(reads), tuple(makes), real, kept=kept))

    def unread(self, index: int, base: Map) -> None:
        """Give a result that nothing reads, and so nothing quantises, the type of what is read."""
        value = self.maps[index].value._replace(dtype=base.value.dtype)
        self.maps[index] = Map(self.maps[index].name, value, base.scales, None)

    def viewed(self, node: Node, scales: Scales | None) -> int | None:
        """The map in whose memory a result lies, if an operator only gives it another shape."""
        if not known(node) or not OPERATORS[node.kind].view:
            return None
        source = node.inputs[0]
        maker = self.wiring.maker(source)
        if scales is None or maker is None or not dequantizes(maker):
            base = self.made.get(source)
        else:
            base = self.made.get(maker.inputs[0])
            if self.quantiser(maker).key != scales.key:
                return None
        return base


def swishes(gate: Node) -> bool:
    """Whether a `HardSigmoid` is that of a hard swish: `clip(x / 6 + 1 / 2, 0, 1)`."""
    slope, offset = gate.number("alpha", 0.2), gate.number("beta", 0.5)
    return abs(slope - 1 / 6) < TOLERANCE and abs(offset - 0.5) < TOLERANCE


def activates(node: Node, tensor: str, wiring: Wiring) -> bool:
    """Whether a node is an activation of a tensor, with bounds that are constant."""
    entry: Operator | None = OPERATORS.get(node.kind) if known(node) else None
    if entry is None or not entry.activation or len(node.outputs) != 1:
        return False
    return node.inputs[0] == tensor and all(
        not name or name in wiring.held for name in node.inputs[1:]
    )
