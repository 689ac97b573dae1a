"""Which networks are called unrelated, and which parts of two are the same."""

import random
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import pytest

from archc.models.verify.align import Item, align, canonical, unrelated
from support import mlperf, shipped

NAMES = (*shipped.NAMES, *mlperf.NETWORKS)


def manifest(name: str) -> dict[str, Any]:
    return (mlperf if name in mlperf.NETWORKS else shipped).compiled(name).manifest


def operators(name: str) -> list[Item]:
    sequence = manifest(name)["deployed"]["sequence"]
    return [Item(one["operator"], tuple(one["output_shape"])) for one in sequence]


def layers(name: str) -> list[Item]:
    return [Item(row["class_name"], tuple(row["output_shape"])) for row in manifest(name)["layers"]]


def family(name: str) -> str:
    """MLPerf Tiny's person detector is a MobileNetV1 of another size."""
    return {"vww": "mobilenet_v1"}.get(name, name.split("_a")[0])


@pytest.mark.parametrize("parts", [operators, layers])
def test_networks_of_different_families_are_unrelated(parts: Callable[[str], list[Item]]) -> None:
    for a, b in combinations(NAMES, 2):
        if family(a) != family(b):
            ours, theirs = parts(a), parts(b)
            assert unrelated(ours, theirs, align(ours, theirs)), (a, b)


@pytest.mark.parametrize("parts", [operators, layers])
@pytest.mark.parametrize("edits", [1, 2, 3])
def test_a_network_with_a_few_edits_is_related(
    parts: Callable[[str], list[Item]], edits: int
) -> None:
    rng = random.Random(edits)
    for name in NAMES:
        for _ in range(5):
            ours, theirs = parts(name), parts(name)
            for _ in range(edits):
                edit(theirs, rng)
            assert not unrelated(ours, theirs, align(ours, theirs)), name


def edit(parts: list[Item], rng: random.Random) -> None:
    """Put in, take out or replace one, or double every extent from one on."""
    at = rng.randrange(len(parts))
    kind = rng.choice(["insert", "delete", "replace", "double"])
    if kind == "insert":
        parts.insert(at, Item("OTHER", (1,)))
    elif kind == "delete":
        del parts[at]
    elif kind == "replace":
        parts[at] = Item("OTHER", parts[at].shape)
    else:
        parts[at:] = [
            Item(one.operator, tuple(2 * extent for extent in one.shape)) for one in parts[at:]
        ]


def items(text: str) -> list[Item]:
    return [Item(one[0], tuple(map(int, one[1:]))) for one in text.split()]


@pytest.mark.parametrize(
    ("expected", "found", "pairs"),
    [
        ("a1 b2 c3", "a1 b2 c3", [(0, 0), (1, 1), (2, 2)]),
        ("a1 b2 c3", "a1 c3", [(0, 0), (1, None), (2, 1)]),
        ("a1 c3", "a1 b2 c3", [(0, 0), (None, 1), (1, 2)]),
        ("a1 b2 c3", "a1 b4 c3", [(0, 0), (1, 1), (2, 2)]),
        ("a1 b2 c3", "a1 d2 c3", [(0, 0), (1, None), (None, 1), (2, 2)]),
    ],
)
def test_pairs(expected: str, found: str, pairs: Sequence[tuple[int | None, int | None]]) -> None:
    made = align(items(expected), items(found))
    assert sorted(made.pairs, key=str) == sorted(pairs, key=str)
    assert made.moved == ()


def test_what_has_moved_is_paired() -> None:
    made = align(items("a1 b2 c3 d4 e5"), items("a1 e5 b2 c3 d4 f6"))
    assert made.moved == ((4, 1),)
    assert (None, 5) in made.pairs


def test_the_order_of_branches_does_not_touch_the_canonical_one() -> None:
    """A merge of a long branch and a short one, either read first."""
    long_first = canonical([(), (0,), (1,), (0,), (2, 3)], [0, 5, 5, 1, 0])
    short_first = canonical([(), (0,), (0,), (2,), (1, 3)], [0, 1, 5, 5, 0])
    assert long_first == [0, 1, 2, 3, 4]
    assert short_first == [0, 2, 3, 1, 4]
