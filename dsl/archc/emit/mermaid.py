"""The network as a Mermaid flowchart: the same boxes, joins and groups as the SVG drawing.

The text keeps to what every renderer takes: node identifiers are ours, and of texts from a spec
every character that is not plainly a letter, a digit or one of a few signs is written as an entity
code, so that none can end a label, start a directive or become markup.
"""

from collections.abc import Sequence

from archc.diagnostics.text import printable
from archc.emit.drawing import text
from archc.emit.drawing.layout import cost, group_label
from archc.emit.drawing.structure import Box, Group, Item, Join, Picture, Stage
from archc.emit.drawing.svg import LIGHT, description, level
from archc.ops.base import Shape

MARK = "%% Drawn by archc."
"""A comment in every flowchart, by which the command knows its own files."""

MOST = 240
"""Boxes unless more are asked for. Mermaid refuses more than 500 edges and 50,000 characters
where its settings were not changed (11.4, `maxEdges` and `maxTextSize`)."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.:_+-/·×…→")

_WRAP = 16, 190
"""Font size and width at which renderers break the lines of a label, a little less."""


def mermaid(picture: Picture) -> str:
    """The flowchart of a network, the same text for the same picture."""
    return _Chart(picture).text()


class _Chart:
    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.lines: list[str] = []
        self.edges: list[str] = []
        self.classes: dict[int, list[str]] = {}
        self.frames: list[str] = []
        self.counts: dict[str, int] = {}

    def text(self) -> str:
        picture = self.picture
        first = picture.graph.nodes[0]
        source = f"{first.name} {text.extents(first.shape)}"
        self.lines += [
            "---",
            f'title: "{picture.name}"',
            "---",
            MARK,
            "flowchart TD",
            f"  accTitle: {escaped(picture.name)}",
            f"  accDescr: {escaped(description(picture))}",
            f'  start(["{escaped(source)}"])',
        ]
        before, shape = "start", first.shape
        for stage in picture.stages:
            name = self._stage(stage)
            label = f'|"{text.extents(shape)}"|' if before != "start" else ""
            self.edges.append(f"  {before} -->{label} {name}")
            before, shape = name, stage.shape
        self.lines.append(f'  finish(["output {text.extents(shape)}"])')
        self.edges.append(f"  {before} --> finish")
        styles = [
            f"  classDef c{number} fill:{LIGHT.heat[number]},stroke:{LIGHT.line},color:{LIGHT.ink}"
            for number in sorted(self.classes)
        ]
        if self.frames:
            styles.append(f"  classDef frame fill:none,stroke:{LIGHT.line}")
            styles.append(f"  class {','.join(self.frames)} frame")
        given = [f"  class {','.join(self.classes[at])} c{at}" for at in sorted(self.classes)]
        return "\n".join([*self.lines, *self.edges, *styles, *given]) + "\n"

    def _id(self, kind: str) -> str:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return f"{kind}{self.counts[kind]}"

    def _stage(self, stage: Stage) -> str:
        name = self._id("stage")
        times = f" × {stage.repeats}" if stage.repeats > 1 else ""
        share = text.share(stage.macs, self.picture.macs)
        figures = f"{text.figure(stage.macs)} MACs, {share}" if stage.macs else "no MACs"
        if not stage.items:
            self.lines.append(f'  {name}["{escaped(stage.name + times)}<br/>no layers"]')
            return name
        self.lines.append(f'  subgraph {name}["{escaped(f"{stage.name}{times} · {figures}")}"]')
        self.lines.append("    direction LR")
        self.frames.append(name)
        self._items(stage.items, None, stage.enters, "    ")
        self.lines.append("  end")
        return name

    def _items(
        self, items: Sequence[Item], before: str | None, shown: Shape, indent: str
    ) -> tuple[str | None, Shape]:
        """Declare items; returns the last node and the shape that was last written."""
        for item in items:
            if isinstance(item, Group):
                if item.enters != shown and before is None:
                    shown = item.enters
                name = self._id("group")
                label = escaped(group_label(item)) or " "
                self.lines.append(f'{indent}subgraph {name}["{label}"]')
                self.lines.append(f"{indent}  direction LR")
                self.frames.append(name)
                before, shown = self._items(item.items, before, shown, indent + "  ")
                self.lines.append(f"{indent}end")
            elif isinstance(item, Join):
                before = self._join(item, before, shown, indent)
                shown = item.enters
            else:
                name = self._box(item, indent)
                if before is not None:
                    self._edge(before, name, item.enters, shown)
                shown = item.enters
                before = name
        return before, shown

    def _box(self, box: Box, indent: str) -> str:
        name = self._id("box")
        times = f" × {box.many}" if box.many > 1 else ""
        rows = [box.title + times] if box.title else []
        rows += text.lines(box.parts, *_WRAP, 3)
        rows += cost(box).split(" · ") if box.title and cost(box) else []
        self.lines.append(f'{indent}{name}["{"<br/>".join(map(escaped, rows))}"]')
        colour = level(box.macs * box.times, self.picture.macs)
        self.classes.setdefault(colour, []).append(name)
        return name

    def _join(self, join: Join, before: str | None, shown: Shape, indent: str) -> str:
        if before is None:  # a fork needs something to leave from
            before = self._id("in")
            self.lines.append(f'{indent}{before}((" "))')
        name = self._id("join")
        branches = []
        for branch in join.branches:
            if branch:
                branches.append(self._items(branch, before, shown, indent))
        self.lines.append(f'{indent}{name}(["{escaped(join.sign)}"])')
        full = [branch for branch in join.branches if branch]
        for (last, seen), branch in zip(branches, full, strict=True):
            assert last is not None
            self._edge(last, name, branch[-1].shape, seen)
        kind = {"+": "skip", "×": "gate"}.get(join.sign[0], "as it is")
        self.edges += [f'  {before} -. "{kind}" .-> {name}'] * join.arcs
        return name

    def _edge(self, before: str, after: str, shape: Shape, shown: Shape) -> None:
        label = f'|"{text.extents(shape)}"|' if shape != shown else ""
        self.edges.append(f"  {before} -->{label} {after}")


def escaped(said: str) -> str:
    """A text as a label in quotes has it."""
    return "".join(sign if sign in _PLAIN else f"#{ord(sign)};" for sign in printable(said))
