"""`.keras` archives from elsewhere: damaged and hostile ones are refused, and none of it runs."""

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archc.diagnostics.model import Diagnostic, Rejected
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.quantization.keras_file import load, read

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

Parts = dict[str, bytes]


@cache
def parts() -> Parts:
    """The entries of a sound archive."""
    import tempfile

    import keras

    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu6", name="features")(image)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="scores")(x), name="net")
    model.compile("adam", "mse")
    with tempfile.TemporaryDirectory() as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(f"{folder}/m.keras")
        with zipfile.ZipFile(f"{folder}/m.keras") as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def packed(entries: Parts) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def with_config(change: Callable[[dict[str, Any]], None]) -> bytes:
    config = json.loads(parts()["config.json"])
    change(config)
    return packed({**parts(), "config.json": json.dumps(config).encode()})


def layer(config: dict[str, Any], /, **fields: Any) -> None:
    """Change the fields of the layer `features`."""
    config["config"]["layers"][1].update(fields)


def refused(folder: Path, data: bytes, name: str = "m.keras", **bounds: int) -> Diagnostic:
    (folder / name).write_bytes(data)
    with pytest.raises(Rejected) as caught:
        load(read(str(folder / name), Limits(**{**DEFAULT_LIMITS._asdict(), **bounds})))
    assert sorted(path.name for path in folder.iterdir()) == [name]
    return caught.value.diagnostic


def test_a_sound_archive(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(packed(parts()))
    model = load(read(str(tmp_path / "m.keras")))
    assert [one.name for one in model.layers] == ["image", "features", "pool", "scores"]
    assert not model.compiled


LAMBDA = {
    "class_name": "Lambda",
    "module": "keras.layers",
    "registered_name": None,
    "config": {
        "name": "features",
        "function": {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None}},
    },
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: layer(c, **LAMBDA), "the layer `features` of"),
        (lambda c: layer(c, class_name="Popen", module="subprocess"), "`Popen` of `subprocess`"),
        (
            lambda c: layer(c, module="keras.src.utils", class_name="get_file"),
            "get_file",
        ),
        (lambda c: layer(c, module="keras.config", class_name="function"), "not one of Keras"),
        (lambda c: layer(c, module="keras_evil.layers"), "not one of Keras"),
        (lambda c: layer(c, registered_name="mine>Conv2D"), "not one of Keras"),
        (lambda c: layer(c, module=["os"]), "not one of Keras"),
        (
            lambda c: layer(c, class_name="Foo", module=None, registered_name="Foo"),
            "is a custom layer: `Foo`, which is not one of Keras",
        ),
        (lambda c: layer(c, class_name="TFSMLayer"), "is a TFSMLayer"),
        (lambda c: layer(c, class_name="TorchModuleWrapper"), "is a TorchModuleWrapper"),
        (
            lambda c: c["config"]["layers"][1]["config"].update(
                activation={"class_name": "__lambda__", "config": {"code": "4wEA"}}
            ),
            "has a Lambda",
        ),
        (
            lambda c: c["config"]["layers"][1]["config"].update(
                activation={
                    "class_name": "function",
                    "module": "builtins",
                    "config": "os.system",
                    "registered_name": "os.system",
                }
            ),
            "not one of Keras",
        ),
        (
            lambda c: c["config"]["layers"][1]["config"].update(
                kernel_initializer={"class_name": "system", "module": "os", "config": {}}
            ),
            "`system`",
        ),
    ],
    ids=[
        *("lambda", "subprocess", "get_file", "config", "lookalike", "registered", "list"),
        *("unregistered", "tfsm", "torch", "activation", "builtin", "initializer"),
    ],
)
def test_code_and_foreign_classes(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    diagnostic = refused(tmp_path, with_config(change))
    assert diagnostic.code == "verify_code"
    assert said in diagnostic.message
    assert any("nothing of the file was run" in note for note in diagnostic.notes)


def test_the_training_set_up_is_not_looked_at(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config["compile_config"] = {"loss": {"class_name": "system", "module": "os", "config": {}}}

    (tmp_path / "m.keras").write_bytes(with_config(change))
    assert load(read(str(tmp_path / "m.keras"))).name == "net"


def test_the_training_set_up_of_an_inner_model_is_not_looked_at(tmp_path: Path) -> None:
    import keras

    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="a")], name="inner")
    inner.compile("adam", "mse")
    image = keras.Input((4,), name="image")
    model = keras.Model(image, keras.layers.Dense(2, name="b")(inner(image)))
    model.save(tmp_path / "m.keras")
    loaded = load(read(str(tmp_path / "m.keras")))
    same = zip(loaded.get_weights(), model.get_weights(), strict=True)
    assert all((a == b).all() for a, b in same)


