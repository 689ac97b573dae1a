"""What a search has found: the networks that were trained, and the front of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from optuna.trial import FrozenTrial, TrialState

from archc.search.problem import Problem
from archc.search.storage import Storage
from archc.search.worker import NETWORK, REJECTED, SAME, SHOWN, VARIANT


class Trained(NamedTuple):
    """A network with what training gave."""

    number: int
    """Of its trial."""
    row: int
    """Its variant."""
    digest: str
    values: tuple[float, ...]
    """One for each objective."""
    figures: dict[str, int | float]


class Failed(NamedTuple):
    """A network whose objective gave nothing, and why."""

    number: int
    row: int
    error: str


class Results(NamedTuple):
    """All trials of a search, by what became of them."""

    trained: tuple[Trained, ...]
    failed: tuple[Failed, ...]
    unfinished: int
    """Given up with their worker, and free to be trained again."""
    over: int
    """Proposals over budget."""
    known: int
    """Proposals whose network another trial had."""
    running: int


def results(storage: Storage) -> Results:
    """Read what is in a storage."""
    trained, failed = [], []
    unfinished = over = known = running = 0
    for trial in storage.backend.get_all_trials(storage.study_id, deepcopy=False):
        attributes = trial.user_attrs
        if trial.state == TrialState.COMPLETE:
            trained.append(_trained(trial))
        elif trial.state == TrialState.PRUNED:
            over += REJECTED in attributes
            known += SAME in attributes
        elif trial.state != TrialState.FAIL:
            running += 1
        elif "output" in attributes:
            failed.append(Failed(trial.number, attributes[VARIANT], attributes["error"]))
        else:
            unfinished += 1
    return Results(tuple(trained), tuple(failed), unfinished, over, known, running)


def _trained(trial: FrozenTrial) -> Trained:
    attributes = trial.user_attrs
    figures = {name: attributes[name] for name in SHOWN if name in attributes}
    values = tuple(trial.values)
    return Trained(trial.number, attributes[VARIANT], attributes[NETWORK], values, figures)


def front(problem: Problem, trained: Sequence[Trained]) -> tuple[Trained, ...]:
    """The networks that no other one is at least as good as in all objectives and better in one,
    the best by the first objective first; of equal ones the first."""
    signs = [-1 if each.largest else 1 for each in problem.objectives]

    def key(one: Trained) -> tuple[float, ...]:
        return tuple(sign * value for sign, value in zip(signs, one.values, strict=True))

    kept: list[Trained] = []
    for one in sorted(trained, key=lambda one: (key(one), one.number)):
        if not any(all(a <= b for a, b in zip(key(k), key(one), strict=True)) for k in kept):
            kept.append(one)
    return tuple(kept)


def points(found: Sequence[Trained]) -> Any:
    """(variant, first objective, second objective) of each, as a plot takes them."""
    import numpy as np

    rows = [(one.row, one.values[0], one.values[1]) for one in found]
    return np.array(rows, dtype=float).reshape(-1, 3)
