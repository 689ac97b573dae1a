"""What structures share of their expansion, against the same without anything shared."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from archc.driver import Lowered, Options
from archc.files import Loader
from archc.ir.graph import Graph
from archc.limits import DEFAULT_LIMITS, Limits
from archc.ops.base import Op
from archc.sema.expand import Expander
from archc.source import Source, Span
from archc.space import measure
from archc.space.atoms import Form, Guard
from archc.space.classes import Class
from archc.space.dimensions import Reader, grid
from archc.space.engine import Space
from archc.space.fragments import Sharing
from archc.space.symbolic import Number
from support.spaces import SPECS

CELLS = """
block wide(channels, stride = 1) { conv(channels, 3x3, stride) batchnorm relu6 }
block narrow(channels, stride = 1, part = 0.5) {
    skip(shortcut = conv(channels, 1x1, stride)) {
        conv(channels * part) relu conv(channels, 3x3, stride) batchnorm
    }
}
block gated(channels, stride = 1) {
    conv(channels, 3x3, stride)
    gate { global_average_pool(keepdims = true) conv(in.channels / 4) relu conv(in.channels) }
}
block grown(channels, stride = 1, growth = 2) {
    skip { conv(in.channels * growth) relu dwconv(3x3, stride) conv(channels) }
}
block choosy(channels, stride = 1) {
    conv(channels, 3x3, stride)
    if channels > 20 { relu } else { relu6 }
}
block raw(channels, stride = 1) { conv(channels, 3x3, stride) }
block normed(channels, stride = 1) { batchnorm relu conv(channels, 3x3, stride) }
block twice(channels, stride = 1) { conv(channels, 3x3, stride) relu }
"""
SPACES = {
    "units by stages": (
        """arch a(a = 1.0 in 0.1 .. 3.0, h = 32 in 8 .. 64, g = 2, n = 1, u = ds, v = ds, w = ds) {
    target stm32n6
    input image: h x 24 x 1
    stage s(channels = 16 * a, stride = 2) { u }
    stage p(channels = 16 * a) { conv(channels * g) relu conv(channels) }
    stage t(channels = 32 * a, stride = 2, repeat = 1 + n) { v }
    stage q(channels = 30, stride = 2) { w conv(channels) }
    stage r(channels = 8 * g) { if in.height > 3 { v } else { grown(growth = g) } }
    head { global_average_pool dense(7) sigmoid }
}""",
        (
            "u=[wide, choosy, narrow(part = 0.25), gated]",
            "v=[grown, narrow, wide]",
            "w=[ds, gated, grown(growth = 3), { conv(24, 3x3) relu6 }, bogus]",
            "n=[0, 2]",
            "a=0.1..2.0:0.1",
            "h=16..40",
            "g=1..3",
        ),
    ),
    "maps with names, outputs, and stages that read others": (
        """arch m(c = 16, h = 32, u = wide, v = wide, o = 8) {
    input image: h x h x 3
    stage stem(channels = c, stride = 2) { u as first v(channels, 1) }
    stage low(stride = 2) { v(c) as second split(2) as left, right add { left } { right } }
    output early { global_average_pool dense(o) }
    stage high(channels = c + 8) { u conv(channels) }
    stage joined { second conv(c) concat { conv(8) } { high conv(8) } { first conv(8, 1x1, 2) } }
    stage again { concat { conv(8) } { high conv(8) } }
    output late { global_average_pool dense(3) }
}""",
        ("u=[wide, gated, raw]", "v=[raw, narrow, normed]", "o=[8, 10]", "c=8..32:8", "h=16..24"),
    ),
    "layers of one name": (
        """arch clash(h = 16, c = 8, fine = true, u = wide, v = twice) {
    rounding(divisor = 4 if fine else 8)
    input image: h x h x 3
    stage a(channels = c) { u twice v }
    stage a_1_twice(channels = c, repeat = 3) { v conv(channels) relu }
    head { global_average_pool dense(4) }
}""",
        (
            "u=[wide, twice, gated]",
            "v=[conv, wide, twice]",
            "h=8..20",
            "c=6..24:2",
            "fine=[true, false]",
        ),
    ),
}


def shown(value: Any) -> Any:
    """A structure with nothing in it that has to be compared as a number."""
    if isinstance(value, Number):
        return "number", value.form, value.over
    if isinstance(value, Span):
        return value.source.name, value.source.text, value.start, value.end
    if isinstance(value, Op):
        return type(value), shown(value.values)
    if isinstance(value, dict):
        return [(name, shown(each)) for name, each in value.items()]
    if isinstance(value, tuple | list):
        return type(value), [shown(each) for each in value]
    return type(value), value


class Said(NamedTuple):
    """All that a class says, and the networks on the way to it."""

    figures: dict[str, int]
    guards: tuple[Guard, ...]
    outcomes: tuple[bool, ...]
    forms: tuple[Form, ...]
    fixed: frozenset[str]
    fault: tuple[str, str] | None
    verdict: str | None
    networks: object


def said(made: Class, graphs: list[Graph]) -> Said:
    fault = made.fault and (made.fault.code, made.fault.message)
    guards, forms, networks = made._guards, made._forms, shown(graphs)
    return Said(
        made.figures, guards, made.outcomes, forms, made.fixed, fault, made.verdict, networks
    )


def open_space(name: str, limits: Limits) -> Space:
    text, over = SPACES[name]
    loader, source = Loader(str(SPECS), [], limits), Source("spec.arch", text + CELLS)
    options = Options(limits=limits)
    empty = Space(loader, source, options, grid([]))
    assert not empty.failed
    reader = Reader(empty.home, empty.arch, limits)
    return Space(loader, source, options, grid([reader.over(each) for each in over]))


@pytest.fixture
def met(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Counter[str], list[Graph]]]:
    """How often something was expanded and used again, and the networks."""
    counts: Counter[str] = Counter()
    graphs: list[Graph] = []
    deploy, recorded, replayed = measure.deploy, Sharing._recorded, Sharing._replayed

    def deployed(*arguments: Any) -> Lowered | None:
        made = deploy(*arguments)
        if made is not None:
            graphs.append(made.graph)
        return made

    def record(self: Sharing, *arguments: Any) -> Any:
        counts["recorded"] += 1
        return recorded(self, *arguments)

    def replay(self: Sharing, *arguments: Any) -> Any:
        counts["replayed"] += 1
        return replayed(self, *arguments)

    monkeypatch.setattr(measure, "deploy", deployed)
    monkeypatch.setattr(Sharing, "_recorded", record)
    monkeypatch.setattr(Sharing, "_replayed", replay)
    return counts, graphs


FAULTS = {
    "units by stages": {"unknown_name"},
    "maps with names, outputs, and stages that read others": set(),
    "layers of one name": {"layer_name"},
}
STEPS = dict(zip(SPACES, (100, 118, 92), strict=True))
OPERATORS = dict(zip(SPACES, (27, 36, 17), strict=True))
"""Limits that some variants meet."""


@pytest.mark.parametrize("limit", ["", "steps", "operators"])
@pytest.mark.parametrize("name", SPACES)
def test_what_is_shared_is_what_is_expanded(
    name: str,
    limit: str,
    met: tuple[Counter[str], list[Graph]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Variants say the same and have the same networks whether anything is used again, structures
    in any order."""
    counts, graphs = met
    least = {"steps": STEPS[name], "operators": OPERATORS[name]}
    limits = DEFAULT_LIMITS._replace(**{limit: least[limit]} if limit else {})

    def run(rows: list[int]) -> list[Said]:
        made, every = open_space(name, limits), []
        for row in rows:
            graphs.clear()
            known, _ = made.of(row)
            every.append(said(known, graphs))
        return every

    chance, sizes = random.Random(name), open_space(name, DEFAULT_LIMITS).grid
    rows = [chance.randrange(sizes.size) for _ in range(30)]
    rows += [row // sizes.inner * sizes.inner + chance.randrange(sizes.inner) for row in rows[:12]]
    shared = run(rows)
    assert counts["replayed"] > counts["recorded"] / 4, counts
    with monkeypatch.context() as alone:
        alone.setattr(measure, "Sharing", lambda model, reporter, trace: Expander(model, reporter))
        expected = run(rows)
    for row, one, other in zip(rows, shared, expected, strict=True):
        assert one == other, row
    met_faults = {each.fault[0] for each in expected if each.fault is not None}
    assert any(each.figures for each in expected)
    assert met_faults == FAULTS[name] | ({"limit"} if limit else set())
