"""The border of a deployed file in its spec: the file verifies against it as it is written."""

from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.limits import DEFAULT_LIMITS
from archc.models.decompiler import Model, decompile, decompile_family, of_config, read_model
from archc.models.decompiler.border import bordered
from support import mlperf, shipped
from support.flat import changed, sample, separable
from support.graph_configs import config_of, graph_of

Capture = pytest.CaptureFixture[str]


def unsigned(model: Any) -> None:
    """Input and output of uint8, as if nothing converted them."""
    graph = model.subgraphs[0]
    for place in (graph.inputs[0], graph.outputs[0]):
        graph.tensors[place].type = 3


def one_side(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.outputs[0]].type = 3


def imported(path: Path, capsys: Capture) -> str:
    """The spec that is written of a file, which compiles without an error."""
    spec = path.with_suffix(".arch")
    assert main(["import", str(path), "-o", str(spec)]) == 0
    assert ("has no target" in capsys.readouterr().out) == ("    target " not in spec.read_text())
    assert main(["check", str(spec)]) == 0
    capsys.readouterr()
    return spec.read_text()


def test_int8(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(separable(8, 8))
    assert "    target stm32n6(io = int8)\n" in imported(path, capsys)
    assert main(["verify", str(path.with_suffix(".arch")), str(path)]) == 0
    assert "net.tflite is net: 8 operators" in capsys.readouterr().out


@mlperf.real
@pytest.mark.parametrize("name", mlperf.NETWORKS)
def test_published(name: str, tmp_path: Path, capsys: Capture) -> None:
    copy = tmp_path / "net.tflite"
    copy.write_bytes((mlperf.REAL / mlperf.NETWORKS[name].tflite).read_bytes())
    assert ", io = int8)\n" in imported(copy, capsys)
    assert main(["verify", str(copy.with_suffix(".arch")), str(copy)]) == 0


def test_what_the_target_wants_allowed_is_listed(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(sample(8))
    text = imported(path, capsys)
    assert "target stm32n6(allow = [relu], io = int8)" in text
    assert text.startswith("# ")
    assert "# `allow` lists what stm32n6 wants confirmed" in text


def test_uint8_and_two_types(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(changed(separable(8, 8), unsigned))
    assert "target stm32n6(io = uint8)" in imported(path, capsys)
    path = tmp_path / "other.tflite"
    path.write_bytes(changed(separable(8, 8), one_side))
    text = imported(path, capsys)
    assert "target" not in text
    assert "# inputs and outputs differ in type, which a spec cannot say: this one has fl" in text


def test_float_and_other_borders_are_left_out() -> None:
    text = "arch a { input image: 8 x 8 x 3 head { conv(8) } }\n"
    graph = graph_of(text)
    assert graph is not None
    assert bordered(text, [graph], "float32") == (text, ())
    assert bordered(text, [graph], "int16") == (
        text,
        ("the border is int16, which a spec cannot say: this one has float32",),
    )


def test_a_network_that_the_target_refuses_has_no_target() -> None:
    text = "arch a { input image: 70000 x 1 x 3 head { conv(8) } }\n"
    graph = graph_of(text)
    assert graph is not None
    same, (note,) = bordered(text, [graph], "int8")
    assert same == text
    assert note.startswith(
        "the border of the file is int8; the spec has none, since stm32n6 refuses its network: "
        "a dimension of 70,000 in "
    )


def test_a_family_has_one_border() -> None:
    models = [of_config(config_of(shipped.graph(name))) for name in ("dscnn", "dscnn_a05")]
    files = [Model(one.network._replace(io="int8"), None) for one in models]
    large, small = decompile_family(files, name="audio")
    assert large.text == small.text
    assert large.text.count("    target stm32n6(io = int8)\n") == 1
    mixed, _ = decompile_family([files[0], models[1]], name="audio")
    assert "target" not in mixed.text


def test_the_flat_text_has_it(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(separable(8, 8))
    model = read_model(str(path), DEFAULT_LIMITS)
    assert "    target stm32n6(io = int8)\n" in decompile(model, flat_only=True).text


def test_importing_again(tmp_path: Path, capsys: Capture) -> None:
    """The map of layers is replaced; a spec is not, unless it is the same to the byte."""
    paths = [tmp_path / f"{name}.tflite" for name in ("net", "wide")]
    for path, channels in zip(paths, (8, 16), strict=True):
        path.write_bytes(separable(8, channels))
    spec = tmp_path / "net.arch"
    again = ["import", str(paths[0]), "-o", str(spec)]
    assert [main(again), main(again)] == [0, 0]
    layers = tmp_path / "net.layers.json"
    before = layers.read_text()
    layers.write_text(before.replace("stem", "stern"))
    assert main(again) == 0
    assert layers.read_text() == before
    capsys.readouterr()
    assert main(["import", str(paths[1]), "-o", str(spec)]) == 1
    assert f"`{spec}` is a spec that may have been edited, so it is not over" in (
        capsys.readouterr().err
    )
    spec.unlink()
    layers.write_text("mine")
    assert main(again) == 1
    assert f"`{layers}` is a file that archc did not write" in capsys.readouterr().err
    assert not spec.exists()
