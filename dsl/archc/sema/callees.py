"""What can be called: operators, blocks, braces, and the forms `skip` and `gate`."""

from typing import Any, NamedTuple

from archc.diagnostics.codes import ARGUMENTS
from archc.diagnostics.model import Diagnostic, Label, make
from archc.diagnostics.nearest import did_you_mean
from archc.ops.base import Op
from archc.source import Span
from archc.syntax import ast

FORMS: dict[str, tuple[str, ...]] = {"skip": ("shortcut", "required"), "gate": ()}
"""The built-in forms and their arguments. `skip { b }` is x + b(x), `gate { b }` is x * b(x)."""


ANY = 1 << 30
"""So many bodies that a source, whose size is bounded, cannot have more."""


class Bad:
    """The value of an expression whose fault has been reported. Whatever reads it stays silent."""

    noun = "a faulty value"


BAD = Bad()


class Given(NamedTuple):
    """An argument's value, where it was written, and the plain name it was written as, if any."""

    value: object
    span: Span
    hint: str | None = None


class Slot(NamedTuple):
    """A parameter of something that can be called."""

    name: str
    required: bool
    filled: bool
    """Whether a stage supplies it where the call leaves it out."""


class Callee(NamedTuple):
    """Something to call, with the arguments bound to it so far. Blocks are values: this is one."""

    kind: str
    """`operator`, `block`, `braces` or `form`."""
    name: str
    target: Any
    """The operator's class, the block's or the braces' AST, or the form's name."""
    scope: Any
    """The module of a block, or the scope that braces were written in."""
    slots: tuple[Slot, ...]
    bodies: tuple[int, int]
    """How many bodies it takes, at least and at most."""
    bound: dict[str, Given]
    weight: int = 0
    """How many arguments are bound in it, those bound in them included."""

    @property
    def noun(self) -> str:
        if self.kind == "braces":
            return "a block in braces"
        return f"the {'operator' if self.kind == 'form' else self.kind} `{self.name}`"

    def free(self) -> list[Slot]:
        """Its parameters that nothing is bound to."""
        return [slot for slot in self.slots if slot.name not in self.bound]


STAGE_SUPPLIES = ("channels", "stride")


def operator(op: type[Op]) -> Callee:
    slots = tuple(Slot(arg.name, arg.required, arg.filled) for arg in op.args.values())
    return Callee("operator", op.keyword, op, None, slots, (2, ANY) if op.bodies else (0, 0), {})


def block(declaration: ast.Block, module: object) -> Callee:
    slots = tuple(
        Slot(p.name.text, p.default is None, p.name.text in STAGE_SUPPLIES)
        for p in declaration.parameters
    )
    return Callee("block", declaration.name.text, declaration, module, slots, (0, 0), {})


def form(name: str) -> Callee:
    slots = tuple(Slot(argument, False, False) for argument in FORMS[name])
    return Callee("form", name, name, None, slots, (1, 1), {})


def braces(body: ast.Body, scope: object, name: str = "block") -> Callee:
    return Callee("braces", name, body, scope, (), (0, 0), {})


def match(
    callee: Callee, name: ast.Name, arguments: tuple[ast.Argument, ...]
) -> tuple[list[tuple[str, ast.Argument]], list[Diagnostic]]:
    """Which parameter each argument goes to, and what is wrong with those that go nowhere."""
    matched: list[tuple[str, ast.Argument]] = []
    problems: list[Diagnostic] = []
    taken: dict[str, Span] = {}
    free = [slot.name for slot in callee.free()]
    known = [slot.name for slot in callee.slots]
    positional = iter(free)
    by_name = overflows = False
    for argument in arguments:
        if argument.name is None:
            if by_name:
                problems.append(
                    make(
                        ARGUMENTS,
                        "a positional argument cannot follow one given by name",
                        argument.span,
                        help="give this one by name too",
                    )
                )
                continue
            slot = next(positional, None)
            if slot is None and overflows:
                continue
            if slot is None:
                overflows = True
                count = len(free)
                takes = f"{count} argument{'s' * (count != 1)}" if count else "no arguments"
                problems.append(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` takes {takes}" + (" more" if callee.bound else ""),
                        argument.span,
                        label="one too many",
                        notes=_parameters(callee),
                    )
                )
                continue
        else:
            by_name = True
            slot = argument.name.text
            if slot not in known:
                problems.append(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` has no argument `{slot}`",
                        argument.name.span,
                        help=did_you_mean(slot, known),
                        notes=_parameters(callee),
                    )
                )
                continue
            if slot in callee.bound:
                problems.append(
                    make(
                        ARGUMENTS,
                        f"`{slot}` is bound already",
                        argument.name.span,
                        related=[Label(callee.bound[slot].span, "bound here")],
                    )
                )
                continue
        if slot in taken:
            problems.append(
                make(
                    ARGUMENTS,
                    f"`{slot}` is given twice",
                    argument.span,
                    related=[Label(taken[slot], "first here")],
                )
            )
            continue
        taken[slot] = argument.span
        matched.append((slot, argument))
    return matched, problems


def _parameters(callee: Callee) -> tuple[str, ...]:
    names = [slot.name for slot in callee.slots]
    return (f"its arguments are {', '.join(names)}",) if names else ()
