"""The planner against one that is plainly what TensorFlow Lite for Microcontrollers does."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.analysis.arena import Block, place
from support.profiles import share


def plainly(blocks: list[Block]) -> list[int]:
    """The same plan, every block checked against every one placed before it."""
    placed: list[tuple[int, int, Block]] = []
    offsets = [0] * len(blocks)
    sizes = [(block.bytes + 15) // 16 * 16 for block in blocks]
    for index in sorted(range(len(blocks)), key=lambda i: (sizes[i], i), reverse=True):
        block, start = blocks[index], 0
        for other_start, other_end, other in sorted(placed):
            if other.first <= block.last and other.last >= block.first:
                if other_start - start >= sizes[index]:
                    break
                start = max(start, other_end)
        offsets[index] = start
        placed.append((start, start + sizes[index], block))
    return offsets


@st.composite
def blocks(draw: st.DrawFn) -> list[Block]:
    steps = draw(st.integers(1, 40))
    size = st.one_of(st.integers(1, 5), st.integers(1, 2_000), st.sampled_from([16, 64, 256]))
    return [
        Block(draw(size), first, draw(st.integers(first, steps - 1)))
        for first in draw(st.lists(st.integers(0, steps - 1), max_size=30))
    ]


@share(1)
@given(blocks())
def test_it_is_the_greedy_plan(given: list[Block]) -> None:
    assert place(given) == plainly(given)


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_greedy_plan_over_many_steps(seed: int) -> None:
    """Enough steps for those that are sampled, and lives of all lengths."""
    random = Random(seed)
    given = []
    for _ in range(400):
        first = random.randrange(600)
        last = min(first + int(600 ** random.random()), 599)
        given.append(Block(random.choice([16, 48, 200, random.randrange(1, 9_000)]), first, last))
    assert place(given) == plainly(given)


def test_what_it_does_is_what_is_written() -> None:
    assert place([]) == []
    # By size, of equal ones the last first; one of 32 goes where one of 64 is no longer alive.
    given = [Block(16, 0, 1), Block(64, 0, 0), Block(64, 0, 1), Block(32, 1, 1)]
    assert place(given) == [128, 64, 0, 64]
    assert place([Block(17, 0, 0), Block(1, 0, 0)]) == [0, 32]


def test_ten_thousand_tensors() -> None:
    """Shapes of networks with nothing to reuse, and with everything: what they add up to."""
    count = 10_000
    chain = place([Block(16 * (1 + i % 7), i, i + 1) for i in range(count)])
    assert max(chain) <= 16 * 7
    dense = place([Block(16 * (1 + i % 7), i, count) for i in range(count)])
    assert len(set(dense)) == count
    nested = place([Block(16, i, 2 * count - i) for i in range(count)])
    assert sorted(nested) == [16 * i for i in range(count)]
