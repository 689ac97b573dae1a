"""Console logs, `validate` reports, infos alone, and several files of one run together.

Forms: logs of ST's Developer Cloud, STM32Cube AI Studio and STM32CubeMX in
Magnus3327/stm32n6-edge-ai-benchmarks.
"""

import json
from pathlib import Path

import pytest

from archc.cli import main
from archc.diagnostics.model import Diagnostic, Rejected
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.models.stedgeai.board import Metric, Node
from archc.models.stedgeai.compare import Comparison, compare, predict
from archc.models.stedgeai.layout import load
from archc.models.stedgeai.report import Counted, Report
from archc.models.stedgeai.run import read as read_files
from archc.models.stedgeai.show import text as shown
from archc.models.stedgeai.table import Pair
from archc.models.stedgeai.trace import Prediction
from archc.source import Source
from support.st_reports import REAL, WRITTEN, real

CONSOLE = (WRITTEN / "console_4_0.txt").read_text(encoding="utf-8")
VALIDATED = (WRITTEN / "validate_2_2.txt").read_text(encoding="utf-8")
GENERATED = (WRITTEN / "npu_2_2_analyze.txt").read_text(encoding="utf-8")
INFO = (WRITTEN / "compiled_c_info.json").read_text(encoding="utf-8")


def read(*texts: str) -> Report:
    return read_files([Source(f"file{place}", text) for place, text in enumerate(texts)])[0]


def refused(*texts: str, code: str = "stedgeai_layout") -> Diagnostic:
    with pytest.raises(Rejected) as caught:
        read(*texts)
    assert caught.value.diagnostic.code == code
    return caught.value.diagnostic


def compared(*names: str, spec: Path | None = None) -> Comparison:
    prediction: Prediction | None = None
    if spec is not None:
        loader = Loader(str(spec.parent))
        (network,) = compile_spec(loader, loader.load(str(spec)), Options()).networks
        prediction = predict(network.manifest, network.graph)
    return compare(*read_files([load(str(WRITTEN / name)) for name in names]), prediction)


# --- what a log says ---------------------------------------------------------------------------


def test_a_log_of_two_runs() -> None:
    report = read(CONSOLE)
    assert (report.version, report.build) == ("4.0.0", "20500 359356bb0")
    assert (report.command, report.target, report.profile) == (
        *("generate, validate", "stm32n6", "user_profile"),
    )
    assert (report.model.file, report.model.hash) == (
        *("tiny_int8.tflite", "0x00112233445566778899aabbccddeeff"),
    )
    assert report.inputs[0].shape == (1, 16, 16, 1)
    assert report.counted == (Counted("generate", 5_120), Counted("validate", 4_720))
    assert report.weights == Pair(152, None)
    assert report.activations is not None
    assert report.read_only is not None
    assert (report.activations.bytes, report.read_only.bytes) == (12_304, 161)
    assert report.rows == ()
    # A range of epochs can hold some that are not executed: 5 are listed, 4 are said to run.
    assert ([epoch.id for epoch in report.epochs or ()], report.hardware) == ([1, 2, 3, 4, 6], 4)
    (board,) = report.boards
    assert (board.ms, board.samples, board.device) == (
        *(0.161, 1, "stm32 family - 0x486 - STM32N6xx @800/400MHz"),
    )
    assert board.nodes == (Node("EpochBlock_2", "epoch", 0.161),)
    assert report.metrics == (Metric("X-cross #1", 1.0, 0.0, 0.0, None),)
    assert report.notes == ()


def progress(text: str) -> str:
    """A log as the Developer Cloud stores it: a redrawn progress bar after every line."""
    bar = "\n\nPASS:  92%|#########1| 91/99 [00:11<00:00, 21.46it/s]\n\n"
    return "".join(line.rstrip() + bar for line in text.splitlines())


