"""`archc check SPEC...`: every finding, nothing written."""

from archc.cli.arguments import UsageError, compile_arguments
from archc.cli.session import Session
from archc.diagnostics.model import LEVELS
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


SUMMARY = "compile without writing, and show every finding"


def arguments(parser: "argparse.ArgumentParser") -> None:
    compile_arguments(parser)
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
    if session.document:
        session.json(
            networks=[
                {"name": network.name, "target": network.manifest["target"]}
                for network in session.networks
            ]
        )
        return session.code
    session.show(LEVELS)
    if not session.failed:
        print(session.praise())
    return session.code
