"""The pass that settles which convolutions have a bias."""

from archc.ir.graph import Graph


def settle_bias(graph: Graph) -> Graph:
    """Decide every `bias` that was left to the compiler.

    A batch normalisation subtracts the mean, so a bias before it has no effect. A convolution
    gets one unless batch normalisations are all that reads its output: where a skip or a gate
    reads the raw output too, the bias matters there.
    """
    users = graph.users()
    nodes = list(graph.nodes)
    for index, node in enumerate(nodes):
        if getattr(node.op, "bias", True) is not None:
            continue
        readers = [graph.nodes[user].op for user in users[index]]
        normalised = bool(readers) and all(op.normalises for op in readers)
        normalised = normalised and index not in graph.ends
        nodes[index] = node._replace(op=node.op.replace(bias=not normalised))
    return graph._replace(nodes=tuple(nodes))
