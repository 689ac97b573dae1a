"""TensorFlow Lite for Microcontrollers as a judge: what its interpreter allocates for a file.

It aborts the process where a file holds an operator it does not have, so it runs in one of its own.
"""

import re
import subprocess
import sys

MISSING = frozenset({"GELU", "TILE"})
"""Operators of ours that the Python wheel cannot run."""

ARENA = 64 << 20
"""Bytes it may use; the largest shipped network takes a tenth of it."""

_PROGRAM = """
import sys
from tflite_micro.python.tflite_micro import runtime

file, arena = sys.stdin.buffer.read(), int(sys.argv[1])
# What is recorded is printed by the C++ library itself, past Python.
runtime.Interpreter.from_bytes(file, arena_size=arena).print_allocations()
"""


def activations(file: bytes, arena: int = ARENA) -> int:
    """The bytes of the arena's head: every tensor that is no constant, and scratch memory.

    Raises:
        RuntimeError: the interpreter does not take the file; the message has what it said.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(arena)],
        input=file,
        capture_output=True,
        timeout=300,
        check=False,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    found = re.search(r"Arena allocation head (\d+) bytes", said)
    if done.returncode or found is None:
        raise RuntimeError(f"TensorFlow Lite Micro ended with {done.returncode}:\n{said[-2000:]}")
    return int(found.group(1))
