"""Skips that are not there: stretches that would be bodies of skips if their shapes allowed it."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from archc.models.decompiler.structure import Body, Item, Leaf, Merge, channels
from archc.models.decompiler.tokens import (
    BELONGING,
    Token,
    common,
    gaps,
    kind,
    token,
    tokens,
    widens_alone,
)

_NO_WAY = float("inf")


def dropped(chain: list[Item], whole: Sequence[Sequence[Token]]) -> None:
    """Find the stretches of a chain that are bodies of skips whose shapes do not allow one, so
    that nothing is added: with the fewest pieces, a missing part costing three quarters of one."""
    usable = _usable(chain, whole)
    following = _following(chain, len(whole))
    keys = tokens(chain)
    best: list[float] = [0.0] + [_NO_WAY] * len(chain)
    back: list[tuple[int, int | None]] = [(0, None)] * (len(chain) + 1)
    for start in range(len(chain)):
        if best[start] + 1 < best[start + 1]:
            best[start + 1], back[start + 1] = best[start] + 1, (start, None)
        for number in usable:
            for end in range(start + 2, min(len(chain), start + len(whole[number])) + 1):
                if _is_skip(chain[end - 1]) or _is_skip(chain[start]):
                    break
                cost = _cost(chain, keys, start, end, whole[number], following[number])
                if cost is not None and best[start] + cost < best[end]:
                    best[end], back[end] = best[start] + cost, (start, number)
    pieces: list[Item] = []
    end = len(chain)
    while end:
        start, number_ = back[end]
        items = chain[start:end]
        pieces += [_as_skip(items, number_)] if number_ is not None else items
        end = start
    chain[:] = reversed(pieces)


def _as_skip(items: list[Item], cluster: int | None) -> Merge:
    first, last = items[0], items[-1]
    body = Body(None, items)
    return Merge(
        last.index, first.entering, last.leaving, "skip", (body,), cluster=cluster, dropped=True
    )


def _usable(chain: Sequence[Item], whole: Sequence[object]) -> list[int]:
    """The kinds of skips of a chain that have no shortcut: others are never dropped."""
    counted = Counter(item.cluster for item in chain if isinstance(item, Merge))
    short = {item.cluster for item in chain if isinstance(item, Merge) and item.shortcut}
    return [number for number in range(len(whole)) if counted[number] and number not in short]


def _following(chain: Sequence[Item], count: int) -> list[set[object]]:
    """What follows skips of each kind."""
    found: list[set[object]] = [set() for _ in range(count)]
    for place, item in enumerate(chain[:-1]):
        if isinstance(item, Merge) and item.cluster is not None:
            found[item.cluster].add(kind(token(chain[place + 1])))
    return found


def _cost(
    chain: Sequence[Item],
    keys: Sequence[Token],
    start: int,
    end: int,
    whole: Sequence[Token],
    following: set[object],
) -> float | None:
    """What it costs to take a stretch for the body of a skip; None where it is none."""
    stretch = keys[start:end]
    if kind(stretch[0]) in BELONGING and stretch[0] != whole[0]:
        return None
    after = kind(keys[end]) if end < len(keys) else None
    if after in BELONGING and after not in following:
        return None
    if following and following <= set(BELONGING) and end < len(keys) and after not in following:
        return None
    if chain[start].entering == chain[end - 1].leaving:
        return None
    pairs = common(whole, stretch)
    if len(pairs) < len(stretch) or len(pairs) * 2 < len(whole):
        return None
    hits = {a for a, _ in pairs}
    if not widens_alone(whole, hits):
        return None
    dropout = any(kind(one) == "dropout" for n, one in enumerate(whole) if n not in hits)
    image = 2.5 if channels(chain[start].entering) <= 4 else 0.0
    return 1 + image + 0.75 * (gaps(len(whole), hits) - dropout)


_PATTERNS = (
    ("conv1", "batchnorm", "relu6", "dwconv", "batchnorm", "relu6", "conv1", "batchnorm"),
    ("dwconv", "batchnorm", "relu6", "conv1", "batchnorm", "relu6"),
)
"""Bodies of `ir` and `ds`."""


def standard(chain: list[Item]) -> None:
    """Take what is the body of `ir` or `ds` everywhere, and never adds, for calls of them."""
    words = list(map(_word, chain))
    for number, pattern in enumerate(_PATTERNS):
        found: list[int] = []
        place = 0
        while place + len(pattern) <= len(words):
            end = place + len(pattern)
            fits = tuple(words[place:end]) == pattern and not (
                number == 0 and words[end : end + 1] == ["relu6"]
            )
            if fits and number == 0:
                first = chain[place]
                fits = channels(first.leaving) % channels(first.entering) == 0
            found += [place] if fits else []
            place = end if fits else place + 1
        ends = [chain[one + len(pattern) - 1] for one in found]
        pairs = zip(found, ends, strict=True)
        if len(found) < 2 or any(chain[one].entering == end_.leaving for one, end_ in pairs):
            continue
        for one in reversed(found):
            items = chain[one : one + len(pattern)]
            chain[one : one + len(pattern)] = [_as_skip(items, number)]
        return


def _word(item: Item) -> str:
    """An operator as it is in a standard block, in one word."""
    if not isinstance(item, Leaf) or item.bias or item.padded:
        return "?"
    values = item.values
    if item.keyword == "conv":
        usual = {**values, "channels": 0, "bias": None}
        plain = item.op.replace(channels=1, kernel=(1, 1)).values
        same = usual == {**plain, "channels": 0, "bias": None} and values["stride"] == (1, 1)
        return "conv1" if same else "?"
    if item.keyword == "dwconv":
        fixed = {"kernel": (3, 3), "padding": "same", "dilation": (1, 1), "multiplier": 1}
        return "dwconv" if all(values[key] == fixed[key] for key in fixed) else "?"
    if item.keyword == "batchnorm":
        usual = {"epsilon": Fraction(1, 1000), "momentum": Fraction(99, 100)}
        shifts = values["scale"] and values["center"]
        return "batchnorm" if shifts and all(values[k] == v for k, v in usual.items()) else "?"
    return item.keyword


def _is_skip(item: Item) -> bool:
    return isinstance(item, Merge) and item.cluster is not None
