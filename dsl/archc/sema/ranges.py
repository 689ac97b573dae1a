"""Whether the value of a parameter is one that its declaration allows."""

from fractions import Fraction

from archc.diagnostics.codes import OUT_OF_RANGE, VALUE
from archc.diagnostics.model import Label, Rejected, make, reject
from archc.diagnostics.text import joined
from archc.sema.callees import BAD, Callee, Given
from archc.sema.evaluate import Evaluator, Poisoned
from archc.sema.operations import equal
from archc.sema.origin import causes, worked
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.values import Items, describe, show, unwrapped


def in_range(parameter: ast.Parameter, given: Given, evaluator: Evaluator, scope: Scope) -> None:
    """Report a value outside the range of its parameter, or that is none of its choices.

    Default and bounds written without a point mean whole numbers.
    """
    bounds = parameter.range
    if bounds is None or given.value is BAD:
        return
    try:
        if bounds.high is None:
            wrong = _choice(parameter, bounds, given, evaluator, scope)
        else:
            wrong = _between(parameter, bounds, given, evaluator, scope)
    except Rejected as rejected:
        evaluator.reporter.add(rejected.diagnostic)
        return
    except Poisoned:
        return
    if wrong is None:
        return
    message, help = wrong
    declared = Label(bounds.span, "its range" if bounds.high is not None else "its choices")
    related = [*causes(given), *([declared] if _apart(given, bounds) else [])]
    evaluator.reporter.add(
        make(OUT_OF_RANGE, message, given.span, label=worked(given), related=related, help=help)
    )


def _between(
    parameter: ast.Parameter,
    bounds: ast.Range,
    given: Given,
    evaluator: Evaluator,
    scope: Scope,
) -> tuple[str, str] | None:
    """What is wrong with a value of `in A .. B step S`, and how to get into the range."""
    assert bounds.high is not None
    low, high = evaluator.number(bounds.low, scope), evaluator.number(bounds.high, scope)
    step = evaluator.number(bounds.step, scope) if bounds.step is not None else None
    if step is not None and step <= 0:
        assert bounds.step is not None
        raise reject(
            VALUE,
            f"the step of a range is above 0, not {show(step)}",
            bounds.step.span,
            help="ranges go from the least value to the greatest",
        )
    name, value = parameter.name.text, unwrapped(given.value)
    if not isinstance(value, Fraction):
        message = f"`{name}` is a number from {show(low)} to {show(high)}, not {describe(value)}"
    elif not low <= value <= high:
        message = f"`{name}` is {show(value)}, outside {show(low)} .. {show(high)}"
    elif step is not None and (value - low) % step:
        below = low + (value - low) // step * step
        near = [show(one) for one in (below, below + step) if low <= one <= high]
        steps = f"{show(low)} .. {show(high)} step {show(step)}"
        return f"`{name}` is {show(value)}, not in {steps}", f"write {' or '.join(near)}"
    elif whole_numbers(parameter) and value.denominator != 1:
        message = f"`{name}` is a whole number, not {show(value)}"
    else:
        return None
    return message, _into(value, low, high)


def _choice(
    parameter: ast.Parameter,
    bounds: ast.Range,
    given: Given,
    evaluator: Evaluator,
    scope: Scope,
) -> tuple[str, str] | None:
    """What is wrong with a value of `in [a, b, c]`."""
    listed = evaluator.value(bounds.low, scope)
    if not isinstance(listed, Items):
        raise reject(
            VALUE,
            f"the choices of `{parameter.name.text}` are a list, not {describe(listed)}",
            bounds.low.span,
            help="write `in [A, B, C]`, or `in LOW .. HIGH` for a range of numbers",
        )
    if _family(given) or any(same(choice, given.value) for choice in listed.items):
        return None
    texts = [bounds.low.span.text]
    if isinstance(bounds.low, ast.ListOf):
        texts = [" ".join(item.span.text.split()) for item in bounds.low.items]
    if not listed.items:
        return (
            f"`{parameter.name.text}` has no choices",
            "write them between the brackets, or leave `in []` out",
        )
    said = describe(given.value)
    if isinstance(given.value, Callee) and given.value.kind != "braces":
        said = f"`{' '.join(given.span.text.split())}`"
    return (
        f"`{parameter.name.text}` is none of its choices: {said}",
        f"give it {joined(texts, 'or')}, or add it where the choices are declared",
    )


def _family(given: Given) -> bool:
    """Whether it stands for several blocks, each of which was found to be in range before."""
    return isinstance(given.value, Callee) and isinstance(given.made[0], ast.Known)


def same(one: object, other: object) -> bool:
    """Whether two values are one choice: blocks by what they are and what is bound in them."""
    one, other = unwrapped(one), unwrapped(other)
    if isinstance(one, Items) and isinstance(other, Items):
        alike = len(one.items) == len(other.items)
        return alike and all(map(same, one.items, other.items))
    if not isinstance(one, Callee) or not isinstance(other, Callee):
        return equal(one, other)
    if one.target is not other.target or one.bound.keys() != other.bound.keys():
        return False
    return all(same(given.value, other.bound[name].value) for name, given in one.bound.items())


def _into(value: object, low: Fraction, high: Fraction) -> str:
    """How to get into a range: its nearest end, or the whole numbers beside a value."""
    if not isinstance(value, Fraction):
        return f"give it a number, such as {show(low)}"
    if value < low or value > high:
        end = "least" if value < low else "most"
        bound = show(low if value < low else high)
        return f"give it {bound} at {end}, or widen the range where it is declared"
    below, above = Fraction(value.__floor__()), Fraction(value.__ceil__())
    fits = [show(one) for one in (below, above) if low <= one <= high]
    return f"write {' or '.join(fits)}, or write the default as {show(low)}.0 to allow fractions"


def _apart(given: Given, bounds: ast.Range) -> bool:
    span: Span = given.span
    return span.source is not bounds.span.source or span.line != bounds.span.line


def whole_numbers(parameter: ast.Parameter) -> bool:
    """Whether default and bounds are literals without a point, which restricts to whole numbers."""
    parts = [v.operand if isinstance(v, ast.Minus) else v for v in parameter.values]
    numbers = [part for part in parts if isinstance(part, ast.Number)]
    return len(numbers) == len(parts) and all(
        "." not in number.text and "e-" not in number.text.lower() for number in numbers
    )
