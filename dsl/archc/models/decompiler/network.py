"""What a spec is recovered from: operators of the language over named layers, nothing else.

A model that was read and a spec that was compiled both become a `Network`, so that the two can be
compared. What the language cannot say is refused here, with the layer.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from archc.compiler import OPERATORS, Graph, Input, Op, Shape, shown
from archc.diagnostics.codes import IMPORT
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.nearest import nearest
from archc.diagnostics.text import few
from archc.models.importer import Imported
from archc.models.importer.foreign import Facts, Foreign


class Operation(NamedTuple):
    """One operator, as `archc.ir.graph.Node` has it."""

    op: Op
    inputs: tuple[int, ...]
    shape: Shape
    layer: str
    """The layer of the model, or of the spec, that it belongs to."""

    @property
    def keyword(self) -> str:
        return "input" if isinstance(self.op, Input) else self.op.keyword

    @property
    def nothing(self) -> bool:
        """Whether it leaves what it reads as it is, and is known to."""
        op = self.op
        return isinstance(op, Foreign) and op.keyword == "identity" and op.facts.steps == ()


class Network(NamedTuple):
    """A network without stages and blocks. Its inputs come first; they read nothing."""

    name: str
    operations: tuple[Operation, ...]
    ends: tuple[int, ...]
    """The operations that give its results, in order."""
    names: tuple[str, ...] = ()
    """Of the results, where they have names."""
    notes: tuple[str, ...] = ()
    """What was put differently here than in the model."""
    io: str | None = "float32"
    """The type at the border of a file; None where inputs and outputs differ."""

    @property
    def entries(self) -> int:
        """How many inputs it has."""
        return sum(not operation.inputs for operation in self.operations)

    def users(self) -> list[list[int]]:
        """For every operation those that read its value, once for each time, in order."""
        users: list[list[int]] = [[] for _ in self.operations]
        for index, operation in enumerate(self.operations):
            for source in operation.inputs:
                users[source].append(index)
        return users


def of_graph(graph: Graph) -> Network:
    """The network of a spec that was compiled."""
    operations = tuple(Operation(n.op, n.inputs, n.shape, n.name) for n in graph.nodes)
    return Network(graph.name, plain(operations), graph.ends, graph.names)


_NAMED = 8
"""Layers that are listed where one is not there."""


def of_model(model: Imported, without: Iterable[str] = (), names: tuple[str, ...] = ()) -> Network:
    """The network of a model that was read.

    Args:
        names: of the results, where they have names.
        without: paths of layers to leave out; each reads one tensor and gives one of its shape.

    Raises:
        Rejected: it has a layer that the language cannot say, is called twice or is not known.
    """
    left_out = dict.fromkeys(without)
    paths = {layer.path for layer in model.layers}
    for name in left_out:
        if name not in paths:
            layers = [layer.path for layer in model.layers]
            close = nearest(name, layers)
            listed = few([shown(each) for each in layers], _NAMED)
            raise reject(
                IMPORT,
                f"the model has no layer {shown(name)} to leave out",
                help=f"did you mean {shown(close)}?" if close else f"its layers are {listed}",
            )
    operations, notes = _rewritten(model, left_out)
    _sayable(model, operations)
    keep = reached(operations, _ends(model, operations))
    place = {index: number for number, index in enumerate(keep)}
    kept = tuple(
        operations[index]._replace(inputs=tuple(place[i] for i in operations[index].inputs))
        for index in keep
    )
    ends = tuple(place[end] for end in _ends(model, operations))
    _outputs(kept, ends)
    return Network(model.name, plain(kept), ends, names, tuple(dict.fromkeys(notes)))


def _ends(model: Imported, operations: list[Operation]) -> tuple[int, ...]:
    """The nodes of the results, where layers between were left out."""
    return tuple(_through(operations, end) for end in model.sketch.ends)


def _through(operations: list[Operation], index: int) -> int:
    """The operation whose value an index stands for: one that does nothing for what it reads."""
    while operations[index].nothing:
        index = operations[index].inputs[0]
    return index


def _rewritten(model: Imported, without: Iterable[str]) -> tuple[list[Operation], list[str]]:
    """The nodes of a model in words of the language, where there are any."""
    paths = {node: layer.path for layer in model.layers for node in layer.nodes}
    operations: list[Operation] = []
    notes: list[str] = []
    for index, node in enumerate(model.sketch.nodes):
        path = paths.get(index, node.name)
        inputs = tuple(_through(operations, source) for source in node.inputs)
        op = node.op
        if not inputs:
            op = Input(node.shape)
        elif path in without:
            _removable(path, inputs, node.shape, operations)
            notes.append(f"`{path}` is left out, as asked")
            op = Foreign("identity", Facts(op.keyword, node.shape, steps=()))
        part = _separable(op)
        if part is not None:
            op = part
            notes.append("`SeparableConv2D` is a depthwise and a pointwise convolution here")
        operations.append(Operation(op, inputs, node.shape, path))
    return _hard_sigmoids(operations, notes), notes


def _shapes(operations: list[Operation], inputs: tuple[int, ...]) -> tuple[Shape, ...]:
    return tuple(operations[source].shape for source in inputs)


def _removable(
    path: str, inputs: tuple[int, ...], shape: Shape, operations: list[Operation]
) -> None:
    if len(inputs) != 1 or operations[inputs[0]].shape != shape:
        raise reject(
            IMPORT,
            f"the layer {shown(path)} cannot be left out: it changes the shape of what it reads",
        )


HALVED = frozenset({"SeparableConv2D"})
"""Layers that come back as two: a depthwise and a pointwise convolution."""


def _separable(op: Op) -> Op | None:
    """A half of a `SeparableConv2D` as the convolution that it is."""
    if not isinstance(op, Foreign) or op.keyword not in HALVED:
        return None
    steps, weights = op.facts.steps or (), op.facts.weights
    window = steps[0].window if len(steps) == 1 else None
    if window is None or not weights or len(weights[0].shape) != 4:
        return None
    last, biased = weights[0].shape[-1], len(weights) > 1
    if steps[0].operator == "CONV_2D":
        return OPERATORS["conv"](channels=last, bias=biased)
    if steps[0].operator != "DEPTHWISE_CONV_2D":
        return None
    return OPERATORS["dwconv"](
        kernel=window.kernel,
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        multiplier=last,
        bias=biased,
    )


def _hard_sigmoids(operations: list[Operation], notes: list[str]) -> list[Operation]:
    """`relu6(x + 3) / 6` written as functions is `hard_sigmoid`, as Keras' MobileNetV3 has it."""
    readers = Counter(source for operation in operations for source in operation.inputs)
    made = list(operations)
    for index, last in enumerate(operations):
        scale = _scalar(last, "multiply")
        if scale is None or abs(scale - _SIXTH) > _NEAR:
            continue
        clip = operations[last.inputs[0]]
        if clip.keyword != "relu6" or readers[last.inputs[0]] > 1:
            continue
        shift = operations[clip.inputs[0]]
        if _scalar(shift, "add") == 3 and readers[clip.inputs[0]] == 1:
            made[index] = last._replace(op=OPERATORS["hard_sigmoid"](), inputs=shift.inputs)
            notes.append("`relu6(x + 3) / 6` written as functions is `hard_sigmoid` here")
    return made


