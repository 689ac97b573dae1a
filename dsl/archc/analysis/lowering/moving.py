"""Rewrites that move, merge and drop what changes shapes only.

Names in brackets are those of TensorFlow's `optimize_pass.cc`, `optimize_patterns.td` and
`tfl_ops.cc`, at 2.21; `docs/lowering.md`, "Reshapes".
"""

from archc.analysis.lowering.block import Operation
from archc.analysis.lowering.greedy import Driver
from archc.analysis.lowering.shapes import is_reduced_tail, is_tail
from archc.ops.base import Placement, Shape, Step

BINARY = frozenset({"ADD", "SUB", "MUL", "DIV"})

RANK = 4
"""Axes that TFLite's arithmetic broadcasts over."""

VALUE_OPERATORS = frozenset(
    {
        *("CEIL", "EXP", "FLOOR", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "TANH"),
        *("SQRT", "SQUARE", "LOGISTIC"),
    }
)
"""Operators on one tensor that go ahead of what moves its elements."""

MOVES = frozenset({"EXPAND_DIMS", "SQUEEZE", "RESHAPE", "TRANSPOSE"})


def reshaped(shape: Shape, batched: bool = True) -> Step:
    table = (1, *shape) if batched else shape
    return Step("RESHAPE", shape, tables=(table,), batched=batched)


def _is(value: object, operator: str) -> bool:
    return isinstance(value, Operation) and value.operator == operator


def move_value_operator(driver: Driver, root: Operation) -> bool:
    """[ReorderElementwiseAndMoveOperations]"""
    (move,) = root.reads
    if move.operator not in MOVES or not move.used_once:
        return False
    (source,) = move.reads
    step = root.step._replace(shape=source.shape, batched=source.step.batched)
    value = driver.create(root, step, [source], root.layers, root.activation)
    return driver.replace_by(root, move.step, [value], move.layers)


def convert_to_reshape(driver: Driver, root: Operation) -> bool:
    """[ConvertExpandDimsToReshape, ConvertSqueezeToReshape]"""
    step = root.step._replace(operator="RESHAPE")
    return driver.replace_by(root, step, root.operands[:], root.layers)


def merge_reshapes(driver: Driver, root: Operation) -> bool:
    """[RemoveAdjacentReshape]"""
    (source,) = root.reads
    if source.operator != "RESHAPE":
        return False
    return driver.replace_by(root, root.step, source.operands[:], root.layers)


def move_constant_before_reshape(driver: Driver, root: Operation) -> bool:
    """[MoveBinaryOpConstBeforeReshape]"""
    constant, reshape = root.constant, root.operands[0]
    if constant is None or not isinstance(reshape, Operation) or reshape.operator != "RESHAPE":
        return False
    (source,) = reshape.reads
    if not reshape.used_once or not is_tail(constant.shape, reshape.full):
        return False
    if not is_tail(constant.shape, source.full):
        return False
    if max(len(source.full), len(reshape.full)) > RANK:
        return False
    step = root.step._replace(shape=source.shape, batched=source.step.batched)
    inner = driver.create(root, step, [source, constant], root.layers, root.activation)
    return driver.replace_by(root, reshape.step, [inner], reshape.layers)


def move_before_reshapes(driver: Driver, root: Operation) -> bool:
    """[MoveBinaryOpBeforeReshape]"""
    first, second = root.operands
    if not isinstance(first, Operation) or not isinstance(second, Operation):
        return False
    if first.operator != "RESHAPE" or second.operator != "RESHAPE" or not first.alike(second):
        return False
    left, right = first.reads[0], second.reads[0]
    if not left.alike(right):
        return False
    readers = [*first.uses.values(), *second.uses.values()]
    if root.operator in BINARY and any(user is not root for user in readers):
        return False
    step = root.step._replace(shape=left.shape, batched=left.step.batched)
    inner = driver.create(root, step, [left, right], root.layers, root.activation)
    return driver.replace_by(root, first.step, [inner], first.layers | second.layers)


def drop_broadcast_reshape(driver: Driver, root: Operation) -> bool:
    """[RemoveRedundantReshapeUsedAsLhsTo, RemoveRedundantReshapeUsedAsRhsTo]"""
    for place in range(2):
        reshape, other = root.operands[place], root.operands[1 - place]
        if not isinstance(reshape, Operation) or reshape.operator != "RESHAPE":
            continue
        (source,) = reshape.reads
        rank = len(other.full if isinstance(other, Operation) else other.shape)
        if not len(source.full) <= len(reshape.full) <= rank or rank > RANK:
            continue
        if not is_reduced_tail(reshape.full, source.full):
            continue
        if not reshape.used_once and not all(
            user.operator in BINARY for user in reshape.uses.values()
        ):
            continue
        operands = root.operands[:]
        operands[place] = source
        return driver.replace_by(root, root.step, operands, root.layers, root.activation)
    return False


def keep_reduced_axes(driver: Driver, root: Operation) -> bool:
    """[FoldReshapeToMeanOp]"""
    (source,) = root.reads
    if source.operator not in ("MEAN", "REDUCE_MAX") or not source.used_once:
        return False
    (before,) = source.reads
    axes = source.step.tables[0]
    kept = tuple(1 if axis in axes else extent for axis, extent in enumerate(before.full))
    if root.full != kept or source.alike(root):
        return False
    step = source.step._replace(shape=root.shape)
    return driver.replace_by(root, step, [before], source.layers | root.layers)


