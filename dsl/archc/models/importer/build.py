"""From the calls of a config to a graph of operators, and what of it is not seen."""

from collections import Counter
from collections.abc import Mapping
from math import prod

from archc.compiler import Frame, Graph, Input, Malformed, Node, Op, Shape
from archc.diagnostics.text import shape_text
from archc.models.importer.calls import Call, Extents, Network, Value, closed
from archc.models.importer.foreign import Facts, Foreign, deploys, facts_of
from archc.models.importer.imported import Imported, ImportedLayer, Live, Unseen
from archc.models.importer.layers import Meaning, understand

_TRAINING = frozenset(
    {
        *("AlphaDropout", "BatchNormalization", "Dropout", "GaussianDropout", "GaussianNoise"),
        *("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
    }
)
"""Layers that compute something else in training."""


def build(network: Network, live: Mapping[str, Live] | None = None) -> Imported:
    """The graph of a model and what is known of its layers."""
    return _Builder(network, live or {}).imported()


class _Row:
    """A layer over its calls."""

    def __init__(self, call: Call) -> None:
        self.layer = call.layer
        self.inputs: dict[str, None] = {}
        self.shape: Shape | None = None
        self.activations: int | None = 0
        self.params: int | None = None
        self.trainable: int | None = None
        self.nodes: list[int] = []
        self.calls = 0
        self.unseen: dict[str, set[str]] = {}

    def lacks(self, reason: str, *what: str) -> None:
        self.unseen.setdefault(reason, set()).update(what)


class _Builder:
    def __init__(self, network: Network, live: Mapping[str, Live]) -> None:
        self.network, self.live = network, live
        self.nodes: list[Node] = []
        self.shapes: dict[Value, Shape | None] = {}
        self.values: dict[Value, int] = {}
        self.stand_ins: set[int] = set()
        self.rows: dict[str, _Row] = {}
        self.names: set[str] = set()
        self.scope: str | None = None
        self.variables: str | None = None
        ranked = sorted(network.calls, key=lambda call: call.rank, reverse=True)
        self.scopes = {call.layer.path: call.scope for call in ranked}
        """By path of a layer: the scope of its first call, by which its variables go."""
        self.rank = 0
        self.numbers: dict[str, int] = {}
        """How far the numbers behind a name have come."""
        self.made: list[list[Value]] = [[] for _ in network.calls]
        used: dict[int, set[int]] = {}
        for call in network.calls:
            for value in call.inputs:
                used.setdefault(value.call, set()).add(value.result)
        for value in network.outputs:
            used.setdefault(value.call, set()).add(value.result)
        self.used = used
        self.calls = Counter(call.layer.path for call in network.calls)
        batches = {call.recorded[0][0] for call in map(network.calls.__getitem__, network.inputs)}
        self.batch = batches.pop() if len(batches) == 1 else None

    def imported(self) -> Imported:
        network = self.network
        calls = network.calls
        for number in network.inputs:  # first, so that a graph begins with one
            self.input(number, calls[number])
        for number, call in enumerate(calls):
            if number not in network.inputs:
                self.scope, self.rank = call.scope, call.rank
                self.variables = self.scopes[call.layer.path]
                self.layer(number, call)
        self.scope = self.variables = None
        self.rank = len(calls)
        output = self.values[network.outputs[0]]
        read = {source for node in self.nodes for source in node.inputs}
        loose = [i for i in range(len(self.nodes)) if i not in read and i != output]
        ends = tuple(self.values[value] for value in network.outputs)
        seen = frozenset(range(len(self.nodes))) - self.stand_ins
        if len(ends) > 1 or loose:
            reads = tuple(dict.fromkeys((*ends, *loose)))
            gathered = Foreign("outputs", Facts("outputs", (1,), steps=()))
            output = self.node("outputs", gathered, reads, (1,))
        uncertain = self.unlike_calls()
        everything = range(len(self.nodes))
        frame = Frame("arch", "", "", network.name, 0, output, tuple(everything[1:]), None)
        nodes, names = tuple(self.nodes), network.names if len(ends) > 1 else ()
        sketch = Graph(network.name, nodes, output, frame, (), (), ends, names)
        if network.custom is not None:
            rows = self.rows.values()
            last = next(reversed(list(rows)))
            last.lacks(f"the model is a `{network.custom}`, which may compute more", "operators")
        exact = not self.stand_ins and network.custom is None and not uncertain
        paths = {i: call.layer.path for i, call in enumerate(calls)}
        return Imported(
            network.name,
            sketch if exact else None,
            sketch,
            tuple(self.finished(row) for row in self.rows.values()),
            tuple(unseen for row in self.rows.values() for unseen in _unseen(row)),
            tuple(paths[number] for number in network.inputs),
            tuple(paths[value.call] for value in network.outputs),
            tuple(self.shapes[Value(number, 0)] for number in network.inputs),
            tuple(self.shapes[value] for value in network.outputs),
            tuple(_dtype(calls[number]) for number in network.inputs),
            self.batch,
            seen,
        )

    def unlike_calls(self) -> bool:
        """Doubt layers with weights whose calls are read by different layers, where that is a
        batch normalisation: what folds into one filter and not into another makes them two."""
        readers: dict[str, dict[int, set[str]]] = {}
        for call in self.network.calls:
            for value in call.inputs:
                source = self.network.calls[value.call].layer.path
                readers.setdefault(source, {}).setdefault(value.call, set()).add(call.layer.path)
        normalising = {
            path
            for path, row in self.rows.items()
            if any(self.nodes[node].op.normalises for node in row.nodes)
        }
        found = False
        for path, row in self.rows.items():
            groups = list(readers.get(path, {}).values())
            alike = all(group == groups[0] for group in groups)
            folds = any(group & normalising for group in groups)
            if row.calls > 1 and folds and not alike and any(map(self.weighs, row.nodes)):
                why = "its calls fold into different layers: its filter may be stored several times"
                row.lacks(why, "operators")
                found = True
        return found

    def weighs(self, index: int) -> bool:
        node = self.nodes[index]
        shapes = tuple(self.nodes[source].shape for source in node.inputs)
        return bool(node.inputs) and bool(node.op.weights(*shapes))

    # --- one call ---

    def input(self, number: int, call: Call) -> None:
        value = Value(number, 0)
        shape = closed(call.recorded[0])
        row = self.row(call)
        row.shape = shape
        row.params = row.trainable = 0
        row.calls = 1
        if shape is None:
            axes = [str(i) for i, n in enumerate(call.recorded[0]) if n is None and i]
            row.lacks(
                f"axis {', '.join(axes)} is open: build with fixed extents to have figures",
                "output_shape",
            )
        self.add_activations(row, shape)
        self.shapes[value] = shape
        dtype = _dtype(call)
        if "float" not in dtype:
            row.lacks(f"how {dtype} values are converted is not known here", "operators")
        # Beside the first, which a graph begins with, inputs are operators that read nothing.
        further = Foreign("input", Facts("InputLayer", shape or (), stedgeai_macc=0, steps=()))
        op = further if self.nodes else Input(shape or ())
        node = self.node(call.layer.path, op, (), shape or ())
        if shape is None or "float" not in dtype:
            self.stand_ins.add(node)
        self.values[value] = node
        row.nodes.append(node)

    def layer(self, number: int, call: Call) -> None:
        row = self.row(call)
        row.calls += 1
        for value in call.inputs:
            row.inputs[self.network.calls[value.call].layer.path] = None
        shapes = [self.shape(value) for value in call.inputs]
        given = self.given(call)
        meaning = Meaning(unseen="what it reads is not known")
        inputs: tuple[Shape, ...] | None = None
        if all(shape is not None for shape in shapes):
            inputs = tuple(shape for shape in shapes if shape is not None)
            try:
                meaning = understand(call, inputs, given.get(0))
            except Malformed as malformed:
                meaning = Meaning(unseen=str(malformed))
        if call.layer.quantised:
            meaning = meaning._replace(unseen="its weights are already quantised by Keras")
        if call.arguments.get("training") is True and call.layer.class_name in _TRAINING:
            meaning = meaning._replace(unseen="it is called with `training=True`")
        results = sorted(self.used.get(number, {0}))
        if results != [0] or not meaning.ops or inputs is None:
            self.opaque(number, call, row, meaning, given, results, known=inputs is not None)
            return
        self.chain(number, call, row, meaning, inputs, given.get(0))

    def chain(
        self,
        number: int,
        call: Call,
        row: _Row,
        meaning: Meaning,
        inputs: tuple[Shape, ...],
        given: Extents | None,
    ) -> None:
        """A layer that is understood: its operators one after the other."""
        shapes = inputs
        steps: list[tuple[Op, Shape, tuple[Shape, ...]]] = []
        for op in meaning.ops:
            output = op.infer(*shapes)
            steps.append((op, output, shapes))
            shapes = (output,)
        final = steps[-1][1]
        recorded = closed(given) if given is not None else None
        if recorded is not None and recorded != final:
            gives = shape_text(final)
            why = f"the config records {shape_text(recorded)} for it, its class gives {gives}"
            self.opaque(number, call, row, Meaning(unseen=why), {0: given or ()}, [0], known=True)
            return
        hidden = meaning.unseen is not None and all(deploys(op) for op, _, _ in steps)
        own = self.own(call, row, steps)
        reads = tuple(self.values[value] for value in call.inputs)
        path = call.layer.path
        lacks: set[str] = set()
        for op, output, shapes in steps:
            facts = facts_of(op, output, *shapes)
            if facts.macs is None:
                lacks.add("macs")
            if hidden or own is not None or not deploys(op):
                lacks.add("operators")
                blind = Foreign(op.keyword, facts._replace(steps=None, mark=self.fresh(path)))
                node = self.node(path, blind, reads, output)
                self.stand_ins.add(node)
            else:
                if self.calls[path] > 1:
                    op = shared(op, path, output, *shapes)
                node = self.node(path, op, reads, output)
            row.nodes.append(node)
            reads = (node,)
        value = Value(number, 0)
        self.values[value], self.shapes[value] = node, final
        if row.calls == 1:
            row.shape = final
        self.add_activations(row, final)
        reason = meaning.unseen if call.layer.quantised else own or meaning.unseen
        if reason is not None:
            row.lacks(reason, *lacks)

    def own(
        self, call: Call, row: _Row, steps: list[tuple[Op, Shape, tuple[Shape, ...]]]
    ) -> str | None:
        """Settle the parameters of a layer, at its first call; why they are not those of its
        class, if they are not."""
        weights = [weight for op, _, shapes in steps for weight in op.weights(*shapes)]
        params = sum(weight.size for weight in weights)
        trainable = sum(weight.size for weight in weights if weight.trainable)
        live = self.live.get(call.layer.path)
        if row.calls == 1:
            row.params = params
            row.trainable = trainable if call.layer.trainable else 0
            if call.layer.quantised:
                row.params = row.trainable = None
        if live is None:
            if call.layer.quantised:
                row.lacks("its weights are already quantised by Keras", "params")
            return None
        if row.calls == 1:
            self.take(row, live)
        if live.params != params:
            return f"it holds {live.params:,} parameters, where its class has {params:,}"
        return None

    def opaque(
        self,
        number: int,
        call: Call,
        row: _Row,
        meaning: Meaning,
        given: dict[int, Extents],
        results: list[int],
        known: bool,
    ) -> None:
        """A layer that is not understood: its results by what is recorded of them."""
        reason = meaning.unseen or f"it gives {len(results)} results"
        reads = tuple(self.values[value] for value in call.inputs)
        lacks = {"macs", "operators"}
        path = call.layer.path
        for index in results:
            recorded = given.get(index)
            shape = closed(recorded) if recorded is not None else None
            mixed = meaning.mixes or not known
            if recorded is not None and self.batch is not None and recorded[0] != self.batch:
                mixed = True
            shape = None if mixed else shape
            value = Value(number, index)
            self.shapes[value] = shape
            node = self.stand_in(path, call.layer.class_name, reads, shape or (), path)
            self.values[value] = node
            row.nodes.append(node)
            if index == results[0] and row.calls == 1:
                row.shape = shape
            if shape is None:
                lacks.add("output_shape")
            self.add_activations(row, shape)
        live = self.live.get(path)
        if row.calls == 1:
            if live is not None:
                self.take(row, live)
            elif call.layer.operation:
                row.params = row.trainable = 0
            else:
                lacks.add("params")
        row.lacks(reason, *lacks)

    # --- parts ---

    def take(self, row: _Row, live: Live) -> None:
        row.params = live.params if live.counted else 0
        row.trainable = live.trainable_params if live.counted else 0

    def row(self, call: Call) -> _Row:
        return self.rows.setdefault(call.layer.path, _Row(call))

    def shape(self, value: Value) -> Shape | None:
        if value not in self.shapes:
            # A second result of what has one: nothing is known of it.
            self.shapes[value] = None
            first = self.values[Value(value.call, 0)]
            self.values[value] = first
        return self.shapes[value]

    def given(self, call: Call) -> dict[int, Extents]:
        """The shapes that are recorded of the results of a call, or that Keras gives."""
        found = dict(call.recorded)
        live = self.live.get(call.layer.path)
        if live is not None and live.outputs is not None:
            for index, shape in enumerate(live.outputs):
                found.setdefault(index, shape)
        return found

    def add_activations(self, row: _Row, shape: Shape | None) -> None:
        elements = None if shape is None else prod(shape)
        row.activations = _plus(row.activations, elements)

    def fresh(self, path: str) -> str:
        """A name that no node has: the layer's, with a number behind a colon from the second."""
        number = self.numbers.get(path, 1)
        name = path if number == 1 else f"{path}:{number}"
        while name in self.names:
            number += 1
            name = f"{path}:{number}"
        self.numbers[path] = number
        return name

    def node(self, path: str, op: Op, reads: tuple[int, ...], shape: Shape) -> int:
        name = self.fresh(path)
        self.names.add(name)
        node = Node(name, op, reads, shape, (), None, None, None)
        node = node._replace(scope=self.scope, variables=self.variables, rank=self.rank)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def stand_in(
        self, path: str, class_name: str, reads: tuple[int, ...], shape: Shape, mark: str
    ) -> int:
        facts = Facts(class_name, shape, macs=None, mark=self.fresh(mark))
        node = self.node(path, Foreign(class_name, facts), reads, shape)
        self.stand_ins.add(node)
        return node

    def finished(self, row: _Row) -> ImportedLayer:
        return ImportedLayer(
            row.layer.path,
            row.layer.class_name,
            tuple(row.inputs),
            row.shape,
            row.activations,
            row.params,
            row.trainable,
            tuple(row.nodes),
            row.calls,
            row.layer.trainable,
        )


def shared(op: Op, path: str, output: Shape, *inputs: Shape) -> Op:
    """An operator of a layer that is called several times: its filter is stored once, its bias with
    every call, and what a batch normalisation multiplies by again is what was there. Two calls on
    one tensor are one operator."""
    facts = facts_of(op, output, *inputs)
    if facts.steps is None or not any(step.weights or step.biases for step in facts.steps):
        return op
    steps = tuple(
        step._replace(shared=step.shared or f"{path}:{number}")
        if step.weights or step.biases
        else step
        for number, step in enumerate(facts.steps)
    )
    return Foreign(op.keyword, facts._replace(steps=steps))


def _unseen(row: _Row) -> tuple[Unseen, ...]:
    order = ("params", "output_shape", "macs", "operators")
    return tuple(
        Unseen(
            row.layer.path,
            row.layer.class_name,
            reason,
            tuple(one for one in order if one in lacks),
        )
        for reason, lacks in row.unseen.items()
    )


def _plus(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b


def _dtype(call: Call) -> str:
    dtype = call.layer.config.get("dtype")
    return dtype if isinstance(dtype, str) and dtype.isidentifier() else "float32"
