"""What an operator is: one class that declares its arguments and publishes its facts.

Emitters and analyses use these facts and never ask which operator they have. Adding an operator
is adding one class to one of the modules beside this one.

Shapes exclude the batch: a feature map is (height, width, channels), a vector is (channels,).
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from math import prod

from archc.ops.arguments import Arg, OpError
from archc.ops.recognise import KerasLayer
from archc.typed import Any, ClassVar, NamedTuple
from archc.values import KEYS

Shape = tuple[int, ...]


class Weight(NamedTuple):
    """A variable of a layer. Non-trainable ones are the statistics of a BatchNorm."""

    name: str
    shape: Shape
    trainable: bool = True

    @property
    def size(self) -> int:
        return prod(self.shape)


class KerasArgument(NamedTuple):
    """An argument of a Keras layer; ``source`` is the argument of the operator it comes from."""

    keyword: str
    value: "bool | int | float | str | tuple[Any, ...] | None"
    positional: bool = False
    source: str | None = None


class KerasCall(NamedTuple):
    """A Keras layer as data: `layers.CLASS(ARGUMENTS, name=...)`, defaults left out.

    ``regularizer`` is the keyword under which the layer takes a kernel regulariser, ``rate`` the
    keyword of a dropout rate that `build_model(dropout=...)` replaces; None where it has none.
    """

    class_name: str
    arguments: tuple[KerasArgument, ...] = ()
    regularizer: str | None = None
    rate: str | None = None


class Placement(NamedTuple):
    """How a kernel or window is laid over a feature map; rows before columns."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: str
    """`same` or `valid`."""
    dilation: tuple[int, int] = (1, 1)


class Traced(NamedTuple):
    """A TensorFlow operation that a Keras layer is traced to.

    Names decide where operators stand in the file (`analysis.lowering.order`); read off functions
    traced with TensorFlow 2.21.0 and Keras 3.15.1.
    """

    name: str
    """Below the layer's own name, as in `batchnorm/mul_1`."""
    variables: tuple[str, ...] = ()
    """Of the layer's variables it computes with, the names that the function's arguments end in
    (before `_readvariableop_resource`)."""
    constants: tuple[str, ...] = ()
    """Names of constants it computes with."""
    reads: tuple[int, ...] | None = None
    """The operations of the step that it reads, counted from 0; -1 is what the step reads, None the
    one before it."""


class Step(NamedTuple):
    """One operator of the int8 TFLite file that an operator becomes, before folding and fusing.

    The converter's behaviour was observed on TensorFlow 2.21.0 with Keras 3.15.1, batch 1, and
    is checked against it by `tests/analysis`.
    """

    operator: str
    """Its TFLite name."""
    shape: Shape
    """Of its result, the batch excluded."""
    inputs: tuple[int, ...] = (-1,)
    """-1 is the first feature map the operator reads, -2 the second; 0 and up are earlier steps
    of the same operator."""
    weights: int = 0
    """int8 constants."""
    biases: int = 0
    """int32 constants of its own."""
    zero_bias: bool = False
    """Whether those are zeros that the converter puts in where a layer has no bias."""
    tables: tuple[tuple[int, ...], ...] = ()
    """int32 constants that equal ones in the file share: axes, shapes, amounts of padding."""
    window: Placement | None = None
    """Of a convolution or pool."""
    pads: tuple[tuple[int, int], tuple[int, int]] | None = None
    """((top, bottom), (left, right)) of a PAD."""
    affine: bool = False
    """Whether it multiplies or adds a constant per channel to the one tensor it reads."""
    spread: bool = False
    """Whether that constant has as many axes as the tensor, and not one."""
    scalar: Fraction | None = None
    """The one number it multiplies or adds: an int8 constant that equal ones in the file share."""
    float_result: bool = False
    """Whether its result is float32: part of a float island."""
    batched: bool = True
    """Whether its result has a batch axis; a `[C]` for broadcasting has none."""
    batch: int = 1
    """Elements along the batch axis."""
    settings: tuple[Fraction, ...] = ()
    """Numbers of its own that are not constants of the file, such as the slope of a LEAKY_RELU:
    operators that differ in them are never the same."""
    left: bool = False
    """Whether its constant is the first operand, where the order counts: `1 - x`."""
    shared: str = ""
    """Where several operators compute with the same variables: which these are."""
    traced: tuple[Traced, ...] = ()
    """The TensorFlow operations it stems from, each reading the one before. Empty for one that the
    converter puts in, right after the step before it."""

    stands: int = -1
    """Where it stands in the file: where which of the traced operations does, the last for most."""


