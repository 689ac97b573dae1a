"""Pools of a board by a second reckoning, byte by byte; and the support table of a small target."""

from random import Random

import pytest

from archc.analysis.latency import Area, Layout
from archc.analysis.latency.model import Buffer
from archc.source import Source
from archc.targets.builtin import builtin
from archc.targets.model import Board, Pool, Reference
from archc.targets.pools import _weights, memories, uses
from archc.targets.support import support_text
from archc.targets.target import parse_target

TARGET = builtin("stm32n6")
SOURCE = Reference("a test", "B")


def pool(name: str, size: int, holds: str = "activations", external: bool = False) -> Pool:
    return Pool(name, size, 0, holds, external)


ON_CHIP = (pool("a", 40), pool("b", 10), pool("c", 30), pool("d", 20))
OUTSIDE = (pool("x", 25, external=True), pool("y", 50, external=True))
WEIGHTS = (pool("w", 100, "weights", True), pool("v", 30, "weights"), pool("u", 60, "weights"))


def board(*pools: Pool, fill: tuple[str, ...] = (), areas: tuple[tuple[str, ...], ...] = (),
          reserve: int = 0) -> Board:  # fmt: skip
    return Board("one", "a board", pools, SOURCE, fill, areas, reserve)


def test_where_pools_lie() -> None:
    found = memories(board(*ON_CHIP, *OUTSIDE, *WEIGHTS, fill=("c", "v", "a"),
                           areas=(("b", "a"), ("c", "d")), reserve=4), ("d", "w", "b"))  # fmt: skip
    at = {"b": Area(0, 10), "a": Area(10, 46), "c": Area(50, 80), "d": Area(80, 96)}
    assert dict(found.names) == at
    assert found.banks == (at["c"], at["a"], at["b"], at["d"])
    assert found.areas == (Area(0, 46), Area(50, 96))
    assert found.slow == (at["d"], at["b"])
    assert found.bank == 10
    assert found.outside == (("x", Area(0, 25)), ("y", Area(25, 75)))


def test_where_no_areas_are_given_there_is_one() -> None:
    found = memories(board(*ON_CHIP), ())
    assert found.areas == (Area(0, 100),)
    assert [area.start for area in found.banks] == [0, 40, 50, 80]
    empty = memories(board(*OUTSIDE), ())
    assert (empty.areas, empty.banks, empty.bank, empty.names) == ((), (), 0, ())


def test_the_rooms_of_a_board() -> None:
    assert board(*ON_CHIP, areas=(("b", "d"), ("a", "c")), reserve=3).rooms == (67, 27)
    assert board(*ON_CHIP, *OUTSIDE).rooms == (100,)


@pytest.mark.parametrize("amount", [0, 1, 29, 30, 31, 89, 90, 91, 189, 190, 191, 500])
@pytest.mark.parametrize("fill", [(), ("u",), ("w", "u")])
def test_weights_fill_one_pool_after_another(amount: int, fill: tuple[str, ...]) -> None:
    first, second = ("u", "v") if fill else ("v", "u")  # on chip before what is external
    sizes = {each.name: each.bytes for each in WEIGHTS}
    expected = {first: min(amount, sizes[first])}
    expected[second] = min(amount - expected[first], sizes[second])
    expected["w"] = amount - expected[first] - expected[second]
    assert _weights(board(*WEIGHTS, fill=fill), amount) == expected


@pytest.mark.parametrize("seed", range(25))
def test_what_a_plan_puts_into_pools(seed: int) -> None:
    random = Random(seed)
    made = board(*ON_CHIP, *OUTSIDE[: seed % 3], *WEIGHTS, areas=(("b", "a"), ("c", "d")),
                 reserve=seed % 2)  # fmt: skip
    room = {False: 100, True: sum(each.bytes for each in OUTSIDE[: seed % 3])}
    buffers = []
    for _ in range(random.randrange(6)):
        external = bool(room[True]) and random.random() < 0.4
        start = random.randrange(room[external])
        size = random.randrange(1, room[external] - start + 1)
        buffers.append(Buffer(0, "map", size, 0, 0, start, external, ()))
    held = {external: {byte for each in buffers if each.external == external
                       for byte in range(each.offset, each.offset + each.bytes)}
            for external in (False, True)}  # fmt: skip
    beyond = random.choice((0, 7))  # finds no room anywhere
    layout = Layout(tuple(buffers), len(held[False]), len(held[True]) + beyond, False, 50)
    places = memories(made, ())
    expected = {name: len(held[False] & set(range(area.start, area.end)))
                for name, area in places.names}  # fmt: skip
    expected |= {name: len(held[True] & set(range(area.start, area.end)))
                 for name, area in places.outside}  # fmt: skip
    last = (*places.names, *places.outside)[-1][0]
    expected[last] += beyond
    expected |= {"v": 30, "u": 20, "w": 0}
    found = uses(TARGET, made, layout)
    assert {each.name: each.used for each in found} == expected
    assert [each.name for each in found] == [each.name for each in made.pools]
    for each in found:
        assert each.estimate == (TARGET.estimates[each.holds] if each.used else None)


