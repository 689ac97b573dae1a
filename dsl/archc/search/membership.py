"""A process as one of the workers of a search: its heartbeat, and what becomes of dead ones."""

import json
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from archc.search.ledger import Beat
from archc.search.patience import patiently
from archc.search.storage import RUNNING, Failed, Storage

WORKER = "worker"
UNFINISHED = "unfinished"
"""Of a trial that did not end: another may take up what it was to train."""
SILENT = 6
"""Heartbeats that a worker may miss."""
SUSPECT = 2
"""Heartbeats for which it must be silent under the eyes of who gives it up, beside these: after a
computer slept, all are old."""


class Membership:
    """A worker, from its first heartbeat to its last.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the storage cannot be used.
    """

    def __init__(self, storage: Storage, interval: float) -> None:
        self.storage, self.interval = storage, interval
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.gone: Exception | None = None
        """Why the storage cannot be used any more."""
        self._suspects: dict[str, tuple[float, float]] = {}
        self._ended = threading.Event()
        self._last = time.monotonic()
        self.given_up: Callable[[FrozenTrial], None] = lambda _: None
        """Is told of the trials of others that were given up here."""
        self.id = storage.ledger.register(self.name)
        self._ids = {self.id}
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    @property
    def grace(self) -> float:
        return SILENT * self.interval

    def lost(self, worker: str) -> bool:
        """Whether a worker of this process has been given up, or may have been: what it trains
        must stop, since another may train it."""
        return worker != self.id or time.monotonic() - self._last > self.grace

    def leave(self) -> None:
        """End; what this process has running is given up."""
        self._ended.set()
        self._thread.join()
        patiently(self._give_up, self.storage.ledger.check, *Failed)
        self.storage.ledger.leave(self.id)

    def _give_up(self) -> None:
        for trial in running(self.storage):
            if trial.user_attrs.get(WORKER) in self._ids:
                finish_for(self.storage, trial, "its worker ended")

    def _run(self) -> None:
        try:
            self._beat()
        finally:
            self.storage.release()

    def settle(self) -> None:
        """Wait until no trial runs: those of workers that died are finished within that time."""
        end = time.monotonic() + self.grace + (SUSPECT + 2) * self.interval
        while running(self.storage) and time.monotonic() < end and self.gone is None:
            time.sleep(min(self.interval, 0.2))

    def _beat(self) -> None:
        pause = 0.0  # who was left behind by an earlier run is looked for at once
        while not self._ended.wait(pause):
            pause = self.interval
            try:
                self.storage.ledger.check()
                if not self.storage.ledger.beat(self.id):
                    self.id = self.storage.ledger.register(self.name)
                    self._ids.add(self.id)
                self._last = time.monotonic()
                self._look()
            except FileNotFoundError as error:
                self.gone = error
            except Failed:  # again at the next beat: who needs the storage says that it is gone
                continue

    # --- others -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Give up workers that are silent, and finish their trials."""
        for beat in self.storage.ledger.silent(self.grace):
            if self._dead(beat):
                self.storage.ledger.bury(beat)
        self.storage.ledger.release_dead()
        trials = running(self.storage)  # before who lives: a worker registers before it asks
        living = self.storage.ledger.living()
        for trial in trials:
            if trial.user_attrs.get(WORKER) not in living:
                finish_for(self.storage, trial, "its worker ended")
                self.given_up(trial)

    def _dead(self, beat: Beat) -> bool:
        """Whether a silent worker has been so for as long as one has to look."""
        now = time.monotonic()
        seen, since = self._suspects.get(beat.worker, (beat.heartbeat, now))
        if seen != beat.heartbeat:
            since = now
        self._suspects[beat.worker] = beat.heartbeat, since
        return now - since >= SUSPECT * self.interval


def running(storage: Storage) -> list[FrozenTrial]:
    """The trials that have not ended."""
    return storage.backend.get_all_trials(storage.study_id, deepcopy=False, states=RUNNING)


def finish_for(storage: Storage, trial: FrozenTrial, why: str) -> None:
    """Finish a trial whose worker does not: with what came of it, else as one that did not end."""
    known = storage.ledger.release(trial._trial_id)
    outcome = json.loads(known) if known else {"error": why, UNFINISHED: True}
    finish(storage, trial._trial_id, outcome)


def finish(storage: Storage, trial_id: int, outcome: dict[str, Any]) -> None:
    """Tell Optuna how a trial ended, unless another worker has."""
    try:
        for name, value in outcome.items():
            if name != "values":
                storage.backend.set_trial_user_attr(trial_id, name, value)
        values = outcome.get("values")
        state = TrialState.FAIL if values is None else TrialState.COMPLETE
        storage.backend.set_trial_state_values(trial_id, state, values)
    except UpdateFinishedTrialError:
        pass
