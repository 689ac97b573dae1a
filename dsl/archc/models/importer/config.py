"""A Keras 3 config as a flat list of calls: nested models opened, shared layers known as one.

Nothing of a config is executed or imported, and nothing in it is taken on trust: kinds are
checked, references followed without recursion, and the number of calls is bounded, since a model
nested in itself twice a level would double it with every level.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from archc.compiler import shown
from archc.diagnostics.codes import MODEL
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.models.importer.calls import (
    NO_ARGUMENTS,
    Arguments,
    Call,
    Extents,
    Layer,
    Network,
    Value,
    extents,
)
from archc.models.importer.entries import (
    broken,
    is_trainable,
    joined,
    model_name,
    of_keras,
    over,
    passes_on,
    place_number,
    plain_name,
    quantised,
    shown_model,
    tensor_of,
)
from archc.models.importer.scopes import Scope, executed, placed

ARGUMENTS = 100
"""Values in the arguments of a call, on average over all that may be called."""


def read(config: Mapping[str, object], name: str | None, limits: Limits) -> Network:
    """The calls of a model: `model.get_config()`, or the `config.json` of a `.keras` archive.

    Raises:
        Rejected: it is no such config, or over a bound.
    """
    custom = None
    inner: object = config
    if isinstance(config, Mapping) and "layers" not in config and "class_name" in config:
        class_name = config.get("class_name")
        inner = config.get("config")
        if not of_keras(config):
            custom = plain_name(class_name)
    if not isinstance(inner, Mapping):
        raise broken("it contains no model config")
    if "layers" not in inner:
        raise reject(
            MODEL,
            f"{shown_model(inner, custom)} does not say what layers it has",
            notes=["only functional and sequential models have a config that says so"],
            help="build it as a functional model: `keras.Model(inputs, outputs)`",
        )
    reader = _Reader(limits)
    top = model_name(inner, "model") if name is None else name
    outputs = reader.model(inner, "", None, passes_on(inner), 0)
    names = _keys(inner.get("output_layers"), len(outputs))
    calls = placed(reader.whole, reader.calls)
    return Network(top, calls, tuple(reader.inputs), outputs, custom, names)


def _keys(listed: object, count: int) -> tuple[str, ...]:
    """The names of so many outputs that a model returns as a dict, in Keras' order."""
    entries = listed if isinstance(listed, Mapping) and len(listed) == count else {}
    nested = any(isinstance(entry, Mapping) for entry in entries.values())
    return () if nested else tuple(sorted(key for key in entries if isinstance(key, str)))


