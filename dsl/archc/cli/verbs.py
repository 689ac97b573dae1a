"""The verbs: `archc VERB ...`. Each declares its arguments and runs to an exit code."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from archc.cli.arguments import UsageError, compile_arguments, shared_arguments
from archc.cli.session import (
    FAILURE,
    LOUD,
    SUCCESS,
    Session,
    colored,
    print_json,
    show,
    tell,
    terminal_width,
    unicode,
)
from archc.diagnostics.model import LEVELS, Diagnostic, Rejected


class Verb(NamedTuple):
    """A subcommand: what it is for, its arguments, and what runs it."""

    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def build_arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser)
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the outputs")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail where the folder is not what these specs compile to",
    )
    parser.add_argument(
        "--validate", action="store_true", help="hold each manifest to its JSON schema"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="compile again whenever a file is saved that was read, and show what moved",
    )


def build(arguments: argparse.Namespace) -> int:
    if arguments.output is None:
        raise UsageError("`-o DIR` is missing; `archc check SPEC` compiles without writing")
    if arguments.set and not arguments.name:
        raise UsageError("`--set` makes another network: give it a name with `--name NAME`")
    if arguments.watch:
        from archc.cli import watch

        return watch.run(arguments)
    return build_once(Session(arguments)).code


def build_once(session: Session) -> Session:
    """Compile what the command line names, write it, and say so."""
    from archc.driver import outputs
    from archc.files import stale, write

    arguments = session.arguments
    session.compile()
    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    aside: tuple[Diagnostic, ...] = ()
    if not session.failed:
        files = outputs(session.networks)
        if arguments.validate:
            from archc.emit.manifest import validate

            for network in session.networks:
                validate(network.manifest)
        if arguments.check:
            session.diagnostics.extend(stale(arguments.output, files))
        else:
            outcome = write(arguments.output, files)
            aside = outcome.diagnostics
            session.diagnostics.extend(aside)
            written, unchanged = outcome.written, outcome.unchanged
    if session.document:
        session.json(
            networks=[network.name for network in session.networks],
            output=arguments.output,
            written=list(written),
            unchanged=list(unchanged),
        )
    else:
        session.show(LOUD, aside, brief=len(session.networks) > 1)
        if not session.failed:
            report(session, arguments, written)
    return session


def report(session: Session, arguments: argparse.Namespace, written: Sequence[str]) -> None:
    """One line per network, and where they went."""
    rows = [brief(network) for network in session.networks]
    names, *figures = (max(map(len, cells)) for cells in zip(*rows, strict=True))
    for network, row in zip(session.networks, rows, strict=True):
        target = network.manifest["target"]
        cells = [f"{row[0]:<{names}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], figures, strict=True)]
        print("  ".join([*cells, target["verdict"] if target else "no target"]))
    notes = len(session.folded(("note",)))
    said = f"; {notes} note{'s' * (notes != 1)}, which `archc check` shows" if notes else ""
    if arguments.check:
        print(f"{arguments.output} is current{said}")
    else:
        new = {name.partition(".")[0] for name in written}
        same = sum(network.name not in new for network in session.networks)
        files = f"{len(written)} file{'s' * (len(written) != 1)} written to {arguments.output}"
        kept = f", {same} network{'s' * (same != 1)} unchanged" if same else ""
        print(f"{files}{kept}{said}")


def brief(network: Any) -> tuple[str, ...]:
    """A network's name and what it costs, the least that tells."""
    totals, deployed = network.manifest["totals"], network.manifest["deployed"]
    return (
        network.name,
        f"{totals['params']:,} params",
        f"{totals['macs'] / 1e6:,.1f} M MACs",
        f"{deployed['peak_activation_bytes'] / 1024:,.0f} KiB est. peak",
    )


def check_arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser)
    parser.add_argument("--fix", action="store_true", help="mend what has exactly one remedy")
    parser.add_argument(
        "--diff", action="store_true", help="with --fix: show what it would change, write nothing"
    )


