"""Reads what a drawing shows off a graph that is series-parallel; see `structure`."""

from collections.abc import Iterator, Sequence
from typing import Any

from archc.emit.drawing.paint import by_macs
from archc.emit.drawing.structure import (
    Box,
    Group,
    Item,
    Join,
    Picture,
    Stage,
    Tag,
    inside,
    nodes,
    runs,
    sign,
    title,
)
from archc.ir.graph import Frame, Graph, dominators
from archc.ops.arguments import Window
from archc.ops.base import Shape


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
        for run in runs(repeats, lambda repeat: tuple(map(alike, repeat))) if self.fold else ():
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
        return [run[0] if len(run) == 1 else _fold(run) for run in runs(items, alike)]


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
