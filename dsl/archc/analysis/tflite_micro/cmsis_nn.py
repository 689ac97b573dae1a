"""Scratch memory of CMSIS-NN's int8 kernels.

Source: CMSIS-NN 99f736a6, `arm_*_get_buffer_sizes_s8.c`, and the kernels of tensorflow/tflite-micro
90b983c2b that call them; gcc. Kernels of other types ask for none.
"""

from archc.analysis.tflite_micro.network import Network, Operator, Window
from archc.ops.base import Shape

OPERATORS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "AVERAGE_POOL_2D"})
"""The operators whose scratch memory is their own there."""


def scratch(op: Operator, network: Network, helium: bool) -> tuple[int, ...]:
    """Bytes of each scratch request of an operator of `OPERATORS`."""
    tensors = network.tensors
    output = tensors[op.outputs[0]]
    if output.width != 1:
        return ()
    if op.window is None:
        return ()
    if op.name == "AVERAGE_POOL_2D":
        return () if helium else (4 * tensors[op.inputs[0]].shape[3],)
    kernel = tensors[op.inputs[1]].shape
    if op.name == "CONV_2D":
        source = tensors[op.inputs[0]].shape
        size = _convolution(op.window, source, kernel[1:3], kernel[3], output.shape, helium)
        return (size,) if size else ()
    if op.name == "DEPTHWISE_CONV_2D":
        return _depthwise(op.window, tensors[op.inputs[0]].shape, kernel, output.shape, helium)
    return _transposed(op.window, tensors[op.inputs[2]].shape, kernel, output.shape, helium)


def _columns(values: int, helium: bool) -> int:
    """The buffer that a patch of the input is laid out in (im2col)."""
    return 64 * -(-values // 16) if helium else 16 * -(-values // 4)


def _pads(window: Window, extent: int, kernel: int, axis: int) -> tuple[int, int]:
    """What is padded before, and whether one more after."""
    if window.valid:
        return 0, 0
    stride, reach = window.stride[axis], (kernel - 1) * window.dilation[axis] + 1
    total = max((-(-extent // stride) - 1) * stride + reach - extent, 0)
    return total // 2, total % 2


def _convolution(
    window: Window, source: Shape, kernel: Shape, depth: int, output: Shape, helium: bool
) -> int:
    rows, columns = kernel
    top, left = _pads(window, source[1], rows, 0)[0], _pads(window, source[2], columns, 1)[0]
    plain = source[3] == depth  # not grouped
    if top == left == 0 and rows == columns == 1 and window.dilation == (1, 1) and plain:
        return 0
    one_row = source[1] == rows == 1 and window.dilation[1] == 1 and plain
    if helium and one_row and window.stride[1] * depth % 4 == 0:
        size = _one_row(window, source[2], columns, depth, left, output[2])
        if size is not None:
            return size
    return _columns(rows * columns * source[3], helium)


def _one_row(
    window: Window, extent: int, kernel: int, depth: int, pad: int, width: int
) -> int | None:
    """Of `arm_convolve_1_x_n_s8` with Helium; None where it is not taken."""
    stride = window.stride[1]
    reach = (width - 1) * stride + kernel - extent
    odd = abs(reach) % 2 * (1 if reach >= 0 else -1)
    right = max(1, int((pad + odd + stride - 1) / stride)) if pad + odd != 0 else 0
    left = max(1, (pad + stride - 1) // stride) if pad else 0
    if right + max(width - right - left, 0) + left != width:
        return None
    at_end = right * depth if odd else pad * depth
    return max(kernel * depth + pad * depth, (kernel - 1) * depth + at_end)


def _depthwise(
    window: Window, source: Shape, kernel: Shape, output: Shape, helium: bool
) -> tuple[int, ...]:
    _, rows, columns, channels = kernel
    if helium and source[3] == 1 and channels > 1:  # run as a convolution, its filter transposed
        size = _convolution(window, source, (rows, columns), 1, output, helium)
        return (size + channels * rows * columns,)
    if source[3] != channels or source[0] != 1 or window.dilation != (1, 1):
        return ()
    top, left = _pads(window, source[1], rows, 0)[0], _pads(window, source[2], columns, 1)[0]
    if helium:
        return (496 * rows * columns,)
    if rows == columns == 3 and top <= 1 and left <= 1:
        return ()
    return (2 * source[3] * rows * columns,)


def _transposed(
    window: Window, source: Shape, kernel: Shape, output: Shape, helium: bool
) -> tuple[int, ...]:
    channels, rows, columns, _ = kernel
    if max(window.stride) <= 2 and source[3] > 16:
        size = rows * columns * source[3]
        return _columns(size, helium), size * channels  # and the filter reversed
    width = ((source[2] - 1) * window.stride[1] + max(columns, window.stride[0])) * output[3]
    return 4 * width * max(rows, window.stride[0]), 0
