"""Which parameter each argument of a call goes to."""

from archc.diagnostics.codes import ARGUMENTS
from archc.diagnostics.model import Diagnostic, Edit, Label, make
from archc.diagnostics.text import several
from archc.sema.callees import STAGE_SUPPLIES, Callee
from archc.source import Span
from archc.syntax import ast
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.diagnostics.nearest import Proposal


def match(
    callee: Callee,
    name: ast.Name,
    arguments: tuple[ast.Argument, ...],
    statement: ast.Call | None = None,
) -> tuple[list[tuple[str, ast.Argument]], list[Diagnostic]]:
    """Which parameter each argument goes to, and what is wrong with those that go nowhere.

    Args:
        callee: what is called.
        name: the name it is called by.
        arguments: those of the call.
        statement: the call, if it is a statement.
    """
    matched: list[tuple[str, ast.Argument]] = []
    problems: list[Diagnostic] = []
    taken: dict[str, Span] = {}
    known = [slot.name for slot in callee.slots]
    free = [name for name in known if name not in callee.bound]
    positional = iter(free)
    by_name = overflows = False
    for argument in arguments:
        compared = _compared(argument, known) if argument.name is None else None
        if compared is not None:
            problems.append(compared)
            by_name = True
            continue
        if argument.name is None:
            if by_name:
                problems.append(
                    make(
                        ARGUMENTS,
                        "a positional argument cannot follow one given by name",
                        argument.span,
                        **_named(argument, free, arguments)._asdict(),
                    )
                )
                continue
            slot = next(positional, None)
            if slot is None and overflows:
                continue
            if slot is None:
                overflows = True
                count = len(free)
                takes = several(count, "argument") if count else "no arguments"
                problems.append(
                    make(
                        ARGUMENTS,
                        f"`{name.text}` takes {takes}" + (" more" if callee.bound else ""),
                        argument.span,
                        label="one too many",
                        help="leave it out"
                        if count
                        else f"write `{name.text}` without parentheses",
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
                        **_misnamed(callee, argument, known, statement)._asdict(),
                        notes=_parameters(callee),
                    )
                )
                continue
            if slot in callee.bound:
                problems.append(
                    make(
                        ARGUMENTS,
                        f"`{slot}` is already bound",
                        argument.name.span,
                        related=[Label(callee.bound[slot].span, "bound here")],
                        help="leave it out in one of the two places",
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
                    help="remove one of them",
                )
            )
            continue
        taken[slot] = argument.span
        matched.append((slot, argument))
    if problems and (
        any(slot.startswith(ast.HOLE) for slot in known)
        or any(each.name is None and isinstance(each.value, ast.Hole) for each in arguments)
    ):
        problems = []  # there may be other arguments, or other parameters
    return matched, problems


def _named(
    argument: ast.Argument, free: list[str], arguments: tuple[ast.Argument, ...]
) -> "Proposal":
    """How to give a positional argument by name: the first parameter that is left for it."""
    from archc.diagnostics.nearest import Proposal

    named = {one.name.text for one in arguments if one.name is not None}
    before = sum(one.name is None and one.span.start < argument.span.start for one in arguments)
    left = [slot for slot in free[before:] if slot not in named]
    if not left:
        return Proposal("leave it out: every argument is given")
    text = f"{left[0]} = {argument.span.text}"
    edits = (Edit(argument.span, text),) if len(left) == 1 or before == 0 else ()
    return Proposal(f"give this one by name too: `{text}`", edits)


def _compared(argument: ast.Argument, known: list[str]) -> Diagnostic | None:
    """What to say of `conv(8, stride == 2)`; None of any other positional argument."""
    value = argument.value
    if not isinstance(value, ast.Operation):
        return None
    if value.operators != ("==",) or not isinstance(value.operands[0], ast.Reference):
        return None
    name, given = value.operands[0].name, value.operands[1]
    if name.text not in known:
        return None
    between = Span(name.span.source, name.span.end, given.span.start)
    return make(
        ARGUMENTS,
        "an argument is given with one `=`",
        argument.span,
        help=f"write `{name.text} = {given.span.text}`",
        edits=[Edit(between, " = ")],
    )


def _misnamed(
    callee: Callee, argument: ast.Argument, known: list[str], statement: ast.Call | None
) -> "Proposal":
    """What to say of an argument that a callee does not have."""
    from archc.diagnostics.nearest import Proposal
    from archc.sema import foreign

    assert argument.name is not None
    given = argument.name
    if given.text in ("repeat", "repeats") and callee.kind != "stage":
        return Proposal("stages repeat what is in their braces: `stage NAME(repeat = N) { ... }`")
    if callee.bodies[0] and given.text in (
        *STAGE_SUPPLIES,
        "strides",
        "filters",
        "kernel",
        "kernel_size",
    ):
        ours = {"strides": "stride", "filters": "channels", "kernel_size": "kernel"}
        return Proposal(f"give the `{ours.get(given.text, given.text)}` to a `conv` in its braces")
    return foreign.argument(given, argument.value, known, callee, statement)


def _parameters(callee: Callee) -> tuple[str, ...]:
    names = [slot.name for slot in callee.slots]
    return (f"its arguments are {', '.join(names)}",) if names else ()
