"""The syntax tree as text and as plain data."""

from collections.abc import Sequence
from typing import Any

from archc.emit.stages.rows import Row, at
from archc.source import Span
from archc.syntax import ast


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
        found.append(Row(named_at(node), depth, described(node), head))
        work.extend((depth + 1, child) for child in reversed(_children(node, depth + 1)))
    return found


def _ordered(file: ast.File) -> list[Any]:
    """What stands directly in a file, as it stands there."""
    return sorted((*file.uses, *file.archs, *file.blocks), key=lambda one: one.span.start)


def named_at(node: Any) -> Span:
    """Where the name of a declaration stands, below its doc string; else where the node starts."""
    name = getattr(node, "name", None)
    span: Span = name.span if isinstance(name, ast.Name) else node.span
    return span


def described(node: Any) -> str:
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
        case ast.Hole() | ast.Known():  # of a text with syntax errors, or of none: not shown
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
                found["at"] = at(value)
            elif field == "source":
                found["file"] = value.name
            else:
                found[field] = ast_data(value)
        return found
    if isinstance(node, tuple):
        return [ast_data(item) for item in node]
    return node
