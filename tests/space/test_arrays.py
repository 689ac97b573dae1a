"""What is kept of arrays by their identity."""

from typing import Any

import pytest

from archc.analysis.latency.epochs import Step
from archc.analysis.latency.times import Surroundings
from archc.space.arrays import ARRAYS, ENTRY, Shared

np = pytest.importorskip("numpy")


def test_what_was_made_of_the_same_arrays_is_not_made_again() -> None:
    calls = []

    def scaled(array: Any, times: int) -> tuple[Any, int]:
        calls.append(times)
        return array * times, times

    on = Shared()
    first, other = np.arange(5), np.arange(5)
    made = on.kept(scaled, first, 3)
    assert on.kept(scaled, first, 3) is made
    assert calls == [3]
    assert on.kept(scaled, other, 3) is not made  # equal, but not the same
    assert on.kept(scaled, first, 4)[1] == 4
    assert calls == [3, 3, 4]
    assert on.kept(max, first[0], 1) == 1  # of another function
    assert on.bytes == 4 * ENTRY + 3 * first.nbytes
    assert not made[0].flags.writeable


def test_arrays_that_are_gone_are_not_taken_for_new_ones() -> None:
    on = Shared()
    for number in range(100):  # an address is used again where nothing refers to what had it
        assert on.kept(np.sum, np.full(1000, number)) == 1000 * number


def test_epochs_are_told_apart_by_what_they_hold() -> None:
    def added(step: Step, around: Surroundings) -> int:
        return step.read + around.external

    def step(read: int) -> Step:
        made = Step("conv", [0], [0], 1)
        made.read = read
        return made

    on = Shared()
    assert on.kept(added, step(3), Surroundings(external=4)) == 7
    assert len(on._made) == 1
    assert on.kept(added, step(3), Surroundings(external=4)) == 7
    assert len(on._made) == 1
    assert on.kept(added, step(3), Surroundings(external=5)) == 8
    assert on.kept(added, step(4), Surroundings(external=4)) == 8
    assert len(on._made) == 3


def test_plain_numbers_among_arrays() -> None:
    array = np.array([1, 5, 9])
    assert ARRAYS.most(0, 7) == 7
    assert ARRAYS.most(2, array, 4).tolist() == [4, 5, 9]
    assert ARRAYS.least(array, 6, array[::-1]).tolist() == [1, 5, 1]
    assert ARRAYS.total([1, array, 2, array]).tolist() == [5, 13, 21]
    assert ARRAYS.total([1, 2]) == 3
    assert ARRAYS.total([0, array]) is array
    assert ARRAYS.pick([True, False], 1) is False
    assert ARRAYS.pick([0.5, 2.0], np.array([1, 0])).tolist() == [2.0, 0.5]
