"""Expressions to values, exactly."""

from collections.abc import Callable
from fractions import Fraction

from archc.diagnostics.codes import LIMIT, MAP, NUMBER, UNKNOWN_NAME, VALUE
from archc.diagnostics.model import Diagnostic, Label, Rejected, Reporter, make, reject
from archc.diagnostics.nearest import propose
from archc.diagnostics.text import joined
from archc.limits import Limits
from archc.ops.arguments import Arg
from archc.sema import callees, matching
from archc.sema.callees import BAD, Callee, Given
from archc.sema.scope import FUNCTIONS, Scope
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import BYTE_UNITS, bounded, literal, split_unit, too_long
from archc.typed import Any
from archc.values import (
    Exact,
    Items,
    Map,
    Plain,
    Size,
    Unfit,
    describe,
    elementwise,
    larger,
    nearest_whole,
    show,
    smaller,
    unwrapped,
    whole,
)


def causes_of(expression: ast.Expression, scope: Scope) -> tuple[Label, ...]:
    """What the names in an expression are, each where it was set; see `origin`."""
    from archc.sema import origin

    return origin.causes_of(expression, scope)


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


class Evaluator:
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

    def truth(self, expression: ast.Expression, scope: Scope) -> bool:
        """The value of a condition.

        Raises:
            Rejected: it is not true or false.
        """
        value = self.value(expression, scope)
        if not isinstance(value, bool):
            raise reject(
                VALUE,
                f"a condition must be true or false, not {describe(value)}",
                expression.span,
                related=causes_of(expression, scope),
                help="compare it, as in `stride == 1`",
            )
        return value

    def number(self, expression: ast.Expression, scope: Scope) -> Fraction:
        """The value of an expression that has to be a number.

        Raises:
            Rejected: it is not one.
        """
        value = self.value(expression, scope)
        if not isinstance(value, Fraction):
            raise reject(
                VALUE,
                f"this has to be a number, not {describe(value)}",
                expression.span,
                related=causes_of(expression, scope),
                help="write a number, or a parameter that is one",
            )
        return value

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

    # --- operations -----------------------------------------------------------------------

    def operation(self, expression: ast.Operation, scope: Scope) -> object:
        first, *rest = expression.operands
        kind = expression.operators[0]
        if kind in ("and", "or"):
            for operand in expression.operands:
                if self.truth(operand, scope) is (kind == "or"):
                    return kind == "or"
            return kind == "and"
        if kind == "x":
            return self.size(expression, scope)
        if kind == "**":
            return self.power(expression, scope)
        if kind in COMPARISONS:
            return self.comparison(kind, expression, scope)
        value = self.value(first, scope)
        for sign, operand in zip(expression.operators, rest, strict=True):
            value = self.arithmetic(sign, value, operand, scope, expression)
        return value

    def arithmetic(
        self,
        sign: str,
        left: object,
        operand: ast.Expression,
        scope: Scope,
        whole: ast.Operation | ast.Minus,
    ) -> Fraction | Size:
        right, span = self.value(operand, scope), whole.span
        if sign == "/" and (
            right == 0 or (isinstance(right, Size) and any(e == 0 for e in right.extents))
        ):
            raise reject(
                NUMBER,
                "this divides by zero",
                operand.span,
                related=causes_of(operand, scope),
                help="`max(..., 1)` keeps it above 0",
            )
        try:
            value = elementwise(ARITHMETIC[sign], left, right)
        except Unfit as unfit:
            raise reject(
                VALUE,
                str(unfit),
                span,
                related=causes_of(whole, scope),
                help="both sides are numbers, or sizes of as many extents",
            ) from None
        return self.bounded(value, span)

    def bounded(self, value: Fraction | Size, span: Span) -> Fraction | Size:
        for extent in value.extents if isinstance(value, Size) else (value,):
            bounded(extent, span, self.limits)
        return value

    def power(self, expression: ast.Operation, scope: Scope) -> Fraction:
        """`2 ** repeat.index`."""
        base, exponent = (self.number(operand, scope) for operand in expression.operands)
        if exponent.denominator != 1 or exponent < 0:
            raise reject(
                NUMBER,
                f"an exponent is a whole number from 0, not {show(exponent)}",
                expression.operands[1].span,
                related=causes_of(expression.operands[1], scope),
                help="`/` divides: `1 / 2 ** n`",
            )
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if bits > 1 and (bits - 1) * exponent > self.limits.digits * 10 // 3:
            raise too_long(expression.span, self.limits)
        return bounded(base**exponent.numerator, expression.span, self.limits)

    def size(self, expression: ast.Operation, scope: Scope) -> Size:
        extents: list[Fraction] = []
        for operand in expression.operands:
            value = self.value(operand, scope)
            if isinstance(value, Size):
                extents.extend(value.extents)
            elif isinstance(value, Fraction):
                extents.append(value)
            else:
                raise reject(
                    VALUE,
                    f"a size must consist of numbers, not {describe(value)}",
                    operand.span,
                    related=causes_of(operand, scope),
                    help="write `rows x columns`, as in `3 x 3`",
                )
        if len(extents) > 8:
            raise reject(
                VALUE,
                "a size has at most 8 extents",
                expression.span,
                help="`x` makes sizes; `*` multiplies",
            )
        return Size(tuple(extents))

    def comparison(self, kind: str, expression: ast.Operation, scope: Scope) -> bool:
        left, right = (unwrapped(self.value(o, scope)) for o in expression.operands)
        if kind in ("==", "!="):
            if isinstance(left, Callee) or isinstance(right, Callee):
                odd = left if isinstance(left, Callee) else right
                raise reject(
                    VALUE,
                    f"{describe(odd)} cannot be compared",
                    expression.span,
                    related=causes_of(expression, scope),
                    help="compare numbers, sizes or choices; a variant can be a parameter",
                )
            return equal(left, right) is (kind == "==")
        if not (isinstance(left, Fraction) and isinstance(right, Fraction)):
            odd = right if isinstance(left, Fraction) else left
            raise reject(
                VALUE,
                f"`{kind}` compares numbers, not {describe(odd)}",
                expression.span,
                related=causes_of(expression, scope),
                help="sizes are equal or not: compare `in.height` or `in.width`",
            )
        return COMPARISONS[kind](left, right)

    # --- functions ------------------------------------------------------------------------

    def function(self, expression: ast.Reference, scope: Scope) -> Fraction | Size | Exact:
        name, arguments = expression.name.text, expression.arguments
        if arguments is None or any(argument.name for argument in arguments):
            raise reject(
                VALUE,
                f"`{name}` is a function of numbers",
                expression.span,
                help=f"write `{name}(a)`" if name not in ("min", "max") else f"`{name}(a, b)`",
            )
        many = name in ("min", "max")
        if not arguments or (len(arguments) != 1 and not many):
            raise reject(
                VALUE,
                f"`{name}` takes {'numbers' if many else 'one number'}",
                expression.span,
                help=f"write `{name}(a, b)`" if many else f"write `{name}(a)`",
            )
        values = [self.value(argument.value, scope) for argument in arguments]
        if name == "exact":
            width = unwrapped(values[0])
            if not isinstance(width, Fraction):
                raise reject(
                    VALUE,
                    f"`exact` takes a width, not {describe(width)}",
                    expression.span,
                    related=causes_of(expression, scope),
                    help="write how many channels, as in `exact(12)`",
                )
            return Exact(width)
        try:
            if many:
                best = values[0]
                for value in values[1:]:
                    best = elementwise(larger if name == "max" else smaller, best, value)
                if len(values) == 1:
                    best = elementwise(larger, best, best)
                assert isinstance(best, Fraction | Size)
                return best
            rounded = ROUNDINGS[name]
            return elementwise(lambda value, _: rounded(value), values[0], Fraction(0))
        except Unfit as unfit:
            raise reject(
                VALUE, str(unfit), expression.span, help=f"`{name}` takes numbers, or sizes alike"
            ) from None


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


def equal(left: object, right: object) -> bool:
    """Equality; a number equals a size whose every extent it equals."""
    if isinstance(left, Fraction) and isinstance(right, Size):
        left, right = right, left
    if isinstance(left, Size) and isinstance(right, Fraction):
        return all(extent == right for extent in left.extents)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    return type(left) is type(right) and left == right


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


ARITHMETIC: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
ROUNDINGS: dict[str, Callable[[Fraction], Fraction]] = {
    "round": nearest_whole,
    "floor": lambda value: whole(value.__floor__()),
    "ceil": lambda value: whole(value.__ceil__()),
}
