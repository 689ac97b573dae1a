"""Batch and layer normalisation."""

from fractions import Fraction

from archc.ops.base import (
    Flag,
    KerasArgument,
    KerasCall,
    Op,
    Real,
    Shape,
    Step,
    Weight,
    product,
)

EPSILON = Fraction(1, 1000)
MOMENTUM = Fraction(99, 100)


class BatchNorm(Op):
    """Batch normalisation over channels. The int8 converter folds it into a convolution."""

    keyword = "batchnorm"
    epsilon = Real("added to the variance", EPSILON, Fraction(0), Fraction(1))
    momentum = Real("of the moving statistics", MOMENTUM, Fraction(0), Fraction(1))

    @property
    def normalises(self) -> bool:
        return True

    def infer(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0][-1:]
        return (
            Weight("gamma", channels),
            Weight("beta", channels),
            Weight("moving_mean", channels, trainable=False),
            Weight("moving_variance", channels, trainable=False),
        )

    def stedgeai_macc(self, output: Shape, *inputs: Shape) -> int:
        return 2 * product(output)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = []
        if self.momentum != MOMENTUM:
            arguments.append(KerasArgument("momentum", float(self.momentum), source="momentum"))
        if self.epsilon != EPSILON:
            arguments.append(KerasArgument("epsilon", float(self.epsilon), source="epsilon"))
        return KerasCall("BatchNormalization", tuple(arguments))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        channels = output[-1]
        return (
            Step("MUL", output, weights=channels, affine=True),
            Step("ADD", output, inputs=(0,), weights=channels, affine=True),
        )


class LayerNorm(Op):
    """Layer normalisation over channels, with a learned scale and offset."""

    keyword = "layernorm"
    epsilon = Real("added to the variance", EPSILON, Fraction(0), Fraction(1))
    scale = Flag("learn a scale per channel", True)
    center = Flag("learn an offset per channel", True)

    def infer(self, *inputs: Shape) -> Shape:
        return inputs[0]

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0][-1:]
        scale = (Weight("gamma", channels),) if self.scale else ()
        center = (Weight("beta", channels),) if self.center else ()
        return scale + center

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = []
        if self.epsilon != EPSILON:
            arguments.append(KerasArgument("epsilon", float(self.epsilon), source="epsilon"))
        if not self.center:
            arguments.append(KerasArgument("center", False))
        if not self.scale:
            arguments.append(KerasArgument("scale", False))
        return KerasCall("LayerNormalization", tuple(arguments))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """With `m` the mean and `s` the scaled reciprocal of the deviation it is
        `x * s + (offset - m * s)`; the negation of `m` is done in float.
        """
        channels, squeezed = output[-1], (*output[:-1], 1)
        axis = ((len(output),),)
        steps = [
            Step("MEAN", squeezed, tables=axis),
            Step("DEQUANTIZE", squeezed, inputs=(0,), float_result=True),
            Step("NEG", squeezed, inputs=(1,), float_result=True),
            Step("QUANTIZE", squeezed, inputs=(2,)),
            Step("SQUARED_DIFFERENCE", output, inputs=(-1, 0)),
            Step("MEAN", squeezed, inputs=(4,), tables=axis),
            Step("ADD", squeezed, inputs=(5,), scalar=self.epsilon),
            Step("RSQRT", squeezed, inputs=(6,)),
        ]

        def add(operator: str, *reads: int, constants: int = 0) -> int:
            spread = constants or -1 in reads or any(steps[r].shape == output for r in reads)
            shape = output if spread else squeezed
            steps.append(Step(operator, shape, inputs=reads, weights=constants))
            return len(steps) - 1

        scale = add("MUL", 7, constants=channels) if self.scale else 7
        offset = add("MUL", 3, scale)
        if self.center:
            offset = add("ADD", offset, constants=channels)
        add("ADD", add("MUL", -1, scale), offset)
        return tuple(steps)
