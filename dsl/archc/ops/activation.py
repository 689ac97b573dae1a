"""Activations: elementwise, without variables."""

from fractions import Fraction
from typing import ClassVar

from archc.ops.base import (
    KerasArgument,
    KerasCall,
    Op,
    Real,
    Shape,
    Step,
    product,
)


class Activation(Op):
    """What activations share: the shape stays; most are Keras' `Activation(NAME)`."""

    function: ClassVar[str]
    """Keras' name of the function."""
    operator: ClassVar[str]
    """The TFLite operator."""

    def infer(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall(
            "Activation", (KerasArgument("activation", self.function, positional=True),)
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step(self.operator, output),)


class Relu6(Activation):
    """The rectifier clipped at 6."""

    keyword = "relu6"
    operator = "RELU6"

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(output)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("ReLU", (KerasArgument("max_value", 6.0),))


class Relu(Activation):
    """The rectifier."""

    keyword = "relu"
    operator = "RELU"

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return product(output)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("ReLU")


class Sigmoid(Activation):
    """The logistic function."""

    keyword = "sigmoid"
    function = "sigmoid"
    operator = "LOGISTIC"

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        # 102,800 for 10,280 elements in a report of ST Edge AI Core 2.2.0
        # (Guguitino/STM32N6-Audio-Low-Latency), 4,096,000 for 409,600 in one of 2.1.0
        # (TejasLamba2006/tic-tac-toe-yolo).
        return 10 * product(output)


class Softmax(Activation):
    """Softmax over channels."""

    keyword = "softmax"
    function = "softmax"
    operator = "SOFTMAX"

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return 15 * product(output)


class Tanh(Activation):
    """The hyperbolic tangent."""

    keyword = "tanh"
    function = "tanh"
    operator = "TANH"


def _hard_sigmoid(output: Shape) -> tuple[Step, ...]:
    return (
        Step("ADD", output, scalar=Fraction(3)),
        Step("RELU6", output, inputs=(0,)),
        Step("MUL", output, inputs=(1,), scalar=Fraction(1, 6)),
    )


class HardSigmoid(Activation):
    """`relu6(x + 3) / 6`."""

    keyword = "hard_sigmoid"
    function = "hard_sigmoid"

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return _hard_sigmoid(output)


class HardSwish(Activation):
    """`x * relu6(x + 3) / 6`."""

    keyword = "hard_swish"
    function = "hard_swish"

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """The converter recognises the product as HARD_SWISH, unless an activation fuses to it."""
        return (*_hard_sigmoid(output), Step("MUL", output, inputs=(-1, 2)))


class Swish(Activation):
    """`x * sigmoid(x)`, also called SiLU."""

    keyword = "swish"
    function = "swish"

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return (Step("LOGISTIC", output), Step("MUL", output, inputs=(-1, 0)))


class Gelu(Activation):
    """The Gaussian error linear unit, exact form."""

    keyword = "gelu"
    function = "gelu"
    operator = "GELU"


class LeakyRelu(Activation):
    """The rectifier with a slope for negative values."""

    keyword = "leaky_relu"
    operator = "LEAKY_RELU"
    slope = Real("slope below zero", Fraction(3, 10), Fraction(0), Fraction(1))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        if self.slope == Fraction(3, 10):
            return KerasCall("LeakyReLU")
        return KerasCall(
            "LeakyReLU", (KerasArgument("negative_slope", float(self.slope), source="slope"),)
        )
