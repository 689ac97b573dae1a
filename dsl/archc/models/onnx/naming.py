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


def turned(perm: tuple[int, ...], before: bool, after: bool) -> tuple[int, ...]:
    """The order of a transposition on a device, where what it reads or makes has its channels
    second in the file and last on the device."""
    rank = len(perm)
    if rank < 4:
        return perm
    last = (0, *range(2, rank), 1)
    entering = last if before else tuple(range(rank))
    leaving = last if after else tuple(range(rank))
    return tuple(entering.index(perm[axis]) for axis in leaving)


def axes(folded: Folded, step: Step, second: frozenset[int]) -> tuple[int, ...] | None:
    """The axes that are averaged over or the order of a transposition, as they are on a device.

    ``second`` are the maps whose channels are second in the file.
    """
    node, shape = step.node, shape_of(folded, step.reads[0])
    rank = len(shape)
    if node.kind in ("GlobalAveragePool", "GlobalMaxPool"):
        given: tuple[int, ...] = tuple(range(2, rank))
    elif node.kind.startswith("Reduce"):
        listed = node.numbers("axes")
        held = folded.wiring.held.get(node.read(1))
        if held is not None and held.values is not None:
            listed = tuple(int(axis) for axis in held.values)
        given = tuple(sorted(axis % rank for axis in listed)) if rank else ()
        given = given or tuple(range(rank))
    elif node.kind == "Transpose":
        perm = node.numbers("perm", tuple(range(rank))[::-1])
        if sorted(perm) != list(range(rank)):
            return perm
        return turned(perm, step.reads[0] in second, step.makes[0] in second)
    else:
        return None
    if step.reads[0] not in second or rank < 3:
        return given
    extra = rank == 3  # a map of one axis has one row on a device
    moved = {0: 0, 1: rank - 1 + extra, **{axis: axis - 1 + extra for axis in range(2, rank)}}
    return tuple(sorted(moved[axis] for axis in given))
