"""The command. Only this package prints and exits."""

from collections.abc import Sequence

INTERRUPTED = 130
"""What a shell reports of a command that Ctrl-C ended: 128 and SIGINT."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 success, 1 diagnostics with errors, 2 usage, 70 internal error.
    """
    try:
        from archc.cli import command  # here, so that Ctrl-C while it loads is no traceback

        return command.main(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
