"""`archc report SPEC|MODEL... -o FILE.html`: networks on one page that anybody can open."""

import os
import sys

from archc.cli.arguments import UsageError, binding_arguments, model_arguments, shared_arguments
from archc.formats import listed
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from archc.cli.session import Session
    from archc.emit.report import Subject

FORMATS = ("html", "pdf", "png")
"""By the endings of their files."""

SUMMARY = "write networks as one HTML page, to read, print and pass on"


def arguments(parser: "argparse.ArgumentParser") -> None:
    parser.add_argument(
        "specs", metavar="SPEC|MODEL", nargs="+", help=f"`.arch` files, or models: {listed()}"
    )
    binding_arguments(parser)
    model_arguments(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="write it there, in the format that FILE ends in: .html; .pdf or .png, which a "
        "browser of this machine makes; `-` prints the page",
    )
    shared_arguments(parser, FORMATS)
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


def format_of(path: str, wanted: str | None) -> str:
    """The format to write.

    Raises:
        UsageError: the file's name says another one, or none.
    """
    ending = os.path.splitext(path)[1].lower().removeprefix(".")
    named = {"htm": "html"}.get(ending, ending)
    if path == "-":
        if wanted not in (None, "html"):
            raise UsageError("`-o -` prints the page as HTML")
        return "html"
    if named not in FORMATS:
        raise UsageError(f"`{path}` ends in none of {', '.join(f'.{one}' for one in FORMATS)}")
    if wanted not in (None, named):
        raise UsageError(f"`{path}` does not end in .{wanted}")
    return named


def write(session: "Session", path: str, page: str, form: str) -> None:
    """Write the report; a file that is not one of ours stays.

    Raises:
        Rejected: there is no browser for the format.
    """
    from archc.files.saving import save

    if form == "html":
        from archc.emit.report import MARK

        mark = f'content="{MARK}"'.encode()
        failure = save({path: page.encode()}, lambda data: mark in data[:1000])
    else:
        from archc.cli.browser import MARKS, printed

        failure = save({path: printed(page, form)}, lambda data: data.endswith(MARKS[form]))
    if failure is not None:
        session.diagnostics.append(failure)
        return
    print(f"{path} written", file=sys.stderr)


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
