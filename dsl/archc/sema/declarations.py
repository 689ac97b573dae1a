"""What an arch declares beside its stages: its inputs, rounding, target and budgets."""

import re
from fractions import Fraction

from archc.diagnostics.codes import ARGUMENTS, LIMIT, NUMBER, TARGET, VALUE
from archc.diagnostics.model import Edit, Label, Reporter, make, reject
from archc.limits import Limits
from archc.ops.base import Shape
from archc.rounding import Rounding
from archc.sema.callees import Given
from archc.sema.evaluate import Evaluator
from archc.sema.model import BudgetRequest, TargetRequest
from archc.sema.origin import causes_of, listed
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import BYTE_UNITS, literal, split_unit
from archc.values import Items, Size, describe, show

TARGET_ARGUMENTS = ("allow", "io", "board", "build")


class Declarations:
    """Evaluates declarations. All raise `Rejected` or `Poisoned` where one has no value."""

    def __init__(self, limits: Limits, reporter: Reporter) -> None:
        self.limits = limits
        self.reporter = reporter
        self.evaluator = Evaluator(limits, reporter)

    def shape(self, member: ast.Input, scope: Scope) -> Shape:
        """The shape of the input, the batch excluded."""
        value = self.evaluator.value(member.shape, scope)
        if isinstance(value, Items):
            raise listed(Given(value, member.shape.span, None, (member.shape, scope)))
        extents = value.extents if isinstance(value, Size) else (value,)
        whole = [
            extent.numerator
            for extent in extents
            if isinstance(extent, Fraction) and extent.denominator == 1 and extent >= 1
        ]
        if len(whole) != len(extents):
            raise reject(
                VALUE,
                "the shape of an input must consist of whole numbers of at least 1, not "
                f"{describe(value)}",
                member.shape.span,
                related=causes_of(member.shape, scope),
                help="write rows x columns x channels, such as 64 x 256 x 1",
            )
        if len(whole) > self.limits.rank:
            raise reject(
                LIMIT,
                f"a tensor has at most {self.limits.rank} axes, not counting the batch",
                member.shape.span,
            )
        if any(extent > self.limits.dimension for extent in whole):
            raise reject(
                LIMIT,
                f"an axis has at most {self.limits.dimension:,} elements",
                member.shape.span,
            )
        return tuple(whole)

    def rounding(self, member: ast.Rounding, scope: Scope) -> Rounding:
        rounding = Rounding()
        given = self.keywords(member.arguments, ("divisor", "keep"), "rounding")
        if "divisor" in given:
            divisor = self.evaluator.number(given["divisor"], scope)
            if divisor.denominator != 1 or not 1 <= divisor <= 65536:
                raise reject(
                    VALUE,
                    f"`divisor` must be a whole number from 1 to 65536, not {show(divisor)}",
                    given["divisor"].span,
                    help="accelerators want multiples of 8: `rounding(divisor = 8)`",
                )
            rounding = rounding._replace(divisor=divisor.numerator)
        if "keep" in given:
            keep = self.evaluator.number(given["keep"], scope)
            if not 0 <= keep <= 1:
                raise reject(
                    VALUE,
                    f"`keep` must be a share from 0 to 1, not {show(keep)}",
                    given["keep"].span,
                    help="MobileNetV2 uses `keep = 0.9`: never lose more than 10 %",
                )
            rounding = rounding._replace(keep=keep)
        return rounding

    def keywords(
        self, arguments: tuple[ast.Argument, ...], known: tuple[str, ...], owner: str
    ) -> dict[str, ast.Expression]:
        """Arguments of a declaration, which are all given by name."""
        given: dict[str, ast.Expression] = {}
        for argument in arguments:
            if argument.name is None and isinstance(argument.value, ast.Hole):
                continue
            if argument.name is None:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"arguments of `{owner}` are given by name",
                        argument.span,
                        help=f"write `{owner}({known[0]} = {argument.span.text})`"
                        if len(arguments) == 1
                        else "write `NAME = VALUE`",
                        notes=[f"they are {', '.join(known)}"],
                    )
                )
            elif argument.name.text not in known:
                from archc.diagnostics.nearest import propose

                near = propose(argument.name.text, argument.name.span, known)
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{owner}` has no argument `{argument.name.text}`",
                        argument.name.span,
                        help=near.help or f"write `{owner}({known[0]} = ...)`",
                        edits=near.edits,
                        notes=[f"its arguments are {', '.join(known)}"],
                    )
                )
            elif argument.name.text in given:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{argument.name.text}` is given twice",
                        argument.span,
                        related=[Label(given[argument.name.text].span, "first here")],
                        help="remove one of them",
                    )
                )
            else:
                given[argument.name.text] = argument.value
        return given

    def target(self, member: ast.Target) -> TargetRequest:
        given = self.keywords(member.arguments, TARGET_ARGUMENTS, member.name.text)
        allow: list[ast.Name] = []
        if "allow" in given:
            listed = given["allow"]
            if isinstance(listed, ast.ListOf):
                allow = [self.plain_name(item, "allow") for item in listed.items]
            else:
                raise reject(
                    TARGET,
                    "`allow` takes a list of names",
                    listed.span,
                    help="write `allow = [softmax]`",
                )
        io, board, build = (
            self.plain_name(given[name], name) if name in given else None
            for name in ("io", "board", "build")
        )
        return TargetRequest(member.name, tuple(allow), io, board, build)

    def plain_name(self, expression: ast.Expression, owner: str) -> ast.Name:
        if isinstance(expression, ast.Reference) and expression.arguments is None:
            return expression.name
        text = expression.span.text
        if owner != "allow" and re.fullmatch(r"[\w-]{1,48}", text):
            return ast.Name(
                text, expression.span
            )  # `stm32n6570-dk`, of which the target knows more
        raise reject(
            TARGET,
            f"`{owner}` takes names",
            expression.span,
            help="write `allow = [softmax, relu]`"
            if owner == "allow"
            else f"write `{owner} = NAME`",
        )

    def budget(self, budget: ast.Budget, scope: Scope) -> BudgetRequest:
        name, limit = budget.quantity, budget.limit
        if isinstance(limit, ast.Operation) and joined(limit):
            raise reject(
                VALUE,
                "budgets are separated by commas",
                budget.span,
                help=f"write a `,` instead of `{limit.operators[0]}`",
            )
        if budget.comparison != "<=":
            raise reject(
                VALUE,
                f"a budget is an upper bound, not `{budget.comparison}`",
                budget.span,
                help=f"write `{name.text} <= {limit.span.text}`"
                if budget.comparison in ("<", "==")
                else "nothing can be required to be large; write `QUANTITY <= LIMIT`",
                edits=[Edit(Span(name.span.source, name.span.end, limit.span.start), " <= ")]
                if budget.comparison in ("<", "==")
                else [],
            )
        in_bytes = isinstance(limit, ast.Number) and split_unit(limit.text)[1] in BYTE_UNITS
        if isinstance(limit, ast.Number):
            value = literal(limit.text, limit.span, self.limits)
        else:
            value = self.evaluator.number(limit, scope)
        if value < 0:
            raise reject(
                NUMBER,
                f"a budget is a number from 0, not {show(value)}",
                limit.span,
                help="units make large ones short: `30 M`, `512 KiB`",
            )
        whole = value.numerator if value.denominator == 1 else value
        return BudgetRequest(name, whole, limit.span, in_bytes)


def joined(limit: ast.Expression) -> bool:
    """Whether a limit is that of two budgets: `macs <= 1 M and params <= 60 k`."""
    return isinstance(limit, ast.Operation) and limit.operators[0] in ("and", "or")
