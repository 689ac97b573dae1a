"""The budget of time, `require latency_ms <= 20`: judged at the upper end of its band."""

from fractions import Fraction

from archc.analysis.latency import Epoch, bare, milliseconds, remedy, said
from archc.analysis.profile import Footprint, Profile
from archc.diagnostics.codes import BUDGET
from archc.diagnostics.model import Diagnostic, Label, make
from archc.ir.graph import innermost
from archc.sema.model import BudgetRequest
from archc.source import Span
from archc.values import show

LATENCY = "latency_ms"
"""The quantity, in milliseconds."""
MOST = "latency.most"
"""What it is held against: a key of the manifest, in microseconds."""

_COSTLIEST = 3
"""Epochs that are named."""

Judged = tuple[tuple[int, int] | None, Diagnostic | None]
"""Limit and actual value in microseconds, and what is wrong."""


def latency_budget(request: BudgetRequest, profile: Profile) -> Judged:
    """A budget of time against the estimate. What is not known cannot be held."""
    limit = Fraction(request.limit) * 1000
    footprint = profile.deployed
    if footprint.timed is None:
        return None, _unheld(
            request,
            "no target says how long it takes",
            "name a target whose file has a section `latency`",
        )
    estimate = footprint.timed.estimate
    if estimate.most is None:
        return None, _unheld(
            request,
            said(estimate),
            "change what the estimate does not know, or remove this budget and measure",
        )
    held = int(limit), estimate.most
    if estimate.most <= limit:
        return held, None
    return held, make(
        BUDGET,
        f"`{LATENCY}` may be {milliseconds(estimate.most)} ({bare(estimate)}), above the "
        f"{show(Fraction(request.limit))} that are required",
        request.name.span,
        label="judged at the upper end of the estimate",
        help="narrow what is named here, or allow "
        f"`{LATENCY} <= {-(-estimate.most // 100) / 10:g}`",
        related=places(profile),
        notes=[f"the estimate is {said(estimate)}", *costliest(footprint)],
    )


def _unheld(request: BudgetRequest, why: str, help: str) -> Diagnostic:
    return make(
        BUDGET,
        f"`{LATENCY}` cannot be held: {why}",
        request.name.span,
        label="there is no upper bound to compare",
        help=help,
    )


def _ranked(footprint: Footprint) -> list[Epoch]:
    """The epochs that take longest."""
    assert footprint.timed is not None
    epochs = footprint.timed.estimate.epochs
    return sorted(epochs, key=lambda epoch: -epoch.nanoseconds)[:_COSTLIEST]


def costliest(footprint: Footprint) -> list[str]:
    """Notes on the epochs that take longest: how long, why, and what would help."""
    assert footprint.timed is not None
    total = sum(epoch.nanoseconds for epoch in footprint.timed.estimate.epochs)
    return [
        f"{name_of(footprint, epoch)} takes {100 * epoch.nanoseconds / total:.0f} % "
        f"({epoch.reason}): {remedy(epoch.kind, epoch.reason, _operator(footprint, epoch))}"
        for epoch in _ranked(footprint)
    ]


def places(profile: Profile) -> list[Label]:
    """The statements that those epochs come from, each with its share of the time, its repeats and
    the rest of its layers included."""
    assert profile.deployed.timed is not None
    epochs = profile.deployed.timed.estimate.epochs
    origins = {row.name: row.origin for row in profile.layers}
    spent: dict[Span, int] = {}
    spans: dict[Epoch, Span] = {}
    for epoch in epochs:
        layers = [name for op in epoch.ops for name in profile.deployed.sequence[op].layers]
        if layers and origins.get(layers[0]):
            spans[epoch] = span = innermost(origins[layers[0]])
            spent[span] = spent.get(span, 0) + epoch.nanoseconds
    total = sum(epoch.nanoseconds for epoch in epochs)
    chosen = dict.fromkeys(spans[each] for each in _ranked(profile.deployed) if each in spans)
    return [Label(span, f"{100 * spent[span] / total:.0f} % of the time") for span in chosen]


def _operator(footprint: Footprint, epoch: Epoch) -> str | None:
    return footprint.sequence[epoch.ops[0]].operator if epoch.ops else None


def name_of(footprint: Footprint, epoch: Epoch) -> str:
    """The layer that an epoch goes by."""
    layers = [name for op in epoch.ops for name in footprint.sequence[op].layers]
    if layers:
        return f"`{layers[0]}`"
    return "the results" if _operator(footprint, epoch) == "DEQUANTIZE" else "the input"
