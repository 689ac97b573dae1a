"""The syntax tree of `.arch` sources: frozen, one class per construct, every node with its span."""

from collections.abc import Iterator

from archc.source import Source, Span
from archc.typed import TYPE_CHECKING, NamedTuple, dataclass_transform

if TYPE_CHECKING:
    # mypy takes named tuples for tuples of their fields, and minutes to tell such trees apart.
    @dataclass_transform(frozen_default=True)
    class Node: ...
else:
    Node = NamedTuple


HOLE = "?"
"""What the text of a name starts with that could not be read."""


class Name(Node):
    """An identifier where one is declared or used."""

    text: str
    span: Span

    @property
    def hole(self) -> bool:
        """Whether it could not be read: it stands for any name."""
        return self.text.startswith(HOLE)


class Hole(Node):
    """What could not be read, of a text with syntax errors: a value, a statement, or a member. As
    an argument without a name it stands for any number of arguments."""

    span: Span


class Number(Node):
    """A literal, its unit included: `0.25`, `30 M`, `512 KiB`."""

    text: str
    span: Span


class Reference(Node):
    """A name as a value, with arguments bound: `alpha`, `ir(expansion = 4)`, `ceil(a / 2)`."""

    name: Name
    arguments: "tuple[Argument, ...] | None"
    span: Span


class Feature(Node):
    """A property of the feature map that entered the innermost block: `in.channels`."""

    property: Name
    span: Span


class Property(Node):
    """A property of a named map, or of the repeat it stands in: `c4.size`, `repeat.index`."""

    base: Name
    property: Name
    span: Span


class Item(Node):
    """An element of a list, counted from 0: `widths[repeat.index]`."""

    list: "Expression"
    index: "Expression"
    span: Span


class Choice(Node):
    """`A if CONDITION else B`."""

    condition: "Expression"
    value: "Expression"
    otherwise: "Expression"
    span: Span


class Operation(Node):
    """A chain of operators of one precedence: `a + b - c` has operands a, b, c."""

    operators: tuple[str, ...]
    operands: "tuple[Expression, ...]"
    span: Span


class Minus(Node):
    operand: "Expression"
    span: Span


class Not(Node):
    operand: "Expression"
    span: Span


class ListOf(Node):
    items: "tuple[Expression, ...]"
    span: Span


class Braces(Node):
    """Statements as a value: `{ batchnorm relu6 }`."""

    body: "Body"
    span: Span


class Known(Node):
    """What stands for a value that is known already; no text is parsed to one."""

    value: object
    span: Span


Expression = (
    Number
    | Known
    | Reference
    | Feature
    | Property
    | Item
    | Choice
    | Operation
    | Minus
    | Not
    | ListOf
    | Braces
    | Hole
)


def parts(expression: "Expression") -> "tuple[Expression, ...]":
    """The expressions that one is directly made of, in the order they are written; of braces and of
    what is not made of others none."""
    match expression:
        case Reference():
            return tuple(argument.value for argument in expression.arguments or ())
        case Operation():
            return expression.operands
        case Minus() | Not():
            return (expression.operand,)
        case ListOf():
            return expression.items
        case Item():
            return (expression.list, expression.index)
        case Choice():
            return (expression.value, expression.condition, expression.otherwise)
    return ()


class Argument(Node):
    """An argument of a call; ``name`` is None for a positional one."""

    name: Name | None
    value: Expression
    span: Span


class Call(Node):
    """A statement: `conv(64, 3x3)`, `skip { ... }`, `split(2) as left, right`."""

    name: Name
    arguments: tuple[Argument, ...]
    bodies: "tuple[Body, ...]"
    span: Span
    """What names the maps left out."""
    names: tuple[Name, ...] = ()
    """What the map that it makes is called, or the parts of one."""

    @property
    def plain(self) -> bool:
        """Whether it is a name alone, which may be a map's."""
        return not self.arguments and not self.bodies


class If(Node):
    """`if A { } else if B { } else { }`: the branches in order, then the last body."""

    branches: "tuple[tuple[Expression, Body], ...]"
    otherwise: "Body | None"
    span: Span


Statement = Call | If | Hole


class Body(Node):
    statements: tuple[Statement, ...]
    span: Span


def calls(body: Body) -> Iterator[Call]:
    """The calls directly in a body, those in the branches of its `if` included."""
    for statement in body.statements:
        if isinstance(statement, Call):
            yield statement
        elif isinstance(statement, If):
            last = (statement.otherwise,) if statement.otherwise is not None else ()
            for branch in (*(branch for _, branch in statement.branches), *last):
                yield from calls(branch)


class Range(Node):
    """`in A .. B`, `in A .. B step S`, or `in [a, b, c]`, whose list is ``low``."""

    low: Expression
    high: Expression | None
    span: Span
    step: Expression | None = None

    @property
    def values(self) -> "tuple[Expression, ...]":
        return tuple(one for one in (self.low, self.high, self.step) if one is not None)


class Parameter(Node):
    name: Name
    default: Expression | None
    range: Range | None
    span: Span

    @property
    def values(self) -> "tuple[Expression, ...]":
        """The default and the bounds or choices, where there are any."""
        bounds = () if self.range is None else self.range.values
        return bounds if self.default is None else (self.default, *bounds)


class Block(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    body: Body
    doc: str
    span: Span


class Target(Node):
    name: Name
    arguments: tuple[Argument, ...]
    span: Span


class Rounding(Node):
    arguments: tuple[Argument, ...]
    span: Span


class Budget(Node):
    """`macs <= 30 M` in a `require`."""

    quantity: Name
    comparison: str
    limit: Expression
    span: Span


class Require(Node):
    budgets: tuple[Budget, ...]
    span: Span


class Input(Node):
    name: Name
    shape: Expression
    span: Span


class Stage(Node):
    name: Name
    arguments: tuple[Argument, ...]
    body: Body
    doc: str
    span: Span


class Head(Node):
    body: Body
    span: Span


class Output(Node):
    """`output NAME { ... }`: a map that leaves the network by a name."""

    name: Name
    body: Body
    doc: str
    span: Span


Member = Target | Rounding | Require | Input | Stage | Head | Output | Hole


class Arch(Node):
    name: Name
    parameters: tuple[Parameter, ...]
    members: tuple[Member, ...]
    doc: str
    span: Span


class Derived(Node):
    """`arch b = a(alpha = 0.5)`."""

    name: Name
    base: Name
    arguments: tuple[Argument, ...]
    doc: str
    span: Span


class Use(Node):
    path: str
    span: Span


class File(Node):
    """One source file: its `use`s and declarations in order."""

    source: Source
    uses: tuple[Use, ...]
    archs: tuple[Arch | Derived, ...]
    blocks: tuple[Block, ...]
