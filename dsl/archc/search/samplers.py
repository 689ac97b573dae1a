"""The samplers of Optuna that a search can use, and what is said of them."""

from optuna import __version__
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

SAMPLERS = ("tpe", "nsga2", "random")
_STARTUP, _CANDIDATES, _POPULATION = 10, 24, 50


def sampler(name: str, several: bool, seed: int | None) -> BaseSampler:
    """A sampler.

    Args:
        name: one of `SAMPLERS`.
        several: whether there are several objectives.
        seed: None: different draws each time.
    """
    if name == "random":
        return RandomSampler(seed=seed)
    if name == "nsga2":
        return NSGAIISampler(population_size=_POPULATION, seed=seed)
    return TPESampler(
        n_startup_trials=_STARTUP,
        n_ei_candidates=_CANDIDATES,
        multivariate=not several,
        constant_liar=True,
        seed=seed,
    )


def said(name: str, several: bool) -> str:
    """The sampler and its settings, in words."""
    optuna = f"Optuna {__version__}"
    if name == "random":
        return f"random, of {optuna}"
    if name == "nsga2":
        return f"NSGA-II of {optuna}: a population of {_POPULATION}, the first of it at random"
    each = "each parameter by itself" if several else "all parameters together"
    return (
        f"TPE of {optuna}, its default{' for several objectives too' if several else ''}: "
        f"{_STARTUP} proposals at random, then the best of {_CANDIDATES}, {each}"
    )
