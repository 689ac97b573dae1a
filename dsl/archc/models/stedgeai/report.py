"""What ST Edge AI Core says of a network, read from whatever of it a user has.

Text is read here: reports (`network_generate_report.txt` and those of `analyze` and `validate`)
and console logs, which hold several runs. Layouts were taken from real files of the versions in
`layout.KNOWN_VERSIONS`:

- a head: tool version, date, command line; or the command line of a log;
- "Exec/report summary": model, inputs and outputs, macc, memory (`summary`);
- "Model name - X": the table of layers (`table`);
- with `--st-neural-art`, "Memory usage information" by pool (`memory`) and "Epochs details"
  (`epochs`), in one layout up to 2.2 and another from 3.0;
- where code was compiled too, "Requested memory size by section", with exact bytes (`memory`);
- of `validate`, "ST.AI Profiling results" and "Evaluation report" (`board`).

Widths are free, meanings are not: what does not fit is refused where it stands, and so are figures
that contradict one another.
"""

import re
from typing import NamedTuple

from archc.models.stedgeai.board import Board, Metric, board, metrics
from archc.models.stedgeai.console import Call, Lines, call, installed, runs
from archc.models.stedgeai.epochs import epochs
from archc.models.stedgeai.layout import (
    KNOWN_VERSIONS,
    Epoch,
    EpochKind,
    base_name,
    failed,
    number,
    strange,
)
from archc.models.stedgeai.memory import Pool, Size, pools, sections
from archc.models.stedgeai.summary import Summary, Tensor, summary
from archc.models.stedgeai.table import Pair, Row, Table, table
from archc.source import Source

NOTHING = Pair(None, None)


class Model(NamedTuple):
    """The model the tool was given."""

    name: str
    file: str | None
    """Its file name, without folders."""
    format: str | None
    """`keras`, `tflite` or `onnx`."""
    precision: str | None
    """As the tool calls it, such as `float`."""
    hash: str | None
    params: int | None


class Counted(NamedTuple):
    """A macc that a command printed in its summary, by a count of its own."""

    command: str
    macc: int


class Report(NamedTuple):
    """All figures of one run, or of several of one network."""

    source: str
    """The file it was read from."""
    version: str
    build: str
    command: str
    """`analyze`, `generate` or `validate`; of several runs all of them, with commas between."""
    target: str
    npu: bool
    """Whether it was compiled for the NPU, that is, `--st-neural-art` was given."""
    profile: str | None
    """The profile given with it, its file excluded; None where the default was used."""
    compiler: str | None
    """Version of the NPU compiler."""
    model: Model
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    rows: tuple[Row, ...]
    """Of the table of layers; empty where none was printed, as in logs."""
    macc: Pair
    """The totals of that table."""
    counted: tuple[Counted, ...]
    weights: Pair
    """Bytes of constants, before placement."""
    read_only: Size | None
    """Bytes of weights as placed on the device."""
    activations: Size | None
    """Bytes of activations as placed on the device, inputs and outputs included."""
    pools: tuple[Pool, ...]
    """By address; empty without the NPU."""
    epochs: tuple[Epoch, ...] | None
    """None without the NPU."""
    hardware: int | None
    """How many epochs run in hardware alone; None without the NPU."""
    boards: tuple[Board, ...]
    """What was measured on a device."""
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]
    """What a reader should know before trusting a figure."""

    def count(self, *kinds: EpochKind) -> int:
        """How many of the listed epochs are of these kinds."""
        return sum(epoch.kind in kinds for epoch in self.epochs or ())


_FORMATS = {"h5": "keras", "keras": "keras", "tflite": "tflite", "onnx": "onnx"}