def check(arguments: argparse.Namespace) -> int:
    if arguments.fix:
        from archc.cli import fix

        return fix.run(arguments)
    if arguments.diff:
        raise UsageError("`--diff` shows what `--fix` would change: add `--fix`")
    session = Session(arguments)
    session.compile()
    if session.document:
        session.json(
            networks=[
                {"name": network.name, "target": network.manifest["target"]}
                for network in session.networks
            ]
        )
        return session.code
    session.show(LEVELS)
    if not session.failed:
        names = ", ".join(network.name for network in session.networks)
        print(f"no errors in {names}")
    return session.code


def profile_arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser)
    parser.add_argument(
        "--summary", action="store_true", help="one row per network, also for a single one"
    )
    parser.add_argument("--markdown", action="store_true", help="the summary as Markdown")
    parser.add_argument(
        "--timeline", action="store_true", help="also what memory is alive at each operator"
    )


def profile(arguments: argparse.Namespace) -> int:
    from archc.emit.table import summary, summary_markdown, table

    session = Session(arguments)
    session.compile()
    manifests = [network.manifest for network in session.networks]
    if session.document:
        session.json(manifests=manifests)
        return session.code
    # The table lists findings itself; what it cannot show are faults of the spec.
    session.show(("error",))
    look = {"unicode": unicode(sys.stdout), "color": colored(sys.stdout)}
    if arguments.markdown:
        show(summary_markdown(manifests))
    elif arguments.summary or len(manifests) > 1:
        show(summary(manifests, **look))
    else:
        for manifest in manifests:
            show(table(manifest, width=terminal_width(), timeline=arguments.timeline, **look))
    return session.code


def sweep_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", metavar="SPEC", help="a `.arch` file")
    parser.add_argument("sweep", metavar="NAME=V1,V2,...", help="a parameter and its values")
    parser.add_argument("--arch", help="the arch of the spec to sweep")
    parser.add_argument("--markdown", action="store_true", help="the table as Markdown")
    parser.set_defaults(set=[])
    shared_arguments(parser)


def sweep(arguments: argparse.Namespace) -> int:
    from archc.emit.scaling import Scaling, scaling, scaling_markdown, scaling_text

    name, equals, listed = arguments.sweep.partition("=")
    values = split_values(listed)
    if not equals or not all(values):
        raise UsageError(f"`{arguments.sweep}` is not of the form NAME=V1,V2,...")
    arguments.specs, arguments.name = [arguments.spec], None
    session = Session(arguments)
    session.compile(())
    for value in values:
        session.compile(((name, value),))
    networks = session.networks
    complete = len(networks) == 1 + len(values)
    rows: tuple[Scaling, ...] = ()
    if complete:
        base, *swept = (network.manifest for network in networks)
        rows = scaling(name, base, list(zip(values, swept, strict=True)))
    if arguments.format == "json":
        session.json(parameter=name, rows=[row._asdict() for row in rows])
    else:
        session.show(("error",))
        if complete:
            show((scaling_markdown if arguments.markdown else scaling_text)(name, rows))
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


def targets_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", nargs="?", metavar="TARGET", help="a target's name, or its file")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def targets(arguments: argparse.Namespace) -> int:
    from archc.targets.support import support_json, support_text
    from archc.targets.target import builtin, builtin_names, parse_target

    try:
        if arguments.target is None:
            found = [builtin(name) for name in builtin_names()]
            if arguments.format == "json":
                print_json([{"name": t.name, "title": t.title} for t in found])
            else:
                for one in found:
                    print(f"{one.name:<12}{one.title}")
            return SUCCESS
        if arguments.target.endswith(".toml"):
            from archc.files import Loader

            chosen = parse_target(Loader().target(arguments.target))
        else:
            chosen = builtin(arguments.target)
    except Rejected as rejected:
        if arguments.format == "json":
            from archc.diagnostics.render import render_json

            print_json({"diagnostics": [render_json(rejected.diagnostic)]})
        else:
            tell(rejected.diagnostic)
        return FAILURE
    if arguments.format == "json":
        print_json(support_json(chosen))
    else:
        show(support_text(chosen))
    return SUCCESS


