"""Rewrites that fold constants into kernels and fuse activations.

Names in brackets are those of TensorFlow's `optimize_pass.cc` and `optimize_patterns.td`, at
2.21; `docs/lowering.md`, "Folding and fusing".
"""

from fractions import Fraction

from archc.analysis.lowering.block import (
    FOLD_DENSE,
    FOLD_PRODUCT,
    FOLD_SUM,
    Constant,
    Operation,
    Value,
)
from archc.analysis.lowering.greedy import Driver
from archc.analysis.lowering.importing import CONVOLUTIONS, NOTHING
from archc.analysis.lowering.numbers import equal
from archc.analysis.lowering.shapes import is_row
from archc.ops.base import Step

FUSING = CONVOLUTIONS | {"MAX_POOL_2D", "AVERAGE_POOL_2D", "ADD", "SUB", "DIV", "MUL"}
"""Operators that take an activation where it is their only user."""


def _plain(operation: Value, *operators: str) -> bool:
    """Whether it is the result of one of these operators, without a fused activation."""
    if not isinstance(operation, Operation):
        return False
    return operation.operator in operators and operation.activation is None


def _fits(constant: Constant, channels: int) -> bool:
    """[CanFuseConvOrDepthwiseConvShapes]"""
    return is_row(constant.shape) and constant.size in (1, channels)


def _known(value: Value) -> bool:
    return isinstance(value, Constant) and value is not NOTHING


def add_to_kernel(driver: Driver, root: Operation) -> bool:
    """An addition after a convolution goes into its bias [FuseBinaryOpToPrecedingAffine]."""
    constant, kernel = root.constant, root.operands[0]
    if constant is None or root.operator not in ("ADD", "SUB"):
        return False
    if not _plain(kernel, "TRANSPOSE_CONV", *CONVOLUTIONS):
        return False
    assert isinstance(kernel, Operation)
    x, weights, bias = kernel.operands
    channels = kernel.shape[-1]
    if not _fits(constant, channels) or not kernel.used_once:
        return False
    layers = kernel.layers | root.layers
    if bias is NOTHING:
        if kernel.operator != "TRANSPOSE_CONV":
            return False
        if not constant.shape:
            driver.block.fail(
                layers,
                "a number added to a TRANSPOSE_CONV without a bias does not convert",
                "give the convolution a bias (`bias = true`) or put `batchnorm` after it",
            )
        new = driver.fold(root, FOLD_PRODUCT, constant.shape, constant)
    elif _known(bias):
        new = driver.fold(root, FOLD_SUM, (channels,), bias, constant)
    else:
        return False
    return driver.replace_by(root, kernel.step, [x, weights, new], layers, root.activation)


def multiply_into_kernel(driver: Driver, root: Operation) -> bool:
    """A multiplication after a convolution goes into filter and bias
    [FuseMulOrDivWithConv2dOrDepthwiseConv2d]."""
    factor, kernel = root.constant, root.operands[0]
    if factor is None or not _plain(kernel, "TRANSPOSE_CONV", *CONVOLUTIONS):
        return False
    assert isinstance(kernel, Operation)
    x, weights, bias = kernel.operands
    if not _known(weights) or not (bias is NOTHING or _known(bias)):
        return False
    if not _fits(factor, kernel.shape[-1]) or not kernel.used_once:
        return False
    layers = kernel.layers | root.layers
    scaled = driver.fold(root, FOLD_PRODUCT, weights.shape, weights, factor)
    if bias is not NOTHING:
        bias = driver.fold(root, FOLD_PRODUCT, bias.shape, bias, factor)
    return driver.replace_by(root, kernel.step, [x, scaled, bias], layers, root.activation)


def add_to_dense(driver: Driver, root: Operation) -> bool:
    """[FuseFullyConnectedAndAdd]"""
    constant, dense = root.constant, root.operands[0]
    if constant is None or not _plain(dense, "FULLY_CONNECTED"):
        return False
    assert isinstance(dense, Operation)
    channels = dense.shape[-1]
    if not dense.used_once or not is_row(constant.shape):
        return False
    if constant.size not in (1, channels) or not dense.alike(root):
        return False
    x, weights, bias = dense.operands
    old = Constant((channels,), Fraction(0)) if bias is NOTHING else bias
    new = driver.fold(root, FOLD_SUM, (channels,), old, constant)
    layers = dense.layers | root.layers
    return driver.replace_by(root, dense.step, [x, weights, new], layers, root.activation)


