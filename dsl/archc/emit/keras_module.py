"""A graph as a standalone Keras 3 module, written as an expert would by hand.

Blocks become functions (`functions.py`), values become variables (`variables.py`), text is printed
and fitted to its lines by `python.py`; the template is the skeleton around them (`skeleton.py`).
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from archc.diagnostics.text import shape_text
from archc.emit.functions import Body, Item, Layer, Program, Use
from archc.emit.marker import MARKER
from archc.emit.python import (
    call,
    comment,
    constant,
    define,
    docstring,
    interpolated,
    literal,
    merge,
)
from archc.emit.skeleton import skeleton
from archc.emit.variables import MAIN, Plan, plan
from archc.ir.graph import Frame, Graph

CAPITALS = "# ruff: noqa: N999, RUF100"
"""Where a network's name has capitals, so has its module's, which ruff frowns on in a package."""


class Header(NamedTuple):
    """What the head of a generated file says about where it comes from."""

    source: str
    """The spec's file, by the name it goes by in manifests."""
    digest: str
    """Of everything the spec read."""
    language_version: str


class Segment(NamedTuple):
    """Statements of `build_model` whose layers have one prefix: a repeat, a stage, the head."""

    prefix: str
    repeat: tuple[str, int] | None
    """The stage's prefix and the number of the repeat, where it is one."""
    items: tuple[Item, ...]
    parts: tuple[Layer | Use, ...]
    plan: Plan

    @property
    def pairs(self) -> Iterator[tuple[Item, Layer | Use]]:
        return zip(self.items, self.parts, strict=True)


class Part(NamedTuple):
    """A stage or the head."""

    title: str
    segments: tuple[Segment, ...]


def emit(graph: Graph, header: Header) -> str:
    """The text of the Python module that builds a graph. Equal arguments give equal text."""
    program = Program(graph)
    parts = list(_parts(program))
    segments = [segment for part in parts for segment in part.segments]
    program.settle({target for segment in segments for target in segment.plan.variables()})
    imports = ["layers"] if segments else []
    if any(program.regularized(item) for segment in segments for item in segment.items):
        imports.append("regularizers")
    nodes = graph.nodes
    shapes = f"{shape_text(nodes[0].shape)} -> {shape_text(nodes[graph.output].shape)}"
    params = sum(
        weight.size for node in nodes[1:] for weight in node.op.weights(*graph.input_shapes(node))
    )
    head = [
        MARKER,
        # A `coding:` in the first two lines would be a directive to Python: ours come first.
        comment("language version:", header.language_version),
        comment("source:", header.source),
        comment("digest:", header.digest),
    ]
    if graph.name != graph.name.lower():
        head.append(CAPITALS)
    return skeleton()(
        header=head,
        docstring=docstring(f"{graph.name}: {shapes}, {params:,} parameters."),
        imports=imports,
        constants=[
            *constant("MODEL_NAME", graph.name),
            *constant("INPUT_SHAPE", nodes[0].shape),
            *constant("OUTPUT_SHAPE", nodes[graph.output].shape),
            *constant("TOTAL_PARAMS", params),
        ],
        functions=[_function(program, body) for body in program.bodies],
        body=_build_model(program, parts),
    )


def _parts(program: Program) -> Iterator[Part]:
    nodes = program.graph.nodes
    entry = "inputs"
    for group, frame in _groups(program.graph.frame):
        segments = []
        for prefix, repeat, children, value in _runs(group):
            items, parts, output = program.statements(children, value, prefix)
            if items:
                chosen = plan(program.wires(items), output, entry)
                segments.append(Segment(prefix, repeat, items, parts, chosen))
                entry = chosen.result
        title = ""
        if frame is not None:
            name = frame.label or frame.part
            # The name alone could read as a directive to a tool, say a stage called `noqa`.
            label = "" if name.startswith("stage") or frame.kind == "head" else "stage "
            label = f"{label}{name}:"
            ends = shape_text(nodes[frame.input].shape), shape_text(nodes[frame.output].shape)
            title = comment(label, " -> ".join(ends))
        yield Part(title, tuple(segments))


def _groups(arch: Frame) -> "Iterator[tuple[Frame, Frame | None]]":
    """The stages and the head; statements directly in the arch, if any, in groups of their own."""
    direct: list[int | Frame] = []
    value = arch.input
    for child in arch.children:
        if isinstance(child, Frame) and child.kind in ("stage", "head"):
            if direct:
                yield arch._replace(input=value, children=tuple(direct)), None
                direct = []
            yield child, child
            value = child.output
        else:
            direct.append(child)
    if direct:
        yield arch._replace(input=value, children=tuple(direct)), None


