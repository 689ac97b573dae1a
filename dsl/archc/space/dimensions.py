"""The parameters of a design space and their values."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import gcd, lcm, prod

from archc.diagnostics.codes import NUMBER, OUT_OF_RANGE, SYNTAX, VALUE
from archc.diagnostics.model import Label, Rejected, Reporter, reject
from archc.limits import Limits
from archc.sema.evaluate import Evaluator, Poisoned
from archc.sema.ranges import whole_numbers
from archc.sema.scope import Module, Scope
from archc.source import Source, Span
from archc.space.atoms import Axis
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

    def chosen(self, structure: int) -> tuple[int, ...]:
        """Which value of each choice a structure has."""
        places = []
        for each in reversed(self.choices):
            structure, index = divmod(structure, each.size)
            places.append(index)
        return tuple(reversed(places))

    def structure(self, number: int) -> tuple[str, ...]:
        """The texts of the choices of one structure."""
        pairs = zip(self.choices, self.chosen(number), strict=True)
        return tuple([each.text(index) for each, index in pairs])

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
        """`NAME=A..B:S`, `NAME=[a, b]` or `NAME=a,b`; `NAME` alone is the parameter's own range,
        whose ends stand in for A and B where they are left out.

        Raises:
            Rejected: it is none of these, no parameter of the arch, or has no value in its range.
        """
        source = Source("<over>", text)
        name, equals, rest = text.partition("=")
        name = name.strip()
        whole = Span(source, 0, len(text))
        if not name or (equals and not rest.strip()):
            raise reject(
                SYNTAX,
                f"`{text}` is not of the form NAME=VALUES",
                whole,
                help="write `width=8..64:8`, or `unit=[ds, ir]`",
            )
        parameter = self.parameter(name, Span(source, 0, len(name)))
        if not equals:
            own = self.own(parameter)
            if own is None:
                raise self._open(parameter, whole)
            return own
        low, dots, end = rest.partition("..")
        odd = ".." in end or ":" in low or end.count(":") > 1
        if odd and _RANGE.fullmatch(rest):
            raise reject(
                SYNTAX,
                f"`{text}` is not of the form NAME=LOW..HIGH:STEP",
                whole,
                help=f"write `{name}=8..64:8`, or values separated by commas",
            )
        if dots:
            dimension = self._range(name, self._between(parameter, rest, text), text)
        else:
            listed = rest.strip()
            if listed.startswith("[") and listed.endswith("]"):
                listed = listed[1:-1]
            dimension = self._list(name, split_values(listed), text)
        self._reachable(parameter, dimension, whole)
        return dimension

    def _between(self, parameter: ast.Parameter, rest: str, text: str) -> list[Fraction]:
        """The ends and the step of `A..B:S`.

        Raises:
            Rejected: one is not a number, or is left out and not known.
        """
        name, whole = parameter.name.text, Span(Source("<over>", text), 0, len(text))
        low, _, end = rest.partition("..")
        high, _, step = end.partition(":")
        ends = []
        for given, place in ((low, 0), (high, 1)):
            if given.strip():
                ends.append(self._number(given, text))
                continue
            bounds = self.bounds(parameter)
            if bounds is None:
                raise self._open(parameter, whole)
            ends.append(bounds[place])
        if step.strip():
            return [*ends, self._number(step, text)]
        own = self._step(parameter, ends[0])
        if own is None and any(each.denominator != 1 for each in ends):
            own = Fraction(0)
        if own == 0:
            near = _step(*ends[:2])
            raise reject(
                VALUE,
                f"`{text}` has no step",
                whole,
                help=f"write one, such as `{name}={show(ends[0])}..{show(ends[1])}:{show(near)}` "
                f"for {_count(ends[0], ends[1], near):,} values",
            )
        return [*ends, own or Fraction(1)]

    def _step(self, parameter: ast.Parameter, low: Fraction) -> Fraction | None:
        """The step of a parameter's own range, if a value is one of its own; 1 of whole numbers, 0
        where there is none, None of a parameter of which it is not known whether its values are
        whole."""
        bounds, ends = parameter.range, self.bounds(parameter)
        if bounds is not None and bounds.step is not None:
            step = self.number(bounds.step)
            if step and ends is not None and not (low - ends[0]) % step:
                return step
        if bounds is not None and isinstance(bounds.low, ast.ListOf):
            listed = [self.number(each) for each in bounds.low.items]
            return Fraction(all(each is not None and each.denominator == 1 for each in listed))
        if whole_numbers(parameter):
            return Fraction(1) if parameter.values else None
        return Fraction(0)

    def bounds(self, parameter: ast.Parameter) -> tuple[Fraction, Fraction] | None:
        """The ends of a parameter's own range, where it has one of numbers."""
        bounds = parameter.range
        if bounds is None or bounds.high is None:
            return None
        low, high = self.number(bounds.low), self.number(bounds.high)
        return None if low is None or high is None else (low, high)

    def _open(self, parameter: ast.Parameter, span: Span) -> Rejected:
        name = parameter.name.text
        return reject(
            VALUE,
            f"`{name}` has no range in the spec",
            span,
            related=[Label(parameter.name.span, "declared here")],
            help=f"give both ends, as in `{name}=8..64:8`, or a list",
        )

    def _reachable(self, parameter: ast.Parameter, dimension: Dimension, span: Span) -> None:
        """Refuse values of which none is within the parameter's own range.

        Raises:
            Rejected: none is.
        """
        bounds = self.bounds(parameter)
        if bounds is None or dimension.axis is None:
            return
        low, high = bounds
        first, step = dimension.axis.value(0), dimension.axis.value(1) - dimension.axis.value(0)
        nearest = max(-((first - low) // step), 0)  # of the places those from which `low` is met
        if isinstance(dimension.places, range):
            met = nearest < dimension.size and first + step * nearest <= high
        else:
            met = any(low <= first + step * place <= high for place in dimension.places)
        if met:
            return
        assert parameter.range is not None
        ends = f"{show(low)} .. {show(high)}"
        raise reject(
            OUT_OF_RANGE,
            f"every value of `{dimension.name}` is outside its range, {ends}",
            span,
            related=[Label(parameter.range.span, "its range")],
            help="take values within it, or widen it where it is declared",
        )

    def parameter(self, name: str, span: Span) -> ast.Parameter:
        for parameter in self.arch.parameters:
            if parameter.name.text == name:
                return parameter
        from archc.diagnostics.nearest import did_you_mean

        known = [each.name.text for each in self.arch.parameters]
        near = did_you_mean(name, known)
        listed = f"its parameters are {', '.join(known)}" if known else "it has no parameters"
        raise reject(
            VALUE,
            f"`{self.arch.name.text}` has no parameter `{name}`",
            span,
            notes=[listed] if near else [],
            help=near or listed,
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
            ends = self.bounds(parameter)
            step = _step(*ends) if ends else Fraction(1, 10)
            count = f", for {_count(*ends, step):,} values" if ends else ""
            raise reject(
                VALUE,
                f"the range of `{name}` has no step",
                bounds.span,
                help=f"give one, `--over {name}=..:{show(step)}`{count}, and name what else is to "
                "vary, `--over NAME` with its own range; or write `step "
                f"{show(step)}` behind the range",
            )
        parts = [bounds.low, bounds.high, *([bounds.step] if bounds.step else [])]
        values = [self._value(each) for each in parts]
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
        if last >= MOST:
            raise reject(
                VALUE,
                f"`{text}` has {last + 1:,} values",
                Span(source, 0, len(text)),
                help=f"a parameter takes {MOST:,} at the most: take a coarser step",
            )
        over = lcm(low.denominator, step.denominator)
        axis = Axis(name, int(low * over), int(step * over), over, last)
        return Dimension(name, None, axis, range(last + 1))

    def _list(self, name: str, texts: Sequence[str], whole: str) -> Dimension:
        source = Source("<over>", whole)
        if not texts or not all(texts):
            raise reject(
                VALUE,
                f"`{name}` has an empty value" if any(texts) else f"`{name}` has no values",
                Span(source, 0, len(whole)),
                help="write the values one by one, with a comma between two",
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
        axis, places = lattice(name, list(dict.fromkeys(numbers)))
        return Dimension(name, None, axis, places)


def lattice(name: str, numbers: Sequence[Fraction]) -> tuple[Axis, tuple[int, ...]]:
    """The axis that some numbers lie on, and where."""
    over = lcm(*[each.denominator for each in numbers])
    scaled = [int(each * over) for each in numbers]
    first = min(scaled)
    step = gcd(*[each - first for each in scaled]) or 1
    axis = Axis(name, first, step, over, (max(scaled) - first) // step)
    return axis, tuple([(each - first) // step for each in scaled])


MOST = 10**6
"""Values of one parameter."""
_RANGE = re.compile(r"[\d.:\s+-]*")
"""Numbers with signs of a range between them."""
FINE = 20
"""Values that a range has at least by a step that is proposed."""


def _count(low: Fraction, high: Fraction, step: Fraction) -> int:
    return int((high - low) / step) + 1


def _step(low: Fraction, high: Fraction) -> Fraction:
    """A round step for a range: 1, 2 or 5 of a power of ten, which meets both ends if one does."""
    if high <= low:
        return Fraction(1)
    size = Fraction(1)
    while size * FINE > high - low:
        size /= 10
    while size * FINE * 10 <= high - low:
        size *= 10
    steps = [size * each for each in (5, 2, 1, Fraction(1, 2), Fraction(1, 5), Fraction(1, 10))]
    fine = [step for step in steps if step * FINE <= high - low]
    even = [step for step in fine if not (high - low) % step and not low % step]
    return (even or fine)[0]


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
