"""The reader of ST's text reports: on real ones, on ours, and on what is neither."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.diagnostics.model import Diagnostic, Rejected
from archc.models.stedgeai.layout import Epoch, load
from archc.models.stedgeai.memory import Size
from archc.models.stedgeai.report import Report
from archc.models.stedgeai.run import read as read_files
from archc.models.stedgeai.summary import Tensor
from archc.models.stedgeai.table import Pair, Row
from archc.source import Source
from support.st_reports import REAL, WRITTEN, real

OURS = ("npu_2_2_analyze", "npu_4_0_analyze", "host_2_1_analyze")


def text(name: str) -> str:
    return (WRITTEN / f"{name}.txt").read_text(encoding="utf-8")


def read(report: str) -> Report:
    return read_files([Source("report.txt", report)])[0]


def attempt(report: str) -> Report | None:
    """What is read; None where it is refused. Any other exception fails the test."""
    try:
        return read(report)
    except Rejected as rejected:
        if rejected.diagnostic.code != "stedgeai_layout" or not rejected.diagnostic.message:
            raise
        return None


def refused(report: str) -> Diagnostic:
    with pytest.raises(Rejected) as caught:
        read(report)
    assert caught.value.diagnostic.code == "stedgeai_layout"
    return caught.value.diagnostic


def read_real(name: str) -> Report:
    return read_files([load(str(REAL / name))])[0]


# --- real reports: figures transcribed from the files ------------------------------------------

SINGLE = {
    # name: (model macc, weights of the model, weights placed, activations, epochs, inputs, outputs)
    "conv2d_16f_3x3": (1_900_560, 496, 497, 12_304, 2, "..tensor_130", "reshape_1_reshape"),
    "conv2d_1x1": (655_392, 224, 225, 12_320, 2, ".._tensor_60", "reshape_1_reshape"),
    "conv2d_32f_5x5": (10_092_576, 2_528, 2_529, 12_320, 2, "..tensor_190", "reshape_1_reshape"),
    "conv2d_pool": (1_916_944, 496, 497, 12_304, 2, ".._tensor_90", "reshape_2_reshape"),
    "depthwise_3x3": (135_171, 39, 65, 24_576, 3, ".._tensor_30", "reshape_1_reshape"),
}
"""Magnus3327/stm32n6-edge-ai-benchmarks, ST Edge AI Core 2.2.0, `generate`, int8 TFLite."""


@real
@pytest.mark.parametrize("name", SINGLE)
def test_single_layers(name: str) -> None:
    report = read_real(f"baseline_{name}_generate_report.txt")
    macc, weights, placed, activations, epochs, start, end = SINGLE[name]
    assert (report.version, report.build) == ("2.2.0", "20266 2adc00962")
    assert (report.command, report.target, report.profile) == ("generate", "stm32n6", "n6-extflash")
    assert report.compiler == "1.1.1-14"
    assert report.model.name == f"baseline_{name}_int8"
    assert report.model.file == f"baseline_{name}_int8.tflite"
    assert report.model.format == "tflite"
    assert report.macc == Pair(macc, None)
    assert report.weights == Pair(weights, None)
    assert report.read_only == Size(placed)
    assert report.activations == Size(activations)
    assert report.epochs == tuple(Epoch(n, "hw", "") for n in range(1, epochs + 1))
    assert [tensor.name for tensor in report.inputs] == [f"serving_default_ke{start}"]
    assert report.inputs[0].shape == (1, 64, 64, 3)
    assert [tensor.name for tensor in report.outputs] == [end]
    assert sum(row.macc for row in report.rows) == macc
    assert report.notes == ()
    assert {p.name: p.activations.bytes for p in report.pools if p.activations.bytes} == {
        "npuRAM5": activations
    }
    assert [pool.name for pool in report.pools] == [
        *("flexMEM", "cpuRAM1", "cpuRAM2", "npuRAM3", "npuRAM4", "npuRAM5", "npuRAM6"),
        *("octoFlash", "hyperRAM"),
    ]
    assert {p.name: (p.start, p.capacity) for p in report.pools if p.capacity} == {
        "cpuRAM2": (0x34100000, 1_048_576),
        "npuRAM3": (0x34200000, 458_752),
        "npuRAM4": (0x34270000, 458_752),
        "npuRAM5": (0x342E0000, 458_752),
        "npuRAM6": (0x34350000, 458_752),
        "octoFlash": (0x71000000, 117_440_512),
    }


@real
def test_rows_of_a_table() -> None:
    rows = read_real("baseline_conv2d_pool_generate_report.txt").rows
    assert rows[1] == Row(
        *(0, 1, "conv2d_0", "", "CONV_2D"),
        ((("b", 1), ("h", 64), ("w", 64), ("c", 16)),),
        *(448, 496, 1_769_488),
        ("serving_default_ke.._tensor_90",),
    )
    assert [(row.id, row.original, row.shape, row.macc) for row in rows] == [
        (0, "", (64, 64, 3), 0),
        (0, "CONV_2D", (64, 64, 16), 1_769_488),
        (0, "CONV_2D", (64, 64, 16), 65_536),
        (1, "MAX_POOL_2D", (32, 32, 16), 65_536),
        (2, "MEAN", (1, 1, 16), 16_384),
        (2, "MEAN", (16,), 0),
    ]


@real
def test_quantised_onnx() -> None:
    """AlexGraefe/STM32N6Example, ST Edge AI Core 2.1.0, `generate`: bytes are rounded."""
    report = read_real("mobilenet_v2_128_0.5_qdq_generate_report.txt")
    assert (report.version, report.profile, report.compiler) == (
        *("2.1.0", "n6-allmems-O3", "1.1.0-31"),
    )
    assert report.model.file == "mobilenet_v2_128_0.5_QDQ_quant.onnx"
    assert (report.model.name, report.model.format) == ("mobilenet_v2_128_0_5_QDQ_quant", "onnx")
    assert report.macc == Pair(22_464_344, None)
    assert report.weights == Pair(718_728, None)
    assert report.read_only == Size(367_233, 1)  # 358.626 kB
    assert report.activations == Size(245_760, 1)  # 240.000 kB
    assert (len(report.epochs or ()), report.count("hw"), report.count("sw")) == (56, 55, 1)
    assert (report.epochs or ())[-1] == Epoch(56, "sw", "Softmax")
    assert report.inputs == (Tensor("input_10", None, (1, 128, 128, 3)),)
    assert report.outputs == (Tensor("Identity0", None, (1, 2)),)
    assert sum(row.params for row in report.rows) == 179_682
    add = next(row for row in report.rows if row.original == "Add")
    assert (add.id, add.shape, add.macc, len(add.inputs)) == (136, (32, 32, 16), 16_384, 2)
    assert report.notes == ()


@real
def test_float_keras() -> None:
    """MichelePoli/stm32-ai-workflow, ST Edge AI Core 2.2.0, `analyze` without an NPU."""
    report = read_real("mobilenetv2_224_stm32f4_analyze_report.txt")
    assert (report.command, report.target, report.npu) == ("analyze", "stm32f4", False)
    assert report.model == (
        *("mobilenetv2_224", "mobilenetv2_224.h5", "keras", "float"),
        *("0x2bfb5392202c7a642f828f2ad7434894", 3_504_872),
    )
    assert report.macc == Pair(320_531_392, 313_298_016)
    assert report.weights == Pair(14_019_488, 13_951_264)
    assert (report.read_only, report.activations) == (Size(13_951_264), Size(4_917_696))
    assert report.inputs == (Tensor("input_1", "f32", (1, 224, 224, 3)),)
    assert report.outputs == (Tensor("predictions", "f32", (1, 1000)),)
    assert (report.pools, report.epochs, report.notes) == ((), None, ())
    assert len(report.rows) == 158
    assert [(row.type, row.original, row.macc) for row in report.rows[1:4]] == [
        ("Conv2D", "Conv2D", 10_838_016),
        ("ScaleBias", "BatchNormalization", 802_816),
        ("Nonlinearity", "ReLU", 401_408),
    ]
    assert sum(row.params for row in report.rows) == 3_504_872


# --- ours --------------------------------------------------------------------------------------


def test_npu() -> None:
    report = read(text("npu_2_2_analyze"))
    assert (report.command, report.target, report.profile) == ("analyze", "stm32n6", "default")
    assert report.model.file == "tiny_int8.tflite"  # its path has a blank
    assert (report.macc, report.weights) == (Pair(6_256, None), Pair(152, None))
    assert (report.read_only, report.activations) == (Size(161), Size(1_536))
    assert (report.count("hw"), report.count("ec"), report.count("sw")) == (2, 1, 3)
    assert [t.name for t in (*report.inputs, *report.outputs)] == [
        *("serving_default_image0", "conversion_5"),
    ]
    gemm = next(row for row in report.rows if row.original == "FULLY_CONNECTED")
    assert gemm.inputs == ("reshape_2_reshape", "tfl_pseudo_qconst1", "tfl_pseudo_qconst")
    assert report.notes == ()


def test_epochs_of_the_newer_layout() -> None:
    report = read(text("npu_4_0_analyze"))
    assert report.profile is None  # the option stands alone
    assert report.model.file == "tiny_u8.tflite"
    assert report.epochs == (
        Epoch(2, "hybrid", "Cast"),
        Epoch(3, "sw", "QuantizeLinear"),
        Epoch(4, "hw", ""),
        Epoch(5, "hw", ""),
        Epoch(6, "sw", "Softmax"),
    )
    assert report.activations == Size(1_536, 1)  # rounded, since no sections follow


def test_host() -> None:
    report = read(text("host_2_1_analyze"))
    assert report.macc == Pair(2_312, 2_816)
    assert report.model.file == "split.onnx"
    shapes = {row.name: row.shapes for row in report.rows}
    assert len(shapes["halves"]) == 2
    assert shapes["nothing"] == ((),)
    assert report.inputs == (Tensor("image", "f32", (1, 8, 8, 4)),)
    assert report.notes == ()


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("wider", [1, 9])
def test_widths_are_free(name: str, wider: int) -> None:
    """The same table with other columns is the same report."""
    lines = text(name).split("\n")
    first = next(i for i, line in enumerate(lines) if line.startswith("------ "))
    spans = [match.span() for match in re.finditer("-+", lines[first])]
    for i in range(first, len(lines)):
        if lines[i].startswith("model"):
            break
        cells = [lines[i][start:end] for start, end in spans]
        fill = "-" if lines[i].startswith("---") else " "
        lines[i] = " ".join(
            cell.ljust(end - start + wider, fill)
            for cell, (start, end) in zip(cells, spans, strict=True)
        )
    assert read("\n".join(lines)) == read(text(name))


@pytest.mark.parametrize("name", OURS)
def test_line_ends_are_free(name: str) -> None:
    assert read(text(name).replace("\n", "\r\n")) == read(text(name))


def test_an_unknown_version_is_noted() -> None:
    report = read(text("npu_2_2_analyze").replace("v2.2.0", "v9.9.0"))
    assert ["9.9.0" in note for note in report.notes] == [True]


def test_rows_that_do_not_add_up_are_noted() -> None:
    report = read(text("npu_2_2_analyze").replace("macc=6,256", "macc=6,257"))
    assert report.notes == ("the rows have macc 6,256, the total of the model 6,257",)


# --- what is refused ---------------------------------------------------------------------------

CHANGES = {
    "another tool": ("npu_2_2_analyze", "ST Edge AI Core v", "Neural Network Tools v"),
    "another command": ("npu_2_2_analyze", " : analyze", " : validate"),
    "no target": ("npu_2_2_analyze", "--target stm32n6", ""),
    "other columns": ("npu_2_2_analyze", "param/size", "size/param"),
    "no table": ("npu_2_2_analyze", "Model name - ", "Model: "),
    "two tables": ("npu_2_2_analyze", "\nCompilation details", "\nModel name - b"),
    "text between columns": ("npu_2_2_analyze", "0      serving", "0     xserving"),
    "a macc that is no number": ("npu_2_2_analyze", "4,616", "46,16"),
    "a shape of another form": ("npu_2_2_analyze", "[b:1,h:8,w:8,c:8]", "(1, 8, 8, 8)     "),
    "a total that is no number": ("npu_2_2_analyze", "macc=6,256", "macc=6.3M"),
    "a total too many": ("npu_2_2_analyze", " io=--", " io=-- more=1"),
    "a unit that is not known": ("npu_2_2_analyze", "448.000 kB", "448.000 KiB"),
    "pools that do not add up": (
        "npu_2_2_analyze",
        "activations:      1.500",
        "activations:      2.5",
    ),
    "sections that do not add up": ("npu_2_2_analyze", "8,161", "8,162"),
    "an epoch of an unknown kind": ("npu_2_2_analyze", "epoch 3       EC", "epoch 3       XY"),
    "epochs that do not add up": ("npu_2_2_analyze", "epochs: 6", "epochs: 7"),
    "fewer in software": ("npu_2_2_analyze", "which 3", "which 2"),
    "no pools": ("npu_2_2_analyze", "Memory usage information", "Memory"),
    "no epochs": ("npu_2_2_analyze", "Epochs details", "Epochs"),
    "another epoch table": ("npu_4_0_analyze", "| epoch_3  |", "| step_3   |"),
    "hybrid epochs that do not add up": ("npu_4_0_analyze", "hardware)   1", "hardware)   0"),
    "no summary": ("host_2_1_analyze", "Exec/report summary", "Summary"),
    "a summary that contradicts": ("host_2_1_analyze", ":   3,200 B", ":   3,201 B"),
    "an input of another form": ("host_2_1_analyze", "f32(1x8x8x4)", "f32[1,8,8,4]"),
    "said twice": ("host_2_1_analyze", "c_name  ", "type    "),
    "a change of another form": ("host_2_1_analyze", "+504(+24.5%)", "+504 (more)"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_meaning_that_is_not_known_is_refused(change: str) -> None:
    name, old, new = CHANGES[change]
    assert old in text(name)
    diagnostic = refused(text(name).replace(old, new, 1))
    assert diagnostic.message.startswith("`report.txt` ")
    assert any("2.1.0, 2.2.0" in note for note in diagnostic.notes)


@pytest.mark.parametrize("nothing", ["", "\n\n \n"])
def test_empty(nothing: str) -> None:
    assert refused(nothing).message == "`report.txt` is empty"


def test_a_place_is_named() -> None:
    span = refused(text("npu_2_2_analyze").replace("4,616", "46,16")).span
    assert span is not None
    assert "46,16" in span.text


def test_huge_text_is_read() -> None:
    """A pattern that tries every place from every place would not end."""
    read(text("npu_2_2_analyze") + "\n" * 1_000_000)
    refused("ST Edge AI Core v2.2.0\n" + " (" * 2_000_000)
    refused(text("npu_2_2_analyze").replace("--target", " " * 3_000_000 + "-", 1))
    refused(text("npu_2_2_analyze").replace("epochs: 6", "epochs: " + "9" * 1_000_000))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01\x02", "file_binary"),
        (b"ST Edge AI Core v2.2.0\xff\n", "file_not_utf8"),
        (b"ST Edge AI Core v2.2.0\n" + b"x" * 70_000_000, "limit"),
        (None, "file_missing"),
    ],
)
def test_files_that_are_no_text(tmp_path: "object", data: bytes | None, code: str) -> None:
    path = f"{tmp_path}/report.txt"
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
    with pytest.raises(Rejected) as caught:
        load(path)
    assert caught.value.diagnostic.code == code


# --- mutations: a figure is right or refused ---------------------------------------------------


def figures(report: Report) -> tuple[object, ...]:
    return (*report[:5], report.macc, report.weights, report.rows, report.pools, report.epochs)


def holds(changed: str, original: Report) -> None:
    """A text cut short gives the same figures, or none."""
    report = attempt(changed)
    if report is None:
        return
    assert figures(report) == figures(original)
    for cut, whole in ((report.read_only, original.read_only),
                       (report.activations, original.activations)):  # fmt: skip
        if whole is None:
            assert cut is None
            continue
        assert cut is not None
        assert abs(cut.bytes - whole.bytes) <= cut.within


@pytest.mark.parametrize("name", OURS)
def test_every_truncation(name: str) -> None:
    whole = text(name).rstrip()
    original = read(whole)
    for length in range(len(whole)):
        holds(whole[:length], original)


@real
def test_truncations_of_real_reports() -> None:
    for path in sorted(REAL.glob("*_report.txt")):
        whole = path.read_text(encoding="utf-8").rstrip()
        original = read(whole)
        for length in range(0, len(whole), max(1, len(whole) // 150)):
            holds(whole[:length], original)


SIGNS = "0123456789,.-|()[]/:=+% abSW\t\u2028é"


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """One of our reports with a few characters or lines changed, doubled, moved or dropped."""
    report = text(draw(st.sampled_from(OURS)))
    for _ in range(draw(st.integers(1, 4))):
        lines = report.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["drop", "double", "swap", "insert", "replace", "digits"]))
        if kind == "drop":
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == "digits":
            lines[at] = re.sub("[0-9]", draw(st.sampled_from(["", "9", "٣", "²"])), lines[at])
        else:
            where = draw(st.integers(0, len(lines[at])))
            drop = 0 if kind == "insert" else draw(st.integers(1, 5))
            new = draw(st.text(st.sampled_from(SIGNS), max_size=4))
            lines[at] = lines[at][:where] + new + lines[at][where + drop :]
        report = "\n".join(lines)
    return report


@given(mutations())
def test_mutations_never_raise_anything_else(report: str) -> None:
    attempt(report)


@given(
    st.text(max_size=300), st.sampled_from(["", "ST Edge AI Core v2.2.0\nParameters : analyze "])
)
def test_junk_is_refused(junk: str, head: str) -> None:
    refused(head + junk)
