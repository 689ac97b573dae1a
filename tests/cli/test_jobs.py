"""`--jobs`: output, signals and failures of a sweep by several processes."""

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archc.cli import main
from archc.space import classes
from support.processes import ended

np = pytest.importorskip("numpy")

SPEC = """arch a(width = 8 in 8 .. 40 step 8, unit = ds in [ds, conv, ir, { conv relu }],
       other = ds in [ds, conv, ir, { conv relu }], side = 8 in [8, 12, 16]) {
    require params <= 15000
    target stm32n6
    input image: side x side x 3
    stage s(channels = width) { conv(kernel = 3x3) unit }
    stage t(channels = 2 * width, stride = 2) { other }
    head { global_average_pool dense(4) }
}
"""
LONG = ["--over", "unit", "--over", "other", "--over", "width=8..40", "--over", "side=8..4000"]
KEPT = "variant,within_budgets,front\n5,1,0\n"
"""A file of an earlier run."""
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.arch").write_text(SPEC)
    monkeypatch.chdir(tmp_path)


FRONT = ["--minimize", "macs", "--maximize", "params"]


@pytest.mark.parametrize(
    "command",
    [
        ["sweep", "a.arch", *FRONT, "-o", "out.csv", "--plot", "out.svg"],
        ["sweep", "a.arch", "--start", "9", "--sample", "150", "--where", "macs <= 1 M", "-o",
         "out.parquet"],
        ["space", "a.arch", "--over", "width", "--over", "unit=[ds, nothing]", "--over",
         "other=[ds, conv]"],
    ],
    ids=["front", "sample", "space"],
)  # fmt: skip
def test_what_is_said_and_written_is_that_of_one(command: list[str], capsys: Capture) -> None:
    if "out.parquet" in command:
        pytest.importorskip("pyarrow")
    if "--plot" in command:
        pytest.importorskip("matplotlib")

    def made(*jobs: str) -> tuple[int, str, str, dict[str, bytes]]:
        code = main([*command, *jobs])
        said = capsys.readouterr()
        files = {each.name: each.read_bytes() for each in sorted(Path().glob("out.*"))}
        return code, re.sub(r"[\d,]+\s+a\s+second", "", said.out), said.err, files

    alone = made()
    assert alone[0] == 0
    assert made("--jobs", "3") == alone


def running(*options: str) -> "subprocess.Popen[str]":
    """A long sweep by two processes, which evaluate already."""
    process = subprocess.Popen(
        [sys.executable, "-m", "archc", "sweep", "a.arch", *LONG, "--jobs", "2", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not any(each.stat().st_size > 1000 for each in Path().glob(".all.csv.*.tmp")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    if not found.exists():
        pytest.skip("the system does not say which processes one started")
    return [int(each) for each in found.read_text().split()]


def table() -> list[dict[str, str]]:
    with open("all.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_writes_what_is_done(number: signal.Signals) -> None:
    """As a terminal sends Ctrl-C, or a batch system SIGTERM."""
    with running("-o", "all.csv") as process:
        workers = children(process.pid)
        assert len(workers) == 2
        os.killpg(process.pid, number)
        said = process.communicate()[1]
    assert process.returncode == 128 + number, said
    (following,) = re.findall(r"--start (\d+)", said)
    assert [int(row["variant"]) for row in table()][-1] < int(following)
    assert "Traceback" not in said
    assert all(map(ended, workers))
    assert not [*Path().glob(".*.tmp")]


@pytest.mark.parametrize("victim", ["a worker", "the command"])
def test_what_is_killed_leaves_outputs_and_no_process(victim: str) -> None:
    Path("all.csv").write_text(KEPT)
    with running("-o", "all.csv") as process:
        workers = children(process.pid)
        os.kill(workers[1] if victim == "a worker" else process.pid, signal.SIGKILL)
        said = process.communicate()[1]
    assert all(map(ended, workers))
    assert Path("all.csv").read_text() == KEPT
    if victim == "a worker":
        assert process.returncode == 1
        assert said == (
            "archc: a worker ended before its work was done: its process was killed: memory may "
            "have run out\nnothing was written; fewer `--jobs` take less memory\n"
        )
        assert not [*Path().glob(".*.tmp")]


WRONG = """
from archc.space import classes

real = classes.measure

def wrong(*arguments):
    found = real(*arguments)
    found.figures["macs"] += 1
    return found

classes.measure = wrong
"""


def test_a_difference_in_a_worker_stops_the_sweep(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "faulty").mkdir()
    (tmp_path / "faulty" / "sitecustomize.py").write_text(WRONG)
    Path("out.csv").write_text(KEPT)
    command = ["sweep", "a.arch", "-o", "out.csv"]
    with monkeypatch.context() as here:
        here.setattr(classes, "measure", classes.measure)  # and back
        exec(WRONG, {})
        assert main(command) == 1
    alone = capsys.readouterr()
    assert "bug in archc: the sweep differs from a compile: `macs` is" in alone.err
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "faulty"), os.pathsep)
    assert main([*command, "--jobs", "2"]) == 1
    assert capsys.readouterr() == alone
    assert Path("out.csv").read_text() == KEPT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--jobs", "0"], "`0` is not a whole number from 1 on"),
        (["--jobs", "two"], "`two` is not a whole number from 1 on"),
        (["--jobs", "1001"], "`1001` is more than 1,000 processes"),
        (["width=8,16", "--jobs", "2"], "`--jobs` is for searches: give the values with `--over`"),
    ],
)
def test_numbers_of_processes(words: list[str], said: str, capsys: Capture) -> None:
    assert main(["sweep", "a.arch", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_a_sweep_by_one_process_knows_nothing_of_others() -> None:
    """A page in a browser has none."""
    command = ["sweep", "a.arch", "--over", "width=8..9", "-o", "out.csv"]
    code = (
        f"import sys\nfrom archc.cli import main\nassert main({command}) == 0\n"
        "print([each for each in ('multiprocessing', 'subprocess', 'concurrent.futures', "
        "'archc.space.jobs') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
