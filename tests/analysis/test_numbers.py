"""Numbers as the converter has them, against float32 of the machine, and the bytes of constants,
each distinct content once."""

import struct
from fractions import Fraction
from math import sqrt
from random import Random
from typing import Any

import pytest

from archc.analysis.lowering import DeviceOp
from archc.analysis.lowering.deployed import FAR, measure
from archc.analysis.lowering.importing import _initial_factor
from archc.analysis.lowering.numbers import equal, single

LARGEST = (2 - Fraction(1, 2**23)) * 2**127
SMALLEST = Fraction(1, 2**149)


def machine(number: Fraction) -> Fraction:
    (value,) = struct.unpack("f", struct.pack("f", float(number)))
    return Fraction(value)


def numbers() -> list[Fraction]:
    random = Random(1)
    found = [Fraction(0), LARGEST, -LARGEST, SMALLEST, SMALLEST * 3 / 2, SMALLEST / 4]
    found += [Fraction(1, 3), Fraction(1, 6), Fraction(6), 1 + Fraction(1, 2**24)]
    found += [1 + Fraction(odd, 2**24) for odd in (1, 3, 5)]  # between two: to the even one
    for exponent in range(-150, 127, 3):
        scale = Fraction(2) ** exponent
        found += [random.choice((-1, 1)) * scale * Fraction(random.random()) for _ in range(3)]
    return found


def test_numbers_as_float32() -> None:
    for number in numbers():
        assert single(number) == machine(number), number


def test_numbers_that_no_float32_holds_stay() -> None:
    assert single(Fraction(10) ** 39) == 10**39
    assert single(-(Fraction(10) ** 39)) == -(10**39)
    assert single(32 * Fraction(10) ** 37 + 1) == 32 * 10**37 + 1
    assert single(3 * Fraction(10) ** 38) == machine(3 * Fraction(10) ** 38)


def test_numbers_are_equal_as_float32() -> None:
    near = Fraction(1, 3) + Fraction(1, 2**40)
    assert equal(near, Fraction(1, 3))
    assert not equal(Fraction(1, 3) + Fraction(1, 2**20), Fraction(1, 3))
    assert not equal(Fraction(1, 3) - Fraction(1, 2**20), Fraction(1, 3))
    assert not equal(None, Fraction(0))


@pytest.mark.parametrize(("over", "under"), [(1, 1000), (1, 100000), (1, 2), (0, 1), (3, 1)])
def test_the_factor_that_a_batch_normalisation_begins_with(over: int, under: int) -> None:
    assert _initial_factor(over, under) == machine(Fraction(1 / sqrt(1 + over / under)))


def op(operator: str = "MUL", **facts: Any) -> DeviceOp:
    return DeviceOp(operator, (4,), (-1,), (), **facts)


def stored(*operators: DeviceOp) -> tuple[int, int]:
    deployed = measure(operators, (), (), (len(operators) - 1,), ((4,),), ())
    return deployed.weight_bytes, deployed.constant_bytes - deployed.weight_bytes


FIVE, SEVEN, LESS = Fraction(5), Fraction(7), Fraction(-5)


@pytest.mark.parametrize(
    ("operators", "weights", "tables"),
    [
        ([op(scalar=FIVE)], 1, 0),
        ([op(scalar=FIVE), op("ADD", scalar=SEVEN)], 1, 0),  # each 127 in a scale of its own
        ([op(scalar=FIVE), op(scalar=LESS)], 2, 0),
        ([op(scalar=LESS), op(scalar=Fraction(-1, 9))], 1, 0),
        ([op("MAXIMUM", scalar=FIVE)], 1, 0),
        ([op("MAXIMUM", scalar=FIVE), op("MINIMUM", scalar=FIVE)], 2, 0),  # in scales of others
        ([op("MAXIMUM", scalar=Fraction(FAR)), op(scalar=FIVE)], 1, 0),
        ([op("MINIMUM", scalar=Fraction(-FAR)), op(scalar=LESS)], 1, 0),
        ([op("MAXIMUM", scalar=Fraction(FAR - 1)), op(scalar=FIVE)], 2, 0),
        ([op("MINIMUM", scalar=Fraction(1 - FAR)), op(scalar=LESS)], 2, 0),
        ([op(weights=6)], 6, 0),
        ([op(weights=6), op(weights=6)], 12, 0),
        ([op(weights=6, splat=1), op(weights=6, splat=1)], 6, 0),
        ([op(weights=6, splat=1), op(weights=6, splat=-1), op(weights=6, splat=0)], 18, 0),
        ([op(weights=6, splat=1), op(weights=5, splat=1)], 11, 0),
        ([op(weights=1, splat=1), op(scalar=SEVEN)], 1, 0),
        ([op(weights=1, splat=-1), op(scalar=LESS)], 1, 0),
        ([op(biases=3)], 12, 0),
        ([op(biases=3), op(biases=3)], 24, 0),
        ([op(biases=3, zero_bias=True), op(biases=3, zero_bias=True)], 12, 0),
        ([op(biases=3, zero_bias=True), op(biases=4, zero_bias=True)], 28, 0),
        ([op(biases=3), op(biases=3, twin=0)], 12, 0),
        ([op(biases=3), op(biases=3, twin=0, own_bias=True)], 24, 0),
        ([op(tables=((1, 2),)), op(tables=((1, 2),))], 0, 8),
        ([op(tables=((1, 2), (2, 1)))], 0, 16),
        ([op(tables=((0, 0, 0),)), op(biases=3, zero_bias=True)], 12, 0),
        ([op(tables=((0, 0),)), op(biases=3, zero_bias=True)], 12, 8),
        ([op()], 0, 0),
    ],
)
def test_constants_of_equal_bytes_are_stored_once(
    operators: list[DeviceOp], weights: int, tables: int
) -> None:
    assert stored(*operators) == (weights, tables)
