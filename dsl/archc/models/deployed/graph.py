"""The neutral structure that every reader of deployed files fills.

Shapes are those of the device, whatever the file's layout: batch first, then rows, columns and
channels; filters as TFLite has them (`OHWI`; `1HWC` for a depthwise one; `(outputs, inputs)` of a
dense layer). A reader of another layout turns them, and keeps the file's own in `Tensor.declared`.
"""

from collections import Counter
from math import prod
from typing import NamedTuple

from archc.compiler import Placement, Trait
from archc.diagnostics.codes import MODEL_FILE
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.text import printable

Extents = tuple[int, ...]

REAL = ("float32", "float16", "bfloat16", "float64")
"""Types of real numbers."""


class Scales(NamedTuple):
    """How the integers of a tensor stand for numbers: with how many scales, along which axis."""

    number: int
    """1: one for the whole tensor; several belong to the slices along ``axis``."""
    axis: int | None
    symmetric: bool
    """Whether all zero points are 0."""
    complete: bool = True
    """Whether it has zero points at all; TFLite files without them exist."""
    range: tuple[float, float] | None = None
    """The numbers that the lowest and the highest integer stand for, where the reader tells."""


class Tensor(NamedTuple):
    """A tensor: computed, or a constant."""

    name: str
    """As the file has it."""
    shape: Extents
    dtype: str
    """`int8`, `float32`, `int4`, ..."""
    bits: int
    """Of one value as it is stored; 0 where that is not fixed (strings)."""
    bytes: int
    """Of a constant what is stored, of others `elements * bits`, rounded up."""
    scales: Scales | None = None
    constant: bool = False
    content: object = None
    """Equal for constants that the file stores once."""
    values: tuple[int, ...] | None = None
    """Of short constants of whole numbers: axes, shapes, amounts of padding."""
    view: int | None = None
    """The tensor whose memory it is, where it is only another shape of it: not counted again."""
    variable: bool = False
    """Whether it outlives a run."""
    open: Extents = ()
    """Axes whose extent the file leaves open."""
    declared: Extents | None = None
    """Its shape in the file's own layout, where that is another one."""
    number: float | None = None
    """Of a constant of one real value, where the reader tells it."""

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def real(self) -> bool:
        """Whether its values are floating point."""
        return self.dtype in REAL

    @property
    def map(self) -> Extents:
        """Its shape without the batch; of what has one axis or none, all of it."""
        return self.shape[1:] if len(self.shape) > 1 else self.shape or (1,)


class Operator(NamedTuple):
    """An operator, in the order of the file."""

    name: str
    """Unique in the graph; the layer it stems from, where the file tells."""
    kind: str
    """What it computes, by TFLite's name where TFLite has it: the word that targets know. Else the
    format's own name."""
    label: str
    """As its format calls it: `CONV_2D`, `Conv`, ``CUSTOM `NAME` ``."""
    inputs: tuple[int, ...]
    """Indices of tensors in TFLite's order of operands, constants included; -1 for one left out."""
    outputs: tuple[int, ...]
    filter: int | None = None
    """The tensor that is its kernel."""
    bias: int | None = None
    weights: tuple[int, ...] = ()
    """Its constants that count as weights: filter, bias, slope, an operand of a sum."""
    tables: tuple[int, ...] = ()
    """Its other constants: axes, shapes, amounts of padding."""
    window: Placement | None = None
    """Of a convolution or pool."""
    groups: int = 1
    activation: str | None = None
    """The activation fused into it."""
    macs: int | None = 0
    """Multiply-accumulates; None where they are not known (then a `Gap` says why)."""
    border: bool = False
    """Whether it only converts an input or output of the network to another type."""
    version: int = 1
    pads: tuple[int, int, int, int] | None = None
    """Of a window: rows and columns that the file itself adds around a map, of a transposed
    convolution cuts off its result: top, left, bottom, right. None where the word in ``window``
    says it all."""
    settings: tuple[tuple[str, float], ...] = ()
    """Other numbers that its results depend on, by the names of its format."""


def without(label: str, activation: str | None) -> str:
    """A label without the activation that is fused into the operator: `Conv` of `Conv + Relu`."""
    return (activation and label.rpartition(" + ")[0]) or label


