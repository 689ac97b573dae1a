"""The parameters of an arch as an editor shows them: values, and what else they could be."""

from contextlib import suppress
from fractions import Fraction
from typing import NamedTuple

from archc.diagnostics.model import Rejected, Reporter
from archc.editor.view import Kept
from archc.emit.manifest import parameter_text
from archc.limits import Limits
from archc.sema.evaluate import Evaluator, Exhausted, Poisoned
from archc.sema.ranges import whole_numbers
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.values import Items, unwrapped


class Parameter(NamedTuple):
    """A parameter with its value."""

    name: str
    text: str
    """Its value, as a spec has it."""
    number: Fraction | None
    """Where it is one."""
    low: Fraction | None
    """The bounds of its range, if it has one."""
    high: Fraction | None
    step: Fraction | None
    """1 of whole numbers; None where any number between the bounds will do."""
    whole: bool
    choices: tuple[str, ...]
    """The values it is restricted to, as texts."""
    place: "Place"


class Place(NamedTuple):
    """The edit of a document that gives a parameter of one arch another value."""

    span: Span
    """What a value replaces; empty where the arch gives none yet."""
    before: str = ""
    """What is written before a value, and after it."""
    after: str = ""


def parameters(kept: Kept, limits: Limits) -> list[Parameter]:
    """The parameters of a network's arch, in order."""
    model = kept.model
    evaluator = Evaluator(limits, Reporter(limits.errors))
    scope = Scope(model.module, None, dict(model.parameters))
    declared = {one.name.text: one for one in model.arch.parameters}
    return [
        _parameter(kept, declared[name], evaluator, scope)
        for name, _ in model.parameters
        if name in declared
    ]


def _parameter(kept: Kept, one: ast.Parameter, evaluator: Evaluator, scope: Scope) -> Parameter:
    given = scope.names[one.name.text]
    value = unwrapped(given.value)
    low = high = step = None
    choices: tuple[str, ...] = ()
    bounds = one.range
    whole = whole_numbers(one)
    if bounds is not None and bounds.high is None:
        choices = _choices(bounds.low, evaluator, scope)
    elif bounds is not None and bounds.high is not None:
        low, high = (_number(each, evaluator, scope) for each in (bounds.low, bounds.high))
        step = _number(bounds.step, evaluator, scope) if bounds.step else None
        step = Fraction(1) if step is None and whole else step
    number = value if isinstance(value, Fraction) else None
    place = _place(kept.declared, one)
    text = parameter_text(given.value)
    return Parameter(one.name.text, text, number, low, high, step, whole, choices, place)


def _place(arch: ast.Arch | ast.Derived, one: ast.Parameter) -> Place:
    """Where a value is written: the default, or what a derived arch gives."""
    if isinstance(arch, ast.Arch):
        assert one.default is not None, "it compiled"
        return Place(one.default.span)
    name, end = one.name.text, arch.base.span.end
    for argument in arch.arguments:
        if argument.name is not None and argument.name.text == name:
            return Place(argument.value.span)
        end = argument.span.end
    source = arch.span.source
    if arch.arguments:
        return Place(Span(source, end, end), f", {name} = ")
    return Place(Span(source, end, arch.span.end), f"({name} = ", ")")


def _number(expression: ast.Expression, evaluator: Evaluator, scope: Scope) -> Fraction | None:
    with suppress(Rejected, Poisoned, Exhausted):
        return evaluator.number(expression, scope)
    return None


def _choices(expression: ast.Expression, evaluator: Evaluator, scope: Scope) -> tuple[str, ...]:
    if isinstance(expression, ast.ListOf):
        return tuple(" ".join(item.span.text.split()) for item in expression.items)
    with suppress(Rejected, Poisoned, Exhausted):
        listed = evaluator.value(expression, scope)
        if isinstance(listed, Items):
            return tuple(map(parameter_text, listed.items))
    return ()
