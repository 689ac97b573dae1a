"""A network is the same by whichever door it comes in: as a spec, as the Keras model that is built
of it, and as the file that the converter makes of that."""

from pathlib import Path
from typing import Any

import pytest

from archc.compiler import builtin
from archc.models.front import Analysed, Question, analysed, load
from support import shipped

pytestmark = pytest.mark.keras

NAMES = ("dscnn_a025", "dscnn_a05_ir_se", "squeezenet")
OF_THE_FILE = (
    *("operators", "weight_bytes", "constant_bytes", "peak_activation_bytes", "arena_bytes"),
    *("tflite_micro", "placement", "pools"),
)
"""Keys of `deployed` that say the same of a file as of its network."""
OF_THE_MODEL = (*OF_THE_FILE, "precision", "order", "latency", "timeline")


def read(path: Path, **asked: Any) -> Analysed:
    return analysed(load(str(path)), Question(builtin("stm32n6"), **asked))


def allowed(manifest: dict[str, Any]) -> tuple[str, ...]:
    """What the spec lets pass."""
    found = manifest["target"]["findings"]
    return tuple(one["message"].split("`")[1] for one in found if "allows it" in one["message"])


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", NAMES)
def test_the_model_of_a_spec_has_its_figures(name: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}{ending}"
    shipped.model(name).save(path)
    manifest = shipped.compiled(name).manifest
    io = manifest["inputs"][0]["dtype"]
    found = read(path, io=io, allow=allowed(manifest)).document
    assert found["gaps"] == []
    assert found["totals"] == manifest["totals"]
    for key in OF_THE_MODEL:
        assert found["deployed"][key] == manifest["deployed"][key], key
    rows = ("name", "class_name", "inputs", "output_shape", "params", "macs", "activation_bytes")
    for ours, theirs in zip(found["layers"], manifest["layers"], strict=True):
        assert {key: ours[key] for key in rows} == {key: theirs[key] for key in rows}
    assert found["target"]["verdict"] == manifest["target"]["verdict"]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_of_a_spec_has_its_figures(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.tflite"
    path.write_bytes(shipped.tflite(name))
    manifest = shipped.compiled(name).manifest
    if manifest["inputs"][0]["dtype"] != "float32":
        manifest = {**manifest, "deployed": None}
    found = read(path).document
    ours, theirs = found["deployed"], manifest["deployed"]
    assert theirs is not None
    for key in OF_THE_FILE:
        assert ours[key] == theirs[key], key
    for key in ("microseconds", "least", "most", "grade"):
        assert ours["latency"][key] == theirs["latency"][key]
    sequence = [(step["operator"], step["output_shape"]) for step in ours["sequence"]]
    assert sequence == [(step["operator"], step["output_shape"]) for step in theirs["sequence"]]
    assert found["totals"]["macs"] == manifest["totals"]["macs"]
    # Names of layers are those that the converter wrote into names of tensors.
    layers = {row["name"] for row in manifest["layers"]}
    named = [row["name"] for row in found["layers"] if row["macs"]]
    assert sum(one in layers for one in named) >= len(named) - 1


def test_what_is_said_of_a_file_is_said_of_its_spec(tmp_path: Path) -> None:
    """The rules see the same in a file: all that is not about how a model is converted."""
    name = "squeezenet"
    path = tmp_path / "net.tflite"
    path.write_bytes(shipped.tflite(name))
    manifest = shipped.compiled(name).manifest
    of_conversion = ("stm32n6/open_batch", "stm32n6/operator")
    spec = {(one["code"], one["level"]) for one in manifest["target"]["findings"]}
    file = {(one["code"], one["level"]) for one in read(path).document["target"]["findings"]}
    assert {one for one in spec if one[0] not in of_conversion} == {
        one for one in file if one[0] not in of_conversion
    }


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_the_parameters_of_a_layer_that_is_not_known_are_those_stored(
    ending: str, tmp_path: Path
) -> None:
    import keras

    sound = keras.Input((20, 6), batch_size=1, name="sound")
    memory = keras.layers.LSTM(8, dropout=0.5, name="memory")
    model = keras.Model(sound, keras.layers.Dense(3, name="scores")(memory(sound)))
    path = tmp_path / f"net{ending}"
    model.save(path)
    found = read(path).document
    rows = {row["name"]: row for row in found["layers"]}
    assert rows["memory"]["params"] == memory.count_params()
    assert rows["memory"]["macs"] is None
    assert rows["memory"]["trainable_params"] is None
    assert found["totals"]["params"] == model.count_params()
