"""Expressions to values, exactly: names, calls and maps; `operations` has the rest."""

from fractions import Fraction

from archc.diagnostics.codes import LIMIT, MAP, NUMBER, UNKNOWN_NAME, VALUE
from archc.diagnostics.model import Diagnostic, Rejected, Reporter, make, reject
from archc.diagnostics.text import joined
from archc.limits import Limits
from archc.ops.arguments import Arg
from archc.sema import callees, matching
from archc.sema.callees import BAD, Callee, Given
from archc.sema.operations import Operations, causes_of
from archc.sema.scope import FUNCTIONS, Scope
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import BYTE_UNITS, literal, split_unit
from archc.typed import Any
from archc.values import Items, Map, Plain, Size, describe, whole


class Poisoned(Exception):
    """An expression reads a value whose fault has been reported already."""


class Exhausted(Exception):
    """A bound on work is reached, so that nothing after it would be true."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def exhausted(message: str, span: Span, limit: str, *, label: str = "") -> Exhausted:
    """The exception for a bound, which its help names."""
    help = f"`--limit {limit}=N` changes the limit"
    return Exhausted(make(LIMIT, message, span, label=label, help=help))


FEATURES = ("channels", "height", "width", "size")
REPEAT = ("index", "count")


class Evaluator(Operations):
    """Evaluates expressions of one arch, counting its work."""

    def __init__(self, limits: Limits, reporter: Reporter) -> None:
        self.limits = limits
        self.reporter = reporter
        self.steps = 0

    def told(self, span: Span) -> bool:
        """Whether the check of declarations has said of a name that it is a map somewhere else."""
        return any(
            found.code == MAP.name and found.span == span for found in self.reporter.diagnostics
        )

    def tick(self, span: Span) -> None:
        """Count one step of work.

        Raises:
            Exhausted: the arch has done more than `limits.steps`.
        """
        self.steps += 1
        if self.steps > self.limits.steps:
            raise exhausted(
                f"this arch takes more than {self.limits.steps:,} steps to expand",
                span,
                "steps",
                label="still running here; a block may call more than was meant",
            )

    def given(self, expression: ast.Expression, scope: Scope) -> Given:
        """The value of an argument; `BAD`, and a report, where it has none."""
        hint = plain_name(expression)
        try:
            value = self.value(expression, scope)
            return Given(value, expression.span, hint, (expression, scope))
        except Rejected as rejected:
            self.reporter.add(rejected.diagnostic)
        except Poisoned:
            pass
        return Given(BAD, expression.span, hint)

    def value(self, expression: ast.Expression, scope: Scope) -> object:
        """The value of an expression: a plain value or a `Callee`.

        Raises:
            Rejected: it has none.
            Poisoned: it depends on something that was rejected.
        """
        self.tick(expression.span)
        if isinstance(expression, ast.Number):
            if expression.text.endswith("B") and split_unit(expression.text)[1] in BYTE_UNITS:
                raise reject(
                    NUMBER,
                    "a byte unit is not allowed here",
                    expression.span,
                    help="only the limit of a budget on bytes takes one, without arithmetic: "
                    "`require peak_activation_bytes <= 512 KiB`",
                )
            return literal(expression.text, expression.span, self.limits)
        if isinstance(expression, ast.Reference):
            return self.reference(expression, scope)
        if isinstance(expression, ast.Feature):
            return self.feature(expression, scope)
        if isinstance(expression, ast.Hole):
            raise Poisoned
        if isinstance(expression, ast.Braces):
            return callees.braces(expression.body, scope)
        if isinstance(expression, ast.Minus):
            return self.arithmetic("-", Fraction(0), expression.operand, scope, expression)
        if isinstance(expression, ast.Not):
            return not self.truth(expression.operand, scope)
        if isinstance(expression, ast.ListOf):
            return Items(tuple([self.value(item, scope) for item in expression.items]))
        if isinstance(expression, ast.Property):
            return self.property(expression, scope)
        if isinstance(expression, ast.Item):
            return self.item(expression, scope)
        if isinstance(expression, ast.Choice):
            holds = self.truth(expression.condition, scope)
            return self.value(expression.value if holds else expression.otherwise, scope)
        if isinstance(expression, ast.Known):
            return expression.value
        return self.operation(expression, scope)

    # --- names ----------------------------------------------------------------------------

    def reference(self, expression: ast.Reference, scope: Scope) -> object:
        name = expression.name
        value = scope.lookup(name.text, name.span)
        if value is BAD:
            raise Poisoned
        if value is None:
            if name.text in FUNCTIONS:
                return self.function(expression, scope)
            if self.told(name.span):
                raise Poisoned
            raise unknown(expression, scope)
        if expression.arguments is None:
            return value
        if not isinstance(value, Callee):
            raise reject(
                VALUE,
                f"`{name.text}` is {describe(value)} and takes no arguments",
                expression.span,
                help=f"write `{name.text}` alone, or `*` to multiply",
            )
        return self.bind(value, name, expression.arguments, scope)

    def bind(
        self, callee: Callee, name: ast.Name, arguments: tuple[ast.Argument, ...], scope: Scope
    ) -> Callee:
        """The callee with more arguments bound.

        Raises:
            Exhausted: more is bound in it than `limits.bindings`.
            Poisoned: an argument does not fit, which is reported.
        """
        if callee.kind == "block" and any(slot.name.startswith(ast.HOLE) for slot in callee.slots):
            raise Poisoned  # its parameters could not be read
        if not arguments:
            return callee
        matched, problems = matching.match(callee, name, arguments)
        self.reporter.extend(problems)
        bound, weight = dict(callee.bound), callee.weight
        for slot, argument in matched:
            given = bound[slot] = self.given(argument.value, scope)
            weight += 1 + (given.value.weight if isinstance(given.value, Callee) else 0)
        if weight > self.limits.bindings:
            raise exhausted(
                f"more than {self.limits.bindings:,} arguments are bound in this value, "
                "one within another",
                name.span,
                "bindings",
            )
        if problems or any(isinstance(argument.value, ast.Hole) for argument in arguments):
            raise Poisoned
        return callee._replace(bound=bound, weight=weight)

    def property(self, expression: ast.Property, scope: Scope) -> Plain:
        """A property of a named map, or which repeat this is."""
        base, name = expression.base, expression.property
        value = scope.lookup(base.text, base.span)
        if value is BAD:
            raise Poisoned
        if isinstance(value, Map):
            if value.shape is None:
                raise Poisoned
            return self.measure(value.shape, base.text, name, expression.span)
        if base.text == "repeat":
            return self.repeat(name, scope)
        if value is None and self.told(base.span):
            raise Poisoned
        if value is None:
            raise unknown(ast.Reference(base, None, base.span), scope)
        raise reject(
            VALUE,
            f"`{base.text}` is {describe(value)}, which has no `{name.text}`",
            expression.span,
            related=causes_of(ast.Reference(base, None, base.span), scope),
            help="maps have `channels`, `height`, `width` and `size`, such as `in.channels`",
        )

    def repeat(self, name: ast.Name, scope: Scope) -> Fraction:
        if name.text not in REPEAT:
            from archc.diagnostics.nearest import propose

            near = propose(name.text, name.span, REPEAT)
            raise reject(
                UNKNOWN_NAME,
                f"`repeat` has no `{name.text}`",
                name.span,
                help=near.help or "it has `repeat.index`, from 0, and `repeat.count`",
                edits=near.edits,
            )
        repeating = scope.repeating()
        if repeating is None:
            raise reject(
                VALUE,
                "`repeat` is the repeat of a stage, and this stands in none",
                name.span,
                help="use it in the braces of a stage, and give it to blocks as an argument",
            )
        return Fraction(repeating[REPEAT.index(name.text)])

    def item(self, expression: ast.Item, scope: Scope) -> object:
        listed = self.value(expression.list, scope)
        if not isinstance(listed, Items):
            raise reject(
                VALUE,
                f"only lists have elements, and this is {describe(listed)}",
                expression.list.span,
                related=causes_of(expression.list, scope),
                help="write a list such as `[16, 24, 32]`",
            )
        index = self.value(expression.index, scope)
        most = len(listed.items) - 1
        if not isinstance(index, Fraction) or index.denominator != 1 or not 0 <= index <= most:
            raise reject(
                VALUE,
                f"the elements of this list are numbered from 0 to {most}, "
                f"and this is {describe(index)}",
                expression.index.span,
                related=causes_of(expression.index, scope),
                help="give the list an element for it, or count from 0",
            )
        return listed.items[index.numerator]

    def feature(self, expression: ast.Feature, scope: Scope) -> Plain:
        feature, name = scope.feature, expression.property
        if feature is BAD:
            raise Poisoned
        if feature is None and name.text in FEATURES:
            raise reject(
                VALUE,
                "`in` is the feature map that enters a block, and none does here",
                expression.span,
                help="use it in a stage, the head or a block",
            )
        return self.measure(feature, "in", name, expression.span)

    def measure(self, feature: object, base: str, property: ast.Name, span: Span) -> Plain:
        """A property of a map, which goes by some name."""
        name = property.text
        if name not in FEATURES:
            from archc.diagnostics.nearest import propose

            near = propose(name, property.span, FEATURES)
            raise reject(
                UNKNOWN_NAME,
                f"a feature map has no `{name}`",
                property.span,
                help=near.help or f"it has {joined([f'`{base}.{one}`' for one in FEATURES])}",
                edits=near.edits,
            )
        assert isinstance(feature, tuple)
        if name == "channels":
            return whole(feature[-1])
        if len(feature) != 3:
            raise reject(
                VALUE,
                f"a vector of {feature[-1]} has no {name}",
                span,
                label="what enters here is not a feature map"
                if base == "in"
                else "this is not a feature map",
                help="`global_average_pool(keepdims = true)` keeps a 1x1 feature map",
            )
        if name == "size":
            return Size((whole(feature[0]), whole(feature[1])))
        return whole(feature[0] if name == "height" else feature[1])


def plain_name(expression: ast.Expression) -> str | None:
    """The name an argument was written as: `channels`, `exact(channels)`, `in.channels`."""
    if isinstance(expression, ast.Feature):
        return f"in_{expression.property.text}"
    if isinstance(expression, ast.Property):
        return f"{expression.base.text}_{expression.property.text}"
    if not isinstance(expression, ast.Reference):
        return None
    if expression.arguments is None:
        return expression.name.text
    if expression.name.text == "exact" and len(expression.arguments) == 1:
        return plain_name(expression.arguments[0].value)
    return None


def unknown(reference: ast.Reference, scope: Scope, argument: Arg[Any] | None = None) -> Rejected:
    """The rejection of a name that nothing declares; ``argument`` is that of an operator, if the
    name is given to one."""
    from archc.sema import foreign

    said = foreign.value(reference, scope, argument)
    return reject(
        UNKNOWN_NAME,
        said.message,
        reference.name.span,
        label="not found",
        help=said.help,
        edits=said.edits,
    )
