"""What is said of samplers, against what Optuna itself takes."""

from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

from archc.cli import main  # noqa: E402
from archc.search.samplers import SAMPLERS, said, sampler  # noqa: E402
from support.searches import COMMAND, prepare, states  # noqa: E402


def settings(made: Any, study: Any) -> tuple[Any, ...]:
    candidates, startup = made._n_ei_candidates, made._n_startup_trials
    return type(made), startup, candidates, made._constant_liar, made._is_multivariate(study)


@pytest.mark.parametrize("several", [False, True])
def test_ours_is_the_default_of_optuna(several: bool) -> None:
    study = optuna.create_study(directions=["maximize", "minimize"][: 1 + several])
    assert settings(sampler("tpe", several, None), study) == settings(study.sampler, study)
    words = "each parameter by itself" if several else "all parameters together"
    assert said("tpe", several).endswith(words)
    assert "10 proposals at random, then the best of 24" in said("tpe", several)
    assert optuna.__version__ in said("tpe", several)


def test_the_population_is_that_of_optuna() -> None:
    assert optuna.samplers.NSGAIISampler()._population_size == 50
    assert "a population of 50" in said("nsga2", True)


@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_proposes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    command = [*COMMAND, "--minimize", "macs", "--where", "params <= 2 k", "--seed", "1"]
    assert main([*command, "--trials", "2", "--sampler", name]) == 0
    assert states(tmp_path)["COMPLETE"] == 2
