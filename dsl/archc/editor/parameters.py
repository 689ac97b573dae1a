"""The parameters of an arch as an editor shows them: values, and what else they could be."""

from contextlib import suppress
from fractions import Fraction
from typing import NamedTuple

from archc.diagnostics.model import Rejected, Reporter
from archc.editor.view import Kept
from archc.emit.manifest import parameter_text
from archc.limits import Limits
from archc.sema.evaluate import Evaluator, Exhausted, Poisoned
from archc.sema.model import Model
from archc.sema.ranges import whole_numbers
from archc.sema.scope import Scope
from archc.source import Source, Span
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
    span: Span | None
    """Where the value stands in the document, if that is of this arch alone."""


def parameters(kept: Kept, limits: Limits) -> list[Parameter]:
    """The parameters of a network's arch, in order."""
    model = kept.model
    evaluator = Evaluator(limits, Reporter(limits.errors))
    scope = Scope(model.module, None, dict(model.parameters))
    declared = {one.name.text: one for one in model.arch.parameters}
    return [
        _parameter(model, declared[name], kept.source, evaluator, scope)
        for name, _ in model.parameters
        if name in declared
    ]


def _parameter(
    model: Model, one: ast.Parameter, source: Source, evaluator: Evaluator, scope: Scope
) -> Parameter:
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
    span = _span(model, one, given.span, source)
    text = parameter_text(given.value)
    return Parameter(one.name.text, text, number, low, high, step, whole, choices, span)


def _span(model: Model, one: ast.Parameter, given: Span, source: Source) -> Span | None:
    """Where a value can be changed: the default, or what a derived arch gives."""
    default = one.default.span if one.default is not None else None
    span = default if model.base is None else given
    shared = model.base is not None and given == default
    return span if span is not None and span.source is source and not shared else None


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
