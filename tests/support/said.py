"""All that is said of a spec, as lines: what is kept as golden text."""

from collections.abc import Iterator
from pathlib import Path

from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Network
from archc.ir.graph import Frame
from archc.source import Span

KEPT = Path(__file__).parents[1] / "sema/data/said.txt"
SEPARATOR = "-----"


def said(compilation: Compilation) -> list[str]:
    """Every diagnostic with its places, labels, notes, help and fixes, and every network."""
    lines = [line for one in compilation.diagnostics for line in _diagnostic(one)]
    return lines + [line for network in compilation.networks for line in _network(network)]


def _place(span: Span | None) -> str:
    if span is None:
        return "-"
    if span.source.name != "spec.arch":
        return f"{span.source.name}:{span.start}"
    line = span.source.text.count("\n", 0, span.start) + 1
    return f"{line}:{span.start - span.source.text.rfind(chr(10), 0, span.start)}+{len(span.text)}"


def _diagnostic(one: Diagnostic) -> list[str]:
    lines = [f"{_place(one.span)} {one.level}[{one.code}] {one.message}"]
    lines += [f"  label {one.label}"] if one.label else []
    lines += [f"  see {_place(label.span)} {label.text}" for label in one.related]
    lines += [f"  note {note}" for note in one.notes]
    lines += [f"  help {one.help}"] if one.help else []
    return lines + [f"  fix {_place(edit.span)} {edit.text}" for edit in one.edits]


def _network(network: Network) -> list[str]:
    graph = network.graph
    lines = [f"network {graph.name}"]
    for node in graph.nodes:
        shape = "x".join(map(str, node.shape))
        reads = ",".join(map(str, node.inputs))
        hints = " ".join(f"{slot}={hint}" for slot, hint in node.hints)
        values = " ".join(f"{name}={_text(getattr(node.op, name))}" for name in node.op.args)
        where = f"{node.stage} {node.block} {node.repeat}"
        lines.append(
            f"  {node.name} {shape} of [{reads}] in {where}; {values}; {hints}".rstrip("; ")
        )
    lines += [
        f"  rounded {n.where} {n.requested} {n.effective} {n.divisor}" for n in graph.roundings
    ]
    lines += [f"  skip {n.where} {n.taken} {n.reason} {n.body} {n.shortcut}" for n in graph.skips]
    lines += [f"  map {name} {node}" for name, node in graph.maps]
    return lines + list(_frame(graph.frame))


def _frame(frame: Frame, depth: int = 1) -> Iterator[str]:
    """A call and those within, as far as they are more than operators."""
    calls = [child for child in frame.children if not isinstance(child, int)]
    own = len(frame.children) - len(calls)
    if depth > 1:
        names = f"{frame.kind} {frame.name} {frame.part} {frame.label}"
        yield f"{'  ' * depth}{names} {frame.input} to {frame.output}, {own} operators"
    for call in calls:
        yield from _frame(call, depth + 1)


def _text(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
