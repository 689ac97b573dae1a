"""`archc build --watch`, and `archc graph --watch`, by real processes whose files are changed."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from archc.cli import main
from archc.cli.watch import RULE

ROOT = Path(__file__).parents[2]
PATIENCE = 60
"""Seconds after which something that should happen is said not to."""


def interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Watch:
    """A running `archc build ... --watch`."""

    def __init__(self, folder: Path, *words: str, verb: str = "build", out: str = "out") -> None:
        self.folder = folder
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "archc", verb, *words, "-o", out, "--watch"],
                cwd=folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                # Shells have what they run in the background ignore interrupts: not this.
                preexec_fn=None if os.name == "nt" else interruptible,
            )

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def until(self, count: int) -> str:
        """What was printed for the compile of this number, once it is over."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            parts = self.text.split(RULE)
            if len(parts) >= count and "Ctrl-C to stop" in parts[count - 1]:
                return parts[count - 1]
            sleep(0.02)
        raise AssertionError(f"no compile {count} in:\n{self.text}")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("dscnn.arch", "dscnn_a05.arch"):
        shutil.copy(ROOT / "specs" / name, tmp_path)
    return tmp_path


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:
    one = Watch(folder, "dscnn_a05.arch")
    yield one
    one.process.kill()
    one.process.wait()


def test_a_save_is_compiled_and_what_moved_is_told(watch: Watch) -> None:
    assert "73,585 params" in watch.until(1)
    assert "watching 2 files" in watch.until(1)
    manifest = watch.folder / "out" / "dscnn_a05.manifest.json"
    before = manifest.read_bytes()
    watch.edit("dscnn.arch", "{ pool dropout", "{ conv(64) relu6 pool dropout")
    second = watch.until(2)
    assert manifest.read_bytes() != before
    assert "dscnn_a05, since the last save" in second
    assert re.search(r"params +73,585 +70,833 +−2,752 +−3.7 %", second)
    assert "+ head_conv  Conv2D 4x16x64, 16,448 params, 1,048,576 MACs" in second
    assert "peak_activation_bytes" not in second  # it did not move
    watch.edit("dscnn.arch", "{ conv(64) relu6 pool dropout", "{ pool dropout")
    assert "70,833     73,585" in watch.until(3)
    assert manifest.read_bytes() == before


def test_errors_leave_the_outputs_and_end_nothing(watch: Watch) -> None:
    watch.until(1)
    files = {path.name: path.read_bytes() for path in (watch.folder / "out").iterdir()}
    watch.edit("dscnn.arch", "{ pool dropout", "{ pool dropuot")
    second = watch.until(2)
    assert "error[unknown_name]" in second
    assert "did you mean `dropout`?" in second
    assert files == {path.name: path.read_bytes() for path in (watch.folder / "out").iterdir()}
    watch.edit("dscnn.arch", "dropuot(0.5)", "dropout(0.4)")
    third = watch.until(3)
    assert "dscnn_a05  73,585 params" in third
    assert "error" not in third


def test_a_file_that_is_missing_may_come(folder: Path) -> None:
    shutil.move(folder / "dscnn.arch", folder / "elsewhere")
    watch = Watch(folder, "dscnn_a05.arch")
    try:
        assert "error[file_missing]" in watch.until(1)
        shutil.move(folder / "elsewhere", folder / "dscnn.arch")
        assert "73,585 params" in watch.until(2)
        # Editors put another file in the place of the one that was edited.
        text = (folder / "dscnn.arch").read_text(encoding="utf-8")
        (folder / "new").write_text(text.replace("512 * alpha", "256 * alpha"), encoding="utf-8")
        os.replace(folder / "new", folder / "dscnn.arch")
        assert "since the last save" in watch.until(3)
    finally:
        watch.process.kill()
        watch.process.wait()


@pytest.mark.skipif(os.name == "nt", reason="signals are of POSIX")
def test_an_interrupt_ends_it_well(watch: Watch) -> None:
    watch.until(1)
    watch.process.send_signal(signal.SIGINT)
    assert watch.process.wait(PATIENCE) == 0
    assert "Traceback" not in watch.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--check"], "`--check` looks once"),
        (["--format", "json"], "one document"),
        (["--format", "sarif"], "one document"),
    ],
)
def test_what_does_not_go_with_it(
    words: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["build", str(folder / "dscnn_a05.arch"), "-o", str(folder / "out"), "--watch", *words]
    assert main(given) == 2
    assert said in capsys.readouterr().err


def test_a_drawing_follows_its_spec(folder: Path) -> None:
    """Errors leave it as it was, another arch too, and end nothing."""
    one = Watch(folder, "dscnn.arch", verb="graph", out="net.svg")
    try:
        assert "net.svg written" in one.until(1)
        drawn = (folder / "net.svg").read_text(encoding="utf-8")
        one.edit("dscnn.arch", "{ pool dropout", "{ pool dropuot")
        assert "unknown_name" in one.until(2)
        assert (folder / "net.svg").read_text(encoding="utf-8") == drawn
        one.edit("dscnn.arch", "dropuot(0.5)", "dense(64) dropout(0.5)")
        assert "params" in one.until(3)
        assert (folder / "net.svg").read_text(encoding="utf-8") != drawn
        text = (folder / "dscnn.arch").read_text(encoding="utf-8")
        (folder / "dscnn.arch").write_text(f"{text}\narch b = dscnn(alpha = 2)\n", encoding="utf-8")
        assert "choose one with `--arch`" in one.until(4)
        assert one.process.poll() is None
    finally:
        one.process.kill()
        one.process.wait()


def test_a_drawing_that_is_printed_is_not_watched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(ROOT / "specs" / "dscnn.arch"), "--watch"]) == 2
    assert "name it with `-o FILE`" in capsys.readouterr().err
