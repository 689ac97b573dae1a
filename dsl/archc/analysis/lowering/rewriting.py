"""The converter's own rewrites, in its order: what TensorFlow calls the Optimize pass.

Of the rewrites of one operator the one that matches more operations is tried first, then the one
registered first.
"""

from archc.analysis.lowering import algebra as g
from archc.analysis.lowering import arithmetic as a
from archc.analysis.lowering import moving as m
from archc.analysis.lowering.block import Block
from archc.analysis.lowering.greedy import FOLDABLE, Driver, Rewrite, Rewrites
from archc.analysis.lowering.importing import ARITHMETIC

_TRANSPOSES: Rewrites = dict.fromkeys((*ARITHMETIC, "RELU"), (g.move_before_transposes,))

_DENSE_FIRST: Rewrites = {
    "RESHAPE": (m.reshape_after_dense,),
    "FULLY_CONNECTED": (m.dense_without_reshape,),
}

_ADDITION: tuple[Rewrite, ...] = (
    m.move_before_reshapes,
    a.add_to_kernel,
    a.merge_additions,
    m.move_constant_before_reshape,
    m.drop_broadcast_reshape,
    a.add_to_dense,
)
_PRODUCT: tuple[Rewrite, ...] = (
    a.recognise_hard_swish,
    a.multiply_into_kernel,
    m.move_before_reshapes,
    m.move_constant_before_reshape,
    m.drop_broadcast_reshape,
    a.multiply_by_one,
    a.multiply_into_dense,
)
_CLIPPED: tuple[Rewrite, ...] = (
    g.clip_both,
    a.fail_gelu,
    a.fuse_activation,
    m.move_value_operator,
    a.copy_dense,
)
_COMMON: dict[str, tuple[Rewrite, ...]] = {
    **dict.fromkeys(m.VALUE_OPERATORS, (m.move_value_operator,)),
    **dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1"), _CLIPPED),
    "MAXIMUM": (
        m.move_before_reshapes,
        m.move_constant_before_reshape,
        g.leak,
        g.clip_below,
    ),
    "MINIMUM": (m.move_before_reshapes, m.move_constant_before_reshape, g.clip_above),
    "ADD": _ADDITION,
    "SUB": _ADDITION,
    "MUL": _PRODUCT,
    "DIV": _PRODUCT,
    "EXPAND_DIMS": (m.convert_to_reshape,),
    "SQUEEZE": (m.convert_to_reshape,),
    "RESHAPE": (m.keep_reduced_axes, m.merge_reshapes),
    "TRANSPOSE": (m.merge_transposes, m.transpose_to_reshape),
    **dict.fromkeys(("MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"), (m.drop_reduction,)),
    "PRELU": (g.doubt_prelu,),
    "CONV_2D": (m.pad_into_convolution,),
    "DEPTHWISE_CONV_2D": (m.pad_into_convolution,),
    "ERFC": (a.recognise_gelu,),
}

_FIRST: Rewrites = {**_COMMON, "FULLY_CONNECTED": (a.add_before_dense, a.multiply_before_dense)}

_SECOND: Rewrites = {
    **_COMMON,
    **{name: (*_COMMON[name], a.scalarise) for name in ("ADD", "SUB", "MUL", "DIV")},
    "RESHAPE": (
        m.keep_reduced_axes,
        m.reshape_after_dense,
        m.merge_reshapes,
        m.reshape_before_dense,
        m.keep_dense_axes,
    ),
    "CONV_2D": (m.pad_into_convolution, a.number_before_kernel),
    "DEPTHWISE_CONV_2D": (m.pad_into_convolution, a.number_before_kernel),
    "FULLY_CONNECTED": (
        a.add_before_dense,
        a.number_before_kernel,
        m.dense_without_reshape,
        a.multiply_before_dense,
    ),
}


_LAST: Rewrites = dict.fromkeys(("RELU", "RELU6", "RELU_N1_TO_1"), (a.fuse_activation,))


_NEEDS = ((_TRANSPOSES, {"TRANSPOSE"}), (_DENSE_FIRST, {"RESHAPE"}), (_LAST, {*_LAST}))
"""Rewrites that apply only where there are certain operators."""


_PASS = (_TRANSPOSES, _DENSE_FIRST, _FIRST, _SECOND)


def rewrite(block: Block) -> None:
    """The Optimize pass, twice. It is three runs of the driver, and the one ahead of it that moves
    TRANSPOSEs (PushTransposeThroughEwise). Runs of which it is known that they would find nothing
    are left out."""
    settled: list[Rewrites] = []
    """Those that have nothing to do with the block as it is."""
    for rewrites in (*_PASS, *_PASS):
        if any(rewrites is known for known in settled) or _idle(block, rewrites):
            continue
        driver = Driver(block, rewrites)
        driver.run()
        if driver.changed:
            settled.clear()
        if driver.settled:
            settled.append(rewrites)


def _idle(block: Block, rewrites: Rewrites) -> bool:
    """Whether it is plain that a run of rewrites finds nothing, not even something to fold, in a
    block without operations that nothing reads."""
    needs = next((needed for known, needed in _NEEDS if known is rewrites), None)
    return needs is not None and not any(
        operation.operator in needs or operation.operator in FOLDABLE for operation in block
    )


def rewrite_integers(block: Block) -> None:
    """What the pass still finds once the network is quantised: activations that had equals."""
    if not _idle(block, _LAST):
        Driver(block, _LAST).run()
    additions = [op.constant for op in block if op.operator == "ADD" and op.constant is not None]
    block.decided |= any(constant.initial == 0 for constant in additions)  # else it was a bias
