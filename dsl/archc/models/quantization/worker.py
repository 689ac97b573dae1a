"""The process that quantises: `python -m archc.models.quantization.worker`.

TensorFlow's converter can end the process it runs in, and native code prints to its streams. The
command therefore lets another process do the work: the request comes as JSON on standard input,
progress and the outcome go as lines of JSON to standard output, and what TensorFlow prints goes
where the command put standard error. Results are left in a folder that the request names.
"""

import json
import os
import sys
from typing import Any

from archc.plain import plain

TFLITE, VECTORS = "model.tflite", "vectors.npz"


MEMORY = 16 * 1024**3
"""Bytes that the process may take at most, or four fifths of the machine where that is less: a
file whose layers ask for more ends it, not the machine."""


def restrict() -> None:
    """Bound the memory of this process, where the system can."""
    try:
        import resource

        installed = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = min(MEMORY, installed * 4 // 5)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError, AttributeError):
        return


def main() -> int:
    restrict()
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what else is printed is not for the command
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the same file on every machine
    request = json.load(sys.stdin)

    def say(**event: Any) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    from archc.diagnostics.model import Rejected
    from archc.limits import Limits
    from archc.models.quantization.core import quantize

    def progress(stage: str, done: int, total: int) -> None:
        say(stage=stage, done=done, total=total)

    folder = request.pop("folder")
    request["samples"] = tuple(request["samples"])
    request["limits"] = Limits(*request["limits"])
    try:
        result = quantize(request.pop("model"), request.pop("data"), progress=progress, **request)
    except Rejected as rejected:
        say(rejected=plain(rejected.diagnostic._replace(span=None, related=(), edits=())))
        return 0
    import numpy as np

    with open(os.path.join(folder, TFLITE), "wb") as file:
        file.write(result.tflite)
    np.savez(os.path.join(folder, VECTORS), **result.vectors)
    say(
        result={
            **plain(result._replace(tflite=b"", vectors={})),
            "tflite": None,
            "vectors": {name: [list(a.shape), str(a.dtype)] for name, a in result.vectors.items()},
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
