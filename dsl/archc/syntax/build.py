"""Tree to AST. Every rule of the grammar has one method of its name."""

from typing import Any

from lark import Token, Tree

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax import ast


class Builder:
    """Builds the AST of one source. Recursion is bounded, since nesting of the text is.

    Every method raises `Rejected` where the source is beyond a bound.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits

    # --- positions ------------------------------------------------------------------------

    def span(self, tree: Any) -> Span:
        meta = tree.meta
        if meta.empty:
            return Span(self.source, 0, 0)
        return Span(self.source, meta.start_pos, meta.end_pos)

    def name(self, token: Token) -> ast.Name:
        start = token.start_pos or 0
        return ast.Name(str(token), Span(self.source, start, start + len(token)))

    # --- declarations ---------------------------------------------------------------------

    def file(self, tree: Any) -> ast.File:
        uses: list[ast.Use] = []
        archs: list[ast.Arch | ast.Derived] = []
        blocks: list[ast.Block] = []
        for child in _trees(tree):
            if child.data == "use":
                uses.append(ast.Use(str(child.children[0])[1:-1], self.span(child)))
            elif child.data == "block":
                blocks.append(self.block(child))
            else:
                archs.append(self.arch(child) if child.data == "arch" else self.derived(child))
        return ast.File(self.source, tuple(uses), tuple(archs), tuple(blocks))

    def arch(self, tree: Any) -> ast.Arch:
        doc, (name, *rest) = self._doc(tree)
        parameters: tuple[ast.Parameter, ...] = ()
        if rest and rest[0].data == "parameters":
            parameters = self.parameters(rest.pop(0))
        members = tuple(getattr(self, str(member.data))(member) for member in rest)
        return ast.Arch(self.name(name), parameters, members, doc, self.span(tree))

    def derived(self, tree: Any) -> ast.Derived:
        doc, (name, base, *rest) = self._doc(tree)
        arguments = self.arguments(rest[0]) if rest else ()
        return ast.Derived(self.name(name), self.name(base), arguments, doc, self.span(tree))

    def block(self, tree: Any) -> ast.Block:
        doc, (name, *rest) = self._doc(tree)
        parameters = self.parameters(rest[0]) if len(rest) == 2 else ()
        return ast.Block(self.name(name), parameters, self.body(rest[-1]), doc, self.span(tree))

    def parameters(self, tree: Any) -> tuple[ast.Parameter, ...]:
        return tuple(map(self.parameter, self._bounded(tree, "a declaration has", "parameters")))

    def parameter(self, tree: Any) -> ast.Parameter:
        name, *rest = tree.children
        default: ast.Expression | None = None
        bounds: ast.Range | None = None
        if rest:
            value, *ranges = _trees(rest[0])
            default = self.expression(value)
            if ranges:
                low, high = _trees(ranges[0])
                bounds = ast.Range(
                    self.expression(low), self.expression(high), self.span(ranges[0])
                )
        return ast.Parameter(self.name(name), default, bounds, self.span(tree))

    # --- members of an arch ---------------------------------------------------------------

    def target(self, tree: Any) -> ast.Target:
        name, *rest = tree.children
        return ast.Target(self.name(name), self._optional(rest), self.span(tree))

    def rounding(self, tree: Any) -> ast.Rounding:
        return ast.Rounding(self.arguments(tree.children[0]), self.span(tree))

    def require(self, tree: Any) -> ast.Require:
        return ast.Require(tuple(map(self.budget, _trees(tree))), self.span(tree))

    def budget(self, tree: Any) -> ast.Budget:
        quantity, comparison, limit = tree.children
        span = self.span(quantity)
        name = ast.Name(".".join(map(str, quantity.children)), span)
        return ast.Budget(name, str(comparison), self.expression(limit), self.span(tree))

    def input(self, tree: Any) -> ast.Input:
        name, shape = tree.children
        return ast.Input(self.name(name), self.expression(shape), self.span(tree))

    def stage(self, tree: Any) -> ast.Stage:
        doc, (name, *rest) = self._doc(tree)
        arguments = self.arguments(rest[0]) if len(rest) == 2 else ()
        return ast.Stage(self.name(name), arguments, self.body(rest[-1]), doc, self.span(tree))

    def head(self, tree: Any) -> ast.Head:
        _, (body,) = self._doc(tree)
        return ast.Head(self.body(body), self.span(tree))

    # --- statements -----------------------------------------------------------------------

    def body(self, tree: Any) -> ast.Body:
        return ast.Body(tuple(map(self.statement, _trees(tree))), self.span(tree))

    def statement(self, tree: Any) -> ast.Statement:
        return self.call(tree) if tree.data == "call" else self.conditional(tree)

    def call(self, tree: Any) -> ast.Call:
        name, *rest = tree.children
        arguments: tuple[ast.Argument, ...] = ()
        if rest and rest[0].data == "arguments":
            arguments = self.arguments(rest.pop(0))
        bodies = tuple(map(self.body, rest))
        return ast.Call(self.name(name), arguments, bodies, self.span(tree))

    def conditional(self, tree: Any) -> ast.If:
        condition, body, *rest = _trees(tree)
        branches = [(self.expression(condition), self.body(body))]
        otherwise: ast.Body | None = None
        for child in rest:
            parts = _trees(child)
            if child.data == "elif":
                branches.append((self.expression(parts[0]), self.body(parts[1])))
            else:
                otherwise = self.body(parts[0])
        return ast.If(tuple(branches), otherwise, self.span(tree))

    # --- expressions ----------------------------------------------------------------------

    def arguments(self, tree: Any) -> tuple[ast.Argument, ...]:
        return tuple(map(self.argument, self._bounded(tree, "a call has", "arguments")))

    def argument(self, tree: Any) -> ast.Argument:
        if tree.data == "keyword_argument":
            name, value = tree.children
            return ast.Argument(self.name(name), self.expression(value), self.span(tree))
        return ast.Argument(None, self.expression(tree), self.span(tree))

    def expression(self, tree: Any) -> ast.Expression:
        kind, span = str(tree.data), self.span(tree)
        if kind == "number":
            return ast.Number(str(tree.children[0]), span)
        if kind == "reference":
            name, *rest = tree.children
            arguments = self.arguments(rest[0]) if rest else None
            return ast.Reference(self.name(name), arguments, span)
        if kind == "group":
            return self.expression(tree.children[0])
        if kind == "feature":
            return ast.Feature(self.name(tree.children[0]), span)
        if kind == "braces":
            return ast.Braces(self.body(tree.children[0]), span)
        if kind == "list":
            return ast.ListOf(tuple(map(self.expression, tree.children)), span)
        if kind == "minus":
            return ast.Minus(self.expression(tree.children[-1]), span)
        if kind == "negation":
            return ast.Not(self.expression(tree.children[0]), span)
        operands = tuple(
            self.expression(child) for child in tree.children if isinstance(child, Tree)
        )
        signs = tuple(str(child) for child in tree.children if isinstance(child, Token))
        implied = {"size": "x", "and": "and", "or": "or"}
        operators = signs or (implied[kind],) * (len(operands) - 1)
        return ast.Operation(operators, operands, span)

    # --- helpers --------------------------------------------------------------------------

    def _bounded(self, tree: Any, subject: str, what: str) -> list[Any]:
        """The parts of a list in parentheses.

        Raises:
            Rejected: there are more than `limits.arguments`.
        """
        parts, most = _trees(tree), self.limits.arguments
        if len(parts) > most:
            raise reject(
                LIMIT,
                f"{subject} at most {most:,} {what}, not {len(parts):,}",
                self.span(parts[most]),
                label="one too many",
                help="`--limit arguments=N` moves the bound",
            )
        return parts

    def _optional(self, rest: list[Any]) -> tuple[ast.Argument, ...]:
        return self.arguments(rest[0]) if rest else ()

    def _doc(self, tree: Any) -> tuple[str, list[Any]]:
        children: list[Any] = list(tree.children)
        if children and isinstance(children[0], Token) and children[0].type == "DOC":
            return str(children[0])[3:-3].strip(), children[1:]
        return "", children


def _trees(tree: Any) -> list[Any]:
    return [child for child in tree.children if isinstance(child, Tree)]
