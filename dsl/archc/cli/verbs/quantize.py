"""`archc quantize`: a trained model to an int8 file, and what that did to its results."""

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from archc.cli.arguments import UsageError, limit_argument
from archc.diagnostics.text import several

if TYPE_CHECKING:
    from typing import TextIO

    from archc.diagnostics.model import Diagnostic
    from archc.limits import Limits
    from archc.models.quantization.core import Quantization

SUMMARY = "convert a trained model to int8, and report what that cost"

CALIBRATION, VALIDATION, HOLDOUT, THRESHOLD = 500, 200, 0.2, 0.95
"""Defaults, as in `archc.models.quantization`; a test holds them equal."""
DEFAULT_PROFILE = "default"
IOS = ("float32", "int8", "uint8")
SUFFIX, VECTORS = ".tflite", "_vectors.npz"
TERMINAL_INTERVAL, PLAIN_INTERVAL = 0.1, 10.0
"""Seconds between two reports of progress, on a terminal and elsewhere."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a trained Keras model, `.keras` or `.h5`")
    parser.add_argument(
        "--data",
        metavar="FILE",
        help="samples as the network meets them, scaled as in training: `.npz` or `.npy`",
    )
    parser.add_argument("-o", "--output", metavar="FILE.tflite", help="the int8 file")
    parser.add_argument(
        "--io",
        choices=IOS,
        help="type of inputs and outputs (default: the manifest's, else float32)",
    )
    parser.add_argument("--manifest", metavar="FILE", help="verify the result against this")
    parser.add_argument("--array", metavar="NAME", help="the array of the data to take")
    parser.add_argument(
        "--validation", metavar="FILE", help="samples for the comparison, instead of a holdout"
    )
    parser.add_argument(
        "--validation-array",
        metavar="NAME",
        help="the array to compare with, of the validation file or else of the data",
    )
    parser.add_argument(
        "--labels",
        metavar="NAME",
        help="the array of the labels, for accuracy (default: one called `labels`, `y`, ...)",
    )
    parser.add_argument(
        "--holdout",
        type=float,
        metavar="SHARE",
        help=f"share of the data kept for the comparison (default: {HOLDOUT:g})",
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=CALIBRATION,
        metavar="N",
        help=f"calibrate with at most so many (default: {CALIBRATION})",
    )
    parser.add_argument(
        "--validation-samples",
        type=int,
        default=VALIDATION,
        metavar="N",
        help=f"compare at most so many (default: {VALIDATION})",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=THRESHOLD,
        metavar="COSINE",
        help="fail, and write nothing, below this cosine similarity with the float model "
        f"(default: {THRESHOLD:g})",
    )
    parser.add_argument(
        "--vectors",
        metavar="FILE.npz",
        help=f"inputs and outputs for validation on the target (default: FILE{VECTORS})",
    )
    parser.add_argument(
        "--profile",
        default=DEFAULT_PROFILE,
        metavar="PROFILE",
        help=f"of the NPU compiler, for the commands shown (default: {DEFAULT_PROFILE})",
    )
    limit_argument(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    check(options)
    from archc.cli.arguments import limits
    from archc.cli.session import FAILURE, SUCCESS, print_json, show
    from archc.diagnostics.model import Rejected
    from archc.diagnostics.render import render_json

    progress = Progress(sys.stderr, options.format == "text")
    result = None
    written: list[str] = []
    try:
        result, vectors = quantized(options, limits(options.limit), progress)
        diagnostics = list(result.doubts)
        diagnostics += judged(options, result)
        if not any(found.level == "error" for found in diagnostics):
            files = {options.output: result.tflite, options.vectors: vectors}
            failure = save(files)
            diagnostics += [failure] if failure else []
            written = [] if failure else list(files)
    except Rejected as rejected:
        diagnostics = [rejected.diagnostic]
    finally:
        progress.clear()
    failed = any(found.level == "error" for found in diagnostics)
    steps = commands(options) if written else ()
    if options.format == "json":
        from archc.models.quantization.text import plain

        print_json(
            {
                "quantization": plain(result, options.threshold) if result else None,
                "written": written,
                "commands": [list(line) for line in steps],
                "diagnostics": [render_json(found) for found in diagnostics],
            }
        )
        return FAILURE if failed else SUCCESS
    tell(diagnostics)
    if result is not None:
        from archc.models.quantization.text import text

        show(text(result, options.threshold, options.output))
        print(f"\n{verdict(options, result)}")
    if written:
        from shlex import join

        print(f"written: {options.output}\n         {options.vectors}")
        print("\nnext, with ST Edge AI Core (validate: its own firmware on the board):")
        for line in steps:
            print(f"  {join(line)}")
    elif result is not None:
        print("nothing was written")
    return FAILURE if failed else SUCCESS


def check(options: argparse.Namespace) -> None:
    """Check the arguments, and fill in those that follow from others.

    Raises:
        UsageError: they cannot be followed.
    """
    if options.data is None:
        raise UsageError(
            "calibration needs samples: give them with `--data FILE.npz`, some hundred inputs as "
            "the network meets them, scaled as in training"
        )
    if options.output is None:
        raise UsageError("`-o FILE.tflite` is missing")
    if not options.output.endswith(SUFFIX):
        raise UsageError(f"`{options.output}` does not end in `{SUFFIX}`")
    if options.vectors is None:
        options.vectors = options.output.removesuffix(SUFFIX) + VECTORS
    elif not options.vectors.endswith(".npz"):
        raise UsageError(f"`{options.vectors}` does not end in `.npz`")
    if options.holdout is not None:
        if options.validation is not None or options.validation_array is not None:
            raise UsageError("`--holdout` is for the case without separate validation samples")
        if not 0 < options.holdout < 1:
            raise UsageError("`--holdout` takes a share between 0 and 1, such as 0.2")
    if not -1 <= options.threshold <= 1:
        raise UsageError("`--threshold` takes a cosine similarity: at most 1")
    if min(options.samples, options.validation_samples) < 1:
        raise UsageError("`--samples` and `--validation-samples` take whole numbers from 1")
    if options.validation_array is not None and options.validation is None:
        if options.array is None or options.array == options.validation_array:
            raise UsageError(
                "`--validation-array` of the same file needs `--array` with another name"
            )
        options.validation = options.data
    elif options.validation is not None and _same(options.validation, options.data):
        raise UsageError(
            "the validation samples are those for calibration: leave out `--validation`, and a "
            "part of the data is kept for the comparison"
        )
    for path in (options.output, options.vectors):
        if os.path.isdir(path):  # said before the work begins, not after it
            raise UsageError(f"`{path}` is a folder: name a file to write")
        for source in (options.model, options.data, options.validation, options.manifest):
            if source is not None and _same(path, source):
                raise UsageError(f"`{path}` is read, so it cannot be written")
    if _same(options.output, options.vectors):
        raise UsageError("both outputs go to one path")


def _same(a: str, b: str) -> bool:
    try:
        return os.path.realpath(a) == os.path.realpath(b)
    except (OSError, ValueError):
        return False


def quantized(
    options: argparse.Namespace, bounds: "Limits", progress: "Progress"
) -> "tuple[Quantization, bytes]":
    """The result, and its vectors as a `.npz`.

    Raises:
        Rejected: something cannot be read or used, or the conversion failed.
    """
    from archc.models.quantization.core import require
    from archc.models.quantization.remote import quantize

    manifest = None
    if options.manifest is not None:
        from archc.models.verify.document import load_manifest

        manifest = load_manifest(options.manifest, bounds)
    require()
    request = {
        "model": options.model,
        "data": options.data,
        "validation": options.validation,
        "array": options.array,
        "validation_array": options.validation_array,
        "holdout": HOLDOUT if options.holdout is None else options.holdout,
        "samples": (options.samples, options.validation_samples),
        "manifest": manifest,
        "labels": options.labels,
        "io": options.io,
        "limits": bounds,
    }
    return quantize(request, progress)


def judged(options: argparse.Namespace, result: "Quantization") -> "list[Diagnostic]":
    """What is wrong with the result, as diagnostics."""
    from archc.models.quantization.core import too_far

    found = [too_far(result, options.threshold)]
    if result.verification is not None:
        found += [difference.diagnostic for difference in result.verification.differences]
    return [diagnostic for diagnostic in found if diagnostic is not None]


def save(files: dict[str, bytes]) -> "Diagnostic | None":
    """Write the outputs; what went wrong, or None."""
    from archc.files.saving import save

    # What stands there is overwritten if it is of the same kind: a TFLite file, or an archive.
    return save(files, lambda old: old[4:8] == b"TFL3" or old[:2] == b"PK")


def verdict(options: argparse.Namespace, result: "Quantization") -> str:
    """What came of the verification, in one line."""
    if result.verification is None:
        beside = os.path.splitext(options.model)[0] + ".manifest.json"
        name = beside if os.path.isfile(beside) else "NAME.manifest.json"
        return f"not verified: `--manifest {name}` checks it against its spec"
    network = result.verification.network
    differences = len([d for d in result.verification.differences if d.level == "error"])
    if differences:
        said = several(differences, "difference")
        return f"it is not the network `{network}` of {options.manifest}: {said}"
    return f"verified: it is the network `{network}` of {options.manifest}"


def commands(options: argparse.Namespace) -> tuple[tuple[str, ...], ...]:
    from archc.models.stedgeai.tool import next_steps

    return next_steps(options.output, options.vectors, options.profile)


def tell(diagnostics: "list[Diagnostic]") -> None:
    """Print diagnostics to standard error, and a line that counts them."""
    from archc.cli.session import colored
    from archc.diagnostics.render import render, summary

    for found in diagnostics:
        print(render(found, color=colored(sys.stderr)), "", sep="\n", file=sys.stderr)
    if diagnostics:
        print(summary(diagnostics), file=sys.stderr)


class Progress:
    """Says what is going on: one line that changes on a terminal, elsewhere a line now and then."""

    def __init__(self, stream: "TextIO", wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted
        self._terminal = wanted and bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
        self._said = time.monotonic()
        self._shown = 0
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        interval = TERMINAL_INTERVAL if self._terminal else PLAIN_INTERVAL
        new = stage != self._stage
        if not self._wanted or (now - self._said < interval and not (new and self._terminal)):
            return
        self._stage, self._said = stage, now
        line = f"{stage} ..." if not total else f"{stage} {done:,} of {total:,}"
        if self._terminal:
            print(f"\r{line:<{self._shown}}", end="", file=self._stream, flush=True)
            self._shown = len(line)
        else:
            print(line, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the line away, so that what follows starts in the first column."""
        if self._shown:
            print(f"\r{'':<{self._shown}}\r", end="", file=self._stream, flush=True)
            self._shown = 0
