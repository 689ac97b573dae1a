"""Operators that merge several feature maps; in the language each takes its bodies in braces.

Keras broadcasts silently; these refuse every mismatch but that of a 1x1 gate.
"""

from archc.ops.arguments import OpError
from archc.ops.base import (
    ALIKE,
    UNCHANGED,
    KerasCall,
    Op,
    Shape,
    Stated,
    Step,
    Traced,
    product,
    show_shape,
)
from archc.ops.recognise import KerasLayer
from archc.typed import ClassVar


class Elementwise(Op):
    """What add and multiply share."""

    bodies = True
    layer: ClassVar[str]
    operator: ClassVar[str]
    traced: ClassVar[str]

    def infer(self, *inputs: Shape) -> Shape:
        for shape in inputs[1:]:
            if shape != inputs[0]:
                raise OpError(
                    f"`{self.keyword}` needs equal shapes, but gets "
                    + " and ".join(map(show_shape, inputs))
                )
        return inputs[0]

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(output) * (len(inputs) - 1)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(self.layer)

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        # Of other tensors than maps and vectors, which the language has not, it may become more.
        known = len(layer.shape) in (0, 1, 3)
        return cls() if layer.class_name == cls.layer and known else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        steps: list[Step] = []
        counts: dict[str, int] = {}

        def add(step: Step, name: str = "") -> int:
            """Append a step; TensorFlow numbers the operations of one name from the second."""
            if name:
                count = counts[name] = counts.get(name, -1) + 1
                operation = Traced(f"{name}_{count}" if count else name)
                step = step._replace(traced=(operation,))
            steps.append(step)
            return len(steps) - 1

        total, first = -1, inputs[0]
        for place, shape in enumerate(inputs[1:], 2):
            other, name = -place, self.traced
            channels = self.as_bias(first, shape)
            first = tuple(map(max, first, shape))  # equal, or of extents of 1
            if channels:
                name, flat = "BiasAdd", (channels,)
                step = Step("RESHAPE", flat, (other,), tables=(flat,), batched=False)
                other = add(step, "Squeeze")
            if channels == first[-1] or not channels:
                total = add(Step(self.operator, first, inputs=(total, other)), name)
                continue
            moved = (*first[1:], first[0])
            last, back = (0, 2, 3, 1), (0, 3, 1, 2)
            total = add(Step("TRANSPOSE", moved, (total,), tables=(last,)))
            total = add(Step(self.operator, moved, (total, other)), name)
            total = add(Step("TRANSPOSE", first, (total,), tables=(back,)))
        return tuple(steps)

    def as_bias(self, first: Shape, second: Shape) -> int:
        """As a bias of how many channels TensorFlow adds a second operand; 0 where it does not."""
        return 0


class Add(Elementwise):
    """The sum of feature maps of equal shape; `skip` adds one."""

    keyword = "add"
    stated = Stated("add { conv(8) } { conv(8, 3x3) }", ALIKE, UNCHANGED, macc="M * (n - 1)")
    layer = "Add"
    operator = "ADD"
    traced = "Add"

    def as_bias(self, first: Shape, second: Shape) -> int:
        """The trap of batch 1: what has one axis of more than one element, as long as the channels
        of the first operand or as its rows, is taken for a bias, which has one axis; for that of
        a map with channels first in the second case, and then axes are moved (Keras 3.15's
        `backend/tensorflow/numpy.py`, `add`; `docs/lowering.md`, "Additions")."""
        extents = [extent for extent in second if extent > 1]
        return extents[0] if len(extents) == 1 and extents[0] in (first[-1], first[0]) else 0


class Multiply(Elementwise):
    """The product of feature maps of equal shape; `gate` adds one, and may scale by a 1x1 map."""

    keyword = "multiply"
    stated = Stated(
        "multiply { conv(8) } { global_average_pool(keepdims = true) }",
        f"{ALIKE}, or a feature map and a 1x1 map of as many channels",
        UNCHANGED,
        macc="M * (n - 1)",
    )
    layer = "Multiply"
    operator = "MUL"
    traced = "Mul"

    def infer(self, *inputs: Shape) -> Shape:
        if len(inputs) == 2:
            first, second = inputs
            if _scales(second, first):
                return first
            if _scales(first, second):
                raise OpError(
                    f"`multiply` scales what its first brace makes, but that is "
                    f"{show_shape(first)} and the second {show_shape(second)}",
                    "swap the two braces: the feature map first, then the 1x1 map that scales it",
                )
        return super().infer(*inputs)


def _scales(gate: Shape, scaled: Shape) -> bool:
    """Whether a shape is a 1x1 map of as many channels as a feature map has."""
    return len(scaled) == 3 and gate == (1, 1, scaled[-1])


class Subtract(Elementwise):
    """What the second brace makes, taken from what the first makes."""

    keyword = "subtract"
    stated = Stated("subtract { conv(8) } { conv(8, 3x3) }", ALIKE, UNCHANGED, macc="M")
    layer = "Subtract"
    operator = "SUB"
    traced = "Sub"

    def infer(self, *inputs: Shape) -> Shape:
        if len(inputs) != 2:
            raise OpError(
                f"`subtract` takes two braces, not {len(inputs)}",
                "put what is taken away into an `add` of its own",
            )
        return super().infer(*inputs)


class Bounding(Elementwise):
    """What minimum and maximum share. How ST counts them is not known."""

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return 0


class Minimum(Bounding):
    """The smallest of the values at each place."""

    keyword = "minimum"
    stated = Stated("minimum { conv(8) } { conv(8, 3x3) }", ALIKE, UNCHANGED)
    layer = "Minimum"
    operator = "MINIMUM"
    traced = "Minimum"


class Maximum(Bounding):
    """The largest of the values at each place."""

    keyword = "maximum"
    stated = Stated("maximum { conv(8) } { conv(8, 3x3) }", ALIKE, UNCHANGED)
    layer = "Maximum"
    operator = "MAXIMUM"
    traced = "Maximum"


class Concat(Op):
    """Feature maps of equal height and width, or vectors, one after the other along channels."""

    keyword = "concat"
    stated = Stated(
        "concat { conv(8) } { conv(16, 3x3) }",
        "what its bodies make: two or more feature maps of equal rows and columns, or vectors",
        (("", "H x W x C1 + C2 + ..."),),
    )
    bodies = True

    def infer(self, *inputs: Shape) -> Shape:
        for shape in inputs[1:]:
            if shape[:-1] != inputs[0][:-1]:
                raise OpError(
                    "`concat` needs feature maps of equal height and width, but gets "
                    + " and ".join(map(show_shape, inputs))
                )
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("Concatenate")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        return cls() if layer.class_name == "Concatenate" and layer.axis("axis") == -1 else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        reads = tuple(-1 - index for index in range(len(inputs)))
        joined = Traced("concat", (), ("concat/axis",))
        return (Step("CONCATENATION", output, inputs=reads, traced=(joined,)),)
