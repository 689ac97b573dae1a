"""What the int8 converter leaves of a network, as data."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from archc.ops.base import Placement, Shape, Step
from archc.typed import NamedTuple
from archc.values import distinct_sum, key, total

INPUT = -1
"""The network's input, where an operator names what it reads; its second input is -2."""


class DeviceOp(NamedTuple):
    """One operator of the int8 TFLite file."""

    operator: str
    """Its TFLite name."""
    shape: Shape
    """Of its result, the batch excluded. (The one-dimensional `[C]` has no batch.)"""
    inputs: tuple[int, ...]
    """Indices of the operators whose results it reads; `INPUT`, -2, ... are inputs of all."""
    layers: tuple[int, ...]
    """Indices of the graph's nodes it stems from, ascending: its own and those folded or fused
    into it. A node that is in none leaves nothing behind."""
    weights: int = 0
    """int8 constants, that is bytes."""
    biases: int = 0
    """int32 constants that are its own, 4 bytes each."""
    zero_bias: bool = False
    """Whether those are zeros whatever the training: the layer has no bias."""
    twin: int | None = None
    """Index of the operator whose filter it reads too, and whose bias equals its own unless
    ``own_bias``."""
    tables: tuple[tuple[int, ...], ...] = ()
    """int32 constants that equal ones in the file share: axes, shapes, amounts of padding."""
    scalar: Fraction | None = None
    """A number it multiplies or adds: one byte, 127 or -128 with a scale of its own."""
    window: Placement | None = None
    """Of a convolution."""
    activation: str | None = None
    """The activation fused into it."""
    border: bool = False
    """Whether it converts the network's input or output between float (or uint8) and int8."""
    float_result: bool = False
    """Whether its result is float32: the border's DEQUANTIZE and what a float island computes."""
    batch: int = 1
    """Elements along the batch axis: more than one only between SPACE_TO_BATCH_ND and
    BATCH_TO_SPACE_ND."""
    own_bias: bool = False
    splat: int | None = None
    """The sign of its int8 constants, where all are one number: 127, -127 or 0."""


class Unknown(NamedTuple):
    """A pattern whose lowering is not known; what is said of these nodes is a guess."""

    layers: tuple[int, ...]
    """Indices of the graph's nodes, ascending; at least one."""
    reason: str


class Failure(NamedTuple):
    """A pattern that the converter is known to fail at: there is no file of such a network."""

    layers: tuple[int, ...]
    """Indices of the graph's nodes, ascending; at least one."""
    reason: str
    remedy: str


class Trait(NamedTuple):
    """Something that only a file has, such as the version of its format; targets judge by it."""

    name: str
    """As rules name it."""
    what: str = ""
    """Where it is, or how much of it there is: a field of a rule's message."""
    layer: int | None = None
    """Index of the graph's node; None of the file as a whole."""
    number: int = 0
    """Of a trait that is a version."""


class Deployed(NamedTuple):
    """The int8 file that TensorFlow's converter makes of a network (batch 1)."""

    operators: tuple[DeviceOp, ...]
    """In the order of the file, each reading only earlier ones."""
    counts: dict[str, int]
    """How often each operator occurs, sorted by name."""
    weight_bytes: int
    """int8 values and int32 biases, each distinct content once."""
    constant_bytes: int
    """`weight_bytes` and each distinct table once."""
    unknown: tuple[Unknown, ...]
    failures: tuple[Failure, ...]
    """With any, the rest describes the network as if the converter did not fail."""
    outputs: tuple[int, ...]
    """Indices of the operators that give the network's outputs, border excluded; or `INPUT`, ..."""
    input_shapes: tuple[Shape, ...]
    """Of the network's inputs."""
    order: str
    """`exact` where each operator reads the one before it, whatever else it reads, so that no
    other order is possible; else `predicted` by `archc.analysis.lowering.order`."""
    lowered: tuple[tuple[Step, ...], ...]
    """What each node of the graph becomes by itself, before anything is folded or fused."""
    traits: tuple[Trait, ...] = ()
    """Of a file."""

    @property
    def output(self) -> int:
        """The first of the outputs, which is all there is for a network of the language."""
        return self.outputs[0]

    def shape(self, source: int) -> Shape:
        """Of what an operator reads: the result of another one, or an input."""
        return self.operators[source].shape if source >= 0 else self.input_shapes[-1 - source]