class _Entry(NamedTuple):
    """A layer of a functional model and how it is called."""

    layer: Layer
    nested: Mapping[str, object] | None
    """The config of a model."""
    nodes: Sequence[object]


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.calls: list[Call] = []
        self.whole = self.scope = Scope(None)
        self.inputs: list[int] = []
        self.listed = self.leaves = 0
        """Layers and arguments looked at, which bounds the work."""

    def model(
        self,
        config: Mapping[str, object],
        path: str,
        given: tuple[Value, ...] | None,
        trainable: bool,
        depth: int,
    ) -> tuple[Value, ...]:
        """Call a model on tensors, or let it have inputs of its own; what it returns."""
        if depth >= self.limits.nesting:
            raise over("nesting", self.limits.nesting, "models are nested")
        layers = config.get("layers")
        if not isinstance(layers, list | tuple):
            raise broken(f"the layers of {shown(path or 'the model')} are not a list")
        if "input_layers" in config or "output_layers" in config:
            return _Functional(self, config, path, trainable, depth).call(layers, given)
        return self.sequential(config, layers, path, given, trainable, depth)

    def sequential(
        self,
        config: Mapping[str, object],
        layers: Sequence[object],
        path: str,
        given: tuple[Value, ...] | None,
        trainable: bool,
        depth: int,
    ) -> tuple[Value, ...]:
        values = given
        names: set[str] = set()
        for number, item in enumerate(layers):
            self.step()
            layer, nested = self.layer(item, path, trainable, None)
            if layer.path in names:
                raise broken(f"two layers are called {shown(layer.path)}")
            names.add(layer.path)
            if layer.class_name == "InputLayer" and layer.keras:
                if number:
                    raise broken(f"{shown(layer.path)} is an input amid a sequential model")
                values = values if given is not None else (self.input(layer),)
                continue
            if values is None:
                values = (self.input(self.implicit(config, item, path)),)
            if layer.reads is not None and len(values) == 1:
                self.record(values[0], layer.reads)
            with self.within(layer, number):
                if nested is not None:
                    below = trainable and passes_on(nested)
                    values = self.model(nested, layer.path, values, below, depth + 1)
                else:
                    values = (self.call(layer, values),)
        if values is None:
            raise broken(f"{shown(path or 'the model')} has no layers")
        return values

    def implicit(self, config: Mapping[str, object], first: object, path: str) -> Layer:
        """The input of a sequential model that was built without naming one."""
        shape = config.get("build_input_shape")
        if shape is None:
            raise reject(
                MODEL,
                f"{shown_model(config, None)} is not built: nothing says what it reads",
                help="begin it with `keras.Input(shape)`, or call `model.build((1, ...))`",
            )
        values: dict[str, object] = {"batch_shape": shape, "dtype": "float32"}
        return Layer(joined(path, "input"), "InputLayer", "keras.layers", values, *_INPUT)

    def layer(
        self, item: object, path: str, trainable: bool, name: object
    ) -> tuple[Layer, Mapping[str, object] | None]:
        """A layer, and its config as a model if it is one that is opened."""
        if not isinstance(item, Mapping):
            raise broken(f"a layer of {shown(path or 'the model')} is not a table")
        config = item.get("config")
        class_name = item.get("class_name")
        if not isinstance(config, Mapping) or not isinstance(class_name, str) or not class_name:
            raise broken(f"a layer of {shown(path or 'the model')} has no class or no config")
        if "module" not in item:
            raise reject(
                MODEL,
                "the config is in the format of an older Keras",
                help="load the model with Keras 3 and save it again as `.keras`",
            )
        called = config.get("name", name) if name is None else name
        if not isinstance(called, str) or not called:
            raise broken(f"a {plain_name(class_name)} of {shown(path or 'the model')} has no name")
        full = joined(path, called)
        longest = self.limits.layer_name_length
        if len(called) > longest or len(full) > 5 * longest:
            raise over("layer_name_length", self.limits.layer_name_length, "a name has characters")
        if not full.isprintable():
            raise broken(f"a layer has the name {shown(full)}, which cannot be printed")
        module = item.get("module")
        keras = of_keras(item)
        own = trainable and is_trainable(config)
        built = item.get("build_config")
        reads = extents(built.get("input_shape")) if isinstance(built, Mapping) else None
        layer = Layer(
            full,
            plain_name(class_name),
            module if isinstance(module, str) else None,
            config,
            own,
            keras,
            keras and isinstance(module, str) and module.startswith("keras.src.ops."),
            reads,
            quantised(config),
        )
        opened = keras and class_name in ("Functional", "Model", "Sequential")
        return layer, config if opened and "layers" in config else None

    def input(self, layer: Layer) -> Value:
        self.inputs.append(len(self.calls))
        value = self.call(layer, ())
        shape = extents(layer.config.get("batch_shape"))
        if shape is None:
            shape = extents(layer.config.get("batch_input_shape"))
        if shape is None:
            raise broken(f"the input {shown(layer.path)} has no shape")
        self.record(value, shape)
        return value

    def call(
        self,
        layer: Layer,
        inputs: tuple[Value, ...],
        arguments: Arguments = NO_ARGUMENTS,
    ) -> Value:
        if len(self.calls) >= self.limits.operators:
            raise over("operators", self.limits.operators, "layers are called")
        self.scope.calls.append(len(self.calls))
        self.calls.append(Call(layer, inputs, {}, *arguments))
        return Value(len(self.calls) - 1, 0)

    @contextmanager
    def within(self, layer: Layer, rank: int = 0) -> Iterator[Scope]:
        """Let the scope be that of a call of a layer or model."""
        name = None if layer.operation else layer.path.rpartition("/")[2]
        before, self.scope = self.scope, Scope(name, rank)
        before.inner.append(self.scope)
        yield self.scope
        self.scope = before

    def record(self, value: Value, shape: Extents) -> None:
        self.calls[value.call].recorded.setdefault(value.result, shape)

    def step(self) -> None:
        """Count a layer that is looked at; a nested model's with every call of it."""
        self.listed += 1
        if max(self.listed, len(self.calls)) > self.limits.operators:
            raise over("operators", self.limits.operators, "layers are called")

    def leaf(self) -> None:
        """Count an argument that is looked at."""
        self.leaves += 1
        if self.leaves > ARGUMENTS * self.limits.operators:
            raise over("operators", self.limits.operators, "layers are called, or with too much")


