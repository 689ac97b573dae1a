"""What a variant costs and whether it is within budget, by a compile: before any training."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from archc.analysis.budgets import BUDGET_NAMES, quantity
from archc.diagnostics.codes import BUDGET
from archc.diagnostics.model import Diagnostic
from archc.digest import sha256
from archc.driver import Network
from archc.ir.graph import Graph
from archc.space.engine import Space
from archc.space.measure import published
from archc.space.question import Objective, Question


class Cost(NamedTuple):
    """A compiled variant."""

    row: int
    settings: tuple[tuple[str, str], ...]
    network: Network | None
    """None where it has none."""
    digest: str
    """Of the network, however its spec wrote it; empty where there is none."""
    figures: dict[str, int | float]
    """All of the manifest that conditions and objectives can name."""
    broken: dict[str, float]
    """What it breaks, each with by how much, as a share of the limit; empty: it may be trained."""
    why: str
    """The same in words."""


def cost(space: Space, question: Question, row: int) -> Cost:
    """Compile a variant and judge it by the target, the budgets of its spec, and the conditions."""
    variant = space.compile(row)
    network = variant.network
    errors = [each for each in variant.compilation.diagnostics if each.level == "error"]
    others = [each for each in errors if each.code != BUDGET.name]
    broken, reasons = dict.fromkeys([each.code for each in others], 1.0), _messages(others)
    figures: dict[str, int | float] = {}
    if network is None:
        broken = broken or {"network": 1.0}
        reasons = reasons or ["it has no network"]
    else:
        figures = _figures(network)
        broken |= _budgets(network, errors)
        reasons += _messages([each for each in errors if each.code == BUDGET.name])
        for condition in question.conditions:
            value = figures.get(condition.name)
            if value is None:
                broken[str(condition)] = 1.0
                reasons.append(f"`{condition.name}` is not known")
            elif not condition.holds(Fraction(value)):
                far = abs(Fraction(value) - condition.limit)
                share = far / (abs(condition.limit) or 1)
                broken[str(condition)] = max(float(share), 1e-9)
                reasons.append(f"{condition.name} is {value:,}, not {condition.sign} "
                               f"{str(condition).rpartition(' ')[2]}")  # fmt: skip
        for objective in _unknown(question.objectives, figures):
            broken[objective.name] = 1.0
            reasons.append(f"`{objective.name}` is not known")
    digest = network_digest(network.graph) if network is not None else ""
    why = "; ".join(reasons)
    return Cost(row, variant.settings, network, digest, figures, broken, why)


def _messages(found: Sequence[Diagnostic]) -> list[str]:
    return list(dict.fromkeys(each.message for each in found))


def _figures(network: Network) -> dict[str, int | float]:
    found: dict[str, int | float] = dict(published(network.manifest))
    for name in BUDGET_NAMES:
        value = quantity(network.manifest, name)
        if value is not None:
            found[name] = value
        else:
            found.pop(name, None)
    return found


def _budgets(network: Network, errors: Sequence[Diagnostic]) -> dict[str, float]:
    """The budgets of the spec that are broken."""
    found = {}
    for budget in network.manifest["budgets"]:
        limit, actual = budget["limit"], budget["actual"]
        if actual > limit:
            found[f"require {budget['name']}"] = (actual - limit) / max(limit, 1)
    if not found and any(each.code == BUDGET.name for each in errors):
        found["require"] = 1.0  # one that is not known, and so not held
    return found


def _unknown(objectives: Sequence[Objective], figures: dict[str, int | float]) -> list[Objective]:
    return [each for each in objectives if each.name not in figures]


def network_digest(graph: Graph) -> str:
    """SHA-256 of what is built and trained: operators with their arguments, shapes and wiring.
    Names of layers, and how the spec wrote it, are no part of it."""
    rows = [(repr(node.op), node.inputs, node.shape) for node in graph.nodes]
    return str(sha256(repr((rows, graph.ends)).encode()).hexdigest())