def multiply_into_dense(driver: Driver, root: Operation) -> bool:
    """[FuseFullyConnectedAndMul]"""
    factor, dense = root.constant, root.operands[0]
    if factor is None or not _plain(dense, "FULLY_CONNECTED"):
        return False
    assert isinstance(dense, Operation)
    x, weights, bias = dense.operands
    if not dense.used_once or not dense.alike(root) or not is_row(factor.shape):
        return False
    if not _known(weights) or not (bias is NOTHING or _known(bias)):
        return False
    if factor.size not in (1, dense.shape[-1]):
        return False
    scaled = driver.fold(root, FOLD_PRODUCT, weights.shape, weights, factor)
    if bias is not NOTHING:
        bias = driver.fold(root, FOLD_PRODUCT, bias.shape, bias, factor)
    layers = dense.layers | root.layers
    return driver.replace_by(root, dense.step, [x, scaled, bias], layers, root.activation)


def add_before_dense(driver: Driver, root: Operation) -> bool:
    """An addition of a vector before a dense layer goes into its bias, if it has one
    [FuseAddAndFullyConnected]."""
    x, weights, bias = root.operands
    if not _plain(x, "ADD"):
        return False
    assert isinstance(x, Operation)
    addend = x.constant
    if addend is None or len(addend.shape) != 1 or not _known(weights) or not _known(bias):
        return False
    driver.block.decided |= addend.initial == 0
    new = driver.fold(root, FOLD_DENSE, bias.shape, addend, weights, bias)
    return driver.replace_by(
        root, root.step, [x.operands[0], weights, new], x.layers | root.layers, root.activation
    )


def multiply_before_dense(driver: Driver, root: Operation) -> bool:
    """[FuseMulAndFullyConnected]"""
    x, weights, bias = root.operands
    if not _plain(x, "MUL"):
        return False
    assert isinstance(x, Operation)
    factor = x.constant
    if factor is None or len(factor.shape) != 1 or not _known(weights):
        return False
    new = driver.fold(root, FOLD_PRODUCT, weights.shape, weights, factor)
    return driver.replace_by(
        root, root.step, [x.operands[0], new, bias], x.layers | root.layers, root.activation
    )


def number_before_kernel(driver: Driver, root: Operation) -> bool:
    """Arithmetic with a single number goes into the kernel after it, whoever else reads it
    [FuseBinaryOpToFollowingAffineOp]. Nothing is told of the change."""
    x, weights, bias = root.operands
    if not _plain(x, "ADD", "SUB", "MUL", "DIV") or not _known(weights):
        return False
    assert isinstance(x, Operation)
    number = x.constant
    if number is None or number.size != 1 or not (bias is NOTHING or _known(bias)):
        return False
    if x.operator in ("ADD", "SUB"):
        window = root.step.window
        if window is not None and window.padding != "valid":
            return False
        driver.block.set(root, 2, Constant(root.shape[-1:]))
    else:
        scales = number.number is not None and number.number > 0
        stored = weights.stored if scales and isinstance(weights, Constant) else None
        driver.block.set(root, 1, Constant(weights.shape, stored=stored))
    root.layers |= x.layers
    driver.block.set(root, 0, x.operands[0])
    return True


def scalarise(driver: Driver, root: Operation) -> bool:
    """A constant whose elements are equal becomes a single number behind a kernel
    [ScalarizeSplatConstantForBroadcastableOps]. Nothing is told of the change."""
    constant, kernel = root.constant, root.reads[0]
    if constant is None or constant.size == 1 or constant.initial is None:
        return False
    if kernel.operator not in CONVOLUTIONS and kernel.operator != "FULLY_CONNECTED":
        return False
    _, weights, bias = kernel.operands
    if not _known(weights) or not (bias is NOTHING or _known(bias)):
        return False
    if constant.number is None:
        driver.block.decided = True
        return False
    driver.block.set(root, 1, Constant((), constant.number))
    return True