class _Functional:
    """One call of a functional model. References are (layer, call of it, result of that)."""

    def __init__(
        self,
        reader: _Reader,
        config: Mapping[str, object],
        path: str,
        trainable: bool,
        depth: int,
    ) -> None:
        self.reader, self.config, self.path = reader, config, path
        self.trainable, self.depth = trainable, depth
        self.reading: dict[tuple[str, int], list[tuple[str, int]]] = {}
        """What calls read, in the order in which they are made."""
        self.scopes: dict[tuple[str, int], Scope] = {}
        self.entries: dict[str, _Entry] = {}
        self.results: dict[tuple[str, int], tuple[Value, ...] | Value] = {}

    def call(self, layers: Sequence[object], given: tuple[Value, ...] | None) -> tuple[Value, ...]:
        where = shown(self.path or "the model")
        for item in layers:
            self.reader.step()
            name = item.get("name") if isinstance(item, Mapping) else None
            layer, nested = self.reader.layer(item, self.path, self.trainable, name)
            key = layer.path[len(self.path) + 1 :] if self.path else layer.path
            nodes = item.get("inbound_nodes", ()) if isinstance(item, Mapping) else ()
            if not isinstance(nodes, list | tuple):
                raise broken(f"the calls of {shown(layer.path)} are not a list")
            if key in self.entries:
                raise broken(f"two layers are called {shown(layer.path)}")
            self.entries[key] = _Entry(layer, nested, nodes)
        inputs = list(self.references(self.config.get("input_layers"), "inputs"))
        outputs = list(self.references(self.config.get("output_layers"), "outputs"))
        if not inputs or not outputs:
            raise broken(f"{where} has no {'outputs' if inputs else 'inputs'}")
        if given is not None and len(given) != len(inputs):
            raise broken(f"{where} takes {len(inputs)} tensors, but is called on {len(given)}")
        for place, (name, node, _) in enumerate(inputs):
            entry = self.entry(name)
            if entry.layer.class_name != "InputLayer" or not entry.layer.keras:
                raise broken(f"the input {shown(name)} of {where} is not an InputLayer")
            if (name, node) not in self.results:
                value = self.reader.input(entry.layer) if given is None else given[place]
                self.results[name, node] = value
        # Of a nested functional model the first call has the number 1 here: 0 is its own making.
        wanted = [
            (name, node - 1 if self.opens(name) and node else node, index)
            for name, node, index in outputs
        ]
        self.resolve([(name, node) for name, node, _ in wanted])
        for rank, call in enumerate(executed(list(self.reading), self.reading)):
            self.scopes[call].rank = rank
        return tuple(self.result(*one) for one in wanted)

    def opens(self, name: str) -> bool:
        """Whether a layer is a functional model of Keras' own."""
        entry = self.entry(name)
        return entry.nested is not None and entry.layer.class_name != "Sequential"

    def entry(self, name: str) -> _Entry:
        if name not in self.entries:
            raise broken(
                f"{shown(name)} is read in {shown(self.path or 'the model')}, but not there"
            )
        return self.entries[name]

    def resolve(self, wanted: list[tuple[str, int]]) -> None:
        """Make the calls that others need, each after those it reads."""
        stack = list(reversed(wanted))
        entered: set[tuple[str, int]] = set()
        while stack:
            key = stack[-1]
            if key in self.results:
                stack.pop()
                continue
            tensors, arguments = self.reads(key)
            missing = [(n, c) for (n, c, _), _ in tensors if (n, c) not in self.results]
            if missing:
                if key in entered:
                    raise broken(f"{shown(key[0])} reads its own result")
                entered.add(key)
                stack.extend(reversed(missing))
                continue
            stack.pop()
            self.make(key, tensors, arguments)

    def reads(
        self, key: tuple[str, int]
    ) -> tuple[list[tuple[tuple[str, int, int], Extents | None]], Arguments]:
        """The tensors that a call reads with their recorded shapes, and what else it is given."""
        entry, number = self.entry(key[0]), key[1]
        if not 0 <= number < len(entry.nodes):
            raise broken(f"call {number} of {shown(entry.layer.path)} is read, but not there")
        node = entry.nodes[number]
        if not isinstance(node, Mapping):
            raise reject(
                MODEL,
                f"the calls of {shown(entry.layer.path)} are in the format of an older Keras",
                help="load the model with Keras 3 and save it again as `.keras`",
            )
        args, kwargs = node.get("args", ()), node.get("kwargs", {})
        if not isinstance(args, list | tuple) or not isinstance(kwargs, Mapping):
            raise broken(f"a call of {shown(entry.layer.path)} has no arguments")
        tensors: list[tuple[tuple[str, int, int], Extents | None]] = []
        scalar: int | float | None = None
        other = 0
        for leaf in self.given([args, list(kwargs.values())], entry.layer.path):
            if isinstance(leaf, Mapping):
                tensors.append(tensor_of(leaf, entry.layer.path))
            elif isinstance(leaf, int | float) and not isinstance(leaf, bool):
                scalar = leaf
                other += 1
            elif leaf is not None:
                other += 1
        named = {k: v for k, v in kwargs.items() if isinstance(k, str) and v is not None}
        alone = scalar if other == 1 else None
        return tensors, Arguments(alone, tuple(args), named, not other)

    def make(
        self,
        key: tuple[str, int],
        tensors: list[tuple[tuple[str, int, int], Extents | None]],
        arguments: Arguments,
    ) -> None:
        entry = self.entry(key[0])
        inputs = []
        for reference, shape in tensors:
            value = self.result(*reference)
            if shape is not None:
                self.reader.record(value, shape)
            inputs.append(value)
        if not inputs:
            raise broken(f"{shown(entry.layer.path)} is called on nothing")
        self.reading[key] = [(name, call) for (name, call, _), _ in tensors]
        with self.reader.within(entry.layer) as self.scopes[key]:
            if entry.nested is not None:
                below = self.trainable and passes_on(entry.nested)
                self.results[key] = self.reader.model(
                    entry.nested, entry.layer.path, tuple(inputs), below, self.depth + 1
                )
            else:
                self.results[key] = self.reader.call(entry.layer, tuple(inputs), arguments)

    def result(self, name: str, node: int, index: int) -> Value:
        made = self.results[name, node]
        if isinstance(made, Value):
            return Value(made.call, index)
        if index >= len(made):
            raise broken(f"result {index} of {shown(name)} is read, but it has {len(made)}")
        return made[index]

    def given(self, tree: object, path: str) -> Iterator[object]:
        """What nested arguments hold, in order; a tensor is a table, others are as they stand."""

        def whole(item: object) -> bool:
            return isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__"

        return self.walked(tree, f"arguments of {shown(path)}", whole)

    def references(self, tree: object, what: str) -> Iterator[tuple[str, int, int]]:
        """The (layer, call, result) triples of nested lists and tables, tables by sorted key."""

        def whole(item: object) -> bool:
            return isinstance(item, list | tuple) and len(item) == 3 and isinstance(item[0], str)

        place = f"{what} of {shown(self.path or 'the model')}"
        for item in self.walked(tree, place, whole):
            if not isinstance(item, list | tuple):
                raise broken(f"{shown(item)} is among the {what} of the model")
            yield item[0], place_number(item[1]), place_number(item[2])

    def walked(self, tree: object, place: str, whole: Callable[[object], bool]) -> Iterator[Any]:
        """What nested lists and tables hold, in order, tables by sorted key; lists and tables that
        are ``whole`` stand for themselves."""
        stack = [(tree, 0)]
        while stack:
            item, depth = stack.pop()
            self.reader.leaf()
            if depth > self.reader.limits.nesting:
                raise broken(f"the {place} never end")
            if whole(item) or not isinstance(item, Mapping | list | tuple):
                yield item
                continue
            inner: Iterable[object] = item
            if isinstance(item, Mapping):
                inner = (value for _, value in sorted(item.items(), key=lambda pair: str(pair[0])))
            stack.extend((value, depth + 1) for value in reversed(list(inner)))


_INPUT = (True, True, False, None)
"""Trainable, of Keras, no operation, nothing read."""
