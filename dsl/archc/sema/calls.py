"""What is said of a call that cannot be made: for errors alone."""

from fractions import Fraction

from archc.diagnostics.codes import BODIES, UNKNOWN_NAME, VALUE
from archc.diagnostics.model import Edit, Label, Rejected, reject
from archc.sema.callees import Callee
from archc.sema.maps import not_made
from archc.sema.scope import Scope
from archc.source import Span
from archc.syntax import ast
from archc.values import Size, show


def unknown_call(call: ast.Call, scope: Scope) -> Rejected:
    """The rejection of a statement whose name nothing declares."""
    from archc.sema import foreign

    absent = not_made(call.name, scope.module)
    if absent is not None:
        return Rejected(absent)
    said = foreign.call(call, scope)
    return reject(
        UNKNOWN_NAME,
        said.message,
        call.name.span,
        label="not found",
        help=said.help,
        edits=said.edits,
    )


def wrong_bodies(callee: Callee, call: ast.Call) -> Rejected:
    """The rejection of a call with a number of bodies that its callee does not take."""
    low, high = callee.bodies
    count = len(call.bodies)
    if not high:
        return reject(
            BODIES,
            f"`{call.name.text}` takes no body in braces",
            call.bodies[0].span,
            related=[Label(call.name.span, f"{callee.noun}, which takes arguments only")],
            help="put what is in the braces after it, without braces",
            edits=_unbraced(call),
        )
    takes = "one body" if high == 1 else "two or more bodies"
    return reject(
        BODIES,
        f"`{call.name.text}` takes {takes} in braces, not {count}",
        call.name.span,
        help=f"write `{call.name.text}" + " { ... }" * max(low, 1) + "`",
    )


def _unbraced(call: ast.Call) -> tuple[Edit, ...]:
    """The edits that put the statements of a call's only body after the call."""
    if len(call.bodies) != 1:
        return ()
    span = call.bodies[0].span
    return tuple(Edit(Span(span.source, at, at + 1), "") for at in (span.start, span.end - 1))


def misordered(callee: Callee, call: ast.Call) -> Rejected | None:
    """The rejection of `conv(3x3, 64)`, whose two faults have one cause; else None."""
    channels, kernel = callee.bound.get("channels"), callee.bound.get("kernel")
    if channels is None or kernel is None or not isinstance(channels.value, Size):
        return None
    if not isinstance(kernel.value, Fraction) or [a.name for a in call.arguments[:2]] != [None] * 2:
        return None
    first, second = channels.span, kernel.span
    return reject(
        VALUE,
        f"`{call.name.text}` takes its channels first, then its kernel",
        first.to(second),
        label=f"the size {show(channels.value)} stands for the channels",
        help=f"write `{call.name.text}({second.text}, {first.text})`",
        edits=[Edit(first, second.text), Edit(second, first.text)],
    )
