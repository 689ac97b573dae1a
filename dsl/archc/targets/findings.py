"""What a target has against a network, as diagnostics at the places that cause it."""

from collections.abc import Iterable, Sequence

from archc.analysis.latency import Prepared
from archc.analysis.lowering import Deployed
from archc.analysis.memory import Peak
from archc.diagnostics.model import Diagnostic, Label, Reporter
from archc.diagnostics.text import layers_text
from archc.ir.graph import Graph, innermost
from archc.sema.model import BudgetRequest, TargetRequest
from archc.source import Span
from archc.targets.model import Target, sourced
from archc.targets.selection import Selection
from archc.targets.verdict import Finding, Report, check

SHOWN = 3
"""How many further layers a diagnostic names."""


def judge(
    selection: Selection,
    graph: Graph,
    deployed: Deployed,
    live: Peak,
    planned: Prepared,
    reporter: Reporter,
    budgets: Sequence[BudgetRequest] = (),
) -> Report:
    """What the target says of a network, its findings reported where they stand; with the budgets
    that a finding puts in doubt."""
    report = check(selection.target, selection.request, graph, deployed, live, planned)
    for found in diagnostics(report, graph, selection.declared, selection.target):
        labels = doubted(found, selection.target, budgets) if budgets else ()
        reporter.add(found._replace(related=(*found.related, *labels)) if labels else found)
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
    layers = tuple(finding.layer for finding in group if finding.layer is not None)
    notes = []
    if layers:
        differing = len({finding.message for finding in group}) > 1
        notes.append(layers_text(layers, SHOWN, places=len(spans), differing=differing))
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
        layers=layers,
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


def within(finding: Finding, graph: Graph, span: Span | None) -> tuple[Label, ...]:
    """The operator itself, where it stands in a block of the library."""
    if finding.node is None:
        return ()
    last = graph.nodes[finding.node].origin[-1]
    return (Label(last.span, f"this `{last.name}`"),) if last.span != span else ()
