"""Operators that move, pad or repeat values without computing on them."""

from archc.ops.base import (
    FEATURE_MAP,
    TENSOR,
    Amount,
    Choice,
    Extents,
    KerasArgument,
    KerasCall,
    Op,
    OpError,
    Shape,
    Stated,
    Step,
    Stride,
    Traced,
    feature_map,
    product,
    show_shape,
)
from archc.ops.convolution import scalar
from archc.ops.recognise import KerasLayer

RESHAPED = Traced("Reshape", (), ("Reshape/shape",))


class ZeroPad(Op):
    """Rows and columns of zeros around a feature map."""

    keyword = "zero_pad"
    stated = Stated(
        "zero_pad(before = 1, after = 0 x 2)",
        FEATURE_MAP,
        (("", "top + H + bottom x left + W + right x C"),),
    )
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

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "ZeroPadding2D" or not layer.channels_last:
            return None
        (top, bottom), (left, right) = layer.amounts("padding", 2)
        return cls(before=(top, left), after=(bottom, right))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        (top, left), (bottom, right) = self.before, self.after
        table = (0, 0, top, bottom, left, right, 0, 0)
        padded = Traced("Pad", (), ("Const",))
        pads = ((top, bottom), (left, right))
        return (Step("PAD", output, tables=(table,), pads=pads, traced=(padded,)),)


class Reshape(Op):
    """The same values in another shape."""

    keyword = "reshape"
    stated = Stated("global_average_pool reshape(1x1x8)", TENSOR, (("", "shape"),))
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

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        """A shape with a -1 in it depends on what it reads: the importer settles that before."""
        target = layer.value("target_shape")
        if layer.class_name != "Reshape" or not isinstance(target, list | tuple):
            return None
        return cls(shape=layer.counts("target_shape", len(target))) if target else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step("RESHAPE", output, tables=((1, *output),), traced=(RESHAPED,)),)


class Flatten(Op):
    """The values of a feature map as a vector, row by row."""

    keyword = "flatten"
    stated = Stated("flatten", TENSOR, (("", "N"),))

    def infer(self, *inputs: Shape) -> Shape:
        return (product(inputs[0]),)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("Flatten")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        return cls() if layer.class_name == "Flatten" and layer.channels_last else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step("RESHAPE", output, tables=((1, *output),), traced=(RESHAPED,)),)


class Upsample(Op):
    """A feature map enlarged by whole factors."""

    keyword = "upsample"
    stated = Stated("upsample(2)", FEATURE_MAP, (("", "H * Sh x W * Sw x C"),))
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

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "UpSampling2D" or not layer.channels_last:
            return None
        interpolation = layer.text("interpolation", "nearest")
        if interpolation not in ("nearest", "bilinear"):
            return None
        return cls(scale=layer.pair("size", 2), interpolation=interpolation)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        if self.interpolation == "bilinear":
            resized = Traced("resize/ResizeBilinear", (), ("resize/size",))
            return (Step("RESIZE_BILINEAR", output, tables=(output[:2],), traced=(resized,)),)
        height, width, channels = inputs[0]
        steps: list[Step] = []

        def add(operator: str, shape: Shape, table: tuple[int, ...], traced: Traced) -> None:
            reads = (len(steps) - 1,)
            steps.append(Step(operator, shape, reads, tables=(table,), traced=(traced,)))

        def repeat(before: Shape, axis: int, factor: int, scope: str) -> None:
            """Repeat each element along an axis: the axis after it is set up and tiled."""
            after = tuple(n * factor if i == axis else n for i, n in enumerate(before))
            result = (*after[: axis - 1], after[axis - 1] * after[axis], *after[axis + 1 :])
            if factor > 1:
                tiles = (factor if i == axis else 1 for i in range(len(before)))
                add(
                    "RESHAPE",
                    before,
                    (1, *before),
                    Traced(f"{scope}/ExpandDims", (), (f"{scope}/ExpandDims/dim",)),
                )
                add("TILE", after, (1, *tiles), Traced(f"{scope}/Tile", (), (f"{scope}/repeats",)))
            # For a factor of 1 it is traced too, and the shape stays as it is.
            last = Traced(f"{scope}/Reshape_1", (), (f"{scope}/strided_slice/stack",))
            add("RESHAPE", result, (1, *result), last)

        rows, columns = self.scale
        repeat((height, 1, width, channels), 1, rows, "Repeat")
        repeat((height * rows, width, 1, channels), 2, columns, "Repeat_1")
        return tuple(steps)
