"""Operators that move, pad or repeat values without computing on them."""

from archc.ops.base import (
    Amount,
    Choice,
    Extents,
    KerasArgument,
    KerasCall,
    Op,
    OpError,
    Shape,
    Step,
    Stride,
    feature_map,
    product,
    show_shape,
)
from archc.ops.convolution import scalar


class ZeroPad(Op):
    """Rows and columns of zeros around a feature map."""

    keyword = "zero_pad"
    before = Amount("rows above and columns left")
    after = Amount("rows below and columns right", "=before")

    def infer(self, *inputs: Shape) -> Shape:
        height, width, channels = feature_map(self, inputs[0])
        return (
            height + self.before[0] + self.after[0],
            width + self.before[1] + self.after[1],
            channels,
        )

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        padding: int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
        if self.before == self.after:
            padding = scalar(self.before)
        else:
            (top, left), (bottom, right) = self.before, self.after
            padding = ((top, bottom), (left, right))
        return KerasCall("ZeroPadding2D", (KerasArgument("padding", padding, positional=True),))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        (top, left), (bottom, right) = self.before, self.after
        table = (0, 0, top, bottom, left, right, 0, 0)
        return (Step("PAD", output, tables=(table,), pads=((top, bottom), (left, right))),)


class Reshape(Op):
    """The same values in another shape."""

    keyword = "reshape"
    shape = Extents("the new shape, such as 1 x 1 x 64, or a number for a vector")

    def infer(self, *inputs: Shape) -> Shape:
        if product(self.shape) != product(inputs[0]):
            raise OpError(
                f"{show_shape(inputs[0])} has {product(inputs[0]):,} values, "
                f"{show_shape(self.shape)} has {product(self.shape):,}",
                argument="shape",
            )
        return self.shape

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(
            "Reshape", (KerasArgument("target_shape", self.shape, positional=True, source="shape"),)
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step("RESHAPE", output, tables=((1, *output),)),)


class Flatten(Op):
    """The values of a feature map as a vector, row by row."""

    keyword = "flatten"

    def infer(self, *inputs: Shape) -> Shape:
        return (product(inputs[0]),)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("Flatten")

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step("RESHAPE", output, tables=((1, *output),)),)


class Upsample(Op):
    """A feature map enlarged by whole factors."""

    keyword = "upsample"
    scale = Stride("factor for rows and columns", (2, 2))
    interpolation = Choice("how values between are found", "nearest", ("nearest", "bilinear"))

    def infer(self, *inputs: Shape) -> Shape:
        height, width, channels = feature_map(self, inputs[0])
        return height * self.scale[0], width * self.scale[1], channels

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [KerasArgument("size", scalar(self.scale), positional=True, source="scale")]
        if self.interpolation != "nearest":
            arguments.append(KerasArgument("interpolation", self.interpolation))
        return KerasCall("UpSampling2D", tuple(arguments))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        if self.interpolation == "bilinear":
            return (Step("RESIZE_BILINEAR", output, tables=(output[:2],)),)
        height, width, channels = inputs[0]
        steps: list[Step] = []

        def add(operator: str, shape: Shape, table: tuple[int, ...]) -> None:
            steps.append(Step(operator, shape, inputs=(len(steps) - 1,), tables=(table,)))

        def repeat(before: Shape, axis: int, factor: int) -> None:
            """Repeat each element along an axis: the axis after it is set up and tiled."""
            add("RESHAPE", before, (1, *before))
            after = tuple(n * factor if i == axis else n for i, n in enumerate(before))
            add("TILE", after, (1, *(factor if i == axis else 1 for i in range(len(before)))))

        rows, columns = self.scale
        if rows > 1:
            repeat((height, 1, width, channels), 1, rows)
        if columns > 1:
            repeat((height * rows, width, 1, channels), 2, columns)
        if steps:
            add("RESHAPE", output, (1, *output))
        return tuple(steps)
