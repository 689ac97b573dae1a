"""Operators that move, pad or repeat values without computing on them."""

from archc.ops.arguments import Amount, Choice, Extents, OpError, Stride, Window
from archc.ops.base import (
    FEATURE_MAP,
    TENSOR,
    KerasArgument,
    KerasCall,
    Op,
    Shape,
    Stated,
    Step,
    Traced,
    feature_map,
    product,
    show_shape,
)
from archc.ops.recognise import KerasLayer
from archc.ops.windows import scalar
from archc.typed import ClassVar

RESHAPED = Traced("Reshape", (), ("Reshape/shape",))
_RESIZED = {
    "nearest": ("ResizeNearestNeighbor", "RESIZE_NEAREST_NEIGHBOR"),
    "bilinear": ("ResizeBilinear", "RESIZE_BILINEAR"),
}
"""TensorFlow's and TFLite's operator for an interpolation."""
INTERPOLATIONS = tuple(_RESIZED)


class Edges(Op):
    """What adds or takes rows and columns at the edges of a feature map."""

    layer: ClassVar[tuple[str, str]]
    """The Keras layer, and its argument with the amounts."""
    before = Amount("rows above and columns left")
    after = Amount("rows below and columns right", "=before")

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        amounts: int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
        if self.before == self.after:
            amounts = scalar(self.before)
        else:
            (top, left), (bottom, right) = self.before, self.after
            amounts = ((top, bottom), (left, right))
        name, keyword = self.layer
        return KerasCall(name, (KerasArgument(keyword, amounts, positional=True),))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        name, keyword = cls.layer
        if layer.class_name != name or not layer.channels_last:
            return None
        (top, bottom), (left, right) = layer.amounts(keyword, 2)
        return cls(before=(top, left), after=(bottom, right))


class ZeroPad(Edges):
    """Rows and columns of zeros around a feature map."""

    keyword = "zero_pad"
    layer = ("ZeroPadding2D", "padding")
    stated = Stated(
        "zero_pad(before = 1, after = 0 x 2)",
        FEATURE_MAP,
        (("", "top + H + bottom x left + W + right x C"),),
    )

    def infer(self, *inputs: Shape) -> Shape:
        height, width, channels = feature_map(self, inputs[0])
        return (
            height + self.before[0] + self.after[0],
            width + self.before[1] + self.after[1],
            channels,
        )

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
    interpolation = Choice("how values between are found", "nearest", INTERPOLATIONS)

    def infer(self, *inputs: Shape) -> Shape:
        height, width, channels = feature_map(self, inputs[0])
        return height * self.scale[0], width * self.scale[1], channels

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        """Nearest is a `Resizing`, which converts to one operator; of an `UpSampling2D` the
        converter makes RESHAPE and TILE over tensors of five axes."""
        if self.interpolation == "nearest":
            return _resizing("nearest", output)
        size = KerasArgument("size", scalar(self.scale), positional=True, source="scale")
        interpolation = KerasArgument("interpolation", self.interpolation)
        return KerasCall("UpSampling2D", (size, interpolation))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        """A nearest `UpSampling2D` is not one: other operators come of it."""
        if layer.class_name == "UpSampling2D" and layer.channels_last:
            if layer.text("interpolation", "nearest") == "bilinear":
                return cls(scale=layer.pair("size", 2), interpolation="bilinear")
        elif _way(layer) == "nearest":
            rows, columns = layer.count("height"), layer.count("width")
            if rows % layer.shape[0] == columns % layer.shape[1] == 0:
                return cls(scale=(rows // layer.shape[0], columns // layer.shape[1]))
        return None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return _resized(self.interpolation, output)


class Resize(Op):
    """A feature map of other rows and columns: any, where `upsample` takes whole factors."""

    keyword = "resize"
    stated = Stated("resize(20x24)", FEATURE_MAP, (("", "rows x columns x C"),))
    size = Window("rows x columns of the result")
    interpolation = Choice("how values between are found", "nearest", INTERPOLATIONS)

    def infer(self, *inputs: Shape) -> Shape:
        _, _, channels = feature_map(self, inputs[0])
        return (*self.size, channels)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return _resizing(self.interpolation, output, "size")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if Upsample.from_keras(layer) is not None:
            return None
        way = _way(layer)
        if way is None:
            return None
        return cls(size=(layer.count("height"), layer.count("width")), interpolation=way)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return _resized(self.interpolation, output)


def _resizing(way: str, output: Shape, source: str | None = None) -> KerasCall:
    arguments = [
        KerasArgument("height", output[0], positional=True, source=source),
        KerasArgument("width", output[1], positional=True, source=source),
    ]
    if way != "bilinear":
        arguments.append(KerasArgument("interpolation", way))
    return KerasCall("Resizing", tuple(arguments))


def _way(layer: KerasLayer) -> str | None:
    """How a plain `Resizing` of a feature map interpolates; None for any other layer."""
    if layer.class_name != "Resizing" or not layer.channels_last or len(layer.shape) != 3:
        return None
    if any(layer.flag(f"{how}_to_aspect_ratio", False) for how in ("crop", "pad")):
        return None
    way = layer.text("interpolation", "bilinear")
    return way if way in INTERPOLATIONS else None


def _resized(way: str, output: Shape) -> tuple[Step, ...]:
    kind, operator = _RESIZED[way]
    resized = Traced(f"resize/{kind}", (), ("resize/size",))
    return (Step(operator, output, tables=(output[:2],), traced=(resized,)),)
