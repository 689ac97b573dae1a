"""A space as a picture: its variants by two figures, the front and the limits marked."""

import io
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from archc.analysis.latency_budget import LATENCY
from archc.diagnostics.text import amount
from archc.space.clock import MISSING
from archc.space.engine import Batch, Space
from archc.space.question import Condition, Question, values

SUFFIXES = (".svg", ".png")
DOTS = 5_000
"""Variants that are drawn at the most, besides the front."""
FEW = 1_500
"""The same in a page, where each is an element."""
_CREATOR = "archc"
"""In the metadata of pictures, by which they are known again."""
_SVG = "http://www.w3.org/2000/svg"
_COLOURS = {"ink": "black", "soft": "0.75", "accent": "C0", "bad": "C3"}
_THEMED = {"ink": "#010101", "soft": "#020202", "accent": "#030303", "bad": "#040404"}
"""In a page, whose own colours of these names take their place."""


class Points:
    """Of the variants that meet the conditions some, and all of the front: (number, x, y) each."""

    def __init__(self, names: tuple[str, str], most: int) -> None:
        self.names, self.most = names, most
        self._kept: list[Any] = []
        self._size, self._step = 0, 1

    def add(self, batch: Batch, met: Any, front: Any = None) -> None:
        """Take variants of a batch."""
        import numpy as np

        if not met.any():
            return
        self._kept.append(self._known(batch, met)[:: self._step])
        self._size += len(self._kept[-1])
        while self._size > self.most:
            self._kept, self._step = [np.concatenate(self._kept)[::2]], self._step * 2
            self._size = len(self._kept[0])

    def _known(self, batch: Batch, chosen: Any) -> Any:
        import numpy as np

        columns = [batch.rows, *(_shown(batch, name) for name in self.names)]
        known = np.logical_and.reduce([column != MISSING for column in columns])
        return np.stack([np.asarray(column, float)[chosen & known] for column in columns], axis=1)

    def all(self, space: Space, front: Sequence[int]) -> tuple[Any, Any]:
        """What was taken, and the front."""
        import numpy as np

        none = np.zeros((0, 3))
        rows = np.array(sorted(front), dtype=np.int64)
        ours = [self._known(batch, batch.network) for batch in space.chosen(rows)]
        return np.concatenate([*self._kept, none]), np.concatenate([*ours, none])


def _shown(batch: Batch, name: str) -> Any:
    """A figure as an axis has it: of time in milliseconds."""
    import numpy as np

    column = values(batch, name)
    if column is None:
        return np.full(len(batch.rows), MISSING)
    return np.where(column == MISSING, MISSING, column / 1000) if name == LATENCY else column


def picture(
    space: Space, question: Question, names: tuple[str, str], dots: Any, front: Any, suffix: str
) -> bytes:
    """An SVG or PNG file. In an SVG every variant of the front says its parameters.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    data = _drawn(space, question, names, dots, front, suffix, _COLOURS)
    return _titled(space, data) if suffix == ".svg" else data


def inline(space: Space, question: Question, names: tuple[str, str], dots: Any, front: Any) -> str:
    """The same as markup within a page, in the colours of the page: `--ink`, `--soft`, `--accent`
    and `--bad`.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    few = dots[:: len(dots) // FEW + 1]
    root = ElementTree.fromstring(
        _titled(space, _drawn(space, question, names, few, front, ".svg", _THEMED))
    )
    for parent in list(root.iter()):
        for tag in ("metadata", "style"):  # of no use there, and rules of one would be the page's
            for element in parent.findall(f"{{{_SVG}}}{tag}"):
                parent.remove(element)
    text = ElementTree.tostring(root, encoding="unicode")
    for name, colour in _THEMED.items():
        text = text.replace(colour, f"var(--{name})")
    return text


def _drawn(
    space: Space,
    question: Question,
    names: tuple[str, str],
    dots: Any,
    front: Any,
    suffix: str,
    colours: dict[str, str],
) -> bytes:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    within = colours is _THEMED
    ink, clear = colours["ink"], "none" if within else "white"
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    style: Any = {"svg.hashsalt": "archc", "svg.fonttype": "none", **dict.fromkeys(inked, ink)}
    style |= {"figure.facecolor": clear, "axes.facecolor": clear}
    if within:
        style |= {"font.family": "sans-serif", "grid.color": colours["soft"]}
    with rc_context(style):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        axes.scatter(
            dots[:, 1], dots[:, 2], s=4, color=colours["soft"], linewidths=0, rasterized=not within
        )
        front = front[front[:, 1].argsort()]
        axes.plot(front[:, 1], front[:, 2], color=colours["accent"], linewidth=1)
        for row, x, y in front:
            (mark,) = axes.plot([x], [y], "o", color=colours["accent"], markersize=5)
            mark.set_gid(f"variant-{int(row)}")
        for condition in question.conditions:
            _limit(axes, condition, names, colours["bad"])
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        for axis, name in zip((axes.xaxis, axes.yaxis), names, strict=True):
            counted(axis, name)
        if not within:
            axes.set_title(f"{space.spec.declared.name.text}: {len(front):,} on the front")
        axes.grid(alpha=0.3)
        return saved(figure, suffix)


def counted(axis: Any, name: str) -> None:
    """Let an axis of counts say `5 M`, not `0.5` of `1e7`."""
    if name == LATENCY:
        return

    def said(value: float, place: object) -> str:
        whole = round(float(value))
        if whole != value:
            return f"{value:g}"
        return f"-{amount(-whole)}" if whole < 0 else amount(whole)

    axis.set_major_formatter(said)


def saved(figure: Any, suffix: str) -> bytes:
    """A figure as a file, the same bytes every time."""
    file = io.BytesIO()
    svg = suffix == ".svg"
    metadata = {"Date": None, "Creator": _CREATOR} if svg else {"Software": _CREATOR}
    figure.savefig(file, format=suffix[1:], dpi=120, metadata=metadata)
    return file.getvalue()


def ours(data: bytes) -> bool:
    """Whether a file is a picture of an earlier run."""
    name = _CREATOR.encode()
    return b"title>" + name + b"</" in data[:4096] or b"Software\0" + name in data[:400]


def _limit(axes: Any, condition: Condition, names: tuple[str, str], colour: str) -> None:
    if condition.name not in names or condition.sign == "!=":
        return
    draw = axes.axvline if condition.name == names[0] else axes.axhline
    draw(float(condition.limit), color=colour, linestyle="--", linewidth=1)


def _titled(space: Space, data: bytes) -> bytes:
    """An SVG whose marked variants have titles, which browsers show under the pointer."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(data)
    for element in root.iter(f"{{{_SVG}}}g"):
        name = element.get("id", "")
        if name.startswith("variant-"):
            settings = space.grid.settings(int(name.removeprefix("variant-")))
            title = ElementTree.Element(f"{{{_SVG}}}title")
            title.text = ", ".join(f"{name} = {text}" for name, text in settings)
            element.insert(0, title)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"
