"""Ctrl-C anywhere in a command, counted in calls of functions rather than in seconds: also while
modules are imported, classes made and files written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

ROOT = Path(__file__).parents[2]

PROGRAM = '''
"""Run a command in forked processes, each interrupted at another call; print how each ended."""
import os
import sys

MOMENTS = int(sys.argv[1])


def ended(at, log):
    """Exit code of a run that is interrupted at a call, and how many calls there were."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        calls = int(os.read(reading, 100) or b"0")
        os.close(reading)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), calls
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    calls = 0

    def call(frame, event, _):
        nonlocal calls
        if event == "call":
            calls += 1
            if calls == at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    code = 70
    try:
        from archc.cli import main

        sys.setprofile(call)
        code = main(sys.argv[2:])
        sys.setprofile(None)
    except BaseException as error:
        print("Traceback:", repr(error))
    finally:
        os.write(writing, str(calls).encode())
        sys.stdout.flush()
        os._exit(code)


code, calls = ended(0, "log")
print(code, calls, flush=True)
for number in range(MOMENTS):
    # The first call is that of `main`. Early ones are cheap to reach, and imports are among them.
    code, _ = ended(2 + number + int(calls * (number / MOMENTS) ** 3), "log")
    said = open("log").read().strip()
    if code != 130 or said:
        print(number, code, said, flush=True)
'''


def test_ctrl_c_at_any_call(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "14", str(ROOT / "specs/dscnn_a05.arch"), "-o", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    first, *wrong = done.stdout.splitlines()
    code, calls = map(int, first.split())
    assert code == 0, done
    assert calls > 1_000
    assert wrong == [], done.stdout
    assert done.stderr == ""
    assert sorted(os.listdir(tmp_path / "out")) == [
        "__init__.py",
        "dscnn_a05.manifest.json",
        "dscnn_a05.py",
    ]
