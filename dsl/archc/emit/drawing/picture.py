"""Which picture of a network to draw: of what detail, and whether its maps are wired."""

from typing import Any

from archc.emit.drawing import wired
from archc.emit.drawing.paint import by_time
from archc.emit.drawing.reader import Reader
from archc.emit.drawing.structure import (
    BLOCKS_UP_TO,
    LAYERS_UP_TO,
    Box,
    Group,
    Item,
    Join,
    Picture,
    TooLarge,
)
from archc.ir.graph import Graph


def picture(
    graph: Graph,
    manifest: dict[str, Any],
    detail: str | None = None,
    *,
    color: str = "macs",
    fold: bool = True,
    most: int = 2_000,
) -> Picture:
    """What to draw of a network.

    Args:
        graph: the network.
        manifest: its manifest, for figures.
        detail: one of `DETAILS`; None for the finest that is still easy to read.
        color: what colours show, one of `QUANTITIES`; `time` of a manifest that has it.
        fold: draw what repeats once, with a count.
        most: boxes that the drawing may have.

    Raises:
        TooLarge: it would have more; of the coarsest level where none was asked for.
    """
    found = _chosen(_reader(graph, manifest, fold), detail, most)
    return _timed(found) if color == "time" else found


def _chosen(reader: Reader, detail: str | None, most: int) -> Picture:
    if detail is not None:
        return _within(reader.picture(detail), most)
    for level, up_to in (("layers", LAYERS_UP_TO), ("blocks", BLOCKS_UP_TO)):
        found = reader.picture(level)
        if found.size <= min(up_to, most):
            return found
    return _within(reader.picture("stages"), most)


def _timed(found: Picture) -> Picture:
    """The same picture with the time of boxes in place of their MACs."""
    paint = by_time(found.manifest)

    def of(item: Item) -> Item:
        if isinstance(item, Group):
            return item._replace(items=tuple(map(of, item.items)))
        if isinstance(item, Join):
            return item._replace(branches=tuple(tuple(map(of, b)) for b in item.branches))
        if isinstance(item, Box):
            spent = paint.of(item.nodes)
            repeats = " in all" if item.times > 1 else ""
            return item._replace(cost=f"{paint.figure(spent)}{repeats}" if spent else "")
        return item

    stages = (stage._replace(items=tuple(map(of, stage.items))) for stage in found.stages)
    return found._replace(stages=tuple(stages), paint=paint)


def _reader(graph: Graph, manifest: dict[str, Any], fold: bool) -> Reader:
    return (Reader if wired.series_parallel(graph) else wired.Wired)(graph, manifest, fold)


def _within(found: Picture, most: int) -> Picture:
    if found.size > most:
        raise TooLarge(found.detail, found.size, most)
    return found
