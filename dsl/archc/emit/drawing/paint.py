"""What a drawing's colours show: each box's share of the MACs, or of the estimated time."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from archc.analysis.latency import milliseconds, remedy, stated
from archc.diagnostics.text import figure
from archc.emit.drawing import text

QUANTITIES = ("macs", "time")
"""What can be asked for."""
BINS = (0, 1, 5, 10, 25)
"""Percent of the whole from which a box has the next colour; the first has more than 0."""
_TOP = 3
"""Epochs of which it is said what would help."""
_TOLD = 8
"""Remarks on one box."""


class Paint(NamedTuple):
    """A quantity of which every node has a share."""

    costs: tuple[int, ...]
    """By node."""
    whole: int
    """Of the network, with what no node is drawn for."""
    heading: str
    """Of the legend."""
    figure: Callable[[int], str]
    """An amount with its unit."""
    nothing: str
    """What is said of a stage without any."""
    remarks: dict[int, tuple[tuple[int, str], ...]]
    """What is said of a node besides, where the pointer rests: amounts, and texts for them."""

    def of(self, nodes: Sequence[int]) -> int:
        """How much several nodes have together."""
        return sum(self.costs[index] for index in nodes)

    def level(self, nodes: Sequence[int]) -> int:
        """Which colour some nodes have together."""
        return level(self.of(nodes), self.whole)

    def told(self, nodes: Sequence[int]) -> list[str]:
        """The remarks on several nodes, those with the largest amounts first."""
        found = [remark for index in nodes for remark in self.remarks.get(index, ())]
        found.sort(key=lambda remark: -remark[0])
        more = len(found) - _TOLD
        return [said for _, said in found[:_TOLD]] + ([f"and {more} more"] if more > 0 else [])

    def share(self, nodes: Sequence[int]) -> str:
        """An amount and its share of the whole, in words."""
        part = self.of(nodes)
        return f"{self.figure(part)} · {text.share(part, self.whole)}" if part else self.nothing


def level(part: int, whole: int) -> int:
    """Which colour a share has: 0 for none, then by `BINS`."""
    if not part:
        return 0
    return sum(100 * part >= percent * whole for percent in BINS)


def by_macs(manifest: dict[str, Any]) -> Paint:
    """Shares of the MACs."""
    return Paint(
        tuple(int(layer["macs"] or 0) for layer in manifest["layers"]),
        int(manifest["totals"]["macs"]),
        "share of MACs:",
        lambda macs: f"{figure(macs)} MACs",
        "no MACs",
        {},
    )


def untimed(manifest: dict[str, Any]) -> str | None:
    """Why a network cannot be drawn by its time; None where it can."""
    latency = (manifest["deployed"] or {}).get("latency")
    if latency is None:
        return "no target says how long it takes"
    if all(epoch["nanoseconds"] is None for epoch in latency["epochs"]):
        return f"its time is {_said(latency)}"
    return None


def by_time(manifest: dict[str, Any]) -> Paint:
    """Shares of the estimated time; that of an epoch is its first layer's.

    Args:
        manifest: of a network of which `untimed` says nothing.
    """
    deployed = manifest["deployed"]
    latency, sequence = deployed["latency"], deployed["sequence"]
    index = {layer["name"]: place for place, layer in enumerate(manifest["layers"])}
    epochs = latency["epochs"]
    whole = sum(epoch["nanoseconds"] for epoch in epochs)
    costs = [0] * len(index)
    remarks: dict[int, tuple[tuple[int, str], ...]] = {}
    ranked = sorted(range(len(epochs)), key=lambda i: -int(epochs[i]["nanoseconds"]))[:_TOP]
    for number, epoch in enumerate(epochs):
        if not epoch["layers"]:
            continue
        name, spent = epoch["layers"][0], int(epoch["nanoseconds"])
        node = index[name]
        costs[node] += spent
        part = text.share(spent, whole)
        said = f"{name}: {duration(spent)}, {part} of the time ({epoch['reason']})"
        if number in ranked:
            operator = sequence[epoch["operators"][0]]["operator"]
            help = remedy(epoch["kind"], epoch["reason"], operator)
            said += f", number {ranked.index(number) + 1} of all; what would help: {help}"
        remarks[node] = (*remarks.get(node, ()), (spent, said))
    why = f", {latency['grade']}" if latency["grade"] != "unknown" else ""
    return Paint(
        tuple(costs),
        whole,
        f"share of the time, {_said(latency)} (estimate{why}):",
        duration,
        "no time of its own",
        remarks,
    )


def _said(latency: dict[str, Any]) -> str:
    return stated(latency["grade"], (), latency["microseconds"], latency["least"], latency["most"])


def duration(nanoseconds: int) -> str:
    """`24.1 us`, `1.20 ms`."""
    if nanoseconds < 1_000_000:
        return f"{nanoseconds / 1000:.1f} us"
    return milliseconds((nanoseconds + 500) // 1000)