def analyze_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import analyze

    analyze.arguments(parser)


def analyze(arguments: argparse.Namespace) -> int:
    from archc.cli import analyze

    return analyze.run(arguments)


def new_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import new

    new.arguments(parser)


def new(arguments: argparse.Namespace) -> int:
    from archc.cli import new

    return new.run(arguments)


def diff_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import diff

    diff.arguments(parser)


def diff(arguments: argparse.Namespace) -> int:
    from archc.cli import diff

    return diff.run(arguments)


def fmt_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import fmt

    fmt.arguments(parser)


def fmt(arguments: argparse.Namespace) -> int:
    from archc.cli import fmt

    return fmt.run(arguments)


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import verify

    verify.arguments(parser)


def verify(arguments: argparse.Namespace) -> int:
    from archc.cli import verify

    return verify.run(arguments)


def quantize_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import quantize

    quantize.arguments(parser)


def quantize(arguments: argparse.Namespace) -> int:
    from archc.cli import quantize

    return quantize.run(arguments)


def explain_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import explain

    explain.arguments(parser)


def explain(arguments: argparse.Namespace) -> int:
    from archc.cli import explain

    return explain.run(arguments)


def manual_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import manual

    manual.arguments(parser)


def manual(arguments: argparse.Namespace) -> int:
    from archc.cli import manual

    return manual.run(arguments)


def completion_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import completion

    completion.arguments(parser)


def completion(arguments: argparse.Namespace) -> int:
    from archc.cli import completion

    return completion.run(arguments)


def lsp_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import lsp

    lsp.arguments(parser)


def lsp(arguments: argparse.Namespace) -> int:
    from archc.cli import lsp

    return lsp.run(arguments)


def show_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import show

    show.arguments(parser)


def show_stage(arguments: argparse.Namespace) -> int:
    from archc.cli import show

    return show.run(arguments)


def graph_arguments(parser: argparse.ArgumentParser) -> None:
    from archc.cli import graph

    graph.arguments(parser)


def graph(arguments: argparse.Namespace) -> int:
    from archc.cli import graph

    return graph.run(arguments)


VERBS: dict[str, Verb] = {
    "build": Verb("compile specs into Keras builders and manifests", build_arguments, build),
    "check": Verb("compile without writing, and show every finding", check_arguments, check),
    "profile": Verb("show what a network costs, layer by layer", profile_arguments, profile),
    "sweep": Verb("show how a network grows with a parameter", sweep_arguments, sweep),
    "graph": Verb("draw a network", graph_arguments, graph),
    "show": Verb("show what the compiler holds after each stage", show_arguments, show_stage),
    "new": Verb("write a spec to begin with", new_arguments, new),
    "diff": Verb("show what changed between two networks, and its cost", diff_arguments, diff),
    "fmt": Verb("lay specs out in the one canonical way", fmt_arguments, fmt),
    "quantize": Verb(
        "make an int8 file of a trained model, and say what that cost", quantize_arguments, quantize
    ),
    "analyze": Verb("hold a network against ST's own tool", analyze_arguments, analyze),
    "verify": Verb("hold a model file against its manifest", verify_arguments, verify),
    "explain": Verb("say what a code means, with an example", explain_arguments, explain),
    "targets": Verb("list targets, or show what one supports", targets_arguments, targets),
    "lsp": Verb("serve editors: the language server", lsp_arguments, lsp),
    "manual": Verb("print or write the reference manual", manual_arguments, manual),
    "completion": Verb(
        "print a script with which a shell completes this command",
        completion_arguments,
        completion,
    ),
}
