"""What makes two statements alike, and how sequences of them are laid beside each other."""

from collections.abc import Sequence
from itertools import pairwise

from archc.models.decompiler.blocks import Call
from archc.models.decompiler.structure import Body, Item, Leaf, Merge

Token = tuple[object, ...]

VARIABLE = {
    "conv": ("channels", "kernel", "stride", "padding"),
    "conv_transpose": ("channels", "kernel", "stride", "padding"),
    "dwconv": ("kernel", "stride", "padding"),
    "dense": ("units",),
    "dropout": ("rate",),
    "spatial_dropout": ("rate",),
    "reshape": ("shape",),
    "slice": ("first", "count"),
}
"""Arguments in which operators that are alike may differ."""
ACTIVATIONS = frozenset({"relu6", "relu", "hard_swish", "swish", "gelu", "tanh", "elu"})
"""Operators that stand for one another as an `activation`."""
CONVOLUTIONS = ("conv", "conv1", "dwconv")
BELONGING = ("activation", "batchnorm")
"""What belongs to the statement before it."""


def token(item: Item) -> Token:
    """What has to be equal for two items to be the same statement of a block."""
    if isinstance(item, Leaf):
        return _leaf(item)
    if isinstance(item, Call):
        return ("call", item.block.name)
    assert isinstance(item, Merge)
    if item.keyword == "skip" and item.cluster is not None:
        return ("skip", item.cluster)
    bodies = tuple(map(_body, item.bodies))
    return (item.keyword, bodies, item.shortcut_first, item.shortcut and _body(item.shortcut))


def _body(body: Body) -> Token:
    return (body.start is not None, *map(token, body.items))


def _leaf(item: Leaf) -> Token:
    keyword = item.keyword
    if keyword in ACTIVATIONS and not any(item.values.values()):
        return ("activation",)
    varies = VARIABLE.get(keyword, ())
    fixed = tuple((name, value) for name, value in item.values.items() if name not in varies)
    kind = "conv1" if keyword == "conv" and item.values["kernel"] == (1, 1) else keyword
    padding = "same" if item.padded else item.values.get("padding")
    rank = len(item.values["shape"]) if keyword == "reshape" else None
    bias = (item.bias, item.values["bias"] if keyword == "dense" else None)
    fixed = tuple(one for one in fixed if one[0] != "bias")
    return (kind, padding, rank, bias, fixed)


def tokens(items: Sequence[Item]) -> list[Token]:
    return list(map(token, items))


def kind(token_: Token) -> object:
    return token_[0]


def common(first: Sequence[Token], second: Sequence[Token]) -> list[tuple[int, int]]:
    """A longest common subsequence, as pairs of places."""
    rows, columns = len(first), len(second)
    length = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in reversed(range(rows)):
        for j in reversed(range(columns)):
            same = length[i + 1][j + 1] + 1 if first[i] == second[j] else 0
            length[i][j] = max(length[i + 1][j], length[i][j + 1], same)
    pairs = []
    i = j = 0
    while i < rows and j < columns:
        if first[i] == second[j] and length[i][j] == length[i + 1][j + 1] + 1:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif length[i + 1][j] >= length[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def gaps(count: int, matched: set[int]) -> int:
    """How many stretches of ``count`` places are not matched."""
    missing = [place not in matched for place in range(count)]
    return sum(missing[:1]) + sum(now and not before for before, now in pairwise(missing))


def merged(
    first: Sequence[Token], second: Sequence[Token], pairs: Sequence[tuple[int, int]]
) -> list[Token]:
    """A supersequence of both in which what is common stands once."""
    made: list[Token] = []
    i = j = 0
    for a, b in (*pairs, (len(first), len(second))):
        made += [*first[i:a], *second[j:b], *first[a : a + 1]]
        i, j = a + 1, b + 1
    return made


def united(first: list[Token], second: list[Token]) -> list[Token] | None:
    """A supersequence of two that are alike enough to be one block: half of the longer one is
    common, it is interrupted at most twice, and none has kernels of its own but to widen."""
    pairs = common(first, second)
    hits = {a for a, _ in pairs}, {b for _, b in pairs}
    if len(pairs) * 2 < max(len(first), len(second)):
        return None
    if gaps(len(first), hits[0]) > 2 or gaps(len(second), hits[1]) > 2:
        return None
    if not any(kind(first[a]) in (*CONVOLUTIONS, "call") for a, _ in pairs):
        return None
    if not (widens_alone(first, hits[0]) and widens_alone(second, hits[1])):
        return None
    return merged(first, second, pairs)


def widens_alone(whole: Sequence[Token], hits: set[int]) -> bool:
    """Whether of the kernels of a sequence none is missing but a pointwise one that it begins with,
    as an inverted residual begins by widening. Others make another kind of block."""
    missing = [place for place in range(len(whole)) if place not in hits]
    return all(
        kind(whole[place]) not in CONVOLUTIONS or (place == 0 and kind(whole[place]) == "conv1")
        for place in missing
    )


def aligned(sequences: Sequence[Sequence[Item] | None]) -> list[list[Item | None]]:
    """Sequences side by side: for every place the item of each of them, or None."""
    known = [tokens(items) for items in sequences if items is not None]
    whole = max(known, key=len)
    for one in known:
        if one != whole:
            whole = merged(whole, one, common(whole, one))
    places: list[list[Item | None]] = [[None] * len(sequences) for _ in whole]
    for number, items in enumerate(sequences):
        if items is None:
            continue
        for a, b in common(whole, tokens(items)):
            places[a][number] = items[b]
    return places
