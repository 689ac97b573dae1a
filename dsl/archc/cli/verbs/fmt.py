"""`archc fmt`: the one layout of `.arch` files, in place, checked, or as a difference."""

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError, limit_argument, limits
from archc.diagnostics.text import several

if TYPE_CHECKING:
    from archc.source import Source

SUMMARY = "format specs"

STANDARD_INPUT = "-"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="files, folders whose `.arch` files are meant, or `-` for standard input",
    )
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument(
        "--check", action="store_true", help="write nothing; fail where a file would change"
    )
    wanted.add_argument(
        "--diff", action="store_true", help="write nothing; show what would change, and fail"
    )
    limit_argument(parser)


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, colored, tell
    from archc.diagnostics.model import Rejected
    from archc.diagnostics.render import summary
    from archc.files import Loader, spread
    from archc.files.saving import rewrite
    from archc.source import Source
    from archc.syntax.layout import lay_out

    bounds = limits(options.limit)
    changed: list[str] = []
    files, found = spread(options.paths)
    same = 0
    if STANDARD_INPUT in files and len(files) > 1:
        raise UsageError("`-` is standard input: give it alone")
    for path in files:
        try:
            if path == STANDARD_INPUT:
                source = Source("<stdin>", read_input())
            else:
                source = Loader(os.path.dirname(path), limits=bounds).load(path)
            text = lay_out(source, bounds)
            different = text != source.text
            if options.diff:
                print_difference(source, text, path, colored(sys.stdout))
            elif path == STANDARD_INPUT and not options.check:
                print(text, end="")
            elif different and not options.check:
                rewrite(path, text)
            if different:
                changed.append(path)
            else:
                same += 1
        except Rejected as rejected:
            found.extend(rejected.diagnostics)
    for diagnostic in found:
        tell(diagnostic)
        print(file=sys.stderr)
    if found:
        print(summary(found), file=sys.stderr)
    looks = options.check or options.diff
    if list(files) != [STANDARD_INPUT]:
        report(changed, same, looks=looks, names=options.check)
    return FAILURE if found or (looks and changed) else SUCCESS


def read_input() -> str:
    """What comes in on standard input.

    Raises:
        Rejected: it is not UTF-8.
    """
    from archc.diagnostics.codes import FILE_NOT_UTF8
    from archc.diagnostics.model import reject

    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise reject(FILE_NOT_UTF8, "standard input is not UTF-8") from None


def print_difference(source: "Source", text: str, path: str, color: bool) -> None:
    shades = {"+": "\x1b[32m", "-": "\x1b[31m", "@": "\x1b[36m"}
    lines = difflib.unified_diff(
        source.text.splitlines(), text.splitlines(), path, f"{path} (formatted)", lineterm=""
    )
    for line in lines:
        shade = shades.get(line[:1]) if color else None
        print(f"{shade}{line}\x1b[0m" if shade else line)


def report(changed: Sequence[str], same: int, *, looks: bool, names: bool) -> None:
    """What became of the files."""
    if names:
        for path in changed:
            print(f"would reformat {path}")
    verb = "would be reformatted" if looks else "reformatted"
    parts = [f"{several(len(changed), 'file')} {verb}"] if changed else []
    if same:
        parts.append(f"{several(same, 'file')} already formatted")
    if parts:
        print(", ".join(parts), file=sys.stderr)
