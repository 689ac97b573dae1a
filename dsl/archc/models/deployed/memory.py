"""Memory of a deployed graph: the same two views as of a spec's (`archc.analysis.memory`), with the
tensors that the file has."""

from archc.compiler import INPUT, Kind, LiveTensor, Memory, Peak, planned
from archc.models.deployed.graph import FileGraph


def memory(graph: FileGraph) -> Memory:
    """Lifetimes, the peak of activations and a plan, in the order of the file."""
    every = lifetimes(graph)
    if graph.operators:
        return planned(every, len(graph.operators))
    alive = tuple(tensor._replace(kind="activation") for tensor in every)
    return planned(every, 0, Peak(sum(tensor.bytes for tensor in every), None, alive))


def lifetimes(graph: FileGraph) -> tuple[LiveTensor, ...]:
    """Every computed tensor with its lifetime: inputs, then results in the order of operators. What
    only converts at the border counts on its inner side; a view is the tensor it is a view of."""
    end = max(len(graph.operators) - 1, 0)
    outer = outside(graph)
    last: dict[int, int] = {}
    for place, op in enumerate(graph.operators):
        for index in graph.reads(op):
            last[root(graph, index)] = place
    last.update(dict.fromkeys((root(graph, index) for index in graph.outputs), end))
    makers = {index: INPUT - number for number, index in enumerate(graph.inputs)}
    for place, op in enumerate(graph.operators):
        makers.update((index, place) for index in op.outputs if graph.tensors[index].view is None)
    kept = leaving(graph)
    found = []
    for index, maker in makers.items():
        kind: Kind = "border" if index in outer else "activation"
        first = max(maker, 0)
        until = max(last.get(index, first), first)
        counted = end if index in kept else until
        found.append(LiveTensor(maker, kind, graph.tensors[index].bytes, first, until, counted))
    return tuple(found)


def leaving(graph: FileGraph) -> frozenset[int]:
    """The maps that a conversion at the border makes outputs of."""
    return frozenset(
        root(graph, index)
        for op in graph.operators
        if op.border and not {*op.outputs}.isdisjoint(graph.outputs)
        for index in graph.reads(op)
    )


def root(graph: FileGraph, index: int) -> int:
    """The tensor in whose memory one lies."""
    steps = 0
    while (base := graph.tensors[index].view) is not None and steps <= len(graph.tensors):
        index, steps = base, steps + 1
    return index


def outside(graph: FileGraph) -> frozenset[int]:
    """The tensors that only what converts at the border reads or makes."""
    inner = {i for op in graph.operators if not op.border for i in (*op.inputs, *op.outputs)}
    border = {i for op in graph.operators if op.border for i in (*op.inputs, *op.outputs)}
    ends = {*graph.inputs, *graph.outputs}
    return frozenset((border & ends) - inner)
