"""Rewrites of what networks of others hold beside the operators of the language: functions written
out, axes moved about.

Names in brackets are those of TensorFlow's `optimize_patterns.td`, `tf_canonicalize.td` and
`push_transpose_through_ewise_pass.cc`, at 2.21; `docs/lowering.md`, "Algebra".
"""

from fractions import Fraction

from archc.analysis.lowering.block import Block, Constant, Operation, Value
from archc.analysis.lowering.greedy import Driver
from archc.analysis.lowering.importing import ARITHMETIC
from archc.analysis.lowering.moving import order_of
from archc.analysis.lowering.numbers import equal, single
from archc.ops.base import Shape, Step


def negate(block: Block) -> None:
    """A negative that is added is subtracted, one that is subtracted is added, the negative of a
    negative is what it was, and the square of a difference is one operation."""
    for operation in block:
        if operation.operator == "NEG":
            (source,) = operation.reads
            if source.operator == "NEG":
                block.replace(operation, source.reads[0])
        elif operation.operator in ("ERFC", "GELU") and operation.reads[0].operator == "NEG":
            block.doubt(operation.layers, "a GELU of a negative may be left in parts")
        elif operation.operator == "PRELU":
            readers = [user.operator for user in operation.reads[0].uses.values()]
            if "RELU" in readers or readers.count("PRELU") > 1:
                block.doubt(operation.layers, "PRELU beside a RELU may be left in parts")
        elif operation.operator == "SQUARE":
            (source,) = operation.reads
            if source.operator == "SUB":
                step = operation.step._replace(operator="SQUARED_DIFFERENCE")
                layers = operation.layers | source.layers
                new = block.insert(operation, step, source.operands[:], layers)
                block.replace(operation, new)
        elif operation.operator in ("ADD", "SUB") and len(operation.reads) == 2:
            _negate(block, operation)
        elif operation.operator in ("ADD", "SUB"):
            _negate_with_constant(block, operation)
    block.sweep()


def _negate(block: Block, operation: Operation) -> None:
    for place in (1, 0) if operation.operator == "ADD" else (1,):
        negative = operation.reads[place]
        if negative.operator == "NEG":
            operator = "SUB" if operation.operator == "ADD" else "ADD"
            operands: list[Value] = [operation.operands[1 - place], negative.reads[0]]
            step = operation.step._replace(operator=operator)
            layers = operation.layers | negative.layers
            block.replace(operation, block.insert(operation, step, operands, layers))
            return


def _negate_with_constant(block: Block, operation: Operation) -> None:
    """`-x + 1` is `1 - x`, and `1 - -x` is `1 + x`."""
    (source,) = operation.reads
    left = operation.operands[0] is not source
    if source.operator != "NEG" or left != (operation.operator == "SUB"):
        return
    constant = operation.operands[0 if left else 1]
    x = source.reads[0]
    step = operation.step._replace(operator="ADD" if left else "SUB")
    layers = operation.layers | source.layers
    operands = [x, constant] if left else [constant, x]
    block.replace(operation, block.insert(operation, step, operands, layers))


def _is(operation: Operation, operator: str, number: int) -> bool:
    constant = operation.constant
    known = constant is not None and equal(constant.number, Fraction(number))
    return operation.operator == operator and known and operation.activation is None


def _becomes(driver: Driver, root: Operation, operator: str, x: Value, *others: Operation) -> bool:
    layers = root.layers.union(*(other.layers for other in others))
    return driver.replace_by(root, root.step._replace(operator=operator), [x], layers)


def clip_below(driver: Driver, root: Operation) -> bool:
    """[MatchReluPattern, MatchRelu1Pattern2]"""
    x = root.operands[0]
    if _is(root, "MAXIMUM", 0):
        return _becomes(driver, root, "RELU", x)
    if _is(root, "MAXIMUM", -1) and isinstance(x, Operation) and _is(x, "MINIMUM", 1):
        return _becomes(driver, root, "RELU_N1_TO_1", x.operands[0], x)
    return False


def clip_above(driver: Driver, root: Operation) -> bool:
    """[MinimumOfReluAnd6ToRelu6, MatchRelu1Pattern1]"""
    x = root.operands[0]
    if not isinstance(x, Operation):
        return False
    if _is(root, "MINIMUM", 6) and x.operator == "RELU":
        return _becomes(driver, root, "RELU6", x.operands[0], x)
    if _is(root, "MINIMUM", 1) and _is(x, "MAXIMUM", -1):
        return _becomes(driver, root, "RELU_N1_TO_1", x.operands[0], x)
    return False


def clip_both(driver: Driver, root: Operation) -> bool:
    """[MinimumOfReluAnd6ToRelu62]"""
    (x,) = root.reads
    if root.operator != "RELU" or not _is(x, "MINIMUM", 6):
        return False
    return _becomes(driver, root, "RELU6", x.operands[0], x)


def doubt_prelu(driver: Driver, root: Operation) -> bool:
    """It is made of a RELU and more, of which some move ahead of a TRANSPOSE."""
    if root.reads[0].operator == "TRANSPOSE":
        driver.block.doubt(root.layers, "PRELU of a transposed tensor may be left in parts")
    return False


def leak(driver: Driver, root: Operation) -> bool:
    """`max(x * a, x)` for an a below 1 [MatchLeakyRelu]"""
    if len(root.operands) != 2 or root.operator != "MAXIMUM":
        return False
    scaled, x = root.operands
    if not isinstance(scaled, Operation) or scaled.operator != "MUL" or not scaled.used_once:
        return False
    slope = scaled.constant and scaled.constant.number
    if scaled.operands[0] is not x or not isinstance(slope, Fraction) or abs(single(slope)) >= 1:
        return False
    step = Step("LEAKY_RELU", root.shape, settings=(slope,), batched=root.step.batched)
    return driver.replace_by(root, step, [x], root.layers | scaled.layers)


def move_before_transposes(driver: Driver, root: Operation) -> bool:
    """Arithmetic goes ahead of the TRANSPOSEs of all it reads, and so does a RELU."""
    moves = root.reads
    if not moves or any(move.operator != "TRANSPOSE" for move in moves):
        return False
    if any(order_of(move) != order_of(moves[0]) for move in moves):
        return False
    if len(moves) == 1 and root.operator in ARITHMETIC:
        constants = [operand for operand in root.operands if isinstance(operand, Constant)]
        if not moves[0].used_once or any(constant.shape for constant in constants):
            return False
        if isinstance(root.operands[0], Constant) and root.operator in ("SUB", "DIV"):
            driver.block.doubt(
                root.layers,
                "a number minus or over a transposed tensor: the converter swaps the two, and the "
                "file computes something else",
            )
    step = root.step._replace(shape=undone(root.shape, order_of(moves[0])))
    operands = [
        operand.operands[0] if isinstance(operand, Operation) else operand
        for operand in sorted(root.operands, key=lambda operand: isinstance(operand, Constant))
    ]
    inner = driver.create(root, step, operands, root.layers, root.activation)
    layers = frozenset().union(*(move.layers for move in moves))
    move = Step("TRANSPOSE", root.shape, tables=(order_of(moves[0]),))
    return driver.replace_by(root, move, [inner], layers)


def undone(shape: Shape, order: tuple[int, ...]) -> Shape:
    """The shape that a TRANSPOSE of this order makes this one of."""
    extents = (1, *shape)
    before = [0] * len(order)
    for place, axis in enumerate(order):
        before[axis] = extents[place]
    return tuple(before[1:])
