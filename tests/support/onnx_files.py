"""ONNX files read without a process for each of them."""

from pathlib import Path
from typing import Any

import pytest
from onnx import ModelProto

from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.deployed import FileGraph
from archc.models.onnx import library, reader
from archc.models.onnx.deployed import deployed


def ask_here(data: bytes, limits: Limits) -> dict[str, Any]:
    """What the program that reads files says, in this process and so without its bounds."""
    try:
        return library.look(data)
    except library.Refused as problem:
        return {"refused": str(problem)}


def graph_of(
    model: ModelProto | Path, monkeypatch: pytest.MonkeyPatch, limits: Limits = DEFAULT_LIMITS
) -> FileGraph:
    """The deployed graph of a model or file."""
    monkeypatch.setattr(reader, "_ask", ask_here)
    if isinstance(model, Path):
        return deployed(str(model), model.read_bytes(), limits)
    return deployed("net.onnx", model.SerializeToString(), limits)
