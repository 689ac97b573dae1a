"""Dilated convolutions that share what they read.

TensorFlow dilates by SpaceToBatchND, a plain convolution and BatchToSpaceND, which the converter
turns into one dilated CONV_2D, unless the first is shared: convolutions of one input with equal
windows all read one SPACE_TO_BATCH_ND, and all three kinds stay. Source: TensorFlow 2.21's
`nn_ops.py` (required_space_to_batch_paddings) and `dilated_conv.h`; `docs/lowering.md`,
"Convolutions".
"""

from fractions import Fraction

from archc.analysis.lowering.block import Block, Operation
from archc.ops.base import Placement, Shape, Step
from archc.ops.convolution import SPREAD as TRACED
from archc.values import key

SPREAD = "spread"
"""Operator of what stands for SpaceToBatchND until it is known whether it is shared."""


def spread(step: Step, source: Operation) -> Step | None:
    """What a convolution reads its input through, if it is dilated by operations of its own."""
    if not step.traced or step.traced[0] != TRACED or step.window is None:
        return None
    window = step.window
    numbers = (*window.dilation, *sum(_padding(window, source.shape), ()))
    return Step(SPREAD, source.shape, settings=tuple(map(Fraction, numbers)))


def split_dilated(block: Block) -> None:
    """Give dilated convolutions of one input and window the operators they share."""
    groups: dict[object, list[Operation]] = {}
    for operation in block:
        window = operation.step.window
        if operation.operator != "CONV_2D" or window is None or window.dilation == (1, 1):
            continue
        if operation.step.traced and not operation.step.traced[0].name.startswith("convolution"):
            continue  # a grouped one is dilated by itself
        source = _source(operation)
        padding = tuple(_padding(window, source.shape))
        groups.setdefault(key(source.index, window.dilation, padding), []).append(operation)
    for group in groups.values():
        if len(group) > 1:
            _split(block, group)
    for operation in block:
        if operation.operator == SPREAD:
            block.replace(operation, operation.reads[0])


def _source(convolution: Operation) -> Operation:
    """What a convolution reads."""
    (source,) = convolution.reads
    return source.reads[0] if source.operator == SPREAD else source


def _padding(window: Placement, shape: Shape) -> list[tuple[int, int, int]]:
    """Per axis what is padded before and after, and what of that only fills up the last block."""
    padding = []
    for axis in (0, 1):
        spread = (window.kernel[axis] - 1) * window.dilation[axis]
        total = spread if window.padding == "same" else 0
        extra = -(shape[axis] + total) % window.dilation[axis]
        padding.append((total // 2, total - total // 2 + extra, extra))
    return padding


def _split(block: Block, group: list[Operation]) -> None:
    window, source, first = group[0].step.window, _source(group[0]), group[0].reads[0]
    assert window is not None
    padding, (rows, columns) = _padding(window, source.shape), window.dilation
    layers = frozenset().union(*(operation.layers for operation in group))
    spread = (
        (source.shape[0] + padding[0][0] + padding[0][1]) // rows,
        (source.shape[1] + padding[1][0] + padding[1][1]) // columns,
        source.shape[2],
    )
    sizes = tuple(amount for low, high, _ in padding for amount in (low, high))
    crops = tuple(amount for _, _, extra in padding for amount in (0, extra))
    apart = Step("SPACE_TO_BATCH_ND", spread, tables=((rows, columns), sizes), batch=rows * columns)
    before = first if first.operator == SPREAD else group[0]
    shared = block.insert(before, apart, [source], layers)
    for operation in group:
        assert operation.step.window is not None
        kernel = operation.step.window.kernel
        inner = (spread[0] - kernel[0] + 1, spread[1] - kernel[1] + 1, operation.shape[-1])
        plain = operation.step.window._replace(dilation=(1, 1), padding="valid")
        step = operation.step._replace(shape=inner, window=plain, batch=rows * columns)
        operands = [shared, *operation.operands[1:]]
        convolution = block.insert(operation, step, operands, operation.layers)
        together = Step("BATCH_TO_SPACE_ND", operation.shape, tables=((rows, columns), crops))
        block.replace(operation, block.insert(operation, together, [convolution], operation.layers))
