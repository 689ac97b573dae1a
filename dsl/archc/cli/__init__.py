"""The command. Only this package prints and exits."""

from archc.cli.interrupt import INTERRUPTED, ended, interrupted

TYPE_CHECKING = False  # as `typing` has it, which takes long to import
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: "Sequence[str] | None" = None) -> int:
    """Run the command.

    Returns:
        0 success, 1 diagnostics with errors, 2 usage, 70 internal error, 130 interrupted,
        129 and 143 asked to end by SIGHUP and SIGTERM.
    """
    try:
        from archc.cli import unchanged  # here, so that Ctrl-C while it loads is not a traceback

        if unchanged.told(argv):
            return 0
        from archc.cli import command

        return ended(command.main(argv))
    except BaseException as error:
        if not interrupted(error):
            raise
        return ended(INTERRUPTED)
