"""What stages and statements cost, and what they make, by the place where they are written."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from archc.analysis.latency import stated
from archc.diagnostics.text import amount, few, kib, several, shape_text
from archc.driver import Network
from archc.ir.graph import Frame, Node
from archc.ops.base import Shape
from archc.source import Span

ARROW, DOT = "\u2192", "\u00b7"


class Cost(NamedTuple):
    """What a stage or statement amounts to in one network."""

    network: str
    shapes: tuple[Shape, ...]
    """What it makes, for each time it is run."""
    params: int
    macs: int
    layers: int
    peak: int | None = None
    """The network's estimated peak of activations in bytes, where it is reached in here."""
    whole: bool = False
    """Whether this is the network."""
    share: float | None = None
    """Percent of the network's estimated time that is spent here; None where no time is known."""
    time: str | None = None
    """The network's estimated time with its error."""

    @property
    def shape(self) -> Shape | None:
        """What it makes, where that is always the same."""
        return self.shapes[0] if len(set(self.shapes)) == 1 else None


class Costs:
    """Costs in the networks of a spec. Of several networks the first that has a place counts."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._costs: dict[Span, Cost] = {}
        self.calls: dict[Span, list[Node]] = {}
        """The operators that a call stands for by itself, by the place of the call."""
        self.networks = tuple(networks)
        for network in self.networks:
            for span, cost in _costs(network):
                self._costs.setdefault(span, cost)
            for node in network.graph.nodes[1:]:
                self.calls.setdefault(node.origin[-1].span, []).append(node)

    def of(self, span: Span) -> Cost | None:
        """The cost of the stage, head, arch or call that stands at a place."""
        return self._costs.get(span)


def _costs(network: Network) -> Iterable[tuple[Span, Cost]]:
    graph = network.graph
    deployed = network.manifest["deployed"]
    peak = deployed["peak_activation_bytes"]
    step = deployed["peak"]["step"] if deployed["peak"] else None
    # Of the layers that an operator was made of, the first is the one that it is known by.
    reached = set(deployed["sequence"][step]["layers"][:1]) if step is not None else set()

    times, total = _times(deployed.get("latency"))

    def peaked(cost: Cost, nodes: list[Node]) -> Cost:
        if any(node.name in reached for node in nodes):
            cost = cost._replace(peak=peak)
        spent = sum(times.get(node.name, 0) for node in nodes)
        return cost._replace(share=100 * spent / total) if total else cost

    rows: dict[str, Any] = {row["name"]: row for row in network.manifest["layers"]}
    runs: dict[Span, dict[Any, list[Node]]] = {}
    for node in graph.nodes[len(graph.inputs) :]:
        for depth, via in enumerate(node.origin):
            once = (node.stage, node.repeat, node.origin[: depth + 1])
            runs.setdefault(via.span, {}).setdefault(once, []).append(node)
    for span, found in runs.items():
        nodes = [node for run in found.values() for node in run]
        shapes = tuple(run[-1].shape for run in found.values())
        yield span, peaked(_cost(network.name, nodes, shapes, rows), nodes)
    for frame in (graph.frame, *(one for one in graph.frame.children if isinstance(one, Frame))):
        if frame.span is not None:
            nodes = [graph.nodes[index] for index in indices(frame)]
            cost = _cost(network.name, nodes, (graph.nodes[frame.output].shape,), rows)
            whole = cost._replace(peak=peak, whole=True, time=_said(deployed.get("latency")))
            yield frame.span, whole if frame is graph.frame else peaked(cost, nodes)


def _times(latency: dict[str, Any] | None) -> tuple[dict[str, int], int]:
    """Nanoseconds by the layer that an epoch goes by, and in all."""
    times: dict[str, int] = {}
    total = 0
    for epoch in latency["epochs"] if latency else ():
        spent = epoch["nanoseconds"] or 0
        total += spent
        for name in epoch["layers"][:1]:
            times[name] = times.get(name, 0) + spent
    return times, total


def _said(latency: dict[str, Any] | None) -> str | None:
    if latency is None:
        return None
    return stated(latency["grade"], (), latency["microseconds"], latency["least"], latency["most"])


def indices(frame: Frame) -> list[int]:
    """The operators within a call."""
    found: list[int] = []
    stack: list[int | Frame] = [frame]
    while stack:
        part = stack.pop()
        if isinstance(part, int):
            found.append(part)
        else:
            stack.extend(reversed(part.children))
    return found


def _cost(network: str, nodes: list[Node], shapes: tuple[Shape, ...], rows: dict[str, Any]) -> Cost:
    params = sum(rows[node.name]["params"] for node in nodes)
    macs = sum(rows[node.name]["macs"] for node in nodes)
    return Cost(network, shapes, params, macs, len(nodes))


def together(costs: list[Cost]) -> Cost:
    """Statements that stand side by side: what the last one makes, for the price of all."""
    last = costs[-1]
    return last._replace(
        params=sum(one.params for one in costs),
        macs=sum(one.macs for one in costs),
        layers=sum(one.layers for one in costs),
        peak=next((one.peak for one in costs if one.peak is not None), None),
        share=sum(one.share or 0 for one in costs) if last.share is not None else None,
    )


def brief(cost: Cost) -> str:
    """A cost in a few words: `→ 16x64x64 · 0.8 M MACs · 12 k params`; nothing is not said."""
    times = len(cost.shapes)
    if cost.shape is not None:
        parts = [f"{ARROW} {shape_text(cost.shape)}"]
    else:
        parts = [f"{ARROW} {len(set(cost.shapes))} shapes in {times} calls"]
    if cost.macs:
        parts.append(f"{amount(cost.macs)} MACs")
    if cost.params:
        parts.append(f"{amount(cost.params)} params")
    if cost.peak is not None:
        parts.append(f"peak {kib(cost.peak)}{'' if cost.whole else ' here'}")
    if cost.time is not None:
        parts.append(cost.time)
    elif cost.share is not None and round(cost.share):
        parts.append(f"{cost.share:.0f} % of the time")
    return f" {DOT} ".join(parts)


def full(cost: Cost) -> str:
    """The same to the unit, and how often it is run."""
    shapes = list(dict.fromkeys(cost.shapes))
    shown = few([*map(shape_text, shapes)], 6)
    times = f"; run {len(cost.shapes)} times" if len(cost.shapes) > 1 else ""
    layers = several(cost.layers, "layer")
    where = "" if cost.whole else ", reached here"
    peak = f"; estimated peak of activations {cost.peak:,} bytes{where}" if cost.peak else ""
    time = ""
    if cost.time is not None:
        time = f"; estimated time of one inference: {cost.time}"
    elif cost.share is not None:
        time = f"; {cost.share:.0f} % of the estimated time"
    return (
        f"{ARROW} {shown}{times}; {layers}, {cost.params:,} params, {cost.macs:,} MACs "
        f"in `{cost.network}`{peak}{time}"
    )
