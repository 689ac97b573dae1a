"""Figures of model files against those of tools that read the same files: LiteRT, Vela, TFLM."""

from math import prod
from pathlib import Path
from typing import Any

import pytest

from archc.compiler import builtin
from archc.models.front import Analysed, Question, analysed, load
from support import mlperf, st_reports, tflm, vela
from support.oracles import require

FILES = sorted(
    path
    for folder in (mlperf.REAL, st_reports.REAL)
    for path in (folder.glob("*.tflite") if folder.is_dir() else ())
)
pytestmark = [
    pytest.mark.oracles,
    pytest.mark.skipif(not FILES, reason="the published models are not here"),
]
files = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> Analysed:
    return analysed(load(str(path)), Question(builtin("stm32n6")))


def interpreter(path: Path) -> Any:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kinds = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return Interpreter(model_path=str(path), experimental_op_resolver_type=kinds)


@files
def test_litert_lists_the_same_operators_weights_and_peak(path: Path) -> None:
    require("ai_edge_litert")
    found = read(path)
    judge = interpreter(path)
    operators = judge._get_ops_details()
    details = {one["index"]: one for one in judge.get_tensor_details()}
    sizes = {
        index: prod(map(int, one["shape"])) * one["dtype"]().itemsize
        for index, one in details.items()
    }
    sequence = found.document["deployed"]["sequence"]
    assert [step["operator"] for step in sequence] == [op["op_name"] for op in operators]
    made = {int(t) for op in operators for t in op["outputs"]}
    inputs = {one["index"] for one in judge.get_input_details()}
    outputs = {one["index"] for one in judge.get_output_details()}
    # What is neither made nor an input is stored in the file. Of these, tables are int32 without a
    # scale; none of these files stores one constant twice.
    stored = {int(t) for op in operators for t in op["inputs"] if t >= 0} - made - inputs
    scaled = [t for t in stored if details[t]["quantization_parameters"]["scales"].size]
    assert found.document["deployed"]["weight_bytes"] == sum(sizes[t] for t in scaled)
    last = {int(t): i for i, op in enumerate(operators) for t in op["inputs"]}
    last.update(dict.fromkeys(outputs, len(operators)))
    first = {int(t): i for i, op in enumerate(operators) for t in op["outputs"]}
    alive = [
        sum(
            sizes[tensor]
            for tensor in made | inputs
            if first.get(tensor, 0) <= step <= last.get(tensor, first.get(tensor, 0))
        )
        for step in range(len(operators))
    ]
    assert found.document["deployed"]["peak_activation_bytes"] == max(alive)


@files
def test_vela_counts_the_same_macs(path: Path) -> None:
    require("ethosu")
    data = path.read_bytes()
    counted = vela.counted(vela.operators(data), vela.report(data))
    found = read(path)
    layers = {layer["name"]: layer for layer in found.document["layers"]}
    compared = 0
    for index, step in enumerate(found.document["deployed"]["sequence"]):
        if step["operator"] in vela.COUNTED:
            (name,) = step["layers"]
            piece = vela.ORIGINAL[step["operator"]]
            assert counted[index][piece] == layers[name]["macs"], name
            compared += layers[name]["macs"]
    assert compared == found.document["totals"]["macs"]


@files
def test_tflite_micro_allocates_the_same(path: Path) -> None:
    require("tflite_micro")
    micro = read(path).document["deployed"]["tflite_micro"]
    smallest = micro["smallest_working"]
    record = tflm.record(path.read_bytes(), smallest, smallest - 16)
    assert (record.head, record.tail) == (micro["activations"], micro["persistent"])
    assert record.started == {smallest: True, smallest - 16: False}
