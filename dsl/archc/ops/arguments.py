"""The kinds of arguments that operators declare: what each takes, and its typed value."""

from fractions import Fraction

from archc.typed import Any, Generic, TypeVar, cast, overload
from archc.values import Items, Size, Symbol, describe, show, unwrapped

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
    if isinstance(value, Fraction) and value.denominator == 1:
        number = value.numerator  # a `Fraction` is slow to compare
        return number if low <= number <= LARGEST else None
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
