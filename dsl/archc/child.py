"""Child processes that run our own modules: how they start, communicate and end."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO


def started(module: str, stderr: int | None = None, **environment: str) -> subprocess.Popen[bytes]:
    """Start a process that runs one of our modules, and talks to us over pipes. It has a session of
    its own, so that Ctrl-C does not reach it: whoever starts it ends it.

    Args:
        module: its name.
        stderr: as of `subprocess.Popen`.
        environment: variables beside our own.

    Raises:
        OSError: none can be started.
    """
    paths = [str(Path(__file__).absolute().parents[1]), os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        # -P: the working folder may hold modules that are not ours.
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            **environment,
        },
        start_new_session=True,
    )


def channels() -> tuple[BinaryIO, BinaryIO]:
    """In such a process: requests, which end when whoever asks is gone, and where answers go. What
    is printed goes to standard error from now on."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    status = process.poll()
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif status is None:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()


def ended(status: int) -> str:
    """How a process ended that should have gone on, in words."""
    if status == -getattr(signal, "SIGKILL", 9):
        return "its process was killed: memory may have run out"
    if status < 0:
        return f"its process was ended by signal {-status}"
    return f"its process ended with status {status} before it returned"
