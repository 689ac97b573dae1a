"""What an operator is: one class that declares its arguments and publishes its facts.

Emitters and analyses use these facts and never ask which operator they have. Adding an operator
is adding one class to one of the modules beside this one.

Shapes exclude the batch: a feature map is (height, width, channels), a vector is (channels,).
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache

from archc.ops.recognise import KerasLayer
from archc.typed import Any, ClassVar, Generic, NamedTuple, TypeVar, cast, overload
from archc.values import Items, Size, Symbol, describe, show, unwrapped

Shape = tuple[int, ...]
T = TypeVar("T")


class OpError(Exception):
    """An operator cannot take these arguments or feature maps. The message is a headline."""

    def __init__(self, message: str, help: str | None = None, argument: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help, self.argument = message, help, argument


_REQUIRED: Any = object()


class Arg(Generic[T]):
    """An argument of an operator: its type, default and documentation, declared once.

    On the class it is the declaration, on an instance the value. ``default`` may name an earlier
    argument as ``"=name"``.
    """

    takes = ""
    """What the argument accepts, in words, for messages and the manual."""
    rounds = False
    """Whether it is a width, which is rounded to the arch's multiple."""
    lists = False
    """Whether it takes a list."""

    def __init__(self, doc: str, default: T | str = _REQUIRED, *, filled: bool = False) -> None:
        self.doc = doc
        self._default = default
        named = isinstance(default, str) and default.startswith("=")
        self._earlier = default[1:] if named else None  # type: ignore[index]  # a text
        self.filled = filled
        """Whether a stage supplies it where the call leaves it out."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "Arg[T]": ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> "Arg[T] | T":
        if instance is None:
            return self
        raise AttributeError(self.name)  # the instance dictionary comes first

    @property
    def required(self) -> bool:
        return self._default is _REQUIRED

    def default(self, earlier: dict[str, Any]) -> T:
        if self._earlier is not None:
            return cast(T, earlier[self._earlier])
        return cast(T, self._default)

    def show_default(self) -> str:
        """The default as the language writes it, for the manual."""
        if self._earlier is not None:
            return self._earlier
        return self.show(cast(T, self._default))

    def show(self, value: T) -> str:
        if isinstance(value, bool):
            return show(value)
        if isinstance(value, tuple):
            return "x".join(map(str, value))
        return show(value) if isinstance(value, Fraction) else str(value)

    def parse(self, value: object) -> T:
        """The typed value of a value of the language.

        Raises:
            OpError: it is not of this type, or out of range.
        """
        raise NotImplementedError

    def refuse(self, value: object, help: str | None = None) -> OpError:
        return OpError(
            f"`{self.name}` takes {self.takes}, not {describe(value)}", help, argument=self.name
        )


LARGEST = 2**31 - 1
"""The largest count and extent: int32, as TFLite stores them."""


def _whole(value: object, low: int = 1) -> int | None:
    value = unwrapped(value)
    if isinstance(value, Fraction) and value.denominator == 1 and low <= value <= LARGEST:
        return value.numerator
    return None


class Width(Arg[int]):
    """A number of output channels. Rounded before it gets here, unless `exact`."""

    takes = "a number of channels"
    rounds = True

    def parse(self, value: object) -> int:
        width = _whole(value)
        if width is None:
            raise self.refuse(value, "channel counts are whole numbers from 1")
        return width


class Count(Arg[int]):
    """A whole number from 1, never rounded."""

    takes = "a whole number from 1"
    low = 1

    def parse(self, value: object) -> int:
        count = _whole(value, self.low)
        if count is None:
            help = None
            if isinstance(value, Fraction):
                help = "write `ceil(...)` or `floor(...)` around it" if value > 1 else None
            raise self.refuse(value, help)
        return count


class Index(Count):
    """A position, from 0."""

    takes = "a whole number from 0"
    low = 0


def _pair(value: object, low: int) -> tuple[int, int] | None:
    if isinstance(value, Size) and len(value.extents) == 2:
        rows, columns = (_whole(extent, low) for extent in value.extents)
        if rows is not None and columns is not None:
            return rows, columns
    return None


class Window(Arg[tuple[int, int]]):
    """A size rows x columns: a kernel or a pooling window."""

    takes = "a size such as 3x3, rows x columns"

    def parse(self, value: object) -> tuple[int, int]:
        pair = _pair(value, 1)
        if pair is None:
            side = _whole(value)
            help = f"write {side}x{side}" if side is not None and side < 1000 else None
            raise self.refuse(value, help)
        return pair


class Stride(Arg[tuple[int, int]]):
    """A whole number for both axes, or a size rows x columns."""

    takes = "a whole number from 1, or a size rows x columns"
    low = 1

    def parse(self, value: object) -> tuple[int, int]:
        side = _whole(value, self.low)
        pair = (side, side) if side is not None else _pair(value, self.low)
        if pair is None:
            raise self.refuse(value)
        return pair

    def show(self, value: tuple[int, int]) -> str:
        return str(value[0]) if value[0] == value[1] else super().show(value)


class Amount(Stride):
    """Rows and columns of padding, from 0."""

    takes = "a whole number from 0, or a size rows x columns"
    low = 0


class Extents(Arg[tuple[int, ...]]):
    """The shape of a tensor."""

    takes = "a size such as 4 x 4 x 16, or a number of channels"

    def parse(self, value: object) -> tuple[int, ...]:
        extents = value.extents if isinstance(value, Size) else (value,)
        whole = [_whole(extent) for extent in extents]
        if any(extent is None for extent in whole):
            raise self.refuse(value)
        return tuple(extent for extent in whole if extent is not None)


class Order(Extents):
    """The axes of a tensor in a new order."""

    takes = "each axis once, counted from 1, such as 2 x 1 x 3"


class Flag(Arg[bool]):
    takes = "`true` or `false`"

    def parse(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value


class Auto(Arg["bool | None"]):
    """True, false, or left to the compiler, which settles it before anything reads it."""

    takes = "`true` or `false`"

    def parse(self, value: object) -> bool | None:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value

    def show(self, value: bool | None) -> str:
        return "auto" if value is None else show(value)


class Real(Arg[Fraction]):
    """A number in a range; ``high`` itself is excluded."""

    def __init__(self, doc: str, default: Fraction, low: Fraction, high: Fraction) -> None:
        super().__init__(doc, default)
        self.low, self.high = low, high

    @property
    def takes(self) -> str:  # type: ignore[override]  # a range is part of what it takes
        return f"a number from {show(self.low)} to below {show(self.high)}"

    def parse(self, value: object) -> Fraction:
        if not isinstance(value, Fraction) or not self.low <= value < self.high:
            raise self.refuse(value)
        return value


_FLOAT32 = Fraction(2) ** 128


def _float32(value: object) -> Fraction | None:
    """A number that float32 holds: neither beyond its largest nor so small that it is lost."""
    fits = isinstance(value, Fraction) and (not value or 1 / _FLOAT32 <= abs(value) < _FLOAT32)
    return value if isinstance(value, Fraction) and fits else None


class Number(Arg[Fraction]):
    """Any number."""

    takes = "a number"

    def parse(self, value: object) -> Fraction:
        number = _float32(value)
        if number is None:
            raise self.refuse(value, "numbers are stored as float32")
        return number


class Bound(Arg["Fraction | None"]):
    """A number that a result does not exceed, or none."""

    takes = "a number above 0"

    def parse(self, value: object) -> Fraction | None:
        number = _float32(value)
        if number is None or number <= 0:
            raise self.refuse(value)
        return number

    def show(self, value: Fraction | None) -> str:
        return "none" if value is None else show(value)


class PerChannel(Arg[tuple[Fraction, ...]]):
    """A number for every channel, or one for all."""

    takes = "a number, or a list of one for every channel: `[0.5, 0.25, 0.5]`"
    lists = True

    def __init__(self, doc: str, default: Any = _REQUIRED, *, positive: bool = False) -> None:
        super().__init__(doc, default)
        self.positive = positive

    def parse(self, value: object) -> tuple[Fraction, ...]:
        listed = value.items if isinstance(value, Items) else (value,)
        numbers = [_float32(one) for one in listed]
        if not numbers or any(one is None or (self.positive and one <= 0) for one in numbers):
            raise self.refuse(value, "every number is above 0" if self.positive else None)
        return tuple(one for one in numbers if one is not None)

    def show(self, value: tuple[Fraction, ...]) -> str:
        return show(value[0]) if len(value) == 1 else f"[{', '.join(map(show, value))}]"


class Choice(Arg[str]):
    """One of a few names, which are predefined in every scope."""

    def __init__(self, doc: str, default: str, choices: tuple[str, ...]) -> None:
        super().__init__(doc, default)
        self.choices = choices

    @property
    def takes(self) -> str:  # type: ignore[override]  # the choices are part of what it takes
        return " or ".join(f"`{choice}`" for choice in self.choices)

    def parse(self, value: object) -> str:
        if not isinstance(value, Symbol) or value.name not in self.choices:
            raise self.refuse(value)
        return value.name


class Weight(NamedTuple):
    """A variable of a layer. Non-trainable ones are the statistics of a BatchNorm."""

    name: str
    shape: Shape
    trainable: bool = True

    @property
    def size(self) -> int:
        size = 1
        for extent in self.shape:
            size *= extent
        return size


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


FACTS = frozenset({"weights", "keras", "device"})
"""Methods of operators that several stages ask; what they give for the same shapes is kept."""

MOST_KNOWN = 64
"""So much is kept of an operator."""


def _known(fact: Callable[..., Any]) -> Callable[..., Any]:
    """A method of operators that remembers what it gave."""

    def known(op: "Op", *shapes: Shape) -> Any:
        key = fact, shapes
        try:
            return op._known[key]
        except AttributeError:
            object.__setattr__(op, "_known", {})
        except KeyError:
            if len(op._known) == MOST_KNOWN:
                op._known.clear()
        value = op._known[key] = fact(op, *shapes)
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
        """The output shape.

        Raises:
            OpError: the operator cannot read feature maps of these shapes.
        """
        raise NotImplementedError

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The variables, in Keras' order: trainable ones first."""
        return ()

    def macs(self, output: Shape, *inputs: Shape) -> int:
        """Multiply-accumulates. Convolutions and dense layers only; nothing else counts."""
        return 0

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        """What ST Edge AI Core `MACC_VERSION` counts for it in its table of layers, before folding
        (`docs/n6.md`)."""
        return 0

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


def product(shape: Shape) -> int:
    """The number of elements of a tensor."""
    size = 1
    for extent in shape:
        size *= extent
    return size


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
