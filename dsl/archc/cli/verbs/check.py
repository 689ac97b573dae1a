"""`archc check SPEC|MODEL...`: every finding, nothing written."""

from archc.cli.arguments import UsageError, compile_arguments
from archc.cli.session import Session
from archc.diagnostics.model import LEVELS
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


SUMMARY = "compile specs or read models, and show every finding"


def arguments(parser: "argparse.ArgumentParser") -> None:
    compile_arguments(parser, models=True)
    parser.add_argument("--fix", action="store_true", help="fix what can be fixed in only one way")
    parser.add_argument(
        "--diff", action="store_true", help="with --fix: show what it would change, write nothing"
    )


def run(options: "argparse.Namespace") -> int:
    if options.fix:
        from archc.cli import fix

        return fix.run(options)
    if options.diff:
        raise UsageError("`--diff` shows what `--fix` would change: add `--fix`")
    session = Session(options)
    session.compile()
    session.diagnostics += [one for model in session.models for one in model.diagnostics]
    if session.document:
        session.json(
            networks=[
                {
                    "name": manifest["model"]["name"],
                    **({"file": manifest["model"]["source"]} if "file" in manifest else {}),
                    "target": manifest["target"],
                }
                for manifest in session.documents
            ]
        )
        return session.code
    if len(session.models) > 1 and options.format == "text":
        return many(session)
    session.show(LEVELS)
    if not session.failed:
        print(session.praise())
    return session.code


def many(session: Session) -> int:
    """One table of several models; the findings of each are shown when it is checked alone. What is
    wrong with files, or said of specs, is shown as ever."""
    import sys

    from archc.cli.session import colored, show, terminal_width, unicode
    from archc.emit.verdicts import verdicts

    told = {id(one) for model in session.models for one in model.diagnostics}
    apart = [one for one in session.diagnostics if id(one) not in told]
    rows = [(model.document, model.diagnostics) for model in session.models]
    look = {"unicode": unicode(sys.stdout), "color": colored(sys.stdout)}
    show(verdicts(rows, width=terminal_width(), **look))
    if apart:
        sys.stdout.flush()
        print(file=sys.stderr)
        session.tell(apart)
    return session.code
