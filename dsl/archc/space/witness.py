"""What a symbolic number says as the number of one variant, the witness, or refuses to say."""

from fractions import Fraction
from typing import Any

from archc.space.atoms import Form, Terms
from archc.space.trace import Escape, Trace
from archc.values import Symbolic


class Witnessed(Symbolic):
    """See the module."""

    __slots__ = ()
    trace: Trace
    form: Form
    terms: Terms
    over: int

    @property
    def witness(self) -> Fraction:
        return Fraction(self.trace.value(self.form), self.over)

    @property
    def axes(self) -> frozenset[str]:
        return self.trace.support(self.terms)

    def pinned(self) -> Fraction:
        """The value of the witness, which the class then has throughout."""
        value = self.witness
        self.trace.asked.append((self._is, value, True))
        if self.terms and not self == value:
            raise AssertionError("the witness is not itself")
        return value

    def _is(self, value: Fraction) -> bool:
        return self.witness == value

    def __index__(self) -> int:
        value = self.pinned()
        if value.denominator != 1:
            raise TypeError(f"not a whole number: {value}")
        return value.numerator

    def __int__(self) -> int:  # type: ignore[override]
        return self.__index__()

    def __trunc__(self) -> int:
        return self.__index__()

    def __float__(self) -> float:
        if self.terms:
            raise Escape("a float", self.axes)
        return float(self.witness)

    def __round__(self, digits: Any = None) -> Any:
        raise Escape("round()", self.axes)

    def __rpow__(self, base: Any) -> Any:
        raise Escape("a parameter as an exponent", self.axes)

    def __repr__(self) -> str:
        return f"Number({self.witness})"

    def __str__(self) -> str:
        return str(self.witness)

    def __format__(self, spec: str) -> str:
        value = self.witness
        if spec[-1:] in ("f", "e", "g"):
            return format(float(value), spec)
        return format(value.numerator if value.denominator == 1 else str(value), spec)

    def __reduce__(self) -> Any:
        raise Escape("a copy", self.axes)


class Denominator:
    """The denominator of a number that may be whole: only whether it is 1 can be asked."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, of: Witnessed) -> None:
        self.of = of

    def __eq__(self, other: object) -> bool:
        if other != 1:
            raise Escape("a denominator", self.of.axes)
        return self.of == self.of.__floor__()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def bit_length(self) -> int:
        return self.of.over.bit_length()
