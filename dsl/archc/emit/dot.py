"""The network in DOT, the language of Graphviz: the same boxes, joins and groups as the drawing.

Node names are ours. Texts from a spec are quoted strings, in which `"` and `\\` are escaped: they
cannot end a label, and labels are plain text, not DOT's HTML.
"""

from collections.abc import Sequence

from archc.diagnostics.text import printable
from archc.emit.chart import Chart
from archc.emit.drawing.structure import Picture
from archc.emit.drawing.svg import LIGHT, description

MARK = "// Drawn by archc."
"""A comment in every file, by which the command knows its own."""


def dot(picture: Picture) -> str:
    """The graph of a network, the same text for the same picture."""
    return _Dot(picture).text()


class _Dot(Chart):
    through = True

    def __init__(self, picture: Picture) -> None:
        super().__init__(picture)
        self.lines: list[str] = []
        self.edges: list[str] = []

    def text(self) -> str:
        self.walk()
        head = [
            MARK,
            f"digraph {quoted(self.picture.name)} {{",
            f"  graph [label={quoted(self.picture.name)} labelloc=t fontname=sans "
            f"tooltip={quoted(description(self.picture))}]",
            f'  node [shape=box style="rounded,filled" fillcolor="{LIGHT.heat[0]}" '
            f'color="{LIGHT.line}" fontcolor="{LIGHT.ink}" fontname=sans fontsize=11]',
            f'  edge [color="{LIGHT.line}" fontname=sans fontsize=9]',
        ]
        return "\n".join([*head, *self.lines, *self.edges, "}"]) + "\n"

    def end(self, name: str, label: str) -> None:
        self.lines.append(f"  {name} [label={quoted(label)} shape=oval]")

    def empty(self, name: str, label: str) -> None:
        self.lines.append(f"  {name} [label={quoted(label, 'no layers')}]")

    def box(self, name: str, rows: Sequence[str], colour: int, depth: int) -> None:
        shade = LIGHT.heat[colour]
        self.lines.append(f'{"  " * depth}{name} [label={quoted(*rows)} fillcolor="{shade}"]')

    def join(self, name: str, sign: str, depth: int) -> None:
        self.lines.append(f"{'  ' * depth}{name} [label={quoted(sign)} shape=oval]")

    def fork(self, name: str, depth: int) -> None:
        self.lines.append(f"{'  ' * depth}{name} [shape=point]")

    def begin(self, name: str, label: str, depth: int) -> None:
        indent = "  " * depth
        self.lines.append(f"{indent}subgraph cluster_{name} {{")
        self.lines.append(
            f'{indent}  label={quoted(label)} style="rounded" color="{LIGHT.line}" labeljust=l'
        )

    def close(self, depth: int) -> None:
        self.lines.append(f"{'  ' * depth}}}")

    def edge(self, before: str, after: str, label: str) -> None:
        shown = f" [label={quoted(label)}]" if label else ""
        self.edges.append(f"  {before} -> {after}{shown}")

    def arc(self, before: str, after: str, label: str) -> None:
        self.edges.append(f"  {before} -> {after} [label={quoted(label)} style=dashed]")


def quoted(*lines: str) -> str:
    """Lines as one quoted string."""
    safe = (printable(line).replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(safe) + '"'
