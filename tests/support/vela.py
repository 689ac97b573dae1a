"""Vela as the judge of MACs: its per-layer report of an int8 file, and the rules it counts by.

`ethos-u-vela` 5.2.0 for `ethos-u55-128`. The compiler counts convolutions, depthwise convolutions
and dense layers, and nothing else. Vela counts the same, to the unit, and more: the operations that
its own array would spend on a mean, a pool, a softmax and on an activation that is an operation by
itself. `pieces` says how many, so that its total is ours and a list of what it adds. The rules are
`docs/lowering.md`, "Vela" and, measured here on the swish layers of EfficientNet-B0, `takes_in`.
"""

import csv
import re
import subprocess
import sys
from collections import Counter
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from archc.analysis.lowering import Deployed, DeviceOp
from archc.ir.graph import Graph

ACCELERATOR = "ethos-u55-128"
SECONDS = 300
"""After which a run is given up; the largest shipped network takes 3."""


class Row(NamedTuple):
    """A row of the report: one operation of the NPU, or an operator left to the CPU."""

    original: str
    """The operator of the file, in Vela's spelling (`Conv2D`, `Sigmoid`)."""
    piece: str
    """What Vela made of it: the operator itself, or a piece of it."""
    target: str
    """`NPU` or `CPU`."""
    macs: int
    name: str
    """Of the tensor it makes."""


ORIGINAL = {
    "AVERAGE_POOL_2D": "AvgPool",
    "CONV_2D": "Conv2D",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "FULLY_CONNECTED": "FullyConnected",
    "HARD_SWISH": "HardSwish",
    "LOGISTIC": "Sigmoid",
    "MAX_POOL_2D": "MaxPool",
    "MEAN": "Mean",
    "RELU": "Relu",
    "RELU6": "Relu6",
    "SOFTMAX": "Softmax",
    "TANH": "Tanh",
}
"""Vela's spelling of the operators for which it counts anything."""
COUNTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Operators whose MACs the compiler counts too."""
ACTIVATIONS = {
    "HARD_SWISH": "LUT",
    "LOGISTIC": "LUT",
    "RELU": "Relu",
    "RELU6": "Relu6",
    "TANH": "LUT",
}
"""Operators that Vela makes part of the operation that makes what they read, where it can; and the
piece that they are where it cannot."""
NARROW = 8
"""Output channels below which a convolution or depthwise convolution takes no activation in."""
UNCOUNTED = ("ADD", "CONCATENATION", "DEQUANTIZE", "MUL", "PAD", "QUANTIZE", "RESHAPE", "SUB")
"""Operators for which Vela counts nothing."""


def report(file: bytes) -> tuple[Row, ...]:
    """Vela's per-layer report of an int8 TFLite file, in its order.

    It runs in a process of its own: a compiler that aborts must not take the tests with it.
    """
    with TemporaryDirectory() as folder:
        model = Path(folder, "model.tflite")
        model.write_bytes(file)
        arguments = ["--accelerator-config", ACCELERATOR, "--verbose-performance"]
        done = subprocess.run(
            [sys.executable, "-m", "ethosu.vela", *arguments, "--output-dir", folder, model],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        table = Path(folder, "model_per-layer.csv")
        assert done.returncode == 0, f"vela failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        assert table.exists(), f"vela made no per-layer report:\n{done.stdout[-2000:]}"
        with table.open(newline="") as lines:
            return tuple(
                Row(
                    row["Original Operator"],
                    row["NNG Operator"],
                    row["Target"],
                    int(row["MAC Count"]),
                    row["Name"],
                )
                for row in csv.DictReader(lines)
            )


class FileOp(NamedTuple):
    """An operator of a file: its name, the tensor it makes, and the operators it reads."""

    operator: str
    tensor: str
    inputs: tuple[int, ...]


def operators(file: bytes) -> tuple[FileOp, ...]:
    """The operators of a TFLite file, in its order, with the names of their results."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=file,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    names = {detail["index"]: detail["name"] for detail in interpreter.get_tensor_details()}
    details = interpreter._get_ops_details()
    makers = {int(out): index for index, op in enumerate(details) for out in op["outputs"]}
    return tuple(
        FileOp(
            op["op_name"],
            names[int(op["outputs"][0])],
            tuple(makers[tensor] for tensor in map(int, op["inputs"]) if tensor in makers),
        )
        for op in details
    )


