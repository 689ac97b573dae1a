"""`archc explain`: what a code means, or what another tool's name is here."""

import argparse
import sys

from archc.cli.arguments import UsageError
from archc.cli.session import FAILURE, SUCCESS, columns, print_json, show, tell
from archc.diagnostics.model import Rejected
from archc.plain import plain

SUMMARY = "explain a diagnostic code, with an example"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "code",
        nargs="?",
        metavar="CODE",
        help="a code, as it stands in brackets, or another tool's name, such as `Conv2D`",
    )
    parser.add_argument("--all", action="store_true", help="explain every code")
    parser.add_argument("--markdown", action="store_true", help="with --all: as a page of Markdown")
    parser.add_argument("--target", metavar="FILE", help="explain rules of this target file too")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Print an explanation, or the list of codes."""
    from archc.explain import explanations, listing, markdown, text, word

    if options.all and options.code is not None:
        raise UsageError("`--all` explains every code: leave out the one")
    if options.markdown and not options.all:
        raise UsageError("`--markdown` makes the page of all codes: add `--all`")
    targets = []
    if options.target is not None:
        from archc.files.targets import read_target

        try:
            targets.append(read_target(options.target))
        except Rejected as rejected:
            tell(rejected.diagnostic)
            return FAILURE
    known = explanations(targets)
    if options.code is not None:
        name = options.code.strip("[]").removeprefix("error[").removeprefix("warning[")
        rules = [one for one in known if one.endswith(f"/{name}")]
        if name not in known and len(rules) == 1:  # a rule may be named without its target
            name = rules[0]
        told = word(name) if name not in known else None
        if told is not None and options.format == "text":
            show(told)
            return SUCCESS
        if name not in known:
            raise UsageError(unknown(name, list(known)))
        chosen = [known[name]]
    else:
        chosen = list(known.values())
    if options.format == "json":
        print_json(plain(chosen if options.code is None else chosen[0]))
    elif options.markdown:
        show(markdown(chosen))
    elif options.all:
        show("\n\n\n".join(map(text, chosen)))
    else:
        show(text(chosen[0]) if options.code is not None else listing(chosen, columns(sys.stdout)))
    return SUCCESS


def unknown(name: str, names: list[str]) -> str:
    """What to say of a code that there is not; rules are compared without their target too."""
    from archc.diagnostics.nearest import ranked

    rules = {full.partition("/")[2]: full for full in names if "/" in full}
    near = [one for _, one in ranked(name, names)]
    near = near or [rules[rule] for _, rule in ranked(name, list(rules))]
    hint = f"did you mean `{near[0]}`?" if near else "`archc explain` lists them"
    return f"there is no code `{name}`: {hint}"
