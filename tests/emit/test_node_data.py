"""Node data for Model Explorer: every operator has its figures, and they add up."""

import json
from pathlib import Path

import pytest

from archc.cli import main
from archc.emit.node_data import QUANTITIES
from support import shipped

NAMES = ("dscnn_a05_ir_se", "mobilenet_v2_a10", "fpn_detector")
SPECS = Path(__file__).parents[2] / "specs"

Capture = pytest.CaptureFixture[str]


def laid(capsys: Capture, name: str, quantity: str, *more: str) -> dict[str, object]:
    """The results of a shipped network's node data, by the id of a node."""
    words = ["graph", str(SPECS / f"{name}.arch"), "--format", "node-data", "--color", quantity]
    assert main([*words, *more]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["name"] == f"archc: {QUANTITIES[quantity]} of {name}"
    assert ("gradient" in document) is (quantity != "tier")
    return {key: each["value"] for key, each in document["results"].items()}


@pytest.mark.parametrize("name", NAMES)
def test_figures_add_up(name: str, capsys: Capture) -> None:
    manifest = shipped.compiled(name).manifest
    deployed = manifest["deployed"]
    places = [str(place) for place in range(len(deployed["sequence"]))]
    macs = laid(capsys, name, "macs")
    assert list(macs) == places
    assert sum(macs.values()) == manifest["totals"]["macs"]  # type: ignore[arg-type]
    weights = laid(capsys, name, "weights")
    assert sum(weights.values()) >= deployed["weight_bytes"]  # type: ignore[arg-type,operator]
    times = laid(capsys, name, "time")
    epochs = [epoch for epoch in deployed["latency"]["epochs"] if epoch["operators"]]
    assert set(times) == {str(epoch["operators"][0]) for epoch in epochs}
    spent = sum(epoch["nanoseconds"] for epoch in epochs)
    assert sum(times.values()) == pytest.approx(spent / 1000)  # type: ignore[arg-type]
    results = laid(capsys, name, "activations")
    for place, step in zip(places, deployed["sequence"], strict=True):
        size = 4 if step["operator"] == "DEQUANTIZE" else 1
        for extent in step["output_shape"]:
            size *= extent
        assert results[place] == size


def test_where_operators_run(capsys: Capture) -> None:
    sequence = shipped.compiled("fpn_detector").manifest["deployed"]["sequence"]
    found = laid(capsys, "fpn_detector", "tier")
    for place, step in enumerate(sequence):
        value = found[str(place)]
        if step["operator"] == "CONV_2D":
            assert value == "NPU (hardware)"
        elif step["operator"] == "RESIZE_NEAREST_NEIGHBOR":
            assert value == "CPU (nearest_resize)"
        elif step["operator"] in ("QUANTIZE", "DEQUANTIZE"):  # of a float32 border
            assert str(value).startswith("CPU")


def test_what_is_not_known(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "a.arch"
    path.write_text("arch a { input i: 8 x 8 x 8 stage s { conv(8) } }", encoding="utf-8")
    for quantity in ("time", "tier"):
        words = ["graph", str(path), "--format", "node-data", "--color", quantity]
        assert main(words) == 2
        assert "nothing to show of `a`: no target says" in capsys.readouterr().err
    assert main(["graph", str(path), "--color", "weights"]) == 2
    assert "is for `--format node-data`" in capsys.readouterr().err


def test_only_node_data_is_overwritten(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = str(SPECS / "dscnn_a05.arch")
    for _ in range(2):
        assert main(["graph", spec, "-o", "macs.json"]) == 0
    Path("mine.json").write_text("{}")
    assert main(["graph", spec, "-o", "mine.json"]) == 1
    assert "not overwritten" in capsys.readouterr().err
    assert Path("mine.json").read_text() == "{}"
