"""The user's objective in a process of its own: what it raises, prints, returns, and how it ends.

It is killed with all that it started when its time is over or the search stops, and ends by itself
when the process that started it is gone.
"""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, Any, NamedTuple

from archc.child import end, ended, started
from archc.diagnostics.text import printable

ANSWER = 1 << 20
"""Bytes of an answer that are read at the most."""
OUTPUT = 1 << 14
"""Of what is printed, the last so many bytes are kept."""
LINES = 20
"""Of these the last so many lines."""
_TICK = 0.1
_LEFT = 1.0


class Outcome(NamedTuple):
    """What came of an objective: values, or why there are none."""

    values: tuple[float, ...] | None
    error: str | None
    output: str
    """The last lines that it printed."""


class Stopped(Exception):
    """The search was stopped while the objective ran."""


def evaluate(
    request: Mapping[str, Any], timeout: float | None, stopped: Callable[[], bool]
) -> Outcome:
    """Let a process answer a request (see `archc.search.trainee`).

    Args:
        request: plain data.
        timeout: seconds; None: as long as it takes.
        stopped: whether to give up.

    Raises:
        Stopped: it was given up.
    """
    process = started(
        "archc.search.trainee",
        subprocess.PIPE,
        PYTHONUNBUFFERED="1",  # what it printed last is not lost with it
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    channel, printed = process.stdout, _Tail(process.stderr)

    def listen() -> None:
        with channel:
            answers.put(channel.readline(ANSWER))

    listener = threading.Thread(target=listen, name="answer", daemon=True)
    listener.start()
    try:
        _send(process.stdin, request)
        answer = _awaited(process, answers, timeout, stopped)
        if answer == b"":  # it ended, or ends, without one
            process.wait()
    finally:
        end(process)
        listener.join(_LEFT)
        printed.join()
    if answer is None:
        return Outcome(None, f"it took longer than {timeout:g} s", printed.text())
    if answer == b"":
        return Outcome(None, ended(process.returncode), printed.text())
    plain = json.loads(answer)
    values, error = plain.get("values"), plain.get("error")
    return Outcome(
        None if values is None else tuple(values),
        None if error is None else printable(error),
        printed.text(),
    )


def _send(stdin: IO[bytes], request: Mapping[str, Any]) -> None:
    """Write the request; the stream stays open, since its end says that the search is gone."""
    try:
        stdin.write(json.dumps(request).encode() + b"\n")
        stdin.flush()
    except BrokenPipeError:
        pass  # it has ended already, which is said of it


def _awaited(
    process: "subprocess.Popen[bytes]",
    answers: "queue.SimpleQueue[bytes]",
    timeout: float | None,
    stopped: Callable[[], bool],
) -> bytes | None:
    """The answer; empty if it ended without one, None if the time is over."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        try:
            return answers.get(timeout=_TICK)
        except queue.Empty:
            if process.poll() is not None:  # what it started may hold the stream open
                with suppress(queue.Empty):
                    return answers.get(timeout=_TICK)
                return b""
            if stopped():
                raise Stopped from None
            if end is not None and time.monotonic() > end:
                return None


class _Tail:
    """The end of what a process prints, read as it comes so that it never waits for a reader."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._kept = stream, b""
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._stream as stream:
            while data := os.read(stream.fileno(), 1 << 16):
                self._kept = (self._kept + data)[-OUTPUT:]

    def join(self) -> None:
        """Wait for the rest; what left the group may hold the stream for ever."""
        self._thread.join(_LEFT)

    def text(self) -> str:
        lines = self._kept.decode("utf-8", "replace").replace("\r", "\n").splitlines()
        return "\n".join([printable(line) for line in lines if line.strip()][-LINES:])