class Stated(NamedTuple):
    """What the manual states of an operator; `tests/manual` holds it to the methods.

    Formulas use `H`, `W`, `C` for rows, columns and channels of what enters and `N` for its values,
    `Ho`, `Wo`, `Co`, `M` for the output, `n` for the number of bodies; `Kh`, `Kw` for the kernel
    or window, `Sh`, `Sw` for the stride or scale, `Dh`, `Dw` for the dilation; `top`, `left`,
    `bottom`, `right` for padding. Other arguments go by name; a flag counts as 1 or 0.
    """

    example: str
    """Statements that run on a feature map; the last one is of this operator."""
    reads: str
    """One of the constants below."""
    shapes: tuple[tuple[str, str], ...]
    """(condition, formula): `argument = value`, empty for always, and the output shape."""
    params: str = "0"
    frozen: str = "0"
    """Those of the parameters that are not trainable."""
    macs: str = "0"
    macc: str = "0"
    """What ST Edge AI counts before folding."""


FEATURE_MAP = "a feature map"
VECTOR = "a vector"
TENSOR = "a feature map or a vector"
ALIKE = "what its bodies make: two or more tensors of equal shape"
UNCHANGED = (("", "unchanged"),)
"""The shape rule of what leaves shapes alone."""


MACC_VERSION = "2.2"
"""The version of ST Edge AI Core whose counting `stedgeai_macc` follows, to the unit. The same file
is 655,392 in its table of layers, 524,320 in the summary of `validate`, 458,752 with 4.0."""


class Part(NamedTuple):
    """One of the Keras layers of an operator that is several."""

    op: "Op"
    inputs: tuple[int, ...] = (-1,)
    """What it reads: -1 is what the whole reads, 0 and up are earlier parts."""


FACTS = frozenset({"weights", "keras", "keras_call", "device"})
"""Methods of operators that several stages ask; what they give for the same shapes is kept."""

MOST_KNOWN = 64
"""So much is kept of an operator."""


