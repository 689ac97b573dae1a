"""Where operators stand in the converter's file: the order of the traced function.

The converter imports an operation of a TensorFlow function as soon as all that it reads is there.
Of several it takes one that the last operation made possible, and of these the one that a
depth-first walk from the largest name to the smallest (byte order) leaves last, so between parallel
branches the names of layers decide (TensorFlow 2.21's `node_order.cc`, TopologicalOrdering;
`docs/lowering.md`, "Order").
Operators publish as `Step.traced` what they are traced to; names are as `from_keras_model` makes
them with TensorFlow 2.21.0, which calls the model `{model}_1` and the layers `{layer}_1`.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from archc.ir.graph import Graph
from archc.ops.base import Step, Traced
from archc.typed import NamedTuple

_KEPT = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")

Place = tuple[float, ...]
"""Operators stand in the order of their places."""
Places = tuple[tuple[tuple[Place, ...], ...], ...]
"""By node, step and operation that the step is traced to."""


KEPT, LARGEST = 8, 2_000
"""So many orders are kept, of networks of at most so many nodes."""


class _Named(NamedTuple):
    """What of a node decides about the order."""

    name: str
    inputs: tuple[int, ...]
    scope: str | None
    variables: str | None
    rank: int


class _Part(NamedTuple):
    """What of a step does."""

    operator: str
    inputs: tuple[int, ...]
    traced: tuple[Traced, ...]


def places(graph: Graph, steps: Sequence[tuple[Step, ...]]) -> Places:
    """The places of every step of every node, one for each operation it is traced to and at least
    one, in time near linear in the size of the network.

    Shapes have no part in it: networks that differ only in their widths have one order, which is
    worked out once.
    """
    nodes = tuple(
        [
            _Named(node.name, node.inputs, node.scope, node.variables, node.rank)
            for node in graph.nodes
        ]
    )
    parts = tuple(
        [tuple([_Part(step.operator, step.inputs, step.traced) for step in own]) for own in steps]
    )
    ordered = _places if len(nodes) <= LARGEST else _places.__wrapped__
    return ordered(graph.name, nodes, parts)


@lru_cache(maxsize=KEPT)
def _places(
    network: str, nodes: tuple[_Named, ...], steps: tuple[tuple[_Part, ...], ...]
) -> Places:
    successors: list[list[int]] = []
    names: list[str] = []
    roots: list[int] = []
    constants: dict[str, int] = {}
    values = [0] * len(nodes)
    traced: list[list[tuple[int, ...]]] = [[] for _ in nodes]
    taken = Counter[str]()
    readers = Counter(source for node in nodes for source in node.inputs)
    for place in sorted(range(len(nodes)), key=lambda index: nodes[index].rank):
        node, parts, indexed = nodes[place], steps[place], traced[place]
        if not node.inputs:
            values[place] = len(names)
            roots.append(len(names))
            names.append(_argument(node.name))
            successors.append([])
            continue
        below = f"{node.name}_1/"
        scope, owner = (
            f"{network}_1/{below if given is None else given}"
            for given in (node.scope, node.variables)
        )
        operands = [values[source] for source in node.inputs]
        made: list[int] = []
        for step in parts:
            indices: list[int] = []
            entering = [made[i] if i >= 0 else operands[-1 - i] for i in step.inputs]
            before = entering
            for operation in step.traced:
                index = len(names)
                name = scope + operation.name
                again = taken[name]
                taken[name] += 1
                name += f"_{again}" if again else ""
                names.append(name)
                successors.append([])
                if operation.reads is not None:
                    own = [entering if at < 0 else [indices[at]] for at in operation.reads]
                    before = [source for sources in own for source in sources]
                for source in dict.fromkeys(before):
                    successors[source].append(index)
                before = [index]
                indices.append(index)
                entries = [
                    _argument(owner + own + ("" if own.isdigit() else "_readvariableop_resource"))
                    for own in operation.variables
                ]
                entries += [
                    name + own.removeprefix(operation.name) if again else scope + own
                    for own in operation.constants
                ]
                for entry in entries:
                    if entry not in constants:
                        constants[entry] = len(names)
                        roots.append(len(names))
                        names.append(entry)
                        successors.append([])
                    successors[constants[entry]].append(index)
            made.append(before[0])
            indexed.append(tuple(indices) or (before[0],))
        for number in range(len(parts) - 2, -1, -1):
            if not parts[number].traced and all(source < 0 for source in parts[number].inputs):
                source = node.inputs[-1 - parts[number].inputs[0]]
                rectified = steps[source] and steps[source][-1].operator == "RELU"
                if parts[number].operator == "TRANSPOSE" and rectified and readers[source] == 1:
                    indexed[number] = (values[source],)  # axes are moved ahead of the RELU
                else:
                    indexed[number] = indexed[number + 1]  # put in ahead of what is traced
        values[place] = made[-1] if made else operands[0]
    rank = _emitted(names, successors, roots)
    return tuple(
        [
            tuple(
                [
                    tuple([(rank[index], number) for index in indices])
                    for number, indices in enumerate(parts)
                ]
            )
            for parts in traced
        ]
    )


@lru_cache(maxsize=4096)
def _argument(name: str) -> str:
    """The name of a function's argument: lower case, letters, digits and underscores."""
    return "".join([each if each in _KEPT else "_" for each in name.lower()])


def _emitted(names: list[str], successors: list[list[int]], roots: list[int]) -> list[int]:
    """The rank of every node: one follows as soon as all that it reads is there, of several the one
    that a depth-first walk leaves last, the latest come first."""
    left = _left(names, successors, roots)
    missing = [0] * len(names)
    for following in successors:
        for node in following:
            missing[node] += 1
    rank = [-1] * len(names)
    stack = sorted(roots, key=left.__getitem__)
    for place in range(len(names)):
        node = stack.pop()
        rank[node] = place
        for user in sorted(successors[node], key=left.__getitem__):
            missing[user] -= 1
            if missing[user] == 0:
                stack.append(user)
    return rank


def _left(names: list[str], successors: list[list[int]], roots: list[int]) -> list[int]:
    """When a depth-first walk leaves a node; the largest name is walked first."""
    left = [-1] * len(names)
    entered = [False] * len(names)
    count = 0
    stack = sorted(roots, key=names.__getitem__)
    while stack:
        node = stack[-1]
        if not entered[node]:
            entered[node] = True
            following = sorted(successors[node], key=names.__getitem__)
            stack.extend(n for n in following if not entered[n])
            continue
        stack.pop()
        if left[node] < 0:  # a node may wait on the stack several times
            left[node] = count
            count += 1
    return left
