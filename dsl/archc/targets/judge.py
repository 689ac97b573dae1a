"""What a spec asks of its target, checked against what the target knows, and said with places."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from archc.analysis.lowering import Deployed
from archc.analysis.memory import Peak
from archc.analysis.tflite_micro import BUILDS
from archc.diagnostics.codes import TARGET
from archc.diagnostics.model import Diagnostic, Edit, Label, Rejected, Reporter, make
from archc.diagnostics.nearest import Proposal, nearest, propose
from archc.ir.graph import Graph, Via
from archc.sema.model import BudgetRequest, TargetRequest
from archc.source import Span
from archc.syntax import ast
from archc.targets.builtin import builtin
from archc.targets.check import Finding, Report, allowable, check, never_allowed
from archc.targets.facts import Request
from archc.targets.model import Target, sourced

BORDERS = ("float32", "int8", "uint8")
"""Types that inputs and outputs of a deployed model can have."""
SHOWN = 3
"""How many further layers a diagnostic names."""


class Aim(NamedTuple):
    """A target, and what a spec asks of it."""

    target: Target
    request: Request
    declared: TargetRequest | None
    """Where the spec asks for it; None where only the command line does."""


def aim(declared: TargetRequest | None, own: Target | None, reporter: Reporter) -> Aim | None:
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
    return Aim(own, understood(declared, own, reporter), declared)


def judge(
    aim: Aim,
    graph: Graph,
    deployed: Deployed,
    live: Peak,
    reporter: Reporter,
    budgets: Iterable[BudgetRequest] = (),
) -> Report:
    """What the target says of a network, its findings reported where they stand; with the budgets
    that a finding puts in doubt."""
    report = check(aim.target, aim.request, graph, deployed, live)
    for found in diagnostics(report, graph, aim.declared, aim.target):
        labels = doubted(found, aim.target, budgets)
        reporter.add(found._replace(related=(*found.related, *labels)))
    return report


def doubted(
    found: Diagnostic, target: Target, budgets: Iterable[BudgetRequest]
) -> tuple[Label, ...]:
    """The budgets that cannot be trusted where a rule is broken."""
    rule = next((r for r in target.rules if found.code == f"{target.name}/{r.name}"), None)
    if rule is None or rule.doubts is None:
        return ()
    return tuple(
        Label(budget.span, "this budget does not see it")
        for budget in budgets
        if budget.name.text == rule.doubts
    )


def border(request: TargetRequest | None) -> str:
    """The type at the deployed model's border; the default where the one asked for is unknown."""
    io = request.io.text if request is not None and request.io is not None else BORDERS[0]
    return io if io in BORDERS else BORDERS[0]


def understood(request: TargetRequest | None, target: Target, reporter: Reporter) -> Request:
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
        f"`{target.boards[0].name}`, or give a target file of your own with its memories",
    )


def unknown_build(name: ast.Name) -> Diagnostic:
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


def diagnostics(
    report: Report, graph: Graph, request: TargetRequest | None, target: Target | None = None
) -> tuple[Diagnostic, ...]:
    """Findings as diagnostics, at the places that cause them.

    What one statement causes by one rule, in all its repeats, is said once. A warning or note that
    says the same of several statements is said once too, at the first of them.
    """
    places: dict[tuple[str, str, Span | None], list[Finding]] = {}
    for finding in report.findings:
        key = (finding.code, finding.level, place(finding, graph, request))
        places.setdefault(key, []).append(finding)
    together: dict[object, list[Finding]] = {}
    for (code, level, span), group in places.items():
        said = span if level == "error" else group[0].message
        together.setdefault((code, level, said), []).extend(group)
    return tuple(diagnostic(group, graph, request, target) for group in together.values())


def diagnostic(
    group: list[Finding],
    graph: Graph,
    request: TargetRequest | None,
    target: Target | None = None,
) -> Diagnostic:
    """One diagnostic for findings that belong together."""
    first = group[0]
    spans = list(dict.fromkeys(place(finding, graph, request) for finding in group))
    notes = []
    names = [f"`{finding.layer}`" for finding in group]
    if first.layer is not None:
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        count = f"{len(names):,} layers: " if len(names) > 1 else "layer "
        if len({finding.message for finding in group}) > 1:
            count = f"{len(names):,} layers (the figures are those of the first): "
        where = f", in {len(spans)} places" if len(spans) > 1 else ""
        notes.append(f"{count}{', '.join(names[:SHOWN])}{more}{where}")
    notes.append(f"source: {sourced(first.source, first.confidence)}")
    also = tuple(Label(span, "here too") for span in spans[1:SHOWN] if span is not None)
    return Diagnostic(
        first.code,
        first.level,
        first.message,
        spans[0],
        related=(*within(first, graph, spans[0]), *also),
        notes=tuple(notes),
        help=nearer(first, graph, target),
    )


def nearer(finding: Finding, graph: Graph, target: Target | None) -> str | None:
    """The remedy, and before it what the target would have in the operator's place."""
    if target is None or finding.node is None or finding.allowed or finding.remedy is None:
        return finding.remedy
    if not finding.code.endswith("/operator"):
        return finding.remedy
    instead = target.instead.get(graph.nodes[finding.node].keyword)
    return f"{instead}, or {finding.remedy}" if instead is not None else finding.remedy


def place(finding: Finding, graph: Graph, request: TargetRequest | None) -> Span | None:
    """The innermost statement of the user's own text that causes a finding."""
    if finding.node is None:
        return request.name.span if request is not None else None
    return innermost(graph.nodes[finding.node].origin)


def innermost(origin: Sequence[Via]) -> Span:
    """The innermost statement of the user's own text of those that an operator comes from."""
    return next((via.span for via in reversed(origin) if not library(via)), origin[0].span)


def within(finding: Finding, graph: Graph, span: Span | None) -> tuple[Label, ...]:
    """The operator itself, where it stands in a block of the library."""
    if finding.node is None:
        return ()
    last = graph.nodes[finding.node].origin[-1]
    return (Label(last.span, f"this `{last.name}`"),) if last.span != span else ()


def library(via: Via) -> bool:
    return via.span.source.name.startswith("std:")
