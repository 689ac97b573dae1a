"""Files of models that we did not write, and of our own: what comes back deploys to the file."""

from collections import Counter
from pathlib import Path

import pytest

from archc.analysis.lowering import lower
from archc.cli import main
from archc.driver import elaborate
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.models.decompiler import Model, decompile, read_model
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from archc.models.deployed import FileGraph
from archc.models.front import load
from archc.source import Source
from support import shipped
from support.graph_configs import graph_of

PUBLISHED = Path(__file__).parents[3] / "shared" / "models"
FOLDED = "batch normalisations, if there were any, are folded into convolutions"


def operators(path: Path) -> list[tuple[str, tuple[int, ...]]]:
    """The operators of a file with their shapes: without conversions of its border, and RESHAPE,
    which older converters left before a dense layer."""
    content = load(str(path)).content
    assert isinstance(content, FileGraph)
    return [
        (operator.kind, content.tensors[operator.outputs[0]].map)
        for operator in content.operators
        if operator.kind not in ("QUANTIZE", "DEQUANTIZE", "RESHAPE")
    ]


def deployed(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Those that the converter makes of a spec."""
    graph = graph_of(text)
    assert graph is not None
    kept = (op for op in lower(graph).operators if not op.border and op.operator != "RESHAPE")
    return [(op.operator, op.shape) for op in kept]


def held(model: Model, text: str) -> None:
    graph, _ = elaborate(Loader(""), Source("made.arch", text), DEFAULT_LIMITS)
    assert graph is not None
    assert compare(model.network, of_graph(graph)).equal


NAMES = ("dscnn_a05", "mobilenet_v2_a035", "squeezenet", "fpn_detector", "unet_small")


@pytest.mark.keras
@pytest.mark.parametrize("name", NAMES)
def test_shipped_specs_come_back_from_tflite(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(shipped.tflite(name))
    model = read_model(str(path), DEFAULT_LIMITS)
    made = decompile(model)
    held(model, made.text)
    assert FOLDED in made.notes
    assert Counter(deployed(made.text)) == Counter(operators(path))


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="models of MLPerf Tiny are not here")
class TestPublished:
    """The networks of MLPerf Tiny, in the files that the benchmark publishes."""

    @pytest.mark.parametrize(
        "name", ["ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"]
    )
    def test_tflite(self, name: str) -> None:
        path = PUBLISHED / f"{name}.tflite"
        model = read_model(str(path), DEFAULT_LIMITS)
        made = decompile(model)
        held(model, made.text)
        assert Counter(deployed(made.text)) == Counter(operators(path))

    @pytest.mark.parametrize("name", ["ad01", "pretrainedResnet", "vww_96"])
    def test_keras_2(self, name: str) -> None:
        model = read_model(str(PUBLISHED / f"{name}.h5"), DEFAULT_LIMITS)
        held(model, decompile(model).text)

    def test_the_text_of_one(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["import", str(PUBLISHED / "vww_96_int8.tflite"), "--name", "person"]) == 0
        text = capsys.readouterr().out
        assert "arch person(resolution = 96, num_classes = 2) {" in text
        assert "stage stage4(channels = 128, stride = 2, repeat = 6) { separable }" in text


def test_a_file_that_is_no_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in (("a.tflite", b"no"), ("b.keras", b"PK"), ("c.txt", b""), ("d.onnx", b"?")):
        path = tmp_path / name
        path.write_bytes(data)
        assert main(["import", str(path), "-o", str(tmp_path / "x.arch")]) == 1
        assert capsys.readouterr().err.startswith("error[")
    assert not (tmp_path / "x.arch").exists()
    assert main(["import", str(tmp_path / "missing.keras")]) == 1
