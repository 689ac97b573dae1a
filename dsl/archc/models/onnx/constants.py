"""What of a file does not depend on its inputs: constants, by the tensor in the file that they are.

Weights of a QDQ file are `DequantizeLinear(initializer)`, maybe transposed or reshaped in between;
Keras' and PyTorch's exporters leave whole chains that only compute shapes.
"""

from collections.abc import Mapping
from typing import NamedTuple

from archc.compiler import product
from archc.models.onnx.model import FLOATS, Constant, Model, Node, Value, stored_bytes
from archc.models.onnx.operators import DEQUANTIZE, OF_SHAPES, QUANTIZE, STATIC

MOVERS = frozenset(
    {"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Cast", "Slice"}
)
"""What only moves values, so that its result is the constant that it reads."""


_INTEGERS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32_768, 32_767)}


class Scales(NamedTuple):
    """How integers stand for numbers."""

    key: object
    """Equal for tensors whose scales and zero points are the same."""
    size: int
    """How many there are."""
    axis: int
    symmetric: bool
    """Whether all zero points are 0."""

    @property
    def range(self) -> tuple[float, float] | None:
        """The numbers that the lowest and the highest integer stand for, where there is one scale
        and the file tells it."""
        scales, points, dtype = self.key if isinstance(self.key, tuple) else (None, None, None)
        point = points[0] if isinstance(points, tuple) and len(points) == 1 else points
        ends = _INTEGERS.get(str(dtype))
        if ends is None or not isinstance(scales, tuple) or len(scales) != 1:
            return None
        if not isinstance(point, int | float) or not isinstance(scales[0], int | float):
            return None
        return (ends[0] - point) * scales[0], (ends[1] - point) * scales[0]


class Held(NamedTuple):
    """A constant as an operator reads it."""

    origin: tuple[str, str]
    """The tensor of the file, and the type it has on the device: equal for what is stored once."""
    dtype: str
    """On the device: that of the integers, whatever the operator computes with."""
    shape: tuple[int, ...]
    scales: Scales | None = None
    values: tuple[int | float, ...] | None = None
    external: bool = False
    zero: bool = False
    """Whether it is a zero point, and 0 everywhere."""

    @property
    def bytes(self) -> int:
        return stored_bytes(self.dtype, self.shape)

    @property
    def real(self) -> bool:
        return self.dtype in FLOATS


def constants(model: Model) -> tuple[dict[str, Held], frozenset[int]]:
    """Every constant by the name of its tensor, and the nodes that only make such."""
    held = {name: _stored(name, constant) for name, constant in model.constants.items()}
    static = set()
    for place, node in enumerate(model.nodes):
        reads = [name for name in node.inputs if name]
        known = all(name in held for name in reads) and (reads or node.kind in STATIC)
        if not known and node.kind not in OF_SHAPES:
            continue
        if node.kind in (QUANTIZE, DEQUANTIZE) and not operands(node):
            continue
        static.add(place)
        for name in filter(None, node.outputs):
            held[name] = _made(node, name, held, model.values)
            if (numbers := model.worked.get(name)) is not None:
                held[name] = held[name]._replace(values=numbers)
    return held, frozenset(static)


def operands(node: Node) -> bool:
    """Whether a quantiser has what it computes with."""
    return (
        2 <= len(node.inputs) <= 3
        and all(node.inputs[:2])
        and len(list(filter(None, node.outputs))) == 1
    )


def _stored(name: str, constant: Constant) -> Held:
    return Held(
        (name, constant.dtype),
        constant.dtype,
        constant.shape,
        None,
        constant.values,
        constant.external,
        constant.zero,
    )


def _made(node: Node, name: str, held: Mapping[str, Held], values: Mapping[str, Value]) -> Held:
    value = values.get(name, Value("float32", ()))
    if node.kind in (QUANTIZE, DEQUANTIZE):
        base = held[node.inputs[0]]
        dtype = quantised_type(node, held, values) if node.kind == QUANTIZE else base.dtype
        scales = read_scales(node, held, dtype)
        if base.scales is not None:  # it was quantised before: to the device it is that constant
            dtype, scales = base.dtype, base.scales
        origin = (base.origin[0], dtype)
        numbers = _numbers(node, base, held) if node.kind == DEQUANTIZE else None
        return Held(origin, dtype, value.shape, scales, numbers, base.external)
    if node.kind in MOVERS and node.inputs[0] in held:
        base = held[node.inputs[0]]
        if node.kind == "Cast" and base.scales is None:
            return base._replace(dtype=value.dtype, origin=(base.origin[0], value.dtype))
        if node.kind == "Slice":
            return base._replace(origin=(name, base.dtype), shape=value.shape, values=None)
        return base._replace(shape=value.shape)
    return Held((name, value.dtype), value.dtype, value.shape)


def _numbers(node: Node, base: Held, held: Mapping[str, Held]) -> tuple[float, ...] | None:
    """What the integers of a short constant stand for; None where any of it is not known."""
    scale, zero = held[node.inputs[1]].values, held.get(node.read(2))
    point: tuple[int | float, ...] | None = (0,)
    if zero is not None and not zero.zero:
        point = zero.values
    if base.values is None or scale is None or point is None:
        return None
    if len(scale) != 1 or len(point) != 1:
        return None
    return tuple((value - point[0]) * scale[0] for value in base.values)


def read_scales(node: Node, held: Mapping[str, Held], dtype: str) -> Scales:
    """The scales of a quantiser whose scales are constant, and whose integers are of a type."""
    scale, zero = held[node.inputs[1]], held.get(node.read(2))
    points: object = 0
    if zero is not None and not zero.zero:
        points = zero.values or zero.origin
    return Scales(
        (scale.values or scale.origin, points, dtype),
        product(scale.shape),
        int(node.number("axis", 1)),
        points == 0,
    )


def quantised_type(node: Node, held: Mapping[str, Held], values: Mapping[str, Value]) -> str:
    """The type that a `QuantizeLinear` gives: that of its zero point, else uint8."""
    zero, value = held.get(node.read(2)), values.get(node.outputs[0])
    if zero is not None:
        return zero.dtype
    return value.dtype if value is not None else "uint8"
