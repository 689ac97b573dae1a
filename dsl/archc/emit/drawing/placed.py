"""What stands in a drawing, in whole pixels: boxes, ways between them, and words."""

from typing import NamedTuple

from archc.diagnostics.text import shape_text
from archc.emit.drawing.structure import Box, Join, Stage, Tag
from archc.ops.base import Shape

TITLE, SMALL, NAME = 12, 10, 14
"""Font sizes: of a box's title, of figures and shapes, of a stage's name."""


class PlacedBox(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    box: Box
    title: str
    lines: tuple[str, ...]
    cost: str


class PlacedJoin(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    join: Join


class PlacedTag(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    tag: Tag


class Outline(NamedTuple):
    """Around what one call made, or what is repeated."""

    x: int
    y: int
    width: int
    height: int
    label: str
    many: int


class Way(NamedTuple):
    """A line through points, at right angles. ``kind`` is `flow`, `skip` or `gate`."""

    points: tuple[tuple[int, int], ...]
    kind: str
    arrow: bool


class Label(NamedTuple):
    """The shape on an edge. ``x`` is its middle, or its start."""

    x: int
    y: int
    text: str
    middle: bool = True


class Band(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    axis: int
    """The height at which its way begins; its name stands there."""
    stage: Stage


class Drawing(NamedTuple):
    """All that stands in a drawing. ``top`` is how much is left above the network for a head."""

    width: int
    height: int
    top: int
    bands: tuple[Band, ...]
    boxes: tuple[PlacedBox, ...]
    joins: tuple[PlacedJoin, ...]
    tags: tuple[PlacedTag, ...]
    outlines: tuple[Outline, ...]
    ways: tuple[Way, ...]
    labels: tuple[Label, ...]
    starts: tuple[tuple[int, int], ...]
    """Where the ways in the bands begin."""
    ends: tuple[Label, ...]
    """The inputs and the output, at the middle of their boxes."""


class Canvas:
    """What was placed so far."""

    def __init__(self) -> None:
        self.boxes: list[PlacedBox] = []
        self.joins: list[PlacedJoin] = []
        self.tags: list[PlacedTag] = []
        self.outlines: list[Outline] = []
        self.ways: list[Way] = []
        self.labels: list[Label] = []

    def way(self, *points: tuple[int, int], kind: str = "flow", arrow: bool = False) -> None:
        kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
        if len(kept) > 1:
            self.ways.append(Way(tuple(kept), kind, arrow))

    def down(self, x: int, start: int, end: int, shape: Shape | None) -> None:
        self.way((x, start), (x, end), arrow=True)
        if shape is not None:
            self.labels.append(Label(x + 9, (start + end) // 2 + 3, shape_text(shape), False))
