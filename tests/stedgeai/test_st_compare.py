"""Our prediction beside the tool's figures: as a value, as text, as JSON, and by the command."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from archc.analysis.lowering import lower
from archc.cli import main
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.models.stedgeai.board import Board
from archc.models.stedgeai.compare import Comparison, compare, deployed_macc, predict
from archc.models.stedgeai.layout import load
from archc.models.stedgeai.run import read as read_files
from archc.models.stedgeai.show import text
from archc.models.stedgeai.trace import Prediction
from archc.source import Source
from support.nets import Net
from support.st_reports import REAL, WRITTEN, real

SPECS = Path(__file__).parents[2] / "specs"
TINY = str(WRITTEN / "tiny.arch")
NPU = str(WRITTEN / "npu_2_2_analyze.txt")


def predicted(path: Path) -> Prediction:
    loader = Loader(str(path.parent))
    (network,) = compile_spec(loader, loader.load(str(path)), Options()).networks
    return predict(network.manifest, network.graph)


def compared(report: str | Path, spec: str | Path | None = None) -> Comparison:
    prediction = predicted(Path(spec)) if spec else None
    return compare(*read_files([load(str(report))]), prediction)


def figure(comparison: Comparison, name: str) -> tuple[int | None, int | None]:
    (found,) = (figure for figure in comparison.figures if figure.name == name)
    return found.ours, found.theirs


def test_our_own_network() -> None:
    comparison = compared(NPU, TINY)
    assert figure(comparison, "macc, model") == (6_256, 6_256)
    assert figure(comparison, "weights, model B") == (152, 152)
    assert figure(comparison, "activations B") == (768, 1_536)
    assert figure(comparison, "epochs, software") == (3, 3)
    assert [(t.epoch.operation, t.layer, t.place) for t in comparison.traced] == [
        ("QuantizeLinear", "image", "tiny.arch:4"),
        ("Softmax", "head_softmax", "tiny.arch:9"),
        ("DequantizeLinear", "head_softmax", "tiny.arch:9"),
    ]
    assert list(comparison.layers.values()) == [
        *("image", "stem_1_conv", "head_global_average_pool", "head_dense"),
        *("head_softmax", "head_softmax"),
    ]
    assert comparison.notes == ()


def test_another_network_is_noted() -> None:
    comparison = compared(NPU, SPECS / "dscnn_a05.arch")
    assert any("not this network" in note for note in comparison.notes)


def test_what_is_ambiguous_is_not_guessed() -> None:
    """Two layers have the operator, one epoch runs in software."""
    report = (WRITTEN / "npu_2_2_analyze.txt").read_text(encoding="utf-8")
    report = report.replace("conversion_5 (DEQUANTIZE)", "conversion_5 (QUANTIZE)  ")
    traced = compare(*read_files([Source("r", report)]), predicted(Path(TINY))).traced
    assert traced[0].row is None
    assert traced[0].why.startswith("one of 2 layers")
    assert traced[2].why == "no layer has this operator: the compiler inserted it"


@pytest.mark.parametrize(
    ("keyword", "arguments", "macc"),
    [
        ("conv", {"channels": 16, "kernel": (3, 3)}, 1_900_560),
        ("conv", {"channels": 32}, 655_392),
        ("conv", {"channels": 32, "kernel": (5, 5)}, 10_092_576),
        ("dwconv", {"kernel": (3, 3)}, 135_171),
    ],
)
def test_macc_of_the_int8_file(keyword: str, arguments: dict[str, Any], macc: int) -> None:
    """The int8 single-layer reports of Magnus3327/stm32n6-edge-ai-benchmarks, 2.2.0. A BatchNorm
    that is folded changes nothing, and a border adds 2 per element."""
    for between in ((), ("batchnorm",)):
        net = Net(64, 64, 3)
        net(keyword, **arguments)
        net.chain(*between, "relu", "global_average_pool")
        graph = net.graph()
        channels = graph.nodes[-1].shape[-1]
        assert deployed_macc(graph, lower(graph, "int8")) == macc
        border = 2 * 64 * 64 * 3 + 2 * channels
        assert deployed_macc(graph, lower(graph, "float32")) == macc + border


@real
def test_mobilenet_v2_from_keras() -> None:
    """A model we did not build: names differ, so layers are found by operator and shape."""
    report = REAL / "mobilenetv2_224_stm32f4_analyze_report.txt"
    comparison = compared(report, SPECS / "mobilenet_v2_a10.arch")
    assert figure(comparison, "macc, model") == (320_531_392, 320_531_392)
    assert figure(comparison, "macc, c-model") == (None, 313_298_016)
    assert len(comparison.layers) == 155
    groups = {row.name: row.group for row in comparison.report.rows}
    assert comparison.layers[groups["Conv1"]] == "stem_1_conv"
    assert comparison.layers[groups["predictions_dense"]] == "head_dense"
    assert any("--st-neural-art" in note for note in comparison.notes)


@real
def test_software_epoch_of_a_real_report() -> None:
    report = REAL / "mobilenet_v2_128_0.5_qdq_generate_report.txt"
    (traced,) = compared(report).traced
    assert traced.row is not None
    assert (traced.epoch.id, traced.row.id, traced.row.original) == (56, 304, "Softmax")


@real
def test_every_real_report_is_shown_in_80_columns() -> None:
    for path in sorted(REAL.glob("*_report.txt")):
        shown = text(compared(path))
        assert max(map(len, shown.split("\n"))) <= 80, path.name


# --- the command -------------------------------------------------------------------------------


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", TINY, "--report", NPU]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.split("\n"))) <= 80
    for shown in (
        "ST Edge AI Core 2.2.0, analyze, stm32n6, NPU profile default",
        "macc, model                6,256          6,256  equal; int8 file, 2.2's count",
        "activations B                768          1,536  +768 (+100.0%); estimate",
        "    our layer head_softmax, tiny.arch:9",
        "6 of its 6 layers were found in the spec",
        "An estimate: the int8 values alive together",
    ):
        assert shown in out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    info = str(WRITTEN / "compiled_c_info.json")
    line = ["analyze", TINY, "--report", NPU, "--info", info, "--format", "json"]
    assert main(line) == 0
    document = json.loads(capsys.readouterr().out)
    analysis = document["analysis"]
    assert {found["level"] for found in document["diagnostics"]} == {"warning", "note"}
    assert analysis["report"]["macc"] == {"model": 6_256, "c_model": None}
    assert analysis["report"]["rows"][2]["shapes"] == [{"b": 1, "h": 8, "w": 8, "c": 8}]
    assert analysis["info"]["pools"][0] == {
        "name": "npuRAM5",
        "capacity": 458_752,
        "used": 1_536,
        "start": 0x342E0000,
        "weights": 0,
    }
    assert analysis["software_epochs"][1]["layer"] == "head_softmax"
    assert {"id": 1, "name": "conv2d_1", "layer": "stem_1_conv"} in analysis["layers"]


def test_a_refused_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.txt"
    path.write_text("something else\n", encoding="utf-8")
    assert main(["analyze", "--report", str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f" --> {path}:1:1" in shown.err
    assert main(["analyze", "--report", str(path), "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["analysis"] is None
    assert document["diagnostics"][0]["code"] == "stedgeai_layout"


def test_without_the_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(b"")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("STEDGEAI", raising=False)
    assert main(["analyze", str(model)]) == 1
    assert "st.com" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_with_the_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = tmp_path / "st"
    tool.write_text(
        f"#!{sys.executable} -I\nimport shutil, sys\n"
        "output = sys.argv[sys.argv.index('--output') + 1]\n"
        f"shutil.copy({NPU!r}, output + '/network_analyze_report.txt')\n",
        encoding="utf-8",
    )
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    model = tmp_path / "tiny_int8.tflite"
    model.write_bytes(b"")
    monkeypatch.setenv("STEDGEAI", str(tool))
    assert main(["analyze", TINY, "--model", str(model), "--profile", "default"]) == 0
    assert "our layer head_softmax" in capsys.readouterr().out
    assert main(["analyze", str(model)]) == 0
    assert "our layer" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ([], "nothing to analyse"),
        ([TINY], "archc quantize"),
        (["model.bin"], "neither a spec nor a model"),
        (["a.tflite", "--model", "b.tflite"], "two models"),
        (["a.tflite", "--report", "r.txt"], "leave out the model"),
        (["--report", "r.txt", "--profile", "default"], "leave out `--profile`"),
        (["a.tflite", "--info", "i.json"], "`--info` belongs to `--report`"),
        (["a.tflite", "--timeout", "0"], "--timeout"),
        (["a.tflite", "--timeout", "nan"], "--timeout"),
    ],
)
def test_usage(line: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", *line]) == 2
    assert said in capsys.readouterr().err


def test_a_spec_with_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "x.arch"
    spec.write_text("arch x { nothing }\n", encoding="utf-8")
    assert main(["analyze", str(spec), "--report", NPU]) == 1
    assert "x.arch:1" in capsys.readouterr().err


def test_the_estimated_time_stands_beside_the_board_s() -> None:
    prediction = predicted(Path(TINY))
    (report, info) = read_files([load(NPU)])
    measured = report._replace(boards=(Board(0.1, None, None, None, None, (), ()),))
    comparison = compare(measured, info, prediction)
    ours = prediction.manifest["deployed"]["latency"]["microseconds"]
    assert figure(comparison, "time us") == (ours, 100)
    assert f"{ours - 100:+.1f} % off" in " ".join(text(comparison).split())
    assert figure(compare(report, info, prediction), "time us") == (ours, None)
    assert not [f for f in compare(measured, info, None).figures if f.name == "time us"]
