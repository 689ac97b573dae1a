"""`archc report SPEC|MODEL... -o FILE.html`: networks on one page that anybody can open."""

import sys

from archc.cli.arguments import compile_arguments
from archc.cli.pages import FORMATS, format_of, write
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from archc.cli.session import Session
    from archc.emit.report import Subject

SUMMARY = "write networks as one HTML page, to read, print and pass on"


def arguments(parser: "argparse.ArgumentParser") -> None:
    compile_arguments(parser, FORMATS, models=True)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="write it there, in the format that FILE ends in: .html; .pdf or .png, which a "
        "browser of this machine makes; `-` prints the page",
    )
    parser.set_defaults(format=None)


def run(options: "argparse.Namespace") -> int:
    from archc.cli.session import FAILURE, Session
    from archc.diagnostics.model import Rejected
    from archc.emit.report import report

    form = format_of(options.output, options.format)
    options.format = "text"
    session = Session(options)
    session.compile()
    named = subjects(session)
    if session.failed or not named:
        session.show(("error",))
        return FAILURE
    page = report(named)
    try:
        if options.output == "-":
            sys.stdout.flush()
            sys.stdout.buffer.write(page.encode())
        else:
            write(session, options.output, page, form)
    except Rejected as rejected:
        session.diagnostics += rejected.diagnostics
    session.show(("error",))
    return session.code


def subjects(session: "Session") -> "list[Subject]":
    """The networks and models of a session, in the order they were named."""
    from archc.emit.report import Subject

    made = [
        Subject(network.manifest, network.graph, network.manifest) for network in session.networks
    ]
    if session.models:
        from archc.models.front import drawable

        made += [Subject(model.document, *drawable(model)) for model in session.models]
    order = {id(document): at for at, document in enumerate(session.documents)}
    return sorted(made, key=lambda subject: order[id(subject.document)])
