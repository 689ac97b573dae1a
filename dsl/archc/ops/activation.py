"""Activations: elementwise, without variables."""

from fractions import Fraction
from functools import cache

from archc.ops.arguments import Bound, Real
from archc.ops.base import (
    TENSOR,
    UNCHANGED,
    KerasArgument,
    KerasCall,
    Op,
    Part,
    Shape,
    Stated,
    Step,
    Traced,
    Weight,
)
from archc.ops.recognise import KerasLayer
from archc.typed import ClassVar


@cache
def plain(name: str) -> tuple[Traced, ...]:
    """One TensorFlow operation, without variables."""
    return (Traced(name),)


class Activation(Op):
    """What activations share: the shape stays; most are Keras' `Activation(NAME)`."""

    function: ClassVar[str]
    """Keras' name of the function."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names under which a config may hold it."""
    operator: ClassVar[str]
    """The TFLite operator."""
    traced: ClassVar[str]
    """The TensorFlow operation."""

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(
            "Activation", (KerasArgument("activation", self.function, positional=True),)
        )

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name == "Activation" and "keyword" in vars(cls):
            name = layer.value("activation")
            if name in (getattr(cls, "function", cls.keyword), *cls.aliases):
                return cls()
        return None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step(self.operator, output, traced=plain(self.traced)),)


def _clip(layer: KerasLayer) -> Fraction | None:
    """The clip of a plain rectifier, 0 where it has none; None for any other layer."""
    if layer.class_name != "ReLU":
        return None
    if layer.number("negative_slope") or layer.number("threshold"):
        return None
    if layer.value("max_value") is None:
        return Fraction(0)
    return layer.number("max_value") or None


CLIPPED = KerasCall("ReLU", (KerasArgument("max_value", 6.0),))


class Relu6(Activation):
    """The rectifier clipped at 6."""

    keyword = "relu6"
    stated = Stated("conv(8) relu6", TENSOR, UNCHANGED, macc="M")
    operator = "RELU6"
    traced = "Relu6"
    macc_each = 1

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return CLIPPED

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        return cls() if _clip(layer) == 6 else super().from_keras(layer)


def clipped(shape: Shape, low: Fraction, high: Fraction, before: int = -1) -> tuple[Step, ...]:
    """What clipping is traced to; ``before`` is the step that it reads."""
    above, below = Traced("clip_by_value/Minimum"), Traced("clip_by_value")
    return (
        Step("MINIMUM", shape, (before,), scalar=high, traced=(above,)),
        Step("MAXIMUM", shape, (before + 1,), scalar=low, traced=(below,)),
    )


class Relu(Activation):
    """The rectifier, clipped where it is given a bound."""

    keyword = "relu"
    stated = Stated("conv(8) relu", TENSOR, UNCHANGED, macc="M")
    operator = "RELU"
    traced = "Relu"
    macc_each = 1
    max = Bound("what no result exceeds", None)

    def parts(self, *inputs: Shape) -> tuple[Part, ...]:
        """Clipped at 6 it is another operator, on the device too."""
        return (Part(Relu6()),) if self.max == 6 else ()

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        if self.max is None:
            return KerasCall("ReLU")
        return KerasCall("ReLU", (KerasArgument("max_value", float(self.max), source="max"),))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        clip = _clip(layer)
        if clip is None or clip == 6:
            return super().from_keras(layer) if clip is None else None
        return cls(max=clip or None)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """Clipped it is MINIMUM and RELU: the converter has one operator for 6 only."""
        steps = super().device(output, *inputs)
        return steps if self.max is None else (*steps, *clipped(output, Fraction(0), self.max, 0))


class Elu(Activation):
    """`exp(x) - 1` below zero. Not for a device: there is no int8 kernel, so it runs in float32."""

    keyword = "elu"
    stated = Stated("conv(8) elu", TENSOR, UNCHANGED)
    function = "elu"
    operator = "ELU"
    traced = "Elu"

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name == "ELU":
            return cls() if layer.number("alpha", 1.0) == 1 else None
        return super().from_keras(layer)


class Sigmoid(Activation):
    """The logistic function."""

    keyword = "sigmoid"
    stated = Stated("global_average_pool dense(10) sigmoid", TENSOR, UNCHANGED, macc="10 * M")
    function = "sigmoid"
    operator = "LOGISTIC"
    traced = "Sigmoid"
    # 102,800 for 10,280 elements in a report of ST Edge AI Core 2.2.0
    # (Guguitino/STM32N6-Audio-Low-Latency), 4,096,000 for 409,600 in one of 2.1.0
    # (TejasLamba2006/tic-tac-toe-yolo).
    macc_each = 10


class Softmax(Activation):
    """Softmax over channels."""

    keyword = "softmax"
    stated = Stated("global_average_pool dense(10) softmax", TENSOR, UNCHANGED, macc="15 * M")
    function = "softmax"
    operator = "SOFTMAX"
    traced = "Softmax"
    macc_each = 15

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name == "Softmax":
            return cls() if layer.axis("axis") == -1 else None
        return super().from_keras(layer)


