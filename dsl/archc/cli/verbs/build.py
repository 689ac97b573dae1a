"""`archc build SPEC... -o DIR`: Keras builders and manifests."""

import sys
from collections.abc import Sequence
from operator import add

from archc.cli.arguments import UsageError, compile_arguments
from archc.cli.session import LOUD, Session, columns, terminal_width
from archc.diagnostics.text import figure, several, size_text, wrapped
from archc.typed import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from archc.diagnostics.model import Diagnostic
    from archc.driver import Network

SUMMARY = "compile specs into Keras builders and manifests"


def arguments(parser: "argparse.ArgumentParser") -> None:
    compile_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the outputs")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if the folder is not what these specs compile to",
    )
    parser.add_argument(
        "--validate", action="store_true", help="check each manifest against its JSON schema"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="recompile whenever a source file is saved, and show what moved",
    )


def run(options: "argparse.Namespace") -> int:
    if options.output is None:
        raise UsageError("`-o DIR` is missing; `archc check SPEC` compiles without writing")
    if options.set and not options.name:
        raise UsageError("`--set` makes another network: give it a name with `--name NAME`")
    if options.watch:
        from archc.cli import watch

        return watch.run(options, once)
    return once(Session(options)).code


def once(session: Session) -> Session:
    """Compile what the command line names, write it, and say so."""
    from archc.driver import outputs
    from archc.files import write

    options = session.arguments
    session.compile()
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    aside: tuple[Diagnostic, ...] = ()
    if not session.failed:
        files = outputs(session.networks)
        if options.validate:
            from archc.emit.manifest import validate

            for network in session.networks:
                validate(network.manifest)
        if options.check:
            from archc.files.checking import stale

            session.diagnostics.extend(stale(options.output, files))
        else:
            outcome = write(options.output, files)
            aside = outcome.diagnostics
            session.diagnostics.extend(aside)
            written, unchanged = outcome.written, outcome.unchanged
    if session.document:
        session.json(
            networks=[network.name for network in session.networks],
            output=options.output,
            written=list(written),
            unchanged=list(unchanged),
        )
    else:
        loud = session.show(LOUD, aside, brief=len(session.networks) > 1)
        if not session.failed:
            print(report(session, options, written))
            if not (loud or options.check):
                session.note(options.output, files, f"{report(session, options, ())}\n")
    return session


def report(session: Session, options: "argparse.Namespace", written: Sequence[str]) -> str:
    """One line per network, and where they went."""
    lines = table([brief(network) for network in session.networks], terminal_width())
    notes = len(session.folded(("note",)))
    said = f"; {several(notes, 'note')}, which `archc check` shows" if notes else ""
    if options.check:
        last = f"{options.output} is current{said}"
    else:
        new = {name.partition(".")[0] for name in written}
        same = sum(network.name not in new for network in session.networks)
        files = f"{several(len(written), 'file')} written to {options.output}"
        kept = f", {several(same, 'network')} unchanged" if same else ""
        last = f"{files}{kept}{said}"
    return "\n".join([*lines, *wrapped(last, columns(sys.stdout), hang="  ")])


def brief(network: "Network") -> tuple[str, ...]:
    """A network's name and what it costs, the least that tells."""
    totals, deployed = network.manifest["totals"], network.manifest["deployed"]
    target = network.manifest["target"]
    return (
        network.name,
        f"{totals['params']:,}",
        figure(totals["macs"]),
        size_text(deployed["peak_activation_bytes"]),
        target["verdict"] if target else "no target",
    )


UNITS = (" params", " MACs", " est. peak")


def table(rows: Sequence[tuple[str, ...]], width: int) -> list[str]:
    """Rows one below the other; where they are too long, with headings for their units."""
    from archc.diagnostics.grid import grid

    plain = [(name, *map(add, figures, UNITS), verdict) for name, *figures, verdict in rows]
    lines = grid(plain, "lrrrl")
    if max(map(len, lines)) <= width:
        return lines
    return grid([("network", "params", "MACs", "est. peak", "verdict"), *rows], "lrrrl")
