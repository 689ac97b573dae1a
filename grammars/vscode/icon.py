"""Draws icon.png: `python grammars/vscode/icon.py`, with Matplotlib.

A network as the drawings have it: three maps that get narrower, and a skip around the middle one.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Line

SIZE, DOTS = 128, 64
PAGE, INK, SKIP = "#171b21", "#eef1f5", "#6aa8ff"
BARS = ((22, 64, "#fbe3ad"), (55, 44, "#f4a958"), (88, 26, "#e8744a"))
"""Left edge, height and colour of each map."""


def rounded(x: float, y: float, width: float, height: float, radius: float, colour: str) -> None:
    box = FancyBboxPatch(
        (x + radius, y + radius), width - 2 * radius, height - 2 * radius,
        boxstyle=f"round,pad={radius}", facecolor=colour, edgecolor="none",
    )  # fmt: skip
    pyplot.gca().add_patch(box)


def line(points: list[tuple[float, float]], codes: list[int], colour: str) -> None:
    path = PathPatch(
        Line(points, codes), facecolor="none", edgecolor=colour, linewidth=4.5, capstyle="round"
    )
    pyplot.gca().add_patch(path)


def draw() -> None:
    figure = pyplot.figure(figsize=(SIZE / DOTS, SIZE / DOTS), dpi=DOTS)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, SIZE), ylim=(0, SIZE))
    axes.axis("off")
    rounded(2, 2, SIZE - 4, SIZE - 4, 22, PAGE)
    middle = 54
    line([(20, middle), (108, middle)], [Line.MOVETO, Line.LINETO], INK)
    arc = [(40, middle), (40, 104), (88, 104), (88, middle)]
    line(arc, [Line.MOVETO, Line.CURVE4, Line.CURVE4, Line.CURVE4], SKIP)
    for x, height, colour in BARS:
        rounded(x, middle - height / 2, 18, height, 5, colour)
    path = Path(__file__).with_name("icon.png")
    figure.savefig(path, transparent=True, metadata={"Software": None})


if __name__ == "__main__":
    draw()
