"""The syntax tree of `.arch` sources: frozen, one class per construct, every node with its span."""

from typing import NamedTuple

from archc.source import Source, Span


class Name(NamedTuple):
    """An identifier where one is declared or used."""

    text: str
    span: Span


class Number(NamedTuple):
    """A literal, its unit included: `0.25`, `30 M`, `512 KiB`."""

    text: str
    span: Span


class Reference(NamedTuple):
    """A name as a value, with arguments bound: `alpha`, `ir(expansion = 4)`, `ceil(a / 2)`."""

    name: Name
    arguments: "tuple[Argument, ...] | None"
    span: Span


class Feature(NamedTuple):
    """A property of the feature map that entered the innermost block: `in.channels`."""

    property: Name
    span: Span


class Operation(NamedTuple):
    """A chain of operators of one precedence: `a + b - c` has operands a, b, c."""

    operators: tuple[str, ...]
    operands: "tuple[Expression, ...]"
    span: Span


class Minus(NamedTuple):
    operand: "Expression"
    span: Span


class Not(NamedTuple):
    operand: "Expression"
    span: Span


class ListOf(NamedTuple):
    items: "tuple[Expression, ...]"
    span: Span


class Braces(NamedTuple):
    """Statements as a value: `{ batchnorm relu6 }`."""

    body: "Body"
    span: Span


Expression = Number | Reference | Feature | Operation | Minus | Not | ListOf | Braces


class Argument(NamedTuple):
    """An argument of a call; ``name`` is None for a positional one."""

    name: Name | None
    value: Expression
    span: Span


class Call(NamedTuple):
    """A statement: `conv(64, 3x3)`, `skip { ... }`."""

    name: Name
    arguments: tuple[Argument, ...]
    bodies: "tuple[Body, ...]"
    span: Span


class If(NamedTuple):
    """`if A { } else if B { } else { }`: the branches in order, then the last body."""

    branches: "tuple[tuple[Expression, Body], ...]"
    otherwise: "Body | None"
    span: Span


Statement = Call | If


class Body(NamedTuple):
    statements: tuple[Statement, ...]
    span: Span


class Range(NamedTuple):
    low: Expression
    high: Expression
    span: Span


class Parameter(NamedTuple):
    name: Name
    default: Expression | None
    range: Range | None
    span: Span


class Block(NamedTuple):
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


class Target(NamedTuple):
    name: Name
    arguments: tuple[Argument, ...]
    span: Span


class Rounding(NamedTuple):
    arguments: tuple[Argument, ...]
    span: Span


class Budget(NamedTuple):
    """`macs <= 30 M` in a `require`."""

    quantity: Name
    comparison: str
    limit: Expression
    span: Span


class Require(NamedTuple):
    budgets: tuple[Budget, ...]
    span: Span


class Input(NamedTuple):
    name: Name
    shape: Expression
    span: Span


class Stage(NamedTuple):
    name: Name
    arguments: tuple[Argument, ...]
    body: Body
    doc: str
    span: Span


class Head(NamedTuple):
    body: Body
    span: Span


Member = Target | Rounding | Require | Input | Stage | Head


class Arch(NamedTuple):
    name: Name
    parameters: tuple[Parameter, ...]
    members: tuple[Member, ...]
    doc: str
    span: Span


class Derived(NamedTuple):
    """`arch b = a(alpha = 0.5)`."""

    name: Name
    base: Name
    arguments: tuple[Argument, ...]
    doc: str
    span: Span


class Use(NamedTuple):
    path: str
    span: Span


class File(NamedTuple):
    """One source file: its `use`s and declarations in order."""

    source: Source
    uses: tuple[Use, ...]
    archs: tuple[Arch | Derived, ...]
    blocks: tuple[Block, ...]