def measure(
    operators: tuple[DeviceOp, ...],
    unknown: tuple[Unknown, ...],
    failures: tuple[Failure, ...],
    outputs: tuple[int, ...],
    input_shapes: tuple[Shape, ...],
    lowered: tuple[tuple[Step, ...], ...],
) -> Deployed:
    """A deployed graph with its sums."""
    counts: dict[str, int] = {}
    for op in operators:
        counts[op.operator] = counts.get(op.operator, 0) + 1
    # What converts at several inputs or outputs stands in an order that goes by names.
    single = len(input_shapes) == len(outputs) == 1
    return Deployed(
        operators,
        dict(sorted(counts.items())),
        *_stored(operators),
        unknown,
        failures,
        outputs,
        input_shapes,
        "exact" if single and _is_chain(operators) else "predicted",
        lowered,
    )


def _stored(operators: tuple[DeviceOp, ...]) -> tuple[int, int]:
    """`weight_bytes` and `constant_bytes` of a deployed graph."""
    contents = _Distinct()
    for op in operators:
        for content, size in weights_of(op):
            contents.add(content, size)
    weight_bytes = contents.bytes
    for op in operators:
        for table in op.tables:
            contents.add(_int32(table), 4 * len(table))
    return weight_bytes, contents.bytes


FAR = 10**9
"""A bound from which on no scale holds it: it is stored as the largest int8 value."""


class Zeros(NamedTuple):
    """The content of so many int32 that are 0."""

    length: int


class _Distinct:
    """Contents, each distinct one once."""

    def __init__(self) -> None:
        self._zeros: list[int] = []
        self._others: set[object] = set()
        self._sizes: list[int] = []
        """Of the others."""

    def add(self, content: object, size: int) -> None:
        if isinstance(content, Zeros):
            self._zeros.append(content.length)
        elif content not in self._others:
            self._others.add(content)
            self._sizes.append(size)

    @property
    def bytes(self) -> int:
        self._sizes = [total(self._sizes)]
        return total([*self._sizes, 4 * distinct_sum(self._zeros)])


def weights_of(op: DeviceOp) -> Iterator[tuple[object, int]]:
    """The weights of an operator: (content, bytes).

    The converter stores constants of equal bytes once (TensorFlow's `flatbuffer_export.cc`, on
    unless `disable_buffer_deduping` is set), whatever their shapes and scales. Contents are known
    of zeros, of single numbers, and of what two operators share; any others are taken to differ.
    """
    if op.weights:
        one = op.splat is not None
        yield key("int8", op.splat, op.weights) if one else object(), op.weights
    bounds = op.operator in ("MAXIMUM", "MINIMUM")
    if op.scalar is not None and bounds and abs(op.scalar) < FAR:
        yield object(), 1  # in the scale of what it bounds
    elif op.scalar is not None:
        yield key("int8", 1 if op.scalar > 0 else -1, 1), 1
    if op.biases and op.zero_bias:
        yield Zeros(op.biases), 4 * op.biases
    elif op.biases and (op.twin is None or op.own_bias):
        yield object(), 4 * op.biases


def _int32(table: tuple[int, ...]) -> object:
    """What tells the content of a table."""
    return key("int32", table) if any(table) else Zeros(len(table))


def _is_chain(operators: tuple[DeviceOp, ...]) -> bool:
    inner = [i for i, op in enumerate(operators) if not op.border]
    return all(a in operators[b].inputs for a, b in pairwise(inner))
