"""Running ST's tool, with a stand-in for it."""

import os
import stat
import sys
from pathlib import Path

import pytest

from archc.diagnostics.model import Diagnostic, Rejected
from archc.models.stedgeai.report import read_reports
from archc.models.stedgeai.tool import DEFAULT_PROFILE, Outcome, analyze, command, find
from support.processes import ended
from support.st_reports import WRITTEN

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")

GOOD = f"""
import shutil, sys
output = sys.argv[sys.argv.index("--output") + 1]
print("compiling ...")
shutil.copy({str(WRITTEN / "npu_2_2_analyze.txt")!r}, output + "/network_analyze_report.txt")
shutil.copy({str(WRITTEN / "compiled_c_info.json")!r}, output + "/network_c_info.json")
"""


class Bench:
    """A folder with a model and a stand-in for the tool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = folder / "a model.tflite"
        self.model.write_bytes(b"TFL3")
        self.environment = {"PATH": str(folder / "bin")}

    def install(self, script: str, name: str = "stedgeai") -> Path:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable} -I\n{script}", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def run(self, profile: str = DEFAULT_PROFILE, timeout: float = 60) -> Outcome:
        return analyze(str(self.model), profile, timeout=timeout, environment=self.environment)

    def fails(self, profile: str = DEFAULT_PROFILE, timeout: float = 60) -> Diagnostic:
        with pytest.raises(Rejected) as caught:
            self.run(profile, timeout)
        return caught.value.diagnostic


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_success(bench: Bench) -> None:
    tool = bench.install(GOOD)
    outcome = bench.run()
    assert outcome.command[:8] == (
        *(str(tool), "analyze", "--target", "stm32n6"),
        *("--st-neural-art", "default", "--model", str(bench.model)),
    )
    assert read_reports(outcome.report)[0].macc.model == 6_256
    assert outcome.report.name == "network_analyze_report.txt"
    assert outcome.info is not None
    assert not os.path.exists(outcome.command[-1])  # the temporary folder is gone


def test_an_info_is_not_needed(bench: Bench) -> None:
    bench.install(GOOD.replace("network_c_info.json", "other.json"))
    assert bench.run().info is None


def test_profile_of_a_file(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.install(GOOD)
    (bench.folder / "my art.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(bench.folder)
    given = bench.run("n6-allmems-O3@my art.json").command
    assert given[5] == f"n6-allmems-O3@{bench.folder / 'my art.json'}"


@pytest.mark.parametrize("profile", ["", "--help", "a b", "@file", "default@missing.json"])
def test_a_profile_that_is_none(bench: Bench, profile: str) -> None:
    bench.install(GOOD)
    assert bench.fails(profile).code == "stedgeai_failed"


def test_nothing_reaches_a_shell() -> None:
    line = command("t", "$(touch x); a.tflite", "default;ls", "f")
    assert line[5] == "default;ls"
    assert line[7].endswith("$(touch x); a.tflite")


def test_not_installed(bench: Bench) -> None:
    diagnostic = bench.fails()
    assert diagnostic.code == "stedgeai_missing"
    assert "st.com" in (diagnostic.help or "")
    assert "STEDGEAI" in (diagnostic.help or "")


def test_found_by_the_variable(bench: Bench) -> None:
    tool = bench.install(GOOD, "another name")
    bench.environment["STEDGEAI"] = str(tool)
    assert find(bench.environment) == str(tool)
    assert bench.run().command[0] == str(tool)


@pytest.mark.parametrize("named", [".", "/nowhere/stedgeai"])
def test_a_variable_that_names_no_program(bench: Bench, named: str) -> None:
    bench.install(GOOD)
    bench.environment["STEDGEAI"] = named
    diagnostic = bench.fails()
    assert diagnostic.code == "stedgeai_missing"
    assert named in diagnostic.message


def test_no_model(bench: Bench) -> None:
    bench.install(GOOD)
    bench.model.unlink()
    assert "a model.tflite" in bench.fails().message


def test_failure(bench: Bench) -> None:
    bench.install("import sys; print('E200: it is not a model'); sys.exit(3)")
    diagnostic = bench.fails()
    assert diagnostic.code == "stedgeai_failed"
    assert "status 3" in diagnostic.message
    assert diagnostic.notes[0] == "it said: E200: it is not a model"
    assert "--st-neural-art default" in diagnostic.notes[-1]


def test_output_that_is_not_utf8_and_long(bench: Bench) -> None:
    bench.install(
        "import os\n"
        "os.write(1, b'x' * 3_000_000)\n"
        "os.write(1, b'\\n' + bytes(range(256)) + b'\\nlast \\xff\\n')\n"
        "raise SystemExit(1)"
    )
    diagnostic = bench.fails()
    assert diagnostic.notes[-2] == "it said: last \N{REPLACEMENT CHARACTER}"
    assert sum(map(len, diagnostic.notes)) < 10_000


def test_no_report(bench: Bench) -> None:
    bench.install("print('done')")
    assert "wrote no report" in bench.fails().message


def test_a_report_of_an_unknown_layout(bench: Bench) -> None:
    bench.install(GOOD.replace("npu_2_2_analyze.txt", "README.md"))
    with pytest.raises(Rejected):
        read_reports(bench.run().report)


def test_hanging(bench: Bench) -> None:
    """It is ended, and so is what it started."""
    pids = bench.folder / "pids"
    bench.install(
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-I', '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "print('waiting', flush=True)\n"
        "time.sleep(600)"
    )
    diagnostic = bench.fails(timeout=1)
    assert "within 1 seconds" in diagnostic.message
    assert "it said: waiting" in diagnostic.notes
    assert "--timeout" in (diagnostic.help or "")
    assert all(map(ended, map(int, pids.read_text().split())))


def test_it_is_asked_nothing(bench: Bench) -> None:
    bench.install("import sys; assert sys.stdin.read() == ''" + GOOD)
    bench.run()


def test_what_cannot_be_run(bench: Bench) -> None:
    tool = bench.install("")
    tool.write_bytes(b"\x7fELF broken")
    assert "cannot be run" in bench.fails().message
