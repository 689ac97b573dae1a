"""From the network as it is trained to the operators that the int8 converter leaves of it."""

from archc.analysis.lowering.deployed import (
    INPUT,
    Deployed,
    DeviceOp,
    Unknown,
    measure,
)
from archc.analysis.lowering.order import places
from archc.analysis.lowering.passes import passes
from archc.analysis.lowering.program import Program
from archc.ir.graph import Graph

__all__ = ["INPUT", "OBSERVED", "Deployed", "DeviceOp", "Unknown", "lower"]

OBSERVED = {"tensorflow": "2.21.0", "keras": "3.15.1"}
"""The versions on which every rule of this package was observed."""


def lower(graph: Graph, io: str = "float32") -> Deployed:
    """The deployed graph of a network: full-integer post-training quantisation at batch 1.

    ``io`` is the type at the border: `float32`, `int8` or `uint8`. Sources: `lowering.md`
    sections 1 to 6, each rule confirmed by the converter in `tests/analysis`.
    """
    program = translate(graph)
    for run in passes(io):
        run(program)
    return publish(program)


def translate(graph: Graph) -> Program:
    """Every operator as it would be on its own."""
    program = Program(graph.nodes[0].shape)
    values: list[int] = []
    steps = [node.op.device(node.shape, *graph.input_shapes(node)) for node in graph.nodes]
    where = places(graph, steps)
    for index, node in enumerate(graph.nodes):
        if not node.inputs:
            values.append(program.sources[0] if index == 0 else program.enter(node.shape).index)
            continue
        reads = [values[source] for source in node.inputs]
        made: list[int] = []
        for step, place in zip(steps[index], where[index], strict=True):
            inputs = [made[i] if i >= 0 else reads[-1 - i] for i in step.inputs]
            made.append(program.add(step, inputs, frozenset({index}), place).index)
        values.append(made[-1] if made else reads[0])
    program.finish(*(values[result] for result in graph.results or (graph.output,)))
    return program


def publish(program: Program) -> Deployed:
    """The program as it stands, in the order of the file."""
    ordered = sorted(program, key=lambda instruction: instruction.place)
    numbers = {instruction.index: number for number, instruction in enumerate(ordered)}
    numbers.update((source, INPUT - place) for place, source in enumerate(program.sources))
    operators = tuple(
        DeviceOp(
            instruction.operator,
            instruction.shape,
            tuple(numbers[source] for source in instruction.inputs),
            tuple(sorted(instruction.layers)),
            instruction.step.weights,
            instruction.step.biases,
            instruction.step.zero_bias,
            None if instruction.twin is None else numbers[instruction.twin],
            instruction.step.tables,
            instruction.step.scalar,
            instruction.step.window,
            instruction.activation,
            instruction.border,
            instruction.step.float_result,
        )
        for instruction in ordered
    )
    return measure(
        operators,
        tuple(program.unknown),
        tuple(numbers[output] for output in program.outputs),
        tuple(program[source].shape for source in program.sources),
    )
