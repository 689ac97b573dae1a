"""The network as a Mermaid flowchart: the same boxes, joins and groups as the SVG drawing.

The text keeps to what every renderer takes: node identifiers are ours, and of texts from a spec
every character that is not plainly a letter, a digit or one of a few signs is written as an entity
code, so that none can end a label, start a directive or become markup.
"""

from collections.abc import Sequence

from archc.diagnostics.text import printable
from archc.emit.chart import Chart
from archc.emit.drawing.structure import Picture
from archc.emit.drawing.svg import LIGHT, description

MARK = "%% Drawn by archc."
"""A comment in every flowchart, by which the command knows its own files."""

MOST = 240
"""Boxes unless more are asked for. Mermaid refuses more than 500 edges and 50,000 characters
where its settings were not changed (11.4, `maxEdges` and `maxTextSize`)."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.:_+-/·×…→")


def mermaid(picture: Picture) -> str:
    """The flowchart of a network, the same text for the same picture."""
    return _Mermaid(picture).text()


def fenced(picture: Picture) -> str:
    """The same as a page of Markdown, as GitHub and GitLab draw it."""
    return f"```mermaid\n{mermaid(picture)}```\n"


class _Mermaid(Chart):
    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self.lines: list[str] = []
        self.edges: list[str] = []
        self.classes: dict[int, list[str]] = {}
        self.frames: list[str] = []

    def text(self) -> str:
        picture = self.picture
        self.walk()
        head = [
            "---",
            f'title: "{picture.name}"',
            "---",
            MARK,
            "flowchart TD",
            f"  accTitle: {escaped(picture.name)}",
            f"  accDescr: {escaped(description(picture))}",
        ]
        styles = [
            f"  classDef c{number} fill:{LIGHT.heat[number]},stroke:{LIGHT.line},color:{LIGHT.ink}"
            for number in sorted(self.classes)
        ]
        if self.frames:
            styles.append(f"  classDef frame fill:none,stroke:{LIGHT.line}")
            styles.append(f"  class {','.join(self.frames)} frame")
        given = [f"  class {','.join(self.classes[at])} c{at}" for at in sorted(self.classes)]
        return "\n".join([*head, *self.lines, *self.edges, *styles, *given]) + "\n"

    def end(self, name: str, label: str) -> None:
        self.lines.append(f'  {name}(["{escaped(label)}"])')

    def empty(self, name: str, label: str) -> None:
        self.lines.append(f'  {name}["{escaped(label)}<br/>no layers"]')

    def box(self, name: str, rows: Sequence[str], colour: int, depth: int) -> None:
        self.lines.append(f'{"  " * depth}{name}["{"<br/>".join(map(escaped, rows))}"]')
        self.classes.setdefault(colour, []).append(name)

    def join(self, name: str, sign: str, depth: int) -> None:
        self.lines.append(f'{"  " * depth}{name}(["{escaped(sign)}"])')

    def fork(self, name: str, depth: int) -> None:
        self.lines.append(f'{"  " * depth}{name}((" "))')

    def begin(self, name: str, label: str, depth: int) -> None:
        self.lines.append(f'{"  " * depth}subgraph {name}["{escaped(label) or " "}"]')
        self.lines.append(f"{'  ' * depth}  direction LR")
        self.frames.append(name)

    def close(self, depth: int) -> None:
        self.lines.append(f"{'  ' * depth}end")

    def edge(self, before: str, after: str, label: str) -> None:
        shown = f'|"{escaped(label)}"|' if label else ""
        self.edges.append(f"  {before} -->{shown} {after}")

    def arc(self, before: str, after: str, label: str) -> None:
        self.edges.append(f'  {before} -. "{label}" .-> {after}')


def escaped(said: str) -> str:
    """A text as a label in quotes has it."""
    return "".join(sign if sign in _PLAIN else f"#{ord(sign)};" for sign in printable(said))
