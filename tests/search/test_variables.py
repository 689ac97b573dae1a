"""Parameters as Optuna's, and back: what is proposed is the variant that is compiled."""

import random

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("numpy")

from archc.search.variables import places_of, row_of, variables  # noqa: E402
from support.spaces import space  # noqa: E402

SPEC = """arch a(alpha = 1.0, width = 8, depth = 1, unit = ds, part = 1 / 3) {
    input image: 16 x 16 x 8
    stage s(channels = width * alpha, repeat = depth) { unit }
}
"""
OVER = (
    "alpha=0.1..1.3:0.05",
    "width=[8, 12, 32]",
    "depth=[1,2,3]",
    "unit=[ds, ir(expansion = 3)]",
    "part=1/3..7/3:1/3",
)


def test_every_kind_of_parameter_has_a_distribution_of_its_kind() -> None:
    kinds = {each.name: each.distribution for each in variables(space(SPEC, *OVER).grid)}
    names = {name: type(each).__name__.removesuffix("Distribution") for name, each in kinds.items()}
    assert names == {
        "alpha": "Float",
        "width": "Categorical",
        "depth": "Int",
        "unit": "Categorical",
        "part": "Int",
    }
    assert kinds["width"].choices == (8, 12, 32)
    assert (kinds["depth"].low, kinds["depth"].high) == (1, 3)
    assert kinds["alpha"].high == 1.3


@pytest.mark.parametrize("fixed", [False, True])
def test_what_is_proposed_is_what_is_compiled(fixed: bool) -> None:
    made = space(SPEC, *OVER)
    every = variables(made.grid)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    chance, seen = random.Random(2), {each.name: set() for each in every}
    for _ in range(300):
        wanted = {each.name: chance.randrange(each.dimension.size) for each in every}
        if fixed:
            study.enqueue_trial({each.name: each.value(wanted[each.name]) for each in every})
        trial = study.ask()
        places = {each.name: each.ask(trial) for each in every}
        assert not fixed or places == wanted
        row = row_of(made.grid, places)
        assert places_of(made.grid, row) == places
        settings = dict(made.grid.settings(row))
        for each in every:
            seen[each.name].add(places[each.name])
            assert settings[each.name] == each.dimension.text(places[each.name])
        assert settings["alpha"] == f"{trial.params['alpha']:g}"
        assert settings["width"] == str(trial.params["width"])
        study.tell(trial, 0.0)
    assert all(len(seen[each.name]) == each.dimension.size for each in every)


def test_a_parameter_without_a_choice_is_none() -> None:
    made = space(SPEC, "alpha=[0.5]", "depth=1..2")
    assert [each.name for each in variables(made.grid)] == ["depth"]
    assert dict(made.grid.settings(row_of(made.grid, {"depth": 1}))) == {
        "alpha": "0.5",
        "depth": "2",
    }
