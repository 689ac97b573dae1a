"""Files as they arrive: cut short, with bytes flipped, overwritten, left out or put in.

One seed gives one mutant of one file, always the same. Half of the changes go anywhere; the other
half to where the structure of a format is, which the bytes of weights would otherwise hide: the
ends of a file, its signatures and its texts.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

MARKS = re.compile(rb"TREE|SNOD|HEAP|OHDR|OCHK|FRHP|GCOL|TFL3|\"class_name\"|\"config\"|:0|MACC|#")
"""Where structure is: HDF5's blocks, TFLite's identifier, JSON, names, tables of a report."""
WORDS = (0, 1, 4, 0x7F, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)
"""What counters and offsets are set to."""
ENDS = 4_096
MARKS_KEPT = 2_000


class Mutant(NamedTuple):
    """A damaged file."""

    seed: int
    kind: str
    """What was done to it."""
    data: bytes


def mutant(data: bytes, seed: int) -> Mutant:
    """A mutant of a file of at least two bytes, by its seed."""
    rng = Random(seed)
    kind = rng.choice(("cut", "flip", "flip", "flips", "word", "words", "zeros", "less", "more"))
    made = bytearray(data)
    if kind == "cut":
        del made[_place(data, rng) if rng.random() < 0.5 else rng.randrange(len(data)) :]
    for _ in range(rng.randint(2, 40) if kind in ("flips", "words") else 1):
        at = _place(data, rng)
        if kind in ("flip", "flips"):
            made[at] ^= 1 << rng.randrange(8) if rng.random() < 0.5 else rng.randrange(1, 256)
        elif kind in ("word", "words"):
            value = rng.choice(WORDS)
            made[at : at + 4] = value.to_bytes(4, "little")[: len(data) - at]
        elif kind == "zeros":
            size = min(rng.choice((8, 64, 1_024)), len(data) - at)
            made[at : at + size] = bytes(size)
        elif kind == "less":
            del made[at : at + rng.choice((1, 4, 64, 1_024))]
        elif kind == "more":
            made[at:at] = rng.randbytes(rng.choice((1, 4, 64)))
    return Mutant(seed, kind, bytes(made))


def inside(data: bytes, seed: int) -> Mutant:
    """A zip archive one of whose members is damaged, and the sum of that is right."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as whole, zipfile.ZipFile(made, "w") as archive:
        chosen = Random(seed).choice(whole.namelist())
        damaged = mutant(whole.read(chosen), seed)
        for name in whole.namelist():
            archive.writestr(name, damaged.data if name == chosen else whole.read(name))
    return Mutant(seed, f"{damaged.kind} of {chosen}", made.getvalue())


def mutants(files: Sequence[bytes], count: int, seed: int) -> Iterator[tuple[int, Mutant]]:
    """So many mutants of files in turn, with the number of the file."""
    for number in range(count):
        place = number % len(files)
        yield place, mutant(files[place], seed + number)


def _place(data: bytes, rng: Random) -> int:
    """Where a change goes."""
    kind = rng.random()
    if kind < 0.5:
        return rng.randrange(len(data))
    if kind < 0.65:
        return rng.randrange(min(ENDS, len(data)))
    if kind < 0.8:
        return len(data) - 1 - rng.randrange(min(ENDS, len(data)))
    marks = [
        match.start() for match, _ in zip(MARKS.finditer(data), range(MARKS_KEPT), strict=False)
    ]
    if not marks:
        return rng.randrange(len(data))
    return min(len(data) - 1, max(0, rng.choice(marks) + rng.randrange(-8, 64)))
