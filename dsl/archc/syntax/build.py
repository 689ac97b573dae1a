"""Tree to AST. Every rule of the grammar has one method of its name.

Of a text with syntax errors the tree is a guess in places (`recovery`). There the AST has holes:
the innermost value, argument, statement or member that the guess is part of.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import reject
from archc.limits import Limits
from archc.source import Source, Span, reworded
from archc.syntax import ast
from archc.syntax.lalr import Made, Token, Tree
from archc.typed import Any


class Builder:
    """Builds the AST of one source. Recursion is bounded, since nesting of the text is.

    Every method raises `Rejected` where the source is beyond a bound.

    Attributes:
        guessed: where the tokens are a guess, ascending: twice the number of a token for what may
            be missing before it, and one more for the token itself.
        tokens: those of a text with syntax errors.
        fixed: the numbers of those that are not as they stand in the text.
        whole: whether all declarations of the file were found.
    """

    def __init__(
        self,
        source: Source,
        limits: Limits,
        guessed: list[int] | None = None,
        tokens: Sequence[Token] = (),
    ) -> None:
        self.source = source
        self.limits = limits
        self.guessed = guessed or []
        self.tokens = tokens
        self.fixed = [
            number
            for number, token in enumerate(tokens)
            if token.text != source.text[token.start : token.end]
        ]
        self.whole = True

    # --- positions ------------------------------------------------------------------------

    def span(self, tree: Any) -> Span:
        span = Span(self.source, tree.start, tree.end)
        if self.fixed and bisect_left(self.fixed, tree.first) < bisect_left(self.fixed, tree.last):
            from archc.syntax.grouping import worded

            return reworded(span, worded(self.source, self.tokens, tree.first, tree.last))
        return span

    def name(self, token: Token) -> ast.Name:
        span = Span(self.source, token.start, token.end)
        if type(token) is Made and not token.text:
            return ast.Name(f"{ast.HOLE}{token.start}", span)
        return ast.Name(token.text, span)

    # --- holes ----------------------------------------------------------------------------

    def damage(self, tree: Any) -> list[int]:
        """Where a tree is a guess."""
        if not self.guessed:
            return self.guessed
        low = bisect_right(self.guessed, 2 * tree.first)
        return self.guessed[low : bisect_left(self.guessed, 2 * tree.last)]

    def own(self, tree: Any, parts: list[Any]) -> list[int]:
        """Where a tree is a guess and none of its parts is, which see to theirs."""
        damage = self.damage(tree)
        if not damage:
            return damage
        return [at for at in damage if not any(2 * p.first < at < 2 * p.last for p in parts)]

    def hole(self, tree: Any) -> ast.Hole:
        return ast.Hole(self.span(tree))

    def with_hole(self, parts: list[Any], built: list[Any], tree: Any, damage: list[int]) -> None:
        """Put a hole among what was built of parts, where the first damage is."""
        if damage:
            count = sum(2 * part.last <= damage[0] for part in parts)
            built.insert(count, self.hole(tree))

    # --- declarations ---------------------------------------------------------------------

    def file(self, tree: Any) -> ast.File:
        uses: list[ast.Use] = []
        archs: list[ast.Arch | ast.Derived] = []
        blocks: list[ast.Block] = []
        parts = _trees(tree)
        whole = not any(type(part.children[0]) is Made for part in parts if part.data == "use")
        for child in parts:
            if child.data == "use" and self.damage(child):
                continue
            if child.data == "derived" and self.own(child, _trees(child)):
                whole = False  # it may be something else
            elif child.data == "use":
                uses.append(ast.Use(child.children[0].text[1:-1], self.span(child)))
            elif child.data == "block":
                blocks.append(self.block(child))
            else:
                archs.append(self.arch(child) if child.data == "arch" else self.derived(child))
        whole = whole and not any(self.lost(part) for part in parts if part.data != "use")
        if self.guessed:
            inside = sum(len(self.damage(part)) for part in parts)
            whole = whole and inside == len(self.guessed)
        self.whole = whole
        return ast.File(self.source, tuple(uses), tuple(archs), tuple(blocks))

    def lost(self, tree: Any) -> bool:
        """Whether a declaration has a name that could not be read."""
        name = self._doc(tree)[1][0]
        if not self.name(name).hole:
            return False
        keyword = self.tokens[tree.first + (tree.children[0] is not name)]
        return type(keyword) is not Made  # then it was put around statements

    def arch(self, tree: Any) -> ast.Arch:
        doc, (name, *rest) = self._doc(tree)
        parameters: tuple[ast.Parameter, ...] = ()
        behind_name = 2 * (tree.first + len(tree.children) - len(rest) + 1)
        damage = [at for at in self.own(tree, rest) if at >= behind_name]
        if rest and rest[0].data == "parameters":
            parameters = self.parameters(rest.pop(0))
        members = [self.member(member) for member in rest]
        self.with_hole(rest, members, tree, damage)
        return ast.Arch(self.name(name), parameters, tuple(members), doc, self.span(tree))

    def derived(self, tree: Any) -> ast.Derived:
        doc, (name, base, *rest) = self._doc(tree)
        arguments = self.arguments(rest[0]) if rest else ()
        return ast.Derived(self.name(name), self.name(base), arguments, doc, self.span(tree))

    def block(self, tree: Any) -> ast.Block:
        doc, (name, *rest) = self._doc(tree)
        parameters = self.parameters(rest[0]) if len(rest) == 2 else ()
        if any(at % 2 == 0 for at in self.own(tree, rest)):
            parameters = (self.unknown_parameter(tree), *parameters)
        return ast.Block(self.name(name), parameters, self.body(rest[-1]), doc, self.span(tree))

    def parameters(self, tree: Any) -> tuple[ast.Parameter, ...]:
        parts = self._bounded(tree, "a declaration has", "parameters")
        found = tuple(map(self.parameter, parts))
        left_out = any(at % 2 == 0 for at in self.damage(tree))
        unread = left_out or self.own(tree, parts)
        return (self.unknown_parameter(tree), *found) if unread else found

    def unknown_parameter(self, tree: Any) -> ast.Parameter:
        """A parameter that could not be read, or any number of them."""
        span = self.span(tree)
        return ast.Parameter(ast.Name(f"{ast.HOLE}{span.start}", span), self.hole(tree), None, span)

    def parameter(self, tree: Any) -> ast.Parameter:
        name, *rest = tree.children
        default: ast.Expression | None = None
        bounds: ast.Range | None = None
        if self.damage(tree):
            return ast.Parameter(self.name(name), self.hole(tree), None, self.span(tree))
        if rest:
            value, *ranges = _trees(rest[0])
            default = self.expression(value)
            if ranges:
                low, *more = map(self.expression, _trees(ranges[0]))
                high, step = (*more, None, None)[:2]
                bounds = ast.Range(low, high, self.span(ranges[0]), step)
        return ast.Parameter(self.name(name), default, bounds, self.span(tree))

    # --- members of an arch ---------------------------------------------------------------

    def member(self, tree: Any) -> ast.Member:
        if tree.data in ("target", "rounding", "require") and self.damage(tree):
            return self.hole(tree)
        member: ast.Member = getattr(self, tree.data)(tree)
        return member

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
        name = ast.Name(".".join(part.text for part in quantity.children), span)
        return ast.Budget(name, comparison.text, self.expression(limit), self.span(tree))

    def input(self, tree: Any) -> ast.Input:
        name, shape = tree.children
        return ast.Input(self.name(name), self.value(shape, tree), self.span(tree))

    def stage(self, tree: Any) -> ast.Stage:
        doc, (name, *rest) = self._doc(tree)
        arguments = self.arguments(rest[0]) if len(rest) == 2 else ()
        keyword = self.tokens[tree.first + (tree.children[0] is not name)] if self.guessed else None
        if type(keyword) is Made or any(at % 2 == 0 for at in self.own(tree, rest)):
            arguments = (*arguments, ast.Argument(None, self.hole(tree), self.span(tree)))
        return ast.Stage(self.name(name), arguments, self.body(rest[-1]), doc, self.span(tree))

    def head(self, tree: Any) -> ast.Head:
        _, (body,) = self._doc(tree)
        return ast.Head(self.body(body), self.span(tree))

    def output(self, tree: Any) -> ast.Output:
        doc, children = self._doc(tree)
        name, body = children[-2:]
        return ast.Output(self.name(name), self.body(body), doc, self.span(tree))

    # --- statements -----------------------------------------------------------------------

    def body(self, tree: Any) -> ast.Body:
        parts = _trees(tree)
        statements = list(map(self.statement, parts))
        self.with_hole(parts, statements, tree, self.own(tree, parts))
        return ast.Body(tuple(statements), self.span(tree))

    def statement(self, tree: Any) -> ast.Statement:
        return self.call(tree) if tree.data == "call" else self.conditional(tree)

    def call(self, tree: Any) -> ast.Statement:
        name, *rest = tree.children
        if self.own(tree, rest):
            return self.hole(tree)
        arguments: tuple[ast.Argument, ...] = ()
        if rest and rest[0].data == "arguments":
            arguments = self.arguments(rest.pop(0))
        names: tuple[ast.Name, ...] = ()
        if rest and rest[-1].data == "naming":
            names = tuple(map(self.name, rest.pop().children))
        bodies = tuple(map(self.body, rest))
        return ast.Call(self.name(name), arguments, bodies, self.span(tree), names)

    def conditional(self, tree: Any) -> ast.Statement:
        condition, body, *rest = parts = _trees(tree)
        if self.own(tree, parts):
            return self.hole(tree)
        branches = [(self.value(condition), self.body(body))]
        otherwise: ast.Body | None = None
        for child in rest:
            parts = _trees(child)
            if child.data == "elif":
                branches.append((self.value(parts[0]), self.body(parts[1])))
            else:
                otherwise = self.body(parts[0])
        return ast.If(tuple(branches), otherwise, self.span(tree))

    # --- expressions ----------------------------------------------------------------------

    def arguments(self, tree: Any) -> tuple[ast.Argument, ...]:
        parts = self._bounded(tree, "a call has", "arguments")
        found = tuple(map(self.argument, parts))
        if not self.own(tree, parts):
            return found
        return (*found, ast.Argument(None, self.hole(tree), self.span(tree)))

    def argument(self, tree: Any) -> ast.Argument:
        if tree.data != "keyword_argument":
            return ast.Argument(None, self.value(tree), self.span(tree))
        name, value = tree.children
        named = None if type(name) is Made else self.name(name)
        return ast.Argument(named, self.value(value, tree), self.span(tree))

    def value(self, tree: Any, whole: Any = None) -> ast.Expression:
        """An expression, or a hole where it, or the construct that it is the value of, is a
        guess."""
        return self.hole(tree) if self.damage(whole or tree) else self.expression(tree)

    def expression(self, tree: Any) -> ast.Expression:
        kind, span = tree.data, self.span(tree)
        if kind == "number":
            return ast.Number(tree.children[0].text, span)
        if kind == "reference":
            name, *rest = tree.children
            arguments = self.arguments(rest[0]) if rest else None
            return ast.Reference(self.name(name), arguments, span)
        if kind == "group":
            return self.expression(tree.children[0])
        if kind == "feature":
            return ast.Feature(self.name(tree.children[0]), span)
        if kind == "property":
            base, name = map(self.name, tree.children)
            return ast.Property(base, name, span)
        if kind == "item":
            listed, index = map(self.expression, tree.children)
            return ast.Item(listed, index, span)
        if kind == "choice":
            value, condition, otherwise = map(self.expression, tree.children)
            return ast.Choice(condition, value, otherwise, span)
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
        signs = tuple(child.text for child in tree.children if isinstance(child, Token))
        implied = {"size": "x", "and": "and", "or": "or", "power": "**"}
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
                help="`--limit arguments=N` changes the limit",
            )
        return parts

    def _optional(self, rest: list[Any]) -> tuple[ast.Argument, ...]:
        return self.arguments(rest[0]) if rest else ()

    def _doc(self, tree: Any) -> tuple[str, list[Any]]:
        children: list[Any] = list(tree.children)
        if children and isinstance(children[0], Token) and children[0].kind == "DOC":
            return children[0].text[3:-3].strip(), children[1:]
        return "", children


def _trees(tree: Any) -> list[Any]:
    return [child for child in tree.children if isinstance(child, Tree)]
