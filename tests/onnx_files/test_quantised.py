"""Networks quantised by onnxruntime: what archc reads off the files, against a count of the arrays
that a session gives with every intermediate as an output (`support/ort_count.py`)."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.oracles import require

require("onnx", "onnxruntime", "sympy")

import onnx  # noqa: E402

from archc import compile_text  # noqa: E402
from archc.diagnostics.model import Rejected  # noqa: E402
from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.models.decompiler import decompile, read_model  # noqa: E402
from archc.models.onnx import reader  # noqa: E402
from archc.models.verify import verify  # noqa: E402
from support.onnx_edits import edited  # noqa: E402
from support.onnx_files import ask_here, figures, graph_of, judged  # noqa: E402
from support.onnx_nets import CASES, Case  # noqa: E402

pytestmark = pytest.mark.oracles
PROGRAM = Path(__file__).parents[1] / "support" / "ort_count.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of all cases, and what was counted."""
    folder = tmp_path_factory.mktemp("quantised")
    home = folder / "home"  # where onnxruntime leaves what it leaves
    home.mkdir()
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(folder)],
        env={**os.environ, "TMPDIR": str(home), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


NOT_SAID = {
    "attention": "the layer `matmul3` (`MatMul`) cannot be said",
    "constants": "the layer `prelu1` (`PRelu`) cannot be said",
}
NOT_INT8 = re.compile(r"the file is|part of the file computes in float: ")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_files_come_back_as_specs(
    case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file is imported as is the network that the file is: by `verify`, which shares no code
    with the importer but the reader of files."""
    monkeypatch.setattr(reader, "_ask", ask_here)
    path = folder / f"{case.name}.onnx"
    if case.name in NOT_SAID:
        with pytest.raises(Rejected, match=re.escape(NOT_SAID[case.name])):
            read_model(str(path), DEFAULT_LIMITS)
        return
    made = decompile(read_model(str(path), DEFAULT_LIMITS))
    result = verify(compile_text(made.text).manifest, path.name, path.read_bytes())
    errors = [found.message for found in result.differences if found.level == "error"]
    assert [said for said in errors if not NOT_INT8.search(said)] == []


def test_there_are_60_networks() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_figures_are_those_of_the_session(
    case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = json.loads((folder / "counts.json").read_text())[case.name]
    counted.pop("optimised", None)
    graph = graph_of(folder / f"{case.name}.onnx", monkeypatch)
    assert figures(graph) == counted


@pytest.mark.parametrize("start", range(0, 300, 100))
def test_changed_graphs_are_read_or_refused(
    start: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few of the thousands of `model_mutants.py graphs`."""
    monkeypatch.setattr(reader, "_ask", ask_here)
    models = [onnx.load(folder / f"{case.name}.onnx") for case in CASES]
    ends = [judged(edited(models[seed % len(models)], seed)) for seed in range(start, start + 100)]
    assert 10 < ends.count(True) < 90


def test_the_cases_hold_what_they_are_for(folder: Path) -> None:
    """What is special about files stands in some of them, so that the cases above try it."""
    counts = json.loads((folder / "counts.json").read_text())
    assert counts["separable-tensor"]["operators"].keys() & {"Clip", "Relu"} == set()
    assert counts["residual-kept"]["operators"]["Clip"] == 5
    assert counts["mean_island"]["islands"] == ["reducemean2", "reshape3"]
    assert counts["silu"]["operators"].keys() & {"Sigmoid", "Mul"} == {"Sigmoid"}
    assert counts["residual-int16"]["peak"] == 2 * counts["residual-tensor"]["peak"]
    assert counts["separable-int4"]["weight_bytes"] < counts["separable-tensor"]["weight_bytes"]
    assert counts["shared"]["weight_bytes"] < 2 * 8 * 8 * 9 + 8 * 3 * 9
    assert counts["turned_first"]["islands"] == ["transpose0"]
    assert counts["residual-excluded"]["islands"]


def test_a_hard_swish_of_several_operators_is_computed_as_several(folder: Path) -> None:
    """Each result of it is quantised by itself, and onnxruntime joins none but the bound, which the
    range of a scale says (`docs/onnx.md`, "What is counted")."""
    counts = json.loads((folder / "counts.json").read_text())
    one, two = counts["added_hard_swish"], counts["split_hard_swish"]
    assert one["operators"]["Add"] == 1
    assert one["operators"]["Mul"] == 2
    assert {key: one["optimised"][key] for key in ("Add", "Mul")} == {"Add": 1, "Mul": 2}
    assert {"Clip", "HardSwish"}.isdisjoint({**one["operators"], **one["optimised"]})
    assert two["optimised"]["HardSigmoid"] == two["optimised"]["Mul"] == 1
