"""Run `stedgeai analyze`, where it is installed."""

import os
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from archc.compiler import CHECK_PATH
from archc.diagnostics.codes import STEDGEAI_FAILED, STEDGEAI_MISSING
from archc.diagnostics.model import Rejected, reject
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.stedgeai.layout import load
from archc.source import Source

VARIABLE = "STEDGEAI"
"""Environment variable with the path of the executable; without it the search path is used."""
PROGRAM = "stedgeai"
TARGET = "stm32n6"
DEFAULT_PROFILE = "default"
"""A profile is a set of options of the NPU compiler, by its name in ST's own file or, as
`NAME@FILE`, in a file of the user's. The option that names it is what brings in the NPU compiler:
without `--st-neural-art` every operator runs on the CPU."""
MODELS = (".tflite", ".onnx", ".keras", ".h5")
"""What the tool reads, by the endings of file names."""
TIMEOUT = 600
"""Seconds."""

SERIAL = "serial:921600"
"""How `validate` reaches the board: the first serial port found, at this rate."""

_NAME = "network"
_REPORT = f"{_NAME}_analyze_report.txt"
_INFO = f"{_NAME}_c_info.json"
_TAIL = 4096
"""Bytes of the tool's output that are looked at for its last words."""
_LAST_LINES = 6


class Outcome(NamedTuple):
    """What a run left."""

    command: tuple[str, ...]
    report: Source
    info: Source | None


def find(environment: Mapping[str, str]) -> str:
    """The path of the executable.

    Raises:
        Rejected: there is none.
    """
    from shutil import which

    named = environment.get(VARIABLE)
    path = which(named or PROGRAM, path=environment.get("PATH"))
    if path is not None:
        return path
    if named:
        raise reject(
            STEDGEAI_MISSING,
            f"the variable {VARIABLE} names `{named}`, which is not a program that can be run",
            help="set it to the path of the executable `stedgeai`, not of its folder",
        )
    raise reject(
        STEDGEAI_MISSING,
        f"ST's tool `{PROGRAM}` is not installed, or not on the search path",
        notes=["it is ST Edge AI Core: free of charge, for Linux, macOS and Windows"],
        help=f"get STEdgeAI-Core from st.com, then put its folder on PATH or set {VARIABLE} to the "
        "path of the executable; `--report FILE` reads a report made elsewhere",
    )


def command(tool: str, model: str, profile: str, folder: str) -> tuple[str, ...]:
    """The command line that analyses a model and writes below a folder. Paths become absolute.

    Raises:
        Rejected: the profile names a file that does not exist, or is not a name.
    """
    name, at, file = profile.partition("@")
    if not name or name.startswith("-") or any(c.isspace() for c in name):
        raise reject(
            STEDGEAI_FAILED,
            f"`{profile}` is not a profile of the NPU compiler",
            help="write `NAME`, or `NAME@FILE` for one in your own file",
        )
    if at and not os.path.isfile(file):
        raise reject(STEDGEAI_FAILED, f"there is no file `{file}` with profiles", help=CHECK_PATH)
    return (
        *(tool, "analyze", "--target", TARGET),
        *("--st-neural-art", f"{name}@{os.path.abspath(file)}" if at else name),
        *("--model", os.path.abspath(model)),
        *("--name", _NAME),
        *("--workspace", os.path.join(folder, "workspace")),
        *("--output", os.path.join(folder, "output")),
    )


def next_steps(
    model: str, vectors: str, profile: str = DEFAULT_PROFILE
) -> tuple[tuple[str, ...], ...]:
    """The command lines that bring a converted model to the board: code for it, and then, with the
    validation application on the board, its results beside the vectors.

    Sources: ST Edge AI Core 2.2.0, "c_info.json code-generation output report" for both commands;
    a `.npz` with `m_inputs_1` and `m_outputs_1` is what `validate` itself writes and reads.

    Args:
        model: the converted file.
        vectors: a `.npz` with its inputs and outputs.
        profile: see `DEFAULT_PROFILE`.
    """
    target = ("--model", model, "--target", TARGET, "--st-neural-art", profile)
    return (
        (PROGRAM, "generate", *target),
        (
            *(PROGRAM, "validate", *target[:4]),
            *("--mode", "target", "--desc", SERIAL, "--valinput", vectors),
        ),
    )


def analyze(
    model: str,
    profile: str = DEFAULT_PROFILE,
    *,
    timeout: float = TIMEOUT,
    environment: Mapping[str, str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Outcome:
    """Run the tool on a model in a temporary folder, and read what it wrote.

    Args:
        model: a file of one of the kinds in `MODELS`.
        profile: see `DEFAULT_PROFILE`.
        timeout: seconds after which the run is ended.
        environment: variables for finding and running the tool; those of this process if None.
        limits: see `load`.

    Raises:
        Rejected: the tool or the model is not there, or the run gave no report.
    """
    from tempfile import TemporaryDirectory

    if environment is None:
        environment = os.environ
    if not os.path.isfile(model):
        raise reject(STEDGEAI_FAILED, f"there is no model file `{model}`", help=CHECK_PATH)
    tool = find(environment)
    with TemporaryDirectory(prefix="archc-", ignore_cleanup_errors=True) as folder:
        line = command(tool, model, profile, folder)
        output = os.path.join(folder, "output")
        os.mkdir(output)
        log = os.path.join(folder, "log")
        status = _run(line, folder, log, timeout, environment)
        report = os.path.join(output, _REPORT)
        if status != 0 or not os.path.isfile(report):
            why = f"failed with status {status}" if status else "wrote no report"
            raise _failed(why, line, log)
        info = os.path.join(output, _INFO)
        return Outcome(
            line,
            _named(_REPORT, load(report, limits)),
            _named(_INFO, load(info, limits)) if os.path.isfile(info) else None,
        )


def _named(name: str, source: Source) -> Source:
    """The same text under a name that outlives the temporary folder."""
    return Source(name, source.text)


def _run(
    line: tuple[str, ...], folder: str, log: str, timeout: float, environment: Mapping[str, str]
) -> int:
    """Run a command line to its end; its exit status.

    Raises:
        Rejected: it cannot be started, or takes longer than the timeout.
    """
    with open(log, "wb") as said:
        try:
            process = subprocess.Popen(
                line,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,  # some versions ask questions
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that what it starts ends with it
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise reject(
                STEDGEAI_FAILED,
                f"`{line[0]}` cannot be run: {reason}",
                help=f"put the folder of `{PROGRAM}` on PATH, or set {VARIABLE} to its path",
            ) from None
        try:
            return process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise _failed(
                f"did not end within {timeout:g} seconds", line, log, "`--timeout SECONDS`"
            ) from None
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that still runs, and those it started."""
    if process.poll() is None:
        if hasattr(os, "killpg"):
            from signal import SIGKILL

            os.killpg(process.pid, SIGKILL)
        else:
            process.kill()
        process.wait()


def _failed(why: str, line: tuple[str, ...], log: str, option: str | None = None) -> Rejected:
    """The exception of a run without a report, with the last words of the tool."""
    from shlex import join

    with open(log, "rb") as said:
        said.seek(max(0, os.path.getsize(log) - _TAIL))
        text = said.read().decode("utf-8", "replace")
    words = [" ".join(text.split()) for text in text.splitlines()]
    last = [text for text in words if text][-_LAST_LINES:]
    return reject(
        STEDGEAI_FAILED,
        f"`{PROGRAM} analyze` {why}",
        notes=[*(f"it said: {text}" for text in last), f"the command was: {join(line)}"],
        help=f"allow it more time with {option}" if option else None,
    )
