"""TensorFlow Lite for Microcontrollers as a judge: what its interpreter allocates for a file.

It aborts the process where a file holds an operator it does not have, so it runs in one of its own.
"""

import re
import subprocess
import sys
from typing import NamedTuple

MISSING = frozenset({"GELU", "TILE"})
"""Operators of ours that the Python wheel cannot run."""

ARENA = 64 << 20
"""Bytes it may use; the largest shipped network takes a tenth of it."""

_PROGRAM = """
import sys
from tflite_micro.python.tflite_micro import runtime

file, sizes = sys.stdin.buffer.read(), [int(size) for size in sys.argv[1:]]
# What is recorded is printed by the C++ library itself, past Python.
runtime.Interpreter.from_bytes(file, arena_size=sizes[0]).print_allocations()
for size in sizes[1:]:
    try:
        runtime.Interpreter.from_bytes(file, arena_size=size)
    except RuntimeError:
        print(f"{size} is too small", flush=True)
    else:
        print(f"{size} is enough", flush=True)
"""


class Record(NamedTuple):
    """What it allocated for a file, and with which other arenas it started."""

    head: int
    """Every tensor that is not constant, and scratch memory."""
    tail: int
    """What lives as long as the interpreter."""
    started: dict[int, bool]
    """Whether tensors could be allocated in an arena of so many bytes."""


def record(file: bytes, *sizes: int, arena: int = ARENA) -> Record:
    """The wheel's own record for a file, and whether it starts with arenas of other sizes.

    Raises:
        RuntimeError: the interpreter does not take the file; the message has what it said.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(arena), *map(str, sizes)],
        input=file,
        capture_output=True,
        timeout=300,
        check=False,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    parts = [re.search(rf"Arena allocation {part} (\d+) bytes", said) for part in ("head", "tail")]
    if done.returncode or None in parts:
        raise RuntimeError(f"TensorFlow Lite Micro ended with {done.returncode}:\n{said[-2000:]}")
    head, tail = (int(part.group(1)) for part in parts if part is not None)
    started = {
        int(size): word == "enough"
        for size, word in re.findall(r"^(\d+) is (enough|too small)$", said, re.M)
    }
    return Record(head, tail, started)


def activations(file: bytes, arena: int = ARENA) -> int:
    """The bytes of the arena's head; see `record`."""
    return record(file, arena=arena).head
