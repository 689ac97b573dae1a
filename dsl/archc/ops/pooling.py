"""Pooling: over a window, or over the whole feature map."""

from archc.ops.arguments import Choice, Flag, Stride, Window
from archc.ops.base import (
    FEATURE_MAP,
    KerasArgument,
    KerasCall,
    Op,
    Placement,
    Shape,
    Stated,
    Step,
    Traced,
    feature_map,
    product,
)
from archc.ops.recognise import KerasLayer
from archc.ops.windows import PADDINGS, scalar, windowed
from archc.typed import ClassVar

POOLED = (
    ("padding = same", "ceil(H / Sh) x ceil(W / Sw) x C"),
    ("padding = valid", "ceil((H - Kh + 1) / Sh) x ceil((W - Kw + 1) / Sw) x C"),
)
REDUCED = (("keepdims = false", "C"), ("keepdims = true", "1 x 1 x C"))
"""Shape rules, for the manual."""


class WindowPool(Op):
    """What pools over a window share. A stage never supplies their stride."""

    layer: ClassVar[str]
    operator: ClassVar[str]
    traced: ClassVar[str]
    window = Window("rows x columns of the window")
    stride = Stride("step of the window", "=window")
    padding = Choice("`same` pads to `ceil(extent / stride)`", "valid", PADDINGS)

    def infer(self, *inputs: Shape) -> Shape:
        rows, columns = windowed(self, inputs[0], self.window, self.stride, self.padding)
        return rows, columns, inputs[0][2]

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(output) * product(self.window)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [
            KerasArgument("pool_size", scalar(self.window), positional=True, source="window")
        ]
        if self.stride != self.window:
            arguments.append(KerasArgument("strides", scalar(self.stride), source="stride"))
        if self.padding != "valid":
            arguments.append(KerasArgument("padding", self.padding, source="padding"))
        return KerasCall(self.layer, tuple(arguments))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != cls.layer or not layer.channels_last:
            return None
        if layer.padding is None:
            return None
        window = layer.pair("pool_size", 2)
        stride = layer.pair("strides") if layer.value("strides") is not None else window
        return cls(window=window, stride=stride, padding=layer.padding)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        window = Placement(self.window, self.stride, self.padding)
        return (Step(self.operator, output, window=window, traced=(Traced(self.traced),)),)


class MaxPool(WindowPool):
    """The largest value in each window."""

    keyword = "max_pool"
    stated = Stated("max_pool(2x2)", FEATURE_MAP, POOLED, macc="M * Kh * Kw")
    layer = "MaxPooling2D"
    operator = "MAX_POOL_2D"
    traced = "MaxPool2d"


class AveragePool(WindowPool):
    """The mean of each window; padding does not count."""

    keyword = "average_pool"
    stated = Stated(
        "average_pool(3x3, stride = 2, padding = same)", FEATURE_MAP, POOLED, macc="M * Kh * Kw"
    )
    layer = "AveragePooling2D"
    operator = "AVERAGE_POOL_2D"
    traced = "AvgPool"


class GlobalPool(Op):
    """What pools over the whole feature map share."""

    layer: ClassVar[str]
    operator: ClassVar[str]
    traced: ClassVar[str]
    keepdims = Flag("give a 1x1 feature map instead of a vector", False)

    def infer(self, *inputs: Shape) -> Shape:
        _, _, channels = feature_map(self, inputs[0])
        return (1, 1, channels) if self.keepdims else (channels,)

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(inputs[0])

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = (KerasArgument("keepdims", True),) if self.keepdims else ()
        return KerasCall(self.layer, arguments)

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != cls.layer or not layer.channels_last:
            return None
        return cls(keepdims=layer.flag("keepdims", False))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        reduced = Traced(self.traced, (), (f"{self.traced}/reduction_indices",))
        return (Step(self.operator, output, tables=((1, 2),), traced=(reduced,)),)


class GlobalAveragePool(GlobalPool):
    """The mean of every channel over the whole feature map."""

    keyword = "global_average_pool"
    stated = Stated("global_average_pool", FEATURE_MAP, REDUCED, macc="N")
    layer = "GlobalAveragePooling2D"
    operator = "MEAN"
    traced = "Mean"


class GlobalMaxPool(GlobalPool):
    """The largest value of every channel over the whole feature map."""

    keyword = "global_max_pool"
    stated = Stated("global_max_pool(keepdims = true)", FEATURE_MAP, REDUCED, macc="N")
    layer = "GlobalMaxPooling2D"
    operator = "REDUCE_MAX"
    traced = "Max"
