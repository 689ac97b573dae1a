"""`archc show SPEC|MODEL`: what the compiler holds after each of its stages."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from archc.cli.arguments import UsageError, compile_arguments
from archc.diagnostics.text import joined

if TYPE_CHECKING:
    from archc.analysis.lowering import Deployed
    from archc.cli.session import Session
    from archc.driver import Network
    from archc.models.front import Analysed

SUMMARY = "show what the compiler holds after each stage"

STAGES = ("ast", "model", "graph", "deployed")
"""In the order the compiler makes them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    compile_arguments(parser, models=True)
    parser.add_argument(
        "--stage",
        choices=STAGES,
        help="the syntax tree, the archs with their parameters bound, the graph, or what is "
        "deployed; by default the graph, of a deployed file that, or where there is no graph the "
        "last stage that was reached",
    )


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import Session, colored, show, terminal_width, unicode
    from archc.emit.stages import lines

    session = Session(options)
    session.compile()
    reached = [stage for stage in STAGES if subjects(session, stage)]
    wanted = options.stage or next(
        (one for one in ("graph", "deployed", "model", "ast") if one in reached), None
    )
    found = subjects(session, wanted) if wanted else []
    if not found and session.models and not session.failed:
        raise UsageError(
            f"`--stage {wanted}` is for specs: of these models there is {joined(reached)}"
        )
    if session.document:
        shown = [data(wanted, subject) for subject in found]
        session.json(stage=wanted, reached=reached, shown=shown)
        return session.code
    look = {"unicode": unicode(sys.stdout), "color": colored(sys.stdout)}
    for number, subject in enumerate(found):
        if number:
            print()
        title, rows = described(wanted, subject)
        show(lines(title, rows, width=terminal_width(), **look))
    if found and session.failed:
        sys.stdout.flush()  # so that it stands before what is said of it
        print(file=sys.stderr)
    session.show(("error",))
    if session.failed and not reached:
        print("archc show: no stage was reached, so that there is nothing to show", file=sys.stderr)
    elif session.failed and not found:
        last = f"`--stage {reached[-1]}` shows the last that was"
        print(f"archc show: the stage `{wanted}` was not reached; {last}", file=sys.stderr)
    elif session.failed and options.stage is None and wanted != "graph":
        print(f"archc show: this is the last stage that was reached, `{wanted}`", file=sys.stderr)
    return session.code


def subjects(session: "Session", stage: str) -> list[Any]:
    """What there is to show of a stage: one for each file, or each network."""
    if stage == "ast":
        files = {file.source: file for one in session.compilations for file in one.files}
        return list(files.values())
    if stage == "model":
        return [model for one in session.compilations for model in one.models]
    read = [model for model in session.models if stage in model.stages]
    return [*session.networks, *read]


def described(stage: str | None, subject: Any) -> tuple[str, Any]:
    """A title and the rows below it."""
    from archc.emit import stages
    from archc.models.deployed import FileGraph
    from archc.models.deployed.rows import file_rows
    from archc.models.front import Analysed

    if stage == "ast":
        return f"syntax tree of {subject.source.name}", stages.ast_rows(subject)
    if stage == "model":
        return f"model of {subject.name}", stages.model_rows(subject)
    if stage == "graph":
        return f"graph of {subject.name}", stages.graph_rows(subject.graph)
    if isinstance(subject, Analysed) and isinstance(subject.content, FileGraph):
        return f"deployed graph of {subject.name}", file_rows(subject.content)
    return f"deployed graph of {subject.name}", stages.deployed_rows(
        subject.graph, deployed(subject)
    )


def data(stage: str | None, subject: Any) -> Any:
    """The same as plain data."""
    from archc.emit import stages
    from archc.models.deployed import FileGraph
    from archc.models.deployed.rows import file_data
    from archc.models.front import Analysed

    if stage == "ast":
        return stages.ast_data(subject)
    if stage == "model":
        return stages.model_data(subject)
    if stage == "graph":
        return stages.graph_data(subject.graph)
    if isinstance(subject, Analysed) and isinstance(subject.content, FileGraph):
        return file_data(subject.content)
    return stages.deployed_data(subject.graph, deployed(subject))


def deployed(network: "Network | Analysed") -> "Deployed":
    from archc.models.front import Analysed

    if isinstance(network, Analysed):
        return network.deployed
    from archc.analysis.lowering import lower

    return lower(network.graph, network.manifest["inputs"][0]["dtype"])
