"""`archc sweep SPEC NAME=V1,V2,...`: how a network grows with a parameter."""

import argparse

from archc.cli.arguments import UsageError, shared_arguments
from archc.cli.session import Session, show


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument("sweep", metavar="NAME=V1,V2,...", help="a parameter and its values")
    parser.add_argument("--arch", help="the arch of the spec to sweep")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.set_defaults(set=[])
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from archc.emit.scaling import Scaling, scaling, scaling_markdown, scaling_text

    name, equals, listed = options.sweep.partition("=")
    values = split_values(listed)
    if not equals or not all(values):
        raise UsageError(f"`{options.sweep}` is not of the form NAME=V1,V2,...")
    options.specs, options.name = [options.spec], None
    session = Session(options)
    session.compile(())
    for value in values:
        session.compile(((name, value),))
    networks = session.networks
    complete = len(networks) == 1 + len(values)
    rows: tuple[Scaling, ...] = ()
    if complete:
        base, *swept = (network.manifest for network in networks)
        rows = scaling(name, base, list(zip(values, swept, strict=True)))
    if options.format == "json":
        session.json(parameter=name, rows=[row._asdict() for row in rows])
    else:
        session.show(("error",))
        if complete:
            show((scaling_markdown if options.markdown else scaling_text)(name, rows))
    return session.code


def split_values(text: str) -> list[str]:
    """Expressions separated by commas that stand in no bracket."""
    values, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            values.append("")
        else:
            values[-1] += character
    return [value.strip() for value in values]
