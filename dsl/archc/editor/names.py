"""What every name in a file means, told from the text alone: no network is expanded for it.

An argument of a parameter that holds a block, as in `unit(expansion = 2)`, is taken for that of the
block the parameter is by default.
"""

from typing import Any, NamedTuple

from archc.diagnostics.model import Rejected
from archc.sema.callees import FORMS, Callee
from archc.sema.expand import STAGE_SLOTS
from archc.sema.scope import FUNCTIONS, Module
from archc.source import Span
from archc.syntax import ast


class Meaning(NamedTuple):
    """What a name stands for."""

    kind: str
    """`arch`, `block`, `stage`, `input`, `output`, `map`, `parameter`, `width` (the `channels` of a
    stage), `operator`, `form`, `function`, `constant`, `argument`, `target`, `allowed`, `option`,
    `budget`, `feature` or `file`."""
    name: str
    declared: Span | None = None
    """The name where it is declared; None for what is built in."""
    node: Any = None
    """The declaration: syntax of a spec, an operator's class, the argument of an operator, ..."""
    owner: "Meaning | None" = None
    """What an argument belongs to."""
    module: Module | None = None
    """The file of a block or an arch."""


class Use(NamedTuple):
    """A name where it stands."""

    span: Span
    meaning: Meaning
    node: Any = None
    """The call or declaration that it is the name of, or the argument that it names."""

    @property
    def declares(self) -> bool:
        return self.meaning.declared == self.span


Names = dict[str, Meaning]


def uses(module: Module) -> tuple[Use, ...]:
    """Every name of a file that means something, in the order of the text."""
    walk = _Walk(module)
    walk.file()
    return tuple(sorted(walk.found, key=lambda use: (use.span.start, use.span.end)))


def found(module: Module, name: str, span: Span) -> Meaning | None:
    """What a name means in a file, outside of all declarations."""
    try:
        value = module.lookup(name, span)
    except Rejected:
        return None
    if isinstance(value, Callee):
        if value.kind == "block":
            declared = value.target
            return Meaning("block", name, declared.name.span, declared, None, value.scope)
        return Meaning(value.kind, name, None, value.target)
    if value is not None:
        return Meaning("constant", name, None, value)
    return Meaning("function", name) if name in FUNCTIONS else None


def parameters(meaning: Meaning) -> dict[str, Meaning]:
    """The arguments of what can be called, by name and in order."""
    if meaning.kind == "operator":
        return {name: Meaning("argument", name, None, arg, meaning)
                for name, arg in meaning.node.args.items()}  # fmt: skip
    if meaning.kind in ("block", "arch"):
        return {
            one.name.text: Meaning(
                "parameter", one.name.text, one.name.span, one, meaning, meaning.module
            )
            for one in meaning.node.parameters
        }
    if meaning.kind == "form":
        return {name: Meaning("argument", name, None, None, meaning)
                for name in FORMS[meaning.name]}  # fmt: skip
    if meaning.kind == "stage":
        return {slot.name: Meaning("argument", slot.name, None, None, meaning)
                for slot in STAGE_SLOTS}  # fmt: skip
    if meaning.kind == "parameter" and meaning.module is not None:
        default = meaning.node.default
        if isinstance(default, ast.Reference):
            held = found(meaning.module, default.name.text, default.name.span)
            if held is not None and held.kind in ("block", "operator", "form"):
                return parameters(held)
    return {}


def root(module: Module, declared: "ast.Arch | ast.Derived") -> tuple[ast.Arch, Module] | None:
    """The arch with stages that another one is derived from, and its file."""
    seen: set[int] = set()
    while isinstance(declared, ast.Derived):
        if id(declared) in seen:
            return None
        seen.add(id(declared))
        try:
            base = module.arch(declared.base.text, declared.base.span)
        except Rejected:
            return None
        if base is None:
            return None
        declared, module = base
    return declared, module


