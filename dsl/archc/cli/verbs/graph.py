"""`archc graph SPEC`: the network as a drawing."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, binding_arguments, model_arguments, shared_arguments
from archc.formats import listed

if TYPE_CHECKING:
    from archc.analysis.lowering import Deployed
    from archc.cli.session import Session
    from archc.ir.graph import Graph
    from archc.source import Span
    from archc.targets.model import Target

SUMMARY = "draw a network"

ENDINGS = {
    "svg": (".svg",),
    "mermaid": (".mmd", ".mermaid", ".md"),
    "dot": (".dot", ".gv"),
    "node-data": (".json",),
}
"""Formats, and how the names of their files end."""

CONVERTED = {
    ".png": "`rsvg-convert {stem}.svg -o {name}`, or `dot -Tpng {stem}.dot -o {name}`",
    ".pdf": "`rsvg-convert -f pdf {stem}.svg -o {name}`, or `dot -Tpdf {stem}.dot -o {name}`",
    ".html": 'a page shows an SVG as it is: `<img src="{stem}.svg">`',
}
"""What to do for files that are not drawn, by how their names end."""
CONVERTED |= {".htm": CONVERTED[".html"]}
CONVERTED |= {
    ending: CONVERTED[".png"].replace("png", ending[1:]) for ending in (".jpg", ".jpeg", ".gif")
}

LEAST_WIDTH = 480


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "spec", metavar="SPEC|MODEL", help=f"a `.arch` file, or a model: {listed()}"
    )
    binding_arguments(parser)
    model_arguments(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write it there, in the format that FILE ends in: .svg; .mmd, .mermaid or .md "
        "(Mermaid); .dot or .gv (Graphviz); .json (node data for Model Explorer)",
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="draw again whenever a source file is saved, and show what moved",
    )
    parser.add_argument(
        "--detail",
        choices=("stages", "blocks", "layers"),
        help="how much to show; by default as much as is still easy to read",
    )
    parser.add_argument(
        "--color",
        choices=("macs", "time", "weights", "activations", "tier"),
        default="macs",
        help="what colours show: the share of the MACs or of the estimated time; in node data also "
        "bytes of weights, bytes of results, and where the target runs each operator",
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
    shared_arguments(parser, tuple(ENDINGS))
    parser.set_defaults(format=None)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, Session

    if options.watch and options.output in (None, "-"):
        raise UsageError("`--watch` draws into a file: name it with `-o FILE`")
    if options.width < LEAST_WIDTH:
        raise UsageError(f"`--width` is {LEAST_WIDTH} or more")
    if options.boxes is not None and options.boxes < 1:
        raise UsageError("`--boxes` is 1 or more")
    options.format = format_of(options.output, options.format)
    options.specs = [options.spec]
    if options.watch:
        from archc.cli import watch

        return watch.run(options, again)
    session = Session(options)
    return session.code if once(session) else FAILURE


def again(session: "Session") -> "Session":
    """Draw as `once` does; what the command line does not fit any more is said, and may again."""
    try:
        once(session)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
    return session


def once(session: "Session") -> bool:
    """Draw what the command line names and say so; whether there was something to draw."""
    options = session.arguments
    session.compile()
    names = [network.name for network in session.networks]
    if len(names) > 1:
        raise UsageError(f"`{options.spec}` declares {', '.join(names)}: choose one with `--arch`")
    made = draw(session, options) if names or session.models else None
    if made is not None:
        drawn, ours = made
        if options.output in (None, "-"):
            sys.stdout.flush()
            sys.stdout.buffer.write(drawn.encode())  # UTF-8, whatever a terminal takes
        else:
            write(session, options.output, drawn, ours)
    session.show(("error",))
    return made is not None


def format_of(path: str | None, wanted: str | None) -> str:
    """The format to draw in.

    Args:
        path: where to, if not to standard output.
        wanted: what `--format` says.

    Raises:
        UsageError: the file's name says another one, or none that is drawn.
    """
    if path in (None, "-"):
        return wanted or "svg"
    if os.path.isdir(path):
        raise UsageError(f"`{path}` is a folder: name a file to write")
    name = os.path.basename(path)
    stem, ending = os.path.splitext(name)
    named = next((one for one, all in ENDINGS.items() if ending.lower() in all), None)
    if wanted is not None and named != wanted and (named or ending):
        raise UsageError(
            f"`{name}` does not end as {wanted} does: name it `{stem}{ENDINGS[wanted][0]}`"
            + (", or leave out `--format`" if named else "")
        )
    if named is None and wanted is None:
        known = ", ".join(one for all in ENDINGS.values() for one in all)
        do = CONVERTED.get(ending.lower(), "").format(stem=stem, name=name)
        for_that = f"; for {ending} draw `{stem}.svg` or `{stem}.dot`, then {do}" if do else ""
        raise UsageError(f"`{name}` does not end in a format that archc draws: {known}{for_that}")
    return named or wanted or "svg"


def draw(
    session: "Session", options: argparse.Namespace
) -> tuple[str, Callable[[bytes], bool]] | None:
    """The text of the drawing, and how to know such a one again; None and a report where it would
    have too many boxes."""
    if options.format == "node-data":
        return overlay(session, options.color)
    from archc.diagnostics.codes import LIMIT
    from archc.diagnostics.model import make
    from archc.emit import dot, mermaid
    from archc.emit.drawing import DETAILS, MARK, QUANTITIES, TooLarge, picture, svg, untimed
    from archc.emit.drawing.wired import series_parallel

    if options.color not in QUANTITIES:
        raise UsageError(f"`--color {options.color}` is for `--format node-data`")
    name, declared, graph, document = subject(session)
    charted = options.format == "mermaid"
    most = options.boxes or (mermaid.MOST if charted else 2_000)
    if options.color == "time":
        needed(name, untimed(document))
    fold = not options.unfold
    try:
        if session.models and len(graph.nodes) > 2 * most and not series_parallel(graph):
            # What is read in many places takes time in the square of its size to lay out.
            raise TooLarge(options.detail or "stages", len(graph.nodes), most)
        found = picture(graph, document, options.detail, color=options.color, fold=fold, most=most)
    except TooLarge as large:
        coarser = DETAILS[: DETAILS.index(large.detail)]
        ways = [f"`--detail {coarser[-1]}` shows less"] if coarser else []
        ways += ["leave out `--unfold`"] if options.unfold else []
        ways += [f"`--boxes {large.size}` allows it"]
        notes = []
        if charted:
            notes = ["Mermaid itself refuses more than 500 edges unless its settings are changed"]
        session.diagnostics.append(
            make(
                LIMIT,
                f"this drawing of `{name}` would have {large.size:,} boxes, above {large.most:,}",
                declared,
                help=", or ".join(ways),
                notes=notes,
            )
        )
        return None
    if charted:
        page = (options.output or "").lower().endswith(".md")
        text = (mermaid.fenced if page else mermaid.mermaid)(found)
        return text, lambda data: data.find(mermaid.MARK.encode(), 0, 400) >= 0
    if options.format == "dot":
        return dot.dot(found), lambda data: data.startswith(dot.MARK.encode())
    return svg(found, width=options.width), lambda data: data.find(MARK.encode(), 0, 800) >= 0


def needed(name: str, missing: str | None) -> None:
    """Refuse to show what is not known.

    Raises:
        UsageError: something is missing.
    """
    if missing is not None:
        raise UsageError(f"`--color` has nothing to show of `{name}`: {missing}")


def overlay(session: "Session", quantity: str) -> tuple[str, Callable[[bytes], bool]]:
    """Node data of every operator of the int8 file, and how to know such a text again.

    Raises:
        UsageError: the quantity is not known of this network.
    """
    from archc.emit.drawing import untimed
    from archc.emit.node_data import MARK, figures, node_data

    if session.models:
        model = session.models[0]
        name, document, graph, deployed = model.name, model.document, model.graph, model.deployed
        keys = model.keys
    else:
        from archc.analysis.lowering import lower

        network = session.networks[0]
        name, document, graph = network.name, network.manifest, network.graph
        deployed = lower(graph, document["inputs"][0]["dtype"])
        keys = tuple(map(str, range(len(deployed.operators))))
    if quantity == "time":
        needed(name, untimed(document))
    if quantity == "tier":
        needed(name, None if document["target"] else "no target says where operators run")
        values: Sequence[Any] = tiers(session.target, document, graph, deployed)
    else:
        values = figures(deployed, document, quantity)
    return node_data(name, quantity, keys, values), lambda data: data.startswith(MARK.encode())


def tiers(
    target: "Target | None", document: dict[str, Any], graph: "Graph", deployed: "Deployed"
) -> list[str]:
    """Whether the NPU or the CPU runs each operator, and by which of the target's tiers."""
    from archc.targets.builtin import builtin
    from archc.targets.facts import Facts, Request

    target = target or builtin(document["target"]["name"])
    io = document["inputs"][0]["dtype"]
    facts = Facts(target, Request(target.name, io=io), graph, deployed)
    on_cpu = set(facts.software_places())
    found = []
    for place, op in enumerate(deployed.operators):
        tier = target.tier(op.operator)
        where = "CPU" if place in on_cpu else "NPU" if tier is not None else "not known"
        agrees = tier is not None and tier.software == (place in on_cpu)
        found.append(f"{where} ({tier.name})" if tier is not None and agrees else where)
    return found


def subject(
    session: "Session",
) -> "tuple[str, Span | None, Graph, dict[str, Any]]":
    """What is drawn: its name, where it is declared, its graph and its manifest."""
    if session.models:
        from archc.models.front import drawable

        model = session.models[0]
        return model.name, None, *drawable(model)
    network = session.networks[0]
    return network.name, network.declared, network.graph, network.manifest


def write(session: "Session", path: str, drawn: str, ours: Callable[[bytes], bool]) -> None:
    """Write the drawing; a file that is not ours stays."""
    from archc.files.saving import save

    failure = save({path: drawn.encode()}, ours)
    if failure is not None:
        session.diagnostics.append(failure)
        return
    print(f"{path} written", file=sys.stderr)
