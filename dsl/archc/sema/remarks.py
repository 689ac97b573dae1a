"""What a network that compiles may not mean: widths that rounding changed, and `in` in a stage that
repeats. Read only where there is one of them."""

from collections.abc import Iterable, Iterator

from archc.diagnostics.codes import REPEATED_IN, ROUNDED_OUTPUT, ROUNDED_WIDTH
from archc.diagnostics.model import Diagnostic, Label, make
from archc.ir.graph import Graph, Node
from archc.ops.merge import Add
from archc.sema.building import Rounded
from archc.sema.callees import Given
from archc.sema.origin import library, traced
from archc.source import Span
from archc.syntax import ast
from archc.typed import Any
from archc.values import show

# --- rounding ------------------------------------------------------------------------------------


def rounded(
    graph: Graph, widths: dict[str, Rounded], given: dict[int, Given]
) -> Iterator[Diagnostic]:
    """What to say of roundings: a warning where the network's output has another number of channels
    than was asked for, a note where a number that somebody wrote is not the width that is built.
    Widths that are worked out, such as `64 * alpha`, are meant to be rounded.

    Args:
        graph: the network.
        widths: what rounding changed, by the name of the layer or the stage.
        given: what gave nodes their channels.
    """
    told: set[Span] = set()
    for end in graph.ends:
        node = _decides(graph, end)
        found = _asked(graph.nodes[node], given[node], widths) if node in given else None
        if node is not None and found is not None and found.requested.denominator == 1:
            told.add(_written(found.given)[1])
            yield _output(graph.nodes[node], graph.nodes[end], found)
    for found in widths.values():
        literal, span = _written(found.given)
        if literal and span not in told and not library(span):
            told.add(span)
            asked = show(found.requested)
            yield make(
                ROUNDED_WIDTH,
                f"{asked} channels are rounded to {found.width}, a multiple of {found.divisor}",
                span,
                help=f"write {found.width}, or `exact({asked})` to keep {asked}",
            )


def _decides(graph: Graph, at: int) -> int | None:
    """The node that gives an output of the network its channels, None where several do."""
    while True:
        node = graph.nodes[at]
        if any(argument.rounds for argument in node.op.args.values()):
            return at
        if not node.inputs:
            return None
        # A sum goes by its last term, which a `skip` takes from its braces; a gate by its map.
        before = node.inputs[-1 if isinstance(node.op, Add) else 0]
        if graph.nodes[before].shape[-1] != node.shape[-1]:
            return None
        at = before


def _asked(node: Node, given: Given, widths: dict[str, Rounded]) -> Rounded | None:
    """What a node's channels were before they were rounded, by itself or by its stage."""
    if node.name in widths or node.stage not in widths:
        return widths.get(node.name)
    stage = widths[node.stage]
    return stage if any(one.span == stage.given.span for one in _chain(given)) else None


def _chain(given: Given) -> Iterator[Given]:
    """A value, and those that it was set to by name, up to where it was written."""
    yield given
    while given.made is not None and isinstance(given.made[0], ast.Reference):
        expression, scope = given.made
        behind = scope.given(expression.name.text) if expression.arguments is None else None
        if behind is None:
            return
        given = behind
        yield given


def _output(node: Node, output: Node, found: Rounded) -> Diagnostic:
    asked = show(found.requested)
    span = _written(found.given)[1]
    chain = node.origin if library(span) else ()
    return traced(
        make(
            ROUNDED_OUTPUT,
            f"the network's output has {found.width} channels, not {asked}: widths are rounded to "
            f"multiples of {found.divisor}",
            span,
            label=f"{asked}, rounded to {found.width}",
            help=f"write `exact({asked})` where these are classes, or {found.width}",
            notes=[f"the output is that of `{output.name}`"] if output is not node else [],
        ),
        chain,
    )


def _written(given: Given) -> tuple[bool, Span]:
    """Whether a value is a number that stands in a text, and where it was written."""
    *_, last = _chain(given)
    return last.made is not None and isinstance(last.made[0], ast.Number), last.span


# --- `in` ----------------------------------------------------------------------------------------


def features(body: ast.Body) -> Iterator[ast.Feature]:
    """Where statements directly in a body read `in`: not within other braces, which have their own
    feature map, but in the branches of `if`."""
    for statement in body.statements:
        if isinstance(statement, ast.If):
            for condition, branch in statement.branches:
                yield from _within(condition)
                yield from features(branch)
            if statement.otherwise is not None:
                yield from features(statement.otherwise)
        elif isinstance(statement, ast.Call):
            yield from _within(*(argument.value for argument in statement.arguments))


def _within(*expressions: ast.Expression) -> Iterator[ast.Feature]:
    work: list[Any] = list(reversed(expressions))
    while work:
        part = work.pop()
        if isinstance(part, ast.Feature):
            yield part
        work += reversed(ast.parts(part))


def same(one: Graph, other: Graph) -> bool:
    """Whether two graphs are one network."""
    return _essence(one.nodes) == _essence(other.nodes)


def _essence(nodes: Iterable[Node]) -> list[object]:
    return [(type(node.op), vars(node.op), node.inputs, node.shape) for node in nodes]


def repeated(stage: ast.Stage, entered: list[tuple[int, ...]]) -> Diagnostic:
    """The warning that `in` is what enters the stage, where it would be another network if it were
    what enters the repeat.

    Args:
        stage: the stage.
        entered: the shapes of what entered its repeats.
    """
    first = next(features(stage.body))
    number = next((n for n, shape in enumerate(entered, 1) if shape != entered[0]), 1)
    here, there = _shown(first, entered[0]), _shown(first, entered[number - 1])
    differs = f", where {there} enter" if there != here else ""
    return make(
        REPEATED_IN,
        f"`{first.span.text}` is {here} in every repeat of `{stage.name.text}`, also in repeat "
        f"{number}{differs}",
        first.span,
        label="what entered the stage",
        related=[Label(stage.name.span, "this stage repeats")],
        help="a block sees what enters each call: put these statements into `block NAME { ... }` "
        f"and repeat that; or write {here}, if it is meant",
    )


def _shown(feature: ast.Feature, shape: tuple[int, ...]) -> str:
    """A property of a feature map, as `in` has it."""
    name = feature.property.text
    if name == "channels" or len(shape) != 3:
        return str(shape[-1])
    return {"height": str(shape[0]), "width": str(shape[1])}.get(name, f"{shape[0]}x{shape[1]}")