class _Walk:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.found: list[Use] = []
        self.last: Names = {}
        """Stages and inputs as maps, which are looked up last."""

    def add(self, span: Span, meaning: Meaning | None, node: Any = None) -> None:
        if meaning is not None:
            self.found.append(Use(span, meaning, node))

    def file(self) -> None:
        file = self.module.file
        for use in file.uses:
            self.add(use.span, Meaning("file", use.path, None, use), use)
        for arch in file.archs:
            if isinstance(arch, ast.Arch):
                self.arch(arch)
            else:
                self.derived(arch)
        for block in file.blocks:
            meaning = Meaning("block", block.name.text, block.name.span, block, None, self.module)
            self.add(block.name.span, meaning, block)
            self.last = {}
            self.body(block.body, dict(self.parameters(meaning)))

    def arch(self, arch: ast.Arch) -> None:
        meaning = Meaning("arch", arch.name.text, arch.name.span, arch, None, self.module)
        self.add(arch.name.span, meaning, arch)
        names = dict(self.parameters(meaning))
        self.last = {
            one.name.text: Meaning("input", one.name.text, one.name.span, one)
            for one in arch.members
            if isinstance(one, ast.Input)
        }
        for member in arch.members:
            if isinstance(member, ast.Stage):
                self.stage(member, names)
            elif isinstance(member, ast.Head):
                self.body(member.body, dict(names))
            elif isinstance(member, ast.Output):
                named = Meaning("output", member.name.text, member.name.span, member)
                self.add(member.name.span, named, member)
                self.body(member.body, dict(names))
            elif isinstance(member, ast.Input):
                self.add(member.name.span, self.last[member.name.text], member)
                self.expression(member.shape, names)
            elif isinstance(member, ast.Require):
                for budget in member.budgets:
                    quantity = budget.quantity
                    self.add(quantity.span, Meaning("budget", quantity.text), budget)
                    self.expression(budget.limit, names)
            elif isinstance(member, ast.Rounding):
                for argument in member.arguments:
                    self.named(argument, None, "rounding")
                    self.expression(argument.value, names)
            elif isinstance(member, ast.Target):
                self.target(member)

    def derived(self, arch: ast.Derived) -> None:
        meaning = Meaning("arch", arch.name.text, arch.name.span, arch, None, self.module)
        self.add(arch.name.span, meaning, arch)
        try:
            base = self.module.arch(arch.base.text, arch.base.span)
        except Rejected:
            base = None
        if base is not None:
            declared, home = base
            named = Meaning("arch", declared.name.text, declared.name.span, declared, None, home)
            self.add(arch.base.span, named, arch)
        whole = root(self.module, arch)
        known: Names = {}
        if whole is not None:
            first, home = whole
            known = parameters(Meaning("arch", first.name.text, first.name.span, first, None, home))
        self.arguments(arch.arguments, known, {})

    def parameters(self, meaning: Meaning) -> Names:
        """The names in scope of a declaration's body; a default knows those before it."""
        names: Names = {}
        for name, parameter in parameters(meaning).items():
            self.add(parameter.node.name.span, parameter, parameter.node)
            for value in parameter.node.values:
                self.expression(value, names)
            names = {**names, name: parameter}
        return names

    def target(self, target: ast.Target) -> None:
        self.add(target.name.span, Meaning("target", target.name.text, None, target), target)
        for argument in target.arguments:
            self.named(argument, None, "target")
            name = argument.name.text if argument.name is not None else ""
            value = argument.value
            items = value.items if isinstance(value, ast.ListOf) else (value,)
            kind = "allowed" if name == "allow" else "option"
            for item in items:
                if isinstance(item, ast.Reference):
                    self.add(item.name.span, Meaning(kind, item.name.text, None, target), item)

    def stage(self, stage: ast.Stage, names: Names) -> None:
        meaning = Meaning("stage", stage.name.text, stage.name.span, stage)
        self.add(stage.name.span, meaning, stage)
        self.arguments(stage.arguments, parameters(meaning), names)
        given = width(stage)
        inner = dict(names)
        if given is not None:
            declared = given.name.span if given.name is not None else given.span
            inner["channels"] = Meaning("width", "channels", declared, stage)
        self.body(stage.body, inner)
        names.update((name, one) for name, one in inner.items() if one.kind == "map")
        self.last[stage.name.text] = meaning

    def body(self, body: ast.Body, names: Names) -> None:
        """Walk statements; what they name is added to the names."""
        for statement in body.statements:
            if isinstance(statement, ast.If):
                for condition, branch in statement.branches:
                    self.expression(condition, names)
                    self.body(branch, names)
                if statement.otherwise is not None:
                    self.body(statement.otherwise, names)
            elif isinstance(statement, ast.Call):
                meaning = self.name(statement.name, names, statement)
                known = parameters(meaning) if meaning is not None else {}
                self.arguments(statement.arguments, known, names)
                for inner in statement.bodies:
                    self.body(inner, dict(names))
                for name in statement.names:
                    first = names.get(name.text)
                    if first is None or first.kind != "map":  # else a branch names it too
                        names[name.text] = Meaning("map", name.text, name.span, statement)
                    self.add(name.span, names[name.text], statement)

    def name(self, name: ast.Name, names: Names, node: Any) -> Meaning | None:
        meaning = (
            names.get(name.text)
            or found(self.module, name.text, name.span)
            or self.last.get(name.text)
        )
        self.add(name.span, meaning, node)
        return meaning

    def arguments(self, arguments: tuple[ast.Argument, ...], known: Names, names: Names) -> None:
        for argument in arguments:
            if argument.name is not None:
                self.add(argument.name.span, known.get(argument.name.text), argument)
            self.expression(argument.value, names)

    def named(self, argument: ast.Argument, node: Any, owner: str) -> None:
        if argument.name is not None:
            meaning = Meaning("argument", argument.name.text, None, node, Meaning("member", owner))
            self.add(argument.name.span, meaning, argument)

    def expression(self, expression: ast.Expression, names: Names) -> None:
        if isinstance(expression, ast.Reference):
            meaning = self.name(expression.name, names, expression)
            known = parameters(meaning) if meaning is not None else {}
            self.arguments(expression.arguments or (), known, names)
        elif isinstance(expression, ast.Feature):
            named = expression.property
            self.add(named.span, Meaning("feature", named.text), expression)
        elif isinstance(expression, ast.Property):
            self.name(expression.base, names, expression)
            named = expression.property
            self.add(named.span, Meaning("feature", named.text), expression)
        elif isinstance(expression, ast.Braces):
            self.body(expression.body, dict(names))
        else:
            for part in ast.parts(expression):
                self.expression(part, names)


def width(stage: ast.Stage) -> ast.Argument | None:
    """The argument of a stage that gives its channels."""
    for argument in stage.arguments:
        if argument.name is None or argument.name.text == "channels":
            return argument
    return None