def drop_reduction(driver: Driver, root: Operation) -> bool:
    """[EliminateNoOpReductionOp]"""
    (source,) = root.reads
    return source.alike(root) and driver.replace(root, source)


def dense_without_reshape(driver: Driver, root: Operation) -> bool:
    """[RemoveReshapeBeforeFullyConnected]. Nothing is told of the change."""
    reshape = root.operands[0]
    if len(root.full) != 2 or not isinstance(reshape, Operation) or reshape.operator != "RESHAPE":
        return False
    (source,) = reshape.reads
    if source.full[-1] != reshape.full[-1]:
        return False
    rows = any(traced.name.startswith("Tensordot") for traced in root.step.traced)
    if rows and source.full[-1] == 1 < root.full[-1]:
        driver.block.doubt(
            root.layers, "a dense layer of one feature on a map may become MUL and ADD"
        )
    driver.block.set(root, 0, source)
    return True


def reshape_after_dense(driver: Driver, root: Operation) -> bool:
    """[RemoveReshapeAfterFullyConnected]"""
    (dense,) = root.reads
    if dense.operator != "FULLY_CONNECTED" or not dense.used_once or len(dense.full) != 2:
        return False
    x = dense.operands[0]
    assert isinstance(x, Operation)
    if dense.full[-1] != root.full[-1] or x.full[:-1] != root.full[:-1]:
        return False
    step = dense.step._replace(shape=root.shape, batched=True)
    layers = dense.layers | root.layers
    return driver.replace_by(root, step, dense.operands[:], layers, dense.activation)


def reshape_before_dense(driver: Driver, root: Operation) -> bool:
    """[MoveReshapeAfterFullyConnected]"""
    (dense,) = root.reads
    if dense.operator != "FULLY_CONNECTED" or not dense.used_once:
        return False
    x = dense.operands[0]
    assert isinstance(x, Operation)
    if x.operator != "RESHAPE" or len(root.full) < 2 or root.full[-1] != dense.full[-1]:
        return False
    moved = driver.create(root, reshaped((*root.shape[:-1], x.shape[-1])), [x], root.layers)
    step = dense.step._replace(shape=root.shape, batched=True)
    operands = [moved, *dense.operands[1:]]
    return driver.replace_by(root, step, operands, dense.layers, dense.activation)


def keep_dense_axes(driver: Driver, root: Operation) -> bool:
    """[EnableFullyConnectedKeepNumDimsBeforeReshape]"""
    (dense,) = root.reads
    if dense.operator != "FULLY_CONNECTED" or not dense.used_once or len(dense.full) != 2:
        return False
    x = dense.operands[0]
    assert isinstance(x, Operation)
    if len(x.full) == 2:
        return False
    step = dense.step._replace(shape=(*x.shape[:-1], dense.shape[-1]), batched=True)
    new = driver.create(root, step, dense.operands[:], dense.layers, dense.activation)
    return driver.replace(dense, new)


def pad_into_convolution(driver: Driver, root: Operation) -> bool:
    """[FuseSamePaddingConv2D, FuseSamePaddingDepthwiseConv]"""
    pad, window = root.operands[0], root.step.window
    if window is None or window.padding != "valid" or not _is(pad, "PAD"):
        return False
    assert isinstance(pad, Operation)
    (source,) = pad.reads
    if pad.step.pads is None or not _becomes_same(window, source.shape, pad.step.pads):
        return False
    step = root.step._replace(window=window._replace(padding="same"))
    operands = [source, *root.operands[1:]]
    return driver.replace_by(root, step, operands, root.layers, root.activation)


def _becomes_same(
    window: Placement, shape: Shape, pads: tuple[tuple[int, int], tuple[int, int]]
) -> bool:
    """Whether amounts of padding are what SAME adds, the smaller half first."""
    for axis, (low, high) in enumerate(pads):
        extent, stride = shape[axis], window.stride[axis]
        reach = (window.kernel[axis] - 1) * window.dilation[axis] + 1
        needed = (-(-extent // stride) - 1) * stride + reach - extent
        if not 0 <= high - low <= 1 or low + high != needed:
            return False
    return True


def order_of(transpose: Operation) -> tuple[int, ...]:
    """The axis of what a TRANSPOSE reads that each of its own is, the batch included."""
    return transpose.step.tables[0]


def merge_transposes(driver: Driver, root: Operation) -> bool:
    """[FoldDoubleTranspose]"""
    (source,) = root.reads
    if source.operator != "TRANSPOSE" or not source.used_once:
        return False
    first = order_of(source)
    order = tuple(first[axis] for axis in order_of(root))
    step = root.step._replace(tables=(order,))
    return driver.replace_by(root, step, source.operands[:], source.layers | root.layers)


def transpose_to_reshape(driver: Driver, root: Operation) -> bool:
    """[ConvertTrivialTransposeOpToReshapeOp]"""
    (source,) = root.reads
    order = [axis for axis in order_of(root) if source.full[axis] > 1]
    if order != sorted(order):
        return False
    return driver.replace_by(root, reshaped(root.shape), root.operands[:], root.layers)
