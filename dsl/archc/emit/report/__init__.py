"""The report: networks on one HTML page that anybody can open.

One file: no request leaves it, its one script is named by its hash in its policy, and every text of
a spec or a model is escaped: by the template, or where markup is made (`memory`, the drawing).
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256

from archc.diagnostics.text import few, printable
from archc.emit.report.content import Cell, compared, network
from archc.emit.report.sheets import read, sheet
from archc.ir.graph import Graph
from archc.typed import Any, NamedTuple

MARK = "archc report"
"""What a page is known by as one of ours."""
_MOST_BOXES = 1_000
"""Of a drawing; of one that would be larger the page says so."""


_NAMED = 3
"""Networks that the title names."""


class Subject(NamedTuple):
    """A network that is reported on."""

    document: dict[str, Any]
    """The plain data of its manifest."""
    graph: Graph
    """What is drawn, with the document that the drawing reads."""
    drawn: dict[str, Any]
    title: str = ""
    """What it is called, if not by its name."""


class Front(NamedTuple):
    """The best variants of a space, where the subjects of a page are some of them."""

    heading: str
    about: tuple[str, ...]
    """Sentences: how many variants there are, what was asked of them."""
    picture: str
    """Markup of them all by two figures; nothing where there is one objective."""
    figures: tuple[str, ...]
    """What the table has of each subject, besides its verdict."""
    rows: tuple[tuple[Cell, ...], ...]
    """Of each subject."""


def report(subjects: Sequence[Subject], front: Front | None = None) -> str:
    """Networks as a page, the same bytes for the same networks.

    Args:
        subjects: the networks, the first of which others are compared with.
        front: of which they are, if they are variants.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = read("page.js")
    documents = [subject.document for subject in subjects]
    networks = [
        network(subject.document, f"n{number}", subject.title, *_drawing(subject, f"n{number}"))
        for number, subject in enumerate(subjects)
    ]
    return environment.from_string(read("page.html.jinja")).render(
        title=front.heading if front else few([one.title for one in networks], _NAMED),
        front=front,
        mark=MARK,
        networks=networks,
        compared=compared(documents) if len(documents) > 1 else [],
        style="".join(map(sheet, ("colours", "page", "memory"))),
        script=script,
        hash=b64encode(sha256(script.encode()).digest()).decode(),
    )


def _harmless(value: object) -> object:
    """What a template prints: texts without signs that reorder or hide others; markup as it is."""
    return printable(value) if type(value) is str else value


def _drawing(subject: Subject, name: str) -> tuple[str, str]:
    """The markup of a drawing, or why there is none."""
    from archc.emit.drawing import TooLarge, picture, svg

    try:
        found = picture(subject.graph, subject.drawn, most=_MOST_BOXES)
    except TooLarge as large:
        return "", (
            f"It would have {large.size:,} boxes, too many to read here: `archc graph` draws it, "
            "by stages with `--detail stages`."
        )
    return svg(found, width=1100, within=name), ""