SMALL = """
name = "mine"
title = "a device"
analyzer = "measure it"
default_board = "two"
[sources.me]
text = "measured"
confidence = "B"
[estimates]
peak = "within a tenth"
[demanded]
layers = ["dense", "conv"]
operators = ["FULLY_CONNECTED", "CONV_2D"]
border = ["QUANTIZE"]
source = "me"
[[tiers]]
name = "fast"
meaning = "runs"
operators = ["CONV_2D"]
layers = ["relu"]
classes = ["Mine"]
rule = "aligned"
otherwise = "waits"
source = "me"
[[tiers]]
name = "no"
meaning = "does not run"
operators = ["SOFTMAX"]
layers = ["softmax"]
allowed = false
source = "me"
[[rules]]
name = "aligned"
check = "alignment"
level = "error"
overrule = true
limits = { multiple = 4 }
statement = "multiples of {multiple}"
message = "{channels} is no multiple of {multiple}"
source = "me"
[[rules]]
name = "strides"
check = "stride"
level = "note"
limits = { preferred = [1, 2] }
statement = "strides of {preferred}"
message = "{stride}"
source = "me"
[boards.one]
title = "a board"
source = "me"
pools = [{ name = "ram", kib = 64, base = 4096, holds = "activations" }]
[boards.two]
title = "another board"
source = "me"
fill = ["b", "a"]
areas = [["a", "b"], ["c"]]
reserve = 8
pools = [
    { name = "a", kib = 1024, base = 0, holds = "activations" },
    { name = "b", kib = 64, base = 65536, holds = "activations" },
    { name = "c", kib = 1, base = 0, holds = "activations" },
    { name = "flash", kib = 2048, base = 0, holds = "weights", external = true },
]
"""

TABLE = """
No permission needed
--------------------
  layers    conv, dense
  device    CONV_2D, FULLY_CONNECTED
  border    QUANTIZE
      [B] measured

Operators of the language
-------------------------
  free      conv, dense
  no trace  dropout, spatial_dropout
  by allow  ALLOWED
  never     softmax

How the device treats operators
-------------------------------
  runs, else waits:
    CONV_2D, relu, Mine
      [B] measured
  does not run:
    SOFTMAX, softmax
      [B] measured

Errors
------
  aligned (a spec may allow it)
    multiples of 4
      [B] measured

Notes
-----
  strides
    strides of 1 and 2
      [B] measured

Boards
------
  two (default): another board
    a              1,024 KiB  0x00000000  on chip, activations
    b                 64 KiB  0x00010000  on chip, activations
    c                  1 KiB  0x00000000  on chip, activations
    flash          2,048 KiB  0x00000000  external, weights
    on chip        1,089 KiB  for activations
    filled in the order b, a
    a buffer fits within a to b or within c, less 8 bytes each
      [B] measured
  one: a board
    ram               64 KiB  0x00001000  on chip, activations
    on chip           64 KiB  for activations
      [B] measured

How good estimates are
----------------------
  peak: within a tenth

Confirm with: measure it"""


def test_the_support_table_of_a_small_target() -> None:
    text = support_text(parse_target(Source("mine.toml", SMALL)), 1_000)
    assert text.startswith("mine: a device\n")
    lines = [("  by allow  ALLOWED" if line.startswith("  by allow") else line)
             for line in text.splitlines()[1:]]  # fmt: skip
    assert "\n".join(lines) == TABLE
    narrow = support_text(parse_target(Source("mine.toml", SMALL)), 40)
    assert "\n  runs, else waits:\n    CONV_2D, relu, Mine\n" in narrow
    wrapped = [line for line in narrow.splitlines() if " KiB  " not in line]
    assert max(map(len, wrapped)) <= 40
