"""What the compiler holds after each of its stages, as text and as plain data: for debugging.

The syntax tree, the model (an arch with its parameters bound), the graph, and the deployed graph.
Every row names the place in the spec that it stems from.
"""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from archc.analysis.lowering.deployed import INPUT, Deployed
from archc.diagnostics.grid import bold, in_signs
from archc.diagnostics.text import columns, printable, shape_text, wrapped
from archc.emit.manifest import parameter_text
from archc.ir.graph import Frame, Graph, Node
from archc.ops.base import Auto
from archc.plain import picked, plain
from archc.sema.callees import Bad, Callee
from archc.sema.model import BudgetRequest, Model
from archc.source import Span
from archc.syntax import ast
from archc.values import show

_PLACES = 26
"""Columns that places may take."""


class Row(NamedTuple):
    """A line of text with the place it stems from."""

    span: Span | None
    depth: int
    text: str
    head: bool = False
    """Whether it opens a part, and stands out."""


def lines(
    title: str, rows: Sequence[Row], *, width: int = 80, unicode: bool = True, color: bool = False
) -> str:
    """Rows below a title, their places to the left, wrapped to a width.

    Args:
        title: what they show.
        rows: what to show.
        width: columns to stay within, at least 60.
        unicode: whether signs beyond ASCII can be shown.
        color: print what stands out in bold.
    """
    places = [_cut(_place(row.span), _PLACES) for row in rows]
    left = max(map(columns, places), default=0)
    shown = [bold(printable(title), color)]
    for row, place in zip(rows, places, strict=True):
        room = max(max(width, 60) - left - 2, 24)
        indent = "  " * min(row.depth, max((room - 24) // 2, 0))
        parts = wrapped(printable(row.text), room, indent, "    ", whole=False)
        for number, part in enumerate(parts):
            margin = place + " " * (left - columns(place)) if not number else " " * left
            shown.append(f"{margin}  {bold(part, color and row.head)}".rstrip())
    text = "\n".join(shown) + "\n"
    return in_signs(text, unicode)


def _place(span: Span | None) -> str:
    return printable(f"{span.source.name}:{span.line}") if span is not None else ""


def _cut(text: str, width: int) -> str:
    """The end of a text that is too long, which has the line."""
    if columns(text) <= width:
        return text
    while columns(text) > width - 1:
        text = text[1:]
    return "…" + text


def _limit(budget: BudgetRequest) -> str:
    return f"{budget.limit:,}" if isinstance(budget.limit, int) else show(budget.limit)


def _at(span: Span | None) -> dict[str, Any] | None:
    """A place, as data."""
    if span is None:
        return None
    line, column = span.source.position(span.start)
    return {"file": span.source.name, "line": line, "column": column}


# --- the syntax tree ---------------------------------------------------------------------------


def ast_rows(file: ast.File) -> list[Row]:
    """A row for each `use`, declaration, member and statement of a file, expressions in line."""
    found: list[Row] = []
    work: list[tuple[int, Any]] = [(0, one) for one in reversed(_ordered(file))]
    while work:
        depth, node = work.pop()
        if isinstance(node, Row):
            found.append(node)
            continue
        head = depth == 0 and not isinstance(node, ast.Use)
        found.append(Row(_named_at(node), depth, _described(node), head))
        work.extend((depth + 1, child) for child in reversed(_children(node, depth + 1)))
    return found


def _ordered(file: ast.File) -> list[Any]:
    """What stands directly in a file, as it stands there."""
    return sorted((*file.uses, *file.archs, *file.blocks), key=lambda one: one.span.start)


def _named_at(node: Any) -> Span:
    """Where the name of a declaration stands, below its doc string; else where the node starts."""
    name = getattr(node, "name", None)
    span: Span = name.span if isinstance(name, ast.Name) else node.span
    return span


def _described(node: Any) -> str:
    kind = type(node).__name__
    match node:
        case ast.Use():
            return f'{kind} "{node.path}"'
        case ast.Arch() | ast.Block():
            return f"{kind} {node.name.text}" + _doc(node.doc)
        case ast.Derived():
            called = _call(node.base.text, node.arguments)
            return f"{kind} {node.name.text} = {called}" + _doc(node.doc)
        case ast.Parameter():
            default = f" = {expression(node.default)}" if node.default else ""
            bounds = ""
            if node.range:
                bounds = f" in {' .. '.join(map(expression, node.range.values[:2]))}"
                bounds += f" step {expression(node.range.step)}" if node.range.step else ""
            return f"{kind} {node.name.text}{default}{bounds}"
        case ast.Call():
            return f"{kind} {_call(node.name.text, node.arguments)}{_naming(node)}"
        case ast.Target():
            return f"{kind} {_call(node.name.text, node.arguments)}"
        case ast.Stage():
            return f"{kind} {_call(node.name.text, node.arguments)}" + _doc(node.doc)
        case ast.Rounding():
            return f"{kind} {_call('', node.arguments)}".rstrip()
        case ast.Budget():
            return f"{kind} {node.quantity.text} {node.comparison} {expression(node.limit)}"
        case ast.Output():
            return f"{kind} {node.name.text}" + _doc(node.doc)
        case ast.Input():
            return f"{kind} {node.name.text}: {expression(node.shape)}"
    return kind


def _doc(doc: str) -> str:
    first = " ".join(doc.split())
    return f"  # {first if len(first) <= 60 else first[:59] + '…'}" if first else ""


def _children(node: Any, depth: int) -> list[Any]:
    match node:
        case ast.Arch():
            return [*node.parameters, *node.members]
        case ast.Block():
            return [*node.parameters, *node.body.statements]
        case ast.Stage() | ast.Head() | ast.Output():
            return list(node.body.statements)
        case ast.Require():
            return list(node.budgets)
        case ast.Call() if len(node.bodies) == 1:
            return list(node.bodies[0].statements)
        case ast.Call():
            return list(node.bodies)
        case ast.Body():
            return list(node.statements)
        case ast.If():
            found: list[Any] = []
            for condition, body in node.branches:
                found.append(Row(condition.span, depth, f"when {expression(condition)}"))
                found.append(body)
            if node.otherwise is not None:
                found.append(Row(node.otherwise.span, depth, "otherwise"))
                found.append(node.otherwise)
            return found
    return []


def expression(node: ast.Expression) -> str:
    """An expression on one line, each operation in parentheses, as it was parsed."""
    match node:
        case ast.Number():
            return node.text
        case ast.Reference():
            return _call(node.name.text, node.arguments)
        case ast.Feature():
            return f"in.{node.property.text}"
        case ast.Property():
            return f"{node.base.text}.{node.property.text}"
        case ast.Item():
            return f"{expression(node.list)}[{expression(node.index)}]"
        case ast.Choice():
            value, condition, otherwise = map(expression, ast.parts(node))
            return f"({value} if {condition} else {otherwise})"
        case ast.Operation():
            first, *rest = map(expression, node.operands)
            chain = (f" {sign} {one}" for sign, one in zip(node.operators, rest, strict=True))
            return f"({first}{''.join(chain)})"
        case ast.Minus():
            return f"(-{expression(node.operand)})"
        case ast.Not():
            return f"(not {expression(node.operand)})"
        case ast.ListOf():
            return f"[{', '.join(map(expression, node.items))}]"
        case ast.Braces():
            return _body(node.body)
        case ast.Hole():  # of a text with syntax errors, which is not shown
            return ast.HOLE


def _naming(call: ast.Call) -> str:
    return f" as {', '.join(name.text for name in call.names)}" if call.names else ""


def _call(name: str, arguments: Sequence[ast.Argument] | None) -> str:
    if not arguments:
        return name
    given = (
        f"{one.name.text} = {expression(one.value)}" if one.name else expression(one.value)
        for one in arguments
    )
    return f"{name}({', '.join(given)})"


def _body(body: ast.Body) -> str:
    said = []
    for statement in body.statements:
        if isinstance(statement, ast.Call):
            call = _call(statement.name.text, statement.arguments)
            said.append(" ".join([call, *map(_body, statement.bodies)]) + _naming(statement))
        elif isinstance(statement, ast.If):
            branches = (f"if {expression(one)} {_body(inner)}" for one, inner in statement.branches)
            last = f" else {_body(statement.otherwise)}" if statement.otherwise else ""
            said.append(" else ".join(branches) + last)
    return f"{{ {' '.join(said)} }}" if said else "{ }"


def ast_data(node: Any) -> Any:
    """A node of the syntax tree as plain data: its class, its place and its fields."""
    if isinstance(node, tuple) and hasattr(node, "_fields"):
        found: dict[str, Any] = {"node": type(node).__name__}
        for field, value in zip(node._fields, node, strict=True):
            if field == "span":
                found["at"] = _at(value)
            elif field == "source":
                found["file"] = value.name
            else:
                found[field] = ast_data(value)
        return found
    if isinstance(node, tuple):
        return [ast_data(item) for item in node]
    return node


# --- the model ---------------------------------------------------------------------------------


def model_rows(model: Model) -> list[Row]:
    """What an arch is once its parameters are bound, and where each value was set."""
    base = f", from `{model.base}`" if model.base else ""
    rows = [Row(model.declared.span, 0, f"arch {model.name}{base}", True)]
    for name, given in model.parameters:
        rows.append(Row(given.span, 1, f"{name} = {_value(given.value)}"))
    for entry, shape in model.inputs:
        rows.append(Row(entry.span, 1, f"input {entry.text}: {shape_text(shape or ())}"))
    keep = show(model.rounding.keep)
    rows.append(Row(None, 1, f"rounding divisor = {model.rounding.divisor}, keep = {keep}"))
    if model.target:
        target = _target(model)
        said = [f"allow = [{', '.join(target['allow'])}]"] if target["allow"] else []
        said += [f"{name} = {target[name]}" for name in ("io", "board", "build") if target[name]]
        called = f"({', '.join(said)})" if said else ""
        rows.append(Row(model.target.name.span, 1, f"target {target['name']}{called}"))
    for budget in model.budgets:
        rows.append(Row(budget.name.span, 1, f"require {budget.name.text} <= {_limit(budget)}"))
    for member in model.arch.members:
        if isinstance(member, ast.Stage | ast.Head | ast.Output):
            rows.append(Row(_named_at(member), 1, _described(member).split("  #")[0]))
    return rows


def _value(value: object) -> str:
    """The text of a parameter's value; what was reported as faulty is a question mark."""
    if isinstance(value, Bad):
        return "?"
    if isinstance(value, Callee) and value.kind != "braces" and value.bound:
        bound = (f"{name} = {_value(given.value)}" for name, given in value.bound.items())
        return f"{value.name}({', '.join(bound)})"
    return parameter_text(value)


def _target(model: Model) -> dict[str, Any]:
    target = model.target
    assert target is not None
    return {
        "name": target.name.text,
        "allow": [name.text for name in target.allow],
        **{key: (name := getattr(target, key)) and name.text for key in ("io", "board", "build")},
        "at": _at(target.name.span),
    }


def model_data(model: Model) -> dict[str, Any]:
    """The same as plain data."""
    return {
        **picked(model, "name base"),
        "at": _at(model.declared.span),
        "parameters": [
            {"name": name, "value": _value(given.value), "at": _at(given.span)}
            for name, given in model.parameters
        ],
        "inputs": [
            {"name": name.text, "shape": list(shape or ()), "at": _at(name.span)}
            for name, shape in model.inputs
        ],
        "rounding": {"divisor": model.rounding.divisor, "keep": show(model.rounding.keep)},
        "target": _target(model) if model.target else None,
        "budgets": [
            {
                "name": one.name.text,
                "limit": one.limit if isinstance(one.limit, int) else show(one.limit),
                "at": _at(one.name.span),
            }
            for one in model.budgets
        ],
        "stages": [
            {"text": _described(one).split("  #")[0], "at": _at(one.span)}
            for one in model.arch.members
            if isinstance(one, ast.Stage | ast.Head | ast.Output)
        ],
    }


# --- the graph ---------------------------------------------------------------------------------


def graph_rows(graph: Graph) -> list[Row]:
    """The operators in execution order in the calls that made them, then skips and roundings.

    `%5` is the value of operator 5. An operator's place is the statement in the user's text.
    """
    nodes = graph.nodes
    rows = [
        Row(
            _own(nodes[one]),
            0,
            f"%{one} = input {nodes[one].name} : {shape_text(nodes[one].shape)}",
        )
        for one in graph.inputs
    ]
    work: list[tuple[int, str, int | Frame]] = [(0, "", one) for one in graph.frame.children[::-1]]
    repeats = 0
    while work:
        depth, prefix, one = work.pop()
        if isinstance(one, int):
            rows.append(Row(_own(nodes[one]), depth, _operator(one, nodes[one], prefix)))
            continue
        if one.kind == "repeat" and one.part == "1" and repeats == 1:
            work.extend((depth, one.name, child) for child in one.children[::-1])
            continue
        if one.kind == "stage":
            repeats = len(one.children)
        if one.kind == "repeat":
            name = f"repeat {one.part}"
        elif one.kind in ("head", "output"):
            name = "head" if one.kind == "head" else f"output {one.label}"
        else:
            called = one.label if one.label == one.part else f"{one.label}, as {one.part}"
            name = f"{one.kind} {called}"
        shapes = f"{shape_text(nodes[one.input].shape)} → {shape_text(nodes[one.output].shape)}"
        rows.append(Row(one.span, depth, f"{name} : {shapes}", depth == 0))
        work.extend((depth + 1, one.name, child) for child in one.children[::-1])
    for index, called in zip_longest(graph.ends, graph.names):
        rows.append(Row(None, 0, f"output {called} %{index}" if called else f"output %{index}"))
    for note in graph.skips:
        taken = "taken" if note.taken else "dropped"
        why = f": {note.reason}" if note.reason else ""
        rows.append(Row(note.span, 0, f"skip in {note.where} {taken}{why}"))
    for rounded in graph.roundings:
        rows.append(
            Row(
                rounded.span,
                0,
                f"rounded {rounded.requested} to {rounded.effective} (multiples of "
                f"{rounded.divisor}) in {rounded.where}",
            )
        )
    return rows


def _own(node: Node) -> Span | None:
    return node.origin[0].span if node.origin else None


def _operator(index: int, node: Node, prefix: str) -> str:
    """One operator. Its name is left out where it is that of its call and the operator's."""
    part = node.name.removeprefix(f"{prefix}_")
    named = f" {part}" if part != node.op.keyword else ""
    reads = [f"%{source}" for source in node.inputs]
    given = [f"{name} = {value}" for name, value in _arguments(node).items()]
    return f"%{index}{named} = {node.op.keyword}({', '.join([*reads, *given])}) : " + shape_text(
        node.shape
    )


def _arguments(node: Node) -> dict[str, str]:
    """The arguments that are not the default, and those that the compiler settled."""
    op = node.op
    return {
        name: arg.show(op.values[name])
        for name, arg in op.args.items()
        if arg.required or isinstance(arg, Auto) or op.values[name] != arg.default(op.values)
    }


def graph_data(graph: Graph) -> dict[str, Any]:
    """The same as plain data, with every argument."""
    nodes = graph.nodes
    return {
        "name": graph.name,
        "outputs": [
            {"name": called or nodes[index].name, "node": index}
            for index, called in zip_longest(graph.ends, graph.names)
        ],
        "nodes": [
            {
                "index": index,
                "name": node.name,
                "operator": node.op.keyword if node.inputs else "input",
                "arguments": {
                    name: arg.show(node.op.values[name]) for name, arg in node.op.args.items()
                }
                if node.inputs
                else {},
                "inputs": list(node.inputs),
                "shape": list(node.shape),
                **picked(node, "stage block repeat"),
                "at": _at(_own(node)),
                "origin": [{"name": via.name, "at": _at(via.span)} for via in node.origin[1:]],
            }
            for index, node in enumerate(graph.nodes)
        ],
        "calls": _frame_data(graph.frame),
        "skips": [
            {**picked(one, "where taken reason"), "at": _at(one.span)} for one in graph.skips
        ],
        "roundings": [
            {**picked(one, "where requested effective divisor"), "at": _at(one.span)}
            for one in graph.roundings
        ],
    }


def _frame_data(frame: Frame) -> dict[str, Any]:
    return {
        **picked(frame, "kind name label input output"),
        "at": _at(frame.span),
        "children": [one if isinstance(one, int) else _frame_data(one) for one in frame.children],
    }


# --- the deployed graph ------------------------------------------------------------------------


def deployed_rows(graph: Graph, deployed: Deployed) -> list[Row]:
    """The operators of the int8 file in its order, and the layers that each stems from.

    `%5` is the result of operator 5. An operator's place is that of the first of those layers.
    """
    entries = [graph.nodes[index] for index in graph.inputs]
    rows = [Row(_own(one), 0, f"input {one.name} : {shape_text(one.shape)}") for one in entries]

    def value(source: int) -> str:
        if source >= 0:
            return f"%{source}"
        return "input" if len(entries) == 1 else entries[INPUT - source].name

    for index, op in enumerate(deployed.operators):
        reads = ", ".join(map(value, op.inputs))
        fused = f" + {op.activation}" if op.activation else ""
        float_result = " float32" if op.float_result else ""
        span = _own(graph.nodes[op.layers[0]]) if op.layers else None
        text = f"%{index} = {op.operator}({reads}){fused} : {shape_text(op.shape)}{float_result}"
        rows.append(Row(span, 0, text))
        constants = ((op.weights, "int8 weights"), (op.biases, "int32 biases"))
        said = [f"{count:,} {kind}" for count, kind in constants if count]
        said += [f"table [{', '.join(map(str, table))}]" for table in op.tables]
        said += [f"scalar {show(op.scalar)}"] if op.scalar is not None else []
        if op.layers:
            said.append("from " + _factored([graph.nodes[one].name for one in op.layers]))
        elif op.border:
            said.append("at the border")
        if said:
            rows.append(Row(None, 2, "; ".join(said)))
    for output, called in zip_longest(deployed.outputs, sorted(graph.names)):
        last = f"{called} {value(output)}" if called else value(output)
        rows.append(Row(None, 0, f"output {last}, before the border"))
    counts = ", ".join(f"{count} {name}" for name, count in deployed.counts.items())
    rows.append(Row(None, 0, f"operators: {counts or 'none'}, in {deployed.order} order"))
    sizes = f"{deployed.weight_bytes:,} weight bytes, {deployed.constant_bytes:,} constant bytes"
    rows.append(Row(None, 0, sizes))
    for doubt in deployed.unknown:
        names = ", ".join(graph.nodes[one].name for one in doubt.layers)
        span = _own(graph.nodes[doubt.layers[0]])
        rows.append(Row(span, 0, f"unknown: {doubt.reason}: {names}"))
    for failure in deployed.failures:
        names = ", ".join(graph.nodes[one].name for one in failure.layers)
        span = _own(graph.nodes[failure.layers[0]])
        rows.append(Row(span, 0, f"fails to convert: {failure.reason}: {names}"))
    return rows


def _factored(names: Sequence[str]) -> str:
    """Names with what they share at the front written once: `a_ds_{conv, batchnorm}`."""
    if len(names) == 1:
        return names[0]
    low, high = min(names), max(names)
    size = next((at for at, sign in enumerate(low) if high[at : at + 1] != sign), len(low))
    shared = low[: low.rfind("_", 0, size) + 1]
    return f"{shared}{{{', '.join(name[len(shared) :] for name in names)}}}"


def deployed_data(graph: Graph, deployed: Deployed) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "name": graph.name,
        "input_shapes": [list(shape) for shape in deployed.input_shapes],
        "outputs": list(deployed.outputs),
        "operators": [
            {
                "index": index,
                "operator": op.operator,
                "inputs": list(op.inputs),
                "shape": list(op.shape),
                "layers": [graph.nodes[one].name for one in op.layers],
                **picked(op, "weights biases tables"),
                "scalar": None if op.scalar is None else show(op.scalar),
                **picked(op, "activation border float_result"),
                "at": _at(_own(graph.nodes[op.layers[0]])) if op.layers else None,
            }
            for index, op in enumerate(deployed.operators)
        ],
        **picked(deployed, "counts weight_bytes constant_bytes order"),
        **{
            key: [
                {**plain(one), "layers": [graph.nodes[node].name for node in one.layers]}
                for one in getattr(deployed, key)
            ]
            for key in ("unknown", "failures")
        },
    }
