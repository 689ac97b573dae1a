"""The loop of a worker: ask, cost, reject or claim and train, tell."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from archc.search import patience
from archc.search.cost import Cost, cost
from archc.search.draw import Drawer, Survey
from archc.search.membership import UNFINISHED, WORKER, Membership, finish, finish_for
from archc.search.problem import Problem
from archc.search.process import Outcome, Stopped, evaluate
from archc.search.samplers import sampler
from archc.search.storage import Failed, Storage
from archc.search.variables import Variable, places_of, row_of, variables
from archc.space.engine import Space

USELESS = 10
"""Proposals in a row that are over budget or known, after which one is drawn."""
HOPELESS = 500
"""The same where not all variants could be looked at, after which the search ends."""
FAILURES = 5
"""Networks in a row that fail, after which a search ends."""
VARIANT, NETWORK, REJECTED, SAME = "variant", "network", "rejected", "same_network_as"
ENOUGH = "not_needed"
"""Of a proposal that came when enough networks were being trained."""
"""Attributes of a trial: the number of its variant, the digest of its network, why it was not
trained, and the number of the trial that has its network."""
_WAIT = 0.5


class Event(NamedTuple):
    """A network that a worker is through with."""

    number: int
    cost: Cost
    outcome: Outcome
    values: tuple[float, ...] | None


class Search:
    """One process of a search: what its workers share.

    Attributes:
        failing: what is wrong with the objective, where it failed too often in a row.
        error: what ended a worker that should have gone on.
    """

    def __init__(
        self,
        problem: Problem,
        space: Space,
        survey: Survey,
        storage: Storage,
        member: Membership,
        said: Callable[[Event], None],
    ) -> None:
        self.problem, self.space, self.survey = problem, space, survey
        self.storage, self.member, self.said = storage, member, said
        self.variables: tuple[Variable, ...] = variables(space.grid)
        self.stop = threading.Event()
        self.waits = False
        """Whether all that is left is running elsewhere."""
        self.exhausted = False
        """Whether nothing new was found within budget."""
        self.failing: str | None = None
        self.error: BaseException | None = None
        self._failed = 0
        self._compiler = threading.Lock()
        self._drained: frozenset[str] | None = None
        """The networks that were known when nothing new was found."""
        self.again: list[dict[str, Any]] = []
        """Proposals that a worker did not get to the end of."""
        member.given_up = lambda trial: self.again.append(dict(trial.params))
        done = storage.backend.get_all_trials(storage.study_id, deepcopy=False)
        self.begun = len(done)
        known = storage.ledger.digests()
        self.again += [
            dict(trial.params)
            for trial in done
            if trial.user_attrs.get(UNFINISHED) and trial.user_attrs.get(NETWORK) not in known
        ]

    def run(self, jobs: int) -> list[threading.Thread]:
        """Start workers; the last of them to end leaves nothing to do."""
        threads = [
            threading.Thread(target=self._guarded, args=[job], name=f"worker {job}", daemon=True)
            for job in range(jobs)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _guarded(self, job: int) -> None:
        try:
            Worker(self, job).run()
        except BaseException as error:  # for the thread that waits
            self.error = self.error or error
            self.stop.set()
        finally:
            self.storage.release()

    def cost(self, row: int) -> Cost:
        with self._compiler:
            return cost(self.space, self.problem.question, row)

    def drawn(self, drawer: Drawer) -> Cost | None:
        """A new variant within budget; None where none is found."""
        known = self.storage.ledger.digests()
        if known != self._drained:
            found = drawer.new(known, self.cost, self.stop.is_set)
            if found is not None:
                return found
            self._drained = known
        return None

    def note(self, event: Event) -> None:
        """Tell of a network, and end the search where the objective fails again and again."""
        self._failed = 0 if event.values is not None else self._failed + 1
        self.said(event)
        if self._failed == FAILURES:
            self.failing = event.outcome.error
            self.stop.set()


class Worker:
    """One thread, which trains one network at a time."""

    def __init__(self, search: Search, job: int) -> None:
        self.search, self.problem, self.storage = search, search.problem, search.storage
        seed = self.problem.seed
        if seed is not None:
            seed += search.begun + job
        several = len(self.problem.objectives) > 1
        self.study = self.storage.study(sampler(self.problem.sampler, several, seed))
        self.drawer = Drawer(search.survey, seed)
        self.useless = 0
        self.trial: Trial | None = None
        """What is not finished."""

    def run(self) -> None:
        """Go on until enough networks are trained, nothing new is left, or the search stops.

        Raises:
            Exception: the storage cannot be used.
        """
        troubled = None
        while not self.search.stop.is_set():
            if self.search.member.gone is not None:
                raise self.search.member.gone
            try:
                if self._over():
                    return
                troubled = None
            except UpdateFinishedTrialError:  # somebody took this worker for dead
                self._abandon("its worker was out of reach")
            except Failed:  # what was proposed is given up at the next round, or in the end
                self.storage.ledger.check()
                troubled = troubled or time.monotonic()
                if time.monotonic() - troubled > patience.SECONDS:
                    raise
                self.search.stop.wait(_WAIT)

    def _over(self) -> bool:
        """Do what there is to do; whether there is nothing more."""
        if self.trial is not None:
            self._abandon("the storage could not be reached")
        search, ledger = self.search, self.storage.ledger
        count = ledger.count()
        if count.ended >= self.problem.trials:
            return True
        full = count.ended + count.running >= self.problem.trials
        if not full and self._step():
            search.waits = False
            return False
        if not full and not ledger.count().running:
            return True
        search.waits = True
        search.stop.wait(_WAIT)
        return False

    def _abandon(self, why: str) -> None:
        """Give up a proposal, so that another worker may take it up."""
        if self.trial is not None:
            finish_for(self.storage, self._frozen(self.trial), why)
            self.trial = None

    def _step(self) -> bool:
        """One proposal; False where nothing new is left."""
        places = None
        if self.search.again:
            try:
                places = self._places(self.search.again.pop())
            except (IndexError, KeyError, ValueError):  # another thread has it, or it is not whole
                places = None
        elif self.useless >= USELESS:
            drawn = self.search.drawn(self.drawer)
            over = self.search.survey.whole or self.useless >= HOPELESS
            self.search.exhausted = drawn is None and over
            if self.search.exhausted:
                return False
            if drawn is not None:
                places = places_of(self.search.space.grid, drawn.row)
        worker = self.search.member.id
        self.trial = self._asked(worker, places)
        self._handle(self.trial, worker)
        self.trial = None
        return True

    def _places(self, params: dict[str, Any]) -> dict[str, int]:
        """The places of the values of an earlier trial.

        Raises:
            KeyError, ValueError: it has none of a parameter.
        """
        return {each.name: each.place(params[each.name]) for each in self.search.variables}

    def _asked(self, worker: str, places: dict[str, int] | None) -> Trial:
        """A new trial, which says from its first moment whose it is: one of `Study.ask` says so
        later, and would be left running by a worker that is killed in between."""
        fixed = {}
        if places is not None:
            fixed = {each.name: each.value(places[each.name]) for each in self.search.variables}
        template = create_trial(
            state=TrialState.RUNNING,
            user_attrs={WORKER: worker},
            system_attrs={"fixed_params": fixed} if fixed else {},
        )
        number = self.storage.backend.create_new_trial(self.storage.study_id, template)
        return Trial(self.study, number)

    def _handle(self, trial: Trial, worker: str) -> None:
        """Cost a proposal, and train it if it is within budget and new."""
        search = self.search
        places = {each.name: each.ask(trial) for each in search.variables}
        found = search.cost(row_of(search.space.grid, places))
        trial.set_user_attr(VARIANT, found.row)
        if found.broken:
            for name, far in found.broken.items():
                trial.set_constraint(name, far)
            self._prune(trial, REJECTED, found.why)
            return
        trial.set_user_attr(NETWORK, found.digest)
        claim = self.storage.ledger.claim(
            found.digest, trial._trial_id, trial.number, worker, self.problem.trials
        )
        if not claim.ours:
            if claim.taken_by is None:
                self._prune(trial, ENOUGH, "enough networks are being trained")
            else:
                self._prune(trial, SAME, claim.taken_by)
            return
        self.useless = 0
        for name, value in found.figures.items():
            if name in SHOWN:
                trial.set_user_attr(name, value)
        self._train(trial, found, worker)

    def _prune(self, trial: Trial, attribute: str, value: Any) -> None:
        self.useless += 1
        trial.set_user_attr(attribute, value)
        self.study.tell(trial, state=TrialState.PRUNED)

    def _train(self, trial: Trial, found: Cost, worker: str) -> None:
        search = self.search
        assert found.network is not None
        request = {
            "objective": self.problem.function,
            "manifest": found.network.manifest,
            "module": found.network.module,
            "name": found.network.name,
            "names": self.problem.measured,
        }

        def stopped() -> bool:
            return search.stop.is_set() or search.member.lost(worker)

        try:
            outcome = evaluate(request, self.problem.timeout, stopped)
        except Stopped:
            if search.stop.is_set():
                why = "the search was interrupted"
            else:
                why = "its worker was out of reach"
            self._patiently(lambda: finish_for(self.storage, self._frozen(trial), why))
            return
        values = None
        told: dict[str, Any] = {"error": outcome.error, "output": outcome.output}
        if outcome.values is not None:
            values = tuple(self.problem.values(outcome.values, found.figures))
            told = {"values": values}
        if self.storage.ledger.settle(trial._trial_id, json.dumps(told)):
            self._patiently(lambda: self._tell(trial, told))
            search.note(Event(trial.number, found, outcome, values))

    def _tell(self, trial: Trial, told: dict[str, Any]) -> None:
        if "values" not in told:
            finish(self.storage, trial._trial_id, told)
            return
        with suppress(UpdateFinishedTrialError):  # who took this worker for dead tells the same
            self.study.tell(trial, told["values"], skip_if_finished=True)

    def _patiently(self, work: Callable[[], None]) -> None:
        patience.patiently(work, self.storage.ledger.check, *Failed)

    def _frozen(self, trial: Trial) -> FrozenTrial:
        return self.storage.backend.get_trial(trial._trial_id)


SHOWN = ("params", "macs", "weight_bytes", "peak_activation_bytes", "arena_bytes", "latency_ms")
"""Figures that a trial carries, for who looks at the storage."""
