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
    """An input, an output, or a call of an atom; or a call of any layer."""

    key: Hashable
    """`input` or `output`; of an atom its own; of a layer all that it computes by."""
    reads: Mapping[int, Way]
    """The nodes whose results it reads, and what lies between."""
    atom: int | None = None
    end: tuple[str, int] | None = None
    """Of an input or output: its name and place."""
    call: int = 0
    """The same among the calls of all layers."""


class Network(NamedTuple):
    """What holds the arrays of a model."""

    name: str
    atoms: tuple[Atom, ...]
    nodes: tuple[Node, ...]
    """In order of execution; none where it is not known how the model calls its layers."""
    calls: tuple[Node, ...]
    """The same with a node for every call of a layer, whether it holds arrays or not."""
    loose: tuple[Array, ...]
    """Arrays that belong to no layer that is known."""

    @property
    def arrays(self) -> Iterator[Array]:
        for atom in self.atoms:
            yield from atom.arrays
        yield from self.loose


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
        self.nodes: list[Node] = []
        self.calls: list[Node] = []
        self.edges = 0
        self.reach: list[dict[int, Way]] = []
        """By call: the nodes that its results come from."""

    def network(self) -> Network:
        config, _ = live.config_of(self.model)
        if config is not None:
            self.walk(config)
        for path in self.layers:  # those that are never called, or of which that is not known
            self.held(path, None)
        known = {id(array.variable) for atom in self.atoms for array in atom.arrays}
        loose = [v for v in self.model.weights if id(v) not in known]
        return Network(
            self.model.name,
            tuple(self.atoms),
            tuple(self.nodes),
            tuple(self.calls),
            tuple(Array(self.model.name, str(v.path), v, tuple(v.shape)) for v in loose),
        )

    def walk(self, config: Mapping[str, object]) -> None:
        called = read(config, self.model.name, self.limits)
        places = {number: place for place, number in enumerate(called.inputs)}
        for number, call in enumerate(called.calls):
            if number in places:
                end = call.layer.path, places[number]
                self.calls.append(Node("input", {}))
                self.nodes.append(Node("input", {}, end=end, call=number))
                self.reach.append({len(self.nodes) - 1: NOWHERE})
            else:
                self.call(number, call, called.calls)
        for place, (name, value) in enumerate(_ends(self.model, called.outputs)):
            self.calls.append(Node("output", {value.call: _part(value)}))
            end = name, place
            reads = self.reach[value.call]
            self.nodes.append(Node("output", reads, end=end, call=len(self.calls) - 1))

    def call(self, number: int, call: Call, calls: tuple[Call, ...]) -> None:
        first = call.inputs[0]
        entering = calls[first.call].recorded.get(first.result)
        held = self.held(call.layer.path, None if entering is None else closed(entering))
        alike = len(call.inputs) == 1 or call.layer.class_name in _COMMUTATIVE
        kind = _kind(call)
        reads: dict[int, Way] = {}
        directly: dict[int, Way] = {}
        for place, value in enumerate(call.inputs):
            way = _part(value) if alike else _part(value) | {f"{call.layer.class_name} {place}"}
            directly[value.call] = directly.get(value.call, NOWHERE) | way
            way = way if held else way | kind
            for node, before in self.reach[value.call].items():
                reads[node] = reads.get(node, NOWHERE) | before | way
        self.edges += len(reads)
        if self.edges > _EDGES * self.limits.operators:
            raise reject(LIMIT, f"the layers of `{self.model.name}` are connected too densely")
        self.calls.append(Node(_computes(call), directly))
        for index in held:
            self.nodes.append(Node(self.atoms[index].key, reads, index, call=number))
            reads = {len(self.nodes) - 1: kind if index == held[-1] else NOWHERE}
        self.reach.append(reads)

    def held(self, path: str, entering: tuple[int, ...] | None) -> range:
        """The atoms of a layer, which are made when it is first met."""
        if path not in self.places:
            start = len(self.atoms)
            layer = self.layers.get(path)
            self.atoms += () if layer is None else atoms(path, layer, entering)
            self.places[path] = range(start, len(self.atoms))
        return self.places[path]


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
