"""Operators that merge several feature maps; in the language each takes its bodies in braces.

Keras broadcasts silently; these refuse every mismatch but that of a 1x1 gate.
"""

from typing import ClassVar

from archc.ops.base import KerasCall, Op, OpError, Shape, Step, product, show_shape


class Elementwise(Op):
    """What add and multiply share."""

    bodies = True
    layer: ClassVar[str]
    operator: ClassVar[str]

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

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        steps: list[Step] = []
        total = -1
        for place, shape in enumerate(inputs[1:], 2):
            other = -place
            if self.flattens(shape):
                table = (shape[-1:],)
                steps.append(Step("RESHAPE", shape[-1:], (other,), tables=table, batched=False))
                other = len(steps) - 1
            steps.append(Step(self.operator, output, inputs=(total, other)))
            total = len(steps) - 1
        return tuple(steps)

    def flattens(self, second: Shape) -> bool:
        """Whether the converter brings a second operand of this shape to one axis."""
        return False


class Add(Elementwise):
    """The sum of feature maps of equal shape; `skip` adds one."""

    keyword = "add"
    layer = "Add"
    operator = "ADD"

    def flattens(self, second: Shape) -> bool:
        """The trap of batch 1 (`lowering.md` section 1): what has only ones before its last axis
        is taken for a bias, which has one axis. A single number is not."""
        return product(second) == second[-1] > 1


class Multiply(Elementwise):
    """The product of feature maps of equal shape; `gate` adds one, and may scale by a 1x1 map."""

    keyword = "multiply"
    layer = "Multiply"
    operator = "MUL"

    def infer(self, *inputs: Shape) -> Shape:
        if len(inputs) == 2 and inputs[1] == (1, 1, inputs[0][-1]) and len(inputs[0]) == 3:
            return inputs[0]
        return super().infer(*inputs)


class Concat(Op):
    """Feature maps of equal height and width, or vectors, one after the other along channels."""

    keyword = "concat"
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

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        reads = tuple(-1 - index for index in range(len(inputs)))
        return (Step("CONCATENATION", output, inputs=reads),)
