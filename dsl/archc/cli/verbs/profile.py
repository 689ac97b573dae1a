"""`archc profile SPEC|MODEL...`: what networks cost."""

import sys

from archc.cli.arguments import FORMATS, compile_arguments
from archc.cli.session import Session, colored, show, terminal_width, unicode
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


SUMMARY = "show what a network costs, layer by layer"


def arguments(parser: "argparse.ArgumentParser") -> None:
    from archc.emit.summary import FORMATS as TABLES

    compile_arguments(parser, (*FORMATS, *TABLES), models=True)
    parser.add_argument(
        "--summary", action="store_true", help="one row per network, also for a single one"
    )
    parser.add_argument("--markdown", action="store_true", help="short for `--format markdown`")
    parser.add_argument(
        "--timeline", action="store_true", help="also what memory is alive at each operator"
    )


def run(options: "argparse.Namespace") -> int:
    from archc.emit.summary import FORMATS as TABLES
    from archc.emit.summary import summary
    from archc.emit.table import table

    session = Session(options)
    session.compile()
    manifests = session.documents
    if session.document:
        session.json(manifests=manifests)
        return session.code
    # The table lists findings itself; what it cannot show are faults of the spec.
    session.show(("error",))
    if not manifests:
        return session.code
    look = {"unicode": unicode(sys.stdout), "color": colored(sys.stdout)}
    made = TABLES.get("markdown" if options.markdown else options.format)
    if made is not None:
        show(made(manifests))
    elif options.summary or len(manifests) > 1:
        show(summary(manifests, **look))
    else:
        for manifest in manifests:
            show(table(manifest, width=terminal_width(), timeline=options.timeline, **look))
    return session.code
