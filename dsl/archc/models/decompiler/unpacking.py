"""Weights that a file stores in another type and unpacks where they are used, as the constants that
they are: float16 weights, and int8 ones of operators in float."""

from archc.models.deployed import FileGraph

TYPES = ("QUANTIZE", "DEQUANTIZE", "CAST")
"""Conversions of one type to another."""


def unpacked(graph: FileGraph) -> FileGraph:
    """The graph with what conversions make of constants as constants, and without those."""
    constant = {index for index, tensor in enumerate(graph.tensors) if tensor.constant}
    made: set[int] = set()
    operators = []
    for op in graph.operators:
        if op.kind in TYPES and op.inputs and constant.issuperset(op.inputs):
            made.update(op.outputs)
            constant.update(op.outputs)
            continue
        fresh = tuple(index for index in op.inputs if index in made)
        operators.append(op._replace(weights=(*op.weights, *fresh)) if fresh else op)
    if not made:
        return graph
    tensors = tuple(
        tensor._replace(constant=True) if index in made else tensor
        for index, tensor in enumerate(graph.tensors)
    )
    return graph._replace(tensors=tensors, operators=tuple(operators))
