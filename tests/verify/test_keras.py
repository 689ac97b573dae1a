"""`.keras` archives that Keras wrote, and what was changed in them, against manifests."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from archc.diagnostics.model import Rejected
from archc.models.verify import Verification, verify
from support import shipped, small

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]
"""Keras saves a variable by `np.array`, which NumPy 2 warns of."""


def saved(model: Any, folder: Path) -> bytes:
    path = folder / "model.keras"
    model.save(path)
    return path.read_bytes()


@cache
def small_file() -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return saved(small.model(small.TEXT, None), Path(folder))


def edited(change: Callable[[dict[str, Any]], None]) -> bytes:
    """The small archive with its config changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small_file())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "config.json":
                config = json.loads(data)
                change(config)
                data = json.dumps(config).encode()
            new.writestr(name, data)
    return made.getvalue()


def layer(config: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [x for x in config["config"]["layers"] if x["config"]["name"] == name]
    return dict(found["config"])


def put(name: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    def change(config: dict[str, Any]) -> None:
        for entry in config["config"]["layers"]:
            if entry["config"]["name"] == name:
                entry["config"].update(values)

    return change


def held(file: bytes, manifest: dict[str, Any] | None = None) -> Verification:
    return verify(small.manifest() if manifest is None else manifest, "model.keras", file)


def errors(found: Verification) -> list[str]:
    return [one.code for one in found.differences if one.level == "error"]


@pytest.mark.parametrize("name", ["dscnn_a025", "dscnn_a05_ir_se_attn", "squeezenet"])
def test_saved_models_are_their_manifests(name: str, tmp_path: Path) -> None:
    found = verify(shipped.compiled(name).manifest, "m.keras", saved(shipped.model(name), tmp_path))
    assert found.differences == ()
    assert any(part.startswith("weights: shape") for part in found.compared)


def test_the_summary_counts() -> None:
    found = held(small_file())
    assert found.differences == ()
    params = small.manifest()["totals"]["params"]
    assert found.summary.startswith(f"{len(small.manifest()['layers'])} layers, {params:,} param")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("kernel = 3x3", "kernel = 5x5"), "verify_params"),
        (("stride = 2", "stride = 1"), "verify_shape"),
        (("dense(10)", "dense(12)"), "verify_shape"),
        (("batchnorm relu6", "batchnorm relu"), "verify_activation"),
        (("sigmoid", "softmax"), "verify_activation"),
        (("{ ds }", "{ ds ds }"), "verify_layers"),
        (("16 x 16 x 3", "16 x 12 x 3"), "verify_border"),
    ],
)
def test_another_network_is_found(change: tuple[str, str], code: str, tmp_path: Path) -> None:
    spec = small.text(change, ("target stm32n6", "target stm32n6(allow = [softmax, relu])"))
    found = held(saved(small.model(spec, None), tmp_path))
    assert code in errors(found)


def test_the_place_is_named() -> None:
    found = held(edited(put("stem_1_relu6", max_value=4.0)))
    assert errors(found)
    one = next(x for x in found.differences if x.level == "error")
    assert one.layer == "stem_1_relu6"


def test_a_padding_that_changes_no_shape_is_found_by_what_it_deploys_to() -> None:
    """A 1x1 kernel has nothing to pad; on a 3x3 one the shape tells."""
    found = held(edited(put("body_1_ds_dwconv", padding="valid")))
    assert found.failed


def test_a_frozen_layer_is_a_note() -> None:
    found = held(edited(put("head_dense", trainable=False)))
    assert not found.failed
    assert [one.code for one in found.differences] == ["verify_params"]


def test_other_names_are_a_note_where_all_else_is_the_same() -> None:
    def change(config: dict[str, Any]) -> None:
        text = json.dumps(config["config"]).replace("stem_1_conv", "conv2d_7")
        config["config"] = json.loads(text)

    found = held(edited(change))
    assert not found.failed
    (one,) = found.differences
    assert (one.code, one.level) == ("verify_layers", "note")
    assert "`stem_1_conv` is `conv2d_7`" in one.notes[0]


def renamed(*changes: tuple[str, str], classes: bool = False) -> bytes:
    """The small archive with every layer renamed, and then changed."""

    def change(config: dict[str, Any]) -> None:
        text = json.dumps(config["config"])
        for number, entry in enumerate(config["config"]["layers"]):
            text = text.replace(f'"{entry["config"]["name"]}"', f'"layer_{number}"')
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        config["config"] = json.loads(text)

    return edited(change)


