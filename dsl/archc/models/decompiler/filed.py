"""What a spec is recovered from where the model is a deployed file.

A file has activations fused into operators and batch normalisations folded into convolutions; the
operators of the language that make it are taken apart and the folding is noted. Types are not
kept: conversions between them leave nothing, and weights are those of the float network.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import prod

from archc.compiler import OPERATORS, Input, Op, OpError, Shape
from archc.models.decompiler.network import Network, Operation, plain, reached, unsayable
from archc.models.decompiler.scalars import Scalars
from archc.models.decompiler.unpacking import TYPES, unpacked
from archc.models.decompiler.words import NORMALISATION, OPS, PLAIN, Seen, reshaped
from archc.models.deployed import FileGraph, Operator

_BORDER = re.compile(r"^serving_default_|:\d+$|_u?int8$")
"""What converters add to the name of an input."""
_MERGING = {
    "ADD": "add",
    "MUL": "multiply",
    "SUB": "subtract",
    "MAXIMUM": "maximum",
    "MINIMUM": "minimum",
    "CONCATENATION": "concat",
}
_SHAPES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")
_KERNELS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
_FUSING = (*_KERNELS, "ADD", "SUB", "MUL", "CONCATENATION", "MAX_POOL_2D", "BatchNormalization")
"""Operators that compute an activation in the same pass, which the range of their result can be."""
_BIASED = ("conv", "dwconv", "conv_transpose", "dense")
_POSITIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid", "softmax"})
_KEEPING = frozenset(
    {
        *("max_pool", "average_pool", "global_average_pool", "global_max_pool", "reshape"),
        *("flatten", "concat", "add", "multiply", "upsample", "resize", "zero_pad", "slice"),
        *("crop", "permute", "channel_shuffle", "minimum", "dropout"),
    }
)
"""Operators whose results are not below zero where nothing is that they read."""
_TURNED = (
    "`flatten` takes channels last, where the file takes them first: the weights of what follows "
    "are in another order"
)
_SIX = 1e-3
"""Within which a range ends at 6."""


def of_file(graph: FileGraph) -> Network:
    """The network of a deployed file.

    Raises:
        Rejected: an operator is none that the language can say.
    """
    return _Reading(unpacked(graph)).network()


def clamps(graph: FileGraph) -> dict[int, str]:
    """The activation that the range of a quantised tensor is, by tensor: integers that begin at 0
    cannot say anything below. Where ranges end at 6 and none of a convolution goes beyond, it is
    that of `relu6`."""
    ends: dict[int, float] = {}
    for place, tensor in enumerate(graph.tensors):
        range = tensor.scales.range if tensor.scales is not None else None
        if range is not None and abs(range[0]) < 1e-9 < range[1]:
            ends[place] = range[1]
    kernels = {i for op in graph.operators if op.kind in _KERNELS for i in op.outputs}
    highest = [ends[place] for place in kernels if place in ends]
    six = any(abs(high - 6) < _SIX for high in highest) and max(highest) < 6 + _SIX
    return {
        place: "relu6" if six or abs(high - 6) < _SIX else "relu" for place, high in ends.items()
    }


class _Reading:
    def __init__(self, graph: FileGraph) -> None:
        self.graph = graph
        self.operations: list[Operation] = []
        self.values: dict[int, int] = {}
        """By tensor, the operation that makes it."""
        self.scaled: dict[int, int] = {}
        """By tensor, the operation whose value it is with a scale for each channel."""
        self.notes: list[str] = []
        self.positive: list[bool] = []
        """By operation, whether its results are never below zero."""
        self.readers = Counter(index for op in graph.operators for index in graph.reads(op))
        self.clamps = clamps(graph)
        self.scalars = Scalars(graph)
        filters = Counter(op.filter for op in graph.operators if op.filter is not None)
        if any(count > 1 for count in filters.values()):
            self.note("operators that share a filter have one each")

    def note(self, said: str) -> None:
        if said not in self.notes:
            self.notes.append(said)

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
        io = graph.io if all(graph.tensors[i].dtype == graph.io for i in graph.outputs) else None
        return _pruned(Network(graph.name, operations, ends, (), tuple(self.notes), io))

    def add(self, op: Op, inputs: tuple[int, ...], shape: Shape, name: str) -> int:
        self.operations.append(Operation(op, inputs, shape, name))
        keyword = self.operations[-1].keyword
        known = [self.positive[read] for read in inputs]
        some = keyword == "maximum" and any(known)
        kept = keyword in _KEEPING and bool(known) and all(known)
        self.positive.append(keyword in _POSITIVE or some or kept)
        return len(self.operations) - 1

    def operator(self, operator: Operator) -> None:
        graph = self.graph
        if self.computes(operator) or self.biases(operator) or self.normalises(operator):
            return
        reads = tuple(map(self.value, graph.reads(operator)))
        if operator.kind == "MUL":  # the language scales what comes first
            reads = tuple(sorted(reads, key=lambda read: -prod(self.operations[read].shape)))
        shapes = tuple(self.operations[read].shape for read in reads)
        output = graph.tensors[operator.outputs[0]].map if operator.outputs else ()
        seen = Seen(graph, operator, shapes, output, all(self.positive[read] for read in reads))
        if operator.kind in TYPES and len(reads) == 1:
            self.values[operator.outputs[0]] = reads[0]
            return
        if operator.kind in _MERGING and len(operator.inputs) == len(operator.outputs) == 1:
            self.values[operator.outputs[0]] = self.activated(seen, reads[0])  # of one, it copies
            return
        if (
            operator.kind in _SHAPES
            and len(reads) == 1
            and self.flattens(operator, reads[0], output)
        ):
            return
        if operator.kind in ("SPLIT", "SPLIT_V") and len(reads) == 1:
            self.split(seen, reads)
            return
        if not reads or len(operator.outputs) != 1:
            raise seen.refuse("it does not make one tensor of others")
        value = reads[0]
        for op in self.ops(seen):
            if op.keyword == "flatten" and graph.format == ".onnx" and prod(shapes[0][:-1]) > 1:
                self.note(_TURNED)
            shapes = tuple(self.operations[read].shape for read in reads)
            value = self.add(op, reads, self.inferred(seen, op, shapes), operator.name)
            reads = (value,)
        value = self.activated(seen, value)
        if self.operations[value].shape != output:
            raise seen.refuse("it makes another shape than the operator of the language")
        self.values[operator.outputs[0]] = value

    def flattens(self, operator: Operator, read: int, output: Shape) -> bool:
        """Take in a global pool that keeps its axes and the reshape that drops them; whether it is
        that."""
        made = self.operations[read]
        whole = made.keyword in ("global_average_pool", "global_max_pool")
        source = self.graph.reads(operator)[0]
        if not whole or made.shape[:-1] != (1, 1) or output != made.shape[-1:]:
            return False
        if self.readers[source] != 1 or source in self.graph.outputs:
            return False
        op = made.op.replace(keepdims=False)
        self.operations[read] = made._replace(op=op, shape=output)
        self.values[operator.outputs[0]] = read
        return True

    def value(self, tensor: int) -> int:
        """The operation that makes a tensor.

        Raises:
            Rejected: it is scaled and not shifted, or part of a function that is not known.
        """
        if tensor in self.scaled or tensor in self.scalars.pending:
            made = self.graph.operators[self.graph.makers()[tensor]]
            why = "it scales each channel and shifts none"
            if tensor in self.scalars.pending:
                why = "it adds a number to a map"
            what = f"(`{made.label}`) cannot be said: {why}"
            raise unsayable(made.name, what, "replace it in the model, and convert it again")
        return self.values[tensor]

    def activated(self, seen: Seen, value: int) -> int:
        """A value behind the activation that is fused into its operator, or left to its range."""
        for op in self.activation(seen) or self.ranged(seen.operator, value):
            value = self.add(op, (value,), self.operations[value].shape, seen.operator.name)
        return value

    def ranged(self, operator: Operator, value: int) -> tuple[Op, ...]:
        """The activation that quantising left to the range of a result."""
        keyword = self.clamps.get(operator.outputs[0])
        if keyword is None or operator.kind not in _FUSING or self.positive[value]:
            return ()
        self.note(
            "a result whose range begins at 0 has `relu` behind it, `relu6` if ranges end at 6"
        )
        return (OPERATORS[keyword](),)

    def computes(self, operator: Operator) -> bool:
        """Take in an operator that is part of a function in several; whether it is."""
        ended = self.scalars.take(operator)
        if ended is None:
            return operator.outputs[0] in self.scalars.pending
        base, keyword = ended
        if not keyword:
            return False
        value = self.value(base)
        op, shape = OPERATORS[keyword](), self.operations[value].shape
        self.values[operator.outputs[0]] = self.add(op, (value,), shape, operator.name)
        return True

    def biases(self, operator: Operator) -> bool:
        """Take in what is added to each channel of a convolution or dense layer without a bias;
        whether it is such a sum."""
        reads, weights = self.graph.reads(operator), operator.weights
        if (
            operator.kind != "ADD"
            or len(reads) != 1
            or len(weights) != 1
            or reads[0] in self.scaled
        ):
            return False
        value, count = self.values[reads[0]], self.graph.tensors[weights[0]].elements
        made = self.operations[value]
        if made.keyword not in _BIASED or made.op.values["bias"] or count != made.shape[-1]:
            return False
        if self.readers[reads[0]] != 1 or reads[0] in self.graph.outputs:
            return False
        self.operations[value] = made._replace(op=made.op.replace(bias=True))
        seen = Seen(self.graph, operator, (made.shape,), made.shape)
        self.values[operator.outputs[0]] = self.activated(seen, value)
        return True

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
        seen = Seen(self.graph, operator, (shape,), shape)
        self.values[operator.outputs[0]] = self.activated(seen, value)
        self.note(NORMALISATION)
        return True

    def inferred(self, seen: Seen, op: Op, shapes: tuple[Shape, ...]) -> Shape:
        try:
            return op.infer(*shapes)
        except OpError as error:
            raise seen.refuse(error.message) from None

    def activation(self, seen: Seen) -> tuple[Op, ...]:
        fused = seen.operator.activation
        if fused is None or fused == "NONE":
            return ()
        if fused in OPS:
            return OPS[fused](seen)
        if fused not in PLAIN:
            raise seen.refuse(f"`{fused}` is fused into it")
        return (OPERATORS[PLAIN[fused]](),)

    def ops(self, seen: Seen) -> tuple[Op, ...]:
        """The operators of the language that an operator is; none where it leaves things alone."""
        kind = seen.operator.kind
        if kind in PLAIN and len(seen.inputs) == 1:
            return (OPERATORS[PLAIN[kind]](),)
        if kind in _MERGING and len(seen.inputs) == len(seen.operator.inputs) > 1:
            return (OPERATORS[_MERGING[kind]](),)
        if kind in _SHAPES and len(seen.inputs) == 1:
            return reshaped(seen)
        if kind == "BatchNormalization":
            self.note(NORMALISATION)
        made = OPS.get(kind)
        if made is None or len(seen.inputs) != 1:
            raise seen.refuse("`archc import` reads no such operator from a file")
        return made(seen)

    def split(self, seen: Seen, reads: tuple[int, ...]) -> None:
        """A split along channels is a slice for each part."""
        first = 0
        for index in seen.operator.outputs:
            shape = self.graph.tensors[index].map
            op = OPERATORS["slice"](first=first, count=shape[-1])
            if self.inferred(seen, op, seen.inputs) != shape:
                raise seen.refuse("it splits another axis than that of the channels")
            self.values[index] = self.add(op, reads, shape, seen.operator.name)
            first += shape[-1]


_GATES = {"sigmoid": "swish", "hard_sigmoid": "hard_swish"}
"""What a map times the gate of itself is."""


def _swishes(operations: Sequence[Operation]) -> list[Operation]:
    """A map times its sigmoid is `swish`, times its hard sigmoid `hard_swish`."""
    made = list(operations)
    readers = Counter(source for operation in operations for source in operation.inputs)
    for index, operation in enumerate(operations):
        if operation.keyword != "multiply" or len(operation.inputs) != 2:
            continue
        for entering, gate in (operation.inputs, operation.inputs[::-1]):
            inner = operations[gate]
            known = _GATES.get(inner.keyword)
            if known and inner.inputs == (entering,) and readers[gate] == 1:
                made[index] = operation._replace(op=OPERATORS[known](), inputs=(entering,))
    return made


def _pruned(network: Network) -> Network:
    """The network without what no result comes from."""
    operations = network.operations
    keep = reached(operations, network.ends)
    place = {index: number for number, index in enumerate(keep)}
    kept = tuple(
        operations[index]._replace(inputs=tuple(place[i] for i in operations[index].inputs))
        for index in keep
    )
    return network._replace(operations=kept, ends=tuple(place[end] for end in network.ends))
