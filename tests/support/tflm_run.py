"""TensorFlow Lite for Microcontrollers as a judge of results: it runs a file in another process."""

import io
import subprocess
import sys
from typing import Any

_PROGRAM = """
import io, sys
import numpy as np
from tflite_micro.python.tflite_micro import runtime

given = np.load(io.BytesIO(sys.stdin.buffer.read()))
network, arena = given["network"].tobytes(), int(sys.argv[1])
interpreter = runtime.Interpreter.from_bytes(network, arena_size=arena)
made = []
for sample in given["samples"]:
    interpreter.set_input(sample[None], 0)
    interpreter.invoke()
    made.append(interpreter.get_output(0)[0])
np.save(sys.argv[2], np.stack(made))
"""


def run(file: bytes, samples: Any, folder: Any, arena: int = 16 << 20) -> Any:
    """Outputs (count, *shape) for inputs (count, *shape), both in the types of the border.

    Raises:
        RuntimeError: the interpreter does not take the file; the message has what it said.
    """
    import numpy as np

    given = io.BytesIO()
    np.savez(given, network=np.frombuffer(file, np.uint8), samples=samples)
    results = f"{folder}/tflm_results.npy"
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(arena), results],
        input=given.getvalue(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"TensorFlow Lite Micro ended with {done.returncode}:\n{said[-2000:]}")
    return np.load(results)
