"""What a drawing shows of a network: its stages, and in each a tree of boxes, joins and groups.

A network without named maps is series-parallel: whatever a join reads leaves one value, its fork.
The tree is read off the graph; the tree of calls says which layers stand together. What is drawn
alike and follows itself is folded into one with a count. Of other networks `wired` cuts what is
read in several places; there ways begin and end at the names of maps.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from archc.emit.drawing.paint import Paint
from archc.ir.graph import Graph, Node
from archc.ops.arguments import Amount, Arg, Auto, Choice, Flag, Stride, Window
from archc.ops.base import Shape

DETAILS = ("stages", "blocks", "layers")
"""Levels of detail, the coarsest first."""

LAYERS_UP_TO, BLOCKS_UP_TO = 40, 160
"""Boxes up to which a level is chosen unasked: about a screen of layers, a page of blocks."""


class Box(NamedTuple):
    """Layers drawn as one box: one with what only follows it, or a whole block or stage.

    Figures are of one of them; ``times`` says how many there are in the network.
    """

    title: str
    parts: tuple[str, ...]
    """What else it holds, in order: `batchnorm`, `relu6`."""
    enters: Shape
    shape: Shape
    """Of what leaves it."""
    macs: int
    params: int
    nodes: tuple[int, ...]
    """Indices of the graph's nodes, of all of them."""
    brief: str
    """What it is called within a box that holds it."""
    times: int = 1
    many: int = 1
    """How many follow one another where it stands."""
    cost: str | None = None
    """What is written of its cost; None for MACs and parameters of each repeat."""


class Join(NamedTuple):
    """Branches from one value, and the layer that joins them. An empty one is the value itself."""

    sign: str
    branches: "tuple[tuple[Item, ...], ...]"
    enters: Shape
    shape: Shape
    nodes: tuple[int, ...]
    """The joining layers and those that only follow them, of all repeats."""
    times: int = 1
    open: bool = False
    """Whether its branches leave no value in common: each begins at a map of its own."""

    @property
    def arcs(self) -> int:
        """How many branches are the value itself."""
        return sum(not branch for branch in self.branches)


class Tag(NamedTuple):
    """The name of a map where it is read, or where it is made: a way begins or ends there."""

    name: str
    enters: Shape
    shape: Shape
    value: int
    """The node that makes the map."""
    opens: bool
    """Whether a way begins here."""
    nodes: tuple[int, ...] = ()
    """None: it stands for no layer."""


class Group(NamedTuple):
    """What one call made, or what is repeated; ``label`` is empty for what has no name."""

    label: str
    items: "tuple[Item, ...]"
    enters: Shape
    shape: Shape
    many: int = 1


Item = Box | Join | Group | Tag


class Stage(NamedTuple):
    """A stage, the head, or an output."""

    name: str
    repeats: int
    items: tuple[Item, ...]
    enters: Shape
    shape: Shape
    macs: int
    params: int
    nodes: tuple[int, ...]
    output: int
    """The node that makes what leaves it."""
    follows: bool = True
    """Whether it goes on from what stands above it; else its ways begin at names of maps."""


class Picture(NamedTuple):
    """A network as it is drawn."""

    name: str
    detail: str
    stages: tuple[Stage, ...]
    graph: Graph
    manifest: dict[str, Any]
    paint: Paint
    """What its colours show."""

    @property
    def named(self) -> bool:
        """Whether its outputs have names, each a band of its own."""
        return bool(self.graph.names)

    @property
    def size(self) -> int:
        """How many boxes and joins there are."""
        return sum(boxes(stage.items) for stage in self.stages) + len(self.stages)


class TooLarge(Exception):
    """More boxes than a drawing may have."""

    def __init__(self, detail: str, size: int, most: int) -> None:
        super().__init__(f"{size:,} boxes at the level of {detail}, above {most:,}")
        self.detail, self.size, self.most = detail, size, most


def boxes(items: Sequence[Item]) -> int:
    """How many boxes and joins there are."""
    return sum(1 for item in walk(items) if not isinstance(item, Group))


def walk(items: Sequence[Item]) -> Iterator[Item]:
    """Every item and all that are in it, outer ones first."""
    work = list(reversed(items))
    while work:
        item = work.pop()
        yield item
        if isinstance(item, Group):
            work.extend(reversed(item.items))
        elif isinstance(item, Join):
            for branch in reversed(item.branches):
                work.extend(reversed(branch))


def nodes(items: Sequence[Item]) -> tuple[int, ...]:
    """The nodes that items stand for, in order of execution."""
    found: list[int] = []
    for item in walk(items):
        if not isinstance(item, Group):
            found.extend(item.nodes)
    return tuple(sorted(found))


# --- texts -------------------------------------------------------------------------------------

_SIGNS = {"add": "+", "multiply": "×"}


def sign(node: Node) -> str:
    """What a join is drawn as."""
    return _SIGNS.get(node.op.keyword, node.op.keyword)


def title(node: Node, *, brief: bool = False) -> str:
    """An operator with what an expert asks of it: `conv 3x3, 64, /2`. A window of 1x1, defaults and
    flags go without saying; ``brief`` leaves out more: `conv 3x3 64 /2`."""
    op = node.op
    called = op.title(brief)
    if called is not None:
        return called
    said: list[str] = []
    window = ""
    for arg in op.args.values():
        value = op.values[arg.name]
        if isinstance(arg, Window):
            window = f" {arg.show(value)}" if value != (1, 1) else ""
        elif arg.required:
            said.append(arg.show(value))
        elif not isinstance(arg, Flag | Auto) and value != arg.default(op.values):
            said += _argument(arg, value, brief)
    between = " " if brief else ", "
    return (
        between.join([op.keyword + window, *said])
        if window
        else (" ".join([op.keyword, between.join(said)]).rstrip())
    )


def _argument(arg: Arg[Any], value: Any, brief: bool) -> list[str]:
    if isinstance(arg, Stride) and arg.name == "stride":
        return [f"/{arg.show(value)}"]
    if brief and not isinstance(arg, Amount):  # of zeros: 0 before would say there are none
        return []
    if isinstance(arg, Choice):
        return [arg.show(value)]
    return [f"{arg.name} {arg.show(value)}"]


# --- reading the graph -------------------------------------------------------------------------


def inside(items: Sequence[Item]) -> Iterator[str]:
    """What items hold, in a few words each: layers that multiply or change the shape, blocks."""
    for run in runs(list(_held(items)), lambda one: one[0]):
        count = sum(times for _, times in run)
        yield run[0][0] + (f" × {count}" if count > 1 else "")


def _held(items: Sequence[Item]) -> Iterator[tuple[str, int]]:
    for item in items:
        if isinstance(item, Tag):
            continue
        if isinstance(item, Box):
            yield item.brief, item.many
        elif isinstance(item, Join):
            for branch in item.branches:
                yield from _held(branch)
            if not item.arcs:
                yield item.sign, 1
        elif item.label:
            yield item.label, item.many
        else:
            inner = list(_held(item.items))
            if len(inner) == 1:
                yield inner[0][0], inner[0][1] * item.many
            else:
                yield f"({', '.join(inside(item.items))})", item.many


def runs(items: Sequence[Any], key: Callable[[Any], object]) -> Iterator[list[Any]]:
    run: list[Any] = []
    last: object = None
    for item in items:
        this = key(item)
        if run and this != last:
            yield run
            run = []
        run.append(item)
        last = this
    if run:
        yield run
