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
from archc.verify import Verification, verify
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
    assert "lies in another file" in refused(raw)
    assert "lies in another file" in refused(virtual)


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
