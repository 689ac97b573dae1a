"""A real search: digits, trained with Keras by two workers on PostgreSQL, one of them killed."""

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

optuna = pytest.importorskip("optuna")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from archc import compile_file  # noqa: E402
from support.postgres import server  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "search.md").read_text()
FILE = re.compile(r"^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$", re.M | re.S)
COMMAND = re.compile(r"^archc (search .*) --storage (\S+)$", re.M)
TRIALS = 20

pytestmark = pytest.mark.keras


def command(url: str) -> list[str]:
    """The command of the page, for this server and fewer trials."""
    import shlex

    words, shown = COMMAND.search(PAGE).groups()
    assert shown.startswith("postgresql://")
    more = ["--trials", str(TRIALS), "--heartbeat", "1", "--storage", url]
    return [sys.executable, "-m", "archc", *shlex.split(words), *more]


def start(folder: Path, url: str) -> "subprocess.Popen[str]":
    log = open(folder / "said", "a")  # noqa: SIM115  # the process has it
    with log:
        return subprocess.Popen(command(url), cwd=folder, stdout=log, stderr=log, text=True)


def score(folder: Path, manifest: dict[str, Any], build: Any) -> float:
    """The accuracy of a network, by the function of the page."""
    space: dict[str, Any] = {}
    exec((folder / "train.py").read_text(), space)
    return space["accuracy"](manifest, build)


def test_digits_are_searched_by_two_workers_one_of_which_is_killed(tmp_path: Path) -> None:
    for name, text in FILE.findall(PAGE):
        (tmp_path / name).write_text(text)
    with server() as url:
        storage = re.sub("^postgresql:", "postgresql+psycopg:", url)
        workers = [start(tmp_path, url) for _ in range(2)]
        try:
            while "trial " not in (tmp_path / "said").read_text():  # and others are being trained
                assert all(each.poll() is None for each in workers), (tmp_path / "said").read_text()
                time.sleep(0.1)
            workers[0].kill()
            code = workers[1].wait()
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        assert code == 0, (tmp_path / "said").read_text()
        backend = optuna.storages.RDBStorage(storage)
        study = optuna.load_study(study_name="digits", storage=backend)
        trials, front = study.get_trials(), study.best_trials
        backend.remove_session()
        backend.engine.dispose()
    by_state: dict[str, list[Any]] = {}
    for trial in trials:
        by_state.setdefault(trial.state.name, []).append(trial)
    assert set(by_state) <= {"COMPLETE", "PRUNED", "FAIL"}, "nothing is left running"
    trained = by_state["COMPLETE"]
    assert len(trained) == TRIALS
    assert len({trial.user_attrs["network"] for trial in trained}) == TRIALS, "none of them twice"
    assert all(
        trial.user_attrs["error"] == "its worker ended" for trial in by_state.get("FAIL", [])
    )
    assert all(trial.user_attrs["params"] <= 3000 for trial in trained)
    assert all(trial.user_attrs["macs"] <= 100_000 for trial in trained)
    assert len({trial.user_attrs["worker"] for trial in trials}) == 2
    for trial in front:
        variant = compile_file(
            tmp_path / "digits_search" / "digits_front.arch", arch=f"digits_t{trial.number}"
        )
        assert variant.manifest["deployed"]["latency"]["most"] / 1000 == trial.values[1]
    better_than_dscnn(tmp_path, trained)


def better_than_dscnn(folder: Path, trained: list[Any]) -> None:
    """The best network beats the reference family, which is given at least as much time."""
    best = max(trained, key=lambda trial: trial.values[0])
    size = {"height": 8, "width": 8, "num_classes": 10}
    reference = compile_file(ROOT / "specs" / "dscnn.arch", alpha=0.1, **size)
    assert reference.manifest["totals"]["params"] >= best.user_attrs["params"]
    assert reference.manifest["deployed"]["latency"]["most"] / 1000 >= best.values[1]
    assert best.values[0] > score(folder, reference.manifest, reference.build_model)
