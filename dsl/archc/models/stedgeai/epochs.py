"""The schedule that the NPU compiler makes: `Epochs details`, in one layout up to 2.2 and another
from 3.0."""

import re

from archc.models.stedgeai.console import Lines
from archc.models.stedgeai.layout import Epoch, EpochKind

_KINDS: dict[str, EpochKind] = {
    "HW": "hw",
    "SW": "sw",
    "EC": "ec",
    "Hybrid": "hybrid",
    "??": "hybrid",
}
"""2.1 prints `??` for what the `c_info.json` beside it calls NODE_SW_HW (YOLOv8n-pose)."""
_MOST = 100_000
"""Epochs that one line of the table may stand for."""


def epochs(run: Lines) -> tuple[tuple[Epoch, ...], int]:
    """Every epoch of a compile, in order, and how many run in hardware alone.

    That number can be smaller than those listed: a range of them, which the epoch controller runs
    as one, holds some that are not executed.
    """
    at = run.next(run.need("Epochs details", "the NPU part is missing"))
    first = run.next(at)
    old = re.fullmatch(
        r"Total number of epochs: ([0-9,]+) of which ([0-9,]+) implemented in software",
        run.flat(first),
    )
    if old:
        said = [run.count(old[1], first), run.count(old[2], first)]
        found = _lines(run, first)
        counted = [len(found), sum(epoch.kind == "sw" for epoch in found)]
    else:
        said = _totals(run, first)
        found = _table(run, first + 3)
        kinds = [epoch.kind for epoch in found]
        alone = kinds.count("hw") + kinds.count("ec")
        if any("->" in run.text(at) for at in range(first, len(run))) and said[3] <= alone:
            alone = said[3]
        counted = [alone + kinds.count("sw") + kinds.count("hybrid")]
        counted += [kinds.count("sw"), kinds.count("hybrid"), alone]
    if said != counted:
        raise run.strange("contradicts itself: epochs and their number", first)
    in_hardware = said[3] if not old else sum(epoch.kind in ("hw", "ec") for epoch in found)
    return found, in_hardware


def _lines(run: Lines, at: int) -> tuple[Epoch, ...]:
    """Up to 2.2: `epoch 56     -SW-   (      Softmax       )`."""
    at = run.next(at)
    if run.flat(at) == "---":  # logs leave it blank
        at = run.next(at)
    if run.flat(at) != "epoch ID HW/SW/EC Operation (SW only)":
        raise run.strange("has epochs of another form", at)
    found: list[Epoch] = []
    while True:
        at = run.next(at)
        text = run.flat(at)
        if set(text) == {"="}:
            return tuple(found)
        matched = re.fullmatch(r"epoch ([0-9]+) (-?)(HW|SW|EC|\?\?)\2(?: \((.*)\))?", text)
        if not matched:
            raise run.strange("has an epoch of another form", at)
        kind, operation = _KINDS[matched[3]], (matched[4] or "").strip()
        found.append(Epoch(run.count(matched[1], at), kind, operation))


def _totals(run: Lines, at: int) -> list[int]:
    """From 3.0: how many there are, in software, hybrid and in hardware."""
    counts = []
    for pattern in (
        r"Total number of epochs ([0-9,]+)",
        r">> pure software \(SW\) epochs ([0-9,]+)",
        r">> hybrid epochs \(using both software and hardware\) ([0-9,]+)",
        r">> pure hardware \(HW or EC\) epochs ([0-9,]+)(?: \(.*\))?",
    ):
        matched = re.fullmatch(pattern, run.flat(at)) if at < len(run) else None
        if not matched:
            raise run.strange("has epochs of another form", min(at, len(run) - 1))
        counts.append(run.count(matched[1], at))
        at += 1
    return counts


def _table(run: Lines, at: int) -> tuple[Epoch, ...]:
    """From 3.0: `| epoch_11 |   SW   |    Softmax     |`, and `| epochs 2 -> 6 | EC | |` of those
    that the epoch controller runs as one."""
    found: list[Epoch] = []
    while True:
        at = run.next(at)
        text = run.flat(at)
        if set(text) == {"="}:
            return tuple(found)
        if text == "---" or set(text) <= {"+", "-"}:
            continue
        cells = [cell.strip() for cell in text.split("|")]
        if cells[1:2] in (["epoch ID"], ["<no executed epochs>"]):
            continue
        if len(cells) != 5 or cells[0] or cells[4]:
            raise run.strange("has an epoch of another form", at)
        named = re.fullmatch(r"epoch_([0-9]+)|epochs +([0-9]+) -> ([0-9]+)", cells[1])
        if not named or cells[2] not in _KINDS:
            raise run.strange("has an epoch of another form", at)
        first = run.count(named[1] or named[2], at)
        last = run.count(named[1] or named[3], at)
        if not first <= last < first + _MOST:
            raise run.strange("has an epoch of another form", at)
        kind = _KINDS[cells[2]]
        found += [Epoch(name, kind, cells[3]) for name in range(first, last + 1)]
