"""What converts at the network's inputs and outputs (`docs/lowering.md`, "The border")."""

from archc.analysis.lowering.block import ENTRY, RETURN, Block, Operation
from archc.ops.base import Step


def add_border(block: Block, io: str) -> None:
    """A QUANTIZE per input, ahead of all others, and a DEQUANTIZE per output behind what makes it
    (uint8: a QUANTIZE, at the end); none at int8, and none between an input and an output."""
    if io == "int8":
        return
    for source in reversed(block.inputs):
        uses = [
            (user, place)
            for (_, place), user in source.uses.items()
            if user.operator != RETURN and not user.step.float_result
        ]
        if uses:
            first = block.insert(block.first, Step("QUANTIZE", source.shape), [source], frozenset())
            first.border, first.scale = True, source.scale
            for user, place in uses:
                block.set(user, place, first)
    last = "DEQUANTIZE" if io == "float32" else "QUANTIZE"
    done: dict[int, Operation] = {}
    for place, output in enumerate(block.end.reads):
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