def sources(ops: tuple[FileOp, ...], row: Row) -> list[int]:
    """The operators of the file that a row which counts something may stem from, in file order.

    A row is named for the tensor its operation leaves. An operation with a table in it leaves the
    table's, one that writes into a concatenation leaves the concatenation's: the way leads back
    from there to the operators of the row's kind. A piece adds a suffix (an activation not fused, a
    mean before its division); a softmax's goes to what it reads.

    Raises:
        AssertionError: there is none.
    """
    name = re.sub(r"(_act|_intermediate|_softmax_\d+)$", "", row.name)
    found = [index for index, op in enumerate(ops) if op.tensor == name]
    assert len(found) == 1, f"{len(found)} operators make {name!r}"
    if row.original == "Softmax" and ops[found[0]].operator != "SOFTMAX":
        found = [index for index, op in enumerate(ops) if found[0] in op.inputs]
    while found and {ORIGINAL.get(ops[index].operator) for index in found} != {row.original}:
        found = [source for index in found for source in ops[index].inputs]
    assert found, f"{row} stems from none of the operators that lead to its tensor"
    return sorted(set(found))


def counted(ops: tuple[FileOp, ...], rows: tuple[Row, ...]) -> dict[int, Counter[str]]:
    """For each operator of the file the MACs that Vela counts for it, by piece, zeros left out.

    What it splits (the mean of a large map) is added up again.

    Raises:
        AssertionError: a row has no operator to stem from, or more than one.
    """
    found: dict[int, Counter[str]] = {}
    for row in rows:
        if not row.macs:
            continue
        stems = sources(ops, row)
        if len(stems) > 1:  # of one kind before one concatenation, and taken in turn
            stems = [index for index in stems if row.piece not in found.get(index, ())]
            assert stems, f"{row} is one more than its operators have"
        found.setdefault(stems[0], Counter())[row.piece] += row.macs
    return found


def layer_macs(graph: Graph, layer: int) -> int:
    """MACs of a layer as the manifest counts them."""
    node = graph.nodes[layer]
    return node.op.macs(node.shape, *graph.input_shapes(node))


def pieces(graph: Graph, deployed: Deployed, index: int) -> Counter[str]:
    """By rule: the MACs that Vela counts for an operator, by piece, zeros left out.

    Raises:
        AssertionError: no rule is known for the operator.
    """
    op = deployed.operators[index]
    size = prod(op.shape)
    found: Counter[str] = Counter()
    if op.operator in COUNTED:
        found[ORIGINAL[op.operator]] = sum(layer_macs(graph, layer) for layer in op.layers)
        if op.activation and narrow(op):
            found[ACTIVATIONS[op.activation]] = size
    elif op.operator == "MEAN":
        (source,) = op.inputs
        shape = deployed.shape(source)
        found["DepthwiseConv2D"] = prod(shape)
    elif op.operator in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        (window,) = {w for w in (window_of(graph, layer) for layer in op.layers) if w}
        found[ORIGINAL[op.operator]] = size * prod(window)
    elif op.operator == "SOFTMAX":
        found["MaxPool"] = found["ReduceSum"] = size
    elif op.operator in ACTIVATIONS:
        (source,) = op.inputs
        if not takes_in(deployed, source):
            found[ACTIVATIONS[op.operator]] = size
    else:
        assert op.operator in UNCOUNTED, f"no rule is known for {op.operator}"
    return found


def narrow(op: DeviceOp) -> bool:
    """Whether an operator has too few channels for its activation to be part of it."""
    return op.operator in COUNTED[:2] and op.shape[-1] < NARROW


def takes_in(deployed: Deployed, source: int) -> bool:
    """Whether an activation that reads an operator's result becomes part of it."""
    if source < 0:  # the input of the file
        return False
    op = deployed.operators[source]
    readers = [reader for reader in deployed.operators if source in reader.inputs]
    return len(readers) == 1 and not op.activation and not narrow(op)


def window_of(graph: Graph, layer: int) -> tuple[int, int] | None:
    """The window of a pooling layer."""
    window: tuple[int, int] | None = getattr(graph.nodes[layer].op, "window", None)
    return window
