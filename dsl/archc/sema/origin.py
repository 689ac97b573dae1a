"""Where a value came from: the names in its expression, and what each was set to, and where.

Read only for messages: values carry their expressions and scopes along, and nothing is looked up
until something is wrong with one.
"""

from collections.abc import Iterable, Iterator

from archc.diagnostics.codes import VALUE
from archc.diagnostics.model import Diagnostic, Edit, Label, Rejected, reject
from archc.ir.graph import Via
from archc.sema.callees import BAD, Callee, Given
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.values import Plain, describe, show

MOST = 4
"""Places named for one value, and calls named for one fault."""


def causes(given: Given, most: int = MOST) -> tuple[Label, ...]:
    """What the names in a value's expression are, each where it was set, nearest first."""
    return causes_of(*given.made, most=most) if given.made is not None else ()


def causes_of(expression: ast.Expression, scope: Scope, *, most: int = MOST) -> tuple[Label, ...]:
    """The same of an expression in a scope."""
    labels: dict[Span, Label] = {}
    work: list[tuple[ast.Expression, Scope]] = [(expression, scope)]
    while work and len(labels) < most:
        expression, scope = work.pop(0)
        for name in references(expression):
            given = scope.given(name.text)
            if given is None or given.value is BAD or given.span in labels:
                continue
            if given.span.end > given.span.start:
                plain = isinstance(given.value, Plain)
                shown = show(given.value) if plain else describe(given.value)
                text = given.remark or f"`{name.text}` is {shown}, set here"
                labels[given.span] = Label(given.span, text)
            if given.made is not None and len(labels) < most:
                work.append(given.made)
    return tuple(labels.values())[:most]


def references(expression: ast.Expression) -> Iterator[ast.Name]:
    """The names that an expression reads as values, in the order they are written."""
    work: list[ast.Expression] = [expression]
    while work:
        part = work.pop(0)
        if isinstance(part, ast.Reference) and part.arguments is None:
            yield part.name
        work[:0] = ast.parts(part)


def listed(given: Given) -> Rejected:
    """The rejection of a list where one value is wanted."""
    expression = given.made[0] if given.made is not None else None
    items = expression.items if isinstance(expression, ast.ListOf) else ()
    size = " x ".join(item.span.text for item in items)
    plain = len(items) > 1 and all(isinstance(item, ast.Number) for item in items)
    return reject(
        VALUE,
        "a list is not allowed here",
        given.span,
        related=causes(given),
        help=f"a size is written `{size}`" if plain else "take one of its elements: `list[0]`",
        edits=[Edit(given.span, size)] if plain else [],
    )


def worked(given: Given) -> str:
    """What a value's text amounts to: "`64 * alpha` is 19.2"; empty where it is a literal."""
    if (
        given.made is None
        or isinstance(given.made[0], ast.Number | ast.Known)
        or given.value is BAD
    ):
        return ""
    if isinstance(given.value, Callee) or "\n" in given.span.text or len(given.span.text) > 60:
        return ""
    if not isinstance(given.value, Plain):
        return ""
    shown = show(given.value)
    return f"`{given.span.text}` is {shown}" if shown != given.span.text else ""


def traced(diagnostic: Diagnostic, chain: Iterable[Via]) -> Diagnostic:
    """A fault with the calls that lead to it, from the user's line on.

    A fault that shows within a block of the library is reported at the user's call of it.

    Args:
        diagnostic: the fault.
        chain: the calls that lead to where it shows, the outermost first.
    """
    calls = [via for via in chain if not within(diagnostic.span, via.span)]
    related = list(diagnostic.related)
    span, label, edits = diagnostic.span, diagnostic.label, diagnostic.edits
    own = [via for via in calls if not library(via.span)]
    if span is not None and library(span) and own:
        related.insert(0, Label(span, label or "the error shows up here, in the library"))
        set_here = [one for one in related if within(one.span, own[-1].span)]
        span, label = called(own[-1]), f"in this `{own[-1].name}`"
        if set_here:  # the value that the library cannot take is the user's
            span, label = set_here[0].span, set_here[0].text
            related.remove(set_here[0])
        else:
            calls.remove(own[-1])
        edits = ()
    known = {one.span for one in related}
    shown = [via for via in reversed(calls) if via.span not in known and called(via) not in known]
    if len(shown) > MOST:  # the user's line is the last of them
        shown = [*shown[: MOST - 1], shown[-1]]
    places = {called(via): Label(called(via), f"in this `{via.name}`") for via in shown}
    related += [one for place, one in places.items() if place not in known and place != span]
    return diagnostic._replace(span=span, label=label, related=tuple(related), edits=edits)


def called(via: Via) -> Span:
    """Where the name of what is called stands."""
    span = via.span
    if span.source.text.startswith(via.name, span.start):
        return Span(span.source, span.start, span.start + len(via.name))
    return span


def library(span: Span) -> bool:
    return span.source.name.startswith("std:")


def within(inner: Span | None, outer: Span) -> bool:
    return (
        inner is not None
        and inner.source is outer.source
        and outer.start <= inner.start
        and inner.end <= outer.end
    )