_SIXTH, _NEAR = Fraction(1, 6), Fraction(1, 10**6)


def _scalar(operation: Operation, keyword: str) -> Fraction | None:
    """The number that a function adds or multiplies by."""
    op = operation.op
    if not isinstance(op, Foreign) or op.keyword != keyword or len(operation.inputs) != 1:
        return None
    steps = op.facts.steps
    return steps[0].scalar if steps and len(steps) == 1 else None


def reached(operations: Sequence[Operation], ends: tuple[int, ...]) -> list[int]:
    """The operations that results come from, and the inputs, in order."""
    found = {index for index, operation in enumerate(operations) if not operation.inputs}
    stack = list(ends)
    while stack:
        index = stack.pop()
        if index not in found:
            found.add(index)
            stack.extend(operations[index].inputs)
    return sorted(found)


def _sayable(model: Imported, operations: list[Operation]) -> None:
    """
    Raises:
        Rejected: a layer that the results come from has no counterpart in the language.
    """
    live = set(reached(operations, _ends(model, operations)))
    for layer in model.layers:
        nodes = [operations[node] for node in layer.nodes if node in live]
        weighs = any(_weighs(operations, operation) for operation in nodes)
        if layer.calls > 1 and weighs:
            raise unsayable(
                layer.path, f"is called {layer.calls} times, and weights are not shared"
            )
        if layer.output_shape is None and nodes:
            why = "reads or gives a tensor with an axis that is open"
            raise unsayable(layer.path, why, "give the shape of the input: `--shape 224x224x3`")
    reasons = {unseen.layer: unseen.reason for unseen in model.unseen}
    for index in sorted(live):
        operation = operations[index]
        path = operation.layer
        if isinstance(operation.op, Foreign):
            what = (
                f"the language has no operator for `{operation.op.facts.class_name}` as it is here"
            )
            raise unsayable(path, "cannot be said: " + reasons.get(path, what))
    for unseen in model.unseen:
        if any(operations[i].layer == unseen.layer for i in live) and "operators" in unseen.unknown:
            raise unsayable(unseen.layer, f"cannot be said: {unseen.reason}")


