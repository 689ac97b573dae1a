"""Operators with kernels: convolutions and the dense layer.

MACs: convolution `Ho*Wo*Co*Kh*Kw*Ci/groups`, depthwise `Ho*Wo*C*Kh*Kw`, dense `in*out`.
"""

from archc.ops.arguments import Auto, Choice, Count, Flag, OpError, Stride, Width, Window
from archc.ops.base import (
    FEATURE_MAP,
    VECTOR,
    KerasArgument,
    KerasCall,
    Op,
    Shape,
    Stated,
    Step,
    Traced,
    Weight,
    feature_map,
    product,
    show_shape,
)
from archc.ops.recognise import KerasLayer
from archc.ops.windows import PADDINGS, placement, scalar, window_arguments, windowed


def traced(kernel: Traced, bias: bool | None) -> tuple[Traced, ...]:
    """The operation with the kernel, and the addition of the bias."""
    return (kernel, BIAS) if bias else (kernel,)


CONVOLUTION = Traced("convolution", ("convolution",))
DEPTHWISE = Traced("depthwise", ("depthwise",))
GROUPED = Traced("StatefulPartitionedCall", ("0",))
"""A function of its own, its kernel an argument named by a number only: digits sort before every
letter."""
BIAS = Traced("BiasAdd", ("reshape",), ("Reshape/shape",))
SPREAD, GATHERED = (
    Traced(name, (), (f"{name}/block_shape", f"{name}/{amounts}"))
    for name, amounts in (
        ("convolution/SpaceToBatchND", "paddings"),
        ("convolution/BatchToSpaceND", "crops"),
    )
)
"""What TensorFlow dilates a convolution by."""


def check_dilation(stride: tuple[int, int], dilation: tuple[int, int]) -> None:
    if max(stride) > 1 and max(dilation) > 1:
        raise OpError(
            "a convolution cannot both stride and dilate",
            "Keras builds one or the other: leave out `stride` or `dilation`",
            argument="dilation",
        )