def with_custom(folder: Path, package: str | None) -> Diagnostic:
    import keras

    class Foo(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    if package is not None:
        Foo = keras.saving.register_keras_serializable(package)(Foo)  # type: ignore[misc]  # noqa: N806
    image = keras.Input((4,), name="image")
    keras.Model(image, Foo(name="foo")(image)).save(folder / "m.keras")
    return refused(folder, (folder / "m.keras").read_bytes())


def test_custom_layers_are_named_as_such(tmp_path: Path) -> None:
    plain = with_custom(tmp_path, None)
    assert "the layer `foo` of" in plain.message
    assert "is a custom layer: `Foo`" in plain.message
    assert "damaged" not in (plain.help or "")
    assert "custom_objects={'Foo': Foo}" in (plain.help or "")
    packaged = with_custom(tmp_path, "mine")
    assert "is a custom layer: `Foo` of `mine`" in packaged.message


def external() -> bytes:
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w") as weights:
        weights["layers"] = h5py.ExternalLink("/etc/passwd", "/")
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: packed(parts())[:2000], "not a whole `.keras` archive"),
        (lambda: b"", "it is empty"),
        (lambda: b"\x89HDF\r\n\x1a\n" + bytes(100), "it is HDF5, the older format"),
        (lambda: packed({"config.json": parts()["config.json"]}), "has no `model.weights.h5`"),
        (lambda: packed({**parts(), "../../evil.py": b"x"}), "`../../evil.py` climbs out"),
        (lambda: packed({**parts(), "config.json": b"[" * 5000}), "nested deeper"),
        (lambda: packed({**parts(), "config.json": b"[]"}), "has no `config.json`"),
        (lambda: packed({**parts(), "model.weights.h5": b"\x89HDF\r\n"}), "weights in"),
        (
            lambda: packed({**parts(), "model.weights.h5": external()}),
            "`layers` is a link to somewhere else",
        ),
        (lambda: packed({**parts(), "config.json": b"{}"}), "cannot load"),
        (lambda: with_config(lambda c: layer(c, class_name="NoSuchLayer")), "cannot load"),
    ],
    ids=[
        *("cut", "empty", "hdf5", "no weights", "climbing", "deep", "list"),
        *("bad weights", "link", "no config", "no such layer"),
    ],
)
def test_damaged_archives(tmp_path: Path, make: Callable[[], bytes], said: str) -> None:
    diagnostic = refused(tmp_path, make())
    assert said in diagnostic.message
    assert "Traceback" not in str(diagnostic)


def test_layers_larger_than_their_weights_are_not_made(tmp_path: Path) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["config"]["filters"] = 10**7

    said = refused(tmp_path, with_config(change)).message
    assert "parameters, and it holds" in said


def test_files_beside_the_model_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(packed({**parts(), "assets/vocabulary.txt": b"x"}))
    assert load(read(str(tmp_path / "m.keras"))).name == "net"


def test_bounds(tmp_path: Path) -> None:
    bomb = packed(parts())
    assert "model_bytes" in refused(tmp_path, bomb, model_bytes=1000).message
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", parts()["config.json"])
        archive.writestr("model.weights.h5", bytes(10_000_000))
    assert "unpacks to 10," in refused(tmp_path, file.getvalue(), model_bytes=1 << 20).message


@pytest.mark.parametrize(
    ("name", "said"), [("m.h5", "not an HDF5 file"), ("m.tflite", "converted already")]
)
def test_other_formats(tmp_path: Path, name: str, said: str) -> None:
    assert said in refused(tmp_path, b"x", name).message


def test_a_saved_model_folder(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="is a folder"):
        read(str(tmp_path))
