"""The network as nested sequences: chains of operators, and merges whose branches close.

A branch closes where all that a merge reads stems from one map that nothing else reads. What does
not close, a feature pyramid or the way up of a U-Net, reads maps by name; the network then is
several chains, each from one named map to another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archc.compiler import OPERATORS, Op, Shape
from archc.models.decompiler.network import Network
from archc.models.decompiler.writing import bias

KERNELS = frozenset({"conv", "dwconv", "conv_transpose", "dense"})
_DEEPEST = 16
"""Braces within one another; what is deeper is a chain of its own."""
_LONG = 3
"""Kernels from which on a branch that does not close is a chain of its own."""


@dataclass(frozen=True, eq=False)
class Item:
    """What stands in a sequence."""

    index: int
    """The operation whose value it makes."""
    entering: Shape
    leaving: Shape


@dataclass(frozen=True, eq=False)
class Leaf(Item):
    """One operator."""

    op: Op
    bias: str = ""
    """The argument `bias` where it is not what the language settles by itself."""
    padded: bool = False
    """Whether the map is padded before as `same_pad` would."""

    @property
    def keyword(self) -> str:
        return self.op.keyword

    @property
    def values(self) -> dict[str, Any]:
        return self.op.values


@dataclass(eq=False)
class Body:
    """The braces of a merge, or a chain: where it starts, and what follows."""

    start: int | None
    """The operation that it goes on from, by name; None: what enters."""
    items: "list[Item]" = field(default_factory=list)
    depth: int = 0
    """How many braces are within one another in it."""


@dataclass(frozen=True, eq=False)
class Merge(Item):
    """An operator with braces, or `skip` or `gate`."""

    keyword: str
    bodies: tuple[Body, ...]
    shortcut: Body | None = None
    shortcut_first: bool = False
    cluster: int | None = None
    """Which bodies of skips are like this one's."""
    dropped: bool = False
    """Whether nothing is added: a stretch of a chain that has the shape of a body of a skip."""

    @property
    def inner(self) -> tuple[Body, ...]:
        return (*self.bodies, self.shortcut) if self.shortcut else self.bodies

    def changed(self, **changes: Any) -> "Merge":
        return replace(self, **changes)


@dataclass(eq=False)
class Segment:
    """A chain of the network from a named map, or from what was made before, to its end."""

    start: int | None
    items: list[Item]
    end: int


def segments(network: Network) -> list[Segment]:
    """The chains of a network, in an order in which they can be executed."""
    return _Reduction(network).segments()


def walk(items: list[Item]) -> Iterator[list[Item]]:
    """A sequence and all within it, the outer ones first."""
    yield items
    for item in items:
        if isinstance(item, Merge):
            for body in item.inner:
                yield from walk(body.items)


def flattened(items: list[Item]) -> Iterator[Item]:
    """Everything in a sequence, at every depth."""
    for sequence in walk(items):
        yield from sequence


def kernels(items: Sequence[Item]) -> int:
    """How many convolutions and dense layers a sequence has."""
    return sum(isinstance(i, Leaf) and i.keyword in KERNELS for i in flattened(list(items)))


def channels(shape: Sequence[int]) -> int:
    """The channels of a shape; 0 of one that is not known."""
    return shape[-1] if shape else 0


def keyword(item: Item) -> str:
    """The operator of an item; empty for a call of a block."""
    return item.keyword if isinstance(item, Leaf | Merge) else ""


