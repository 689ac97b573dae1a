"""In which order Keras executes the calls of a model, and the scopes that this gives them.

Keras (3.15, `ops/function.py`, map_graph) executes a functional model by depth: what is farthest
from an output first, and at one depth what it has met first on a walk from the last output back. It
enters the scope of a layer or model twice at each call, and TensorFlow numbers what was entered
before (`Graph.unique_name`), so that of layers called `dense` and `dense_1` the order decides about
the numbers. Functions have no scope of their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from archc.models.importer.calls import Call

Key = tuple[str, int]
"""A layer and the number of its call."""
_K = TypeVar("_K", bound=Key)


class Scope:
    """A call, or the model as a whole, with the calls within it."""

    def __init__(self, name: str | None, rank: int = 0) -> None:
        self.name = name
        """None of a function and of the model as a whole, which enter no scope here."""
        self.rank = rank
        """Among the calls of the model that it stands in."""
        self.calls: list[int] = []
        self.inner: list[Scope] = []


def executed(made: Sequence[_K], reads: Mapping[_K, Sequence[_K]]) -> list[_K]:
    """The calls of a functional model in the order of their execution.

    Args:
        made: the calls, depth first from the outputs, each behind those that it reads.
        reads: of each call those that it reads; inputs of the model are none of ``made``.
    """
    depths: dict[_K, int] = {}
    by_layer: dict[str, int] = {}
    calls = frozenset(made)
    for key in reversed(made):
        depth = max(depths.setdefault(key, 0), by_layer.get(key[0], 0))
        by_layer[key[0]] = depths[key] = depth
        for source in reads[key]:
            if source in calls:
                depths[source] = max(depth + 1, depths.get(source, 0))
    return sorted(depths, key=lambda key: -depths[key])


def placed(whole: Scope, calls: Sequence[Call]) -> tuple[Call, ...]:
    """Calls with their scopes, and their ranks in the order of execution."""
    found = list(calls)
    taken: Counter[str] = Counter()
    rank = 0
    stack = [(whole, "")]
    while stack:
        scope, prefix = stack.pop()
        if scope.name is not None:
            _unique(prefix + scope.name, taken)
            prefix = f"{_unique(prefix + scope.name, taken)}/"
        for index in scope.calls:
            found[index] = found[index]._replace(scope=prefix, rank=rank)
            rank += 1
        inner = sorted(scope.inner, key=lambda one: one.rank, reverse=True)
        stack.extend((one, prefix) for one in inner)
    return tuple(found)


def _unique(name: str, taken: Counter[str]) -> str:
    """A name that is not taken, as TensorFlow makes it."""
    key = name.lower()
    number = taken[key]
    taken[key] += 1
    if not number:
        return name
    while f"{key}_{number}" in taken:
        number += 1
    taken[f"{key}_{number}"] = 1
    return f"{name}_{number}"
