"""What a spec is recovered from where the model is a deployed file.

A file has activations fused into operators and batch normalisations folded into convolutions; the
operators of the language that make it are taken apart and the folding is noted. Types are not
kept: conversions between them leave nothing, and weights are those of the float network.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from archc.compiler import OPERATORS, Input, Op, OpError, Shape
from archc.models.decompiler.network import Network, Operation, plain, unsayable
from archc.models.deployed import FileGraph, Operator, Tensor

_BORDER = re.compile(r"^serving_default_|:\d+$|_u?int8$")
"""What converters add to the name of an input."""
_FUSED = {"RELU": "relu", "RELU6": "relu6", "TANH": "tanh"}
"""Fused activations that the language has."""
_PLAIN = {
    "RELU": "relu",
    "RELU6": "relu6",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
    "SOFTMAX": "softmax",
    "HARD_SWISH": "hard_swish",
    "GELU": "gelu",
    "ELU": "elu",
    "L2_NORMALIZATION": "l2_normalise",
}
"""Operators of one tensor without arguments."""
_MERGING = {
    "ADD": "add",
    "MUL": "multiply",
    "SUB": "subtract",
    "MAXIMUM": "maximum",
    "MINIMUM": "minimum",
    "CONCATENATION": "concat",
}
_TYPES = ("QUANTIZE", "DEQUANTIZE", "CAST")
"""Conversions of one type to another."""
_SHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


class _Seen(NamedTuple):
    """An operator of the file with what it reads."""

    graph: FileGraph
    operator: Operator
    inputs: tuple[Shape, ...]
    """Of what it reads that is computed."""
    output: Shape

    def refuse(self, why: str) -> Exception:
        what = f"(`{self.operator.label}`) cannot be said: {why}"
        return unsayable(self.operator.name, what, "replace it in the model, and convert it again")

    def table(self, place: int) -> tuple[int, ...]:
        """The whole numbers of an operand.

        Raises:
            Rejected: it is no constant of whole numbers.
        """
        inputs = self.operator.inputs
        index = inputs[place] if place < len(inputs) else -1
        values = self.graph.tensors[index].values if index >= 0 else None
        if values is None:
            raise self.refuse("it is not told by constants")
        return values

    @property
    def filter(self) -> Tensor:
        if self.operator.filter is None or not self.graph.tensors[self.operator.filter].constant:
            raise self.refuse("its filter is computed")
        return self.graph.tensors[self.operator.filter]


def of_file(graph: FileGraph) -> Network:
    """The network of a deployed file.

    Raises:
        Rejected: an operator is none that the language can say.
    """
    return _Reading(graph).network()


class _Reading:
    def __init__(self, graph: FileGraph) -> None:
        self.graph = graph
        self.operations: list[Operation] = []
        self.values: dict[int, int] = {}
        """By tensor, the operation that makes it."""
        self.scaled: dict[int, int] = {}
        """By tensor, the operation whose value it is with a scale for each channel."""
        self.notes: list[str] = []

    def network(self) -> Network:
        graph = self.graph
        for index in graph.inputs:
            tensor = graph.tensors[index]
            name = _BORDER.sub("", tensor.name)
            self.values[index] = self.add(Input(tensor.map), (), tensor.map, name)
        for operator in graph.operators:
            self.operator(operator)
        ends = tuple(self.values[index] for index in graph.outputs)
        folded = any(o.keyword in ("conv", "dwconv") for o in self.operations)
        if folded:
            self.notes.append(
                "batch normalisations, if there were any, are folded into convolutions"
            )
        if graph.scheme != "float32":
            self.notes.append(f"the file is {graph.scheme}; the spec is of the float network")
        operations = plain(tuple(_swishes(self.operations)))
        return _pruned(Network(graph.name, operations, ends, (), tuple(self.notes)))

    def add(self, op: Op, inputs: tuple[int, ...], shape: Shape, name: str) -> int:
        self.operations.append(Operation(op, inputs, shape, name))
        return len(self.operations) - 1

    def operator(self, operator: Operator) -> None:
        graph = self.graph
        if self.normalises(operator):
            return
        reads = tuple(map(self.value, graph.reads(operator)))
        shapes = tuple(self.operations[read].shape for read in reads)
        output = graph.tensors[operator.outputs[0]].map if operator.outputs else ()
        seen = _Seen(graph, operator, shapes, output)
        if operator.kind in _TYPES and len(reads) == 1:
            self.values[operator.outputs[0]] = reads[0]
            return
        if operator.kind in ("SPLIT", "SPLIT_V") and len(reads) == 1:
            self.split(seen, reads)
            return
        if not reads or len(operator.outputs) != 1:
            raise seen.refuse("it does not make one tensor of others")
        value = reads[0]
        for op in self.ops(seen):
            shapes = tuple(self.operations[read].shape for read in reads)
            value = self.add(op, reads, self.inferred(seen, op, shapes), operator.name)
            reads = (value,)
        for op in self.activation(seen):
            value = self.add(op, (value,), self.operations[value].shape, operator.name)
        if self.operations[value].shape != output:
            raise seen.refuse("it makes another shape than the operator of the language")
        self.values[operator.outputs[0]] = value

    def value(self, tensor: int) -> int:
        """The operation that makes a tensor.

        Raises:
            Rejected: it is scaled and not shifted.
        """
        if tensor in self.scaled:
            made = self.graph.operators[self.graph.makers()[tensor]]
            what = f"(`{made.label}`) cannot be said: it scales each channel and shifts none"
            raise unsayable(made.name, what, "replace it in the model, and convert it again")
        return self.values[tensor]

    def normalises(self, operator: Operator) -> bool:
        """Take in a scale or a shift for each channel: together they are a batch normalisation that
        is not folded; whether it is one."""
        reads, weights = self.graph.reads(operator), operator.weights
        if operator.kind not in ("MUL", "ADD") or len(reads) != 1 or len(weights) != 1:
            return False
        if self.graph.tensors[weights[0]].elements != self.graph.tensors[reads[0]].shape[-1]:
            return False
        if operator.kind == "MUL":
            if operator.activation not in (None, "NONE"):
                return False
            self.scaled[operator.outputs[0]] = self.value(reads[0])
            return True
        if reads[0] not in self.scaled:
            return False
        source = self.scaled[reads[0]]
        shape = self.operations[source].shape
        op = OPERATORS["batchnorm"]()
        value = self.add(op, (source,), shape, operator.name)
        for fused in self.activation(_Seen(self.graph, operator, (shape,), shape)):
            value = self.add(fused, (value,), shape, operator.name)
        self.values[operator.outputs[0]] = value
        note = "what scales and shifts channels is `batchnorm`, with the usual settings"
        self.notes += [note] if note not in self.notes else []
        return True

    def inferred(self, seen: _Seen, op: Op, shapes: tuple[Shape, ...]) -> Shape:
        try:
            return op.infer(*shapes)
        except OpError as error:
            raise seen.refuse(error.message) from None

    def activation(self, seen: _Seen) -> tuple[Op, ...]:
        fused = seen.operator.activation
        if fused is None or fused == "NONE":
            return ()
        if fused not in _FUSED:
            raise seen.refuse(f"`{fused}` is fused into it")
        return (OPERATORS[_FUSED[fused]](),)

    def ops(self, seen: _Seen) -> tuple[Op, ...]:
        """The operators of the language that an operator is; none where it leaves things alone."""
        kind = seen.operator.kind
        if kind in _PLAIN and len(seen.inputs) == 1:
            return (OPERATORS[_PLAIN[kind]](),)
        if kind in _MERGING and len(seen.inputs) == len(seen.operator.inputs) > 1:
            return (OPERATORS[_MERGING[kind]](),)
        if kind in _SHAPES and len(seen.inputs) == 1:
            return _reshaped(seen)
        made = _OPS.get(kind)
        if made is None or len(seen.inputs) != 1:
            raise seen.refuse("the language has no such operator")
        return made(seen)

    def split(self, seen: _Seen, reads: tuple[int, ...]) -> None:
        """A split along channels is a slice for each part."""
        first = 0
        for index in seen.operator.outputs:
            shape = self.graph.tensors[index].map
            op = OPERATORS["slice"](first=first, count=shape[-1])
            if self.inferred(seen, op, seen.inputs) != shape:
                raise seen.refuse("it splits another axis than that of the channels")
            self.values[index] = self.add(op, reads, shape, seen.operator.name)
            first += shape[-1]


def _reshaped(seen: _Seen) -> tuple[Op, ...]:
    if seen.inputs[0] == seen.output:
        return ()
    if len(seen.output) == 1 and len(seen.inputs[0]) > 1:
        return (OPERATORS["flatten"](),)
    return (OPERATORS["reshape"](shape=seen.output),)


def _placed(seen: _Seen) -> dict[str, object]:
    window = seen.operator.window
    if window is None or window.padding not in ("same", "valid"):
        raise seen.refuse("its window is not told")
    return {"kernel": window.kernel, "stride": window.stride, "padding": window.padding}


def _conv(seen: _Seen) -> tuple[Op, ...]:
    channels, window = seen.filter.shape[0], seen.operator.window
    dilation = window.dilation if window else (1, 1)
    biased = seen.operator.bias is not None
    given = {"dilation": dilation, "groups": seen.operator.groups, "bias": biased}
    return (OPERATORS["conv"](channels=channels, **_placed(seen), **given),)


def _dwconv(seen: _Seen) -> tuple[Op, ...]:
    width, window = seen.filter.shape[-1], seen.operator.window
    entering = seen.inputs[0][-1]
    if width % entering:
        raise seen.refuse("its filter does not fit what it reads")
    given = {
        "dilation": window.dilation if window else (1, 1),
        "multiplier": width // entering,
        "bias": seen.operator.bias is not None,
    }
    return (OPERATORS["dwconv"](**_placed(seen), **given),)


def _conv_transpose(seen: _Seen) -> tuple[Op, ...]:
    channels = seen.filter.shape[0]
    biased = seen.operator.bias is not None
    return (OPERATORS["conv_transpose"](channels=channels, **_placed(seen), bias=biased),)


def _dense(seen: _Seen) -> tuple[Op, ...]:
    biased = seen.operator.bias is not None
    return (OPERATORS["dense"](units=seen.filter.shape[0], bias=biased),)


def _pool(keyword: str) -> "Callable[[_Seen], tuple[Op, ...]]":
    def make(seen: _Seen) -> tuple[Op, ...]:
        given = _placed(seen)
        given["window"] = given.pop("kernel")
        return (OPERATORS[keyword](**given),)

    return make


def _global(keyword: str) -> "Callable[[_Seen], tuple[Op, ...]]":
    def make(seen: _Seen) -> tuple[Op, ...]:
        rank = len(seen.inputs[0]) + 1
        axes = sorted(axis % rank for axis in seen.table(1))
        if axes != [1, 2] or rank != 4:
            raise seen.refuse("it is not over rows and columns")
        return (OPERATORS[keyword](keepdims=len(seen.output) == 3),)

    return make


def _pad(seen: _Seen) -> tuple[Op, ...]:
    amounts = seen.table(1)
    if len(amounts) != 8 or any(amounts[:2]) or any(amounts[6:]):
        raise seen.refuse("it pads more than rows and columns")
    top, bottom, left, right = amounts[2:6]
    return (OPERATORS["zero_pad"](before=(top, left), after=(bottom, right)),)


def _resize(interpolation: str) -> "Callable[[_Seen], tuple[Op, ...]]":
    def make(seen: _Seen) -> tuple[Op, ...]:
        (rows, columns), wanted = seen.inputs[0][:2], seen.output[:2]
        if wanted[0] % rows == wanted[1] % columns == 0 and wanted != (rows, columns):
            scale = (wanted[0] // rows, wanted[1] // columns)
            return (OPERATORS["upsample"](scale=scale, interpolation=interpolation),)
        return (OPERATORS["resize"](size=wanted, interpolation=interpolation),)

    return make


def _permute(seen: _Seen) -> tuple[Op, ...]:
    order = seen.table(1)
    if order[:1] != (0,):
        raise seen.refuse("it moves the batch")
    return (OPERATORS["permute"](order=order[1:]),)


def _slice(seen: _Seen) -> tuple[Op, ...]:
    """A slice of channels, or the inner rows and columns."""
    begin = seen.table(1)
    shape, output = seen.inputs[0], seen.output
    if len(begin) != len(shape) + 1 or begin[0] != 0 or len(output) != len(shape):
        raise seen.refuse("it cuts in a way that the language has no word for")
    if seen.operator.kind == "STRIDED_SLICE" and set(seen.table(3)) != {1}:
        raise seen.refuse("it leaves out every other value")
    pairs = zip(begin[1:], shape, strict=True)
    starts = tuple(at if at >= 0 else at + extent for at, extent in pairs)
    if starts[:-1] == (0,) * (len(shape) - 1) and output[:-1] == shape[:-1]:
        return (OPERATORS["slice"](first=starts[-1], count=output[-1]),)
    if len(shape) != 3 or starts[-1] or output[-1] != shape[-1]:
        raise seen.refuse("it cuts channels and places at once")
    after = tuple(shape[axis] - starts[axis] - output[axis] for axis in (0, 1))
    return (OPERATORS["crop"](before=starts[:2], after=after),)


_OPS: "dict[str, Callable[[_Seen], tuple[Op, ...]]]" = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _dwconv,
    "TRANSPOSE_CONV": _conv_transpose,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _pool("average_pool"),
    "MAX_POOL_2D": _pool("max_pool"),
    "MEAN": _global("global_average_pool"),
    "REDUCE_MAX": _global("global_max_pool"),
    "PAD": _pad,
    "RESIZE_NEAREST_NEIGHBOR": _resize("nearest"),
    "RESIZE_BILINEAR": _resize("bilinear"),
    "TRANSPOSE": _permute,
    "SLICE": _slice,
    "STRIDED_SLICE": _slice,
}
"""Operators of one tensor, by their names in TFLite."""


def _swishes(operations: Sequence[Operation]) -> list[Operation]:
    """A map times its sigmoid is `swish`."""
    made = list(operations)
    readers = [0] * len(made)
    for operation in operations:
        for source in operation.inputs:
            readers[source] += 1
    for index, operation in enumerate(operations):
        if operation.keyword != "multiply" or len(operation.inputs) != 2:
            continue
        for entering, gate in (operation.inputs, operation.inputs[::-1]):
            inner = operations[gate]
            if inner.keyword == "sigmoid" and inner.inputs == (entering,) and readers[gate] == 1:
                made[index] = operation._replace(op=OPERATORS["swish"](), inputs=(entering,))
    return made


def _pruned(network: Network) -> Network:
    """The network without what no result comes from."""
    operations = network.operations
    live = {index for index, operation in enumerate(operations) if not operation.inputs}
    stack = list(network.ends)
    while stack:
        index = stack.pop()
        if index not in live:
            live.add(index)
            stack.extend(operations[index].inputs)
    keep = sorted(live)
    place = {index: number for number, index in enumerate(keep)}
    kept = tuple(
        operations[index]._replace(inputs=tuple(place[i] for i in operations[index].inputs))
        for index in keep
    )
    return network._replace(operations=kept, ends=tuple(place[end] for end in network.ends))
