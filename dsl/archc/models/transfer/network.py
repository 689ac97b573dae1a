"""A Keras model as far as its arrays go: what holds them, and how results flow between those."""

import json
import re
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, NamedTuple

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.importer import live
from archc.models.importer.calls import Call, Value, closed
from archc.models.importer.calls import Network as Called
from archc.models.importer.config import read
from archc.models.transfer.arrays import Array, Atom, atoms

_COMMUTATIVE = {"Add", "Average", "Maximum", "Minimum", "Multiply"}
"""Classes of layers whose result does not depend on the order of what they read."""
_POOLS = ("Max", "Average")
_ACTIVATIONS = ("relu", "sigmoid", "tanh", "softmax")
_TRAINED = re.compile("name|trainable|dtype|seed|.*_(initializer|regularizer|constraint)")
"""Parts of a config that say nothing of what a layer computes."""
_EDGES = 50
"""Results that an atom reads through layers without arrays, on average over all that there may
be."""

Way = frozenset[str]
"""What lies between two atoms: kinds of pools and activations, and places in joins, which have a
number behind a space."""
NOWHERE: Way = frozenset()


class Node(NamedTuple):
    """An input, an output, or a call of a layer or of a part of it."""

    key: Hashable
    """`input` or `output`; else what it has to have in common with its counterpart."""
    reads: Mapping[int, Way]
    """The nodes whose results it reads, and what lies between."""
    atoms: tuple[int, ...] = ()
    end: tuple[str, int] | None = None
    """Of an input or output: its name and place."""
    call: int = 0
    """The same among the calls of all layers."""


class Network(NamedTuple):
    """What holds the arrays of a model."""

    name: str
    atoms: tuple[Atom, ...]
    calls: tuple[Node, ...]
    """A node for every call of a layer, in order of execution, keyed by all that it computes by;
    none where it is not known how the model calls its layers."""
    joined: tuple[Node, ...]
    """A node for every atom that is called, and for every layer without arrays that reads several
    results, by its class."""
    nodes: tuple[Node, ...]
    """A node for every atom that is called."""
    loose: tuple[Array, ...]
    """Arrays that belong to no layer that is known."""


def network(model: Any, limits: Limits) -> Network:
    """What holds the arrays of a built Keras model; nothing is executed.

    Raises:
        Rejected: it is over a bound, or its config cannot be read.
    """
    return _Builder(model, limits).network()


class _Builder:
    def __init__(self, model: Any, limits: Limits) -> None:
        self.model, self.limits = model, limits
        self.layers = {path: layer for path, layer in live.walk(model) if not live.nested(layer)}
        self.atoms: list[Atom] = []
        self.places: dict[str, range] = {}
        """By path of a layer: its atoms."""

    def network(self) -> Network:
        config, _ = live.config_of(self.model)
        calls, joined, nodes = _Graph(), _Graph(), _Graph()
        if config is not None:
            called = read(config, self.model.name, self.limits)
            ends = [*_ends(self.model, called.outputs)]
            self.whole(called, calls, ends)
            self.reduced(called, joined, ends, joins=True)
            self.reduced(called, nodes, ends, joins=False)
        for path in self.layers:  # those that are never called, or of which that is not known
            self.held(path, None)
        known = {id(array.variable) for atom in self.atoms for array in atom.arrays}
        loose = [v for v in self.model.weights if id(v) not in known]
        return Network(
            self.model.name,
            tuple(self.atoms),
            tuple(calls.nodes),
            tuple(joined.nodes),
            tuple(nodes.nodes),
            tuple(Array(self.model.name, str(v.path), v, tuple(v.shape)) for v in loose),
        )

    def whole(self, called: Called, graph: "_Graph", ends: list[tuple[str, Value]]) -> None:
        places = {number: place for place, number in enumerate(called.inputs)}
        for number, call in enumerate(called.calls):
            if number in places:
                graph.node(Node("input", {}, end=(call.layer.path, places[number]), call=number))
                continue
            held = self.held(call.layer.path, _entering(call, called))
            reads: dict[int, Way] = {}
            for value, way in _read(call):
                reads[value.call] = reads.get(value.call, NOWHERE) | way
            key = _computes(call), tuple(self.atoms[index].key for index in held)
            graph.node(Node(key, reads, tuple(held), call=number))
        for place, (name, value) in enumerate(ends):
            call_ = len(graph.nodes)
            graph.node(Node("output", {value.call: _part(value)}, end=(name, place), call=call_))

    def reduced(
        self, called: Called, graph: "_Graph", ends: list[tuple[str, Value]], joins: bool
    ) -> None:
        places = {number: place for place, number in enumerate(called.inputs)}
        reach: list[Mapping[int, Way]] = []
        """By call: the nodes that its results come from."""
        edges = 0
        for number, call in enumerate(called.calls):
            if number in places:
                made = graph.node(
                    Node("input", {}, end=(call.layer.path, places[number]), call=number)
                )
                reach.append({made: NOWHERE})
                continue
            held, kind = self.held(call.layer.path, None), _kind(call)
            reads: Mapping[int, Way] = _through(reach, call)
            edges += len(reads)
            if edges > _EDGES * self.limits.operators:
                raise reject(LIMIT, f"the layers of `{self.model.name}` are connected too densely")
            for index in held:
                made = graph.node(Node(self.atoms[index].key, reads, (index,), call=number))
                reads = {made: NOWHERE}
            if joins and not held and len(reads) > 1:
                reads = {graph.node(Node(call.layer.class_name, reads, call=number)): NOWHERE}
            reach.append({node: way | kind for node, way in reads.items()})
        for place, (name, value) in enumerate(ends):
            call_ = len(called.calls) + place
            graph.node(Node("output", reach[value.call], end=(name, place), call=call_))

    def held(self, path: str, entering: tuple[int, ...] | None) -> range:
        """The atoms of a layer, which are made when it is first met."""
        if path not in self.places:
            start = len(self.atoms)
            layer = self.layers.get(path)
            self.atoms += () if layer is None else atoms(path, layer, entering)
            self.places[path] = range(start, len(self.atoms))
        return self.places[path]