def merge_additions(driver: Driver, root: Operation) -> bool:
    """[ReorderAddToAllowConstFold]"""
    constant, inner = root.constant, root.operands[0]
    if constant is None or root.operator != "ADD" or not _plain(inner, "ADD"):
        return False
    assert isinstance(inner, Operation)
    first, x = inner.constant, inner.operands[0]
    if first is None or not inner.used_once or not isinstance(x, Operation) or len(x.full) > 4:
        return False
    shape = max(first.shape, constant.shape, key=len)
    both = driver.fold(root, FOLD_SUM, shape, first, constant)
    layers = inner.layers | root.layers
    return driver.replace_by(root, root.step, [x, both], layers, root.activation)


def fuse_activation(driver: Driver, root: Operation) -> bool:
    """[FuseActFnIntoConvOpPat, FuseActFnIntoPoolOpPat, FusedBinaryActivationFuncOpPat]"""
    (source,) = root.reads
    if not _plain(source, *FUSING) or not source.used_once:
        return False
    layers = source.layers | root.layers
    return driver.replace_by(root, source.step, source.operands[:], layers, root.operator)


def copy_dense(driver: Driver, root: Operation) -> bool:
    """A dense layer takes an activation even where others read it: they keep a copy of it
    [FuseFullyConnectedAndReluX]."""
    (source,) = root.reads
    if not _plain(source, "FULLY_CONNECTED"):
        return False
    layers = source.layers | root.layers
    return driver.replace_by(root, source.step, source.operands[:], layers, root.operator)


def multiply_by_one(driver: Driver, root: Operation) -> bool:
    """[OptimizeMul1ToIdentity]"""
    factor, x = root.constant, root.operands[0]
    if factor is None or factor.initial != 1 or root.activation is not None:
        return False
    assert isinstance(x, Operation)
    if factor.number != 1:
        driver.block.decided |= x.alike(root)
        return False
    return x.alike(root) and driver.replace(root, x)


def recognise_hard_swish(driver: Driver, root: Operation) -> bool:
    """[MatchHardSwishPattern1 to 6]"""
    if root.activation is not None:
        return False
    gated = _gated(root)
    if gated is None:
        return False
    x, between, clipped = gated
    step = Step("HARD_SWISH", root.shape, batched=root.step.batched)
    return driver.replace_by(root, step, [x], root.layers | between.layers | clipped.layers)


def _gated(root: Operation) -> tuple[Operation, Operation, Operation] | None:
    """The x of `x * (relu6(x + 3) / 6)` or `(x * relu6(x + 3)) / 6`, the inner product or quotient
    and the clipped sum."""
    if _is_sixth(root):
        inner = root.operands[0]
        if isinstance(inner, Operation) and _plain(inner, "MUL") and len(inner.reads) == 2:
            x, clipped = inner.reads
            return (x, inner, clipped) if _is_clipped(clipped, x) else None
    elif len(root.reads) == 2:
        for x, sixth in (root.reads, root.reads[::-1]):
            if _is_sixth(sixth) and _is_clipped(sixth.reads[0], x):
                return x, sixth, sixth.reads[0]
    return None


def _is_sixth(value: Operation) -> bool:
    """Whether something is divided by 6."""
    if value.activation is not None:
        return False
    number = value.constant and value.constant.number
    if value.operator == "MUL":
        return equal(number, Fraction(1, 6))
    return value.operator == "DIV" and equal(number, Fraction(6))


def _is_clipped(value: Operation, x: Operation) -> bool:
    """Whether a value is `relu6(x + 3)`, the activation fused."""
    if value.operator != "ADD" or value.activation != "RELU6":
        return False
    number = value.constant and value.constant.number
    return value.operands[0] is x and equal(number, Fraction(3))


def recognise_gelu(driver: Driver, root: Operation) -> bool:
    """[MatchGeluWithErfc]"""
    step = root.step._replace(operator="GELU")
    return driver.replace_by(root, step, [root.operands[0]], root.layers)


def fail_gelu(driver: Driver, root: Operation) -> bool:
    """An activation fuses into the last multiplication of a GELU that is not recognised yet; it
    never is then, and ERF is left, which TFLite does not have."""
    (source,) = root.reads
    if source.operator == "ERFC" and len(source.uses) == 1:
        driver.block.fail(
            source.layers | root.layers,
            f"a GELU with {root.operator} right after it does not convert",
            "leave the activation out, or put another operator between",
        )
        return driver.replace(root, source)
    return False
