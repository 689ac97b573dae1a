"""Node data against Model Explorer itself: its reader of files has the same operators at the ids
that values stand for, and its own classes take and write the same document.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from archc.cli import main
from archc.emit.node_data import QUANTITIES
from support import shipped
from support.oracles import require

require("model_explorer", "dacite")

from dacite import Config, from_dict  # noqa: E402
from model_explorer.node_data_builder import GraphNodeData  # noqa: E402

pytestmark = [pytest.mark.keras, pytest.mark.oracles]


def nodes(path: Path) -> dict[str, Any]:
    """The nodes of a TFLite file as Model Explorer reads them, by their ids."""
    from model_explorer.builtin_tflite_flatbuffer_adapter import BuiltinTfliteFlatbufferAdapter

    (collection,) = BuiltinTfliteFlatbufferAdapter().convert(str(path), {})["graphCollections"]
    (graph,) = collection.graphs
    return {node["id"]: node for node in graph["nodes"]}


@pytest.mark.parametrize("subject", ["spec", "model"])
@pytest.mark.parametrize("name", ["dscnn_a05_ir_se", "fpn_detector"])
def test_values_stand_at_their_operators(
    name: str, subject: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(shipped.tflite(name, "float32"))
    found = nodes(path)
    sequence = shipped.compiled(name).manifest["deployed"]["sequence"]
    named = str(shipped.SPECS / f"{name}.arch") if subject == "spec" else str(path)
    target = [] if subject == "spec" else ["--target", "stm32n6"]
    for quantity in QUANTITIES:
        words = ["graph", named, "--format", "node-data", "--color", quantity, *target]
        assert main(words) == 0
        document = json.loads(capsys.readouterr().out)
        for key in document["results"]:
            assert found[key]["label"] == sequence[int(key)]["operator"].lower()
        if quantity != "time":
            inner = {"GraphInputs", "GraphOutputs", "pseudo_const"}
            assert set(document["results"]) == {
                key for key, node in found.items() if node["label"] not in inner
            }


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_its_own_classes_write_the_same(quantity: str, capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(shipped.SPECS / "dscnn_a05.arch")
    assert main(["graph", spec, "--format", "node-data", "--color", quantity]) == 0
    document = json.loads(capsys.readouterr().out)
    # A value in words is documented for `showExpandedSummaryOnGroupNode`, though typed as a number.
    config = Config(strict=True, check_types=quantity != "tier")
    data = from_dict(GraphNodeData, document, config)
    written = json.loads(data.to_json_string())
    assert written["results"] == document["results"]
    assert written["name"] == document["name"]
    assert written["gradient"] == document.get("gradient", [])
