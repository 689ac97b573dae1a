"""`.h5` files, of Keras 2 and of Keras 3: read as data, checked against manifests, and loaded."""

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import archc
from archc.diagnostics.model import Diagnostic, Rejected
from archc.models.importer.older import GONE, STANDARD, modern
from archc.models.quantization.keras_file import load, read
from archc.models.verify import Verification, verify
from support import older

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]

SPEC = """
arch tiny {
    target stm32n6(allow = [softmax])
    input image: 8 x 8 x 3
    stage stem(channels = 8) { conv(kernel = 3x3) relu6 dwconv(3x3) batchnorm }
    head { global_average_pool dense(4) softmax }
}
"""


@cache
def manifest() -> dict[str, Any]:
    return archc.compile_text(SPEC).manifest


def layers() -> list[older.Item]:
    """The network as one would write it in Keras 2, under Keras' own names."""
    same: dict[str, Any] = {"padding": "same", "dilation_rate": [1, 1], "groups": 1}
    initial = {"kernel_initializer": {"class_name": "HeNormal", "config": {"seed": None}}}
    return [
        older.image(8, 8, 3, name="input_1"),
        older.layer(
            "Conv2D", "conv2d", "input_1", filters=8, kernel_size=[3, 3], **same, **initial
        ),
        older.layer("ReLU", "re_lu", "conv2d", max_value=6.0, negative_slope=0.0, threshold=0.0),
        older.layer("DepthwiseConv2D", "dw", "re_lu", kernel_size=[3, 3], use_bias=False, **same),
        older.layer("BatchNormalization", "bn", "dw", axis=[3], epsilon=0.001, momentum=0.99),
        older.layer("GlobalAveragePooling2D", "gap", "bn"),
        older.layer("Dense", "dense", "gap", units=4, activation="softmax"),
    ]


@cache
def weights() -> older.Weights:
    import numpy as np

    values = np.random.RandomState(0)

    def some(*shape: int) -> Any:
        return values.uniform(0.1, 1, shape).astype("float32")

    return {
        "input_1": {},
        "conv2d": {"conv2d/kernel:0": some(3, 3, 3, 8), "conv2d/bias:0": some(8)},
        "re_lu": {},
        "dw": {"dw/depthwise_kernel:0": some(3, 3, 8, 1)},
        "bn": {f"bn/{name}:0": some(8) for name in ("gamma", "beta", "mean", "variance")},
        "gap": {},
        "dense": {"dense/kernel:0": some(8, 4), "dense/bias:0": some(4)},
    }


def held(data: bytes, name: str = "m.h5") -> Verification:
    return verify(manifest(), name, data)


def refused(data: bytes, folder: Path) -> Diagnostic:
    (folder / "m.h5").write_bytes(data)
    with pytest.raises(Rejected) as caught:
        load(read(str(folder / "m.h5")))
    return caught.value.diagnostic


# --- verified ----------------------------------------------------------------------------------


def test_a_file_of_keras_2_is_its_network() -> None:
    found = held(older.file(older.functional(layers()), weights()))
    assert [one.message for one in found.differences] == ["7 layers have another name"]
    assert found.kind == "h5"
    assert found.summary.endswith("Keras 2.4.0")
    assert any(part.startswith("weights: shape of every variable") for part in found.compared)


def test_the_one_real_difference_is_named() -> None:
    other = layers()
    other[3]["config"]["kernel_size"] = [5, 5]
    found = held(older.file(older.functional(other), weights()))
    messages = [one.message for one in found.differences if one.level == "error"]
    assert messages[0] == "the layer `stem_1_dwconv` (here `dw`) has 200 parameters, not 72"
    assert messages[1:] == ["the weights of `dw` have a kernel of other shape"]


def test_weights_of_keras_2_are_looked_at() -> None:
    import numpy as np

    spoilt = {**weights(), "dense": {"dense/kernel:0": np.full((8, 4), np.nan, "float32")}}
    messages = [
        one.message for one in held(older.file(older.functional(layers()), spoilt)).differences
    ]
    assert "the kernel of `dense` holds values that are not numbers" in messages
    assert "the weights of `dense` have no bias" in messages


def test_files_of_keras_3_are_read_too(tmp_path: Path) -> None:
    model = archc.compile_text(SPEC).build_model()
    model.compile("adam", "mse")
    model.save(tmp_path / "m.h5")
    found = held((tmp_path / "m.h5").read_bytes())
    assert found.differences == ()


