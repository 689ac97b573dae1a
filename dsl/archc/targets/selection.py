"""The target that a network is judged by, and what a spec asks of it."""

from archc.analysis.tflite_micro import BUILDS
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Diagnostic, Edit, Rejected, Reporter, make
from archc.sema.model import TargetRequest
from archc.syntax import ast
from archc.targets.builtin import builtin
from archc.targets.facts import Request
from archc.targets.model import Target
from archc.targets.verdict import allowable, never_allowed
from archc.typed import NamedTuple

BORDERS = ("float32", "int8", "uint8")
"""Types that inputs and outputs of a deployed model can have."""


class Selection(NamedTuple):
    """A target, and what a spec asks of it."""

    target: Target
    request: Request
    declared: TargetRequest | None
    """Where the spec asks for it; None where only the command line does."""


def select(
    declared: TargetRequest | None, own: Target | None, reporter: Reporter
) -> Selection | None:
    """What a network is judged by; None without a target, or where a target is not known.

    Args:
        declared: the spec's `target`; None if it has none.
        own: a target to judge by instead of the one named.
        reporter: takes what is wrong with the declaration.
    """
    if own is None:
        if declared is None:
            return None
        try:
            own = builtin(declared.name.text, declared.name.span)
        except Rejected as rejected:
            reporter.add(rejected.diagnostic)
            return None
    return Selection(own, request_of(declared, own, reporter), declared)


def border(request: TargetRequest | None) -> str:
    """The type at the deployed model's border; the default where the one asked for is unknown."""
    io = request.io.text if request is not None and request.io is not None else BORDERS[0]
    return io if io in BORDERS else BORDERS[0]


def request_of(request: TargetRequest | None, target: Target, reporter: Reporter) -> Request:
    """The request by plain names, with those that mean nothing reported and left out."""
    if request is None:
        return Request(target.name, (), BORDERS[0], None)
    known = allowable(target)
    allow: dict[str, None] = {}  # each once, however often it is listed
    for name in request.allow:
        if name.text in known:
            allow[name.text] = None
        else:
            reporter.add(not_allowable(name, target, known))
    boards = [board.name for board in target.boards]
    if request.io is not None and request.io.text not in BORDERS:
        reporter.add(unknown_border(request.io))
    if request.board is not None and request.board.text not in boards:
        reporter.add(unknown_board(request.board, target))
    if request.build is not None and request.build.text not in BUILDS:
        reporter.add(unknown_build(request.build))
    board = request.board.text if request.board and request.board.text in boards else None
    build = request.build.text if request.build and request.build.text in BUILDS else None
    return Request(target.name, tuple(allow), border(request), board, build)


def unknown_border(name: ast.Name) -> Diagnostic:
    from archc.diagnostics.nearest import propose

    near = propose(name.text, name.span, BORDERS)
    kinds = ", ".join(f"`{one}`" for one in BORDERS)
    return make(
        TARGET,
        f"`{name.text}` is not a type of inputs and outputs",
        name.span,
        help=near.help or f"they are {kinds}; within the network everything is int8",
        notes=[f"they are {kinds}"] if near.help else (),
        edits=near.edits,
    )


def unknown_board(name: ast.Name, target: Target) -> Diagnostic:
    """What to say of a board that is not known. The vendor's own name of one is that one."""
    from archc.diagnostics.nearest import nearest

    wanted = _letters(name.text)
    for board in target.boards:
        sold = board.title.split(",")[0].split()[0]
        if wanted in (_letters(board.name), _letters(sold)):
            return make(
                TARGET,
                f"`{name.text}` is not the name of a board",
                name.span,
                help=f"{sold} is called `{board.name}` here",
                edits=[Edit(name.span, board.name)],
            )
    near = nearest(name.text, [board.name for board in target.boards])
    listed = "; ".join(f"`{board.name}`: {board.title}" for board in target.boards)
    return make(
        TARGET,
        f"`{name.text}` is not the name of a board",
        name.span,
        notes=[f"boards of {target.name} are {listed}"],
        help=f"did you mean `{near}`?"
        if near is not None
        else "leave it out for "
        f"`{target.boards[0].name}`, or give your own target file with its memories",
    )


def unknown_build(name: ast.Name) -> Diagnostic:
    from archc.diagnostics.nearest import propose

    near = propose(name.text, name.span, BUILDS)
    listed = "; ".join(f"`{build.name}`: {build.title}" for build in BUILDS.values())
    return make(
        TARGET,
        f"`{name.text}` is not a build of TensorFlow Lite Micro",
        name.span,
        help=near.help or "leave it out for the target's own",
        notes=[f"builds are {listed}"],
        edits=near.edits,
    )


def _letters(text: str) -> str:
    """Letters and digits of a name alone, in lower case."""
    return "".join(c for c in text.lower() if c.isalnum())


def not_allowable(name: ast.Name, target: Target, known: tuple[str, ...]) -> Diagnostic:
    from archc.diagnostics.nearest import Proposal, propose
    from archc.foreign import lookup

    why = never_allowed(target, name.text)
    if why is not None:
        return make(
            TARGET,
            why,
            name.span,
            help=f"`archc explain {target.name}/{name.text}` says how to keep it",
        )
    near = propose(name.text, name.span, known)
    ours = {one.row.ours for one in lookup(name.text)[0] if one.row.kind == "same"}
    if not near.edits and len(ours) == 1 and ours <= set(known):
        (only,) = ours
        near = Proposal(f"it is called `{only}` here", (Edit(name.span, only),))
    return make(
        TARGET,
        f"`{name.text}` is neither an operator nor a rule of {target.name}",
        name.span,
        help=near.help or f"`archc targets {target.name}` lists what can be allowed",
        edits=near.edits,
    )
