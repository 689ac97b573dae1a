"""`archc calibrate FILE...`: constants of time fitted to a board of one's own."""

import argparse
import os
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError

if TYPE_CHECKING:
    from archc.compiler import Net
    from archc.models.stedgeai.report import Report

SUMMARY = "fit the estimate of time to your own board's measurements"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="reports of `stedgeai validate --mode target`, and the `.tflite` files they are of",
    )
    parser.add_argument(
        "-o", "--output", metavar="NAME.toml", help="the target file to write (default: show only)"
    )
    parser.add_argument(
        "--target",
        default="stm32n6",
        metavar="TARGET",
        help="the target to start from, a name or a file (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    from archc.cli.session import FAILURE, SUCCESS, show, tell
    from archc.diagnostics.codes import EXTRA_MISSING
    from archc.diagnostics.model import Rejected, make
    from archc.files.saving import create
    from archc.files.targets import find_target
    from archc.models.calibration.measured import calibrate, match, stem_of
    from archc.models.calibration.write import table, target_file

    name = stem_of(options.output) if options.output else ""
    usable(options.output, name)
    try:
        nets, reports = read(options.files)
        target = find_target(options.target)
        if name == target.name:
            raise UsageError(f"`{name}` is the target that it extends: give it a name of its own")
        made = calibrate(match(nets, reports), target)
        if options.output:
            base = None
            if options.target.endswith(".toml"):
                folder = os.path.dirname(options.output) or "."
                base = os.path.relpath(options.target, folder).replace(os.sep, "/")
                if base.startswith("../"):
                    raise UsageError(
                        f"`{options.output}` has to stand beside `{options.target}`, "
                        "which it extends"
                    )
            create(options.output, target_file(made, name, base))
    except Rejected as rejected:
        tell(rejected.diagnostic)
        return FAILURE
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "scipy":
            raise
        help = "pip install 'archc-dsl[calibrate]'"
        tell(make(EXTRA_MISSING, "fitting constants needs SciPy", None, help=help))
        return FAILURE
    show(table(made))
    if options.output:
        print(f"{options.output} written; `archc profile SPEC --target {options.output}` uses it")
    return SUCCESS


def usable(path: "str | None", name: str) -> None:
    """Check where the target file is to be written.

    Raises:
        UsageError: it does not end in `.toml`, or its name is not that of a target.
    """
    from archc.targets.toml import is_name

    if path is None:
        return
    if not path.endswith(".toml"):
        raise UsageError(f"`{path}` does not end in `.toml`")
    if not is_name(name):
        raise UsageError(f"`{name}` is not a name: lower-case letters, digits and underscores")


def read(files: "list[str]") -> "tuple[list[tuple[str, Net]], list[Report]]":
    """The networks and the reports among files.

    Raises:
        Rejected: one cannot be read.
    """
    from archc.files import load_bytes
    from archc.limits import DEFAULT_LIMITS
    from archc.models.calibration.measured import stem_of
    from archc.models.deployed.timing import timed_net
    from archc.models.stedgeai import run
    from archc.models.stedgeai.layout import load
    from archc.models.tflite import SUFFIX
    from archc.models.tflite.deployed import deployed

    nets: list[tuple[str, Net]] = []
    reports: list[Report] = []
    for path in files:
        if path.endswith(SUFFIX):
            data = load_bytes(path, DEFAULT_LIMITS.model_bytes, "model_bytes")
            nets.append((stem_of(path), timed_net(deployed(path, data))))
        else:
            reports.append(run.read([load(path)])[0])
    return nets, reports
