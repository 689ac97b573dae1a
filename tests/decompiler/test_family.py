"""Two models of one family come back as an arch with a width multiplier and a variant of it."""

import json
from pathlib import Path

import pytest

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.models.decompiler import decompile_family, of_config
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from archc.source import Source
from support import shipped
from support.graph_configs import config_of, saved
from support.published_configs import resnet18

FAMILIES = {
    "mobilenet_v1": ("mobilenet_v1_a10", "mobilenet_v1_a025", "0.25", None),
    "mobilenet_v2": ("mobilenet_v2_a10", "mobilenet_v2_a035", "0.35", "keep = 0.9"),
    "dscnn": ("dscnn", "dscnn_a05", "0.5", None),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_the_multiplier_and_the_rounding_are_recovered(name: str) -> None:
    wide, narrow, alpha, rounding = FAMILIES[name]
    graphs = [shipped.graph(one) for one in (narrow, wide)]
    small, large = decompile_family([of_config(config_of(graph)) for graph in graphs], name=name)
    text = large.text
    assert small.text == text
    assert f"arch {name}(alpha = 1.0 in {alpha} .. 1.0" in text
    assert f"arch {narrow} = {name}(alpha = {alpha})" in text
    assert (rounding is None and "rounding" not in text) or (rounding and rounding in text)
    made = compile_spec(Loader(""), Source("made.arch", text), Options()).networks
    assert [one.name for one in made] == [name, narrow]
    for network, graph in zip(made, reversed(graphs), strict=True):
        assert compare(of_graph(graph), of_graph(network.graph)).equal


def test_models_of_two_families_are_refused() -> None:
    configs = [config_of(shipped.graph("dscnn")), resnet18()]
    with pytest.raises(Rejected, match="not one network at two widths"):
        decompile_family([of_config(config) for config in configs])


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [
        str(saved(tmp_path / f"{name}.keras", config_of(shipped.graph(name))))
        for name in ("dscnn_a05", "dscnn")
    ]
    output = tmp_path / "audio.arch"
    assert main(["import", *paths, "-o", str(output)]) == 0
    assert "arch dscnn_a05 = audio(alpha = 0.5)" in output.read_text()
    for arch, model in (("audio", "dscnn.keras"), ("dscnn_a05", "dscnn_a05.keras")):
        names = json.loads((tmp_path / f"{arch}.layers.json").read_text())
        assert (names["arch"], names["model"]) == (arch, model)
        assert names["layers"]["head_dense"] == ["head_dense"]
    capsys.readouterr()
    assert main(["import", *paths, "--flat"]) == 2
    assert main(["import", *paths, paths[0]]) == 2
