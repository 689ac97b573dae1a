"""Batch and layer normalisation."""

from fractions import Fraction

from archc.ops.base import (
    TENSOR,
    UNCHANGED,
    Flag,
    KerasArgument,
    KerasCall,
    Op,
    Real,
    Shape,
    Stated,
    Step,
    Traced,
    Weight,
    product,
)
from archc.ops.recognise import KerasLayer

EPSILON = Fraction(1, 1000)
MOMENTUM = Fraction(99, 100)


class BatchNorm(Op):
    """Batch normalisation over channels. The int8 converter folds it into a convolution."""

    keyword = "batchnorm"
    stated = Stated(
        "conv(8, 3x3) batchnorm", TENSOR, UNCHANGED, params="4 * C", frozen="2 * C", macc="2 * M"
    )
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

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "BatchNormalization" or layer.axis("axis") != -1:
            return None
        plain = layer.flag("scale", True) and layer.flag("center", True)
        if not plain or layer.flag("renorm", False):
            return None
        epsilon, momentum = layer.number("epsilon", 0.001), layer.number("momentum", 0.99)
        return cls(epsilon=epsilon, momentum=momentum)

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        channels = output[-1]
        scaled = Traced("batchnorm/mul_1", ("cast_1", "cast_2"), ("batchnorm/add/y",))
        moved = Traced("batchnorm/add_1", ("cast", "cast_1", "cast_2", "cast_3"))
        return (
            Step(
                "MUL",
                output,
                weights=channels,
                affine=True,
                settings=(self.epsilon,),
                traced=(scaled,),
            ),
            Step("ADD", output, inputs=(0,), weights=channels, affine=True, traced=(moved,)),
        )


class LayerNorm(Op):
    """Layer normalisation over channels, with a learned scale and offset."""

    keyword = "layernorm"
    stated = Stated("layernorm", TENSOR, UNCHANGED, params="scale * C + center * C")
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

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "LayerNormalization" or layer.axis("axis") != -1:
            return None
        if layer.flag("rms_scaling", False):
            return None
        return cls(
            epsilon=layer.number("epsilon", 0.001),
            scale=layer.flag("scale", True),
            center=layer.flag("center", True),
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        """With `m` the mean and `s` the scaled reciprocal of the deviation it is
        `x * s + (offset - m * s)`.
        """
        channels, squeezed = output[-1], (*output[:-1], 1)
        axis = ((-1,),)
        mean, variance, epsilon = (
            (Traced(name, (), (constant,)),)
            for name, constant in (
                ("moments/mean", "moments/mean/reduction_indices"),
                ("moments/variance", "moments/variance/reduction_indices"),
                ("add", "add/y"),
            )
        )
        difference = (Traced("moments/SquaredDifference"),)
        steps = [
            Step("MEAN", squeezed, tables=axis, traced=mean),
            Step("NEG", squeezed, inputs=(0,), traced=(Traced("Neg"),)),
            Step("SQUARED_DIFFERENCE", output, inputs=(-1, 0), traced=difference),
            Step("MEAN", squeezed, inputs=(2,), tables=axis, traced=variance),
            Step("ADD", squeezed, inputs=(3,), scalar=self.epsilon, traced=epsilon),
            Step("RSQRT", squeezed, inputs=(4,), traced=(Traced("Rsqrt"),)),
        ]
        names = {"ADD": ["add_2", "add_1"], "MUL": ["mul_2", "mul_1", "mul"]}
        variables = ["reshape_1", "reshape"]

        def add(operator: str, *reads: int, constants: int = 0) -> int:
            spread = constants or -1 in reads or any(steps[r].shape == output for r in reads)
            shape = output if spread else squeezed
            variable = (variables.pop(),) if constants else ()
            traced = (Traced(names[operator].pop(), variable),)
            steps.append(Step(operator, shape, inputs=reads, weights=constants, traced=traced))
            return len(steps) - 1

        scale = add("MUL", 5, constants=channels) if self.scale else 5
        offset = add("MUL", 1, scale)
        if self.center:
            offset = add("ADD", offset, constants=channels)
        add("ADD", add("MUL", -1, scale), offset)
        return tuple(steps)
