"""The command line: which verb is meant, and the exit code of what becomes of it."""

import errno
import gc
import os
import sys
from collections.abc import Sequence

from archc.cli.arguments import UsageError
from archc.cli.interrupt import INTERRUPTED, interrupted, terminable
from archc.cli.plain import plain
from archc.cli.session import FAILURE, columns, terminal_width
from archc.cli.verbs import OTHERS, VERBS

USAGE, INTERNAL = 2, 70
PIPE = 141
"""What a shell reports of a command whose reader left: 128 and SIGPIPE."""


UNWRITABLE = frozenset(
    number
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO")
    if (number := getattr(errno, name, None)) is not None
)
"""What an output says that takes no more: a full disk, not a bug of ours."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit codes are those of `archc.cli.main`."""
    open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if argv is None:
        terminable()
    gc.disable()  # a compile is short and bounded; collecting costs a tenth of it
    argv, own = list(sys.argv[1:] if argv is None else argv), argv is None
    try:
        code = run(argv)
        sys.stdout.flush()
        if own:
            gc.freeze()  # the process ends: spare it a last search for garbage
        return code
    except UsageError as error:
        from archc.diagnostics.text import printable, wrapped

        said = wrapped(f"archc: {printable(str(error))}", columns(sys.stderr), hang="  ")
        print(*said, f"try `{helpful(argv)}`", sep="\n", file=sys.stderr)
        return USAGE
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        discard_output()
        return PIPE
    except OSError as error:
        if error.errno in UNWRITABLE:
            discard_output()
            print(f"archc: the output cannot be written: {error.strerror}", file=sys.stderr)
            return FAILURE
        if homeless():
            print("archc: the working folder no longer exists: change to one that does",
                  file=sys.stderr)  # fmt: skip
            return FAILURE
        internal_error(error)
        return INTERNAL
    except Exception as error:
        if interrupted(error):
            return INTERRUPTED
        internal_error(error)
        return INTERNAL


def open_streams() -> None:
    """Let what was closed lead nowhere, as with `archc ... >&-`: else the next file that is opened
    would take its number, and what is printed would go into it."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def homeless() -> bool:
    """Whether the working folder is gone."""
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def discard_output() -> None:
    """Let what is still to be written to standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(argv: list[str]) -> int:
    """Find the verb and run it.

    Raises:
        UsageError: there is none, or its arguments are off.
    """
    verb, rest = split_verb(argv)
    module = VERBS[verb].load()
    options = plain(module.arguments, rest)
    if options is None:
        from archc.cli.parser import Parser  # late: it takes longer than a small compile

        parser = Parser(
            prog="archc" if verb == "build" and argv == rest else f"archc {verb}",
            description=module.SUMMARY,
            more=overview if verb == "build" else None,
        )
        parser.add_argument("--version", action="version", version=version())
        module.arguments(parser)
        options = parser.parse_intermixed_args(rest)
    return module.run(options)


def split_verb(argv: list[str]) -> tuple[str, list[str]]:
    """The verb and its arguments. Without a verb it is `build`; a spec is never a verb.

    Raises:
        UsageError: the first word is neither a verb nor looks like a spec.
    """
    if not argv:
        raise UsageError("no spec given: `archc SPEC... -o DIR`")
    first = argv[0]
    if first.startswith("-"):
        at = first_word(argv)
        if at is None or argv[at] not in VERBS:
            return "build", argv
        return argv[at], argv[:at] + argv[at + 1 :]
    if first in VERBS:
        return first, argv[1:]
    if first.endswith(".arch") or os.sep in first or os.path.exists(first):
        return "build", argv
    raise UsageError(unknown(first))


def helpful(argv: list[str]) -> str:
    """The command that explains the verb at hand."""
    try:
        verb, rest = split_verb(argv)
    except UsageError:
        return "archc --help"
    return "archc --help" if rest == argv else f"archc {verb} --help"


def unknown(word: str) -> str:
    """What to say of a first word that is neither a verb nor a spec that is there."""
    from archc.diagnostics.nearest import nearest
    from archc.diagnostics.text import few
    from archc.files import SPEC_SUFFIX, similar

    meant = next((ours for ours, words in OTHERS.items() if word in words), None)
    if meant is not None:
        return f"`{word}` is not a command: write `archc {meant}`"
    close, spec = nearest(word, VERBS), similar("", word)
    if "." in word:
        return f"there is no file `{word}`: {spec or f'specs end in `{SPEC_SUFFIX}`'}"
    hint = f"did you mean `{close}`?" if close else spec or f"specs end in `{SPEC_SUFFIX}`"
    if spec is None and (verbs := _optional(f"--{word}")):
        hint = f"`--{word}` is an option of {few([f'`archc {verb}`' for verb in verbs], 3)}"
    return f"`{word}` is not a command: {hint}"


def _optional(option: str) -> list[str]:
    """The verbs that have an option."""
    from archc.cli.parser import Parser

    having = []
    for name, verb in VERBS.items():
        parser = Parser()
        verb.load().arguments(parser)
        having += [name] if option in parser.options else []
    return having


def first_word(argv: list[str]) -> int | None:
    """Where the first word stands that is neither an option nor the value of one."""
    from archc.cli.parser import Parser

    valued: set[str] = set()
    for verb in VERBS.values():
        parser = Parser()
        verb.load().arguments(parser)
        valued |= parser.valued
    skip = False
    for index, word in enumerate(argv):
        if skip or word.startswith("-"):
            skip = not skip and word in valued
        else:
            return index
    return None


def overview() -> str:
    from archc.diagnostics.text import wrapped

    width = max(map(len, VERBS))
    lines = []
    for name, verb in VERBS.items():
        line = f"{name:<{width}}  {verb.summary}"
        lines += wrapped(line, terminal_width(), "  ", " " * (width + 2))
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
        "this is a bug in archc, not of your spec; nothing was written. "
        "Please report it with the spec.\nARCHC_TRACEBACK=1 shows the whole trace.",
        file=sys.stderr,
    )
    if os.environ.get("ARCHC_TRACEBACK"):
        traceback.print_exception(error)
