"""`archc sweep SPEC`: how a network grows with its parameters, or which variants are best."""

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError
from archc.cli.session import Session, show, terminal_width
from archc.cli.spaces import from_zero, positive, space_arguments
from archc.plain import plain

if TYPE_CHECKING:
    from archc.diagnostics.model import Diagnostic
    from archc.driver import Network

SUMMARY = "show how a network grows with its parameters"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument(
        "sweep",
        metavar="NAME=V1,V2,...",
        nargs="*",
        help="a parameter and its values; of several, every combination, each compiled and "
        "compared with the default",
    )
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    for flag, better, kind in (
        ("--minimize", "smaller", smallest),
        ("--maximize", "larger", largest),
    ):
        parser.add_argument(
            flag,
            metavar="FIGURE",
            dest="objectives",
            type=kind,
            action="append",
            default=[],
            help=f"the {better} the better; can be repeated, and of several the front is found",
        )
    parser.add_argument(
        "--top", type=positive, metavar="N", help="show so many of the best by the first objective"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write all variants that meet the conditions: .csv, .jsonl or .parquet",
    )
    parser.add_argument(
        "--plot",
        metavar="FILE",
        help="draw the variants by the first two objectives, with their front and the limits: "
        ".svg or .png",
    )
    parser.add_argument(
        "--report",
        metavar="FILE",
        help="write the best variants as one page with their front, as `archc report` does: .html, "
        ".pdf or .png",
    )
    parser.add_argument(
        "--start", type=from_zero, metavar="N", help="begin with this variant, to go on"
    )
    space_arguments(parser)


def smallest(name: str) -> tuple[str, bool]:
    return name, False


def largest(name: str) -> tuple[str, bool]:
    return name, True


SEARCHES = (
    "over",
    "where",
    "objectives",
    "top",
    "output",
    "plot",
    "report",
    "shard",
    "sample",
    "start",
)
"""Options with which variants are searched and not only listed."""


def run(options: argparse.Namespace) -> int:
    if not options.sweep or any(getattr(options, name) for name in SEARCHES):
        from archc.cli.sweeping import searched

        return searched(options)
    if options.jobs > 1:
        raise UsageError(
            "`--jobs` is for searches: give the values with `--over`; a list is compiled here"
        )
    return listed(options)


def listed(options: argparse.Namespace) -> int:
    """Compile a few variants and compare them with the default."""
    from archc.emit.scaling import Scaling, scaling, scaling_markdown, scaling_text

    swept = dict(map(parameter, options.sweep))
    if len(swept) < len(options.sweep):
        raise UsageError("a parameter is swept once: give all its values together")
    name = ", ".join(swept)
    settings = {", ".join(values): tuple(zip(swept, values, strict=True))
                for values in product(*swept.values())}  # fmt: skip
    values = list(settings)
    options.specs, options.name = [options.spec], None
    session = Session(options)
    default, *networks = compiled(session, name, settings)
    rows: dict[str, Scaling] = {}
    if default is not None:
        made = [(v, one.manifest) for v, one in zip(values, networks, strict=True) if one]
        rows = {row.value: row for row in scaling(name, default.manifest, made)}
    if options.format == "json":
        failed = [value for value in values if value not in rows]
        session.json(parameter=name, rows=plain(list(rows.values())), failed=failed)
        return session.code
    session.show(("error",))
    table = [(value, rows.get(value)) for value in values]
    if rows and options.markdown:
        show(scaling_markdown(name, table))
    elif rows:
        show(scaling_text(name, table, terminal_width()))
    return session.code


def parameter(text: str) -> tuple[str, list[str]]:
    """The name and the values of `NAME=V1,V2,...`.

    Raises:
        UsageError: it is not of that form.
    """
    from archc.space.dimensions import split_values

    name, equals, listed = text.partition("=")
    values = split_values(listed)
    if not equals or not all(values):
        raise UsageError(f"`{text}` is not of the form NAME=V1,V2,...")
    return name, values


def compiled(
    session: Session, name: str, settings: Mapping[str, tuple[tuple[str, str], ...]]
) -> "list[Network | None]":
    """The network with the default and with each value; None where there is none. Errors are
    reported once, with the values that caused them.

    Args:
        session: the run.
        name: what is swept, for messages.
        settings: what to set, by what is shown of it.

    Raises:
        UsageError: the spec declares several archs.
    """
    networks: list[Network | None] = []
    found: dict[tuple[str, str, object], tuple[Diagnostic, list[str]]] = {}
    for value in (None, *settings):
        session.networks, session.diagnostics = [], []
        session.compile(settings[value] if value is not None else ())
        if len(session.networks) > 1:
            names = ", ".join(network.name for network in session.networks)
            raise UsageError(f"the spec declares {names}: choose one with `--arch NAME`")
        networks.append(session.networks[0] if session.networks else None)
        for one in session.diagnostics:
            place = (one.span.source.name, *one.span[1:]) if one.span is not None else None
            given = found.setdefault((one.code, one.message, place), (one, []))[1]
            given.append("the default" if value is None else f"`{value}`")
    session.diagnostics = [
        _with(one, name, given) if one.level == "error" and len(given) <= len(settings) else one
        for one, given in found.values()
    ]
    return networks


def _with(fault: "Diagnostic", name: str, values: Sequence[str]) -> "Diagnostic":
    """A fault with the values that cause it, where its place does not show the one."""
    if fault.span is not None and fault.span.source.name == "<set>":
        return fault
    return fault._replace(notes=(*fault.notes, f"with `{name}` = {', '.join(values)}"))