def _runs(
    frame: Frame,
) -> "Iterator[tuple[str, tuple[str, int] | None, Sequence[int | Frame], int]]":
    """(prefix, repeat, children, input) of the repeats of a stage and of what is between them."""
    direct: list[int | Frame] = []
    value = frame.input
    for child in frame.children:
        if isinstance(child, Frame) and child.kind == "repeat":
            if direct:
                yield frame.name, None, direct, value
                direct = []
            number = child.name.removeprefix(f"{frame.name}_")
            repeat = (f"{frame.name}_", int(number)) if number.isdecimal() else None
            yield child.name, repeat, child.children, child.input
            value = child.output
        else:
            direct.append(child)
    if direct:
        yield frame.name, None, direct, value


def _build_model(program: Program, parts: Sequence[Part]) -> list[str]:
    """The statements of `build_model`; equal repeats in a row become a loop."""
    lines = []
    if any(
        program.regularized(item) for part in parts for run in part.segments for item in run.items
    ):
        lines = ["    regularizer = regularizers.L2(weight_decay) if weight_decay else None", ""]
    input_name = literal(program.graph.nodes[0].name)
    lines.append(f"    inputs = keras.Input(shape=INPUT_SHAPE, name={input_name})")
    result = "inputs"
    for part in parts:
        if part.title:
            lines.extend(("", f"    {part.title}"))
        for run in _loops(program, part.segments):
            last = run[-1]
            if len(run) > 1 and run[0].repeat is not None and last.repeat is not None:
                if result != MAIN:
                    lines.append(f"    {MAIN} = {result}")
                lines.append(f"    for repeat in range({run[0].repeat[1]}, {last.repeat[1] + 1}):")
                name = partial(interpolated, last.repeat[0], "repeat")
                lines.extend(_statements(program, last, 8, name))
            else:
                lines.extend(_statements(program, last, 4, partial(_plain, last.prefix)))
            result = last.plan.result
    lines.extend(("", f"    return keras.Model(inputs, {result}, name=name)"))
    return lines


def _plain(prefix: str, suffix: str) -> str:
    return literal(prefix + suffix)


def _loops(program: Program, segments: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Segments in a row that are repeats of one another, joined."""
    run: list[Segment] = []
    written: object = None
    for segment in segments:
        texts = (segment.items, [program.statement(*pair) for pair in segment.pairs])
        if run and texts == written and _follows(run[-1], segment):
            run.append(segment)
            continue
        if run:
            yield run
        run, written = [segment], texts
    if run:
        yield run


def _follows(earlier: Segment, later: Segment) -> bool:
    if earlier.repeat is None or later.repeat is None:
        return False
    return later.repeat == (earlier.repeat[0], earlier.repeat[1] + 1)


def _statements(
    program: Program, segment: Segment, indent: int, name: Callable[[str], str]
) -> Iterator[str]:
    arguments = [program.statement(*pair) for pair in segment.pairs]
    return _lines(program, segment.items, arguments, segment.plan, indent, name)


def _function(program: Program, body: Body) -> list[str]:
    """The lines of the function that a body becomes."""
    parameters = [MAIN, *body.parameters]
    if body.regularized:
        parameters.append("regularizer")
    if body.dropping:
        parameters.append("dropout")
    lines = []
    if body.span is not None:
        where = f"{body.label} ({body.span.source.name}:{body.span.line})"
        lines.append(comment(body.kind, where))
    lines.extend(define(body.name, [*parameters, "name"]))
    lines.extend(
        _lines(
            program,
            body.items,
            body.calls,
            body.plan,
            4,
            lambda suffix: interpolated("", "name", suffix) if suffix else "name",
        )
    )
    lines.append(f"    return {body.plan.result}")
    return lines


def _lines(
    program: Program,
    items: Sequence[Item],
    arguments: Sequence[tuple[str, ...]],
    chosen: Plan,
    indent: int,
    name: Callable[[str], str],
) -> Iterator[str]:
    """The lines of statements; ``name`` makes the text of a layer's name of its suffix."""
    for target, statement, operands in chosen.moves:
        if statement is None:
            yield f"{' ' * indent}{target} = {operands[0]}"
            continue
        item = items[statement]
        function, texts = program.call(item, arguments[statement], name(item.suffix))
        if item.callee >= 0:
            yield from call(indent, target, function, (operands[0], *texts))
        elif item.merges:
            yield from merge(indent, target, function, texts, operands)
        else:
            yield from call(indent, target, function, texts, operands[0])
