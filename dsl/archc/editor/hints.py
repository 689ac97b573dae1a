"""What stands behind a line in an editor: the feature map it makes and what that costs."""

from collections.abc import Iterator
from typing import NamedTuple

from archc.editor.costs import Cost, brief, full, together
from archc.editor.view import View
from archc.source import Span
from archc.syntax import ast


class Hint(NamedTuple):
    """Text to show behind an offset."""

    at: int
    text: str
    more: str


def hints(view: View, start: int = 0, end: int | None = None) -> list[Hint]:
    """The hints between two offsets, at most one a line: of the stage or statement that ends there,
    or of all the statements that do."""
    if view.built is None:
        return []
    built, found = view.built, []
    lines: dict[int, list[tuple[Span, Cost]]] = {}
    for span, priced in _priced(built.module.file):
        cost = built.costs.of(priced)
        if cost is not None:
            last = max(span.end - 1, span.start)
            lines.setdefault(built.source.position(last)[0], []).append((span, cost))
    for line in lines.values():
        outer = [
            (span, cost)
            for span, cost in line
            if not any(_inside(span, other) for other, _ in line)
        ]
        outer.sort(key=lambda one: one[0].start)
        here = view.now(outer[-1][0])
        if here is None or not start <= here[1] <= (len(view.source.text) if end is None else end):
            continue
        costs = [cost for _, cost in outer]
        cost = together(costs) if len(costs) > 1 else costs[0]
        found.append(Hint(here[1], brief(cost), full(cost)))
    return sorted(found)


def _inside(span: Span, other: Span) -> bool:
    return span != other and other.start <= span.start and span.end <= other.end


def _priced(file: ast.File) -> Iterator[tuple[Span, Span]]:
    """The places of a file that have a cost, each with the place that it goes by: stages, heads,
    statements, and archs, which go by their names."""
    for arch in file.archs:
        yield arch.span, arch.name.span
        if isinstance(arch, ast.Derived):
            continue
        for member in arch.members:
            if isinstance(member, ast.Stage | ast.Head | ast.Output):
                yield member.span, member.span
                yield from ((span, span) for span in _calls(member.body))
    for block in file.blocks:
        yield from ((span, span) for span in _calls(block.body))


def _calls(body: ast.Body) -> Iterator[Span]:
    for call in ast.calls(body):
        yield call.span
        for inner in call.bodies:
            yield from _calls(inner)
        for argument in call.arguments:
            if isinstance(argument.value, ast.Braces):
                yield from _calls(argument.value.body)