def test_structure_goes_before_names() -> None:
    found = held(renamed())
    assert not found.failed
    assert [one.message for one in found.differences] == [
        f"{len(small.manifest()['layers'])} layers have another name"
    ]


def test_the_one_real_difference_among_other_names_is_named() -> None:
    """Another activation, with all names changed: not a hundred layers missing."""
    found = held(renamed(('"max_value": 6.0', '"max_value": null')))
    (one,) = [one for one in found.differences if one.level == "error"]
    assert (one.code, one.layer) == ("verify_activation", "stem_1_relu6")
    assert (one.expected, one.found) == ("`relu6`", "`relu`")


def test_what_follows_from_a_difference_is_counted_not_listed(tmp_path: Path) -> None:
    spec = OUTER.replace("stem(channels = 8", "stem(channels = 16")
    found = held(saved(small.model(spec, None), tmp_path), small.manifest(OUTER))
    messages = [one.message for one in found.differences if one.level == "error"]
    assert messages == ["the layer `stem_1_conv` gives another shape"]
    assert any("follow from the differences above" in part for part in found.left_out)


def test_a_missing_and_an_additional_layer_are_named(tmp_path: Path) -> None:
    missing = held(saved(small.model(small.text(("batchnorm relu6", "batchnorm")), None), tmp_path))
    assert [one.message for one in missing.differences if one.level == "error"] == [
        "the layer `stem_1_relu6` is missing"
    ]
    more = small.text(("batchnorm relu6", "batchnorm relu6 zero_pad(0)"))
    found = held(saved(small.model(more, None), tmp_path))
    assert [one.message for one in found.differences if one.level == "error"] == [
        "the layer `stem_1_zero_pad` is not in the manifest"
    ]


def test_layers_that_act_in_training_only_are_a_note(tmp_path: Path) -> None:
    more = small.text(("global_average_pool", "global_average_pool dropout(0.3)"))
    found = held(saved(small.model(more, None), tmp_path))
    assert not found.failed
    assert "it acts in training only" in found.differences[0].notes


def test_the_order_of_branches_in_a_merge_is_of_no_matter(tmp_path: Path) -> None:
    import keras

    spec = """
    arch branches {
        input image: 8 x 8 x 8
        stage body { add { conv(8, 3x3) } { conv(8, 1x1) relu6 conv(8, 1x1) } }
    }
    """
    image = keras.Input((8, 8, 8))
    a = keras.layers.Conv2D(8, 3, padding="same")(image)
    b = keras.layers.Conv2D(8, 1, activation="relu6")(image)
    b = keras.layers.Conv2D(8, 1)(b)
    for pair in ([a, b], [b, a]):
        file = saved(keras.Model(image, keras.layers.Add()(pair)), tmp_path)
        assert not held(file, small.manifest(spec)).failed


def test_the_order_of_a_concatenation_matters(tmp_path: Path) -> None:
    import keras

    spec = """
    arch branches {
        input image: 8 x 8 x 8
        stage body { concat { conv(8, 3x3) } { conv(8, 1x1) } }
    }
    """
    image = keras.Input((8, 8, 8))
    a = keras.layers.Conv2D(8, 3, padding="same")(image)
    b = keras.layers.Conv2D(8, 1)(image)
    good = saved(keras.Model(image, keras.layers.Concatenate()([a, b])), tmp_path)
    assert not held(good, small.manifest(spec)).failed
    bad = saved(keras.Model(image, keras.layers.Concatenate()([b, a])), tmp_path)
    found = held(bad, small.manifest(spec))
    assert "joins its inputs in another order" in found.differences[0].message


def test_another_network_is_told_in_one_sentence(tmp_path: Path) -> None:
    found = verify(
        shipped.compiled("squeezenet").manifest, "m.keras", saved(shipped.model("dscnn"), tmp_path)
    )
    (one,) = found.differences
    assert one.message.startswith("it is another network than `squeezenet`: ")
    assert (one.expected, one.found) == ("224x224x3 to 1000", "64x256x1 to 100")


