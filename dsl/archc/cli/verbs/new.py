"""`archc new NAME`: a spec to begin with."""

import argparse
import os

from archc.cli.arguments import UsageError, checked_name

SUMMARY = "write a spec to start from"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the network; NAME.arch is written")
    parser.add_argument(
        "--from", dest="origin", metavar="NETWORK", help="begin with this shipped network"
    )
    parser.add_argument("-o", "--output", default="", metavar="DIR", help="folder to write it to")


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, tell
    from archc.diagnostics.model import Rejected
    from archc.files import SPEC_SUFFIX
    from archc.files.saving import create

    name = options.name.removesuffix(SPEC_SUFFIX)
    usable(name)
    path = os.path.join(options.output, name + SPEC_SUFFIX)
    try:
        create(path, text(name, options.origin))
    except Rejected as rejected:
        tell(rejected.diagnostic)
        return FAILURE
    print(f"{path} written; `archc profile {path}` shows what it costs")
    return SUCCESS


def usable(name: str) -> None:
    """Check a name against what the language and the output folder take.

    Raises:
        UsageError: it is none.
    """
    from archc.sema.naming import unusable_module
    from archc.syntax.tokens import words

    if os.sep in name:
        raise UsageError(f"`{name}` is not a name: `-o DIR` says in which folder it is written")
    checked_name(name)
    why = unusable_module(name)
    if why is None and words(name) != ["NAME"]:
        why = f"`{name}` is a word of the language"
    if why is not None:
        raise UsageError(why)


def text(name: str, origin: str | None) -> str:
    """The spec.

    Raises:
        Rejected: a shipped spec cannot be read.
        UsageError: there is no such shipped network.
    """
    from archc.diagnostics.nearest import did_you_mean
    from archc.files import Loader, shipped_specs
    from archc.limits import DEFAULT_LIMITS
    from archc.starter import copied, starter
    from archc.syntax.parse import parse_file

    if origin is None:
        return starter(name)
    shipped = shipped_specs()
    if origin not in shipped:
        hint = did_you_mean(origin, shipped) or f"they are {', '.join(shipped)}"
        raise UsageError(f"no shipped network is called `{origin}`: {hint}")
    loader = Loader(os.path.dirname(shipped[origin]))
    source = loader.load(shipped[origin])
    uses = parse_file(source, DEFAULT_LIMITS).uses
    return copied(name, source, *(loader.use(use.path, source, use.span) for use in uses))