def logged(text: str) -> str:
    """A log as STM32CubeMX writes it: a time and a logger's name before every line."""
    head = "2026-06-16 21:38:12,359 [INFO] CmdLine:76 - "
    return "".join(f"{head}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("wrap", [progress, logged])
@pytest.mark.parametrize("text", [CONSOLE, GENERATED, VALIDATED])
def test_what_stands_between_the_lines_is_nothing(wrap: object, text: str) -> None:
    assert callable(wrap)
    assert read(wrap(text)) == read(text)


def test_a_log_that_begins_within_its_first_summary() -> None:
    """Its version and its model are those of the run behind it."""
    rest = CONSOLE[CONSOLE.index(" model file ") :]
    report = read(rest)
    assert report._replace(profile="", command="") == read(CONSOLE)._replace(profile="", command="")


def test_the_version_of_a_log_without_a_head_is_in_its_paths() -> None:
    """The Developer Cloud's logs of 2.2 have none."""
    start, end = CONSOLE.index("ST Edge AI Core v4.0.0"), CONSOLE.index("\n Exec")
    log = CONSOLE[:start] + CONSOLE[end:]
    log = log.replace("ST Edge AI Core v4.0.0-20500 359356bb0", "")
    assert read(log).version == "4.0"
    assert "of which version" in refused(log.replace("STEdgeAI", "tool")).message


def test_a_validate_that_hung() -> None:
    cut = CONSOLE[: CONSOLE.index("  ST.AI Profiling")]
    said = "LOAD ERROR: STM32 - read timeout 50078.0ms/50000ms"
    report = read(cut + said + "\n")
    assert report.boards == ()
    assert report.activations is not None
    assert report.notes == (f"`validate` failed: {said} (the inference did not end)",)
    assert "the inference did not end" in " ".join(shown(compare(report, None, None)).split())


def test_a_log_in_which_nothing_was_made() -> None:
    diagnostic = refused(
        "Generate Project\nRun failed: Error: analyze error: E700(UnfeasibleAllocation): Not "
        "enough memory on device. Please check the report for more details. Output: ST Edge AI "
        "Core v4.0.1\n",
        code="stedgeai_failed",
    )
    assert diagnostic.notes == ("it said: E700(UnfeasibleAllocation): Not enough memory on device",)


@pytest.mark.parametrize(
    ("old", "new", "quoted"),
    [
        ("| epochs    1 -> 4     |", "| steps     1 -> 4     |", "steps     1 -> 4"),
        ("| epochs    1 -> 4     |", "| epochs    4 -> 1     |", "4 -> 1"),
        ("epochs    1 -> 4", "epochs 1 -> 999999999", "999999999"),
        ("EC) epochs                   4", "EC) epochs                   6", "Total number"),
        ("duration                       :   0.161 ms by", "duration  :   0.161 s by", "0.161 s"),
        ("total                            0.161", "total     0.171", "0.171"),
        ("Output       acc    rmse", "Output       acc    error", "cos"),
        ("X-cross #1   n.a.", "X-cross 1   n.a.", "X-cross 1"),
        ("target/series      :", "target/series", "target/series"),
    ],
)
def test_what_is_not_known_is_quoted_where_reading_stopped(old: str, new: str, quoted: str) -> None:
    assert old in CONSOLE
    if "error" in new:
        assert read(CONSOLE.replace(old, new)).metrics[0].rmse is None  # the column is not there
        return
    span = refused(CONSOLE.replace(old, new, 1)).span
    assert span is not None
    assert quoted in span.text


def test_a_log_cut_short_is_quoted_where_it_ends() -> None:
    for start in ("  ST.AI Profiling", " Evaluation report", "Total number of epochs"):
        cut = CONSOLE[: CONSOLE.index(start)]
        span = refused(cut).span
        assert span is not None
        assert span.text == cut.rstrip().split("\n")[-1]


@pytest.mark.parametrize("text", [CONSOLE, VALIDATED])
def test_every_truncation_of_a_log(text: str) -> None:
    """A figure is the one of the whole, or is not there, or nothing is read."""
    whole = text.rstrip()
    full = read(whole)
    for length in range(0, len(whole), 3):
        try:
            cut = read(whole[:length])
        except Rejected:
            continue
        for name in ("model", "macc", "activations", "read_only", "epochs", "pools", "boards"):
            value = getattr(cut, name)
            assert not value or value == getattr(full, name) or name == "model", (length, name)


# --- what it means -----------------------------------------------------------------------------


def test_a_spill_is_judged_by_the_pools() -> None:
    """No epoch in software, and all activations outside the chip."""
    comparison = compared("console_4_0.txt")
    assert [pool.name for pool in comparison.spilled] == ["hyperRAM"]
    said = " ".join(shown(comparison).split())
    assert "every epoch runs in hardware, but see below" in said
    assert "spilled: about 12,304 B of activations are in external RAM (hyperRAM)" in said
    assert compared("npu_2_2_analyze.txt").spilled == ()


def test_a_memory_file_without_the_banks_of_the_npu() -> None:
    (note,) = compared("console_4_0.txt").notes
    assert "npuRAM3 to npuRAM6" in note
    assert "no bytes" in note
    assert not any("npuRAM3" in note for note in compared("npu_2_2_analyze.txt").notes)


def test_each_macc_says_how_it_is_counted() -> None:
    comparison = compared("console_4_0.txt", spec=WRITTEN / "tiny.arch")
    figures = {figure.name: figure for figure in comparison.figures}
    assert figures["macc, generate"].ours is None
    assert figures["macc, generate"].remark == "4.0.0 counts otherwise"
    assert figures["macc, validate"].remark == "no fused activations"
    # 6,256 of the table of 2.2, less the 512 of the fused RELU6.
    assert figures["macc, validate"].ours == 5_744
    table = compared("npu_2_2_analyze.txt", spec=WRITTEN / "tiny.arch").figures[0]
    assert (table.name, table.remark) == ("macc, model", "int8 file, 2.2's count")


def test_validate_on_a_board() -> None:
    report = read(VALIDATED)
    (board,) = report.boards
    assert (board.ms, board.fastest, board.slowest, board.samples) == (0.412, 0.401, 0.455, 10)
    assert board.clocks == (("mcu_freq", 800), ("npu_freq", 1000))
    assert [node.kind for node in board.nodes] == ["epoch (SW)", "epoch", "Inter-nodal"]
    assert report.metrics == (Metric("X-cross #1", 0.999871, 0.000117739, -0.000021, "90.00%"),)
    said = " ".join(shown(compare(report, None, None)).split())
    assert "on the board: 0.412 ms (0.401 to 0.455 over 10 samples) in 3 epochs" in said
    assert "0.060 ms in software" in said
    assert "equal classes 90.00%" in said


def test_a_host_is_no_board() -> None:
    report = read(VALIDATED.replace("mode=TARGET", "mode=HOST"))
    assert report.boards == ()
    assert report.metrics


# --- several files -----------------------------------------------------------------------------


def test_the_files_of_one_run_are_read_together() -> None:
    validated = VALIDATED.replace("5,640 weights=104", "5,640 weights=104")
    for order in ([GENERATED, validated, INFO], [INFO, validated, GENERATED]):
        report = read(*order)
        assert set(report.command.split(", ")) == {"analyze", "validate"}
        assert report.macc == Pair(6_256, None)
        assert report.hardware == 3
        assert len(report.boards) == 1
        assert report.model.hash == "0x00112233445566778899aabbccddeeff"
        assert any("1 epochs in hardware" in note for note in report.notes)  # the made-up info


def test_an_info_alone() -> None:
    report = read(INFO)
    assert (report.version, report.compiler, report.target) == ("2.2.0", "1.1.1-14", "stm32n6")
    assert {p.name: (p.activations.bytes, p.weights.bytes) for p in report.pools} == {
        "npuRAM5": (1_536, 0),
        "octoFlash": (0, 161),
    }
    assert (report.activations and report.activations.bytes) == 1_536
    assert [epoch.kind for epoch in report.epochs or ()] == ["sw", "hw", "hybrid"]


def test_one_measurement_told_twice_is_one() -> None:
    document = json.loads(INFO)
    document["environment"]["device"] = "stm32 family - 0x486 - STM32N6xx @800/400MHz"
    document["aton_execution_time"] = [{"cycles": 329_690, "duration_ms": 0.41211}]
    (board,) = read(json.dumps(document), VALIDATED).boards
    assert (board.ms, board.samples) == (0.41211, 10)
    document["aton_execution_time"] = [{"cycles": 400_000, "duration_ms": 0.5}]
    assert len(read(json.dumps(document), VALIDATED).boards) == 2


def test_two_networks_are_not_one() -> None:
    other = INFO.replace("0x0011", "0x9911").replace("tiny_int8", "other_int8")
    diagnostic = refused(CONSOLE, other)
    assert "two networks" in diagnostic.message
    assert diagnostic.help == "give the files of one network at a time"


def test_what_older_infos_write() -> None:
    """2.1: `Node kind=` in the description, NODE_EC, the last epoch a mere return; a C array."""
    document = json.loads(INFO)
    nodes = document["graphs"][0]["nodes"]
    for node in nodes:
        for inner in node["subgraph_nodes"]:
            inner["description"] = f"Node kind={inner.pop('type')}"
    nodes[0]["mapping"] = "NODE_HW"
    nodes[2]["mapping"] = "NODE_EC"
    final = {"name": "epoch_4", "mapping": "NODE_SW"}
    nodes.append({**final, "subgraph_nodes": [{"description": "Node kind=Return"}]})
    document["memory_pools"].append({"name": "weights_array", "size_bytes": -1, "subpools": []})
    report = read(json.dumps(document))
    assert [(one.kind, one.operation) for one in report.epochs or ()] == [
        *(("sw", "QuantizeLinear"), ("ec", ""), ("hybrid", "Cast")),
    ]


def test_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(WRITTEN / name) for name in ("console_4_0.txt", "compiled_c_info.json")]
    assert main(["analyze", "--report", *files, str(WRITTEN / "tiny.arch")]) == 0
    out = capsys.readouterr().out
    assert "beside tiny of tiny.arch" in out
    assert "on the board: 0.161 ms in 1 epoch" in out
    assert main(["analyze", "--report", files[0], "--info", files[1], "--format", "json"]) == 0
    analysis = json.loads(capsys.readouterr().out)["analysis"]
    assert analysis["report"]["boards"][0]["ms"] == 0.161
    assert analysis["spilled"] == {"hyperRAM": 12_304}