def _weighs(operations: list[Operation], operation: Operation) -> bool:
    return bool(operation.inputs) and bool(
        operation.op.weights(*_shapes(operations, operation.inputs))
    )


def _outputs(operations: tuple[Operation, ...], ends: tuple[int, ...]) -> None:
    if len(set(ends)) < len(ends):
        layer = next(operations[end].layer for end in ends if ends.count(end) > 1)
        raise unsayable(layer, "gives two results that are one tensor")
    for end in ends:
        if not operations[end].inputs:
            raise unsayable(operations[end].layer, "is an input and a result")


def unsayable(path: str, why: str, help: str | None = None) -> Rejected:
    """The rejection of a layer."""
    return reject(
        IMPORT,
        f"the layer {shown(path)} {why}",
        notes=["nothing was written"],
        help=help or f"leave it out, if it may be missing: `--without {path}`; or replace it",
    )


def plain(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """The operators with what makes no difference put one way: the padding of a 1x1 convolution,
    and the floating-point noise of a rate."""
    return tuple(o._replace(op=_normal(o.op)) if o.inputs else o for o in operations)


def _normal(op: Op) -> Op:
    values = op.values
    if op.keyword in ("conv", "dwconv") and values["kernel"] == (1, 1):
        return op.replace(padding="same")
    snaps = {name: _snapped(value) for name, value in values.items() if name in _MEASURES}
    return op.replace(**snaps) if snaps else op


_MEASURES = frozenset({"mean", "offset", "rate", "scale", "slope", "variance"})
"""Arguments that are numbers in float32 where they are used."""


def _snapped(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_snapped, value))
    return snapped(value) if isinstance(value, Fraction) else value


def snapped(number: Fraction) -> Fraction:
    """The short decimal or ratio that a float stands for: `0.2 * 6 / 16` is 0.07500000000000001
    in floating point, and 1 / 255 is a number of 15 digits. In float32 it is the same number."""
    short = [Fraction(round(number * 10**places), 10**places) for places in range(1, 7)]
    for near in (*short, number.limit_denominator(2000)):
        if abs(near - number) <= abs(number) / 10**12 and _single(near) == _single(number):
            return near
    return number


def _single(number: Fraction) -> bytes:
    return struct.pack("<f", float(number))
