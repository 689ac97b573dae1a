"""ONNX files read without a process for each of them, and quantisers written by hand."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto

from archc.compiler import Request, builtin
from archc.diagnostics.model import Rejected
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.deployed import FileGraph, Operator
from archc.models.deployed.costs import stored
from archc.models.deployed.document import analysed, document
from archc.models.deployed.memory import memory
from archc.models.onnx import library, reader
from archc.models.onnx.deployed import deployed
from support.onnx_nets import Net

CONVERTING = ("QUANTIZE", "DEQUANTIZE")


def ask_here(data: bytes, limits: Limits) -> dict[str, Any]:
    """What the program that reads files says, in this process and so without its bounds."""
    try:
        said = json.dumps(library.look(data), allow_nan=False, default=library.untold)
    except library.Refused as problem:
        return {"refused": str(problem)}
    except Exception as error:  # whatever the library finds wrong with the file
        return {"refused": type(error).__name__}
    plain: dict[str, Any] = json.loads(said)
    return plain


def graph_of(
    model: ModelProto | Path, monkeypatch: pytest.MonkeyPatch, limits: Limits = DEFAULT_LIMITS
) -> FileGraph:
    """The deployed graph of a model or file."""
    monkeypatch.setattr(reader, "_ask", ask_here)
    if isinstance(model, Path):
        return deployed(str(model), model.read_bytes(), limits)
    return deployed("net.onnx", model.SerializeToString(), limits)


def figures(graph: FileGraph) -> dict[str, Any]:
    """What the count holds, of the graph."""
    names = Counter(op.label.split(" + ")[0] for op in graph.operators)
    return {
        "operators": dict(sorted(names.items())),
        "macs": sum(op.macs or 0 for op in graph.operators),
        "weight_bytes": stored(graph, *graph.operators)[1],
        "islands": sorted(op.name for op in graph.operators if island(graph, op)),
        "peak": memory(graph).peak.bytes,
    }


def island(graph: FileGraph, op: Operator) -> bool:
    """Whether an operator computes in float."""
    edges = (*graph.reads(op), *op.outputs, *([op.filter] if op.filter is not None else []))
    return op.kind not in CONVERTING and any(graph.tensors[index].real for index in edges)


def judged(model: ModelProto) -> bool:
    """Whether a network can be read, all of it and what a target has against it."""
    target = builtin("stm32n6")
    request = Request("stm32n6", io="float32", model="file")
    try:
        graph = deployed("net.onnx", model.SerializeToString())
    except Rejected:
        return False
    return bool(document(analysed(graph, target, request)))


class Quantised(Net):
    """A network with its quantisers written by hand."""

    def scale(self, value: float = 0.5, zero: int = 0, kind: Any = np.int8) -> tuple[str, str]:
        return self.constant(np.float32(value)), self.constant(np.asarray(zero, kind))

    def through(self, x: str, value: float = 0.5, zero: int = 0, **domain: str) -> str:
        """A tensor quantised and back."""
        scale = self.scale(value, zero)
        return self.node(
            "DequantizeLinear", self.node("QuantizeLinear", x, *scale, **domain), *scale, **domain
        )

    def filter(self, *shape: int) -> str:
        values = self.constant(self.rng.integers(-9, 9, shape).astype(np.int8))
        return self.node("DequantizeLinear", values, *self.scale())

    def small(self, **domain: str) -> str:
        h = self.through(self.x, **domain)
        return self.node("Conv", h, self.filter(8, 3, 3, 3), pads=[1] * 4)
