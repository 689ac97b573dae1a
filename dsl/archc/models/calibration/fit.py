"""Least squares over times: which constants explain measurements best.

SciPy does the work, with a robust loss on the logarithm of the ratio of estimate and measurement,
so that a network of 1 ms counts like one of 50 ms. It comes with the `calibrate` extra.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import Any, NamedTuple

from archc.compiler import Prepared, nanoseconds


class Sample(NamedTuple):
    """A measured network."""

    name: str
    family: str
    """Networks of one family count together as much as those of any other."""
    prepared: Prepared
    nanoseconds: float


class Fitted(NamedTuple):
    """Constants and how well they explain the samples."""

    constants: dict[str, float]
    """All of them, those not fitted included."""
    errors: dict[str, float]
    """By sample: estimate over measurement, less 1."""

    @property
    def mean(self) -> float:
        return sum(map(abs, self.errors.values())) / len(self.errors)

    @property
    def worst(self) -> float:
        return max(map(abs, self.errors.values()))


def fit(
    samples: Sequence[Sample],
    formulas: str,
    start: Mapping[str, float],
    names: Sequence[str],
    *,
    within: float = 5,
    prior: float = 0,
    soft: float = 0.1,
) -> Fitted:
    """Fit some constants to measurements.

    Args:
        samples: at least one.
        formulas: a name in `FORMULAS`.
        start: values to begin with, and of constants that are not fitted.
        names: which ones are.
        within: no constant moves by more than this factor.
        prior: how strongly constants are held to ``start``: the weight of a change by a factor e,
            in units of a sample that is wrong by as much.
        soft: relative error from which an outlier counts less than its square.

    Raises:
        ImportError: SciPy is not installed.
    """
    from scipy.optimize import least_squares

    size = Counter(sample.family for sample in samples)
    weights = [(len(samples) / len(size) / size[sample.family]) ** 0.5 for sample in samples]

    def residuals(point: Any) -> list[float]:
        constants = dict(start)
        constants.update((name, start[name] * 2.0**x) for name, x in zip(names, point, strict=True))
        errors = [
            weight * log(nanoseconds(each.prepared, formulas, constants) / each.nanoseconds)
            for weight, each in zip(weights, samples, strict=True)
        ]
        return errors + [prior * log(2) * float(x) for x in point if prior]

    reach = log(within) / log(2)
    found = least_squares(
        residuals,
        [0.0] * len(names),
        bounds=(-reach, reach),
        loss="soft_l1",
        f_scale=soft,
        diff_step=1e-3,
    )
    constants = dict(start)
    constants.update(
        (name, float(start[name] * 2.0**x)) for name, x in zip(names, found.x, strict=True)
    )
    return Fitted(constants, errors(samples, formulas, constants))


def errors(
    samples: Sequence[Sample], formulas: str, constants: dict[str, float]
) -> dict[str, float]:
    """How wrong each sample is: estimate over measurement, less 1."""
    return {
        sample.name: nanoseconds(sample.prepared, formulas, constants) / sample.nanoseconds - 1
        for sample in samples
    }