class Tanh(Activation):
    """The hyperbolic tangent."""

    keyword = "tanh"
    stated = Stated("conv(8) tanh", TENSOR, UNCHANGED)
    function = "tanh"
    operator = "TANH"
    traced = "Tanh"


def _hard_sigmoid(output: Shape) -> tuple[Step, ...]:
    return (
        Step("ADD", output, scalar=Fraction(3), traced=(Traced("add", (), ("Const",)),)),
        Step("RELU6", output, inputs=(0,), traced=(Traced("Relu6"),)),
        Step(
            "MUL",
            output,
            inputs=(1,),
            scalar=Fraction(1, 6),
            traced=(Traced("truediv", (), ("Const_1",)),),
        ),
    )


class HardSigmoid(Activation):
    """`relu6(x + 3) / 6`."""

    keyword = "hard_sigmoid"
    stated = Stated("conv(8) hard_sigmoid", TENSOR, UNCHANGED)
    function = "hard_sigmoid"

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return _hard_sigmoid(output)


class HardSwish(Activation):
    """`x * relu6(x + 3) / 6`."""

    keyword = "hard_swish"
    stated = Stated("conv(8) hard_swish", TENSOR, UNCHANGED)
    function = "hard_swish"
    aliases = ("hard_silu",)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """The converter recognises the product as HARD_SWISH, unless an activation fuses to it."""
        product = Step("MUL", output, inputs=(-1, 2), traced=(Traced("mul"),))
        return (*_hard_sigmoid(output), product)


class Swish(Activation):
    """`x * sigmoid(x)`, also called SiLU."""

    keyword = "swish"
    stated = Stated("conv(8) swish", TENSOR, UNCHANGED)
    function = "swish"
    aliases = ("silu",)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        scaled = Traced("mul", (), ("beta",))
        return (
            Step("LOGISTIC", output, traced=(scaled, Traced("Sigmoid"))),
            Step("MUL", output, inputs=(-1, 0), traced=(Traced("mul_1"), Traced("IdentityN"))),
        )


class Gelu(Activation):
    """The Gaussian error linear unit, exact form."""

    keyword = "gelu"
    stated = Stated("conv(8) gelu", TENSOR, UNCHANGED)
    function = "gelu"
    operator = "GELU"

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        half = Traced("Gelu/mul", (), ("Gelu/mul/x", "Gelu/Cast/x"))
        return (Step(self.operator, output, traced=(half, Traced("Gelu/mul_2"))),)


class LeakyRelu(Activation):
    """The rectifier with a slope for negative values."""

    keyword = "leaky_relu"
    stated = Stated("conv(8) leaky_relu(slope = 0.1)", TENSOR, UNCHANGED)
    operator = "LEAKY_RELU"
    traced = "LeakyRelu"
    slope = Real("slope below zero", Fraction(3, 10), Fraction(0), Fraction(1))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        if self.slope == Fraction(3, 10):
            return KerasCall("LeakyReLU")
        return KerasCall(
            "LeakyReLU", (KerasArgument("negative_slope", float(self.slope), source="slope"),)
        )

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name == "Activation" and layer.value("activation") == "leaky_relu":
            return cls(slope=Fraction(1, 5))  # the function's default, which is not the layer's
        if layer.class_name != "LeakyReLU":
            return None
        slope = layer.number("negative_slope", 0.3)
        return cls(slope=slope) if 0 <= slope < 1 else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        (step,) = super().device(output, *inputs)
        return (step._replace(settings=(self.slope,)),)


PRELU = (
    Traced("Relu"),
    Traced("Neg", ("",), reads=()),
    Traced("Neg_1", reads=(-1,)),
    Traced("Relu_1"),
    Traced("mul", reads=(1, 3)),
    Traced("add", reads=(0, 4)),
)
"""Keras writes `relu(x) - slope * relu(-x)`, which the converter recognises."""


class Prelu(Activation):
    """The rectifier with a learned slope for negative values, one for each channel."""

    keyword = "prelu"
    stated = Stated("conv(8) prelu", TENSOR, UNCHANGED, params="C")
    operator = "PRELU"

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        shape = inputs[0]
        return (Weight("alpha", (*(1,) * (len(shape) - 1), shape[-1])),)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        axes = tuple(range(1, len(output)))
        return KerasCall("PReLU", (KerasArgument("shared_axes", axes),) if axes else ())

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        shared = layer.value("shared_axes")
        axes = list(shared) if isinstance(shared, list | tuple) else []
        shares = layer.rank >= 2 and axes == list(range(1, layer.rank - 1))
        return cls() if layer.class_name == "PReLU" and shares else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step(self.operator, output, weights=output[-1], traced=PRELU),)