class _Reduction:
    """Chains are joined to what reads them, until every map left is read several times."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.readers = network.users()
        self.uses = [len(users) for users in self.readers]
        self.pinned = set(range(network.entries)) | set(network.ends)
        """What keeps its name: inputs and results."""
        self.chains: dict[int, Body] = {}

    def segments(self) -> list[Segment]:
        for index in range(self.network.entries, len(self.network.operations)):
            self.chains[index] = self.chain(index)
        return [
            Segment(body.start, fused(body.items), index)
            for index, body in sorted(self.chains.items())
        ]

    def chain(self, index: int) -> Body:
        """How a value is made of one that keeps its name."""
        operation = self.network.operations[index]
        if not operation.op.bodies:
            (source,) = operation.inputs
            body = self.taken(source)
            said = ""
            if operation.keyword != "dense" and "bias" in operation.op.args:
                said = bias(self.network, index, self.readers[index])
            entering = self.network.operations[source].shape
            body.items.append(Leaf(index, entering, operation.shape, operation.op, said))
            return body
        bodies = [self.taken(source) for source in operation.inputs]
        starts = {body.start for body in bodies}
        start = next(iter(starts))
        depth = 1 + max(body.depth for body in bodies)
        closes = len(starts) == 1 and start is not None and depth <= _DEEPEST
        if closes and start is not None and not self.long(index, bodies):
            for body in bodies:
                body.start = None
            self.uses[start] -= len(bodies) - 1
            outer = self.taken(start)
            outer.depth = max(outer.depth, depth)
            entering = self.network.operations[start].shape
            outer.items.append(_closed(index, entering, operation.shape, operation.keyword, bodies))
            return outer
        bodies = [self.cut(index, body) for body in bodies]
        merge = Merge(index, (), operation.shape, operation.keyword, tuple(bodies))
        return Body(None, [merge], 1 + max(body.depth for body in bodies))

    def taken(self, source: int) -> Body:
        """What makes a value, to be continued by the one that reads it, or its name."""
        if source in self.pinned or self.uses[source] > 1:
            return Body(source)
        return self.chains.pop(source)

    def long(self, index: int, bodies: list[Body]) -> bool:
        """Whether a merge joins a map with what became of it at a coarser scale."""
        size = self.network.operations[index].shape
        if not any(not body.items for body in bodies) or len(size) != 3:
            return False
        if self.network.operations[index].keyword == "multiply":
            return False
        between = [item.leaving for body in bodies for item in body.items]
        return any(len(shape) == 3 and shape[0] < size[0] for shape in between)

    def cut(self, index: int, body: Body) -> Body:
        """A branch of a merge that does not close: a long one is a chain of its own, but for what
        brings it to the size of the merge."""
        items = body.items
        if not items:
            return body
        free = body.start is None  # it begins with such a merge itself
        if body.depth >= _DEEPEST:
            return self.named(body, len(items))
        if not free and kernels(items) < _LONG and not self.long(index, [Body(None), body]):
            return body
        place = _last_growth(items)
        if place is None:
            place = max((n for n, item in enumerate(items) if kernels([item])), default=-1) + 1
        return self.named(body, place) if place else body

    def named(self, body: Body, place: int) -> Body:
        """What follows the first items of a branch, which become a chain of their own."""
        source = body.items[place - 1].index
        self.chains[source] = Body(body.start, body.items[:place], body.depth)
        self.pinned.add(source)
        return Body(source, body.items[place:])


def _last_growth(items: list[Item]) -> int | None:
    """Where a sequence makes the map larger for the last time, with one kernel after it at most."""
    for place in reversed(range(len(items))):
        entering, leaving = items[place].entering, items[place].leaving
        if len(entering) == len(leaving) == 3 and entering[0] < leaving[0]:
            return place if kernels(items[place:]) <= 1 else None
    return None


def _closed(index: int, entering: Shape, leaving: Shape, keyword: str, bodies: list[Body]) -> Merge:
    """A merge whose branches all begin with what enters it."""
    empty = [place for place, body in enumerate(bodies) if not body.items]
    plain = Merge(index, entering, leaving, keyword, tuple(bodies))
    if len(bodies) != 2 or keyword not in ("add", "multiply"):
        return plain
    if len(empty) == 1:
        body = bodies[1 - empty[0]]
        if keyword == "add":
            return plain.changed(keyword="skip", bodies=(body,))
        return plain.changed(keyword="gate", bodies=(body,)) if empty == [0] else plain
    if keyword == "add" and entering != leaving and not empty:
        weights = [kernels(body.items) for body in bodies]
        if weights[0] != weights[1]:
            short = 0 if weights[0] < weights[1] else 1
            first = _first(bodies[short]) < _first(bodies[1 - short])
            return plain.changed(
                keyword="skip",
                bodies=(bodies[1 - short],),
                shortcut=bodies[short],
                shortcut_first=first,
            )
    return plain


def _first(body: Body) -> int:
    return min(item.index for item in flattened(body.items))


# --- several operators that are one statement ---------------------------------------------------


def fused(items: list[Item]) -> list[Item]:
    """A sequence in which a padding and its convolution are one, and a shuffle of channels too."""
    made: list[Item] = []
    for item in items:
        if isinstance(item, Merge):
            for body in item.inner:
                body.items[:] = fused(body.items)
        before = made[-1] if made else None
        if isinstance(item, Leaf) and isinstance(before, Leaf) and _pads(before, item):
            made.pop()
            item = replace(item, entering=before.entering, padded=True)
        made.append(item)
        shuffle = _shuffle(made[-3:])
        if shuffle is not None:
            made[-3:] = [shuffle]
    return made


def _pads(before: Leaf, conv: Leaf) -> bool:
    """Whether a padding is what `same_pad` makes for the strided convolution after it."""
    if before.keyword != "zero_pad" or conv.keyword not in ("conv", "dwconv"):
        return False
    stride, kernel = conv.values["stride"], conv.values["kernel"]
    if conv.values["padding"] != "valid" or stride == (1, 1) or conv.values["dilation"] != (1, 1):
        return False
    sides = (before.values["before"], before.values["after"])
    return sides == _same(before.entering, kernel, stride)


def _same(
    shape: Shape, kernel: tuple[int, int], stride: tuple[int, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The zeros before and after that `same` padding adds (`std/same_pad.arch`)."""
    totals = [
        max((-(-extent // step) - 1) * step + window - extent, 0)
        for extent, window, step in zip(shape[:2], kernel, stride, strict=True)
    ]
    return tuple(total // 2 for total in totals), tuple(-(-total // 2) for total in totals)


def _shuffle(items: list[Item]) -> Leaf | None:
    """Three operators that are `channel_shuffle`."""
    leaves = [item for item in items if isinstance(item, Leaf)]
    if [leaf.keyword for leaf in leaves] != ["reshape", "permute", "reshape"]:
        return None
    first, last = leaves[0], leaves[2]
    if len(first.entering) != 3 or len(first.leaving) != 3:
        return None
    op = OPERATORS["channel_shuffle"](groups=first.leaving[1])
    if first.entering[-1] % first.leaving[1]:
        return None
    if [part.op for part in op.parts(first.entering)] != [leaf.op for leaf in leaves]:
        return None
    return Leaf(last.index, first.entering, last.leaving, op)
