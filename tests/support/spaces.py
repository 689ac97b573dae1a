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


_PARTS = (
    "conv(in.channels * e) batchnorm relu6",
    "conv(in.channels * e, k) batchnorm relu",
    "dwconv(k, stride, dilation = d) batchnorm hard_swish",
    "conv(channels, k, stride) relu",
    "if e > 2 { se(reduction = 4) }",
    "if k == 3x3 { relu } else { conv(in.channels / f) }",
    "zero_pad(p)",
)
_NUMBERS = {
    "e": ("0.5", "1", "1.5", "2", "3", "4", "6"),
    "k": ("1x1", "3x3", "5x5", "7x7", "3x5"),
    "f": ("1", "2", "4"),
    "p": ("0", "1", "2"),
    "d": ("1", "2"),
}


def _block(name: str, chance: random.Random) -> str:
    """The declaration of a block of random parts with random defaults."""
    defaults = ", ".join(f"{each} = {chance.choice(_NUMBERS[each])}" for each in _NUMBERS)
    body = " ".join([each for each in _PARTS if chance.random() < 0.4] + ["conv(channels)"])
    body = f"skip {{ {body} }}" if chance.random() < 0.5 else body
    return f"block {name}(channels, stride = 1, {defaults}) {{ {body} }}"


_CALLS = (
    "UNIT(e = 2)",
    "UNIT(channels, 1, 2)",
    "outer(channels, UNIT) conv(channels)",
    "skip(shortcut = UNIT) { conv(channels, 3x3) }",
)
"""Of a block that is a parameter, where what is bound in it makes a difference."""


def families(chance: random.Random) -> tuple[str, list[str]]:
    """A spec of stages whose blocks are parameters, and values of them, of which many differ in
    numbers alone."""

    def value(name: str) -> str:
        chosen = [each for each in _NUMBERS if chance.random() < 0.3]
        numbers = ", ".join(f"{each} = {chance.choice(_NUMBERS[each])}" for each in chosen)
        return f"{name}({numbers})" if numbers else name

    stages, over, odd = [], [], chance.choice(("u", "v", "w", ""))
    for unit in ("u", "v", "w"):
        given = f"channels = {chance.choice((8, 16, 24))} * r"
        call = unit
        if unit == odd:
            call = chance.choice(_CALLS).replace("UNIT", unit)
        else:
            given += f", stride = {chance.choice((1, 2))}"
        stages.append(f"stage {unit}{unit}({given}) {{ {call} }}")
        names = chance.choice(("aaaaa", "bbbbb", "aabbb"))
        other = chance.choice(("", ", ds", ", ir, ir(expansion = 2)", ", conv, conv(kernel = 3x3)"))
        over.append(f"{unit}=[{', '.join(map(value, names))}{other}]")
    text = (
        f"{_block('a', chance)}\n{_block('b', chance)}\n"
        "block outer(channels, inner = a in [a, a(e = 2), b, b(k = 3x3), ds]) { inner(channels) }\n"
        "arch t(r = 1.0, h = 24, u = ds, v = ds, w = ds) {\n    target stm32n6\n"
        f"    input image: h x {chance.choice(('h', '20'))} x 3\n    {' '.join(stages)}\n"
        f"    head {{ {chance.choice(('global_average_pool', 'flatten'))} dense(5) sigmoid }}\n}}\n"
    )
    return text, [*over, "r=0.25..2.0:0.25", "h=12..40"]


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
