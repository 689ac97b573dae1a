"""Specs with whole numbers turned into parameters, and variants compared with full compiles."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

from archc.analysis.latency.estimate import GRADES
from archc.driver import Options
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.space.dimensions import Dimension, Reader, grid
from archc.space.engine import MISSING, VERDICTS, Batch, Space
from archc.space.measure import published
from archc.syntax.parse import read_file
from support.strategies import tokens

SPECS = Path(__file__).resolve().parents[2] / "specs"


def space(text: str, *over: str, arch: str | None = None, folder: Path = SPECS) -> Space:
    """The space of a spec over some parameters."""
    loader, source = Loader(str(folder), [], DEFAULT_LIMITS), Source("spec.arch", text)
    options = Options(arch=arch)
    empty = Space(loader, source, options, grid([]))
    reader = Reader(empty.home, empty.arch, DEFAULT_LIMITS)
    dimensions: list[Dimension] = [reader.over(each) for each in over]
    return Space(loader, source, options, grid(dimensions))


def opened(text: str, chance: random.Random, most: int = 4) -> tuple[str, str, list[str]] | None:
    """A spec with some of the whole numbers of its first arch turned into parameters; which arch
    that is; and values around each."""
    parsed = read_file(Source("spec.arch", text), DEFAULT_LIMITS)
    if parsed.faults or not parsed.file.archs:
        return None
    arch = parsed.file.archs[0]
    start, end = arch.name.span.end, arch.span.end
    pieces, at, places = tokens(text), 0, []
    for index, piece in enumerate(pieces):
        if start <= at < end and re.fullmatch("[0-9]{1,3}", piece):
            places.append(index)
        at += len(piece)
    chosen = sorted(chance.sample(places, min(len(places), most)))
    if not chosen:
        return None
    over, declared = [], []
    for number, index in enumerate(chosen):
        value, name = int(pieces[index]), f"zz{number}"
        near = {value, value + 1, value + 2, value + 8, 2 * value, abs(value - 1), abs(value - 7)}
        over.append(f"{name}=[{', '.join(map(str, sorted(near)))}]")
        declared.append(f"{name} = {value}")
        pieces[index] = f"({name})"
    before = len("".join(tokens(text[:start])))
    changed = "".join(pieces)
    head, rest = changed[:before], changed[before:]
    inner = rest.lstrip()
    if inner.startswith("("):
        rest = f"({', '.join(declared)}, {inner[1:]}"
    else:
        rest = f"({', '.join(declared)}) {inner}"
    return head + rest, arch.name.text, over


def agree(made: Space, rows: Sequence[int]) -> int:
    """Check that variants are what full compiles say; how many of them have a network."""
    import numpy as np

    networks = 0
    for batch in made.chosen(np.array(sorted(rows))):
        for place, row in enumerate(batch.rows):
            networks += _agrees(made, batch, place, int(row))
    return networks


def _agrees(made: Space, batch: Batch, place: int, row: int) -> bool:
    variant = made.compile(row)
    errors = [d for d in variant.compilation.diagnostics if d.level == "error"]
    assert bool(batch.valid[place]) == all(d.code == "budget" for d in errors), variant.settings
    assert bool(batch.network[place]) == (variant.network is not None), variant.settings
    figures = made.figures(row)
    if variant.network is None:
        assert figures is None
        return False
    truth = published(variant.network.manifest)
    said = {name: int(column[place]) for name, column in batch.figures.items()}
    assert {name: value for name, value in said.items() if value >= 0} == truth, variant.settings
    assert figures == truth, variant.settings
    judged = variant.network.manifest["target"]
    assert VERDICTS[batch.verdicts[place]] == (judged and judged["verdict"]), variant.settings
    time, grade = variant.network.manifest["deployed"]["latency"], int(batch.grades[place])
    assert (None if grade == MISSING else GRADES[grade][0]) == (time and time["grade"])
    assert bool(batch.within[place]) == all(d.code != "budget" for d in errors)
    return True