def compiled_inside(folder: Path) -> bytes:
    """A model of transfer learning: its layers are in a model that was compiled and trained."""
    import keras
    import numpy as np

    inner = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, 3, padding="same", name="conv"),
            keras.layers.BatchNormalization(name="bn"),
            keras.layers.ReLU(6.0, name="act"),
        ],
        name="backbone",
    )
    inner.compile("adam", "mse")
    inner.fit(np.zeros((2, 16, 16, 3)), np.zeros((2, 16, 16, 8)), verbose=0)
    image = keras.Input((16, 16, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(image))
    model = keras.Model(image, keras.layers.Dense(4)(x))
    model.compile("adam", "mse")
    return saved(model, folder)


OUTER = """
arch outer {
    input image: 16 x 16 x 3
    stage stem(channels = 8) { conv(kernel = 3x3, bias = true) batchnorm relu6 }
    head { global_average_pool dense(4) }
}
"""


def test_models_that_hold_a_compiled_model_are_verified(tmp_path: Path) -> None:
    found = held(compiled_inside(tmp_path), small.manifest(OUTER))
    assert not found.failed
    assert any(part.startswith("weights: shape") for part in found.compared)


def weights_changed(change: Callable[[Any], None]) -> bytes:
    import h5py

    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small_file())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "model.weights.h5":
                inner = io.BytesIO(data)
                with h5py.File(inner, "r+") as file:
                    change(file)
                data = inner.getvalue()
            new.writestr(name, data)
    return made.getvalue()


KERNEL = "layers/conv2d/vars/0"


def test_weights_that_are_not_numbers_are_found() -> None:
    def change(file: Any) -> None:
        file[KERNEL][0, 0, 0, 0] = float("nan")

    found = held(weights_changed(change))
    assert errors(found) == ["verify_values"]
    assert "the kernel of `stem_1_conv` holds values that are not numbers" in [
        one.message for one in found.differences
    ]


def test_negative_variances_are_found() -> None:
    def change(file: Any) -> None:
        file["layers/batch_normalization/vars/3"][0] = -1.0

    assert errors(held(weights_changed(change))) == ["verify_values"]


def test_weights_of_another_shape_are_found() -> None:
    def change(file: Any) -> None:
        del file[KERNEL]
        file[KERNEL] = [[1.0, 2.0]]

    found = held(weights_changed(change))
    assert errors(found) == ["verify_params"]
    assert found.differences[0].found == "1x2"


def test_missing_weights_are_found() -> None:
    def change(file: Any) -> None:
        del file[KERNEL]

    found = held(weights_changed(change))
    assert [one.message for one in found.differences] == [
        "the weights of `stem_1_conv` have no kernel"
    ]


def refused(change: Callable[[Any], None]) -> str:
    with pytest.raises(Rejected) as caught:
        held(weights_changed(change))
    return caught.value.diagnostic.message


def test_links_to_other_files_are_not_followed(tmp_path: Path) -> None:
    import h5py

    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = [1.0]

    def external(file: Any) -> None:
        del file[KERNEL]
        file[KERNEL] = h5py.ExternalLink(str(secret), "/secret")

    def soft(file: Any) -> None:
        file["layers/more"] = h5py.SoftLink("/layers/conv2d")

    def raw(file: Any) -> None:
        del file[KERNEL]
        file.create_dataset(KERNEL, (3, 3, 3, 16), "f4", external=[(str(secret), 0, 1728)])

    def virtual(file: Any) -> None:
        del file[KERNEL]
        layout = h5py.VirtualLayout((1,), "f4")
        layout[:] = h5py.VirtualSource(str(secret), "secret", (1,))
        file.create_virtual_dataset(KERNEL, layout)

    assert "is a link to somewhere else" in refused(external)
    assert "is a link to somewhere else" in refused(soft)
    assert "is in another file" in refused(raw)
    assert "is in another file" in refused(virtual)


def test_weights_that_unpack_to_gigabytes_are_not_unpacked() -> None:
    def change(file: Any) -> None:
        file.create_dataset("layers/huge", (10**12,), "f4", chunks=(10**6,), compression="gzip")

    assert "is too large" in refused(change)


def test_groups_in_a_circle_are_refused() -> None:
    def change(file: Any) -> None:
        file["layers/again"] = file["layers"]

    assert "under another name" in refused(change)


def test_damaged_weights_are_refused() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small_file())) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data[: len(data) // 3] if name.endswith(".h5") else data)
    with pytest.raises(Rejected) as caught:
        held(made.getvalue())
    assert "the weights in `model.keras` cannot be read" in caught.value.diagnostic.message


def test_a_custom_layer_is_named_and_nothing_behind_it(tmp_path: Path) -> None:
    import keras

    class Attention(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x * 2.0

    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, padding="same")(image)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.ReLU(6.0)(Attention(name="attention")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    file = saved(keras.Model(image, keras.layers.Dense(4)(x)), tmp_path)
    found = held(file, small.manifest(OUTER))
    first, *rest = [one for one in found.differences if one.level == "error"]
    assert first.message == "the layer `attention` (Attention) cannot be seen into"
    assert first.notes == ("`Attention` is a custom layer",)
    assert all("attention" in one.message or "attention" in str(one.found) for one in rest)
