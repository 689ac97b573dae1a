"""The NPU compiler's memory pools, and the sections of the code."""

import re
from typing import NamedTuple

from archc.models.stedgeai.console import Lines


class Size(NamedTuple):
    """An amount of memory."""

    bytes: int
    within: int = 0
    """How far off it may be: the tool rounds to a thousandth of a kB or MB."""


class Pool(NamedTuple):
    """A memory and what the NPU compiler put there."""

    name: str
    start: int
    capacity: int
    used: Size
    weights: Size
    activations: Size


_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2}
"""A pool of 458,752 B is `448.000 kB`, one of 1,048,576 B `1.000 MB`."""
_SIZE = r"([0-9.]+ (?:B|kB|MB))"
_SHARE = r"\( ?[0-9.]+ % used\)"
_POOL = re.compile(
    r"(\S+) \[(0x[0-9A-Fa-f]{1,16}) - (0x[0-9A-Fa-f]{1,16})\]: "
    rf"{_SIZE} / {_SIZE} {_SHARE} -- weights: {_SIZE} {_SHARE} activations: {_SIZE} {_SHARE}"
)
_TOTAL = re.compile(rf"Total: {_SIZE} -- weights: {_SIZE} activations: {_SIZE}")


def pools(run: Lines) -> tuple[tuple[Pool, ...], tuple[Size, Size]]:
    """The pools by address, and the bytes of weights and activations in all of them."""
    at = run.next(run.need("Memory usage information", "the NPU part is missing"))
    if not run.is_rule(at):
        raise run.strange("has memory pools of another form", at)
    found: list[Pool] = []
    while True:
        at = run.next(at)
        text = run.flat(at)
        if text == "---":
            continue
        if text.startswith("Total:"):
            break
        matched = _POOL.fullmatch(text)
        if not matched:
            raise run.strange("has a memory pool of another form", at)
        start, end = int(matched[2], 16), int(matched[3], 16)
        used, _, weights, activations = (_size(run, matched[i], at) for i in range(4, 8))
        found.append(Pool(matched[1], start, end - start, used, weights, activations))
    total = _TOTAL.fullmatch(text)
    if not total or not found:
        raise run.strange("has memory pools of another form", at)
    sums = (_size(run, total[2], at), _size(run, total[3], at))
    for name, said, sizes in (
        ("weights", sums[0], [pool.weights for pool in found]),
        ("activations", sums[1], [pool.activations for pool in found]),
    ):
        slack = said.within + sum(size.within for size in sizes) + len(sizes)
        if abs(said.bytes - sum(size.bytes for size in sizes)) > slack:
            raise run.strange(f"contradicts itself: {name} of the pools and their total", at)
    return tuple(found), sums


def _size(run: Lines, text: str, at: int) -> Size:
    figure, _, unit = text.partition(" ")
    whole, _, part = figure.partition(".")
    if unit == "B":
        return Size(run.count(figure, at))
    if not 1 <= len(part) <= 6 or len(whole) > 12 or not (whole + part).isdecimal():
        raise run.strange(f"has `{text[:40]}` where a size is expected", at)
    step = 10 ** len(part)
    scaled = (int(whole) * step + int(part)) * _UNITS[unit]
    return Size(round(scaled / step), -(-_UNITS[unit] // (2 * step)))


def sections(run: Lines) -> tuple[Size, Size] | None:
    """Exact bytes of weights and activations, where code was compiled too."""
    at = run.find("Requested memory size by section")
    if at is None:
        return None
    found: dict[str, list[int]] = {}
    while "TOTAL" not in found:
        at = run.next(at)
        words = run.flat(at).rsplit(" ", 4)
        if len(words) == 5 and all(word[:1].isdecimal() for word in words[1:]):
            found[words[0]] = [run.count(word, at) for word in words[1:]]
    parts = [found.get(name) for name in ("RT total**", "weights", "activations", "io")]
    columns = [sum(column) for column in zip(*(part or [] for part in parts), strict=False)]
    if columns != found["TOTAL"]:
        raise run.strange("contradicts itself: sections and their total", at)
    return Size(sum(found["weights"])), Size(sum(found["activations"]))
