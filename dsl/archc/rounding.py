"""The one place where a width becomes a whole number of channels."""

from fractions import Fraction

from archc.typed import NamedTuple
from archc.values import below, larger


class Rounding(NamedTuple):
    """Nearest multiple of ``divisor``, ties up, never below ``divisor``.

    ``keep`` is the share of the requested width that rounding must not go below; one more
    ``divisor`` is added where it would. 0 is the rule of the reference network, 0.9 that of
    MobileNetV2 (Sandler et al. 2018, the authors' `_make_divisible`).
    """

    divisor: int = 8
    keep: Fraction = Fraction(0)

    def width(self, requested: Fraction) -> int:
        """The effective number of channels for a requested one."""
        divisor = self.divisor
        numerator, denominator = requested.as_integer_ratio()
        # floor(requested / divisor + 1 / 2), in whole numbers
        steps = (2 * numerator + denominator * divisor) // (2 * denominator * divisor)
        rounded: int = larger(steps * divisor, divisor)
        if self.keep:
            rounded += divisor * below(rounded, self.keep * requested)
        return rounded