class Conv(Op):
    """A convolution over rows and columns; by default 1x1, that is pointwise."""

    keyword = "conv"
    stated = Stated(
        "conv(16, 3x3, stride = 2)",
        FEATURE_MAP,
        (
            ("padding = same", "ceil(H / Sh) x ceil(W / Sw) x channels"),
            (
                "padding = valid",
                "ceil((H - (Kh - 1) * Dh) / Sh) x ceil((W - (Kw - 1) * Dw) / Sw) x channels",
            ),
        ),
        params="Kh * Kw * C / groups * channels + bias * channels",
        macs="Ho * Wo * channels * Kh * Kw * C / groups",
        macc="Ho * Wo * channels * Kh * Kw * C / groups + bias * channels",
    )
    channels = Width("output channels, rounded to the arch's multiple", filled=True)
    kernel = Window("rows x columns of the kernel", (1, 1))
    stride = Stride("step of the kernel", (1, 1), filled=True)
    padding = Choice("`same` pads with zeros to `ceil(extent / stride)`", "same", PADDINGS)
    dilation = Stride("spacing of the kernel's taps", (1, 1))
    groups = Count("groups of channels that do not see each other", 1)
    bias = Auto("a bias per output channel; auto: unless only batchnorms read the output", None)

    def infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        check_dilation(self.stride, self.dilation)
        rows, columns = windowed(self, shape, self.kernel, self.stride, self.padding, self.dilation)
        if shape[2] % self.groups or self.channels % self.groups:
            raise OpError(
                f"{self.groups} groups do not divide {shape[2]} input and "
                f"{self.channels} output channels evenly",
                argument="groups",
            )
        return rows, columns, self.channels

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("kernel", (*self.kernel, inputs[0][2] // self.groups, self.channels))
        return (kernel, Weight("bias", (self.channels,))) if self.bias else (kernel,)

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return product(output) * product(self.kernel) * (inputs[0][2] // self.groups)

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return self.macs(output, *inputs) + (self.channels if self.bias else 0)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [
            KerasArgument("filters", self.channels, positional=True, source="channels"),
            KerasArgument("kernel_size", scalar(self.kernel), positional=True, source="kernel"),
            *window_arguments(self.kernel, self.stride, self.padding, self.dilation),
        ]
        if self.groups != 1:
            arguments.append(KerasArgument("groups", self.groups, source="groups"))
        if not self.bias:
            arguments.append(KerasArgument("use_bias", False))
        return KerasCall("Conv2D", tuple(arguments), regularizer="kernel_regularizer")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "Conv2D" or not layer.channels_last or layer.padding is None:
            return None
        return cls(
            channels=layer.count("filters"),
            kernel=layer.pair("kernel_size"),
            stride=layer.pair("strides", 1),
            padding=layer.padding,
            dilation=layer.pair("dilation_rate", 1),
            groups=layer.count("groups", 1),
            bias=layer.flag("use_bias", True),
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        kernel = self.weights(*inputs)[0]
        window = placement(self.kernel, self.stride, self.padding, self.dilation)
        made = traced(GROUPED if self.groups > 1 else CONVOLUTION, self.bias)
        if self.groups == 1 and max(self.dilation) > 1:
            made = (SPREAD, made[0], GATHERED, *made[1:])
        return (
            Step(
                "CONV_2D",
                output,
                weights=kernel.size,
                biases=self.channels,
                zero_bias=not self.bias,
                window=window,
                traced=made,
            ),
        )

    def aligned_width(self) -> int | None:
        return self.channels


class DepthwiseConv(Op):
    """A depthwise convolution: one kernel per input channel, so the width is inherited."""

    keyword = "dwconv"
    stated = Stated(
        "dwconv(3x3, stride = 2)",
        FEATURE_MAP,
        (
            ("padding = same", "ceil(H / Sh) x ceil(W / Sw) x C * multiplier"),
            (
                "padding = valid",
                "ceil((H - (Kh - 1) * Dh) / Sh) x ceil((W - (Kw - 1) * Dw) / Sw) x C * multiplier",
            ),
        ),
        params="Kh * Kw * C * multiplier + bias * C * multiplier",
        macs="Ho * Wo * C * multiplier * Kh * Kw",
        macc="Ho * Wo * C * multiplier * Kh * Kw + bias * C * multiplier",
    )
    kernel = Window("rows x columns of the kernel")
    stride = Stride("step of the kernel", (1, 1), filled=True)
    padding = Choice("`same` pads with zeros to `ceil(extent / stride)`", "same", PADDINGS)
    dilation = Stride("spacing of the kernel's taps", (1, 1))
    multiplier = Count("output channels per input channel", 1)
    bias = Auto("a bias per output channel; auto: unless only batchnorms read the output", None)

    def infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        check_dilation(self.stride, self.dilation)
        rows, columns = windowed(self, shape, self.kernel, self.stride, self.padding, self.dilation)
        return rows, columns, shape[2] * self.multiplier

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0][2]
        kernel = Weight("kernel", (*self.kernel, channels, self.multiplier))
        bias = Weight("bias", (channels * self.multiplier,))
        return (kernel, bias) if self.bias else (kernel,)

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return product(output) * product(self.kernel)

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return self.macs(output, *inputs) + (output[2] if self.bias else 0)

    def keras_call(self) -> KerasCall:
        arguments = [
            KerasArgument("kernel_size", scalar(self.kernel), positional=True, source="kernel"),
            *window_arguments(self.kernel, self.stride, self.padding, self.dilation),
        ]
        if self.multiplier != 1:
            arguments.append(
                KerasArgument("depth_multiplier", self.multiplier, source="multiplier")
            )
        if not self.bias:
            arguments.append(KerasArgument("use_bias", False))
        return KerasCall("DepthwiseConv2D", tuple(arguments), regularizer="depthwise_regularizer")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "DepthwiseConv2D" or not layer.channels_last:
            return None
        if layer.padding is None:
            return None
        return cls(
            kernel=layer.pair("kernel_size"),
            stride=layer.pair("strides", 1),
            padding=layer.padding,
            dilation=layer.pair("dilation_rate", 1),
            multiplier=layer.count("depth_multiplier", 1),
            bias=layer.flag("use_bias", True),
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        kernel = self.weights(*inputs)[0]
        window = placement(self.kernel, self.stride, self.padding, self.dilation)
        return (
            Step(
                "DEPTHWISE_CONV_2D",
                output,
                weights=kernel.size,
                biases=output[2],
                zero_bias=not self.bias,
                window=window,
                traced=traced(DEPTHWISE, self.bias),
            ),
        )


class ConvTranspose(Op):
    """A transposed convolution, which enlarges the feature map by its stride."""

    keyword = "conv_transpose"
    stated = Stated(
        "conv_transpose(8, 3x3, stride = 2)",
        FEATURE_MAP,
        (
            ("padding = same", "H * Sh x W * Sw x channels"),
            (
                "padding = valid",
                "H * Sh + max(Kh - Sh, 0) x W * Sw + max(Kw - Sw, 0) x channels",
            ),
        ),
        params="Kh * Kw * C * channels + bias * channels",
        macs="H * W * C * Kh * Kw * channels",
        macc="H * W * C * Kh * Kw * channels + bias * channels",
    )
    channels = Width("output channels, rounded to the arch's multiple", filled=True)
    kernel = Window("rows x columns of the kernel")
    stride = Stride("factor by which rows and columns grow", (1, 1), filled=True)
    padding = Choice("`same` gives `extent * stride`", "same", PADDINGS)
    bias = Auto("a bias per output channel; auto: unless only batchnorms read the output", None)

    def infer(self, *inputs: Shape) -> Shape:
        height, width, _ = feature_map(self, inputs[0])
        rows, columns = (
            extent * stride + (max(kernel - stride, 0) if self.padding == "valid" else 0)
            for extent, kernel, stride in zip(
                (height, width), self.kernel, self.stride, strict=True
            )
        )
        return rows, columns, self.channels

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("kernel", (*self.kernel, self.channels, inputs[0][2]))
        return (kernel, Weight("bias", (self.channels,))) if self.bias else (kernel,)

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return product(inputs[0]) * product(self.kernel) * self.channels

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return self.macs(output, *inputs) + (self.channels if self.bias else 0)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [
            KerasArgument("filters", self.channels, positional=True, source="channels"),
            KerasArgument("kernel_size", scalar(self.kernel), positional=True, source="kernel"),
            *window_arguments(self.kernel, self.stride, self.padding, (1, 1)),
        ]
        if not self.bias:
            arguments.append(KerasArgument("use_bias", False))
        return KerasCall("Conv2DTranspose", tuple(arguments), regularizer="kernel_regularizer")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "Conv2DTranspose" or not layer.channels_last:
            return None
        dilated = layer.pair("dilation_rate", 1) != (1, 1)
        if layer.padding is None or dilated or layer.value("output_padding") is not None:
            return None
        return cls(
            channels=layer.count("filters"),
            kernel=layer.pair("kernel_size"),
            stride=layer.pair("strides", 1),
            padding=layer.padding,
            bias=layer.flag("use_bias", True),
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (
            Step(
                "TRANSPOSE_CONV",
                output,
                weights=self.weights(*inputs)[0].size,
                biases=self.channels if self.bias else 0,
                tables=((1, *output),),
                window=placement(self.kernel, self.stride, self.padding),
                traced=traced(Traced("conv_transpose", ("conv_transpose",)), self.bias),
            ),
        )

    def aligned_width(self) -> int | None:
        return self.channels


class Dense(Op):
    """A fully connected layer on a vector. Its units are never rounded."""

    keyword = "dense"
    stated = Stated(
        "global_average_pool dense(10)",
        VECTOR,
        (("", "units"),),
        params="C * units + bias * units",
        macs="C * units",
        macc="C * units + bias * units",
    )
    units = Count("outputs")
    bias = Flag("a bias per output", True)

    def infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        if len(shape) != 1:
            raise OpError(
                f"`dense` needs a vector, but gets {show_shape(shape)}",
                "put `global_average_pool` or `flatten` before it, or use a 1x1 `conv`: on a "
                "feature map the int8 converter leaves shape arithmetic that no NPU runs",
            )
        return (self.units,)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        kernel = Weight("kernel", (inputs[0][0], self.units))
        return (kernel, Weight("bias", (self.units,))) if self.bias else (kernel,)

    def macs(self, output: Shape, *inputs: Shape) -> int:
        return inputs[0][0] * self.units

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return self.macs(output, *inputs) + (self.units if self.bias else 0)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [KerasArgument("units", self.units, positional=True, source="units")]
        if not self.bias:
            arguments.append(KerasArgument("use_bias", False))
        return KerasCall("Dense", tuple(arguments), regularizer="kernel_regularizer")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "Dense":
            return None
        return cls(units=layer.count("units"), bias=layer.flag("use_bias", True))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        product = Traced("MatMul", ("cast",))
        return (
            Step(
                "FULLY_CONNECTED",
                output,
                weights=inputs[0][0] * self.units,
                biases=self.units if self.bias else 0,
                traced=(product, Traced("BiasAdd", ("biasadd",))) if self.bias else (product,),
            ),
        )
