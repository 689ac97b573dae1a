"""The command. Only this package prints and exits."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

from archc.cli.arguments import UsageError
from archc.cli.session import SUCCESS
from archc.cli.verbs import VERBS

USAGE, INTERNAL = 2, 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 success, 1 diagnostics with errors, 2 usage, 70 internal error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    gc.disable()  # a compile is short and bounded; collecting costs a tenth of it
    try:
        code = run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except UsageError as error:
        print(f"archc: {error}\ntry `archc --help`", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        internal_error(error)
        return INTERNAL


def run(argv: list[str]) -> int:
    """Find the verb and run it.

    Raises:
        UsageError: there is none, or its arguments are off.
    """
    verb, rest = split_verb(argv)
    parser = Parser(
        prog="archc" if verb == "build" and argv == rest else f"archc {verb}",
        description=VERBS[verb].summary,
        epilog=overview() if verb == "build" else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version())
    VERBS[verb].arguments(parser)
    arguments = parser.parse_intermixed_args(rest)
    if argv == rest and arguments.specs[0] in VERBS:
        raise UsageError(f"a command comes first: `archc {arguments.specs[0]} ...`")
    return VERBS[verb].run(arguments)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are `UsageError`s."""

    def error(self, message: str) -> Any:
        raise UsageError(message)


def split_verb(argv: list[str]) -> tuple[str, list[str]]:
    """The verb and its arguments. Without a verb it is `build`; a spec is never a verb.

    Raises:
        UsageError: the first word is neither a verb nor looks like a spec.
    """
    if not argv:
        raise UsageError("no spec given: `archc SPEC... -o DIR`")
    first = argv[0]
    if first in VERBS:
        return first, argv[1:]
    if first.startswith("-") or first.endswith(".arch") or os.sep in first or os.path.exists(first):
        return "build", argv
    from archc.diagnostics.nearest import nearest

    close = nearest(first, VERBS)
    hint = f", did you mean `{close}`?" if close else "; specs end in `.arch`"
    raise UsageError(f"`{first}` is not a command{hint}")


def overview() -> str:
    lines = [f"  {name:<9}{verb.summary}" for name, verb in VERBS.items()]
    return "commands:\n" + "\n".join(lines) + "\n\n`archc COMMAND --help` explains each."


def version() -> str:
    from archc import __version__
    from archc.emit.marker import LANGUAGE_VERSION

    return f"archc {__version__} (language {LANGUAGE_VERSION})"


def internal_error(error: Exception) -> None:
    """Say that the failure is ours, and where."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    where = ""
    if frames:
        last = frames[-1]
        where = f" ({os.path.basename(last.filename)}:{last.lineno} in {last.name})"
    print(
        f"archc: internal error: {type(error).__name__}: {error}{where}\n"
        "this is a defect of archc, not of your spec; nothing was written. "
        "Please report it with the spec.\nARCHC_TRACEBACK=1 shows the whole trace.",
        file=sys.stderr,
    )
    if os.environ.get("ARCHC_TRACEBACK"):
        traceback.print_exception(error)
