"""Which picture of a network to draw: of what detail, and whether its maps are wired."""

from typing import Any

from archc.emit.drawing import wired
from archc.emit.drawing.structure import BLOCKS_UP_TO, LAYERS_UP_TO, Picture, Reader, TooLarge
from archc.ir.graph import Graph


def picture(
    graph: Graph,
    manifest: dict[str, Any],
    detail: str | None = None,
    *,
    fold: bool = True,
    most: int = 2_000,
) -> Picture:
    """What to draw of a network.

    Args:
        graph: the network.
        manifest: its manifest, for figures.
        detail: one of `DETAILS`; None for the finest that is still easy to read.
        fold: draw what repeats once, with a count.
        most: boxes that the drawing may have.

    Raises:
        TooLarge: it would have more; of the coarsest level where none was asked for.
    """
    if detail is not None:
        return _within(_reader(graph, manifest, fold).picture(detail), most)
    reader = _reader(graph, manifest, fold)
    for level, up_to in (("layers", LAYERS_UP_TO), ("blocks", BLOCKS_UP_TO)):
        found = reader.picture(level)
        if found.size <= min(up_to, most):
            return found
    return _within(reader.picture("stages"), most)


def _reader(graph: Graph, manifest: dict[str, Any], fold: bool) -> Reader:
    return (Reader if wired.series_parallel(graph) else wired.Wired)(graph, manifest, fold)


def _within(found: Picture, most: int) -> Picture:
    if found.size > most:
        raise TooLarge(found.detail, found.size, most)
    return found
