"""Declarations to models: which archs there are, and what their parameters are bound to."""

from collections.abc import Callable
from functools import partial

from archc.diagnostics.codes import ARCH_CYCLE, ARGUMENTS, LIMIT, UNKNOWN_NAME
from archc.diagnostics.model import Label, Rejected, Reporter, make, reject
from archc.limits import Limits
from archc.rounding import Rounding
from archc.sema.callees import BAD, Given
from archc.sema.declarations import Declarations
from archc.sema.evaluate import Exhausted, Poisoned
from archc.sema.model import BudgetRequest, Model, TargetRequest
from archc.sema.ranges import in_range
from archc.sema.scope import Module, Scope
from archc.syntax import ast
from archc.typed import NamedTuple, TypeVar

T = TypeVar("T")


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


class Resolver(Declarations):
    """Resolves one arch."""

    def __init__(
        self,
        module: Module,
        declared: ast.Arch | ast.Derived,
        limits: Limits,
        reporter: Reporter,
    ) -> None:
        super().__init__(limits, reporter)
        self.module = module
        self.declared = declared

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
