"""What converts at the network's inputs and outputs (`docs/lowering.md`, "The border")."""

from archc.analysis.lowering.block import ENTRY, RETURN, Block, Operation
from archc.analysis.lowering.signature import inputs_listed, outputs_listed
from archc.ir.graph import Graph
from archc.ops.base import Step


def add_border(block: Block, io: str, graph: Graph) -> None:
    """A QUANTIZE per input, ahead of all others, and a DEQUANTIZE per output behind what makes it
    (uint8: a QUANTIZE, at the end); none at int8, and none between an input and an output."""
    if io == "int8":
        return
    for place in reversed(inputs_listed(graph) or range(len(block.inputs))):
        source = block.inputs[place]
        uses = [
            (user, operand)
            for (_, operand), user in source.uses.items()
            if user.operator != RETURN and not user.step.float_result
        ]
        if uses:
            first = block.insert(block.first, Step("QUANTIZE", source.shape), [source], frozenset())
            first.border, first.scale = True, source.scale
            for user, operand in uses:
                block.set(user, operand, first)
    last = "DEQUANTIZE" if io == "float32" else "QUANTIZE"
    done: dict[int, Operation] = {}
    results = block.end.reads
    for place in outputs_listed(graph) or range(len(results)):
        output = results[place]
        if output.operator == ENTRY or (io == "float32" and output.step.float_result):
            continue
        shared = [user for user in output.uses.values() if user.operator == last]
        if io == "float32" and shared and output.index not in done:
            done[output.index] = shared[0]  # an operator in float32 reads it already
            shared[0].border = True
        if output.index not in done:
            step = Step(last, output.shape, float_result=io == "float32")
            before = output.after if io == "float32" else block.end
            assert before is not None
            done[output.index] = block.insert(before, step, [output], frozenset())
            done[output.index].border = True
        block.set(block.end, place, done[output.index])
