"""`archc analyze`: ST's own tool, its reports, and our prediction beside them."""

import argparse
import os
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError, shared_arguments
from archc.models.stedgeai.tool import DEFAULT_PROFILE, MODELS, TIMEOUT, analyze

if TYPE_CHECKING:
    from archc.limits import Limits
    from archc.models.stedgeai.info import Info
    from archc.models.stedgeai.report import Report

SUMMARY = "compare a network with what ST's own tool reports"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        nargs="?",
        metavar="SPEC|MODEL",
        help=f"a spec to compare with, or a model to analyse ({', '.join(MODELS)})",
    )
    parser.add_argument("--model", metavar="FILE", help="the converted model of SPEC")
    parser.add_argument(
        "--report",
        metavar="FILE",
        nargs="+",
        action="extend",
        help="read these, run nothing: reports, console logs, `*_c_info.json`, together what the "
        "tool says of one network",
    )
    parser.add_argument("--info", metavar="FILE", help="the same as `--report FILE`, for scripts")
    parser.add_argument(
        "--profile",
        metavar="PROFILE",
        help=f"options of the NPU compiler: NAME or NAME@FILE (default: {DEFAULT_PROFILE}); given "
        "with `--st-neural-art`, without which nothing would be mapped to the NPU",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help=f"end the tool after so long (default: {TIMEOUT})",
    )
    parser.add_argument("--arch", help="the arch of the spec to compare with")
    parser.set_defaults(set=[], name=None)
    shared_arguments(parser)


def run(options: argparse.Namespace) -> int:
    spec, model = subject(options)
    from archc.cli.session import Session, show
    from archc.diagnostics.model import Rejected
    from archc.models.stedgeai.compare import compare, predict
    from archc.models.stedgeai.plain import plain
    from archc.models.stedgeai.show import text

    options.specs = [spec] if spec else []
    session = Session(options)
    prediction = None
    result = None
    if spec:
        session.compile()
    if spec and not session.failed:
        if len(session.networks) != 1:
            raise UsageError(f"`{spec}` declares several archs: choose one with `--arch NAME`")
        network = session.networks[0]
        prediction = predict(network.manifest, network.graph, session.target)
    if not session.failed:
        try:
            result = compare(*read(options, model, session.limits), prediction)
        except Rejected as rejected:
            session.diagnostics.append(rejected.diagnostic)
    if options.format == "json":
        session.json(analysis=plain(result) if result else None)
    else:
        session.show(("error",))
        if result:
            show(text(result))
    return session.code


def subject(options: argparse.Namespace) -> tuple[str | None, str | None]:
    """The spec and the model that are meant.

    Raises:
        UsageError: the arguments do not go together.
    """
    named = options.subject
    if named is None and options.report and options.report[-1].endswith(".arch"):
        named = options.report.pop()  # `--report FILE... SPEC`
    if options.info is not None and options.report is None and named is not None:
        raise UsageError("`--info` belongs to `--report`; a run reads its own")
    spec = named if named is not None and named.endswith(".arch") else None
    model = options.model
    if named is not None and spec is None:
        if not named.lower().endswith(MODELS):
            raise UsageError(f"`{named}` is neither a spec nor a model ({', '.join(MODELS)})")
        if model is not None:
            raise UsageError("there are two models: leave out `--model`")
        model = named
    if options.timeout is not None and not 0 < options.timeout < 1e6:
        raise UsageError("`--timeout` takes a number of seconds above 0")
    if options.report or options.info is not None:
        for option in ("model", "profile", "timeout"):
            if getattr(options, option) is not None:
                raise UsageError(f"`--report` reads existing reports: leave out `--{option}`")
        if model is not None:
            raise UsageError("`--report` reads existing reports: leave out the model")
    elif spec is not None and model is None:
        raise UsageError(
            "ST's tool reads a converted model: make one of the trained network with "
            "`archc quantize MODEL.keras --data FILE.npz -o FILE.tflite` and give it with "
            "`--model FILE.tflite`, or give an existing report with `--report FILE`"
        )
    elif model is None:
        raise UsageError("nothing to analyse: give a model, or a report with `--report FILE`")
    return spec, model


def read(
    options: argparse.Namespace, model: str | None, limits: "Limits"
) -> "tuple[Report, Info | None]":
    """The report, and the info if there is one: those of the command line, or of a run.

    Raises:
        Rejected: a file cannot be read, or the run gave none.
    """
    from archc.models.stedgeai import run as files
    from archc.models.stedgeai.layout import load

    if model is None:
        paths = [*(options.report or ()), *([options.info] if options.info is not None else ())]
        return files.read([load(path, limits) for path in paths])
    outcome = analyze(
        os.path.normpath(model),
        options.profile or DEFAULT_PROFILE,
        timeout=options.timeout or TIMEOUT,
        limits=limits,
    )
    return files.read([one for one in (outcome.report, outcome.info) if one is not None])
