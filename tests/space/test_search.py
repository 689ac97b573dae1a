"""The front against its definition."""

import pytest

from archc.space.search import undominated

np = pytest.importorskip("numpy")


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_no_other_is_as_small_everywhere(objectives: int) -> None:
    chance = np.random.default_rng(objectives)
    for count in [0, 1, 2, *[40] * 50]:
        values = chance.integers(0, 7, (count, objectives))
        front = [
            row
            for row, own in enumerate(values)
            if not any(
                (each <= own).all() and ((each < own).any() or other < row)
                for other, each in enumerate(values)
            )
        ]
        assert undominated(values).tolist() == front
        assert undominated(values.astype(object)).tolist() == front
