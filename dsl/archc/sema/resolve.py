"""Declarations to models: which archs there are, and what their parameters are bound to."""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from archc.diagnostics.codes import (
    ARCH_CYCLE,
    ARGUMENTS,
    LIMIT,
    NUMBER,
    TARGET,
    UNKNOWN_NAME,
    VALUE,
)
from archc.diagnostics.model import Edit, Label, Rejected, Reporter, make, reject
from archc.limits import Limits
from archc.ops.base import Shape
from archc.rounding import Rounding
from archc.sema.callees import BAD, Given
from archc.sema.evaluate import Evaluator, Exhausted, Poisoned
from archc.sema.model import BudgetRequest, Model, TargetRequest
from archc.sema.origin import causes_of, listed
from archc.sema.ranges import in_range
from archc.sema.scope import Module, Scope
from archc.source import Span
from archc.syntax import ast
from archc.syntax.numbers import BYTE_UNITS, literal, split_unit
from archc.typed import NamedTuple, TypeVar
from archc.values import Items, Size, describe, show

T = TypeVar("T")
TARGET_ARGUMENTS = ("allow", "io", "board", "build")


class Setting(NamedTuple):
    """A parameter set from outside: `--set NAME=VALUE`."""

    name: ast.Name
    value: ast.Expression


def resolve(
    module: Module,
    declared: ast.Arch | ast.Derived,
    settings: tuple[Setting, ...],
    limits: Limits,
    reporter: Reporter,
) -> Model | None:
    """The model of one arch of a spec; None, and reports, where it has none."""
    try:
        return Resolver(module, declared, limits, reporter).model(settings)
    except (Rejected, Exhausted) as end:
        reporter.add(end.diagnostic)
    except Poisoned:
        pass
    return None


