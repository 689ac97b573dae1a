"""Plans of many variants at once against those of one network after another."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.analysis.arena import Block, plan_end
from archc.analysis.latency.model import Area, Memories
from archc.analysis.latency.placement import Need, place
from archc.space.arrays import ARRAYS, Shared
from archc.space.atoms import Axis
from archc.space.placing import Placer
from archc.space.planner import Planner
from archc.space.symbolic import parameter
from archc.space.trace import Trace

np = pytest.importorskip("numpy")

ROWS = (3, 5)
MOST = 60


def sizes(chance: random.Random, count: int) -> list[Any]:
    """Arrays that broadcast to the rows; plain numbers among them."""
    shapes = ((), (1, 5), (3, 1), ROWS)
    made = [np.array(chance.choices(range(1, MOST + 1), k=15)).reshape(ROWS) for _ in range(count)]
    cuts = [chance.choice(shapes) for _ in range(count)]
    return [
        int(each[0, 0]) if not cut else each[: cut[0], : cut[1]]
        for each, cut in zip(made, cuts, strict=True)
    ]


def lives(chance: random.Random, count: int) -> list[tuple[int, int]]:
    every = [sorted(chance.choices(range(6), k=2)) for _ in range(count)]
    return [(first, last) for first, last in every]


def by_row(values: list[Any]) -> list[list[int]]:
    columns = [np.broadcast_to(each, ROWS).ravel().tolist() for each in values]
    return [list(row) for row in zip(*columns, strict=True)]


def board(chance: random.Random) -> Memories:
    """One or two areas of two banks each, sometimes with memory outside."""
    banks, areas, start = [], [], 0
    for _ in range(chance.randrange(3)):
        first = start
        for _ in range(2):
            banks.append(Area(start, start + chance.randrange(20, 80)))
            start = banks[-1].end
        areas.append(Area(first, start))
    outside = tuple([("ram", Area(0, 150))] * chance.randrange(2))
    chance.shuffle(banks)
    bank = min([each.end - each.start for each in banks], default=0)
    return Memories(tuple(banks), tuple(areas), (), bank, (), outside)


@given(st.integers(0, 2**32))
def test_buffers(seed: int) -> None:
    chance, trace = random.Random(seed), Trace()
    count, shared, memories = chance.randrange(1, 8), Shared(), board(chance)
    numbers = [parameter(trace, Axis(f"a{at}", 1, 1, 1, MOST - 1), 1) for at in range(count)]
    leasts = [chance.choice((0, 0, 30)) for _ in range(count)]
    every = [
        Need(number, *life, index, index, least)
        for index, (number, life, least) in enumerate(
            zip(numbers, lives(chance, count), leasts, strict=True)
        )
    ]
    placer = Placer(trace, every, lambda number: number.form, memories)
    for _ in range(2):
        values = sizes(chance, count)
        for on in (ARRAYS, shared, shared):
            plan = placer.arrays(values, on)
            own = [[each.offset, each.external, each.homeless] for each in plan.places]
            table = by_row([plan.internal, plan.external, *[each for row in own for each in row]])
            for row, said in zip(by_row(values), table, strict=True):
                wanted = [need._replace(bytes=size) for need, size in zip(every, row, strict=True)]
                counts = [at for at, each in enumerate(wanted) if each.bytes >= each.least]
                truth = place([wanted[at] for at in counts], memories)
                assert said[:2] == [truth.internal, truth.external]
                for at, one in zip(counts, truth.places, strict=True):
                    assert tuple(said[2 + 3 * at : 5 + 3 * at]) == one[1:]


@given(st.integers(0, 2**32))
def test_blocks(seed: int) -> None:
    chance, trace = random.Random(seed), Trace()
    count, shared = chance.randrange(2, 9), Shared()
    numbers = [parameter(trace, Axis(f"a{at}", 1, 1, 1, MOST - 1), 1) for at in range(count)]
    alive = lives(chance, count)
    made = numbers[0].planned([16 * number for number in numbers], tuple(alive))
    planner = Planner(trace, made.terms[0][0])
    for _ in range(2):
        values = sizes(chance, count)
        truth = [
            plan_end([Block(16 * size, *life) for size, life in zip(row, alive, strict=True)])
            for row in by_row(values)
        ]
        for on in (ARRAYS, shared, shared):
            ends = planner.arrays([16 * each for each in values], on)
            assert np.broadcast_to(ends, ROWS).ravel().tolist() == truth
