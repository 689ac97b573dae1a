"""Check a network against a target: all findings of all layers at once, and the verdict."""

from collections.abc import Collection

from archc.analysis.latency import Prepared
from archc.analysis.lowering import Deployed
from archc.analysis.memory import Peak
from archc.diagnostics.codes import ALLOW
from archc.diagnostics.model import Level
from archc.diagnostics.text import few
from archc.ir.graph import Graph
from archc.ops.base import OPERATORS
from archc.targets.facts import Facts, Limits, Offence, Request
from archc.targets.model import Rule, Target, substitute
from archc.targets.predicates import PREDICATES
from archc.typed import Literal, NamedTuple

Verdict = Literal["compatible", "conditional", "incompatible"]

NAMED = 3
"""How many layers a finding over many of them names beside the worst."""


UNCONFIRMED = "to be confirmed: "
"""How a rule begins on a model that is taken as it is, until what it asks for is allowed."""


class Finding(NamedTuple):
    """What a target says of a network: one breach of one rule, or all its breaches together."""

    code: str
    """`TARGET/RULE`."""
    level: Level
    layer: str | None
    """Name of the layer; None if it is the network as a whole."""
    node: int | None
    """The layer's index in the graph."""
    message: str
    remedy: str | None
    source: str
    confidence: str
    allowed: bool = False
    """Whether it is an error that the spec allows, or that a model is taken with, and so none."""


class Report(NamedTuple):
    """Everything a target says of a network."""

    findings: tuple[Finding, ...]
    """In the order of the target's rules, each in the order of layers."""
    unsupported: frozenset[int]
    """Indices of the layers that the gate does not let pass by itself, allowed or not."""
    allowed: tuple[str, ...] = ()
    """The names in `allow` that the network needs, in their order there."""

    @property
    def verdict(self) -> Verdict:
        if any(finding.level == "error" for finding in self.findings):
            return "incompatible"
        if any(finding.allowed for finding in self.findings):
            return "conditional"
        return "compatible"

    def supported(self, node: int) -> bool:
        """Whether a layer passes both halves of the gate: what it is, and what it becomes."""
        return node not in self.unsupported


def check(
    target: Target,
    request: Request,
    graph: Graph,
    deployed: Deployed,
    live: Peak | None = None,
    planned: Prepared | None = None,
    *,
    errors: bool = False,
    left_out: Collection[str] = (),
) -> Report:
    """Judge a network by every rule of a target.

    Args:
        target: the device.
        request: what is asked of it.
        graph: the network.
        deployed: what the converter leaves of it.
        live: the peak of its activations, where it is known already.
        planned: the plan of its buffers, where it is known already.
        errors: only by the rules that decide the verdict.
        left_out: predicates that are not asked.
    """
    facts = Facts(target, request, graph, deployed, live, planned)
    findings: list[Finding] = []
    unsupported: set[int] = set()
    needed: set[str] = set()
    for rule in target.rules:
        if (errors and rule.level != "error") or rule.check in left_out:
            continue
        offences = list(PREDICATES[rule.check].check(facts, Limits(rule.limits)))
        if not offences:
            continue
        unsupported |= {o.node for o in offences if o.gate and o.node is not None}
        needed.add(rule.name)
        needed |= {facts.graph.nodes[o.node].keyword for o in offences if o.gate and o.node}
        if rule.aggregate and len(offences) > 1:
            findings.append(_together(facts, rule, offences))
        else:
            findings.extend(_finding(facts, rule, offence) for offence in offences)
    findings.extend(
        _unneeded(target, name)
        for name in dict.fromkeys(request.allow)
        if name not in needed and name in allowable(target)
    )
    allowed = tuple(name for name in dict.fromkeys(request.allow) if name in needed)
    return Report(tuple(findings), frozenset(unsupported), allowed)


def allowable(target: Target) -> tuple[str, ...]:
    """The names that `allow = [...]` may hold: operators by our names, rules that yield."""
    rules = tuple(rule.name for rule in target.rules if rule.overrule)
    return (*OPERATORS, *rules)


def never_allowed(target: Target, name: str) -> str | None:
    """Why a rule that exists cannot be allowed; None for any other name."""
    rule = next((rule for rule in target.rules if rule.name == name), None)
    if rule is None or rule.overrule:
        return None
    if rule.level != "error":
        return f"`{name}` is a {rule.level}, which stops nothing"
    if rule.by_operator:
        return f"`{name}` is not allowed as a whole: name the operators, such as `softmax`"
    return f"`{name}` is a hard rule of {target.name} and cannot be allowed"


def overruled(rule: Rule, request: Request) -> bool:
    """Whether a rule is allowed to be broken."""
    return rule.overrule and rule.name in request.allow


def permitted(request: Request) -> str:
    """By what something is allowed, as the end of a sentence."""
    if not request.model:
        return "the spec allows it"
    return "`--allow` permits it" if request.as_is else "`allow` permits it"


def _finding(facts: Facts, rule: Rule, offence: Offence) -> Finding:
    request = facts.request
    allowed = rule.level == "error" and (offence.allow in request.allow or overruled(rule, request))
    as_is = request.as_is and rule.as_is is not None
    values = facts.target.values(rule, offence.allow, model=request.model)
    values = {**values, "board": facts.board.name, **offence.values}
    message = substitute(rule.as_is if as_is and rule.as_is else rule.message, values)
    template = (request.model and rule.model_remedy) or rule.remedy
    template = rule.as_is_remedy if as_is else template
    remedy = substitute(template, values) if template else None
    level = rule.level
    if allowed:
        level = "note" if as_is else "warning"
        message = f"{message.removeprefix(UNCONFIRMED)}; {permitted(request)}"
        remedy = f"confirm with `{facts.target.analyzer}`"
    elif as_is:
        level = "warning"
    node = offence.node
    return Finding(
        f"{facts.target.name}/{rule.name}",
        level,
        None if node is None else facts.graph.nodes[node].name,
        node,
        message,
        remedy,
        rule.source.text,
        rule.source.confidence,
        allowed or as_is,
    )


def _together(facts: Facts, rule: Rule, offences: list[Offence]) -> Finding:
    """One finding for all offences of a rule: the worst one's, which counts and names others."""
    ranked = sorted(offences, key=lambda offence: -offence.weight)
    finding = _finding(facts, rule, ranked[0])
    others = [f"`{facts.graph.nodes[o.node].name}`" for o in ranked[1:] if o.node is not None]
    named = f"{len(offences):,} layers in all, the next {few(others, NAMED)}"
    return finding._replace(message=f"{finding.message}; {named}")


def _unneeded(target: Target, name: str) -> Finding:
    why = "needs no permission" if name in target.demanded.layers else "has no use here"
    source = target.demanded.source
    return Finding(
        ALLOW.name.replace("TARGET", target.name),
        ALLOW.level,
        None,
        None,
        f"`{name}` {why}: it need not be allowed",
        f"remove `{name}` from `allow`",
        source.text,
        source.confidence,
    )
