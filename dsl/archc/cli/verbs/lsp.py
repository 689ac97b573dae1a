"""`archc lsp`: the language server, over standard input and output."""

import argparse

from archc.cli.arguments import limits, reading_arguments

SUMMARY = "run the language server, for editors"


def arguments(parser: argparse.ArgumentParser) -> None:
    reading_arguments(parser)
    parser.add_argument(
        "--stdio",
        action="store_true",
        help="talk over standard input and output, as it always does",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until the editor says goodbye."""
    from archc.cli.session import FAILURE, SUCCESS, tell

    bounds = limits(options.limit)
    try:
        import pygls  # noqa: F401  # whether it is there
    except ImportError:
        from archc.diagnostics.codes import EXTRA_MISSING
        from archc.diagnostics.model import make

        missing = make(
            EXTRA_MISSING,
            "the language server needs pygls, which is not installed",
            help="pip install 'archc-dsl[lsp]'",
        )
        tell(missing)
        return FAILURE
    import gc

    from archc.lsp.handlers import serve

    gc.enable()  # unlike a compile, a server lives for days
    serve(tuple(options.include), bounds)
    return SUCCESS
