"""Which tensors of a file have their channels second, and how they lie on a device.

ONNX has no layouts: convolutions and pools have channels second (NCHW), and everything between
takes its tensors as they come. A device has channels last. What a transposition in front of the
network turns to NCHW was NHWC before, and is left as it is.
"""

from archc.models.onnx.folding import Folded, Step
from archc.models.onnx.operators import OPERATORS
from archc.models.onnx.wiring import known

Shape = tuple[int, ...]
_AS_THEY_COME = frozenset(
    """
ADD SUB MUL DIV CONCATENATION RELU Clip LEAKY_RELU PRELU ELU LOGISTIC HardSigmoid HARD_SWISH TANH
GELU PAD STRIDED_SLICE SPLIT QUANTIZE DEQUANTIZE CAST MINIMUM MAXIMUM POW SOFTMAX SWISH ABS NEG EXP
MIRROR_PAD TILE SQRT SELECT_V2 Erf Softplus Mish ADD_N MEAN SUM REDUCE_MAX REDUCE_MIN
""".split()  # noqa: SIM905  # a list would have a line each
)
"""What makes of channels-second tensors channels-second ones, by the kind on a device."""


def channels_second(folded: Folded) -> frozenset[int]:
    """The maps whose second axis are channels."""
    second: set[int] = set()
    for step in folded.steps:  # backwards from what needs it, through what takes it as it comes
        if _spatial(step):
            second.update(_maps(step))
    for step in reversed(folded.steps):
        if _passes(step) and second & set(step.makes):
            second.update(_maps(step))
    for step in folded.steps:
        reads = [index for index in step.reads if isinstance(index, int)]
        if _spatial(step) or (_passes(step) and any(index in second for index in reads)):
            second.update(index for index in step.makes)
    return frozenset(i for i in second if len(folded.maps[i].value.shape) >= 3)


def _spatial(step: Step) -> bool:
    return known(step.node) and OPERATORS[step.node.kind].spatial


def _passes(step: Step) -> bool:
    return known(step.node) and OPERATORS[step.node.kind].kind in _AS_THEY_COME


def _maps(step: Step) -> list[int]:
    return [index for index in step.reads if isinstance(index, int)]


def on_device(shape: Shape) -> Shape:
    """A channels-second shape as devices have it: a map of one axis has one row."""
    batch, channels, *extents = shape
    return (batch, *([1] if len(extents) == 1 else []), *extents, channels)


def filter_shape(kind: str, shape: Shape, turned: bool) -> Shape:
    """A filter's shape as TFLite has it, from ONNX's: (outputs, inputs of a group, rows, columns)
    of a convolution, (inputs, outputs of a group, rows, columns) of a transposed one, and of a
    dense layer (outputs, inputs), or where it is turned (inputs, outputs)."""
    if len(shape) < 3:
        return shape[::-1] if turned else shape
    first, second, *extents = shape
    kernel = (*([1] if len(extents) == 1 else []), *extents)
    if kind == "DEPTHWISE_CONV_2D":
        return (1, *kernel, first)
    if kind == "TRANSPOSE_CONV":
        return (second, *kernel, first)
    return (first, *kernel, second) if kind == "CONV_2D" else shape


OUTPUTS = {"DEPTHWISE_CONV_2D": 3}
"""The axis of a filter that are its outputs, where that is not the first."""
