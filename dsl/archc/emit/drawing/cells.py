"""How much room each part of a drawing takes, and where its own parts stand: rows that wrap as text
does, branches one above the other, the value itself around them in an arc."""

from collections.abc import Sequence

from archc.diagnostics.text import figure, shape_text
from archc.emit.drawing import text
from archc.emit.drawing.placed import (
    SMALL,
    TITLE,
    Canvas,
    Label,
    Outline,
    PlacedBox,
    PlacedJoin,
    PlacedTag,
)
from archc.emit.drawing.structure import Box, Group, Item, Join, Tag
from archc.ops.base import Shape

GAP = 24
"""Between boxes where no shape stands."""
ROW_GAP = 18
LANE_GAP = 14
RAIL = 13
"""What one arc takes above the boxes."""
LINE = 13
"""Height of a line of small text."""
BOX_LEAST, BOX_MOST, TITLE_MOST = 84, 214, 238
"""Widths: the least, the most for parts and costs, the most for a title."""
STACK = 3
"""How far the box behind a folded one shows."""
FORK = 12
NARROWEST = 200
"""Room that rows have at least, however deep they are nested."""
TURN = 14
"""Left and right of rows, for the way from one to the next."""


class _Cell:
    """A placed item. ``entry`` and ``exit`` are where the way enters and leaves, from its top."""

    width: int
    height: int
    entry: int
    exit: int
    solid = False
    """Whether a way ends at its border with an arrow; else it goes on inside."""
    shown: Shape
    """The shape that was last written on the way through it."""

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        raise NotImplementedError

    def seal(self) -> None:
        """Nothing follows: the way ends inside."""


class _BoxCell(_Cell):
    solid = True

    def __init__(self, box: Box) -> None:
        self.box, self.shown = box, box.enters
        times = f" × {box.many}" if box.many > 1 else ""
        named, parts = _named(box)
        title = named + times if named else ""
        self.cost = cost(box) if box.title else ""  # of a stage it stands beside it
        wanted = max(
            text.width(title, TITLE, bold=True),
            text.width(self.cost, SMALL),
            max((text.width(part, SMALL) for part in parts), default=0),
            min(text.width(" · ".join(parts), SMALL), BOX_MOST - 20 if box.title else 400),
        )
        most = max(BOX_MOST, min(text.width(title, TITLE, bold=True) + 20, TITLE_MOST))
        most = most if box.title else 420
        self.width = min(max(wanted + 20, BOX_LEAST), most)
        room = self.width - 16
        self.lines = text.lines(parts, SMALL, room, 3)
        self.title = text.cut(title, TITLE, room, bold=True)
        rows = len(self.lines) + bool(self.cost)
        self.height = 12 + (17 if self.title else 0) + LINE * rows
        self.height = max(self.height, 34)
        self.stack = STACK if box.many > 1 else 0
        self.width += self.stack
        self.height += self.stack
        self.entry = self.exit = self.stack + (self.height - self.stack) // 2

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        canvas.boxes.append(
            PlacedBox(
                x,
                y + self.stack,
                self.width - self.stack,
                self.height - self.stack,
                self.box,
                self.title,
                self.lines,
                self.cost,
            )
        )
        if self.stack:
            axis = y + self.exit
            canvas.way((x + self.width - self.stack, axis), (x + self.width, axis))


def _named(box: Box) -> tuple[str, tuple[str, ...]]:
    """The title and the parts of a box; what is fused into an operator is a part of it where the
    title has no room."""
    operator, fused, activation = box.title.rpartition(" + ")
    if fused and text.width(box.title, TITLE, bold=True) > BOX_MOST - 20:
        return operator, (activation, *box.parts)
    return box.title, box.parts


class _TagCell(_Cell):
    solid = True
    HEIGHT = 20

    def __init__(self, tag: Tag) -> None:
        self.tag, self.shown = tag, tag.shape
        said = text.width(tag_text(tag), SMALL, bold=True)
        self.width, self.height = said + 20, self.HEIGHT
        self.entry = self.exit = self.HEIGHT // 2

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        canvas.tags.append(PlacedTag(x, y, self.width, self.height, self.tag))


def tag_text(tag: Tag) -> str:
    """What stands at the end of a way."""
    return f"{tag.name} {shape_text(tag.shape)}" if tag.opens else tag.name


