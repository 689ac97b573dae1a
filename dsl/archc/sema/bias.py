"""The pass that settles which convolutions have a bias."""

from collections.abc import Container, Sequence

from archc.ir.graph import Graph, Node
from archc.ops.base import Op


def settle_bias(graph: Graph) -> Graph:
    """Decide every `bias` that was left to the compiler.

    A batch normalisation subtracts the mean, so a bias before it has no effect. A convolution
    gets one unless batch normalisations are all that reads its output: where a skip or a gate
    reads the raw output too, the bias matters there.
    """
    return graph._replace(nodes=tuple(settled(graph.nodes, ends=graph.ends)))


def settled(
    nodes: Sequence[Node],
    first: int = 0,
    open_: Container[int | None] = (),
    ends: Container[int] = (),
) -> list[Node]:
    """The same of nodes that follow one another.

    Args:
        nodes: all of a network, or some.
        first: the index of the first one.
        open_: those that others may read, too, which are left as they are.
        ends: those that give the network's results.
    """
    readers: list[list[Op]] = [[] for _ in nodes]
    for node in nodes:
        for source in node.inputs:
            if source >= first:
                readers[source - first].append(node.op)
    made = list(nodes)
    for index, (node, own) in enumerate(zip(nodes, readers, strict=True), first):
        if getattr(node.op, "bias", True) is not None or index in open_:
            continue
        normalised = bool(own) and all(op.normalises for op in own) and index not in ends
        made[index - first] = node._replace(op=node.op.replace(bias=not normalised))
    return made