def _known(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A method of operators that remembers what it gave."""

    def known(op: "Op", *shapes: Shape) -> Any:
        if KEYS.make is not None:  # shapes may be symbolic
            return fact(op, *shapes)
        try:
            kept = op._known
        except AttributeError:
            kept = {}
            object.__setattr__(op, "_known", kept)
        key = fact, shapes
        value = kept.get(key)
        if value is None:
            if len(kept) == MOST_KNOWN:
                kept.clear()
            value = kept[key] = fact(op, *shapes)
        return value

    known.__doc__, known.__name__, known.__module__ = fact.__doc__, fact.__name__, fact.__module__
    return known


class Op:
    """An operator with its arguments, immutable. Equal operators with equal arguments are equal."""

    keyword: ClassVar[str]
    """The operator's name in the language."""
    args: ClassVar[dict[str, Arg[Any]]] = {}
    bodies: ClassVar[bool] = False
    """Whether it takes several bodies and merges what they make of the feature map."""
    stated: ClassVar[Stated]
    """What the manual states of it."""
    macc_each: ClassVar[int] = 0
    """What ST Edge AI counts for an element of its result, where it counts by these."""
    _known: dict[tuple[Callable[..., Any], tuple[Shape, ...]], Any]

    __slots__ = ("__dict__", "_known")  # its arguments, and what its facts gave

    def __init__(self, **given: object) -> None:
        values = self.__dict__
        for name, arg in self.args.items():
            values[name] = given.pop(name) if name in given else arg.default(values)
        if given:
            raise TypeError(f"{self.keyword} has no argument {', '.join(given)}")

    @property
    def values(self) -> dict[str, Any]:
        """The arguments by name."""
        return self.__dict__

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Arg)}
        cls.args = {**cls.args, **own}
        for name in FACTS & vars(cls).keys():
            setattr(cls, name, _known(vars(cls)[name]))
        if "keyword" in vars(cls):
            OPERATORS[cls.keyword] = cls

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.keyword} is immutable")

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.__dict__.values())))

    def __repr__(self) -> str:
        return f"{self.keyword}({', '.join(f'{k}={v!r}' for k, v in self.__dict__.items())})"

    def replace(self, **changes: object) -> "Op":
        """The same operator with some arguments changed."""
        return operator(type(self), {**self.__dict__, **changes})

    def infer(self, *inputs: Shape) -> Shape:
        """The output shape; by default that of what it reads.

        Raises:
            OpError: the operator cannot read feature maps of these shapes.
        """
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The variables, in Keras' order: trainable ones first."""
        return ()

    def macs(self, output: Shape, *inputs: Shape) -> int:
        """Multiply-accumulates. Convolutions and dense layers only; nothing else counts."""
        return 0

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        """What ST Edge AI Core `MACC_VERSION` counts for it in its table of layers, before folding
        (`docs/n6.md`)."""
        return self.macc_each and self.macc_each * product(output)

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        """The operators that it is made of, in order, the last of which gives its result; empty
        where it is one Keras layer itself. In the graph its parts stand for it: one that has parts
        needs none of `keras`, `weights`, `device` and their like (see `ops.composite`).

        Raises:
            OpError: as `infer`.
        """
        return ()

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        """The Keras layer it becomes."""
        return self.keras_call()

    def keras_call(self) -> KerasCall:
        """The same of an operator for which shapes make no difference: it is made once."""
        raise NotImplementedError

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> "Op | None":
        """The inverse of `keras`: this operator, where a Keras layer is exactly that, its
        activation left aside; None where it is another or does more.

        Raises:
            Malformed: it is of the class, but its config is not one of it.
        """
        return None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """The TFLite operators it becomes on its own; empty if nothing is left of it."""
        raise NotImplementedError

    @property
    def normalises(self) -> bool:
        """Whether it is a batch normalisation, which makes the bias of its producer redundant."""
        return False

    def title(self, brief: bool) -> str | None:
        """What a drawing calls it, where its arguments do not say; ``brief`` leaves out more."""
        return None

    def aligned_width(self) -> int | None:
        """The number of output channels that a target's alignment judges, if it has one."""
        return None


def operator(kind: type[Op], arguments: dict[str, Any]) -> Op:
    """An operator with arguments: the same one for the same, with what is known of it."""
    if KEYS.make is not None:  # arguments may be symbolic
        return kind(**arguments)
    names, values = tuple(arguments), tuple(arguments.values())
    return _operator(kind, names, values)  # type: ignore[arg-type]  # a class has a hash


@lru_cache(maxsize=1024)
def _operator(kind: type[Op], names: tuple[str, ...], values: tuple[Any, ...]) -> Op:
    return kind(**dict(zip(names, values, strict=True)))


OPERATORS: dict[str, type[Op]] = {}
"""Every operator by its name in the language, in order of declaration."""


def symbols() -> Iterator[str]:
    """The names that arguments of operators choose from: `same`, `valid`, `nearest`, ..."""
    seen: set[str] = set()
    for op in OPERATORS.values():
        for arg in op.args.values():
            for choice in getattr(arg, "choices", ()):
                if choice not in seen:
                    seen.add(choice)
                    yield choice


product: Callable[[Shape], int] = prod
"""The number of elements of a tensor."""


def feature_map(op: Op, shape: Shape) -> tuple[int, int, int]:
    """The shape as (height, width, channels).

    Raises:
        OpError: it is not a feature map.
    """
    if len(shape) != 3:
        raise OpError(
            f"`{op.keyword}` needs a feature map, height x width x channels, "
            f"but gets {show_shape(shape)}"
        )
    return shape[0], shape[1], shape[2]


def show_shape(shape: Shape) -> str:
    return "x".join(map(str, shape)) if len(shape) > 1 else f"a vector of {shape[0]}"
