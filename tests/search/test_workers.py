"""Several workers, and what becomes of those that are killed, stopped or interrupted."""

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("numpy")
pytest.importorskip("matplotlib")

from archc.cli import main  # noqa: E402
from archc.search.ledger import Ledger  # noqa: E402
from support.searches import COMMAND, calls, prepare, start, states  # noqa: E402

BEAT = ("--heartbeat", "1.5")
"""Short, so that a test need not wait for long, and long enough for a machine under load."""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def until(true: Callable[[], Any], *workers: "subprocess.Popen[str]") -> None:
    for _ in range(1200):
        if true():
            return
        for worker in workers:
            if worker.poll() is not None:
                raise AssertionError(worker.communicate())
        time.sleep(0.05)
    raise AssertionError("it never came to be")


def begun(folder: Path) -> list[str]:
    return [variant for what, variant in calls(folder) if what == "begin"]


def ended(folder: Path) -> list[str]:
    return [variant for what, variant in calls(folder) if what == "end"]


def finish(worker: "subprocess.Popen[str]") -> str:
    out, err = worker.communicate(timeout=240)
    assert worker.returncode == 0, err
    return out


def study(path: str = "a_search/search.db") -> Any:
    return optuna.load_study(study_name="a", storage=f"sqlite:///{path}")


def test_workers_that_start_at_once_share_a_search(folder: Path) -> None:
    workers = [start(folder, "--trials", "9", "--jobs", "2", SLEEP="0.2") for _ in range(3)]
    for worker in workers:
        assert "9 networks trained" in finish(worker)
    assert len(begun(folder)) == len({*begun(folder)}) == 9
    found = states(folder)
    assert found["COMPLETE"] == 9
    assert "RUNNING" not in found
    own = Counter(each.user_attrs["worker"] for each in study().get_trials())
    assert len(own) > 1, "one worker did everything, so that the test shows nothing"


def test_what_a_killed_worker_trained_is_trained_by_another(folder: Path) -> None:
    first = start(folder, *BEAT, "--trials", "4", SLEEP="600")
    until(lambda: begun(folder), first)
    first.kill()
    first.communicate()
    assert states(folder)["RUNNING"] == 1
    second = start(folder, *BEAT, "--trials", "4")
    assert "4 networks trained, 1 not finished" in finish(second)
    assert Counter(begun(folder))[begun(folder)[0]] == 2
    assert len(ended(folder)) == len({*ended(folder)}) == 4
    found = states(folder)
    assert (found["COMPLETE"], found["FAIL"]) == (4, 1)
    assert "RUNNING" not in found
    (failed,) = [each for each in study().get_trials() if each.state.name == "FAIL"]
    assert failed.user_attrs["error"] == "its worker ended"


def test_a_third_start_takes_up_what_was_not_finished(folder: Path, capsys: Capture) -> None:
    first = start(folder, "--trials", "1", SLEEP="600")
    until(lambda: begun(folder), first)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert main([*COMMAND, "--trials", "1"]) == 0
    variants = begun(folder)
    assert len(variants) == 2
    assert variants[0] == variants[1], "the interrupted proposal comes first"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_leaves_nothing_running(folder: Path, number: int) -> None:
    worker = start(folder, "--trials", "9", "--jobs", "2", SLEEP="600")
    until(lambda: len(begun(folder)) == 2, worker)
    worker.send_signal(number)
    out, err = worker.communicate(timeout=60)
    assert worker.returncode == 128 + number
    assert "Traceback" not in err
    assert "stopping: what is being trained is given up" in err
    assert "0 networks trained, 2 not finished" in out
    assert set(states(folder)) <= {"FAIL", "PRUNED"}
    assert not ended(folder)


def test_a_worker_that_was_taken_for_dead_goes_on(folder: Path) -> None:
    first = start(folder, *BEAT, "--trials", "3", SLEEP="2")
    until(lambda: begun(folder), first)
    first.send_signal(signal.SIGSTOP)
    second = start(folder, *BEAT, "--trials", "3")
    finish(second)
    first.send_signal(signal.SIGCONT)
    finish(first)
    found = states(folder)
    assert found["COMPLETE"] == 3
    assert "RUNNING" not in found
    trained = [t.user_attrs["network"] for t in study().get_trials() if t.state.name == "COMPLETE"]
    assert len({*trained}) == 3


def left_behind(outcome: str | None, *, failed: bool = False) -> None:
    """A trial whose worker died: before it had a result, or before it told of one."""
    storage = optuna.storages.RDBStorage("sqlite:///a_search/search.db")
    made = optuna.load_study(study_name="a", storage=storage)
    ledger = Ledger(storage.engine, storage.get_study_id_from_name("a"))
    template = optuna.trial.create_trial(
        state=optuna.trial.TrialState.RUNNING,
        user_attrs={"worker": "nobody", "variant": 5, "network": "f" * 64},
    )
    trial = storage.create_new_trial(ledger.study_id, template)
    assert ledger.claim("f" * 64, trial, len(made.trials) - 1, "nobody", 99).ours
    if outcome is not None:
        assert ledger.settle(trial, outcome)
    if failed:
        storage.set_trial_state_values(trial, optuna.trial.TrialState.FAIL)
    storage.remove_session()
    storage.engine.dispose()


def test_a_claim_of_a_trial_that_has_failed_is_given_up(capsys: Capture) -> None:
    main([*COMMAND, "--trials", "1"])
    left_behind(None, failed=True)
    assert main([*COMMAND, "--trials", "2"]) == 0
    assert "2 networks trained, 1 not finished" in capsys.readouterr().out


@pytest.mark.parametrize("outcome", [{"values": [7.5]}, {"error": "no data", "output": ""}, None])
def test_what_a_dead_worker_did_not_tell_is_told(
    outcome: dict[str, Any] | None, capsys: Capture
) -> None:
    main([*COMMAND, "--trials", "1"])
    left_behind(json.dumps(outcome) if outcome else None)
    assert main([*COMMAND, "--trials", "3"]) == 0
    trials = study().get_trials()
    (left,) = [each for each in trials if each.user_attrs["worker"] == "nobody"]
    assert left.values == (outcome or {}).get("values")
    assert left.state.name == ("COMPLETE" if left.values else "FAIL")
    complete = sum(each.state.name == "COMPLETE" for each in trials)
    assert complete == (2 if outcome and "error" in outcome else 3)


def test_a_trial_that_nobody_claimed_does_not_run_for_ever(capsys: Capture) -> None:
    main([*COMMAND, "--trials", "1"])
    storage = optuna.storages.RDBStorage("sqlite:///a_search/search.db")
    study_id = storage.get_study_id_from_name("a")
    running = optuna.trial.create_trial(
        state=optuna.trial.TrialState.RUNNING, user_attrs={"worker": "nobody"}
    )
    storage.create_new_trial(study_id, running)
    storage.remove_session()
    storage.engine.dispose()
    assert main([*COMMAND, "--trials", "1"]) == 0, "there is nothing to train"
    assert "RUNNING" not in states(Path())
