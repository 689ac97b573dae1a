"""Plain repetition: stretches without merges that occur several times."""

from collections.abc import Sequence
from typing import NamedTuple

from archc.models.decompiler.blocks import Call
from archc.models.decompiler.structure import Item, Leaf, Merge, kernels, keyword
from archc.models.decompiler.tokens import Token, kind, tokens


class Stretch(NamedTuple):
    """Some neighbouring items of a sequence."""

    sequence: list[Item]
    start: int
    end: int

    @property
    def items(self) -> list[Item]:
        return self.sequence[self.start : self.end]


_LONGEST = 40
"""Statements of a stretch that is looked for."""


def longest(sequences: Sequence[list[Item]]) -> list[Stretch] | None:
    """The stretches without merges whose repetition costs most text."""
    candidates: dict[tuple[int, ...], list[Stretch]] = {}
    numbers: dict[Token, int] = {}
    for sequence in sequences:
        for stretch, key in _stretches(sequence, numbers):
            candidates.setdefault(key, []).append(stretch)
    best: tuple[tuple[int, int], list[Stretch]] | None = None
    for key, found in candidates.items():
        apart = _apart(found)
        if len(apart) < 2:
            continue
        saved = (len(apart) - 1) * (len(key) - 1) - 3 - 2 * _differing(apart, len(key))
        if saved > 0 and (best is None or (saved, len(key)) > best[0]):
            best = ((saved, len(key)), apart)
    return best[1] if best else None


def _stretches(
    sequence: list[Item], numbers: dict[Token, int]
) -> "list[tuple[Stretch, tuple[int, ...]]]":
    """The stretches that a person might take for a unit, and what they are: none begins with what
    belongs to the convolution before it, none ends before what belongs to its last one."""
    keys = tokens(sequence)
    short = [numbers.setdefault(key, len(numbers)) for key in keys]
    found = []
    for start in range(len(sequence)):
        if not _begins(sequence, keys, start):
            continue
        for end in range(start + 3, min(len(sequence), start + _LONGEST) + 1):
            if _breaks(sequence[end - 1]):
                break
            following = kind(keys[end]) if end < len(sequence) else None
            if following == "activation":
                continue
            if following == "batchnorm" and kind(keys[start]) != "batchnorm":
                continue
            if kernels(sequence[start:end]):
                found.append((Stretch(sequence, start, end), tuple(short[start:end])))
    return found


def _begins(sequence: Sequence[Item], keys: Sequence[Token], start: int) -> bool:
    before = sequence[start - 1] if start else None
    if kind(keys[start]) in ("activation", "dropout") or _breaks(sequence[start]):
        return False
    return kind(keys[start]) != "batchnorm" or not (before is not None and kernels([before]))


def _breaks(item: Item) -> bool:
    """Whether no plain stretch goes beyond this."""
    if isinstance(item, Call):
        return not item.block.gate
    return isinstance(item, Merge) or keyword(item) in ("softmax", "dense")


def _apart(found: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    ends: dict[int, int] = {}
    for stretch in found:
        if ends.get(id(stretch.sequence), -1) <= stretch.start:
            kept.append(stretch)
            ends[id(stretch.sequence)] = stretch.end
    return kept


def _differing(stretches: Sequence[Stretch], length: int) -> int:
    """At how many places kernels differ."""
    return sum(
        len({_kernel(stretch.sequence[stretch.start + place]) for stretch in stretches}) > 1
        for place in range(length)
    )


def _kernel(item: Item) -> object:
    return item.values.get("kernel") if isinstance(item, Leaf) else None


# --- statements of a stage -----------------------------------------------------------------------

_STAGE = 4
"""Repeats behind other calls that become a stage of their own."""


def period(texts: list[str]) -> tuple[int, list[str]]:
    """How often some statements repeat, and which."""
    for length in range(1, len(texts) // 2 + 1):
        count = len(texts) // length
        if count * length == len(texts) and texts == texts[:length] * count:
            return count, texts[:length]
    return 1, texts


def run_length(texts: list[str]) -> int:
    """How often the last of some statements is repeated after others, where that is a stage of its
    own: four times at least."""
    count = 0
    while count < len(texts) and texts[-1 - count] == texts[-1]:
        count += 1
    return count if _STAGE <= count < len(texts) else 0
