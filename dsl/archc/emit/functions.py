"""From the tree of calls to functions: which calls share one, and what its parameters are.

Every call of a block (or of braces passed as a value) is one use of a *body*. Two calls have the
same body if they are calls of one name and do the same: the same Keras classes, local layer names
and wiring, and calls of the same bodies. Bodies are interned from the inside out, so equality of
trees is equality of numbers. An optional argument that one use leaves out counts as its Keras
default; so a block with and without a stride is one function with a `stride` parameter.

The values that a body's uses have at one argument are a column. A column of equal values stays a
literal; any other becomes a parameter, and columns of one name that agree share it.
"""

from collections.abc import Iterator, Sequence

from archc.emit.parameters import REFUSED, Column, Item, Layer, hinted, parameters, public
from archc.emit.python import argument, identifier, literal
from archc.emit.variables import Plan, Wire, plan
from archc.ir.graph import Frame, Graph
from archc.ops.base import KerasCall
from archc.typed import NamedTuple

WINDOW = {"strides": 1, "padding": "valid", "dilation_rate": 1, "groups": 1}

DEFAULTS: dict[str, dict[str, object]] = {
    "Conv2D": {**WINDOW, "use_bias": True},
    "DepthwiseConv2D": {
        "strides": 1,
        "padding": "valid",
        "dilation_rate": 1,
        "depth_multiplier": 1,
        "use_bias": True,
    },
    "Conv2DTranspose": {"strides": 1, "padding": "valid", "use_bias": True},
    "Dense": {"use_bias": True},
    "BatchNormalization": {"momentum": 0.99, "epsilon": 0.001, "center": True, "scale": True},
    "LayerNormalization": {"epsilon": 0.001, "center": True, "scale": True},
    "MaxPooling2D": {"strides": None, "padding": "valid"},
    "AveragePooling2D": {"strides": None, "padding": "valid"},
    "GlobalAveragePooling2D": {"keepdims": False},
    "GlobalMaxPooling2D": {"keepdims": False},
    "UpSampling2D": {"interpolation": "nearest"},
    "LeakyReLU": {"negative_slope": 0.3},
}
"""Keras' defaults of the arguments that operators leave out, in the order they are written.

A test holds them to the signatures of the installed Keras. An argument that is missing here still
works: calls with it and without it do not share a function then.
"""

LONGEST_FUNCTION = 64


class Use:
    """One call of a body."""

    __slots__ = ("body", "outer", "parts", "values")

    def __init__(self, body: int, parts: "tuple[Layer | Use, ...]", outer: tuple[int, ...]) -> None:
        self.body = body
        self.parts = parts
        self.outer = outer
        """The nodes whose values it reads beside the one that enters."""
        self.values: tuple[str, ...] = ()
        """Texts of the arguments, once the parameters of the body are settled."""


class Body:
    """What equal calls have in common; it becomes a function."""

    def __init__(self, frame: Frame, items: tuple[Item, ...], output: int, outer: int) -> None:
        self.label, self.kind, self.span = frame.label, frame.kind, frame.span
        self.outer = tuple("other" if n == 0 else f"other_{n + 1}" for n in range(outer))
        """Its parameters for values from outside, beside the one that enters."""
        self.items, self.output = items, output
        self.uses: list[Use] = []
        self.name = ""
        self.parameters: tuple[str, ...] = ()
        self.origins: dict[str, tuple[str, bool]] = {}
        """Per parameter, keyword and weakness of its column."""
        self.calls: tuple[tuple[str, ...], ...] = ()
        """Per item, its arguments as text, without regulariser and name."""
        self.regularized = self.dropping = self.residual = False
        self.weight = 1
        self.plan: Plan


class Traits(NamedTuple):
    """What follows from the class of a layer alone."""

    regularizer: str | None
    rate: str | None


class Statements(NamedTuple):
    """Items as they stand in a frame, and what this frame has at each."""

    items: tuple[Item, ...]
    parts: tuple[Layer | Use, ...]
    output: int
    outer: tuple[int, ...]
    """The nodes whose values are -1, -2, ... here."""
    made: tuple[int, ...]
    """The nodes whose values the items make."""


