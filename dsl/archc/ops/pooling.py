"""Pooling: over a window, or over the whole feature map."""

from typing import ClassVar

from archc.ops.base import (
    Choice,
    Flag,
    KerasArgument,
    KerasCall,
    Op,
    Placement,
    Shape,
    Step,
    Stride,
    Window,
    feature_map,
    product,
)
from archc.ops.convolution import PADDINGS, scalar, windowed


class WindowPool(Op):
    """What pools over a window share. A stage never supplies their stride."""

    layer: ClassVar[str]
    operator: ClassVar[str]
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

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        window = Placement(self.window, self.stride, self.padding)
        return (Step(self.operator, output, window=window),)


class MaxPool(WindowPool):
    """The largest value in each window."""

    keyword = "max_pool"
    layer = "MaxPooling2D"
    operator = "MAX_POOL_2D"


class AveragePool(WindowPool):
    """The mean of each window; padding does not count."""

    keyword = "average_pool"
    layer = "AveragePooling2D"
    operator = "AVERAGE_POOL_2D"


class GlobalPool(Op):
    """What pools over the whole feature map share."""

    layer: ClassVar[str]
    operator: ClassVar[str]
    keepdims = Flag("give a 1x1 feature map instead of a vector", False)

    def infer(self, *inputs: Shape) -> Shape:
        _, _, channels = feature_map(self, inputs[0])
        return (1, 1, channels) if self.keepdims else (channels,)

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(inputs[0])

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = (KerasArgument("keepdims", True),) if self.keepdims else ()
        return KerasCall(self.layer, arguments)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step(self.operator, output, tables=((1, 2),)),)


class GlobalAveragePool(GlobalPool):
    """The mean of every channel over the whole feature map."""

    keyword = "global_average_pool"
    layer = "GlobalAveragePooling2D"
    operator = "MEAN"


class GlobalMaxPool(GlobalPool):
    """The largest value of every channel over the whole feature map."""

    keyword = "global_max_pool"
    layer = "GlobalMaxPooling2D"
    operator = "REDUCE_MAX"
