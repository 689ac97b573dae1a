"""What can be told of declarations without running them: names exist, arguments fit."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from archc.diagnostics.codes import STRUCTURE
from archc.diagnostics.model import Diagnostic, Label, Rejected, Reporter, make
from archc.limits import Limits
from archc.ops.arguments import Arg
from archc.sema import matching, naming
from archc.sema.callees import BAD, Bad, Callee, Given
from archc.sema.declarations import joined
from archc.sema.evaluate import unknown
from archc.sema.maps import applied, misplaced, named_twice, never_read, parts_of_one
from archc.sema.scope import FUNCTIONS, Module, Scope
from archc.source import Span
from archc.syntax import ast
from archc.typed import Any
from archc.values import Map

PYTHON_VALUES = ("True", "False", "None")
"""What a call as Python writes it may have, and its translation has in our words."""


def check(module: Module, limits: Limits, reporter: Reporter) -> None:
    """Report what is wrong with the declarations of a file. Of one that uses no other it is kept
    with its text that nothing is, and which blocks of the library it names."""
    kept, key = module.file.source.read, ("check", limits)
    if key in kept and not module.uses:
        for name in kept[key]:
            module.lookup(name, Span(module.file.source, 0, 0))
        return
    clean = not reporter.diagnostics and not module.incomplete
    Checker(module, limits, reporter).run()
    if clean and not module.uses and not reporter.diagnostics:
        kept[key] = tuple(module.borrowed())


class Checker:
    """Checks one module. Each fault is reported where it stands, once."""

    def __init__(self, module: Module, limits: Limits, reporter: Reporter) -> None:
        self.module = module
        self.limits = limits
        self.reporter = reporter
        self.unread: dict[tuple[int, str], list[ast.Name]] = {}
        """Maps that nothing has read so far, by the scope and their name."""
        self.said: dict[tuple[str, str | None], Diagnostic] = {}
        """Names that are unknown, with what is proposed for them."""

    def unknown(self, name: str, fault: Diagnostic) -> None:
        """Report an unknown name: once, however often it is used."""
        key = (name, fault.help)
        first = self.said.get(key)
        if first is None:
            self.reporter.add(fault)
            self.said[key] = fault
        else:
            self.said[key] = self.reporter.merge(first, fault, "and here")

    def run(self) -> None:
        file = self.module.file
        names = (declared.name for declared in (*file.archs, *file.blocks))
        self.reporter.extend(naming.distinct(sorted(names, key=lambda name: name.span.start)))
        for arch in file.archs:
            self.reporter.extend(naming.of_arch(arch.name, self.limits))
            if isinstance(arch, ast.Arch):
                self.arch(arch)
            else:
                self.arguments(arch.arguments, Scope(self.module, None))
        for block in file.blocks:
            self.reporter.extend(naming.of_block(block.name, self.limits))
            scope = self.parameters(block.parameters, BAD)
            self.body(block.body, scope)
            self.all_read()
        if file.blocks:
            from archc.sema.recursion import recursion

            self.reporter.extend(recursion(self.module))

    def parameters(self, parameters: tuple[ast.Parameter, ...], feature: Bad | None) -> Scope:
        """Check parameters, and give the scope in which they are known."""
        self.reporter.extend(naming.distinct(parameter.name for parameter in parameters))
        names: dict[str, Given] = {}
        scope = Scope(self.module, feature, names)
        for parameter in parameters:
            self.reporter.extend(naming.declared(parameter.name, self.limits))
            for part in parameter.values:
                self.expression(part, scope)
            names[parameter.name.text] = Given(BAD, parameter.name.span)
        return scope

    # --- archs ----------------------------------------------------------------------------

    def arch(self, arch: ast.Arch) -> None:
        scope = self.parameters(arch.parameters, None)
        parts = [member for member in arch.members if isinstance(member, ast.Stage | ast.Output)]
        self.reporter.extend(naming.distinct(part.name for part in parts))
        inputs = [member for member in arch.members if isinstance(member, ast.Input)]
        self.reporter.extend(naming.distinct(entry.name for entry in inputs))
        for entry in inputs:
            scope.maps[entry.name.text] = Given(Map(None, None), entry.name.span)
        unsure = self.module.unsure(arch.span)
        for kind, plural in SINGLE.items():
            members = [member for member in arch.members if isinstance(member, kind)]
            for extra in () if unsure else members[1:]:
                self.reporter.add(
                    make(
                        STRUCTURE,
                        f"an arch has one {plural}",
                        extra.span,
                        label="a second one",
                        related=[Label(members[0].span, "the first")],
                        help="remove one of them",
                    )
                )
        if not unsure and not any(isinstance(m, ast.Input | ast.Hole) for m in arch.members):
            self.reporter.add(
                make(
                    STRUCTURE,
                    f"`{arch.name.text}` has no input",
                    arch.name.span,
                    help="write `input NAME: rows x columns x channels`",
                )
            )
        self.ends(arch)
        headed: ast.Head | None = None
        for member in arch.members:
            if isinstance(member, ast.Head):
                headed = headed or member
                self.body(member.body, scope.inner(BAD))
            elif isinstance(member, ast.Output):
                self.reporter.extend(naming.of_layers(member.name, self.limits))
                self.body(member.body, scope.inner(BAD))
            elif isinstance(member, ast.Stage):
                if headed is not None and not unsure:
                    self.reporter.add(
                        make(
                            STRUCTURE,
                            "a stage cannot follow the head",
                            member.name.span,
                            related=[Label(_word(headed.span, "head"), "the head")],
                            help="put it before the head",
                        )
                    )
                self.stage(member, scope)
                first = scope.names.get(member.name.text)
                if first is not None and isinstance(first.value, Map):
                    self.reporter.add(named_twice(member.name, first.span))
                scope.maps[member.name.text] = Given(Map(None, None), member.name.span)
            elif isinstance(member, ast.Input):
                self.reporter.extend(naming.of_input(member.name, self.limits))
                self.expression(member.shape, scope)
            elif isinstance(member, ast.Require):
                for budget in member.budgets:
                    if not isinstance(budget.limit, ast.Number) and not joined(budget.limit):
                        self.expression(budget.limit, scope)
            elif isinstance(member, ast.Rounding):
                self.arguments(member.arguments, scope)

        self.all_read()

    def ends(self, arch: ast.Arch) -> None:
        """Report a head beside outputs, which would be an output without a name."""
        outputs = [member for member in arch.members if isinstance(member, ast.Output)]
        heads = [member for member in arch.members if isinstance(member, ast.Head)]
        if outputs and heads and not self.module.unsure(arch.span):
            word = _word(heads[0].span, "head")
            self.reporter.add(
                make(
                    STRUCTURE,
                    "a head beside outputs has no name to be told from them by",
                    word,
                    related=[Label(outputs[0].name.span, "an output")],
                    help="write it as an output too: `output NAME { ... }`",
                )
            )

    def stage(self, stage: ast.Stage, scope: Scope) -> None:
        self.reporter.extend(naming.of_layers(stage.name, self.limits))
        self.arguments(stage.arguments, scope)
        wide = any(a.name is None or a.name.text == "channels" for a in stage.arguments)
        names = {"channels": Given(BAD, stage.name.span)} if wide else {}
        inner = scope.inner(BAD, names)
        self.body(stage.body, inner)
        for name, given in names.items():  # maps of a stage are known behind it
            if isinstance(given.value, Map):
                scope.names[name] = given
                key = (id(names), name)
                if key in self.unread:
                    self.unread[id(scope.names), name] = self.unread.pop(key)

    # --- bodies ---------------------------------------------------------------------------

    def body(self, body: ast.Body, scope: Scope) -> None:
        for statement in body.statements:
            if isinstance(statement, ast.If):
                before, after = dict(scope.names), dict(scope.names)
                for condition, branch in statement.branches:
                    self.expression(condition, scope)
                    self.branch(branch, scope, before, after)
                if statement.otherwise is not None:
                    self.branch(statement.otherwise, scope, before, after)
                scope.names.update(after)
            elif isinstance(statement, ast.Call):
                self.call(statement, scope)
                self.name(statement, scope)

    def branch(
        self, body: ast.Body, scope: Scope, before: dict[str, Given], after: dict[str, Given]
    ) -> None:
        """Check one branch of several, of which each may name a map alike."""
        self.body(body, scope)
        after.update(scope.names)
        scope.names.clear()
        scope.names.update(before)

    def name(self, call: ast.Call, scope: Scope) -> None:
        """Take in the names that a statement gives to what it makes."""
        for name in call.names:
            first = scope.given(name.text)
            if first is not None and isinstance(first.value, Map):
                self.reporter.add(named_twice(name, first.span))
            elif first is not None:
                self.reporter.extend(naming.distinct([ast.Name(name.text, first.span), name]))
            if not name.hole:
                self.reporter.extend(naming.declared(name, self.limits))
                scope.names[name.text] = Given(Map(None, None), name.span)
                self.unread.setdefault((id(scope.names), name.text), []).append(name)
        if len(call.names) > 1 and call.name.text not in SPLITS:
            self.reporter.add(parts_of_one(call))

    def all_read(self) -> None:
        """Report the maps that nothing reads, once all that could has been seen."""
        for names in self.unread.values():
            if not self.module.broken and not self.module.unsure(names[0].span):
                self.reporter.add(never_read(names[0]))
        self.unread = {}

    def call(self, call: ast.Call, scope: Scope) -> None:
        callee = self.lookup(call.name, scope)
        if isinstance(callee, Map) and not call.plain:
            self.reporter.add(applied(call).diagnostic)
        reported: set[Span | None] = set()
        matched: list[tuple[str, ast.Argument]] = []
        elsewhere = misplaced(call.name, self.module) if callee is None else None
        if elsewhere is not None:
            self.reporter.add(elsewhere)
        elif callee is None:
            from archc.sema.calls import unknown_call

            fault = unknown_call(call, scope).diagnostic
            draft = self.module.drafts.get(call.span.start)
            translated = draft.translated(fault) if draft is not None else None
            if draft is None or translated is None:
                self.unknown(call.name.text, fault)
            else:
                self.reporter.join(draft.said, fault, translated)
                reported |= {a.span for a in call.arguments if a.value.span.text in PYTHON_VALUES}
        elif isinstance(callee, Callee):
            matched, problems = matching.match(callee, call.name, call.arguments, call)
            self.reporter.extend(problems)
            # What is fixed by another name keeps its value, which may be wrong as well.
            reported |= {problem.span for problem in problems if not _respelt(problem)}
            if not callee.takes(len(call.bodies)) and not self.module.unsure(call.span):
                from archc.sema.calls import wrong_bodies

                self.reporter.add(wrong_bodies(callee, call).diagnostic)
        given = [a for a in call.arguments if not reported & {a.span, a.name and a.name.span}]
        self.arguments(given, scope, _types(callee, matched))
        for body in call.bodies:
            self.body(body, scope.inner(BAD))

    def arguments(
        self,
        arguments: Iterable[ast.Argument],
        scope: Scope,
        types: Mapping[Span, Arg[Any]] = MappingProxyType({}),
    ) -> None:
        """Check the values of arguments; ``types`` are those of an operator, by their places."""
        for argument in arguments:
            self.expression(argument.value, scope, types.get(argument.span))

    def expression(
        self, expression: ast.Expression, scope: Scope, argument: Arg[Any] | None = None
    ) -> None:
        """Check a value, which may be that of an operator's argument."""
        if isinstance(expression, ast.Reference):
            value = self.lookup(expression.name, scope)
            elsewhere = misplaced(expression.name, self.module) if value is None else None
            if elsewhere is not None:
                self.reporter.add(elsewhere)
            elif value is None and expression.name.text not in FUNCTIONS:
                fault = unknown(expression, scope, argument).diagnostic
                self.unknown(expression.name.text, fault)
            if expression.arguments is not None:
                matched: list[tuple[str, ast.Argument]] = []
                if isinstance(value, Callee):
                    matched, problems = matching.match(value, expression.name, expression.arguments)
                    self.reporter.extend(problems)
                self.arguments(expression.arguments, scope, _types(value, matched))
        elif isinstance(expression, ast.Property):
            self.base(expression.base, scope)
        elif isinstance(expression, ast.Braces):
            self.body(expression.body, scope.inner(BAD))
        else:
            for part in ast.parts(expression):
                self.expression(part, scope)

    def base(self, name: ast.Name, scope: Scope) -> None:
        """Check what a property is asked of: a map, or `repeat`."""
        if self.lookup(name, scope) is None and name.text != "repeat":
            reference = ast.Reference(name, None, name.span)
            fault = misplaced(name, self.module) or unknown(reference, scope).diagnostic
            self.unknown(name.text, fault)

    def lookup(self, name: ast.Name, scope: Scope) -> object | None:
        try:
            value = scope.lookup(name.text, name.span)
            if isinstance(value, Map):
                owner: Scope | None = scope
                while owner is not None and name.text not in owner.names:
                    owner = owner.parent
                self.unread.pop((id(owner and owner.names), name.text), None)
            return value
        except Rejected as rejected:
            self.reporter.add(rejected.diagnostic)
            return BAD


SPLITS = ("split",)
"""Forms that make several maps."""
SINGLE: dict[type, str] = {
    ast.Head: "head",
    ast.Target: "target",
    ast.Rounding: "rounding rule",
}


def _respelt(problem: Diagnostic) -> bool:
    """Whether a fault of an argument is fixed by another name for it."""
    return any(edit.span == problem.span for edit in problem.edits)


def _types(callee: object, matched: Iterable[tuple[str, ast.Argument]]) -> Mapping[Span, Arg[Any]]:
    """The declarations of an operator's arguments, by the places where they are given."""
    if not isinstance(callee, Callee) or callee.kind != "operator":
        return {}
    return {argument.span: callee.target.args[slot] for slot, argument in matched}


def _word(span: Span, word: str) -> Span:
    """The place of a word that a construct starts with, behind its doc string."""
    at = span.source.text.find(word, span.start, span.end)
    return Span(span.source, at, at + len(word)) if at >= 0 else span