class Gap(NamedTuple):
    """Something that is not known of a file, and why. All the rest is said nevertheless."""

    figure: str
    """`macs`, `arena`, `time`, or another key of `FIGURES`."""
    reason: str
    """Completes "NAME is not known: "."""
    operator: int | None = None
    """Of which operator; None of the whole file."""


FIGURES = ("macs", "peak", "arena", "time")
"""What a gap can be in."""


class FileGraph(NamedTuple):
    """A network as a file deploys it."""

    name: str
    """Of the network: that of the file, without folder and ending."""
    path: str
    """Of the file, for messages."""
    format: str
    """The ending of its kind: `.tflite`."""
    scheme: str
    """How it is quantised, in a word: `int8`, `uint8`, `int16x8`, `dynamic range`, `float32`,
    `float16 weights`, `mixed`."""
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    size: int
    """Of the file in bytes."""
    digest: str
    """`sha256:...` of its bytes."""
    gaps: tuple[Gap, ...] = ()
    remarks: tuple[str, ...] = ()
    """What else a reader should know: parts that were not read."""
    traits: tuple[Trait, ...] = ()
    """What a target's rules on files ask for, `layer` being the index of an operator."""

    def gap(self, figure: str) -> Gap | None:
        """Why a figure of the whole file is not known, if it is not."""
        whole = (gap for gap in self.gaps if gap.figure == figure and gap.operator is None)
        return next(whole, None)

    def reads(self, operator: Operator) -> tuple[int, ...]:
        """What an operator reads that is no constant."""
        return tuple(i for i in operator.inputs if i >= 0 and not self.tensors[i].constant)

    @property
    def io(self) -> str:
        """The type at its inputs; of several the widest."""
        kinds = {self.tensors[index].dtype for index in self.inputs}
        return "float32" if "float32" in kinds else min(kinds, default="int8")

    def makers(self) -> dict[int, int]:
        """Which operator makes a tensor."""
        return {made: place for place, op in enumerate(self.operators) for made in op.outputs}


def checked(graph: FileGraph) -> FileGraph:
    """The same graph, where it is one: every reader ends with this.

    Raises:
        Rejected: it has no inputs or outputs, an operator reads what is made by none before it
            (a cycle is such a case), a tensor is made twice, or a kernel or stride is not positive.
    """
    if not graph.inputs or not graph.outputs:
        raise _damaged(graph, f"its network has no {'outputs' if graph.inputs else 'inputs'}")
    made = set(graph.inputs)
    for op in graph.operators:
        if op.window is not None:
            sides = (*op.window.kernel, *op.window.stride, *op.window.dilation)
            if min(sides) < 1:
                raise _damaged(graph, f"`{_short(op.name)}` has a kernel or stride of {min(sides)}")
        for index in graph.reads(op):
            if index not in made and not graph.tensors[index].variable:
                name = graph.tensors[index].name
                raise _damaged(
                    graph, f"`{_short(op.name)}` reads `{_short(name)}` before anything makes it"
                )
        for index in op.outputs:
            if index in made or graph.tensors[index].constant:
                raise _damaged(graph, f"`{_short(graph.tensors[index].name)}` is made twice")
            made.add(index)
    for index in graph.outputs:
        if index not in made and not graph.tensors[index].constant:
            raise _damaged(graph, f"its output `{_short(graph.tensors[index].name)}` is never made")
    assert len({op.name for op in graph.operators}) == len(graph.operators), "names are unique"
    return graph


def unique(names: list[str]) -> list[str]:
    """Names made different from one another: the second `conv` is `conv_2`."""
    taken = set(names)
    seen: Counter[str] = Counter()
    made = []
    for name in names:
        seen[name] += 1
        number, called = seen[name], name
        while number > 1 and (called := f"{name}_{number}") in taken:
            number += 1
        seen[name] = number
        taken.add(called)
        made.append(called)
    return made


def _short(name: str) -> str:
    return printable(name[:80])


def _damaged(graph: FileGraph, why: str) -> Rejected:
    return reject(
        MODEL_FILE,
        f"`{graph.path}` is damaged: {why}",
        help="convert the model again",
    )
