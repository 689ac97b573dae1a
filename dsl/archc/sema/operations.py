"""Operators and functions of the language on values, exactly."""

from collections.abc import Callable
from fractions import Fraction

from archc.diagnostics.codes import NUMBER, VALUE
from archc.diagnostics.model import Label, reject
from archc.limits import Limits
from archc.sema.callees import Callee
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import bounded, too_long
from archc.values import (
    Exact,
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


class Operations:
    """What an evaluator does with the values of operands."""

    limits: Limits

    def value(self, expression: ast.Expression, scope: Scope) -> object:
        """The value of an expression; see `Evaluator`."""
        raise NotImplementedError

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
                best, *others = values
                for value in others or [best]:  # one alone has to be a number too
                    best = elementwise(larger if name == "max" else smaller, best, value)
                assert isinstance(best, Fraction | Size)
                return best
            rounded = ROUNDINGS[name]
            return elementwise(lambda value, _: rounded(value), values[0], Fraction(0))
        except Unfit as unfit:
            raise reject(
                VALUE, str(unfit), expression.span, help=f"`{name}` takes numbers, or sizes alike"
            ) from None


def equal(left: object, right: object) -> bool:
    """Equality; a number equals a size whose every extent it equals."""
    if isinstance(left, Fraction) and isinstance(right, Size):
        left, right = right, left
    if isinstance(left, Size) and isinstance(right, Fraction):
        return all(extent == right for extent in left.extents)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    return type(left) is type(right) and left == right


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
