"""Operators and numbers as the language writes them, arguments at their defaults left out."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from archc.compiler import Arg, Op, Rounding, Shape
from archc.models.decompiler.network import Network

_NAMED = frozenset(
    {
        *("after", "before", "bias", "center", "count", "epsilon", "first", "interpolation"),
        *("keepdims", "max", "momentum", "padding", "stride"),
    }
)
"""Arguments that are named, since a bare value would not say what it is."""


def number(value: Fraction | int) -> str:
    """A number as an expression: a decimal where it has one that is short or no longer than the
    quotient, else a quotient."""
    value = Fraction(value)
    if value.denominator == 1:
        return str(value.numerator)
    quotient = f"{value.numerator} / {value.denominator}"
    decimal = _decimal(value)
    short = decimal is not None and len(decimal) <= max(len(quotient), 6)
    return decimal if decimal is not None and short else quotient


def _decimal(value: Fraction) -> str | None:
    """The finite decimal of a number, if a float has it."""
    text = repr(float(value))
    if Fraction(text) != value:
        return None
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def size(extents: tuple[int, ...]) -> str:
    return "x".join(map(str, extents))


def scalar(extents: tuple[int, ...]) -> str:
    """A size, or one number where its extents are equal."""
    return str(extents[0]) if len(set(extents)) == 1 else size(extents)


def value_text(arg: Arg[Any], value: Any) -> str:
    """The value of an argument."""
    return number(value) if isinstance(value, Fraction) else arg.show(value)


def width(channels: int, rounding: Rounding) -> str:
    """A number of channels where it is rounded."""
    return str(channels) if rounding.width(Fraction(channels)) == channels else f"exact({channels})"


def statement(op: Op, rounding: Rounding, given: Mapping[str, str] | None = None) -> str:
    """An operator with its arguments.

    Args:
        given: texts to write for some arguments instead of their values; an empty one leaves the
            argument out.
    """
    texts: list[str] = []
    named = False
    for name, arg in op.args.items():
        value = op.values[name]
        text = given.get(name) if given else None
        if text is None:
            if not arg.required and value == arg.default(op.values):
                named = True
                continue
            text = width(value, rounding) if arg.rounds else value_text(arg, value)
        elif not text:
            named = True
            continue
        named = named or (name in _NAMED and text != name)
        texts.append(f"{name} = {text}" if named else text)
    return call(op.keyword, texts)


def call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})" if arguments else name


def bias(network: Network, index: int, readers: list[int]) -> str:
    """The argument `bias` of a convolution; empty where it is what the language would settle."""
    operations = network.operations
    normalised = bool(readers) and all(operations[reader].op.normalises for reader in readers)
    value: bool = operations[index].op.values["bias"]
    return "" if value == (not normalised) else str(value).lower()


def input_text(name: str, shape: Shape) -> str:
    return f"input {name}: {' x '.join(map(str, shape))}"
