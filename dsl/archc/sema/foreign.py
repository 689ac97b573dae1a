"""What to say of a name that nothing declares: another spelling of a known one, another tool's word
for it, or a name that is close. Read only where something is wrong.

A fix changes the spelling, never the meaning: it is made where the name differs in case,
underscores or a plural's `s`, or where every tool that has the name means the same operator by the
same call.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

from archc.diagnostics.model import Edit
from archc.diagnostics.nearest import MOST, Proposal, nearest, propose, respelt
from archc.foreign import Found, Row, lookup, near
from archc.ops.arguments import Arg, Auto, Choice, Flag
from archc.ops.base import OPERATORS
from archc.sema.callees import FORMS, Callee
from archc.sema.rewriting import ACTIVATIONS, Written, activation, aliases, rewritten
from archc.sema.scope import FUNCTIONS, Scope
from archc.syntax import ast

_WIDTHS = "widths are rounded by the arch, as `rounding(divisor = 8)` says; `exact(12)` is not"
_NONE_SUCH = f"functions are {', '.join(sorted(FUNCTIONS))}"
FUNCTION_NAMES = {
    **dict.fromkeys(
        ("int", "trunc", "long"), "write `floor(...)`, or `round(...)` for the nearest"
    ),
    **dict.fromkeys(("ceiling", "roundup"), "write `ceil(...)`"),
    **dict.fromkeys(("make_divisible", "_make_divisible", "make_round", "round_filters"), _WIDTHS),
    **dict.fromkeys(
        ("sqrt", "pow", "abs", "log", "log2", "exp", "sum", "len", "range"), _NONE_SUCH
    ),
    "float": "leave it out: numbers are exact",
}
"""What to say of functions that other languages have."""

NOTHING = ("none", "null", "nil", "undefined")
"""What other languages call no value; of a bias, a padding or a block each means something else."""


OUTSIDE = ("<set>", "<over>")
"""The sources of values that the command line or a call gives."""
_FIXED = (
    "a value given from outside (`--over`, `--set`) cannot use the arch's parameters: "
    "write a number in its place"
)


class Said(NamedTuple):
    """What to say of an unknown name beside where it is."""

    message: str
    help: str
    edits: tuple[Edit, ...] = ()


def call(statement: ast.Call, scope: Scope) -> Said:
    """What to say of a statement whose name nothing declares."""
    name = statement.name
    plain = f"no operator, block or parameter is called `{name.text}`"
    written = Written.of_call(statement)
    if name.text.lower() in NOTHING:
        return Said(
            plain, f"leave it out; the block that does nothing is `identity`, not `{name.text}`"
        )
    callables = [*islice(scope.callable_names(), MOST + 1), "else", "if"]
    found = _told(written, scope, callables, plain)
    if found is not None:
        return found
    declare = f"declare it with `block {name.text} {{ ... }}`, or `use` the file that does"
    return Said(plain, declare)


def value(reference: ast.Reference, scope: Scope, argument: Arg[Any] | None = None) -> Said:
    """What to say of a name that stands for a value.

    Args:
        reference: the value.
        scope: where it stands.
        argument: the argument of an operator that it is given to, if it is.
    """
    name = reference.name
    plain = f"nothing here is called `{name.text}`"
    if isinstance(argument, Choice | Flag | Auto):
        return _choice(name, argument, scope)
    function = FUNCTION_NAMES.get(name.text) if reference.arguments is not None else None
    if function is not None:
        return Said(plain, function)
    if name.text.lower() in NOTHING and _extent(reference):
        return Said(plain, "the batch is never written, and every other extent is a number")
    if name.text.lower() in NOTHING:
        return Said(plain, f"there is no `{name.text}`: leave the argument out, or give "
                    "`identity` where a block is wanted")  # fmt: skip
    outside = name.span.source.name in OUTSIDE
    if outside and name.text in _declared(scope):
        return Said(plain, _FIXED)
    found = _told(Written.of_reference(reference), scope, list(_known(scope)), plain)
    if found is not None:
        return found
    if reference.arguments is not None:
        return Said(plain, f"functions are {', '.join(sorted(FUNCTIONS))}")
    if outside:
        return Said(plain, _FIXED)
    return Said(plain, f"declare it as a parameter, `{_owner(name, scope)}`, or write its value")


def _declared(scope: Scope) -> set[str]:
    """The names of the parameters of every arch of the file."""
    archs = [each for each in scope.module.file.archs if isinstance(each, ast.Arch)]
    return {each.name.text for arch in archs for each in arch.parameters}


def _owner(name: ast.Name, scope: Scope) -> str:
    """The declaration that a name stands in, with a parameter of that name."""
    file = scope.module.file
    for declared in (*file.archs, *file.blocks):
        if declared.span.holds(name.span) and not isinstance(declared, ast.Derived):
            kind = "arch" if isinstance(declared, ast.Arch) else "block"
            return f"{kind} {declared.name.text}({name.text} = ...)"
    return f"arch NAME({name.text} = ...)"


def _extent(reference: ast.Reference) -> bool:
    """Whether a value is part of a size: `None x 10 x 1`."""
    span = reference.span
    line = span.source.text[span.end :].partition("\n")[0]
    return re.match(r"\s*x\s", line) is not None


def _known(scope: Scope) -> Iterable[str]:
    return islice(scope.known(), MOST + 1)


def _choice(name: ast.Name, argument: Arg[Any], scope: Scope) -> Said:
    """What to say where an argument takes one of a few names."""
    choices = argument.choices if isinstance(argument, Choice) else ("true", "false")
    found = propose(name.text, name.span, [*choices, *_parameters(scope)])
    takes = f"`{argument.name}` takes {argument.takes}"
    plain = f"nothing here is called `{name.text}`"
    if found.help is None or found.edits:
        return Said(plain, found.help or takes, found.edits)
    return Said(plain, f"{found.help} {takes}")


def _parameters(scope: Scope) -> Iterable[str]:
    """Names of parameters in scope."""
    inner: Scope | None = scope
    while inner is not None:
        yield from inner.names
        inner = inner.parent


def _told(written: Written, scope: Scope, known: list[str], plain: str) -> Said | None:
    """What is known of a name: its spelling, the table of other tools, names that are close."""
    name = written.name
    if len(known) > MOST:
        known = known[:0]
    entries, exact = lookup(name.text)
    same = respelt(name.text, known)
    if same is not None and not exact:
        return Said(plain, f"write `{same}`", (Edit(name.span, same),))
    if not entries:
        return _close(name, scope, known, plain)
    own = [one for one in known if one not in BUILT_IN]
    close = nearest(name.text, own) is not None
    aside = f"; or {propose(name.text, None, own).help}" if close else ""
    if entries[0].row.kind == "same":
        alike = [one for one in entries if one.row.kind == "same"]
        said = _same(written, scope, alike, same, exact)
        return said._replace(message=plain, help=said.help + aside)
    return _other(entries[0]._replace(name=name.text), plain, aside, written)


BUILT_IN = frozenset({*OPERATORS, *FORMS, "if", "else"})


def _close(name: ast.Name, scope: Scope, known: list[str], plain: str) -> Said | None:
    """What to say of a name that is close to a known one, or to one of the table."""
    mine = propose(name.text, None, known)
    theirs = near(name.text) if nearest(name.text, known) is None or len(name.text) > 6 else None
    if mine.help is not None and (theirs is None or _closer(name.text, known)):
        return Said(plain, mine.help)
    if theirs is None:
        return None
    if theirs.row.kind == "same":
        help = f"did you mean {theirs.shown}? It is called `{theirs.row.ours}` here"
        return Said(plain, help)
    said = _other(theirs, plain, "")
    return Said(plain, f"did you mean {theirs.shown}? {said.help[0].upper()}{said.help[1:]}")


def _closer(name: str, known: Iterable[str]) -> bool:
    """Whether a known name is one letter away."""
    from archc.diagnostics.nearest import ranked

    found = ranked(name, known)
    return bool(found) and found[0][0][0] == 1


def _other(entry: Found, plain: str, aside: str, written: Written | None = None) -> Said:
    """What to say of a name for which there is no operator of the same meaning."""
    row = entry.row
    if row.kind == "block" and written is not None:
        row = _as_given(row, written)
    if row.kind == "block":
        why = f": {row.why}" if row.why else ""
        if row.call:
            text = " ".join(row.text.split())
            return Said(plain, f"declare it: `{text}`, and write `{row.call}`{why}{aside}")
        return Said(plain, f"write `{' '.join(row.text.split())}`{why}{aside}")
    said = f"`{entry.name}` is not in the language"
    if row.kind == "never":
        rule = f"; `archc explain {row.rule}` has the source"
        return Said(f"{said}, and never runs on {row.device}", row.why + rule + aside)
    return Said(said, row.why + aside)


def _as_given(row: Row, written: Written) -> Row:
    """A row whose example is the call at hand, as far as that is certain: its activation, or the
    number of channels that it is given first."""
    first = next(iter(written.arguments), None)
    if first is None or (first.name is not None and first.name.text not in ("filters", "channels")):
        return row
    value = first.value
    if isinstance(value, ast.Reference) and value.arguments is None and row.text in ACTIVATIONS_OF:
        return row._replace(text=activation(value.name.text) or row.text)
    if not (isinstance(value, ast.Number) and re.fullmatch("[0-9]{2,4}|8", value.text)):
        return row
    field = "call" if row.call else "text"
    return row._replace(**{field: getattr(row, field).replace("(16", f"({value.text}", 1)})


ACTIVATIONS_OF = ("relu6",)
"""What stands for an activation that is named in a call of its own: `Activation("relu")`."""


def _same(
    written: Written, scope: Scope, entries: list[Found], same: str | None, exact: bool
) -> Said:
    """What to say of a name that is an operator here: what to write, as every tool means it."""
    made = []
    for entry in entries:
        target = scope.lookup(entry.row.ours, written.name.span)
        if isinstance(target, Callee):
            made.append((entry, rewritten(written, target, entry.row)))
    if not made:
        return Said("", f"it is called `{entries[0].row.ours}` here")
    if same is not None or not exact:
        ours = same or entries[0].row.ours
        target = scope.lookup(ours, written.name.span)
        if isinstance(target, Callee):
            spelt = rewritten(written, target, entries[0].row._replace(takes=None, why=""))
            made.append((Found(written.name.text, "spoken", entries[0].row), spelt))
    possible = [one for one in made if not one[1].impossible] or made[:1]
    texts = {one.text for _, one in possible if one.text is not None}
    entry, first = possible[0]
    if len(texts) == 1 and all(one.text is not None for _, one in possible):
        return Said("", first.told(entry.shown, entry.row.ours), first.edits)
    if len(texts) > 1 and all(one.text is not None for _, one in possible):
        forms: dict[str, list[str]] = {}
        for entry, one in possible:
            who = entry.shown if entry.tool != "spoken" else "as it is spelt"
            forms.setdefault(one.text or "", []).append(who)
        told = "; ".join(f"{' and '.join(who)}: `{text}`" for text, who in forms.items())
        why = next((entry.row.why for entry, _ in possible if entry.row.why), "")
        return Said("", f"it is called `{entry.row.ours}` here, but tools mean different things by "
                    f"it. {told}" + (f" ({why})" if why else ""))  # fmt: skip
    refused = next(one for _, one in possible if one.text is None)
    why = f"; {entry.row.why}" if entry.row.why else ""
    return Said("", f"it is called `{entry.row.ours}` here; {refused.refused}{why}")


def argument(
    name: ast.Name,
    value: ast.Expression,
    known: Iterable[str],
    callee: Callee,
    statement: ast.Call | None,
) -> Proposal:
    """What to say of an argument that a callee does not have.

    Args:
        name: the argument's.
        value: what it is given.
        known: the arguments that there are.
        callee: what is called.
        statement: the call, if it is a statement.
    """
    names = list(known)
    same = respelt(name.text, names)
    if same is not None:
        return Proposal(f"it is called `{same}` here", (Edit(name.span, same),))
    ours, why = aliases(callee).get(name.text, (None, ""))
    if ours in names:
        return Proposal(f"it is called `{ours}` here", (Edit(name.span, ours),))
    if why:
        return Proposal(why)
    if callee.kind == "operator" and name.text in (*ACTIVATIONS, *NORMALISATIONS):
        return _own_statement(name, value, callee, statement)
    return propose(name.text, name.span, names)


NORMALISATIONS = ("normalization", "norm", "norm_layer", "normalizer_fn")


def _own_statement(
    name: ast.Name, value: ast.Expression, callee: Callee, statement: ast.Call | None
) -> Proposal:
    """What to say of an activation or a normalisation that is given as an argument."""
    call = callee.name if statement is None else statement.name.text
    help = f"each is a separate statement: `{call}(...) {value.span.text}`"
    if statement is None or name.text not in ACTIVATIONS:
        return Proposal(help)
    made = rewritten(Written.of_call(statement), callee, PLAIN)
    return Proposal(f"each is a separate statement: write `{made.text}`" if made.text else help,
                    made.edits)  # fmt: skip


PLAIN = Row("same", ())
"""What is known of a call of our own: its arguments go by our names."""
