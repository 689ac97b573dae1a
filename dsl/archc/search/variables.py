"""The parameters of a space as Optuna's, and variants as what it draws of them."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from archc.space.dimensions import Dimension, Grid

EXACT = 1 << 53
"""Up to here Optuna, which keeps numbers as floats, keeps them exactly."""


class Variable(NamedTuple):
    """A parameter: its values by their place in the dimension, and as Optuna has them."""

    dimension: Dimension
    distribution: BaseDistribution

    @property
    def name(self) -> str:
        return self.dimension.name

    def ask(self, trial: Trial) -> int:
        """Let the sampler choose a value; gives its place."""
        by, name = self.distribution, self.name
        if isinstance(by, CategoricalDistribution):
            return self.place(trial.suggest_categorical(name, by.choices))
        if isinstance(by, IntDistribution):
            return self.place(trial.suggest_int(name, by.low, by.high, step=by.step))
        assert isinstance(by, FloatDistribution)
        return self.place(trial.suggest_float(name, by.low, by.high, step=by.step))

    def place(self, value: Any) -> int:
        """The place of what Optuna calls a value.

        Raises:
            ValueError: it is none.
        """
        by = self.distribution
        if isinstance(by, CategoricalDistribution):
            return by.choices.index(value)
        if isinstance(by, IntDistribution):
            return (int(value) - by.low) // by.step
        assert isinstance(by, FloatDistribution)
        return round((float(value) - by.low) / (by.step or 1.0))

    def value(self, place: int) -> Any:
        """What Optuna calls the value of a place."""
        by = self.distribution
        if isinstance(by, CategoricalDistribution):
            return by.choices[place]
        if isinstance(by, IntDistribution):
            return by.low + place * by.step
        assert self.dimension.axis is not None
        return float(self.dimension.axis.value(self.dimension.places[place]))


def variables(grid: Grid) -> tuple[Variable, ...]:
    """One for each parameter that has a choice."""
    return tuple(Variable(each, _distribution(each)) for each in grid.dimensions if each.size > 1)


def _distribution(dimension: Dimension) -> BaseDistribution:
    size, axis = dimension.size, dimension.axis
    if axis is None:
        return CategoricalDistribution([dimension.text(place) for place in range(size)])
    values = [axis.value(dimension.places[place]) for place in (0, 1, size - 1)]
    low, high, step = values[0], values[2], values[1] - values[0]
    if not isinstance(dimension.places, range) and not _even(dimension):
        return CategoricalDistribution([_plain(dimension, place) for place in range(size)])
    if all(each.denominator == 1 and abs(each) < EXACT for each in values):
        return IntDistribution(int(low), int(high), step=int(step))
    if all(Fraction(repr(float(each))) == each for each in (low, high, step)):
        return FloatDistribution(float(low), float(high), step=float(step))
    return IntDistribution(0, size - 1)  # thirds, say: no float is one of them


def _even(dimension: Dimension) -> bool:
    """Whether the values of a list ascend by one step."""
    places = dimension.places
    step = places[1] - places[0]
    return step > 0 and all(b - a == step for a, b in pairwise(places))


def _plain(dimension: Dimension, place: int) -> str | int | float:
    assert dimension.axis is not None
    value = dimension.axis.value(dimension.places[place])
    if value.denominator == 1 and abs(value) < EXACT:
        return int(value)
    decimal = Fraction(repr(float(value))) == value
    return float(value) if decimal else dimension.text(place)


def row_of(grid: Grid, places: Mapping[str, int]) -> int:
    """The number of the variant with these places; parameters without a choice are left out."""
    row = 0
    for each in grid.dimensions:
        row = row * each.size + places.get(each.name, 0)
    return row


def places_of(grid: Grid, row: int) -> dict[str, int]:
    """The inverse of `row_of`."""
    found = {}
    for each in reversed(grid.dimensions):
        row, found[each.name] = divmod(row, each.size)
    return found