class _Graph:
    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def node(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1


def _entering(call: Call, called: Called) -> tuple[int, ...] | None:
    """The shape of what a call reads first, where it is recorded."""
    first = call.inputs[0]
    shape = called.calls[first.call].recorded.get(first.result)
    return None if shape is None else closed(shape)


def _read(call: Call) -> Iterator[tuple[Value, Way]]:
    """What a call reads, with its place where that matters."""
    alike = len(call.inputs) == 1 or call.layer.class_name in _COMMUTATIVE
    for place, value in enumerate(call.inputs):
        way = _part(value)
        yield value, way if alike else way | {f"{call.layer.class_name} {place}"}


def _through(reach: list[Mapping[int, Way]], call: Call) -> dict[int, Way]:
    """The nodes whose results a call reads."""
    reads: dict[int, Way] = {}
    for value, way in _read(call):
        for node, before in reach[value.call].items():
            reads[node] = reads.get(node, NOWHERE) | before | way
    return reads


def _part(value: Value) -> Way:
    """Which of several results is read."""
    return frozenset({f"result {value.result}"}) if value.result else NOWHERE


def _ends(model: Any, outputs: tuple[Value, ...]) -> Iterator[tuple[str, Value]]:
    """The outputs of a model by name, in the order in which they were declared: Keras lists those
    of a dictionary by name."""
    structure = getattr(model, "_outputs_struct", None)
    if not isinstance(structure, dict) or len(structure) != len(outputs):
        yield from (("", value) for value in outputs)
        return
    by_name = dict(zip(sorted(structure), outputs, strict=True))
    yield from ((name, by_name[name]) for name in structure)


def _computes(call: Call) -> Hashable:
    """All that a layer computes by, beside arrays and what it reads."""
    config = {name: v for name, v in call.layer.config.items() if not _TRAINED.fullmatch(name)}
    given = [_plain(list(call.args)), _plain(dict(call.arguments)), call.scalar]
    return call.layer.class_name, json.dumps([config, given], sort_keys=True, default=str)


def _plain(arguments: object) -> object:
    """Arguments without the tensors among them."""
    if isinstance(arguments, Mapping):
        if arguments.get("class_name") == "__keras_tensor__":
            return None
        return {str(name): _plain(value) for name, value in arguments.items()}
    return [_plain(one) for one in arguments] if isinstance(arguments, list | tuple) else arguments


def _kind(call: Call) -> Way:
    """What a layer does beside its arrays, if it is of a kind that every way to write it shares."""
    name = call.layer.class_name
    for pool in _POOLS:
        if pool in name and "Pooling" in name:
            return frozenset({pool})
    activation = call.layer.config.get("activation", name)
    said = str(activation).lower().replace("_", "")
    return frozenset(a for a in _ACTIVATIONS if said in (a, f"{a}6"))
