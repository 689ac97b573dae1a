"""How the int8 converter rounds a kernel, as a differentiable function of Keras tensors.

Full-integer quantisation gives every output channel of a kernel a scale of its own and no zero
point: ``scale = max(abs(w)) / 127`` over the channel, ``q = round(w / scale)`` in -127..127, ties
away from zero. Observed on TensorFlow 2.21 for CONV_2D, DEPTHWISE_CONV_2D (one scale for each of
the channels x multiplier), TRANSPOSE_CONV and FULLY_CONNECTED (one for each row, that is, unit).

**A BatchNorm behind the kernel changes nothing.** Folding it multiplies output channel c by
``g = gamma / sqrt(variance + epsilon)``, one number for a whole channel. Then ``max(abs(g * w))``
is ``abs(g) * max(abs(w))``, so the scale grows by ``abs(g)`` and ``g * w / (abs(g) * scale)`` is
``sign(g) * w / scale``. The range is symmetric and ties go away from zero, so that the sign passes
through the rounding as well: ``q(g * w) = sign(g) * q(w)``, and what runs, q times scale, is
``g * (what was trained)``. It holds for a depthwise kernel with a multiplier too, since its
BatchNorm has one factor for each channel x multiplier. With a scale for the whole tensor it would
not hold.

**A BatchNorm before a Dense does**, where the converter folds it forward: it multiplies the rows of
the kernel, which lie across its channels. There the kernel is rounded as it will be folded, and
the factor is taken out again.

Not covered: a channel so small, beside a large bias, that the bias would not fit into 32 bits at
its scale. The converter then widens the scale; next to such a bias the channel counts for little.
"""

from typing import Any

LARGEST = 127
"""Of the int8 values a kernel may have; -128 stays unused."""

AXES: dict[str, dict[str, tuple[int, ...]]] = {
    "Conv1D": {"kernel": (0, 1)},
    "Conv2D": {"kernel": (0, 1, 2)},
    "Conv2DTranspose": {"kernel": (0, 1, 3)},
    "Dense": {"kernel": (0,)},
    "DepthwiseConv2D": {"kernel": (0, 1)},
    "SeparableConv2D": {"depthwise_kernel": (0, 1), "pointwise_kernel": (0, 1, 2)},
}
"""By class in `keras.layers` and attribute: the axes of a kernel that share one scale."""


def rounded(kernel: Any, axes: tuple[int, ...], gain: Any = None) -> Any:
    """A kernel with every channel on its int8 grid; the gradient passes as if nothing was done.

    Args:
        kernel: a float tensor.
        axes: those that share a scale, as in `AXES`.
        gain: by what the converter multiplies the kernel before it rounds it, of a shape that
            broadcasts to the kernel's; None for nothing that changes the outcome.

    Returns:
        A tensor of the same shape and type: the values the device will compute with, exactly, and
        the gradient of the identity (straight-through). Nothing is ever clipped, since the scale
        follows the largest value, so the identity is right everywhere.
    """
    from keras import ops

    value = ops.stop_gradient(kernel)
    factor = None
    if gain is not None:
        factor = ops.where(ops.equal(gain, 0), ops.ones_like(gain), gain)
        value = value * ops.stop_gradient(gain)
    scale = ops.max(ops.abs(value), axis=axes, keepdims=True) / LARGEST
    steps = value / ops.where(scale > 0, scale, ops.ones_like(scale))
    value = ops.sign(steps) * ops.floor(ops.abs(steps) + 0.5) * scale
    if factor is not None:
        value = value / ops.stop_gradient(factor)
    # The difference is zero, but carries the gradient; `kernel + stop(value - kernel)` would carry
    # a rounding error as well.
    return ops.stop_gradient(value) + (kernel - ops.stop_gradient(kernel))
