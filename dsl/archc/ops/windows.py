"""Windows that move over a feature map: what convolutions and pools share."""

from archc.diagnostics.text import articled
from archc.ops.arguments import OpError
from archc.ops.base import KerasArgument, Op, Placement, Shape, feature_map

PADDINGS = ("same", "valid")


def strided(extent: int, kernel: int, stride: int, padding: str, dilation: int = 1) -> int:
    """Output extent of a window along one axis: `ceil(n/s)` for same, `ceil((n-k+1)/s)` for valid.

    The effective kernel is `(k-1)*dilation + 1` (Keras' `compute_conv_output_shape`).
    """
    if padding == "same":
        return -(-extent // stride)
    return -(-(extent - (kernel - 1) * dilation) // stride)


def windowed(
    op: Op,
    shape: Shape,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: str,
    dilation: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """Output rows and columns of a convolution or pool over a feature map.

    Raises:
        OpError: the window does not fit into the feature map.
    """
    height, width, _ = feature_map(op, shape)
    rows = strided(height, kernel[0], stride[0], padding, dilation[0])
    columns = strided(width, kernel[1], stride[1], padding, dilation[1])
    if rows < 1 or columns < 1:
        reach = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
        raise OpError(
            articled(
                f"a {reach[0]}x{reach[1]} window does not fit into a {height}x{width} feature map"
            ),
            "use a smaller window, fewer strides before it, or `padding = same`",
        )
    return rows, columns


def scalar(pair: tuple[int, int]) -> int | tuple[int, int]:
    """A pair as Keras users write it: one number where both are equal."""
    return pair[0] if pair[0] == pair[1] else pair


def window_arguments(
    kernel: tuple[int, int], stride: tuple[int, int], padding: str, dilation: tuple[int, int]
) -> list[KerasArgument]:
    """The Keras arguments that place a kernel, defaults left out.

    A 1x1 kernel pads nothing in either mode, so its padding is left out too.
    """
    arguments = []
    if stride != (1, 1):
        arguments.append(KerasArgument("strides", scalar(stride), source="stride"))
    if padding != "valid" and kernel != (1, 1):
        arguments.append(KerasArgument("padding", padding, source="padding"))
    if dilation != (1, 1):
        arguments.append(KerasArgument("dilation_rate", scalar(dilation), source="dilation"))
    return arguments


def placement(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: str,
    dilation: tuple[int, int] = (1, 1),
) -> Placement:
    """How the kernel lies in the file: a 1x1 kernel is built without padding, hence `valid`."""
    return Placement(kernel, stride, "valid" if kernel == (1, 1) else padding, dilation)