class Resolver:
    """Resolves one arch."""

    def __init__(
        self,
        module: Module,
        declared: ast.Arch | ast.Derived,
        limits: Limits,
        reporter: Reporter,
    ) -> None:
        self.module = module
        self.declared = declared
        self.limits = limits
        self.reporter = reporter
        self.evaluator = Evaluator(limits, reporter)

    def model(self, settings: tuple[Setting, ...]) -> Model:
        """The model.

        Raises:
            Rejected, Poisoned: it has no base.
        """
        arch, home, given = self.chain()
        self.settle(arch, given, settings)
        scope, parameters = self.bind(arch, home, given)
        inputs = [member for member in arch.members if isinstance(member, ast.Input)]
        target: TargetRequest | None = None
        rounding = Rounding()
        budgets: list[BudgetRequest] = []
        for member in arch.members:
            if isinstance(member, ast.Target):
                target = self.attempt(partial(self.target, member)) or target
            elif isinstance(member, ast.Rounding):
                rounding = self.attempt(partial(self.rounding, member, scope)) or rounding
            elif isinstance(member, ast.Require):
                for budget in member.budgets:
                    request = self.attempt(partial(self.budget, budget, scope))
                    if request is not None:
                        budgets.append(request)
        # That there is no input is reported by the check of declarations.
        shapes = [
            (member.name, self.attempt(partial(self.shape, member, scope))) for member in inputs
        ] or [(ast.Name(ast.HOLE, arch.name.span), None)]
        base = self.declared.base.text if isinstance(self.declared, ast.Derived) else None
        return Model(
            self.declared.name.text,
            base,
            self.declared.name,
            self.module.file.source,
            arch,
            home,
            parameters,
            tuple(shapes),
            rounding,
            target,
            tuple(budgets),
            self.limits,
        )

    def attempt(self, evaluate: Callable[[], T]) -> T | None:
        """What an evaluation gives, or None, and a report, where it is rejected."""
        try:
            return evaluate()
        except Rejected as rejected:
            self.reporter.add(rejected.diagnostic)
        except Poisoned:
            pass
        return None

    # --- parameters -----------------------------------------------------------------------

    def chain(self) -> tuple[ast.Arch, Module, dict[str, Given]]:
        """The arch with the stages, where it stands, and what derived archs bind on the way."""
        given: dict[str, Given] = {}
        names: dict[str, ast.Name] = {}
        module, declared = self.module, self.declared
        seen = {id(declared)}
        while isinstance(declared, ast.Derived):
            self.derive(declared, module, given, names)
            found = module.arch(declared.base.text, declared.base.span)
            if found is None and module.doubts(declared.base.text):
                raise Poisoned
            if found is None:
                known = [*module.archs, *(name for used in module.uses for name in used.archs)]
                known = [name for name in known if name != declared.name.text]
                from archc.diagnostics.nearest import propose

                near = propose(declared.base.text, declared.base.span, known)
                raise reject(
                    UNKNOWN_NAME,
                    f"no arch is called `{declared.base.text}`",
                    declared.base.span,
                    label="not found",
                    help=near.help or "`use` the file that declares it",
                    edits=near.edits,
                )
            next_declared, module = found
            if id(next_declared) in seen:
                raise reject(
                    ARCH_CYCLE,
                    f"`{declared.name.text}` is derived from itself",
                    declared.base.span,
                    label="closes the circle",
                    help="derive one of them from an arch that has stages",
                )
            seen.add(id(next_declared))
            if len(seen) > self.limits.derivations:
                raise reject(
                    LIMIT,
                    f"more than {self.limits.derivations} archs are derived from one another here",
                    declared.base.span,
                    help="`--limit derivations=N` changes the limit",
                )
            declared = next_declared
        parameters = {parameter.name.text for parameter in declared.parameters}
        for name in names.values():
            if name.text not in parameters:
                self.no_parameter(name, declared)
        return declared, module, given

    def derive(
        self,
        declared: ast.Derived,
        module: Module,
        given: dict[str, Given],
        names: dict[str, ast.Name],
    ) -> None:
        scope = Scope(module, None)
        own: set[str] = set()
        for argument in declared.arguments:
            if argument.name is None and isinstance(argument.value, ast.Hole):
                continue
            if argument.name is None:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        "parameters of an arch are given by name",
                        argument.span,
                        help="write `NAME = VALUE`",
                    )
                )
                continue
            name = argument.name
            value = self.evaluator.given(argument.value, scope)
            if name.text in own:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` is given twice",
                        name.span,
                        related=[Label(names[name.text].span, "first here")],
                        help="remove one of them",
                    )
                )
            elif name.text in given:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` is already bound",
                        names[name.text].span,
                        label="bound again",
                        related=[Label(name.span, "bound here, by the arch it is derived from")],
                        help="derive this one from the base of that, or leave it out",
                    )
                )
            else:
                given[name.text], names[name.text] = value, name
            own.add(name.text)

    def no_parameter(self, name: ast.Name, arch: ast.Arch) -> None:
        known = [parameter.name.text for parameter in arch.parameters]
        if any(parameter.name.hole for parameter in arch.parameters):
            return  # it may be one that could not be read
        outside = name.span.source.name.startswith("<")  # a setting, which is not text to edit
        from archc.diagnostics.nearest import propose

        near = propose(name.text, None if outside else name.span, known)
        self.reporter.add(
            make(
                ARGUMENTS,
                f"`{arch.name.text}` has no parameter `{name.text}`",
                name.span,
                related=[Label(arch.name.span, "declared here")],
                help=near.help or f"declare it: `arch {arch.name.text}({name.text} = ...)`",
                edits=near.edits,
                notes=[f"its parameters are {', '.join(known)}"] if known else [],
            )
        )

    def settle(
        self, arch: ast.Arch, given: dict[str, Given], settings: tuple[Setting, ...]
    ) -> None:
        """Bind what is set from outside."""
        known = {parameter.name.text for parameter in arch.parameters}
        scope = Scope(self.module, None)
        fresh: set[str] = set()
        for setting in settings:
            name = setting.name
            if name.text not in known:
                self.no_parameter(name, arch)
            elif name.text in fresh:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` is set twice",
                        name.span,
                        help="leave one `--set` out",
                    )
                )
            elif name.text in given:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` is already bound by `{self.declared.name.text}`",
                        name.span,
                        related=[Label(given[name.text].span, "bound here")],
                        help="set it on the arch that this one is derived from",
                    )
                )
            else:
                given[name.text] = self.evaluator.given(setting.value, scope)
                fresh.add(name.text)

    def bind(
        self, arch: ast.Arch, home: Module, given: dict[str, Given]
    ) -> tuple[Scope, tuple[tuple[str, Given], ...]]:
        """Values for all parameters: those given, and defaults, which may use earlier ones."""
        names: dict[str, Given] = {}
        scope = Scope(home, None, names)
        for parameter in arch.parameters:
            name = parameter.name.text
            if name in given:
                value = given[name]
            elif parameter.default is not None:
                value = self.evaluator.given(parameter.default, scope)
            else:
                self.reporter.add(
                    make(
                        ARGUMENTS,
                        f"`{self.declared.name.text}` leaves `{name}` without a value",
                        self.declared.name.span,
                        related=[Label(parameter.span, "declared here, without a default")],
                        help=f"derive an arch that gives it, or set it: `--set {name}=VALUE`",
                    )
                )
                value = Given(BAD, parameter.span)
            in_range(parameter, value, self.evaluator, scope)
            names[name] = value._replace(hint=None)
        return scope, tuple(names.items())

    # --- declarations ---------------------------------------------------------------------

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
