"""A graph as a standalone Keras 3 module, written as an expert would by hand.

Blocks become functions (`functions.py`), values become variables (`variables.py`), text is printed
and fitted to its lines by `python.py`; the template is the skeleton around them (`skeleton.py`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from archc.diagnostics.text import shape_text
from archc.emit.functions import Body, Program, Statements, Use
from archc.emit.marker import MARKER
from archc.emit.parameters import REFUSED, Item, Layer
from archc.emit.python import (
    call,
    comment,
    constant,
    define,
    docstring,
    identifier,
    interpolated,
    literal,
    mapping,
    merge,
    returned,
)
from archc.emit.skeleton import skeleton
from archc.emit.variables import MAIN, Plan, plan
from archc.ir.graph import Frame, Graph
from archc.typed import NamedTuple

PLANNED = "^(x|repeat|outputs?|other|map|shortcut|gate|branch)(_[0-9]+)*$|branch"
"""Variables that a plan or the skeleton may choose."""
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
    alone: bool
    """Whether it reads or makes more than the value that goes from one to the next."""

    @property
    def pairs(self) -> Iterator[tuple[Item, Layer | Use]]:
        return zip(self.items, self.parts, strict=True)


class Part(NamedTuple):
    """A stage, the head, or an output."""

    title: str
    segments: tuple[Segment, ...]
    kept: str | None
    """The variable that keeps its result, where more reads it than what follows."""


class _Block(NamedTuple):
    """Statements that become a segment: what they read and make, as nodes."""

    prefix: str
    repeat: tuple[str, int] | None
    entry: int
    statements: Statements
    output: int


def emit(graph: Graph, header: Header, params: int | None = None) -> str:
    """The text of the Python module that builds a graph. Equal arguments give equal text.

    Args:
        graph: the network.
        header: where it comes from.
        params: its parameters, where they are counted already.
    """
    program = Program(graph)
    inputs = _inputs(graph)
    parts, kept = _parts(program, inputs)
    segments = [segment for part in parts for segment in part.segments]
    variables = {target for segment in segments for target in segment.plan.variables()}
    program.settle({*variables, *kept.values()} - ({"inputs"} if len(inputs) == 1 else set()))
    imports = ["layers"] if segments else []
    if any(program.regularized(item) for segment in segments for item in segment.items):
        imports.append("regularizers")
    nodes = graph.nodes
    enter = " + ".join(shape_text(nodes[index].shape) for index in inputs)
    leave = " + ".join(shape_text(nodes[index].shape) for index in graph.ends)
    if params is None:
        weights = [node.op.weights(*graph.input_shapes(node)) for node in nodes]
        params = sum([weight.size for own in weights for weight in own])
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
        docstring=docstring(f"{graph.name}: {enter} -> {leave}, {params:,} parameters."),
        imports=imports,
        constants=[
            *constant("MODEL_NAME", graph.name),
            *_shapes("INPUT", graph, {nodes[index].name: index for index in inputs}, 1),
            *_shapes("OUTPUT", graph, _outputs(graph), 0),
            *constant("TOTAL_PARAMS", params),
        ],
        functions=[_function(program, body) for body in program.bodies],
        body=_build_model(program, parts, inputs, kept),
    )


def _outputs(graph: Graph) -> dict[str, int]:
    """The nodes of the outputs that have names, by these; empty for a result without a name."""
    return dict(zip(graph.names, graph.results, strict=True)) if graph.names else {"": graph.output}


def _shapes(what: str, graph: Graph, ends: dict[str, int], up_to: int) -> list[str]:
    """The constant with the shapes of inputs or outputs: one, or one for each name."""
    if len(ends) <= up_to or "" in ends:
        (only,) = ends.values()
        return constant(f"{what}_SHAPE", graph.nodes[only].shape)
    shapes = {name: graph.nodes[index].shape for name, index in ends.items()}
    return mapping(f"{what}_SHAPES", {name: literal(shape) for name, shape in shapes.items()})


def _inputs(graph: Graph) -> dict[int, str]:
    """The variables of the inputs, by node."""
    inputs = graph.inputs
    if len(inputs) == 1:
        return {inputs[0]: "inputs"}
    taken: set[str] = set()
    names: dict[int, str] = {}
    for index in inputs:
        names[index] = _variable(graph.nodes[index].name, taken)
        taken.add(names[index])
    return names


def _variable(name: str, taken: set[str]) -> str:
    """A variable for a map of some name, which neither the skeleton nor a plan uses."""
    base = name.strip("_") or "map"
    if not base.isidentifier() or base in REFUSED or re.search(PLANNED, base):
        base = f"{base}_map" if base.isidentifier() else f"map_{base}"
    chosen, number = base, 1
    while chosen in taken:
        number += 1
        chosen = f"{base}_{number}"
    return identifier(chosen)


def _parts(program: Program, inputs: dict[int, str]) -> tuple[list[Part], dict[int, str]]:
    """The parts of `build_model`, and the variables of the values that are kept, by node."""
    graph = program.graph
    nodes = graph.nodes
    groups: list[tuple[Frame | None, list[_Block]]] = []
    kept: dict[int, str] = dict(inputs)
    wanted: list[int] = list(graph.results) if graph.names else []
    value = graph.frame.input
    for group, frame in _groups(graph.frame):
        blocks = []
        for prefix, repeat, children, entry, output in _runs(group):
            made = program.statements(children, entry, output, prefix)
            if not made.items:
                continue
            blocks.append(_Block(prefix, repeat, entry, made, output))
            wanted.extend(made.outer)
            if entry != value:
                wanted.append(entry)
            value = output
        groups.append((frame, blocks))
    names = {
        index: name for name, index in (*graph.maps, *zip(graph.names, graph.ends, strict=False))
    }
    taken = set(kept.values())
    for index in sorted(set(wanted) - set(kept)):
        kept[index] = _variable(names.get(index, nodes[index].name), taken)
        taken.add(kept[index])
    parts = []
    value, variable = graph.frame.input, kept[graph.frame.input]
    for frame, blocks in groups:
        segments = []
        for prefix, repeat, entry, made, output in blocks:
            own = {
                number: kept[node]
                for number, node in enumerate(made.made, 1)
                if node in kept and node != output
            }
            outer = [kept[node] for node in made.outer]
            before = variable if entry == value else kept[entry]
            chosen = plan(program.wires(made.items), made.output, before, outer, own)
            alone = bool(own or outer or entry != value)
            segments.append(Segment(prefix, repeat, made.items, made.parts, chosen, alone))
            value, variable = output, chosen.result
        keeps = kept.get(value) if segments and value not in inputs else None
        title = ""
        if frame is not None:
            name = frame.label or frame.part
            # The name alone could read as a directive to a tool, say a stage called `noqa`.
            plain = name.startswith("stage") if frame.kind == "stage" else frame.kind == "head"
            label = "" if plain else f"{frame.kind} "
            label = f"{label}{name}:"
            ends = shape_text(nodes[frame.input].shape), shape_text(nodes[frame.output].shape)
            title = comment(label, " -> ".join(ends))
        parts.append(Part(title, tuple(segments), keeps))
    return parts, kept


def _groups(arch: Frame) -> "Iterator[tuple[Frame, Frame | None]]":
    """The stages and the head; statements directly in the arch, if any, in groups of their own."""
    direct: list[int | Frame] = []
    value = arch.input
    for child in arch.children:
        if isinstance(child, Frame) and child.kind in ("stage", "head", "output"):
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
) -> "Iterator[tuple[str, tuple[str, int] | None, Sequence[int | Frame], int, int]]":
    """(prefix, repeat, children, input, output) of the repeats of a stage and of what is between
    them."""
    direct: list[int | Frame] = []
    value = frame.input
    for child in frame.children:
        if isinstance(child, Frame) and child.kind == "repeat":
            if direct:
                yield frame.name, None, direct, value, child.input
                direct = []
            number = child.name.removeprefix(f"{frame.name}_")
            repeat = (f"{frame.name}_", int(number)) if number.isdecimal() else None
            yield child.name, repeat, child.children, child.input, child.output
            value = child.output
        else:
            direct.append(child)
    if direct:
        yield frame.name, None, direct, value, frame.output


def _build_model(
    program: Program, parts: Sequence[Part], inputs: dict[int, str], kept: dict[int, str]
) -> list[str]:
    """The statements of `build_model`; equal repeats in a row become a loop."""
    graph = program.graph
    lines = []
    if any(
        program.regularized(item) for part in parts for run in part.segments for item in run.items
    ):
        lines = ["    regularizer = regularizers.L2(weight_decay) if weight_decay else None", ""]
    for index, variable in inputs.items():
        text = literal(graph.nodes[index].name)
        shape = "INPUT_SHAPE" if len(inputs) == 1 else f"INPUT_SHAPES[{text}]"
        lines += call(4, variable, "keras.Input", [f"shape={shape}", f"name={text}"])
    result = next(iter(inputs.values()))
    for part in parts:
        if part.title:
            lines.extend(("", f"    {part.title}"))
        for run, arguments in _loops(program, part.segments):
            last = run[-1]
            if len(run) > 1 and run[0].repeat is not None and last.repeat is not None:
                if result != MAIN:
                    lines.append(f"    {MAIN} = {result}")
                lines.append(f"    for repeat in range({run[0].repeat[1]}, {last.repeat[1] + 1}):")
                name = partial(interpolated, last.repeat[0], "repeat")
                lines.extend(_lines(program, last.items, arguments, last.plan, 8, name))
            else:
                name = partial(_plain, last.prefix)
                lines.extend(_lines(program, last.items, arguments, last.plan, 4, name))
            result = last.plan.result
        if part.kept is not None and part.kept != result:
            lines.append(f"    {part.kept} = {result}")
    ends = result
    if graph.names:
        ends = "outputs"
        variables = {name: kept[index] for name, index in _outputs(graph).items()}
        lines.extend(("", *mapping(ends, variables, 4)))
    entered = ", ".join(inputs.values())
    entered = f"[{entered}]" if len(inputs) > 1 else entered
    if not graph.names:
        lines.append("")
    lines += returned(4, "keras.Model", [entered, ends, "name=name"])
    return lines


def _plain(prefix: str, suffix: str) -> str:
    return literal(prefix + suffix)


def _loops(
    program: Program, segments: Sequence[Segment]
) -> Iterator[tuple[list[Segment], list[tuple[str, ...]]]]:
    """Segments in a row that are repeats of one another, joined; with the arguments of the
    statements of each."""
    run: list[Segment] = []
    written: list[tuple[str, ...]] = []
    for segment in segments:
        arguments = [program.statement(*pair) for pair in segment.pairs]
        together = run and not segment.alone and not run[-1].alone
        alike = together and segment.items == run[-1].items and arguments == written
        if alike and _follows(run[-1], segment):
            run.append(segment)
            continue
        if run:
            yield run, written
        run, written = [segment], arguments
    if run:
        yield run, written


def _follows(earlier: Segment, later: Segment) -> bool:
    if earlier.repeat is None or later.repeat is None:
        return False
    return later.repeat == (earlier.repeat[0], earlier.repeat[1] + 1)


def _function(program: Program, body: Body) -> list[str]:
    """The lines of the function that a body becomes."""
    parameters = [MAIN, *body.outer, *body.parameters]
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
            yield from call(indent, target, function, (*operands, *texts))
        elif item.merges:
            yield from merge(indent, target, function, texts, operands)
        else:
            yield from call(indent, target, function, texts, operands[0])
