"""AST to text, the inverse of the parser: parse(print(ast)) == ast, spans aside."""

from collections.abc import Iterator
from typing import Any

from archc.source import Span
from archc.syntax import ast

CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIZE, UNARY, POWER, PRIMARY = range(11)
"""Precedences, loosest first."""
LEVELS = {
    "or": OR,
    "and": AND,
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "/": PRODUCT,
    "x": SIZE,
}


def print_file(file: ast.File) -> str:
    """The text of a file: one statement to a line."""
    parts = [f'use "{use.path}"' for use in file.uses]
    parts.extend(map(_arch, file.archs))
    parts.extend(map(_block, file.blocks))
    return "\n".join(parts) + "\n"


def print_expression(expression: ast.Expression) -> str:
    """The text of an expression."""
    return _expression(expression, CHOICE)


def strip(node: Any) -> Any:
    """An AST without its spans, as nested tuples that compare."""
    if isinstance(node, Span):
        return None
    if isinstance(node, ast.File):
        return ("File", strip(node.uses), strip(node.archs), strip(node.blocks))
    if isinstance(node, tuple):
        kind = type(node).__name__
        return (kind, *(strip(part) for part in node))
    return node


def _arch(arch: ast.Arch | ast.Derived) -> str:
    if isinstance(arch, ast.Derived):
        arguments = _arguments(arch.arguments) if arch.arguments else ""
        return f"{_doc(arch.doc)}arch {arch.name.text} = {arch.base.text}{arguments}"
    members = "".join(f"    {_member(member)}\n" for member in arch.members)
    return f"{_doc(arch.doc)}arch {arch.name.text}{_parameters(arch.parameters)} {{\n{members}}}"


def _block(block: ast.Block) -> str:
    head = f"{_doc(block.doc)}block {block.name.text}{_parameters(block.parameters)}"
    return f"{head} {_body(block.body)}"


def _doc(doc: str) -> str:
    return f'"""{doc}"""\n' if doc else ""


def _parameters(parameters: tuple[ast.Parameter, ...]) -> str:
    return f"({', '.join(map(_parameter, parameters))})" if parameters else ""


def _parameter(parameter: ast.Parameter) -> str:
    text = parameter.name.text
    if parameter.default is not None:
        text += f" = {_expression(parameter.default, CHOICE)}"
    if parameter.range is not None:
        low, high, step = parameter.range.low, parameter.range.high, parameter.range.step
        text += f" in {_expression(low, CHOICE)}"
        text += f" .. {_expression(high, CHOICE)}" if high is not None else ""
        text += f" step {_expression(step, CHOICE)}" if step is not None else ""
    return text


def _member(member: ast.Member) -> str:
    if isinstance(member, ast.Target):
        arguments = _arguments(member.arguments) if member.arguments else ""
        return f"target {member.name.text}{arguments}"
    if isinstance(member, ast.Rounding):
        return f"rounding{_arguments(member.arguments)}"
    if isinstance(member, ast.Require):
        budgets = (
            f"{budget.quantity.text} {budget.comparison} {_expression(budget.limit, CHOICE)}"
            for budget in member.budgets
        )
        return f"require {', '.join(budgets)}"
    if isinstance(member, ast.Input):
        return f"input {member.name.text}: {_expression(member.shape, CHOICE)}"
    if isinstance(member, ast.Stage):
        arguments = _arguments(member.arguments) if member.arguments else ""
        return f"{_doc(member.doc)}stage {member.name.text}{arguments} {_body(member.body)}"
    if isinstance(member, ast.Output):
        return f"{_doc(member.doc)}output {member.name.text} {_body(member.body)}"
    assert isinstance(member, ast.Head)
    return f"head {_body(member.body)}"


def _body(body: ast.Body) -> str:
    return "{ " + "".join(f"{_statement(statement)}\n" for statement in body.statements) + "}"


def _statement(statement: ast.Statement) -> str:
    if isinstance(statement, ast.Call):
        arguments = _arguments(statement.arguments) if statement.arguments else ""
        bodies = "".join(f" {_body(body)}" for body in statement.bodies)
        names = f" as {', '.join(one.text for one in statement.names)}" if statement.names else ""
        return f"{statement.name.text}{arguments}{bodies}{names}"
    branches = (
        f"if {_expression(condition, CHOICE)} {_body(body)}"
        for condition, body in statement.branches
    )
    otherwise = f" else {_body(statement.otherwise)}" if statement.otherwise is not None else ""
    return " else ".join(branches) + otherwise


def _arguments(arguments: tuple[ast.Argument, ...]) -> str:
    return f"({', '.join(map(_argument, arguments))})"


def _argument(argument: ast.Argument) -> str:
    value = _expression(argument.value, CHOICE)
    return f"{argument.name.text} = {value}" if argument.name else value


def _expression(expression: ast.Expression, level: int) -> str:
    """The text of an expression where an operand of this precedence or a tighter one may stand."""
    text, own = _loose(expression)
    return text if own >= level else f"({text})"


def _loose(expression: ast.Expression) -> tuple[str, int]:
    if isinstance(expression, ast.Number):
        return expression.text, PRIMARY
    if isinstance(expression, ast.Reference):
        arguments = expression.arguments
        return expression.name.text + ("" if arguments is None else _arguments(arguments)), PRIMARY
    if isinstance(expression, ast.Feature):
        return f"in.{expression.property.text}", PRIMARY
    if isinstance(expression, ast.Property):
        return f"{expression.base.text}.{expression.property.text}", PRIMARY
    if isinstance(expression, ast.Item):
        index = _expression(expression.index, CHOICE)
        return f"{_expression(expression.list, PRIMARY)}[{index}]", PRIMARY
    if isinstance(expression, ast.Choice):
        value = _expression(expression.value, OR)
        condition = _expression(expression.condition, OR)
        otherwise = _expression(expression.otherwise, CHOICE)
        return f"{value} if {condition} else {otherwise}", CHOICE
    if isinstance(expression, ast.ListOf):
        return f"[{', '.join(_expression(item, CHOICE) for item in expression.items)}]", PRIMARY
    if isinstance(expression, ast.Braces):
        return _body(expression.body), PRIMARY
    if isinstance(expression, ast.Minus):
        return f"-{_expression(expression.operand, PRIMARY)}", UNARY
    if isinstance(expression, ast.Not):
        return f"not {_expression(expression.operand, COMPARISON)}", NOT
    if expression.operators[0] == "**":
        base, exponent = expression.operands
        return f"{_expression(base, PRIMARY)} ** {_expression(exponent, UNARY)}", POWER
    own = LEVELS.get(expression.operators[0], COMPARISON)
    return " ".join(_chain(expression, own)), own


def _chain(operation: ast.Operation, own: int) -> Iterator[str]:
    first, *rest = operation.operands
    yield _expression(first, own + 1)
    for operator, operand in zip(operation.operators, rest, strict=True):
        yield operator
        yield _expression(operand, own + 1)
