"""A picture as a flowchart in a text that something else lays out: what Mermaid and DOT share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from archc.diagnostics.text import shape_text
from archc.emit.drawing import text
from archc.emit.drawing.cells import cost, group_label
from archc.emit.drawing.structure import Box, Group, Item, Join, Picture, Stage, Tag
from archc.ops.base import Shape

WRAP = 16, 190
"""Font size and width at which renderers break the lines of a label, a little less."""

KINDS = {"+": "skip", "×": "gate"}
"""What an arc around the other branches of a join is called, by the join's sign."""


class Chart(ABC):
    """Walks a picture; how nodes, groups and edges are written is the format's."""

    through = False
    """Whether edges lead from node to node; otherwise those between stages join whole stages."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.made: dict[int, str] = {}
        """The nodes of the chart that maps with names leave from, by the graph's."""
        self._counts: dict[str, int] = {}

    @abstractmethod
    def end(self, name: str, label: str) -> None:
        """A node for what enters or leaves the network."""

    @abstractmethod
    def empty(self, name: str, label: str) -> None:
        """A node for a stage that has no layers."""

    @abstractmethod
    def box(self, name: str, rows: Sequence[str], colour: int, depth: int) -> None:
        """A node with a few lines of text; the colour is a level of heat."""

    @abstractmethod
    def join(self, name: str, sign: str, depth: int) -> None:
        """A node that merges branches."""

    @abstractmethod
    def fork(self, name: str, depth: int) -> None:
        """A node that branches leave from."""

    @abstractmethod
    def begin(self, name: str, label: str, depth: int) -> None:
        """The start of a group."""

    @abstractmethod
    def close(self, depth: int) -> None:
        """The end of a group."""

    @abstractmethod
    def edge(self, before: str, after: str, label: str) -> None:
        """An edge, with a label unless that is empty."""

    @abstractmethod
    def arc(self, before: str, after: str, label: str) -> None:
        """An edge around the other branches of a join."""

    def walk(self) -> None:
        """Write all of the picture, from what enters to what leaves."""
        graph = self.picture.graph
        for number, index in enumerate(graph.inputs, 1):
            name = "start" if number == 1 else f"start{number}"
            node = graph.nodes[index]
            self.end(name, f"{node.name} {shape_text(node.shape)}")
            self.made[index] = name
        before, shape = "start", graph.nodes[0].shape
        for stage in self.picture.stages:
            before = self._stage(stage, before if stage.follows else None, shape)
            for index in (*stage.nodes, stage.output):  # of those that are not drawn apart
                self.made.setdefault(index, before)
            shape = stage.shape
        if not graph.names:
            self.end("finish", f"output {shape_text(shape)}")
            self.edge(before, "finish", "")
        for number, (name, index) in enumerate(zip(graph.names, graph.results, strict=False), 1):
            self.end(f"finish{number}", f"{name} {shape_text(graph.nodes[index].shape)}")
            self.edge(self.made[index], f"finish{number}", "")

    def _id(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{self._counts[kind]}"

    def _stage(self, stage: Stage, before: str | None, shape: Shape) -> str:
        name = self._id("stage")
        label = shape_text(shape) if before != "start" else ""
        times = f" × {stage.repeats}" if stage.repeats > 1 else ""
        if not stage.items:
            self.empty(name, stage.name + times)
            self.edge(before or self.made[stage.output], name, label)
            return name
        figures = self.picture.paint.share(stage.nodes).replace(" · ", ", ")
        self.begin(name, f"{stage.name}{times} · {figures}", 1)
        last, _ = self._items(stage.items, before if self.through else None, stage.enters, 2)
        self.close(1)
        if not self.through:
            if before is not None:
                self.edge(before, name, label)
            return name
        assert last is not None
        return last

    def _items(
        self, items: Sequence[Item], before: str | None, shown: Shape, depth: int
    ) -> tuple[str | None, Shape]:
        """Write items; returns the last node and the shape that was last written."""
        for item in items:
            if isinstance(item, Tag):
                if item.opens:
                    before, shown = self.made[item.value], item.shape
                elif before is not None:
                    self.made[item.value] = before
                continue
            if isinstance(item, Group):
                if item.enters != shown and before is None:
                    shown = item.enters
                self.begin(self._id("group"), group_label(item), depth)
                before, shown = self._items(item.items, before, shown, depth + 1)
                self.close(depth)
                continue
            if isinstance(item, Join):
                before = self._join(item, before, shown, depth)
            else:
                name = self._box(item, depth)
                if before is not None:
                    self._shaped(before, name, item.enters, shown)
                before = name
            shown = item.enters
        return before, shown

    def _box(self, box: Box, depth: int) -> str:
        name = self._id("box")
        times = f" × {box.many}" if box.many > 1 else ""
        rows = [box.title + times] if box.title else []
        rows += text.lines(box.parts, *WRAP, 3)
        rows += cost(box).split(" · ") if box.title and cost(box) else []
        self.box(name, rows, self.picture.paint.level(box.nodes), depth)
        return name

    def _join(self, join: Join, before: str | None, shown: Shape, depth: int) -> str:
        if join.open:
            before = None
        elif before is None:  # a fork needs something to leave from
            before = self._id("in")
            self.fork(before, depth)
        name = self._id("join")
        full = [branch for branch in join.branches if branch]
        ends = [self._items(branch, before, shown, depth) for branch in full]
        self.join(name, join.sign, depth)
        for (last, seen), branch in zip(ends, full, strict=True):
            assert last is not None
            self._shaped(last, name, branch[-1].shape, seen)
        for _ in range(join.arcs):
            assert before is not None
            self.arc(before, name, KINDS.get(join.sign[0], "as it is"))
        return name

    def _shaped(self, before: str, after: str, shape: Shape, shown: Shape) -> None:
        """An edge with the shape of what it carries, where that was not written before."""
        self.edge(before, after, shape_text(shape) if shape != shown else "")