def begins(item: Item) -> bool:
    """Whether nothing leads to an item from what stands before it."""
    if isinstance(item, Group):
        return begins(item.items[0])
    return item.opens if isinstance(item, Tag) else isinstance(item, Join) and item.open


def cost(box: Box) -> str:
    """What a box costs, each of its repeats."""
    if box.cost is not None:
        return box.cost
    each = [
        f"{figure(value)} {unit}"
        for value, unit in ((box.macs, "MACs"), (box.params, "params"))
        if value
    ]
    return " · ".join(each) + (" each" if box.times > 1 and each else "")


class Rows(_Cell):
    """Items one after the other, in as many rows as they need."""

    def __init__(
        self,
        items: Sequence[Item],
        shown: Shape,
        room: int,
        *,
        tail: bool,
        first: int = GAP,
        led: bool = True,
    ) -> None:
        """``tail`` leaves room for a way out, ``first`` is how far the first item stands in,
        ``led`` says whether a way leads to it."""
        self.fresh: set[int] = set() if led else {0}
        self.rows: list[list[tuple[int, Shape | None, _Cell]]] = [[]]
        used = widest = 0
        for item in items:
            cell = _cell(item, room - 2 * TURN)
            fresh = begins(item)
            label = item.enters if item.enters != shown and not fresh else None
            label = None if isinstance(item, Tag) else label
            gap = _gap(label)
            if item is items[0]:
                gap = max(first, gap if label else 0)
            row = self.rows[-1]
            # What takes several rows itself leaves on another height than it was entered on.
            alone = cell.entry != cell.exit or bool(row and row[-1][2].entry != row[-1][2].exit)
            if row and (fresh or alone or used + gap + cell.width > room):
                widest = max(widest, used)
                row, used = [], 0
                self.rows.append(row)
            if fresh:
                self.fresh.add(len(self.rows) - 1)
            row.append((gap, label, cell))
            used += gap + cell.width
            shown = cell.shown if isinstance(item, Group) else item.enters
        widest = max(widest, used)
        self.shown = shown
        self.wrapped = len(self.rows) > 1
        self.tail = tail
        self.width = widest + (2 * TURN if self.wrapped else 0)
        self.tops, self.axes = [], []
        y = 0
        for row in self.rows:
            above = max(cell.entry for _, _, cell in row)
            below = max(cell.height - cell.entry for _, _, cell in row)
            self.tops.append(y)
            self.axes.append(y + above)
            y += above + below + ROW_GAP
        self.height = y - ROW_GAP
        self.entry = self.axes[0]
        last = self.rows[-1][-1][2]
        self.exit = self.axes[-1] - last.entry + last.exit
        if not tail:
            self.seal()

    def seal(self) -> None:
        self.tail = False
        self.rows[-1][-1][2].seal()

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        inset = TURN if self.wrapped else 0
        end = x, y + self.axes[0]
        for number, (row, axis) in enumerate(zip(self.rows, self.axes, strict=True)):
            axis += y
            at = x + (inset if number else 0)
            if number in self.fresh:
                lead = []
            elif number:
                turn = y + self.tops[number] - ROW_GAP // 2
                out, back = x + self.width - TURN // 2, x + TURN // 2
                lead = [end, (out, end[1]), (out, turn), (back, turn), (back, axis)]
            else:
                lead = [end]
            for gap, label, cell in row:
                begin = (at, axis) if len(lead) == 1 else lead[-1] if lead else None
                if begin is not None:
                    canvas.way(*lead[:-1], begin, (at + gap, axis), arrow=cell.solid)
                if label is not None:
                    middle = at + (gap - (6 if cell.solid else 0)) // 2
                    canvas.labels.append(Label(middle, axis - 5, shape_text(label)))
                at += gap
                cell.place(canvas, at, axis - cell.entry)
                at += cell.width
                end = at, axis - cell.entry + cell.exit
                lead = [end]
        if self.tail:
            canvas.way(end, (x + self.width, end[1]))


def _gap(label: Shape | None) -> int:
    return GAP if label is None else max(text.width(shape_text(label), SMALL) + 18, GAP)


