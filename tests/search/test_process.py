"""The process of an objective: whatever the user's code does, the search learns of it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from archc.search.process import Outcome, Stopped, evaluate
from archc.search.trainee import Refused, numbers
from support.processes import ended

CODE = """
import math, os, signal, subprocess, sys, time
def good(manifest, build_model): return manifest["totals"]["params"] / 2
def two(manifest, build_model): return 0.5, 3
def raises(manifest, build_model): raise ValueError("no data\\nat all")
def nan(manifest, build_model): return math.nan
def endless(manifest, build_model): return math.inf
def nothing(manifest, build_model): pass
def text(manifest, build_model): return "0.9"
def leaves(manifest, build_model): sys.exit(3)
def quits(manifest, build_model): os._exit(7)
def killed(manifest, build_model): os.kill(os.getpid(), signal.SIGKILL)
def prints(manifest, build_model):
    for _ in range(20_000): print("x" * 100)
    print("the last line")
    sys.stdin.read()
    os.write(1, b"{}")
    return 1.0
def forks(manifest, build_model):
    if os.fork() == 0:
        os.setsid()
        time.sleep(30)
    os.kill(os.getpid(), signal.SIGKILL)
def coloured(manifest, build_model): raise ValueError("red \x1b[31m")
def hangs(manifest, build_model):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    open("pids", "w").write(f"{os.getpid()} {child.pid}")
    while True: time.sleep(1)
def one(manifest): return 1.0
class Trainer:
    @staticmethod
    def run(manifest, build_model): return build_model(name="given")
number = 3
"""
BUILDER = "def build_model(*, name):\n    return len(name)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code.py").write_text("raise RuntimeError('the standard module was meant')")
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "broken.py").write_text("import not_there_at_all\n")
    monkeypatch.chdir(tmp_path)


def call(function: str, names: tuple[str, ...] = ("a",), timeout: float | None = 60) -> Outcome:
    request: dict[str, Any] = {
        "objective": function,
        "manifest": {"totals": {"params": 10}},
        "module": BUILDER,
        "name": "net",
        "names": names,
    }
    return evaluate(request, timeout, lambda: False)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
def test_a_child_that_outlives_it_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archc.search.process._LEFT", 0.2)
    assert "was killed" in (call("mine:forks", timeout=20).error or "")


def test_what_it_says_does_not_steer_a_terminal() -> None:
    assert "\x1b" not in (call("mine:coloured").error or "\x1b")


def test_what_it_returns_is_the_value() -> None:
    assert call("mine:good").values == (5.0,)
    assert call("mine:two", ("a", "b")).values == (0.5, 3.0)
    assert call("mine:Trainer.run").values == (5.0,)


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("raises", "ValueError: no data at all (mine.py:5)"),
        ("nan", "`a` is nan"),
        ("endless", "`a` is inf"),
        ("nothing", "it returned None, not a number for a"),
        ("text", "it returned '0.9', not a number for a"),
        ("two", "it returned 2 values, not a number for a"),
        ("leaves", "it called `sys.exit(3)`"),
        ("quits", "its process ended with status 7 before it returned"),
        ("killed", "its process was killed: memory may have run out"),
        ("number", "`mine:number` is not a function but of type int"),
        ("one", "`one(manifest, build_model)` is how it is called: too many positional arguments"),
        ("absent", "`mine` has no `absent`"),
    ],
)
def test_what_goes_wrong_is_its_error(function: str, error: str) -> None:
    outcome = call(f"mine:{function}")
    assert (outcome.values, outcome.error) == (None, error)


def test_a_module_that_is_missing_is_told_from_one_that_it_imports() -> None:
    assert "there is no module `nowhere` in `" in str(call("nowhere:f").error)
    missing = "ModuleNotFoundError: No module named 'not_there_at_all' (broken.py:1)"
    assert call("broken:f").error == missing


def test_what_it_prints_is_kept_to_its_end_and_is_no_answer() -> None:
    outcome = call("mine:prints")
    assert outcome.values == (1.0,)
    assert outcome.output.splitlines()[-2:] == ["the last line", "{}"]
    assert len(outcome.output.splitlines()) <= 20


def test_its_time_ends_it_and_what_it_started() -> None:
    outcome = call("mine:hangs", timeout=3)
    assert outcome.error == "it took longer than 3 s"
    assert all(map(ended, map(int, Path("pids").read_text().split())))


def test_a_search_that_stops_ends_it() -> None:
    with pytest.raises(Stopped):
        evaluate(
            {"objective": "mine:hangs", "manifest": {}, "module": "", "name": "", "names": ["a"]},
            None,
            lambda: os.path.exists("pids"),
        )
    assert all(map(ended, map(int, Path("pids").read_text().split())))


SEARCH = """
from archc.search.process import evaluate
request = {"objective": "mine:hangs", "manifest": {}, "module": "", "name": "", "names": ["a"]}
evaluate(request, None, lambda: False)
"""


def test_it_ends_with_the_search_that_is_killed() -> None:
    search = subprocess.Popen([sys.executable, "-c", SEARCH])
    while not os.path.exists("pids") or not Path("pids").read_text():
        assert search.poll() is None
        time.sleep(0.05)
    search.kill()
    search.wait()
    assert all(map(ended, map(int, Path("pids").read_text().split())))


def test_numbers_of_libraries_are_numbers() -> None:
    import numpy as np

    assert numbers(np.float32(0.5), ["a"]) == [0.5]
    assert numbers(np.array(0.5), ["a"]) == [0.5]
    assert numbers(np.array([0.5, 2]), ["a", "b"]) == [0.5, 2.0]
    with pytest.raises(Refused, match="`b` is 'x', not a number"):
        numbers((1, "x"), ["a", "b"])
