"""Multiply-accumulates and weights of a deployed graph."""

from math import prod

from archc.models.deployed.graph import FileGraph, Operator, Tensor

OPAQUE = frozenset(
    """
CUSTOM CALL CALL_ONCE IF WHILE DELEGATE LSTM RNN SVDF UNIDIRECTIONAL_SEQUENCE_LSTM CONCAT_EMBEDDINGS
UNIDIRECTIONAL_SEQUENCE_RNN BIDIRECTIONAL_SEQUENCE_LSTM BIDIRECTIONAL_SEQUENCE_RNN LSH_PROJECTION
PLACEHOLDER_FOR_GREATER_OP_CODES STABLEHLO_CONVOLUTION STABLEHLO_DOT_GENERAL STABLEHLO_CUSTOM_CALL
STABLEHLO_COMPOSITE STABLEHLO_WHILE STABLEHLO_CASE RFFT2D
""".split()  # noqa: SIM905  # a list would have a line each
)
"""Kinds that multiply and accumulate in ways that nothing here counts."""


def macs(kind: str, operands: tuple[Tensor | None, ...], output: Tensor) -> int | None:
    """Multiply-accumulates of an operator, as manifests count them: convolutions, dense layers and
    products of matrices; nothing else counts. None where it is not known.

    Formulas: `docs/lowering.md`; for a transposed convolution every value of the input meets every
    weight of a filter once.

    Args:
        kind: TFLite's name of what it computes.
        operands: what it reads, in TFLite's order.
        output: its result.
    """
    if kind in OPAQUE or kind.startswith("OPERATOR_"):
        return None
    if kind == "TRANSPOSE_CONV":
        return _transposed(operands)
    if kind == "BATCH_MATMUL":
        first = operands[0] if operands else None
        return output.elements * first.shape[-1] if first is not None and first.shape else None
    if kind not in _COUNTED:
        return 0
    if len(operands) < 2 or operands[0] is None or operands[1] is None:
        return None
    kernel = operands[1]
    rank, each = _COUNTED[kind]
    if len(kernel.shape) != rank:
        return None
    return output.elements * prod(kernel.shape[each])


_COUNTED = {
    "CONV_2D": (4, slice(1, None)),
    "DEPTHWISE_CONV_2D": (4, slice(1, 3)),
    "FULLY_CONNECTED": (2, slice(1, None)),
    "CONV_3D": (5, slice(0, -1)),
}
"""Axes of the filter, and those of them whose product is spent on every value of the result."""


def _transposed(operands: tuple[Tensor | None, ...]) -> int | None:
    if len(operands) < 3 or operands[1] is None or operands[2] is None:
        return None
    kernel, entering = operands[1], operands[2]
    return entering.elements * prod(kernel.shape[:3]) if len(kernel.shape) == 4 else None


def stored(graph: FileGraph, *operators: Operator) -> tuple[int, int, int]:
    """What operators have of constants: (weights as numbers of values, their bytes, bytes of all).
    Each distinct content counts once."""
    weights: dict[object, tuple[int, int]] = {}
    tables: dict[object, int] = {}
    for op in operators:
        for index in op.weights:
            tensor = graph.tensors[index]
            weights.setdefault(tensor.content, (tensor.elements, tensor.bytes))
        for index in op.tables:
            tensor = graph.tensors[index]
            tables.setdefault(tensor.content, tensor.bytes)
    size = sum(bytes for _, bytes in weights.values())
    more = sum(bytes for content, bytes in tables.items() if content not in weights)
    return sum(values for values, _ in weights.values()), size, size + more
