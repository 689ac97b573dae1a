"""The verbs on ONNX files: the same path as of TFLite files, from the file to what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.oracles import require

require("onnx")

import numpy as np  # noqa: E402
import onnx  # noqa: E402

from archc.cli import main  # noqa: E402
from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.models.front import Question, analysed, drawable, load  # noqa: E402
from archc.models.onnx import reader  # noqa: E402
from support import onnx_nets  # noqa: E402
from support.onnx_files import Quantised, ask_here  # noqa: E402


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files: one as it should be, one with an island, branches and a wide map."""
    monkeypatch.setattr(reader, "_ask", ask_here)
    monkeypatch.chdir(tmp_path)
    n = Quantised((1, 3, 16, 16))
    onnx.save(n.model(n.through(n.small())), "good.onnx")
    n = Quantised(("N", 3, 16, 16))
    h = n.through(n.node("Conv", n.through(n.small()), n.filter(8, 8, 3, 3), pads=[1] * 4))
    h = n.node("ReduceMean", h, axes=[2, 3], keepdims=1)
    h = n.node("Reshape", h, n.constant(np.array([1, 8], np.int64)))
    onnx.save(n.model(n.through(h)), "island.onnx")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> str:
    assert main(list(arguments)) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out + err


def document(capsys: pytest.CaptureFixture[str], code: int, *arguments: str) -> Any:
    assert main([*arguments, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


def test_profile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, 0, "profile", "good.onnx")
    assert "a .onnx file, int8" in out
    assert "Conv" in out
    assert "no other order needs less" in out
    made = document(capsys, 0, "profile", "island.onnx")["manifests"][0]
    assert made["file"]["format"] == ".onnx"
    assert made["totals"]["macs"] == 256 * 8 * 27 + 256 * 8 * 72
    assert made["deployed"]["weight_bytes"] == 8 * 27 + 8 * 72
    assert made["best_order"]["proven"]
    assert made["best_order"]["peak_activation_bytes"] <= made["deployed"]["peak_activation_bytes"]
    assert made["remarks"] == ["the batch of `x0` is left open, and taken as 1"]


@pytest.mark.parametrize("name", ["shared", "batchnorm", "branches-tensor"])
def test_what_is_drawn_sums_to_the_totals(folder: Path, name: str) -> None:
    (case,) = (case for case in onnx_nets.CASES if case.name == name)
    onnx.save(case.float_model(), "net.onnx")
    model = analysed(load("net.onnx", DEFAULT_LIMITS), Question(None))
    rows, totals = drawable(model)[1]["layers"], model.document["totals"]
    assert sum(row["params"] for row in rows) == totals["params"]
    assert sum(row["macs"] for row in rows) == totals["macs"]


def test_check_of_one_and_of_many(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no errors in good" in said(capsys, 0, "check", "good.onnx")
    out = said(capsys, 0, "check", "island.onnx")
    assert "warning[stm32n6/float_island]" in out
    assert "--> island.onnx: reducemean" in out
    out = said(capsys, 0, "check", "good.onnx", "island.onnx")
    assert "2 models: 1 compatible, 1 conditional" in out


def test_show_graph_and_diff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ReduceMean" in said(capsys, 0, "show", "island.onnx")
    assert said(capsys, 0, "graph", "island.onnx").startswith("<svg")
    assert "weight_bytes" in said(capsys, 0, "diff", "good.onnx", "island.onnx")


def test_a_bad_file_beside_good_ones(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "bad.onnx").write_bytes((folder / "good.onnx").read_bytes()[:-40])
    before = sorted(folder.iterdir())
    out = said(capsys, 1, "check", "good.onnx", "bad.onnx")
    assert out.count("error[model_file]: `bad.onnx` is not a whole ONNX file") == 1
    assert sorted(folder.iterdir()) == before


def test_each_refused_node_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n = onnx_nets.Net()
    h = n.node("Fancy", n.node("Bernoulli", n.x), domain="org.example")
    onnx.save(n.model(h), "odd.onnx")
    out = said(capsys, 1, "profile", "odd.onnx")
    assert "node `bernoulli0` (`Bernoulli`): what it gives differs from run to run" in out
    assert "node `fancy1` (`Fancy`): its domain `org.example`" in out


def test_a_fused_activation_is_said_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    n = Quantised((1, 3, 16, 16))
    onnx.save(n.model(n.through(n.node("Relu", n.small()))), "relu.onnx")
    for verb in ("show", "graph"):
        out = said(capsys, 0, verb, "relu.onnx")
        assert ("Conv" in out, "+ RELU" in out, "+ Relu" in out) == (True, True, False)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".keras", ".h5"])
def test_a_text_is_no_model(suffix: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a download leaves where it fails."""
    (folder / f"page{suffix}").write_text("<!DOCTYPE html>\n<title>404 Not Found</title>\n")
    assert "it is text" in said(capsys, 1, "check", f"page{suffix}")