class _GroupCell(_Cell):
    SIDE, TOP, BOTTOM = 10, 20, 10

    def __init__(self, group: Group, room: int) -> None:
        self.group = group
        inner = room - 2 * self.SIDE
        self.inner = Rows(group.items, group.enters, inner, tail=True, first=self.SIDE)
        self.label = group_label(group)
        least = text.width(self.label, SMALL, bold=True) + 16
        self.width = max(self.inner.width + self.SIDE, least)
        self.height = self.inner.height + self.TOP + self.BOTTOM
        self.entry = self.TOP + self.inner.entry
        self.exit = self.TOP + self.inner.exit
        self.shown = self.inner.shown

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        outline = Outline(x, y, self.width, self.height, self.label, self.group.many)
        canvas.outlines.append(outline)
        self.inner.place(canvas, x, y + self.TOP)
        if self.inner.tail:
            axis = y + self.exit
            canvas.way((x + self.inner.width, axis), (x + self.width, axis))

    def seal(self) -> None:
        self.inner.seal()


def group_label(group: Group) -> str:
    times = f"× {group.many}" if group.many > 1 else ""
    return " ".join(part for part in (group.label, times) if part)


class _JoinCell(_Cell):
    HEIGHT = 20

    def __init__(self, join: Join, room: int) -> None:
        self.join, self.shown = join, join.enters
        sign = text.width(join.sign, TITLE, bold=True)
        self.pill = max(sign + 12, self.HEIGHT)
        inner = room - FORK - self.pill - 2 * GAP
        full = [branch for branch in join.branches if branch]
        inner = max(inner, NARROWEST)
        self.lanes = [Rows(branch, join.enters, inner, tail=True) for branch in full]
        self.ends: list[Shape | None] = [
            branch[-1].shape if branch[-1].shape != lane.shown else None
            for branch, lane in zip(full, self.lanes, strict=True)
        ]
        self.rails = join.arcs
        y = 0
        self.tops = []
        for lane in self.lanes:
            self.tops.append(y)
            y += lane.height + LANE_GAP
        body = max(y - LANE_GAP, self.HEIGHT)
        widths = [
            lane.width + _gap(label) for lane, label in zip(self.lanes, self.ends, strict=True)
        ]
        self.inner = max(widths, default=2 * GAP)
        self.width = FORK + self.inner + self.pill
        above = RAIL * self.rails
        if self.lanes:
            self.entry = above + self._middle([lane.entry for lane in self.lanes])
            self.exit = above + self._middle([lane.exit for lane in self.lanes])
        else:
            self.entry = self.exit = above + body // 2
        self.above, self.height = above, above + body
        self.height = max(self.height, self.exit + self.HEIGHT // 2)

    def _middle(self, offsets: list[int]) -> int:
        return (self.tops[0] + offsets[0] + self.tops[-1] + offsets[-1]) // 2

    def place(self, canvas: Canvas, x: int, y: int) -> None:
        fork, axis = x + FORK // 2, y + self.entry
        left = x + FORK + self.inner
        centre, out = left + self.pill // 2, y + self.exit
        half = self.HEIGHT // 2
        if not self.join.open:
            canvas.way((x, axis), (fork, axis))
        for lane, top, label in zip(self.lanes, self.tops, self.ends, strict=True):
            start = y + self.above + top
            lane_in, lane_out = start + lane.entry, start + lane.exit
            if not self.join.open and 0 not in lane.fresh:
                canvas.way((fork, axis), (fork, lane_in), (x + FORK, lane_in))
            lane.place(canvas, x + FORK, start)
            end = x + FORK + lane.width, lane_out
            if abs(lane_out - out) < half:
                canvas.way(end, (left, lane_out), arrow=True)
            else:
                edge = out - half if lane_out < out else out + half
                canvas.way(end, (centre, lane_out), (centre, edge), arrow=True)
            if label is not None:
                middle = (end[0] + left - 6) // 2
                canvas.labels.append(Label(middle, lane_out - 5, shape_text(label)))
        kind = "gate" if self.join.sign.startswith("×") else "skip"
        for number in range(self.rails):
            rail = y + RAIL * number + 3
            canvas.way(
                (fork, axis),
                (fork, rail),
                (centre, rail),
                (centre, out - half),
                kind=kind,
                arrow=True,
            )
        canvas.joins.append(PlacedJoin(left, out - half, self.pill, self.HEIGHT, self.join))


def _cell(item: Item, room: int) -> _Cell:
    """The cell of an item."""
    if isinstance(item, Tag):
        return _TagCell(item)
    if isinstance(item, Box):
        return _BoxCell(item)
    if isinstance(item, Group):
        return _GroupCell(item, max(room, NARROWEST))
    return _JoinCell(item, max(room, NARROWEST))
