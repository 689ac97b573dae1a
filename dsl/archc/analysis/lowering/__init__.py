"""From the network as it is trained to the operators that the int8 converter leaves of it."""

from archc.analysis.lowering.algebra import negate
from archc.analysis.lowering.block import Block, Constant, Operation
from archc.analysis.lowering.border import add_border
from archc.analysis.lowering.deployed import (
    INPUT,
    Deployed,
    DeviceOp,
    Failure,
    Unknown,
    measure,
)
from archc.analysis.lowering.importing import KERNELS, NOTHING, canonicalise, merge_equal, translate
from archc.analysis.lowering.quantising import quantise
from archc.analysis.lowering.rewriting import rewrite, rewrite_integers
from archc.ir.graph import Graph

__all__ = ["INPUT", "OBSERVED", "Deployed", "DeviceOp", "Failure", "Unknown", "lower"]

OBSERVED = {"tensorflow": "2.21.0", "keras": "3.15.1"}
"""The versions on which every rule of this package was observed."""


def lower(graph: Graph, io: str = "float32", trained: bool = True) -> Deployed:
    """The deployed graph of a network: full-integer post-training quantisation at batch 1.

    ``io`` is the type at the border: `float32`, `int8` or `uint8`. Without ``trained`` biases and
    shifts are the zeros that they begin with, on which some rewrites depend. Sources:
    `docs/lowering.md`; each rule is confirmed by the converter in `tests/analysis`.
    """
    block = translate(graph, trained)
    negate(block)
    canonicalise(block)
    rewrite(block)
    rewrite(block)
    merge_equal(block)
    quantise(block, io)
    rewrite_integers(block)
    results = [output.index for output in block.end.reads]
    add_border(block, io)
    return publish(block, results)


def publish(block: Block, results: list[int]) -> Deployed:
    """The block as it stands. ``results`` gives the network's results, the border excluded."""
    ordered = list(block)
    numbers = {operation.index: number for number, operation in enumerate(ordered)}
    numbers.update((source.index, INPUT - place) for place, source in enumerate(block.inputs))
    filters: dict[object, int] = {}
    biases_of: dict[int, object] = {}
    operators = []
    for number, operation in enumerate(ordered):
        step, constants = operation.step, _constants(operation)
        weights, biases, zero, twin, scalar = step.weights, step.biases, False, None, None
        own = False
        if operation.operator in KERNELS:
            kernel, bias = constants
            biases = 0 if bias is NOTHING else bias.size
            zero = bias.number == 0
            first = filters.setdefault(kernel.values, number)
            twin = None if first == number else first
            weights = kernel.size if twin is None else 0
            # Its scale is that of what is read times the filter's: of another tensor it is another.
            same = (bias.key, operation.reads[0].index)
            own = same != biases_of.setdefault(first, same)
        elif constants and constants[0].number is not None and not constants[0].shape:
            scalar = constants[0].number
        elif constants:
            values = constants[0].values
            weights = constants[0].size if filters.setdefault(values, number) == number else 0
        operators.append(
            DeviceOp(
                operation.operator,
                operation.shape,
                tuple(numbers[source.index] for source in operation.reads),
                tuple(sorted(operation.layers)),
                weights,
                biases,
                zero,
                twin,
                step.tables,
                scalar,
                step.window,
                operation.activation,
                operation.border,
                step.float_result,
                step.batch,
                own,
            )
        )
    return measure(
        tuple(operators),
        tuple(block.unknown),
        tuple(block.failures),
        tuple(numbers[index] for index in results),
        tuple(source.shape for source in block.inputs),
        block.lowered,
    )


def _constants(operation: Operation) -> list[Constant]:
    return [operand for operand in operation.operands if isinstance(operand, Constant)]
