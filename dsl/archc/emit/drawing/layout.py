"""Where everything stands in a drawing, in whole pixels.

Each stage is a band, one below the other. In a band the layers run from left to right and wrap as
text does; branches lie one above the other, and the value itself goes around in an arc.
"""

from archc.diagnostics.text import shape_text
from archc.emit.drawing import text
from archc.emit.drawing.cells import GAP, Rows
from archc.emit.drawing.placed import SMALL, Band, Canvas, Drawing, Label
from archc.emit.drawing.structure import Picture

MARGIN = 24
HEADER = 172
"""Width of the left part of a band, which names the stage."""
BAND_GAP = 34
NAME_HEIGHT = 56
PADDING = 12
END_HEIGHT = 26
END_LEAST = 96


def lay_out(picture: Picture, *, width: int = 1120, top: int = 0, least: int = 0) -> Drawing:
    """Place everything.

    Args:
        picture: what to draw.
        width: pixels to stay within; what cannot be wrapped may go beyond.
        top: pixels left free at the top.
        least: how wide the drawing is at least, margins included.
    """
    canvas = Canvas()
    room = width - 2 * MARGIN - HEADER - PADDING
    rows = [
        Rows(stage.items, stage.enters, room, tail=False, led=stage.follows)
        if stage.items
        else None
        for stage in picture.stages
    ]
    inner = max((row.width for row in rows if row), default=0)
    band_width = max(HEADER + inner + PADDING, least - 2 * MARGIN)
    spine = MARGIN + HEADER // 2
    y = top + END_HEIGHT
    sources = [picture.graph.nodes[index] for index in picture.graph.inputs]
    ends: list[Label] = []
    at = spine
    for source in sources:
        said = f"{source.name} {shape_text(source.shape)}"
        ends.append(Label(at, top + END_HEIGHT // 2, said))
        if len(sources) > 1:  # side by side, the first at the left margin
            half = end_width(ends[-1]) // 2
            ends[-1] = ends[-1]._replace(x=max(at, MARGIN + half))
            at = ends[-1].x + half + GAP + END_LEAST // 2
    bands: list[Band] = []
    starts = []
    shape = sources[0].shape
    for stage, row in zip(picture.stages, rows, strict=True):
        if stage.follows:
            canvas.down(spine, y, y + BAND_GAP, shape if bands else None)
            y += BAND_GAP
        else:
            y += GAP
        height = max(row.height if row else 0, NAME_HEIGHT) + 2 * PADDING
        axis = y + height // 2
        if row:
            at = y + (height - row.height) // 2
            axis = at + row.entry
            row.place(canvas, MARGIN + HEADER, at)
            if stage.follows:
                starts.append((MARGIN + HEADER, axis))
        # The name stands where the way begins, as far as it fits there.
        half = NAME_HEIGHT // 2 + PADDING
        axis = min(max(axis, y + half), y + height - half)
        bands.append(Band(MARGIN, y, band_width, height, axis, stage))
        y += height
        shape = stage.shape
    if not picture.named:
        canvas.down(spine, y, y + BAND_GAP, None)
        y += BAND_GAP
        ends.append(Label(spine, y + END_HEIGHT // 2, f"output {shape_text(shape)}"))
    return Drawing(
        band_width + 2 * MARGIN,
        y + END_HEIGHT + MARGIN,
        top,
        tuple(bands),
        tuple(canvas.boxes),
        tuple(canvas.joins),
        tuple(canvas.tags),
        tuple(canvas.outlines),
        tuple(canvas.ways),
        tuple(canvas.labels),
        tuple(starts),
        tuple(ends),
    )


def end_width(label: Label) -> int:
    """How wide the box of the input or the output is."""
    return max(text.width(label.text, SMALL + 1) + 24, END_LEAST)
