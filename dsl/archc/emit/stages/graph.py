"""The graph as text and as plain data."""

from itertools import zip_longest
from typing import Any

from archc.diagnostics.text import shape_text
from archc.emit.stages.rows import Row, at
from archc.ir.graph import Frame, Graph, Node
from archc.ops.arguments import Auto
from archc.plain import picked
from archc.source import Span


def graph_rows(graph: Graph) -> list[Row]:
    """The operators in execution order in the calls that made them, then skips and roundings.

    `%5` is the value of operator 5. An operator's place is the statement in the user's text.
    """
    nodes = graph.nodes
    entries = {*graph.inputs}
    rows = [
        Row(
            own(nodes[one]),
            0,
            f"%{one} = input {nodes[one].name} : {shape_text(nodes[one].shape)}",
        )
        for one in graph.inputs
    ]
    work: list[tuple[int, str, int | Frame]] = [(0, "", one) for one in graph.frame.children[::-1]]
    repeats = 0
    while work:
        depth, prefix, one = work.pop()
        if isinstance(one, int):
            if one in entries:  # further inputs of an imported network
                continue
            rows.append(Row(own(nodes[one]), depth, _operator(one, nodes[one], prefix)))
            continue
        if one.kind == "repeat" and one.part == "1" and repeats == 1:
            work.extend((depth, one.name, child) for child in one.children[::-1])
            continue
        if one.kind == "stage":
            repeats = len(one.children)
        if one.kind == "repeat":
            name = f"repeat {one.part}"
        elif one.kind in ("head", "output"):
            name = "head" if one.kind == "head" else f"output {one.label}"
        else:
            called = one.label if one.label == one.part else f"{one.label}, as {one.part}"
            name = f"{one.kind} {called}"
        shapes = f"{shape_text(nodes[one.input].shape)} → {shape_text(nodes[one.output].shape)}"
        rows.append(Row(one.span, depth, f"{name} : {shapes}", depth == 0))
        work.extend((depth + 1, one.name, child) for child in one.children[::-1])
    for index, called in zip_longest(graph.ends, graph.names):
        rows.append(Row(None, 0, f"output {called} %{index}" if called else f"output %{index}"))
    for note in graph.skips:
        taken = "taken" if note.taken else "dropped"
        why = f": {note.reason}" if note.reason else ""
        rows.append(Row(note.span, 0, f"skip in {note.where} {taken}{why}"))
    for rounded in graph.roundings:
        rows.append(
            Row(
                rounded.span,
                0,
                f"rounded {rounded.requested} to {rounded.effective} (multiples of "
                f"{rounded.divisor}) in {rounded.where}",
            )
        )
    return rows


def own(node: Node) -> Span | None:
    return node.origin[0].span if node.origin else None


def _operator(index: int, node: Node, prefix: str) -> str:
    """One operator. Its name is left out where it is that of its call and the operator's."""
    part = node.name.removeprefix(f"{prefix}_")
    named = f" {part}" if part != node.op.keyword else ""
    reads = [f"%{source}" for source in node.inputs]
    given = [f"{name} = {value}" for name, value in _arguments(node).items()]
    return f"%{index}{named} = {node.op.keyword}({', '.join([*reads, *given])}) : " + shape_text(
        node.shape
    )


def _arguments(node: Node) -> dict[str, str]:
    """The arguments that are not the default, and those that the compiler settled."""
    op = node.op
    return {
        name: arg.show(op.values[name])
        for name, arg in op.args.items()
        if arg.required or isinstance(arg, Auto) or op.values[name] != arg.default(op.values)
    }


def graph_data(graph: Graph) -> dict[str, Any]:
    """The same as plain data, with every argument."""
    nodes = graph.nodes
    return {
        "name": graph.name,
        "outputs": [
            {"name": called or nodes[index].name, "node": index}
            for index, called in zip_longest(graph.ends, graph.names)
        ],
        "nodes": [
            {
                "index": index,
                "name": node.name,
                "operator": node.op.keyword if node.inputs else "input",
                "arguments": {
                    name: arg.show(node.op.values[name]) for name, arg in node.op.args.items()
                }
                if node.inputs
                else {},
                "inputs": list(node.inputs),
                "shape": list(node.shape),
                **picked(node, "stage block repeat"),
                "at": at(own(node)),
                "origin": [{"name": via.name, "at": at(via.span)} for via in node.origin[1:]],
            }
            for index, node in enumerate(graph.nodes)
        ],
        "calls": _frame_data(graph.frame),
        "skips": [{**picked(one, "where taken reason"), "at": at(one.span)} for one in graph.skips],
        "roundings": [
            {**picked(one, "where requested effective divisor"), "at": at(one.span)}
            for one in graph.roundings
        ],
    }


def _frame_data(frame: Frame) -> dict[str, Any]:
    return {
        **picked(frame, "kind name label input output"),
        "at": at(frame.span),
        "children": [one if isinstance(one, int) else _frame_data(one) for one in frame.children],
    }
