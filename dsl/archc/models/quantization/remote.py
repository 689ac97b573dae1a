"""Quantise in a process of its own, and read what it says."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from archc.diagnostics.codes import QUANTIZE_FAILED
from archc.diagnostics.model import Diagnostic, Rejected, reject
from archc.models.quantization.convert import Progress, last_lines
from archc.models.quantization.core import Quantization
from archc.models.quantization.worker import TFLITE, VECTORS
from archc.plain import restored

_LOG_BYTES = 16_384
"""Of what was printed, the last so many bytes are looked at."""


def quantize(request: dict[str, Any], progress: Progress) -> tuple[Quantization, bytes]:
    """As `archc.models.quantization.core.quantize`; the vectors are given as a `.npz` beside the
    result, whose own are shapes and dtypes.

    Args:
        request: arguments by name, paths for ``model``, ``data`` and ``validation``.
        progress: told what the process tells.

    Raises:
        Rejected: what that function raises, or the process ended on its own.
    """
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="archc-", ignore_cleanup_errors=True) as folder:
        log = os.path.join(folder, "log")
        outcome = _ask({**request, "folder": folder}, log, progress)
        with open(os.path.join(folder, TFLITE), "rb") as file:
            tflite = file.read()
        with open(os.path.join(folder, VECTORS), "rb") as file:
            vectors = file.read()
    made: Quantization = restored(Quantization, outcome)
    return made._replace(tflite=tflite), vectors


def _ask(request: dict[str, Any], log: str, progress: Progress) -> dict[str, Any]:
    paths = [str(Path(__file__).absolute().parents[3]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    with open(log, "wb") as said:
        process = subprocess.Popen(
            # -P: the working folder may hold modules that are not ours.
            [sys.executable, "-P", "-m", "archc.models.quantization.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        try:
            process.stdin.write(json.dumps(request).encode())
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has ended already: said below
        for line in process.stdout:
            event = json.loads(line)
            if "stage" in event:
                progress(event["stage"], event["done"], event["total"])
            elif "rejected" in event:
                raise Rejected(restored(Diagnostic, event["rejected"]))
            else:
                outcome: dict[str, Any] = event["result"]
                process.wait()
                return outcome
        status = process.wait()
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.kill()
            process.wait()
    raise _ended(status, log)


def _ended(status: int, log: str) -> Rejected:
    """A process that ended without an outcome."""
    with open(log, "rb") as said:
        said.seek(max(0, os.path.getsize(log) - _LOG_BYTES))
        words = last_lines(said.read().decode("utf-8", "replace"))
    killed = status in (-9, 137)
    what = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return reject(
        QUANTIZE_FAILED,
        f"the process that runs TensorFlow {what}",
        notes=[f"it said: {line}" for line in words],
        help="memory may have run out: give fewer samples"
        if killed
        else "a fault in TensorFlow's converter ends the process; leave out layers to find the "
        "one it stumbles over",
    )
