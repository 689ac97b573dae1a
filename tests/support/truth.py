"""The truth table: for every shipped spec the manifest's figures beside those of judges.

Each figure is asked for once per test session and shared with the tests that hold it to account.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from math import prod
from typing import NamedTuple

from support import shipped, tflite, tflm, vela

ST_MACC = {"mobilenet_v2_a10": 320_531_392}
"""Model macc by ST Edge AI Core 2.2.0: `n6/reports/mobilenetv2_224_stm32f4_analyze_report.txt`.
The reports of single layers are judged in `tests/analysis/test_stedgeai_macc.py`."""
ST_MEMORY = {
    "mobilenet_v1_a025": (588, 392),
    "mobilenet_v1_a05": (588, 588),
    "mobilenet_v1_a10": (1_568, 1_568),
    "mobilenet_v2_a035": (980, 931),
    "mobilenet_v2_a10": (2_058, 2_058),
}
"""KiB of activations by ST's NPU compiler 2.0.0 and 3.0.0, where its model zoo has the network
(`docs/n6.md`)."""


class Figure(NamedTuple):
    """What the manifest says and what a judge measures."""

    ours: int
    theirs: int
    difference: int


class Truth(NamedTuple):
    """The figures of one network."""

    params: Figure
    """Keras, the model built."""
    macs: Figure
    """Vela, its rows of convolutions, depthwise convolutions and dense layers."""
    beyond: Figure
    """Vela, its other rows; ours by the rules in `support.vela`."""
    operators: Figure
    """The file; the difference is the number of places with another operator or shape."""
    weight_bytes: Figure
    constant_bytes: Figure
    arena_bytes: Figure
    """TensorFlow Lite Micro, the head of its arena."""
    peak: Figure
    """The int8 tensors of the file that are alive together."""


def figure(ours: int, theirs: int) -> Figure:
    return Figure(ours, theirs, ours - theirs)


@cache
def file(name: str) -> tflite.TfliteFile:
    """What is in the int8 file of a shipped network."""
    return tflite.read(shipped.tflite(name))


@cache
def named(name: str) -> tuple[vela.FileOp, ...]:
    """Its operators with the names of their tensors."""
    return vela.operators(shipped.tflite(name))


@cache
def report(name: str) -> tuple[vela.Row, ...]:
    """Vela's report on it."""
    return vela.report(shipped.tflite(name))


@cache
def arena(name: str) -> int:
    """The head of TensorFlow Lite Micro's arena for it."""
    return tflm.activations(shipped.tflite(name))


def live_peak(operators: Sequence[tflite.FileOp]) -> int:
    """The most bytes of int8 results alive at one operator, by the operators of a file alone.

    A result lives from its operator to the last one that reads it, the file's output to the end.
    """
    last = {index: index for index in range(len(operators))}
    for reader, op in enumerate(operators):
        for source in op.inputs:
            last[source] = reader
    last[len(operators) - 1] = len(operators)
    sizes = [prod(op.shape) if op.dtype == "int8" else 0 for op in operators]
    return max(
        sum(sizes[made] for made in range(step + 1) if last[made] >= step)
        for step in range(len(operators))
    )


@cache
def truth(name: str) -> Truth:
    """Every figure of a shipped network."""
    manifest = shipped.compiled(name).manifest
    totals, deployed = manifest["totals"], manifest["deployed"]
    content = file(name)
    graph, lowered = shipped.graph(name), shipped.deployed(name)
    counts = vela.counted(named(name), report(name))
    kinds = [op.operator for op in content.operators]
    ours = sum(
        sum(vela.pieces(graph, lowered, index).values()) for index in range(len(lowered.operators))
    )
    core = sum(
        counted[vela.ORIGINAL[kinds[index]]]
        for index, counted in counts.items()
        if kinds[index] in vela.COUNTED
    )
    said = [(step["operator"], tuple(step["output_shape"])) for step in deployed["sequence"]]
    found = [(op.operator, op.shape) for op in content.operators]
    wrong = abs(len(said) - len(found)) + sum(a != b for a, b in zip(said, found, strict=False))
    return Truth(
        figure(totals["params"], shipped.model(name).count_params()),
        figure(totals["macs"], core),
        figure(ours - totals["macs"], sum(row.macs for row in report(name)) - core),
        Figure(len(said), len(found), wrong),
        figure(deployed["weight_bytes"], content.weight_bytes),
        figure(deployed["constant_bytes"], content.constant_bytes),
        figure(deployed["arena_bytes"], arena(name)),
        figure(deployed["peak_activation_bytes"], live_peak(content.operators)),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[int | str]]) -> str:
    """A Markdown table: a column of names, then numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    cells = ([f"{cell:,}" if isinstance(cell, int) else cell for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def compared(groups: Sequence[tuple[str, str, str]]) -> str:
    """A table of all networks: for each (figure, its head, the judge's head) three columns."""
    head = ["network"]
    for _, ours, theirs in groups:
        head += [ours, theirs, "difference"]
    return table(
        head,
        (
            [name, *(n for key, *_ in groups for n in getattr(truth(name), key))]
            for name in shipped.NAMES
        ),
    )


def markdown() -> str:
    """The truth table as the README shows it."""
    return "\n".join(
        [
            compared(
                [
                    ("params", "params", "Keras"),
                    ("macs", "MACs", "Vela"),
                    ("beyond", "Vela adds, by rule", "Vela adds"),
                ]
            ),
            compared(
                [
                    ("operators", "operators in order", "file"),
                    ("weight_bytes", "weight bytes", "file"),
                    ("constant_bytes", "constant bytes", "file"),
                ]
            ),
            compared(
                [
                    ("arena_bytes", "arena bytes", "TFLite Micro"),
                    ("peak", "live peak bytes", "file"),
                ]
            ),
            table(
                ("network", "stedgeai macc", "ST Edge AI Core 2.2.0", "difference"),
                (
                    (
                        name,
                        *figure(shipped.compiled(name).manifest["totals"]["stedgeai_macc"], theirs),
                    )
                    for name, theirs in ST_MACC.items()
                ),
            ),
            table(
                (
                    *("network", "live peak KiB, as estimate", "ST's NPU compiler 3.0.0"),
                    *("needs", "compiler 2.0.0", "needs"),
                ),
                (
                    (
                        *(name, kib, new, f"{new / kib:.2f} times"),
                        *(old, f"{old / kib:.2f} times"),
                    )
                    for name, (old, new) in ST_MEMORY.items()
                    for kib in [truth(name).peak.ours // 1024]
                ),
            ),
        ]
    )
