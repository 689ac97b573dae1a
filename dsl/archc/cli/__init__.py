"""The command. Only this package prints and exits."""

from collections.abc import Sequence

from archc.cli.interrupt import INTERRUPTED, interrupted


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 success, 1 diagnostics with errors, 2 usage, 70 internal error, 130 interrupted.
    """
    try:
        from archc.cli import command  # here, so that Ctrl-C while it loads is not a traceback

        return command.main(argv)
    except BaseException as error:
        if not interrupted(error):
            raise
        return INTERRUPTED
