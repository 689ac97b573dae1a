"""`archc graph SPEC`: the network as a drawing."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any

from archc.cli.arguments import UsageError, shared_arguments

FORMATS = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}
"""Formats by the ends of file names."""

LEAST_WIDTH = 480


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter that is not bound yet; any expression of the language",
    )
    parser.add_argument("--name", help="name of the network drawn with `--set`")
    parser.add_argument("--arch", help="the arch of the spec to draw")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write it there, in the format that FILE ends in: .svg, .mmd or .mermaid",
    )
    parser.add_argument(
        "--detail",
        choices=("stages", "blocks", "layers"),
        help="how much to show; by default as much as is still easy to read",
    )
    parser.add_argument(
        "--unfold", action="store_true", help="draw every repeat, not one with a count"
    )
    parser.add_argument(
        "--width", type=int, default=1120, metavar="PIXELS", help="of an SVG, before rows wrap"
    )
    parser.add_argument(
        "--boxes", type=int, metavar="N", help="boxes that a drawing may have at most"
    )
    shared_arguments(parser, ("svg", "mermaid"))
    parser.set_defaults(format=None)


def run(given: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, Session

    if given.width < LEAST_WIDTH:
        raise UsageError(f"`--width` is {LEAST_WIDTH} or more")
    if given.boxes is not None and given.boxes < 1:
        raise UsageError("`--boxes` is 1 or more")
    if given.format is None:
        ending = os.path.splitext(given.output or "")[1].lower()
        given.format = FORMATS.get(ending, "svg")
    given.specs = [given.spec]
    session = Session(given)
    session.compile()
    names = [network.name for network in session.networks]
    if len(names) > 1:
        raise UsageError(f"`{given.spec}` declares {', '.join(names)}: choose one with `--arch`")
    made = draw(session, given) if names else None
    if made is not None:
        drawn, ours = made
        if given.output in (None, "-"):
            sys.stdout.flush()
            sys.stdout.buffer.write(drawn.encode())  # UTF-8, whatever a terminal takes
        else:
            write(session, given.output, drawn, ours)
    session.show(("error",))
    return session.code if made is not None else FAILURE


def draw(session: Any, given: argparse.Namespace) -> tuple[str, Callable[[bytes], bool]] | None:
    """The text of the drawing, and how to know such a one again; None and a report where it would
    have too many boxes."""
    from archc.diagnostics.codes import LIMIT
    from archc.diagnostics.model import make
    from archc.emit import mermaid as chart
    from archc.emit.drawing import DETAILS, MARK, TooLarge, picture, svg

    network = session.networks[0]
    charted = given.format == "mermaid"
    most = given.boxes or (chart.MOST if charted else 2_000)
    try:
        found = picture(
            network.graph, network.manifest, given.detail, fold=not given.unfold, most=most
        )
    except TooLarge as large:
        coarser = DETAILS[: DETAILS.index(large.detail)]
        ways = [f"`--detail {coarser[-1]}` shows less"] if coarser else []
        ways += ["leave out `--unfold`"] if given.unfold else []
        ways += [f"`--boxes {large.size}` allows it"]
        notes = []
        if charted:
            notes = ["Mermaid itself refuses more than 500 edges unless its settings are changed"]
        session.diagnostics.append(
            make(
                LIMIT,
                f"this drawing of `{network.name}` would have {large.size:,} boxes, above "
                f"{large.most:,}",
                network.declared,
                help=", or ".join(ways),
                notes=notes,
            )
        )
        return None
    if charted:
        mark = chart.MARK
        return chart.mermaid(found), lambda data: data.find(mark.encode(), 0, 400) >= 0
    return svg(found, width=given.width), lambda data: data.find(MARK.encode(), 0, 800) >= 0


def write(session: Any, path: str, drawn: str, ours: Callable[[bytes], bool]) -> None:
    """Write the drawing; a file that is none of ours stays."""
    from archc.files import save

    failure = save({path: drawn.encode()}, ours)
    if failure is not None:
        session.diagnostics.append(failure)
        return
    print(f"{path} written", file=sys.stderr)
