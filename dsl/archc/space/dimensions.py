"""The parameters of a design space and their values."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import gcd, lcm, prod

from archc.diagnostics.codes import NUMBER, SYNTAX, VALUE
from archc.diagnostics.model import Rejected, Reporter, reject
from archc.limits import Limits
from archc.sema.evaluate import Evaluator, Poisoned
from archc.sema.ranges import whole_numbers
from archc.sema.scope import Module, Scope
from archc.source import Source, Span
from archc.space.trace import Axis
from archc.syntax import ast
from archc.syntax.parse import parse_expression
from archc.typed import NamedTuple
from archc.values import show, unwrapped


class Dimension(NamedTuple):
    """A parameter with the values that it takes."""

    name: str
    values: tuple[str, ...] | None
    """Their texts, where they are not all numbers."""
    axis: Axis | None
    """Where they are numbers: the lattice that they lie on."""
    places: Sequence[int] = ()
    """On it, in order."""

    @property
    def size(self) -> int:
        return len(self.values if self.values is not None else self.places)

    def text(self, index: int) -> str:
        """A value as it is written in a spec."""
        if self.values is not None:
            return self.values[index]
        assert self.axis is not None
        return show(self.axis.value(self.places[index]))


class Grid(NamedTuple):
    """Every combination of the values of some dimensions, numbered.

    Those of dimensions that are not numbers vary slowest: each is a structure, whose numbers are
    then evaluated together.
    """

    choices: tuple[Dimension, ...]
    numbers: tuple[Dimension, ...]

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return (*self.choices, *self.numbers)

    @property
    def inner(self) -> int:
        """Variants of one structure."""
        return prod([each.size for each in self.numbers])

    @property
    def size(self) -> int:
        return self.inner * prod([each.size for each in self.choices])

    def structures(self) -> Iterator[tuple[str, ...]]:
        """The texts of the choices, by structure."""
        yield from product(*[each.values or () for each in self.choices])

    def structure(self, number: int) -> tuple[str, ...]:
        """The texts of the choices of one structure."""
        texts = []
        for each in reversed(self.choices):
            number, index = divmod(number, each.size)
            texts.append(each.text(index))
        return tuple(reversed(texts))

    def place(self, row: int) -> dict[str, int]:
        """The places of a variant's numbers on their axes."""
        row %= self.inner
        found = {}
        for each in reversed(self.numbers):
            row, index = divmod(row, each.size)
            found[each.name] = each.places[index]
        return found

    def settings(self, row: int) -> tuple[tuple[str, str], ...]:
        """What is set for a variant, as texts."""
        structure, rest = divmod(row, self.inner)
        texts = [*zip([each.name for each in self.choices], self.structure(structure), strict=True)]
        inner = []
        for each in reversed(self.numbers):
            rest, index = divmod(rest, each.size)
            inner.append((each.name, each.text(index)))
        return (*texts, *reversed(inner))


def grid(dimensions: Sequence[Dimension]) -> Grid:
    return Grid(
        tuple([each for each in dimensions if each.axis is None]),
        tuple([each for each in dimensions if each.axis is not None]),
    )


# --- from texts -----------------------------------------------------------------------------------