def test_archives_of_keras_2_are_read_too() -> None:
    """Keras 2.13 and later write `.keras` archives, with calls as Keras 2 lists them."""
    made = io.BytesIO()
    config = older.functional(layers())
    config["module"] = "keras.src.engine.functional"
    for one in config["config"]["layers"]:
        one["module"], one["registered_name"] = "keras.layers", None
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        archive.writestr("config.json", json.dumps(config))
    found = held(made.getvalue(), "m.keras")
    assert [one.message for one in found.differences] == [
        "the archive contains no weights",
        "7 layers have another name",
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"\x10\0\0\0TFL3", "it is a TFLite file"),
        (b"version https://git-lfs.github.com/spec/v1", "the pointer that Git LFS leaves"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "cannot be read"),
    ],
)
def test_what_is_no_such_file_is_named(data: bytes, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        held(data)
    assert said in caught.value.diagnostic.message


def test_weights_alone_are_said_to_be_so() -> None:
    with pytest.raises(Rejected) as caught:
        held(older.file(None, weights()))
    assert "weights alone" in caught.value.diagnostic.message
    assert "load_weights" in (caught.value.diagnostic.help or "")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "contains no model config"),
        ("[" * 5000, "nested deeper"),
        ('{"class_name": "Functional", "config": {"layers": 3}}', "layers"),
    ],
)
def test_configs_that_are_none_are_refused(config: str, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        held(older.file({}, {}, model_config=config))
    assert said in caught.value.diagnostic.message


# --- loaded ------------------------------------------------------------------------------------


def test_a_file_of_keras_2_computes_what_it_did(tmp_path: Path) -> None:
    """The same arrays by NumPy's own sums: a network of dense layers."""
    import numpy as np

    values = np.random.RandomState(1).normal(size=(5, 6)).astype("float32")
    first, second = (np.random.RandomState(n).normal(size=s).astype("float32")
                     for n, s in ((2, (6, 7)), (3, (7, 2))))  # fmt: skip
    bias = np.arange(7, dtype="float32")
    inner = older.functional(
        [older.image(6, name="in"), older.layer("Dense", "a", "in", units=7, activation="relu")],
        "inner",
    )
    config = older.functional(
        [
            older.image(6),
            older.nested(inner, "image"),
            # Keras 2 counts the making of a model as its call 0.
            older.layer("Dense", "b", ("inner", 1), units=2, use_bias=False),
        ]
    )
    arrays = {"inner": {"a/kernel:0": first, "a/bias:0": bias}, "b": {"b/kernel:0": second}}
    (tmp_path / "m.h5").write_bytes(older.file(config, arrays))
    model = load(read(str(tmp_path / "m.h5")))
    wanted = np.maximum(values @ first + bias, 0) @ second
    assert np.abs(model.predict(values, verbose=0) - wanted).max() < 1e-4


def test_a_sequential_model_without_an_input_layer(tmp_path: Path) -> None:
    import numpy as np

    dense = {"name": "a", "units": 2, "use_bias": False, "batch_input_shape": [None, 3]}
    config = {
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [{"class_name": "Dense", "config": dense}]},
    }
    kernel = np.arange(6, dtype="float32").reshape(3, 2)
    (tmp_path / "m.h5").write_bytes(older.file(config, {"a": {"a/kernel:0": kernel}}))
    model = load(read(str(tmp_path / "m.h5")))
    assert model.predict(np.eye(3, dtype="float32"), verbose=0).tolist() == kernel.tolist()


def test_depthwise_layers_load(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(older.file(older.functional(layers()), weights()))
    model = load(read(str(tmp_path / "m.h5")))
    assert model.get_layer("dw").weights[0].shape == (3, 3, 8, 1)
    kept = weights()["bn"]["bn/variance:0"]
    assert model.get_layer("bn").moving_variance.numpy().tolist() == kept.tolist()


def test_groups_that_mean_something_are_not_dropped(tmp_path: Path) -> None:
    other = layers()
    other[3]["config"]["groups"] = 2
    said = refused(older.file(older.functional(other), weights()), tmp_path)
    assert "cannot load" in said.message
    assert "groups" in " ".join(said.notes)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    arrays = {**weights(), "dense": {}}
    said = refused(older.file(older.functional(layers()), arrays), tmp_path)
    assert said.message == (
        f"the weights of the layer `dense` in `{tmp_path}/m.h5` are not those that it has"
    )
    assert said.notes == ("it has 2, and 0 are stored",)


def test_custom_layers_are_named(tmp_path: Path) -> None:
    other = [*layers(), older.layer("Foo", "foo", "dense")]
    said = refused(older.file(older.functional(other), weights()), tmp_path)
    assert said.code == "verify_code"
    assert "the layer `foo` of" in said.message
    assert "is a custom layer: `Foo`" in said.message


def test_functions_that_keras_2_recorded_are_named(tmp_path: Path) -> None:
    other = [*layers(), older.layer("TFOpLambda", "tf.math.add", "dense", function="math.add")]
    said = refused(older.file(older.functional(other), weights()), tmp_path)
    assert "the layer `tf.math.add` of" in said.message
    assert "a TensorFlow function that Keras 2 recorded" in said.message


def test_code_is_not_run(tmp_path: Path) -> None:
    code = {"class_name": "__lambda__", "config": {"code": "4wEA", "defaults": None}}
    other = [*layers(), older.layer("Lambda", "evil", "dense", function=code)]
    said = refused(older.file(older.functional(other), weights()), tmp_path)
    assert "the layer `evil` of" in said.message
    assert "is a Lambda" in said.message


def test_the_standard_layers_are_those_of_keras() -> None:
    import keras

    models = {"Functional", "Model", "Sequential"}
    assert {name for name in STANDARD - models if not hasattr(keras.layers, name)} == set()
    assert not any(hasattr(keras.layers, name) for name in GONE)


def test_a_config_of_keras_3_keeps_its_calls() -> None:
    import keras

    image = keras.Input((4,), name="image")
    x = keras.layers.Add(name="sum")([image, keras.layers.Dense(4, name="dense")(image)])
    config = json.loads(keras.Model(image, x, name="net").to_json())
    calls = [one["inbound_nodes"] for one in config["config"]["layers"]]
    assert [one["inbound_nodes"] for one in modern(config)["config"]["layers"]] == calls
