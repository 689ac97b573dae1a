"""What a search trains in vain: Optuna's samplers by themselves, and as `archc search` uses them.

    python tests/benchmarks/draws.py [--draws 1000] [--keras]

A sampler proposes variants of `specs/dscnn.arch` under budgets of MACs, arena and time. By itself,
every proposal is trained: printed is how many of them break a budget or are a network that was
trained before. As `archc search` uses it, a proposal is costed first and told as pruned, with its
constraints, where it breaks a budget or is known; after some in a row a variant is drawn from those
within budget. What is trained then is checked by the same count. In place of an accuracy stands the
logarithm of the parameters, which pulls towards the limits as an accuracy does.

`--keras` prints what a Keras build of a variant takes, beside a sweep's variant.
"""

import argparse
import math
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "dsl"), str(ROOT / "tests")]

import optuna  # noqa: E402
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler  # noqa: E402
from optuna.trial import Trial, TrialState  # noqa: E402

from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.search.cost import Cost, cost  # noqa: E402
from archc.search.draw import Drawer, survey  # noqa: E402
from archc.search.variables import row_of, variables  # noqa: E402
from archc.search.worker import USELESS  # noqa: E402
from archc.space.engine import Space  # noqa: E402
from archc.space.question import Question, condition  # noqa: E402
from support.spaces import space  # noqa: E402

OVER = ("alpha=0.1..1.5:0.01", "num_classes=12", "height=32..64", "width=64..256:4")
BUDGETS = ("macs <= 5 M", "arena_bytes <= 64 KiB", "latency_ms <= 1.2")


class Tally:
    """What was trained."""

    def __init__(self) -> None:
        self.trained = self.broken = self.repeated = 0
        self.known: set[str] = set()

    def train(self, found: Cost) -> float:
        self.trained += 1
        self.broken += bool(found.broken)
        self.repeated += found.digest in self.known
        self.known.add(found.digest)
        return math.log(found.figures["params"])

    def __str__(self) -> str:
        return f"{self.broken:,} break a budget, {self.repeated:,} are trained already"


def proposed(made: Space, question: Question, trial: Trial) -> Cost:
    places = {each.name: each.ask(trial) for each in variables(made.grid)}
    return cost(made, question, row_of(made.grid, places))


def alone(made: Space, question: Question, sampler: BaseSampler, draws: int) -> Tally:
    """Every proposal is trained."""
    study, tally = optuna.create_study(direction="maximize", sampler=sampler), Tally()
    for _ in range(draws):
        trial = study.ask()
        study.tell(trial, tally.train(proposed(made, question, trial)))
    return tally


def costed(
    made: Space, question: Question, sampler: BaseSampler, draws: int
) -> tuple[Tally, int, float]:
    """Proposals are costed first; also how many there were, and the seconds for all."""
    study, tally = optuna.create_study(direction="maximize", sampler=sampler), Tally()
    drawer = Drawer(survey(made, question, lambda looked: None), 0)
    asks = useless = 0
    began = time.process_time()
    while tally.trained < draws:
        if useless >= USELESS:
            found = drawer.new(frozenset(tally.known), lambda row: cost(made, question, row), no)
            if found is None:
                break
            tally.train(found)
            useless = 0
            continue
        trial = study.ask()
        asks += 1
        found = proposed(made, question, trial)
        if found.broken or found.digest in tally.known:
            for name, far in found.broken.items():
                trial.set_constraint(name, far)
            study.tell(trial, state=TrialState.PRUNED)
            useless += 1
            continue
        study.tell(trial, tally.train(found))
        useless = 0
    return tally, asks, time.process_time() - began


def no() -> bool:
    return False


def samplers() -> dict[str, BaseSampler]:
    return {
        "random": RandomSampler(seed=0),
        "TPE": TPESampler(seed=0),
        "NSGA-II": NSGAIISampler(seed=0),
    }


def keras(made: Space) -> None:
    """What building one variant takes, in seconds of CPU, against a sweep of all figures."""
    seconds = []
    for row in range(0, made.grid.size, made.grid.size // 6):
        network = made.compile(row).network
        assert network is not None
        names: dict[str, object] = {}
        exec(compile(network.module, "<builder>", "exec"), names)
        began = time.process_time()
        names["build_model"]()  # type: ignore[operator]
        seconds.append(time.process_time() - began)
    build = min(seconds[1:])  # the first one loads what TensorFlow loads when it is used
    for _ in made.batches(0, made.grid.size):
        pass
    began = time.process_time()
    for _ in made.batches(0, made.grid.size):
        pass
    one = (time.process_time() - began) / made.grid.size
    print(
        f"a Keras build takes {1000 * build:.0f} ms, a variant of a sweep {1e6 * one:.2f} us: "
        f"{build / one:,.0f} times, before anything is converted or measured"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--keras", action="store_true")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    made = space((ROOT / "specs" / "dscnn.arch").read_text(), *OVER)
    question = Question(tuple(condition(text, DEFAULT_LIMITS) for text in BUDGETS))
    print(f"{made.grid.size:,} variants of dscnn, {', '.join(BUDGETS)}", flush=True)
    for name, sampler in samplers().items():
        print(f"{name}, {options.draws:,} trained: {alone(made, question, sampler, options.draws)}")
        own = samplers()[name]
        tally, asks, seconds = costed(made, question, own, options.draws)
        print(
            f"  costed first, {tally.trained:,} trained: {tally}; of {asks:,} proposals, at "
            f"{1000 * seconds / max(asks, 1):.0f} ms each with the sampler's own work",
            flush=True,
        )
    if options.keras:
        keras(made)


if __name__ == "__main__":
    main()