def read_reports(source: Source) -> list[Report]:
    """Every run that a text holds.

    Raises:
        Rejected: there is none, or one is of no layout that is known, or contradicts itself.
    """
    if not source.text.strip():
        raise strange(source, "is empty")
    pieces = [(run, call(run)) for run in runs(source)]
    # What a log says of the tool once holds for all of it.
    said = next((called for _, called in pieces if called.version), None)
    version, build = (said.version, said.build) if said else (installed(source), "")
    found: list[Report] = []
    for run, called in pieces:
        if called.version is None:
            called = called._replace(version=version, build=build)
        report = _Reader(source, run, called).report()
        if report is not None:
            found.append(report)
        elif called.failure is not None and found:
            note = _failure(called.command or "the tool", called.failure)
            found[-1] = found[-1]._replace(notes=(*found[-1].notes, note))
    failures = [called.failure for _, called in pieces if called.failure is not None]
    if not found:
        if failures:
            raise failed(source, failures[0])
        raise strange(source, "is not a report of ST Edge AI Core, nor a log of one", 1)
    return found


def _failure(command: str, said: str) -> str:
    hang = " (the inference did not end)" if "timeout" in said else ""
    return f"`{command}` failed: {said}{hang}"


class _Reader:
    """One run of one text."""

    def __init__(self, source: Source, run: Lines, said: Call) -> None:
        self.source, self.run, self.said = source, run, said
        self.notes: list[str] = []

    def report(self) -> Report | None:
        """What the run says; None if it is not a run of the tool."""
        run, said = self.run, self.said
        head = summary(run)
        layers = table(run)
        compiled = run.find("Memory usage information")
        profiled = run.find("ST.AI Profiling results")
        if all(part is None for part in (head, layers, compiled, profiled)):
            return None
        if run.find("Created date") is not None:  # a report file, which always has one
            run.need("Model name - ", "the table of layers is missing")
        version = said.version
        if version is None:
            raise run.strange("does not say of which version of ST Edge AI Core it is", 0)
        command = said.command or (head.command if head else None) or "generate"
        entries = head.entries if head else {}
        target = entries.get("target/series") or option(said.arguments, "--target") or ""
        npu = self.npu(command, target, compiled is not None, head is not None)
        if not target:
            raise run.strange("does not say for which target it is", 0)
        macc, weights, activations = layers[2:5] if layers else (NOTHING,) * 3
        found_pools: tuple[Pool, ...] = ()
        found_epochs: tuple[Epoch, ...] | None = None
        hardware: int | None = None
        placed: tuple[Size, Size] | None = None
        if command == "validate":
            weights = self.validated(head, weights)
        elif npu:
            found_pools, sums = pools(run)
            found_epochs, hardware = epochs(run)
            placed = sections(run) or self.summed(head, sums)
            if layers is None and head is None:
                raise run.strange("has neither a summary nor a table of layers", len(run) - 1)
        elif said.failure is None:
            placed = self.totalled(head, macc, weights, activations)
        self.warn(version, command)
        profile = re.search(r"--st-neural-art(?: ([^\s-]\S*))?", said.arguments)
        compiler = run.find("Compiler version:")
        rows = layers.rows if layers else ()
        return Report(
            self.source.name,
            version,
            said.build,
            command,
            target.removesuffix("npu"),
            npu,
            profile[1].partition("@")[0] if profile and profile[1] else None,
            None if compiler is None else run.flat(compiler).partition(": ")[2],
            self.model(layers, entries),
            (head.inputs if head else ()) or tuple(_tensor(row) for row in rows if is_input(row)),
            (head.outputs if head else ()) or outputs(rows),
            rows,
            macc,
            self.counts(command, head, layers),
            weights,
            placed[0] if placed else None,
            placed[1] if placed else None,
            found_pools,
            found_epochs,
            hardware,
            self.boards(),
            metrics(run),
            (*(layers.notes if layers else ()), *self.notes),
        )

    def npu(self, command: str, target: str, compiled: bool, summed: bool) -> bool:
        """Whether the NPU compiler ran, or should have."""
        asked = "--st-neural-art" in self.said.arguments
        if compiled or target.endswith("npu"):
            return True
        if asked and summed and command != "validate":
            self.notes.append(
                "`--st-neural-art` was given, but the tool compiled for the CPU: it wants a space "
                "before the profile, not `=`"
            )
            return False
        return asked

    def warn(self, version: str, command: str) -> None:
        if not any(one == version or one.startswith(f"{version}.") for one in KNOWN_VERSIONS):
            self.notes.append(
                f"version {version} is not among those of which real reports were read "
                f"({', '.join(KNOWN_VERSIONS)}), but its layout is known"
            )
        if self.said.failure is not None:
            self.notes.append(_failure(command, self.said.failure))

    def model(self, layers: Table | None, entries: dict[str, str]) -> Model:
        arguments = self.said.arguments
        path = entries.get("model file") or option(arguments, "--model") or option(arguments, "-m")
        file = base_name(path) if path else None
        suffix = (file or "").rpartition(".")[2].lower()
        params = re.match(r"([0-9,]+) items", entries.get("params #", ""))
        return Model(
            layers.name if layers else entries.get("model_name") or file or "",
            file,
            entries.get("type") or _FORMATS.get(suffix),
            entries.get("model_fmt"),
            entries.get("model_hash"),
            number(params[1]) if params else None,
        )

    def counts(
        self, command: str, head: Summary | None, layers: Table | None
    ) -> tuple[Counted, ...]:
        """The macc of the summary, where it is not the table's. (2.2 prints 0 of the NPU.)"""
        macc = head.number_of("macc") if head else None
        same = layers is not None and macc in layers.macc
        return (Counted(command, macc),) if macc and not same else ()

    def validated(self, head: Summary | None, weights: Pair) -> Pair:
        """The weights of the model, and that everything a `validate` prints is there."""
        run = self.run
        if self.said.failure is None:
            run.need("ST.AI Profiling results", "the `validate` did not end")
            if run.find("Setting validation data") is not None:
                run.need("Evaluation report (summary)", "the `validate` did not end")
        size = head.number_of("weights (ro)") if head else None
        return weights if weights.model is not None else Pair(size, None)

    def summed(self, head: Summary | None, sums: tuple[Size, Size]) -> tuple[Size, Size]:
        """Weights and activations of the pools: exact in the summary, rounded in their total."""
        found = []
        for name, size in zip(("weights (ro)", "activations (rw)"), sums, strict=True):
            exact = head.number_of(name) if head else None
            if exact is not None and abs(exact - size.bytes) > size.within + 8:
                self.notes.append(f"the summary has {name} {exact:,} B, the pools {size.bytes:,} B")
                exact = None
            found.append(size if exact is None else Size(exact))
        return found[0], found[1]

    def totalled(
        self, head: Summary | None, macc: Pair, weights: Pair, activations: Pair
    ) -> tuple[Size, Size]:
        """Weights and activations of the c-model, which summary and totals must agree on."""
        last = len(self.run) - 1
        if head is None:
            said = "has neither a summary nor the NPU compiler's sections"
            raise self.run.strange(said, last)
        placed = []
        for name, said_pair in (
            ("macc", macc),
            ("weights (ro)", weights),
            ("activations (rw)", activations),
        ):
            value = head.number_of(name)
            if value is None:
                raise self.run.strange(f"has no `{name}` in its summary", last)
            # 4.0 prints a table of the model alone on consoles, and sums up the c-model.
            if said_pair.c_model is not None and value != said_pair.c_model:
                raise self.run.strange(
                    f"contradicts itself: {name} is {value:,} only in its summary", last
                )
            placed.append(Size(value))
        return placed[1], placed[2]

    def boards(self) -> tuple[Board, ...]:
        found = board(self.run)
        return () if found is None else (found,)


# --- parts -------------------------------------------------------------------------------------


def option(arguments: str, name: str) -> str | None:
    """The value of an option on a command line that is not quoted: up to the next option."""
    found = re.search(rf"(?:^| ){name} (.+?)(?= --?[A-Za-z]|$)", arguments)
    return found[1] if found else None


def is_input(row: Row) -> bool:
    """Whether a row is an input of the network, not an operator nor a constant."""
    return row.original in ("", "InputLayer") and not row.inputs and not row.params


def _tensor(row: Row) -> Tensor:
    return Tensor(row.name, None, tuple(extent for _, extent in row.shapes[0]))


def outputs(rows: tuple[Row, ...]) -> tuple[Tensor, ...]:
    """The rows with an operator that no other row reads.

    The tool shortens long names, so an output that shares its short name with a value that is
    read is missed.
    """
    read = {name for row in rows for name in row.inputs}
    return tuple(_tensor(row) for row in rows if row.original and row.name not in read)
