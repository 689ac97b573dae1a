"""Our prediction beside the tool's figures: as a value, as text, as JSON, and by the command."""

import json
import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from archc.analysis.lowering import lower
from archc.cli import main
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.models.stedgeai.aligned import Aligned, agreement
from archc.models.stedgeai.board import Board, Node
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


# --- epoch by epoch ---------------------------------------------------------------------------


def compiled(*epochs: tuple[str, list[str], list[int], int | None]) -> Source:
    """An info of epochs: mapping, operators, the shape of the result, cycles."""
    document = json.loads((WRITTEN / "compiled_c_info.json").read_text(encoding="utf-8"))
    nodes, buffers, prices = [], [], []
    for number, (mapping, operators, shape, cycles) in enumerate(epochs, 1):
        inner = [{"type": operator} for operator in operators]
        node = {"id": number, "name": f"epoch_{number}", "mapping": mapping, "outputs": [number]}
        nodes.append({**node, "subgraph_nodes": inner})
        buffers.append({"id": number, "shape": shape})
        if cycles is not None:
            prices.append({"node_id": number, "max_cycles": cycles})
    document |= {"graphs": [{"nodes": nodes}], "buffers": buffers, "power_estimates": prices}
    return Source("network_c_info.json", json.dumps(document))


EPOCHS = (
    ("NODE_SW", ["QuantizeLinear"], [1, 1, 16, 16], 256),
    ("NODE_HW", ["Conv", "Mul", "Add", "Relu"], [1, 8, 8, 8], 512),
    ("NODE_EC", ["AveragePool"], [1, 8, 1, 1], 700),
    ("NODE_HW", ["Gemm"], [1, 4], 90),
    ("NODE_SW", ["Softmax"], [1, 4], 3),
)


def with_board(comparison: Comparison, *nodes: tuple[str, float]) -> Comparison:
    """The same with the times of nodes on a board."""
    timed = tuple(Node(name, "epoch", ms) for name, ms in nodes)
    board = Board(sum(ms for _, ms in nodes), None, None, None, None, (), timed)
    report = comparison.report._replace(boards=(board,))
    return compare(report, comparison.info, comparison.prediction)


def test_epochs_side_by_side() -> None:
    comparison = compare(*read_files([compiled(*EPOCHS)]), predicted(Path(TINY)))
    rows = {row.kind: row for row in comparison.aligned}
    assert [row.layers for row in comparison.aligned][1:4] == [
        *(("stem_1_conv",), ("head_global_average_pool",), ("head_dense",)),
    ]
    assert [row.cycles for row in comparison.aligned] == [256, 512, 700, 90, 3]
    assert [row.epochs for row in comparison.aligned] == [(1,), (2,), (3,), (4,), (5,)]
    estimate = comparison.prediction.manifest["deployed"]["latency"]  # type: ignore[union-attr]
    ours = [row.microseconds for row in comparison.aligned if row.microseconds is not None]
    assert sum(ours) * 1000 == pytest.approx(sum(e["nanoseconds"] for e in estimate["epochs"]))
    assert rows["softmax"].microseconds is None  # for us it takes no time
    assert all(row.measured is None for row in comparison.aligned)
    said = text(comparison)
    assert re.search(r"stem_1_conv +8x8x8 +\d+\.\d +512", said)
    assert "(softmax: 1 epoch of theirs alone)" in said
    assert "over 4 rows that have both: rank correlation" in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 80


def test_times_of_the_board_by_epoch() -> None:
    comparison = compare(*read_files([compiled(*EPOCHS)]), predicted(Path(TINY)))
    timed = with_board(comparison, *((f"EpochBlock_{n}", n / 100) for n in range(1, 6)))
    assert [row.measured for row in timed.aligned] == pytest.approx([10, 20, 30, 40, 50])
    assert "board us" in text(timed)
    # Where a block stands for several epochs nothing says what each of them took.
    joined = with_board(comparison, ("EpochBlock_1", 0.01), ("EpochBlock_2 -> 5", 0.09))
    assert [row.measured for row in joined.aligned] == [None] * 5


def test_more_epochs_on_one_side_are_one_row() -> None:
    twice = (*EPOCHS[:2], EPOCHS[1], *EPOCHS[2:])
    comparison = compare(*read_files([compiled(*twice)]), predicted(Path(TINY)))
    (row,) = (row for row in comparison.aligned if row.layers == ("stem_1_conv",))
    assert (row.epochs, row.cycles) == ((2, 3), 1024)
    assert "stem_1_conv (1 of ours, 2 of theirs)" in text(comparison)


def test_the_error_of_this_network_is_stated() -> None:
    comparison = compare(*read_files([load(NPU)]), predicted(Path(TINY)))
    assert "error of the estimate" not in text(comparison)
    latency = comparison.prediction.manifest["deployed"]["latency"]  # type: ignore[union-attr]
    exact = with_board(comparison, ("EpochBlock_1", latency["microseconds"] / 1000))
    assert "this network: +0.0 %" in " ".join(text(exact).split())
    assert ", within what is stated" in " ".join(text(exact).split())
    slow = with_board(comparison, ("EpochBlock_1", latency["most"] / 500))
    assert ", OUTSIDE what is stated" in " ".join(text(slow).split())


@real
def test_epochs_of_a_real_compile() -> None:
    """MobileNetV1 0.25 of ST's model zoo, ST Edge AI Core 2.2.0."""
    spec = (SPECS / "families" / "mobilenet_v1.arch").read_text(encoding="utf-8")
    spec = spec.replace("allow = [softmax]", "io = int8, allow = [softmax]")
    options = Options(settings=(("alpha", "0.25"), ("num_classes", "101")))
    (network,) = compile_spec(Loader(), Source("m.arch", spec), options).networks
    info = load(str(REAL / "mobilenetv1_a025_224_core220_c_info.json"))
    comparison = compare(*read_files([info]), predict(network.manifest, network.graph))
    both = [row for row in comparison.aligned if row.microseconds and row.cycles]
    assert len(both) == 29
    assert sum(row.cycles or 0 for row in both) >= 0.94 * sum(
        row.cycles or 0 for row in comparison.aligned
    )
    agreed = agreement(comparison.aligned, "cycles")
    assert agreed is not None
    assert agreed.same == 4
    assert agreed.correlation == pytest.approx(0.68, abs=0.02)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=12))
def test_the_correlation_is_spearman_s(pairs: list[tuple[int, int]]) -> None:
    ours, theirs = ([pair[side] + 1 for pair in pairs] for side in (0, 1))
    rows = [Aligned("", "", (), (), a, b, None) for a, b in zip(ours, theirs, strict=True)]
    agreed = agreement(rows, "cycles")
    assert agreed is not None
    if len(set(ours)) > 1 and len(set(theirs)) > 1:
        assert agreed.correlation == pytest.approx(spearmanr(ours, theirs).statistic)
