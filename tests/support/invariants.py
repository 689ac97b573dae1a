"""What holds of every graph that the compiler makes."""

from archc.ir.graph import Graph


def verify(graph: Graph) -> None:
    """Check a graph's invariants: names unique, values made before they are read, shapes as
    inferred, every value but the output read, every node in the tree of calls once.

    Raises:
        AssertionError: one does not hold, which is a bug in the compiler.
    """
    names = {node.name for node in graph.nodes}
    assert len(names) == len(graph.nodes), "two nodes have one name"
    entries = len(graph.inputs)
    for index, node in enumerate(graph.nodes):
        assert all(0 <= source < index for source in node.inputs), f"{node.name} reads ahead"
        assert bool(node.inputs) == (index >= entries), f"{node.name} reads nothing"
        if index >= entries:
            inferred = node.op.infer(*graph.input_shapes(node))
            assert inferred == node.shape, f"{node.name}: {inferred} is not {node.shape}"
    users = graph.users()
    for index, node in enumerate(graph.nodes):
        assert users[index] or index in graph.ends, f"{node.name} is read by nothing"
    seen = [0] * len(graph.nodes)
    stack = [graph.frame]
    while stack:
        for child in stack.pop().children:
            if isinstance(child, int):
                seen[child] += 1
            else:
                stack.append(child)
    assert not any(seen[:entries]), "an input is in the tree of calls"
    assert all(count == 1 for count in seen[entries:]), "a node is not in the tree of calls once"