# --- real files --------------------------------------------------------------------------------

MEASURED = {
    # ms of an inference, activations, epochs in hardware: transcribed from the files
    "aistudio_conv2d_16f_3x3_log.txt": (0.122, 12_304, 1),
    "aistudio_depthwise_3x3_log.txt": (0.053, 12_291, 1),
    "devcloud_core22_conv2d_1x1_log.txt": (0.153, 12_320, 2),
    "devcloud_core40_conv2d_32f_5x5_log.txt": (0.161, 12_320, 1),
    "baseline_conv2d_16f_3x3_validate_report.txt": (0.079, None, None),
    "tinyyolov2_224_validate_on_board_c_info.json": (58.811, None, None),
    "mobilenetv1_a025_224_core220_c_info.json": (None, 602_112, 31),
    "yolov8n_pose_256_core210_generate_report.txt": (None, 644_032, 128),
    "yolov8n_pose_256_core210_c_info.json": (None, 644_032, 128),
}


@real
@pytest.mark.parametrize("name", MEASURED)
def test_real_forms(name: str) -> None:
    report = read_files([load(str(REAL / name))])[0]
    ms, activations, hardware = MEASURED[name]
    assert [round(board.ms, 3) for board in report.boards] == ([] if ms is None else [ms])
    assert (report.activations.bytes if report.activations else None) == activations
    assert report.hardware == hardware


