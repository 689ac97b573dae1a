"""What a drawing shows of a network: its stages, and in each a tree of boxes, joins and groups.

A network without named maps is series-parallel: whatever a join reads leaves one value, its fork.
The tree is read off the graph; the tree of calls says which layers stand together. What is drawn
alike and follows itself is folded into one with a count. Of other networks `wired` cuts what is
read in several places; there ways begin and end at the names of maps.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from archc.emit.drawing.paint import Paint, by_macs
from archc.ir.graph import Frame, Graph, Node, dominators
from archc.ops.arguments import (
    Amount,
    Arg,
    Auto,
    Choice,
    Flag,
    Stride,
    Window,
)
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


class Reader:
    """The tree of one network."""

    def __init__(self, graph: Graph, manifest: dict[str, Any], fold: bool) -> None:
        self.graph, self.manifest, self.fold = graph, manifest, fold
        self.macs = [int(layer["macs"] or 0) for layer in manifest["layers"]]
        self.params = [int(layer["params"]) for layer in manifest["layers"]]
        self.forks = dominators(node.inputs or (0,) for node in graph.nodes[1:])
        self.frames: list[Frame] = []
        self.paths: list[tuple[int, ...]] = [()] * len(graph.nodes)
        for child in graph.frame.children:
            assert not isinstance(child, int), "only stages stand directly in an arch"
            self._enter(child, ())

    def _enter(self, frame: Frame, path: tuple[int, ...]) -> None:
        """Note for every node the calls it stands in, but for those that only follow: the braces
        of `act = { batchnorm relu6 }` are no block to draw."""
        if frame.kind in ("stage", "head", "output", "repeat") or not self._only_follows(frame):
            path = (*path, len(self.frames))
            self.frames.append(frame)
        for child in frame.children:
            if isinstance(child, int):
                self.paths[child] = path
            else:
                self._enter(child, path)

    def _only_follows(self, frame: Frame) -> bool:
        return all(
            self._follows(child) if isinstance(child, int) else self._only_follows(child)
            for child in frame.children
        )

    def _follows(self, index: int) -> bool:
        """Whether a layer says little on its own: it keeps the shape, multiplies nothing and looks
        at no neighbours, as a batch normalisation, an activation and a dropout do."""
        node = self.graph.nodes[index]
        return (
            len(node.inputs) == 1
            and node.shape == self.graph.nodes[node.inputs[0]].shape
            and not self.macs[index]
            and not any(isinstance(arg, Window) for arg in node.op.args.values())
        )

    def picture(self, detail: str) -> Picture:
        stages = tuple(
            self._stage(frame, detail)
            for frame in self.graph.frame.children
            if not isinstance(frame, int)
        )
        paint = by_macs(self.manifest)
        return Picture(self.graph.name, detail, stages, self.graph, self.manifest, paint)

    def _stage(self, frame: Frame, detail: str) -> Stage:
        chain = self._chain(frame.input, frame.output)
        depth = 1
        if frame.kind == "stage":
            repeats: list[tuple[Item, ...]] = []
            for index, elements in self._by_frame(chain, depth):
                assert index is not None, "a stage holds repeats"
                repeats.append(self._items(elements, depth + 1, detail))
            items = self._fold_repeats(repeats)
        else:
            items = self._items(chain, depth, detail)
        count = sum(not isinstance(c, int) and c.kind == "repeat" for c in frame.children) or 1
        members = nodes(items)
        macs, params = (sum(of[i] for i in members) for of in (self.macs, self.params))
        enters, shape = self._shape(frame.input), self._shape(frame.output)
        if detail == "stages" and items:
            texts = tuple(inside(items))
            box = Box("", texts, enters, shape, macs, params, members, frame.label)
            items = (box,)
        return Stage(frame.label, count, items, enters, shape, macs, params, members, frame.output)

    def _shape(self, index: int) -> Shape:
        return self.graph.nodes[index].shape

    def _chain(self, start: int, end: int) -> list[int]:
        """The values that every way from one value to another passes, the first left out."""
        found = []
        while end != start:
            found.append(end)
            end = self.forks[end]
        return found[::-1]

    def _by_frame(self, chain: Sequence[int], depth: int) -> Iterator[tuple[int | None, list[int]]]:
        """A chain cut where it enters and leaves the calls at a depth; None stands for none."""
        part: list[int] = []
        inside: int | None = None
        for index in chain:
            path = self.paths[index]
            here = path[depth] if len(path) > depth else None
            if part and here != inside:
                yield inside, part
                part = []
            inside = here
            part.append(index)
        if part:
            yield inside, part

    def _items(self, chain: Sequence[int], depth: int, detail: str) -> tuple[Item, ...]:
        items: list[Item] = []
        for number, part in self._by_frame(chain, depth):
            if number is None:
                items.extend(self._loose(part, depth, detail))
                continue
            frame = self.frames[number]
            inner = self._items(part, depth + 1, "blocks" if detail == "blocks" else "layers")
            if detail == "layers":
                items.append(Group(frame.label, inner, inner[0].enters, inner[-1].shape))
            else:
                items.extend(self._collapsed(frame.label, inner))
        return tuple(self._folded(items))

    def _loose(self, part: Sequence[int], depth: int, detail: str) -> Iterator[Item]:
        """Boxes and joins of layers that stand in no deeper call."""
        start = 0
        while start < len(part):
            end = start + 1
            while end < len(part) and self._follows(part[end]):
                end += 1
            first, *followers = part[start:end]
            if len(self.graph.nodes[first].inputs) > 1:
                yield self._join(first, followers, depth, detail)
            else:
                yield self._box(first, followers)
            start = end

    def _box(self, first: int, followers: Sequence[int]) -> Box:
        node = self.graph.nodes[first]
        members = (first, *followers)
        return Box(
            title(node),
            tuple(title(self.graph.nodes[index]) for index in followers),
            self._shape(node.inputs[0]),
            self._shape(members[-1]),
            self.macs[first],
            sum(self.params[index] for index in members),
            members,
            title(node, brief=True),
        )

    def _join(self, first: int, followers: Sequence[int], depth: int, detail: str) -> Join:
        node = self.graph.nodes[first]
        fork = self.forks[first]
        branches = tuple(
            self._items(self._chain(fork, read), depth, detail) for read in node.inputs
        )
        said = [sign(node), *(title(self.graph.nodes[index]) for index in followers)]
        members = (first, *followers)
        return Join(" ".join(said), branches, self._shape(fork), self._shape(members[-1]), members)

    # --- blocks as boxes ------------------------------------------------------------------------

    def _collapsed(self, label: str, items: tuple[Item, ...]) -> tuple[Item, ...]:
        """A block as one box. Where all of it is a skip or a gate, that stays to be seen."""
        if len(items) == 1 and isinstance(items[0], Join):
            join = items[0]
            full = [branch for branch in join.branches if branch]
            around = [branch for branch in full if len(branch) == 1]
            if len(full) == 1 or (len(full) == 2 and len(around) == 1):
                body = full[0] if len(full) == 1 or len(full[0]) > 1 else full[1]
                box = self._as_box(label, body)
                branches = tuple((box,) if branch is body else branch for branch in join.branches)
                return (join._replace(branches=branches),)
        return (self._as_box(label, items),)

    def _as_box(self, label: str, items: tuple[Item, ...]) -> Box:
        members = nodes(items)
        macs, params = (sum(of[i] for i in members) for of in (self.macs, self.params))
        enters, shape = items[0].enters, items[-1].shape
        return Box(label, tuple(inside(items)), enters, shape, macs, params, members, label)

    # --- repeats --------------------------------------------------------------------------------

    def _fold_repeats(self, repeats: Sequence[tuple[Item, ...]]) -> tuple[Item, ...]:
        items: list[Item] = []
        for run in _runs(repeats, lambda repeat: tuple(map(alike, repeat))) if self.fold else ():
            if len(run) == 1 or not run[0]:
                items.extend(item for repeat in run for item in repeat)
            elif len(run[0]) == 1:
                items.append(_fold([repeat[0] for repeat in run]))
            else:
                inner = tuple(_fold_in(column) for column in zip(*run, strict=True))
                items.append(Group("", inner, inner[0].enters, inner[-1].shape, len(run)))
        if not self.fold:
            items = [item for repeat in repeats for item in repeat]
        return tuple(items)

    def _folded(self, items: Sequence[Item]) -> list[Item]:
        if not self.fold:
            return list(items)
        return [run[0] if len(run) == 1 else _fold(run) for run in _runs(items, alike)]


def inside(items: Sequence[Item]) -> Iterator[str]:
    """What items hold, in a few words each: layers that multiply or change the shape, blocks."""
    for run in _runs(list(_held(items)), lambda one: one[0]):
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


def alike(item: Item) -> object:
    """What is drawn of an item. Equal for two of them: they look the same."""
    if isinstance(item, Tag):
        return item
    if isinstance(item, Box):
        return item._replace(nodes=())
    if isinstance(item, Join):
        branches = tuple(tuple(map(alike, branch)) for branch in item.branches)
        return item.sign, item.enters, item.shape, item.times, branches
    return item.label, item.many, tuple(map(alike, item.items))


def _runs(items: Sequence[Any], key: Callable[[Any], object]) -> Iterator[list[Any]]:
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


def _fold(run: Sequence[Item]) -> Item:
    """Items that are drawn alike, as one with a count."""
    merged = _fold_in(run)
    if isinstance(merged, Box | Group) and merged.many == 1:
        return merged._replace(many=len(run))
    return Group("", (merged,), merged.enters, merged.shape, len(run))


def _fold_in(run: Sequence[Any]) -> Item:
    """Items that are drawn alike, as one that stands for all."""
    first: Item = run[0]
    if isinstance(first, Tag):
        return first
    if isinstance(first, Group):
        columns = zip(*(item.items for item in run), strict=True)
        return first._replace(items=tuple(map(_fold_in, columns)))
    members = tuple(index for item in run for index in item.nodes)
    times = sum(item.times for item in run)
    if isinstance(first, Box):
        return first._replace(nodes=members, times=times)
    branches = tuple(
        tuple(_fold_in(column) for column in zip(*sides, strict=True))
        for sides in zip(*(item.branches for item in run), strict=True)
    )
    return first._replace(nodes=members, times=times, branches=branches)