class Program:
    """The bodies of a graph, and the statements of its stages in terms of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.bodies: list[Body] = []
        self.traits: dict[str, Traits] = {}
        self._numbers: dict[tuple[str, tuple[Item, ...], int, int], int] = {}
        self._texts: dict[tuple[type, object], str] = {}
        """By type too, since `1 == True`."""

    # From frames to bodies

    def statements(
        self, children: Sequence[int | Frame], entry: int, output: int, prefix: str
    ) -> Statements:
        """The statements of children that read ``entry`` and one another, names after ``prefix``,
        up to the value ``output``."""
        nodes = self.graph.nodes
        numbers = {entry: 0}
        items: list[Item] = []
        parts: list[Layer | Use] = []
        outer: list[int] = []
        made: list[int] = []

        def number(value: int) -> int:
            """The number of a value; of one from outside a new one."""
            if value not in numbers:
                outer.append(value)
                numbers[value] = -len(outer)
            return numbers[value]

        for child in children:
            if isinstance(child, int):
                node = nodes[child]
                call = node.op.keras(node.shape, *self.graph.input_shapes(node))
                layer, undefaulted = self._layer(call, node.hints)
                item = Item(
                    _suffix(node.name, prefix),
                    -1,
                    call.class_name,
                    undefaulted,
                    node.op.bodies,
                    tuple([number(value) for value in node.inputs]),
                )
                parts.append(layer)
                made.append(child)
            else:
                use = self.use(child)
                if use is None:
                    continue
                suffix = _suffix(child.name, prefix)
                reads = (number(child.input), *map(number, use.outer))
                item = Item(suffix, use.body, "", (), False, reads)
                parts.append(use)
                made.append(child.output)
            items.append(item)
            numbers[made[-1]] = len(items)
        return Statements(tuple(items), tuple(parts), number(output), tuple(outer), tuple(made))

    def use(self, frame: Frame) -> Use | None:
        """The use that a frame is; None if it does nothing."""
        items, parts, output, outer, _ = self.statements(
            frame.children, frame.input, frame.output, frame.name
        )
        if not items:
            return None
        key = (frame.label, items, output, len(outer))
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.bodies)
            body = Body(frame, items, output, len(outer))
            self.bodies.append(body)
            self._describe(body)
        use = Use(number, parts, outer)
        self.bodies[number].uses.append(use)
        return use

    def _text(self, value: object) -> str:
        key = (type(value), value)
        if isinstance(value, tuple):  # its elements may be equal to others of another type
            return literal(value)
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = literal(value)
        return text

    def _layer(
        self, call: KerasCall, hints: tuple[tuple[str, str], ...]
    ) -> tuple[Layer, tuple[str, ...]]:
        positional: list[tuple[str, str]] = []
        keywords: dict[str, str] = {}
        defaults = DEFAULTS.get(call.class_name, {})
        undefaulted: list[str] = []
        named: dict[str, str] = {}
        names = dict(hints)
        for keyword, value, is_positional, source in call.arguments:
            text = self._text(value)
            if is_positional:
                positional.append((keyword, text))
            else:
                keywords[keyword] = text
                if keyword not in defaults:
                    undefaulted.append(keyword)
            if source in names:
                named[keyword] = names[source]
        if call.class_name not in self.traits:
            self.traits[call.class_name] = Traits(call.regularizer, call.rate)
        pointwise = ("kernel_size", "1") in positional
        layer = Layer(tuple(positional), keywords, pointwise, named)
        return layer, tuple(undefaulted)

    def _describe(self, body: Body) -> None:
        """What a body needs and whether it adds its input to what it makes."""
        for item in body.items:
            body.regularized |= self.regularized(item)
            if item.callee >= 0:
                callee = self.bodies[item.callee]
                body.dropping |= callee.dropping
                body.residual |= callee.residual
                body.weight += callee.weight
            else:
                traits = self.traits[item.class_name]
                body.dropping |= traits.rate is not None
                body.residual |= item.class_name == "Add" and 0 in item.inputs
                body.weight += 1
        body.plan = plan(self.wires(body.items), body.output, outer=body.outer)

    def wires(self, items: tuple[Item, ...]) -> list[Wire]:
        return [
            Wire(
                item.inputs,
                item.class_name if item.merges else "",
                1 if item.callee < 0 else self.bodies[item.callee].weight,
            )
            for item in items
        ]

    def regularized(self, item: Item) -> bool:
        """Whether a statement makes layers that take the regulariser."""
        if item.callee >= 0:
            return self.bodies[item.callee].regularized
        return self.traits[item.class_name].regularizer is not None

    # From columns to parameters

    def settle(self, variables: set[str]) -> None:
        """Give every body its parameters and its name, once all its uses are known.

        ``variables`` are those that `build_model` uses.
        """
        for body in self.bodies:
            self._parametrise(body)
        self._name(variables.union(*(body.plan.variables() for body in self.bodies)))

    def _parametrise(self, body: Body) -> None:
        uses = body.uses
        columns: list[Column] = []
        counts: list[int] = []
        for index, item in enumerate(body.items):
            before = len(columns)
            if item.callee >= 0:
                callee = self.bodies[item.callee]
                for position, parameter in enumerate(callee.parameters):
                    texts = [use.parts[index].values[position] for use in uses]  # type: ignore[union-attr]
                    keyword, weak = callee.origins[parameter]
                    columns.append(Column(item, keyword, parameter, tuple(texts), parameter, weak))
            else:
                layers: list[Layer] = [use.parts[index] for use in uses]  # type: ignore[misc]
                columns.extend(self.columns(item, layers))
            counts.append(len(columns) - before)
        names = parameters(columns, body.plan.variables())
        calls = []
        at = 0
        for item, count in zip(body.items, counts, strict=True):
            pairs = zip(columns[at : at + count], names[at : at + count], strict=True)
            calls.append(self.arguments(item, [(c, name or c.texts[0]) for c, name in pairs]))
            at += count
        body.calls = tuple(calls)
        chosen: dict[str, tuple[str, ...]] = {}
        for column, name in zip(columns, names, strict=True):
            if name is not None:
                chosen.setdefault(name, column.texts)
                if name not in body.origins or body.origins[name][1]:
                    body.origins[name] = column.keyword, column.weak
        body.parameters = tuple(chosen)
        for index, use in enumerate(uses):
            use.values = tuple([texts[index] for texts in chosen.values()])

    def columns(self, item: Item, layers: Sequence[Layer]) -> "Iterator[Column]":
        """The columns of a layer over the uses of its body, in the order they are written."""
        first = layers[0]
        for index, (keyword, _) in enumerate(first.positional):
            texts = tuple([layer.positional[index][1] for layer in layers])
            yield Column(item, keyword, None, texts, *hinted(keyword, layers))
        written: dict[str, None] = {}
        for layer in layers:
            written.update(dict.fromkeys(layer.keywords))
        defaults = DEFAULTS.get(item.class_name, {})
        known = [keyword for keyword in defaults if keyword in written]
        for keyword in [*known, *(keyword for keyword in written if keyword not in defaults)]:
            default = self._text(defaults.get(keyword))
            writers = [layer for layer in layers if keyword in layer.keywords]
            if keyword == "padding":
                real = [layer for layer in layers if not layer.any_padding] or layers
                default_of_pointwise = real[0].keywords.get(keyword, default)
                texts = tuple(
                    [
                        default_of_pointwise
                        if layer.any_padding
                        else layer.keywords.get(keyword, default)
                        for layer in layers
                    ]
                )
            else:
                texts = tuple([layer.keywords.get(keyword, default) for layer in layers])
            yield Column(item, keyword, keyword, texts, *hinted(keyword, writers))

    def arguments(self, item: Item, pairs: "Sequence[tuple[Column, str]]") -> tuple[str, ...]:
        """The arguments of a statement as text, the regulariser, dropout and name left out."""
        rate = None if item.callee >= 0 else self.traits[item.class_name].rate
        arguments = []
        for column, text in pairs:
            if column.keyword == rate:
                text = f"{text} if dropout is None else dropout"
            arguments.append(text if column.passed is None else argument(column.passed, text))
        return tuple(arguments)

    def statement(self, item: Item, part: Layer | Use) -> tuple[str, ...]:
        """The arguments of a statement that stands outside any function."""
        if isinstance(part, Use):
            parameters = self.bodies[item.callee].parameters
            pairs = zip(parameters, part.values, strict=True)
            return tuple([argument(parameter, text) for parameter, text in pairs])
        return self.arguments(item, [(c, c.texts[0]) for c in self.columns(item, [part])])

    def call(
        self, item: Item, arguments: tuple[str, ...], name: str
    ) -> tuple[str, tuple[str, ...]]:
        """A statement in full: the function it calls, and its arguments up to the layer's name."""
        if item.callee >= 0:
            body = self.bodies[item.callee]
            passed = ["regularizer=regularizer"] if body.regularized else []
            if body.dropping:
                passed.append("dropout=dropout")
            return body.name, (*arguments, *passed, f"name={name}")
        regularizer = self.traits[item.class_name].regularizer
        passed = [f"{regularizer}=regularizer"] if regularizer else []
        function = f"layers.{identifier(item.class_name)}"
        return function, (*arguments, *passed, f"name={name}")

    # Names of functions

    def _name(self, variables: set[str]) -> None:
        """Names from the blocks': NAME, NAME_residual where only some add their input, NAME_2."""
        refused = REFUSED.union(variables, *(body.parameters for body in self.bodies))
        residual: dict[str, set[bool]] = {}
        for body in self.bodies:
            residual.setdefault(body.label, set()).add(body.residual)
        taken: set[str] = set()
        for body in self.bodies:
            base = public(body.label[:LONGEST_FUNCTION])
            if body.residual and len(residual[body.label]) == 2:
                base += "_identity" if base.endswith("residual") else "_residual"
            if base in refused:
                base = f"block_{base.strip('_')}" if base.startswith("_") else f"{base}_block"
            name, number = base, 1
            while name in taken or name in refused:
                number += 1
                name = f"{base}_{number}"
            taken.add(name)
            body.name = identifier(name)


def _suffix(name: str, prefix: str) -> str:
    """What a name adds to the one it starts with."""
    assert name.startswith(prefix), f"{name} does not start with {prefix}"
    return name[len(prefix) :]
