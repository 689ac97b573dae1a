"""Where operators stand in the converter's file: the order of the traced function.

The converter imports a TensorFlow function in the reverse post-order of a depth-first walk that
takes roots and successors from the largest name to the smallest (byte order), so between parallel
branches the names of layers decide (`lowering.md` section 5; TensorFlow's `GetReversePostOrder`).
Operators publish as `Step.traced` what they are traced to; names are as `from_keras_model` makes
them with TensorFlow 2.21.0, which calls the model `{model}_1` and the layers `{layer}_1`.
"""

from archc.ir.graph import Graph
from archc.ops.base import Step

Place = tuple[float, ...]
"""Operators stand in the order of their places."""


def places(graph: Graph, steps: list[tuple[Step, ...]]) -> list[list[tuple[Place, ...]]]:
    """The places of every step of every node, one for each operation it is traced to and at least
    one, in time near linear in the size of the network."""
    reads: list[list[int]] = []
    successors: list[list[int]] = []
    names: list[str] = []
    roots: list[tuple[str, int]] = []
    values: list[int] = []
    traced: list[list[tuple[int, ...]]] = []
    for node, parts in zip(graph.nodes, steps, strict=True):
        if not node.inputs:
            values.append(len(names))
            roots.append((_argument(node.name), len(names)))
            names.append(_argument(node.name))
            successors.append([])
            reads.append([])
            traced.append([])
            continue
        scope = f"{graph.name}_1/{node.name}_1/"
        operands = [values[source] for source in node.inputs]
        made: list[int] = []
        traced.append([])
        for step in parts:
            indices: list[int] = []
            before = [made[i] if i >= 0 else operands[-1 - i] for i in step.inputs]
            for operation in step.traced:
                index = len(names)
                names.append(scope + operation.name)
                successors.append([])
                reads.append(before)
                for source in dict.fromkeys(before):
                    if not (operation.late and _underlies(reads, source, before)):
                        successors[source].append(index)
                before = [index]
                indices.append(index)
                for name in operation.variables:
                    suffix = "" if name.isdigit() else "_readvariableop_resource"
                    roots.append((_argument(f"{scope}{name}{suffix}"), index))
                roots.extend((scope + name, index) for name in operation.constants)
            made.append(before[0])
            traced[-1].append(tuple(indices) or (before[0],))
        for number in range(len(parts) - 2, -1, -1):
            if not parts[number].traced and all(source < 0 for source in parts[number].inputs):
                traced[-1][number] = traced[-1][number + 1]  # put in ahead of what is traced
        values.append(made[-1] if made else operands[0])
    rank = _reverse_postorder(names, successors, [index for _, index in sorted(roots)])
    return [
        [tuple((rank[index], number) for index in indices) for number, indices in enumerate(parts)]
        for parts in traced
    ]


LOOK_BACK = 100
"""So many operations are searched for a way from one operand to another."""


def _underlies(reads: list[list[int]], source: int, operands: list[int]) -> bool:
    """Whether an operand that is not the source is computed from it."""
    seen = {operand for operand in operands if operand > source}
    stack = list(seen)
    while stack and len(seen) < LOOK_BACK:
        for index in reads[stack.pop()]:
            if index == source:
                return True
            if index > source and index not in seen:
                seen.add(index)
                stack.append(index)
    return False


def _argument(name: str) -> str:
    """The name of a function's argument: lower case, letters, digits and underscores."""
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name.lower())


def _reverse_postorder(
    names: list[str], successors: list[list[int]], roots: list[int]
) -> list[int]:
    """The rank of every node; the last root and the largest successor are walked first."""
    rank = [-1] * len(names)
    entered = [False] * len(names)
    free = len(names)
    stack = list(roots)
    while stack:
        node = stack[-1]
        if not entered[node]:
            entered[node] = True
            stack.extend(
                sorted((n for n in successors[node] if not entered[n]), key=names.__getitem__)
            )
            continue
        stack.pop()
        if rank[node] < 0:  # a node may wait on the stack several times
            free -= 1
            rank[node] = free
    return rank
