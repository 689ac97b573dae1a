"""Named maps: what is wrong with a name of one, and what no output comes from."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from archc.diagnostics.codes import MAP, SHAPE, VALUE
from archc.diagnostics.model import Diagnostic, Label, Rejected, make, reject
from archc.diagnostics.text import several
from archc.ir.graph import Graph
from archc.ops.base import OPERATORS, show_shape
from archc.sema.callees import Callee, Given
from archc.sema.origin import called, causes, traced, within, worked
from archc.sema.scope import Module
from archc.source import Span
from archc.syntax import ast
from archc.values import Items, describe, show, unwrapped

Owner = ast.Arch | ast.Block
"""What maps are known in."""


def named_twice(name: ast.Name, first: Span) -> Diagnostic:
    return make(
        MAP,
        f"`{name.text}` names a map already",
        name.span,
        label="named again",
        related=[Label(first, "first here")],
        help="give one of the two maps another name",
    )


def applied(call: ast.Call) -> Rejected:
    """The rejection of a map that is given arguments or braces."""
    what = "arguments" if call.arguments else "a body in braces"
    return reject(
        MAP,
        f"`{call.name.text}` is a map and takes no {what.removeprefix('a ')}",
        call.name.span,
        help=f"write `{call.name.text}` alone to go on from it, then what reads it",
    )


def never_read(name: ast.Name) -> Diagnostic:
    return make(
        MAP,
        f"nothing reads the map `{name.text}`",
        name.span,
        help=f"leave `as {name.text}` out, or write `{name.text}` where it is to be read",
    )


def parts_of_one(call: ast.Call) -> Diagnostic:
    return make(
        MAP,
        f"`{call.name.text}` makes one map, and {len(call.names)} names are given",
        call.names[1].span,
        help=f"write `as {call.names[0].text}`; the parts of a map come from `split(2) as a, b`",
    )


def nameless(call: ast.Call, into: Given | None) -> Rejected:
    """The rejection of a `split` without names, or without what to split into."""
    count = into.value if into is not None and isinstance(into.value, Fraction) else 2
    names = ", ".join("abcdefgh"[: max(int(count), 2)]) if count < 9 else "a, b, c, ..."
    return reject(
        MAP,
        "`split` makes parts, and each needs a name",
        call.name.span,
        help=f"write `split({show(into.value) if into is not None else 2}) as {names}`"
        if into is None or not isinstance(into.value, Callee)
        else f"write `split(2) as {names}`",
    )


def shares(into: Given, channels: int, call: ast.Call) -> list[int]:
    """How many channels each part of a `split` has.

    Raises:
        Rejected: they are not as many parts as names, or do not make up the channels.
    """
    value, names = into.value, len(call.names)
    sizes = value.items if isinstance(value, Items) else None
    if sizes is None:
        whole = isinstance(value, Fraction) and value.denominator == 1 and value >= 1
        if not whole or channels % int(value) != 0:  # type: ignore[call-overload]
            raise reject(
                SHAPE if whole else VALUE,
                f"{channels} channels do not split into {describe(value)} equal parts"
                if not whole
                else f"{channels} channels do not split into {show(value)} equal parts",
                into.span,
                related=causes(into),
                help="give the channels of each part: `split([16, 48])`",
            )
        assert isinstance(value, Fraction)
        sizes = (Fraction(channels, int(value)),) * min(int(value), names + 1)
    counts = [
        size.numerator
        for size in map(unwrapped, sizes)
        if isinstance(size, Fraction) and size.denominator == 1 and size >= 1
    ]
    if len(counts) != names and len(counts) == len(sizes):
        given = show(value) if isinstance(value, Fraction) else len(sizes)
        raise reject(
            MAP,
            f"`split` makes {given} parts here, and {several(names, 'name')} "
            f"{'is' if names == 1 else 'are'} given",
            call.names[-1].span,
            related=[Label(into.span, "so many parts")],
            help="give each part a name",
        )
    if len(counts) != len(sizes) or sum(counts) != channels:
        raise reject(
            SHAPE,
            f"the parts do not make up the {channels} channels that enter",
            into.span,
            label=worked(into),
            related=causes(into),
            help="write whole numbers whose sum is `in.channels`",
        )
    return counts


def misplaced(name: ast.Name, module: Module) -> Diagnostic | None:
    """What to say of a name that is no map where it is used, but is one elsewhere in the file."""
    text, span = name.text, name.span
    made = _made(module).get(text)
    if made is None:
        return None
    own = [(one, owner) for one, owner in made if within(span, owner.span)]
    place, owner = own[0] if own else made[0]
    label = Label(place, "made here")
    if not own:
        kind = "block" if isinstance(owner, ast.Block) else "arch"
        return make(
            MAP,
            f"`{text}` is a map of the {kind} `{owner.name.text}`",
            span,
            label="not known here",
            related=[label],
            help="a map is known in the block that makes it: give it to another block as an "
            "argument",
        )
    if place.start > span.start:
        return make(
            MAP,
            f"`{text}` is not made yet",
            span,
            related=[label],
            help="what is read stands before what reads it, so that no network has a cycle: move "
            "this behind it",
        )
    return make(
        MAP,
        f"`{text}` is known only in the braces that make it",
        span,
        label="not known here",
        related=[label],
        help="name what the braces give: `add { ... } { ... } as NAME`",
    )


def not_made(name: ast.Name, module: Module) -> Diagnostic | None:
    """What to say of a map that the branch of an `if` would have made that was not taken."""
    for place, owner in _made(module).get(name.text, ()):
        if within(name.span, owner.span) and place.start < name.span.start:
            return make(
                MAP,
                f"`{name.text}` is not made here: its branch of an `if` is not taken",
                name.span,
                related=[Label(place, "made here")],
                help="name a map in each of the branches, or read it in the same branch",
            )
    return None


def unread(graph: Graph) -> Iterator[Diagnostic]:
    """What is made and leads to no output: faults, since it would not be part of the model."""
    users = graph.users()
    for index, node in enumerate(graph.nodes):
        if users[index] or index in graph.ends:
            continue
        via = node.origin[-1]
        if not node.inputs:
            yield make(
                MAP,
                f"nothing reads the input `{node.name}`",
                called(via),
                help=f"as a statement `{node.name}` is the operator: give the input another name"
                if node.name in OPERATORS
                else "begin a stage or braces with its name, or leave it out",
            )
            continue
        yield traced(
            make(
                MAP,
                f"nothing reads what this `{via.name}` makes",
                called(via),
                label=show_shape(node.shape),
                help="a map's name goes on from that map and leaves what stands before it: name "
                "that with `as` and read it, or leave it out",
            ),
            node.origin,
        )


def _made(module: Module) -> dict[str, list[tuple[Span, Owner]]]:
    """Where maps are made, by their names; gathered once, however many names are not known."""
    if module.made is None:
        module.made = {}
        owners: list[Owner] = [one for one in module.file.archs if isinstance(one, ast.Arch)]
        for owner in (*owners, *module.file.blocks):
            for name in named(owner):
                module.made.setdefault(name.text, []).append((name.span, owner))
    return module.made


def named(owner: Owner) -> Iterator[ast.Name]:
    """The names of all maps of a declaration, in the order of the text."""
    if isinstance(owner, ast.Block):
        yield from _named(owner.body)
        return
    for member in owner.members:
        if isinstance(member, ast.Input):
            yield member.name
        elif isinstance(member, ast.Stage | ast.Head | ast.Output):
            yield from _named(member.body)
            if isinstance(member, ast.Stage):
                yield member.name


def _named(body: ast.Body) -> Iterator[ast.Name]:
    for call in ast.calls(body):
        yield from _in_braces(argument.value for argument in call.arguments)
        for inner in call.bodies:
            yield from _named(inner)
        yield from call.names


def _in_braces(expressions: Iterable[ast.Expression]) -> Iterator[ast.Name]:
    for expression in expressions:
        if isinstance(expression, ast.Braces):
            yield from _named(expression.body)
        yield from _in_braces(ast.parts(expression))