@real
def test_every_real_file_is_read_and_shown_in_80_columns() -> None:
    files = [path for path in REAL.iterdir() if path.suffix in (".txt", ".json")]
    assert len(files) >= 25
    for path in files:
        said = shown(compare(*read_files([load(str(path))]), None))
        assert max(map(len, said.split("\n"))) <= 80, path.name


@real
@pytest.mark.parametrize("run", ["baseline_conv2d_16f_3x3", "mobilenetv1_a025_224", "yolov8n_pose"])
def test_real_runs_are_read_together(run: str) -> None:
    files = [load(str(p)) for p in sorted(REAL.glob(f"{run}*")) if p.suffix in (".txt", ".json")]
    assert len(files) > 1
    report = read_files(files)[0]
    assert report.notes == ()
    assert report.rows
    assert report.epochs


@real
def test_the_same_epochs_in_report_and_info() -> None:
    for run in ("mobilenetv1_a025_224_core220", "yolov8n_pose_256_core210"):
        report, info = (
            read_files([load(str(REAL / f"{run}_{name}"))])[0]
            for name in ("generate_report.txt", "c_info.json")
        )
        assert [(e.id, e.kind, e.operation) for e in report.epochs or () if e.kind == "sw"] == [
            (e.id, e.kind, e.operation) for e in info.epochs or () if e.kind == "sw"
        ]
        assert report.activations == info.activations
