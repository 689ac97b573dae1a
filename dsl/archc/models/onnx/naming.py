"""What operators are on a device, and how kernels lie: words of TFLite for those of ONNX."""

from collections.abc import Mapping, Sequence
from math import inf, prod

from archc.compiler import Placement
from archc.models.onnx.constants import Held
from archc.models.onnx.folding import Folded, Source, Step
from archc.models.onnx.model import Node
from archc.models.onnx.operators import OPERATORS, PAIRS
from archc.models.onnx.wiring import known

_CLAMPS = {
    (0.0, 6.0): "RELU6",
    (0.0, inf): "RELU",
    (-1.0, 1.0): "RELU_N1_TO_1",
    (0.0, 1.0): "RELU_0_TO_1",
}
_RESIZING = {"nearest": "RESIZE_NEAREST_NEIGHBOR", "linear": "RESIZE_BILINEAR"}
_WINDOWS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool")


def kind(folded: Folded, step: Step) -> str:
    """What a step computes, by TFLite's name where TFLite has it."""
    node = step.node
    if not known(node):
        return node.kind
    if len(step.nodes) > 1 and node.kind in PAIRS:
        return PAIRS[node.kind]
    if node.kind == "Conv":
        return _convolution(folded, step)
    if node.kind in ("Gemm", "MatMul"):
        second = step.reads[1]
        dense = isinstance(second, Held) and len(second.shape) == 2
        return "FULLY_CONNECTED" if dense else "BATCH_MATMUL"
    if node.kind == "Clip":
        return clamp(node, folded.wiring.held)
    if node.kind in ("Resize", "Upsample"):
        return _RESIZING.get(str(node.attributes.get("mode", "nearest")), "RESIZE_BICUBIC")
    if node.kind == "Pad" and node.attributes.get("mode", "constant") != "constant":
        return "MIRROR_PAD"
    return OPERATORS[node.kind].kind


def _convolution(folded: Folded, step: Step) -> str:
    kernel = shape_of(folded, step.reads[1])
    if len(kernel) > 4:
        return "CONV_3D"
    groups = int(step.node.number("group", 1))
    return "DEPTHWISE_CONV_2D" if groups > 1 and kernel[1:2] == (1,) else "CONV_2D"


def activation(step: Step, held: Mapping[str, Held]) -> str | None:
    """The activation that is computed in the same pass."""
    node = step.nodes[-1]
    if len(step.nodes) < 2 or step.node.kind in PAIRS:
        return None
    return clamp(node, held) if node.kind == "Clip" else OPERATORS[node.kind].kind


def clamp(node: Node, held: Mapping[str, Held]) -> str:
    """What a `Clip` is called; its bounds were attributes before opset 11."""
    bounds = []
    for place, (name, default) in enumerate((("min", -inf), ("max", inf)), start=1):
        bound = held.get(node.read(place))
        values = bound.values if bound is not None else None
        bounds.append(float(values[0]) if values else float(node.number(name, default)))
    low, high = bounds
    return _CLAMPS.get((low, inf if high > 1e30 else high), "Clip")


def shape_of(folded: Folded, source: Source) -> tuple[int, ...]:
    """The shape of what is read, as the file has it."""
    if source is None:
        return ()
    return source.shape if isinstance(source, Held) else folded.maps[source].value.shape


def macs(folded: Folded, step: Step) -> int | None:
    """Multiply-accumulates, in the shapes of the file; None where they are not known.

    As `docs/lowering.md` has them for TFLite: every value of a convolution's result meets a filter
    once, every value of a transposed one's input all that it is spread over.
    """
    node = step.node
    if not known(node):
        return None
    shapes = [shape_of(folded, source) for source in step.reads]
    made = folded.maps[step.makes[0]].value.shape if step.makes else ()
    if node.kind == "Conv":
        return prod(made) * prod(shapes[1][1:])
    if node.kind == "ConvTranspose":
        return prod(shapes[0]) * prod(shapes[1][1:])
    if node.kind == "Gemm":
        return prod(made) * shapes[0][0 if node.number("transA", 0) else -1]
    if node.kind == "MatMul":
        return prod(made) * shapes[0][-1]
    return 0


def window(folded: Folded, step: Step) -> Placement | None:
    """How the kernel of a convolution or pool lies."""
    node = step.node
    if not known(node) or node.kind not in _WINDOWS or not step.makes:
        return None
    kernel = node.numbers("kernel_shape")
    if not kernel and len(step.reads) > 1:
        kernel = shape_of(folded, step.reads[1])[2:]
    ones = (1,) * len(kernel)
    strides, dilations = node.numbers("strides", ones), node.numbers("dilations", ones)
    if len(kernel) not in (1, 2) or not len(kernel) == len(strides) == len(dilations):
        return None
    padded = any(node.numbers("pads"))
    automatic = str(node.attributes.get("auto_pad", "NOTSET"))
    same = padded or automatic.startswith("SAME")
    return Placement(_pair(kernel), _pair(strides), "same" if same else "valid", _pair(dilations))


def _pair(numbers: Sequence[int]) -> tuple[int, int]:
    return (numbers[0], numbers[1]) if len(numbers) > 1 else (1, numbers[0])


def edges(folded: Folded, step: Step) -> tuple[int, int, int, int] | None:
    """Rows and columns added around a map before a kernel passes over it, of a transposed
    convolution cut off from its result: top, left, bottom, right. None where the node leaves them
    to a rule of its own (`auto_pad`)."""
    node = step.node
    if not known(node) or node.kind not in _WINDOWS:
        return None
    if str(node.attributes.get("auto_pad", "NOTSET")) not in ("NOTSET", "VALID"):
        return None
    rank = max(0, len(shape_of(folded, step.reads[0])) - 2)
    pads = node.numbers("pads", (0,) * 2 * rank)
    if rank not in (1, 2) or len(pads) != 2 * rank:
        return None
    before, after = pads[:rank], pads[rank:]
    if node.kind == "ConvTranspose":
        more = node.numbers("output_padding", (0,) * rank)
        after = tuple(a - b for a, b in zip(after, more, strict=False))
    return ((0,) * (2 - rank) + before + (0,) * (2 - rank) + after)[:4]  # type: ignore[return-value]


SETTINGS: dict[str, tuple[tuple[str, float], ...]] = {
    "LeakyRelu": (("alpha", 0.01),),
    "Elu": (("alpha", 1.0),),
    "HardSigmoid": (("alpha", 0.2), ("beta", 0.5)),
    "Softmax": (("axis", -1),),
    "AveragePool": (("count_include_pad", 0),),
    "MaxPool": (("ceil_mode", 0),),
}
"""Numbers that an operator of the device keeps, with what ONNX takes where they are left out."""


def settings(folded: Folded, step: Step, second: frozenset[int]) -> tuple[tuple[str, float], ...]:
    """The numbers that an operator has beside its window; axes are those of the device."""
    made = []
    rank = len(shape_of(folded, step.reads[0]))
    listed = [(n, *entry) for n in step.nodes if known(n) for entry in SETTINGS.get(n.kind, ())]
    for node, name, default in listed:
        value = float(node.number(name, default))
        if name == "axis" and rank:
            axis = int(value) % rank
            last = axis == 1 if step.reads[0] in second else axis == rank - 1
            value = -1 if last else axis
        made.append((name, value))
    return tuple(made)
