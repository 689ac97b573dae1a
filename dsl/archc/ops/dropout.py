"""Dropout: active in training, nothing on the device."""

from fractions import Fraction

from archc.ops.arguments import Real
from archc.ops.base import (
    FEATURE_MAP,
    TENSOR,
    UNCHANGED,
    KerasArgument,
    KerasCall,
    Op,
    Shape,
    Stated,
    Step,
    feature_map,
)
from archc.ops.recognise import KerasLayer
from archc.typed import ClassVar


class Dropout(Op):
    """Zeros a share of the values while training."""

    keyword = "dropout"
    stated = Stated("global_average_pool dropout(0.3)", TENSOR, UNCHANGED)
    layer: ClassVar[str] = "Dropout"
    knob: ClassVar[str | None] = "rate"
    rate = Real("share of values zeroed", Fraction(1, 2), Fraction(0), Fraction(1))

    def keras(self, output: Shape, *inputs: Shape) -> KerasCall:
        rate = KerasArgument("rate", float(self.rate), positional=True, source="rate")
        return KerasCall(self.layer, (rate,), rate=self.knob)

    @classmethod
    def from_keras(cls, layer: KerasLayer) -> Op | None:
        if layer.class_name != cls.layer or not layer.channels_last:
            return None
        rate = layer.number("rate")
        return cls(rate=rate) if 0 <= rate < 1 else None

    def device(self, output: Shape, *inputs: Shape) -> tuple[Step, ...]:
        return ()


class SpatialDropout(Dropout):
    """Zeros whole channels of a feature map while training."""

    keyword = "spatial_dropout"
    stated = Stated("conv(8) spatial_dropout(0.1)", FEATURE_MAP, UNCHANGED)
    layer = "SpatialDropout2D"
    knob = None

    def infer(self, *inputs: Shape) -> Shape:
        feature_map(self, inputs[0])
        return inputs[0]