class Reader:
    """Reads values of the parameters of one arch."""

    def __init__(self, module: Module, arch: ast.Arch, limits: Limits) -> None:
        self.arch, self.limits = arch, limits
        self.evaluator = Evaluator(limits, Reporter(limits.errors))
        self.scope = Scope(module, None, {})

    def over(self, text: str) -> Dimension:
        """`NAME=A..B:S`, `NAME=[a, b]` or `NAME=a,b`.

        Raises:
            Rejected: it is none of these, or no parameter of the arch.
        """
        source = Source("<over>", text)
        name, equals, rest = text.partition("=")
        name = name.strip()
        if not equals or not rest.strip():
            raise reject(
                SYNTAX,
                f"`{text}` is not of the form NAME=VALUES",
                Span(source, 0, len(text)),
                help="write `width=8..64:8`, or `unit=[ds, ir]`",
            )
        self.parameter(name, Span(source, 0, len(name)))
        if ".." in rest:
            low, _, end = rest.partition("..")
            high, _, step = end.partition(":")
            texts = [low, high, *([step] if step else [])]
            numbers = [*(self._number(each, text) for each in texts), Fraction(1)]
            return self._range(name, numbers[:3], text)
        listed = rest.strip()
        if listed.startswith("[") and listed.endswith("]"):
            listed = listed[1:-1]
        return self._list(name, split_values(listed), text)

    def parameter(self, name: str, span: Span) -> ast.Parameter:
        for parameter in self.arch.parameters:
            if parameter.name.text == name:
                return parameter
        known = ", ".join(each.name.text for each in self.arch.parameters)
        raise reject(
            VALUE,
            f"`{self.arch.name.text}` has no parameter `{name}`",
            span,
            help=f"its parameters are {known}" if known else "it has no parameters",
        )

    def own(self, parameter: ast.Parameter) -> Dimension | None:
        """The values of a parameter's own range; None where it has none.

        Raises:
            Rejected: the range has no step, so that it is not finite.
        """
        bounds, name = parameter.range, parameter.name.text
        if bounds is None:
            return None
        if bounds.high is None:
            items = bounds.low.items if isinstance(bounds.low, ast.ListOf) else ()
            return self._list(name, [each.span.text for each in items], bounds.span.text)
        if bounds.step is None and not whole_numbers(parameter):
            raise reject(
                VALUE,
                f"the range of `{name}` has no step",
                bounds.span,
                help=f"add `step S` to it, or give the values: `--over {name}=A..B:S`",
            )
        ends = [bounds.low, bounds.high]
        values = [self._value(each) for each in (*ends, *([bounds.step] if bounds.step else []))]
        numbers = [each for each in values if isinstance(each, Fraction)]
        if len(numbers) < len(values):
            raise reject(NUMBER, f"the range of `{name}` is not of numbers", bounds.span)
        return self._range(name, [*numbers, Fraction(1)][:3], bounds.span.text)

    def number(self, expression: ast.Expression) -> Fraction | None:
        """The value of an expression, if it is a number that no parameter changes."""
        try:
            value = self._value(expression)
        except Rejected:
            return None
        return value if isinstance(value, Fraction) else None

    def _value(self, expression: ast.Expression) -> object:
        try:
            return unwrapped(self.evaluator.value(expression, self.scope))
        except Poisoned:
            return None

    def _number(self, text: str, whole: str) -> Fraction:
        start = whole.index(text)
        end = start + len(text)
        source = Source("<over>", whole[:end])  # what follows is not of this expression
        value = self._value(parse_expression(source, self.limits, start))
        if not isinstance(value, Fraction):
            raise reject(
                NUMBER,
                f"`{text.strip()}` is not a number",
                Span(source, start, end),
                help="write `NAME=LOW..HIGH:STEP`",
            )
        return value

    def _range(self, name: str, numbers: Sequence[Fraction], text: str) -> Dimension:
        low, high, step = numbers
        source = Source("<over>", text)
        if step <= 0 or high < low:
            raise reject(
                VALUE,
                f"`{text}` has no values",
                Span(source, 0, len(text)),
                help="a range goes from the least value to the greatest, by a step above 0",
            )
        last = int((high - low) / step)
        over = lcm(low.denominator, step.denominator)
        axis = Axis(name, int(low * over), int(step * over), over, last)
        return Dimension(name, None, axis, range(last + 1))

    def _list(self, name: str, texts: Sequence[str], whole: str) -> Dimension:
        source = Source("<over>", whole)
        if not texts or not all(texts):
            raise reject(
                VALUE,
                f"`{name}` has no values",
                Span(source, 0, len(whole)),
                help="separate the values by commas",
            )
        values = []
        for text in texts:
            expression = parse_expression(Source("<over>", text), self.limits)
            try:
                value = self.evaluator.value(expression, self.scope)
            except (Rejected, Poisoned):  # told of the variant that takes it
                value = None
            values.append(value)
        numbers = [value for value in values if isinstance(value, Fraction)]
        if len(numbers) < len(values):
            return Dimension(name, tuple(dict.fromkeys(texts)), None)
        numbers = list(dict.fromkeys(numbers))
        over = lcm(*[each.denominator for each in numbers])
        scaled = [int(each * over) for each in numbers]
        first = min(scaled)
        step = gcd(*[each - first for each in scaled]) or 1
        axis = Axis(name, first, step, over, (max(scaled) - first) // step)
        return Dimension(name, None, axis, tuple([(each - first) // step for each in scaled]))


def split_values(text: str) -> list[str]:
    """Expressions separated by commas outside brackets."""
    values, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            values.append("")
        else:
            values[-1] += character
    return [value.strip() for value in values]
