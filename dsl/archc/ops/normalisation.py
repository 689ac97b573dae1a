"""Scaling and normalisation."""

from fractions import Fraction
from functools import cache
from math import sqrt

from archc.ops.arguments import Flag, Number, OpError, PerChannel, Real
from archc.ops.base import (
    TENSOR,
    UNCHANGED,
    KerasArgument,
    KerasCall,
    Op,
    Shape,
    Stated,
    Step,
    Traced,
    Weight,
)
from archc.ops.recognise import KerasLayer

EPSILON = Fraction(1, 1000)
MOMENTUM = Fraction(99, 100)


class BatchNorm(Op):
    """Batch normalisation over channels. The int8 converter folds it into a convolution."""

    keyword = "batchnorm"
    stated = Stated(
        "conv(8, 3x3) batchnorm",
        TENSOR,
        UNCHANGED,
        params="2 * C + scale * C + center * C",
        frozen="2 * C",
        macc="2 * M",
    )
    epsilon = Real("added to the variance", EPSILON, Fraction(0), Fraction(1))
    momentum = Real("of the moving statistics", MOMENTUM, Fraction(0), Fraction(1))
    scale = Flag("learn a scale per channel", True)
    center = Flag("learn an offset per channel", True)
    macc_each = 2

    @property
    def normalises(self) -> bool:
        return True

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0][-1:]
        return (
            *((Weight("gamma", channels),) if self.scale else ()),
            *((Weight("beta", channels),) if self.center else ()),
            Weight("moving_mean", channels, trainable=False),
            Weight("moving_variance", channels, trainable=False),
        )

    def keras_call(self) -> KerasCall:
        arguments = []
        if self.momentum != MOMENTUM:
            arguments.append(KerasArgument("momentum", float(self.momentum), source="momentum"))
        if self.epsilon != EPSILON:
            arguments.append(KerasArgument("epsilon", float(self.epsilon), source="epsilon"))
        arguments += _learned(self.center, self.scale)
        return KerasCall("BatchNormalization", tuple(arguments))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "BatchNormalization" or layer.axis("axis") != -1:
            return None
        if layer.flag("renorm", False):
            return None
        return cls(
            epsilon=layer.number("epsilon", 0.001),
            momentum=layer.number("momentum", 0.99),
            scale=layer.flag("scale", True),
            center=layer.flag("center", True),
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        channels = output[-1]
        scaled, moved = _traced(self.scale, self.center)
        return (
            Step(
                "MUL",
                output,
                weights=channels,
                affine=True,
                settings=(self.epsilon,),
                traced=scaled,
            ),
            Step("ADD", output, inputs=(0,), weights=channels, affine=True, traced=moved),
        )


@cache
def _traced(scale: bool, center: bool) -> tuple[tuple[Traced, ...], tuple[Traced, ...]]:
    """The operations of both steps of a batch normalisation."""
    factors = ("cast_1", "cast_2") if scale else ("cast_1",)
    name = "batchnorm/mul_1" if scale else "batchnorm/mul"
    offset = (f"cast_{len(factors) + 1}",) if center else ()
    return (
        (Traced(name, factors, ("batchnorm/add/y",)),),
        (Traced("batchnorm/add_1", ("cast", *factors, *offset)),),
    )


def _learned(center: bool, scale: bool) -> list[KerasArgument]:
    """The arguments for what a normalisation does not learn."""
    learned = {"center": center, "scale": scale}
    return [KerasArgument(name, False) for name, flag in learned.items() if not flag]


class LayerNorm(Op):
    """Layer normalisation over channels, with a learned scale and offset."""

    keyword = "layernorm"
    stated = Stated("layernorm", TENSOR, UNCHANGED, params="scale * C + center * C")
    epsilon = Real("added to the variance", EPSILON, Fraction(0), Fraction(1))
    scale = Flag("learn a scale per channel", True)
    center = Flag("learn an offset per channel", True)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        channels = inputs[0][-1:]
        scale = (Weight("gamma", channels),) if self.scale else ()
        center = (Weight("beta", channels),) if self.center else ()
        return scale + center

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = []
        if self.epsilon != EPSILON:
            arguments.append(KerasArgument("epsilon", float(self.epsilon), source="epsilon"))
        arguments += _learned(self.center, self.scale)
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


class L2Normalise(Op):
    """Every place's channels divided by their Euclidean norm, as embeddings are.

    Not for the middle of a network: the squares have no int8 kernel and run in float32."""

    keyword = "l2_normalise"
    stated = Stated("global_average_pool l2_normalise", TENSOR, UNCHANGED)

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        return KerasCall("UnitNormalization")

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        return (
            cls() if layer.class_name == "UnitNormalization" and layer.axis("axis") == -1 else None
        )

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        norm = (*output[:-1], 1)
        summed = Traced("Sum", (), ("Sum/reduction_indices",))
        bounded = Traced("Minimum", (), ("Const",))
        return (
            Step("SQUARE", output, traced=(Traced("Square"),)),
            Step("SUM", norm, (0,), tables=((-1,),), traced=(summed,)),
            Step("RSQRT", norm, (1,), traced=(Traced("Rsqrt"),)),
            Step("MINIMUM", norm, (2,), scalar=LARGEST_INVERSE, traced=(bounded,)),
            Step("MUL", output, (-1, 3), traced=(Traced("mul"),)),
        )


LARGEST_INVERSE = Fraction(10**12)
"""What Keras bounds one over a norm by: its epsilon is 1e-12."""


class Rescale(Op):
    """`x * scale + offset`, without variables: for an input, or `rescale(-1)` for a negative.

    Keras' `Rescaling` multiplies, which stays int8; of a negation the converter makes a NEG in
    float32."""

    keyword = "rescale"
    stated = Stated("rescale(scale = 0.5, offset = 1)", TENSOR, UNCHANGED)
    scale = Number("what every value is multiplied by")
    offset = Number("what is added then", Fraction(0))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        arguments = [KerasArgument("scale", float(self.scale), positional=True, source="scale")]
        if self.offset:
            arguments.append(KerasArgument("offset", float(self.offset), source="offset"))
        return KerasCall("Rescaling", tuple(arguments))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        """Of single numbers only: one for every channel is not said here."""
        values = (layer.value("scale", 1), layer.value("offset", 0))
        if layer.class_name != "Rescaling" or not all(isinstance(v, int | float) for v in values):
            return None
        return cls(scale=layer.number("scale", 1), offset=layer.number("offset", 0))

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        parts = (
            ("MUL", (self.scale,), 1, Traced("mul", (), ("Cast/x",))),
            ("ADD", (self.offset,), 0, Traced("add", (), ("Cast_1/x",))),
        )
        return _scaling(output, parts, spread=False)


def _scaling(
    output: Shape,
    parts: tuple[tuple[str, tuple[Fraction, ...], int, Traced], ...],
    spread: bool,
) -> tuple[Step, ...]:
    """Arithmetic with constants, one after the other; what changes nothing is traced and dropped.

    Args:
        output: the shape of what is scaled.
        parts: of each the operator, its numbers, the number that changes nothing, what it is.
        spread: whether constants have as many axes as the tensor.
    """
    steps: list[Step] = []
    dropped: tuple[Traced, ...] = ()
    alike = len({values for _, values, _, _ in parts}) == 1
    for operator, values, neutral, traced in parts:
        if any(value != neutral for value in values):
            step = Step(operator, output, (len(steps) - 1,), spread=spread)
            # Of more axes than none the converter stores equal numbers only once.
            one = len(values) == 1 and (not spread or alike)
            known = {"scalar": values[0]} if one else {"weights": len(values), "affine": True}
            steps.append(step._replace(traced=(*dropped, traced), **known))
        elif steps:
            last = steps[-1]
            steps[-1] = last._replace(traced=(*last.traced, traced), stands=len(last.traced) - 1)
        else:
            dropped = (traced,)
    return tuple(steps)


class Normalise(Op):
    """`(x - mean) / sqrt(variance)` by statistics that are known, without variables."""

    keyword = "normalise"
    stated = Stated("normalise(mean = 0.5, variance = 0.25)", TENSOR, UNCHANGED)
    mean = PerChannel("what is subtracted")
    variance = PerChannel("the square of what is divided by", (Fraction(1),), positive=True)

    def infer(self, *inputs: Shape) -> Shape:
        channels = inputs[0][-1]
        for name in ("mean", "variance"):
            count = len(getattr(self, name))
            if count not in (1, channels):
                raise OpError(
                    f"{channels} channels enter, and `{name}` has {count} numbers",
                    "give one number for all channels, or one for each",
                    argument=name,
                )
        return inputs[0]

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        count = max(len(self.mean), len(self.variance))
        both = {"mean": self.mean, "variance": self.variance}
        if count == 1:
            arguments = [KerasArgument("axis", None)]
            arguments += [
                KerasArgument(name, float(one[0]), source=name) for name, one in both.items()
            ]
        else:
            arguments = [
                KerasArgument(name, tuple(map(float, one * (count // len(one)))), source=name)
                for name, one in both.items()
            ]
        return KerasCall("Normalization", tuple(arguments))

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != "Normalization" or layer.flag("invert", False):
            return None
        axes = layer.value("axis", -1)
        flat = axes is None or (isinstance(axes, list | tuple) and not axes)
        statistics: dict[str, tuple[Fraction, ...]] = {}
        for name in ("mean", "variance"):
            value = layer.value(name)
            listed = [value] if flat and not isinstance(value, list | tuple) else value
            if not isinstance(listed, list | tuple) or not listed:
                return None
            if not all(isinstance(one, int | float) for one in listed):
                return None
            statistics[name] = tuple(layer.exact(name, one) for one in listed)
        sized = all(len(one) == (1 if flat else layer.shape[-1]) for one in statistics.values())
        known = sized and (flat or layer.axis("axis") == -1) and min(statistics["variance"]) > 0
        return cls(**statistics) if known else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        # Keras computes with tensors that the function captures: they are its arguments.
        size = max(len(self.mean), len(self.variance))
        factors = tuple(Fraction(1 / sqrt(value)) for value in self.variance)
        parts = (
            ("SUB", self.mean * (size // len(self.mean)), 0, Traced("Sub", ("sub_y",))),
            (
                *("MUL", factors * (size // len(factors)), 1),
                Traced("truediv", ("sqrt_x",)),
            ),
        )
        return _scaling(output, parts, spread=True)
