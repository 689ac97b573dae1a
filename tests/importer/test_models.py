"""Keras models, ours and those of others, against what Keras itself says of them."""

import doctest
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given

import archc
import archc.api
from archc.ops.base import OPERATORS
from archc.ops.composite import Composite
from archc.ops.recognise import KerasLayer
from support import shipped
from support.checking import compiled
from support.keras_models import randomise
from support.profiles import Tally, share
from support.strategies import Spec, specs

pytestmark = pytest.mark.keras

AGREED = Tally("specs built with Keras and profiled")

MODELS: dict[str, Callable[[], Any]] = {}
"""Models by what is special about them."""


def made(build: Callable[[], Any]) -> Callable[[], Any]:
    MODELS[build.__name__] = build
    return build


@cache
def built(name: str) -> tuple[Any, dict[str, Any]]:
    """A model and its profile."""
    model = MODELS[name]()
    return model, archc.profile_model(model)


def layer_of(model: Any, path: str) -> Any:
    for part in path.split("/"):
        # `layers` of a sequential model leaves out its input.
        layers = [*getattr(model, "operations", ()), *model._layers]
        model = next(layer for layer in layers if layer.name == part)
    return model


def judge_macs(model: Any) -> int:
    """MACs by what Keras has built: elements of a kernel times the positions it is laid over."""
    macs = 0
    calls: dict[str, int] = {}
    if any(hasattr(layer, "layers") for layer in model.layers):
        items = model.get_config()["layers"]
        calls = {one["name"]: len(one["inbound_nodes"]) for one in items}
    for layer in model.layers:
        if hasattr(layer, "layers"):
            macs += calls.get(layer.name, 1) * judge_macs(layer)
            continue
        for node in getattr(layer, "_inbound_nodes", ()):
            kind = type(layer).__name__
            shape = node.outputs[0].shape
            if kind in ("Conv1D", "Conv2D", "DepthwiseConv2D", "Dense"):
                positions = prod(shape[1:-1])
                if getattr(layer, "data_format", "channels_last") == "channels_first":
                    positions = prod(shape[2:])
                macs += prod(layer.kernel.shape) * positions
            elif kind == "SeparableConv2D":
                kernels = prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)
                macs += kernels * prod(shape[1:-1])
            elif kind == "Conv2DTranspose":
                macs += prod(layer.kernel.shape) * prod(node.input_tensors[0].shape[1:-1])
    return macs


def check(model: Any, profile: dict[str, Any]) -> None:
    """Rows and totals are what Keras says."""
    totals = profile["totals"]
    assert totals["params"] == model.count_params()
    assert totals["trainable_params"] == sum(prod(v.shape) for v in model.trainable_weights)
    for key in ("params", "trainable_params", "macs"):
        assert totals[key] == sum(row[key] or 0 for row in profile["layers"])
    unseen = {(one["layer"], what) for one in profile["unseen"] for what in one["unknown"]}
    for row in profile["layers"]:
        layer = layer_of(model, row["name"])
        assert row["class_name"] == type(layer).__name__
        if hasattr(layer, "count_params"):
            assert row["params"] == layer.count_params(), row
        if row["output_shape"] is None:
            assert (row["name"], "output_shape") in unseen
        elif row["class_name"] == "InputLayer":
            assert row["output_shape"] == list(layer.batch_shape[1:])
        else:
            shapes = [node.outputs[0].shape for node in layer._inbound_nodes]
            assert row["output_shape"] in [list(shape[1:]) for shape in shapes], row
        for key in ("params", "macs"):
            if row[key] is None:
                assert (row["name"], key) in unseen, row


# --- models of others ---------------------------------------------------------------------------

PUBLISHED = {"MobileNet": 568_740_352, "MobileNetV2": 300_774_272}
"""MACs that their papers give as 569 and 300 millions."""


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "EfficientNetB0", "ResNet50"])
def test_published_networks_are_seen_as_keras_builds_them(name: str) -> None:
    import keras

    keras.backend.clear_session()
    model = getattr(keras.applications, name)(weights=None)
    profile = archc.profile_model(model)
    check(model, profile)
    totals = profile["totals"]
    assert totals["macs"] == judge_macs(model) == PUBLISHED.get(name, totals["macs"])
    if name == "MobileNetV2":
        # What ST Edge AI prints for this network from Keras (`docs/n6.md`).
        assert totals["stedgeai_macc"] == 320_531_392
    blind = {one["class_name"] for one in profile["unseen"]}
    assert blind == set()
    found = archc.check_n6_compatibility(model, allow=["softmax", "relu", "swish", "zero_pad"])
    assert not [one for one in found if one.code == "stm32n6/unknown_layer"]
    assert profile["deployed"]["left_out"] == []
    # Each is said once, however many layers it is true of.
    said = [(one.code, one.message, one.remedy) for one in archc.check_n6_compatibility(model)]
    assert len(said) == len(set(said))


def test_where_the_converter_fails_is_said_with_a_remedy() -> None:
    import keras

    x = keras.Input((8, 8, 4))
    y = keras.layers.Conv2DTranspose(4, 3, strides=2, use_bias=False, name="up")(x)
    y = keras.layers.Activation("hard_sigmoid", name="gate")(y)
    model = keras.Model(x, keras.layers.Conv2D(8, 1)(y))
    deployed = archc.profile_model(model)["deployed"]
    (failure,) = deployed["failures"]
    assert failure["layers"] == ["up", "gate"]
    assert "TRANSPOSE_CONV" in failure["reason"]
    assert "bias" in failure["remedy"]
    assert deployed["unknown"] == []
    found = archc.check_n6_compatibility(model, allow=["hard_sigmoid", "conv_transpose"])
    (told,) = (one for one in found if one.code == "stm32n6/conversion")
    assert (told.level, told.layer) == ("error", "gate")
    assert told.remedy == failure["remedy"]


@made
def sequential() -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(16, 3, activation="relu6", depth_multiplier=2),
            layers.PReLU(shared_axes=[1, 2]),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


@made
def siamese() -> Any:
    """A nested model that is called on each of two inputs."""
    import keras

    layers = keras.layers
    encoder = keras.Sequential(
        [keras.Input((16, 16, 3)), layers.Conv2D(8, 3), layers.BatchNormalization()], name="encoder"
    )
    one, two = keras.Input((16, 16, 3), name="one"), keras.Input((16, 16, 3), name="two")
    apart = layers.Subtract()([encoder(one), encoder(two)])
    score = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling2D()(apart))
    return keras.Model([one, two], score)


@made
def several_outputs() -> Any:
    import keras

    layers = keras.layers
    inside = keras.Input((16, 16, 3), name="inside")
    both = [layers.Conv2D(8, 1, name="p")(inside), layers.Conv2D(8, 1, name="q")(inside)]
    fork = keras.Model(inside, both, name="fork")
    image = keras.Input((16, 16, 3), name="image")
    p, q = fork(image)
    again, _ = fork(layers.Conv2D(3, 1, name="between")(p))
    return keras.Model(image, {"a": layers.Add()([again, q]), "b": q})


@made
def functions() -> Any:
    """Arithmetic and functions of `keras.ops` that a functional model records."""
    import keras
    from keras import ops

    image = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3)(image)
    x = ops.relu6(x * 2.0 + 1.0) + x
    x = ops.reshape(x, (-1, 14 * 14 * 8))
    return keras.Model(image, ops.mean(x, axis=-1, keepdims=True))


@made
def frozen() -> Any:
    import keras

    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, trainable=False)(image)
    x = keras.layers.BatchNormalization()(x)
    inner = keras.Sequential([keras.Input((6, 6, 8)), keras.layers.Conv2D(4, 1)], trainable=False)
    return keras.Model(image, keras.layers.Conv2D(2, 1)(inner(x)))


@made
def mixed_precision() -> Any:
    import keras

    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(8, 3, dtype="mixed_float16")(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(dtype="mixed_float16")(x))


@made
def one_dimension() -> Any:
    import keras

    layers = keras.layers
    signal = keras.Input((20, 6))
    x = layers.Conv1D(8, 3, activation="relu6")(signal)
    x = layers.MaxPooling1D()(x)
    x = layers.Conv1D(8, 3, padding="causal", dilation_rate=2)(x)
    return keras.Model(signal, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


@made
def dense_on_maps() -> Any:
    import keras

    layers = keras.layers
    image = keras.Input((16, 16, 3))
    squeezed = layers.GlobalAveragePooling2D(keepdims=True)(image)
    gate = layers.Dense(8, activation="sigmoid")(layers.Dense(4, activation="relu6")(squeezed))
    x = layers.Multiply()([layers.Conv2D(8, 1)(image), gate])
    return keras.Model(image, layers.GlobalAveragePooling2D()(layers.Dense(8)(x)))


@made
def with_lambda() -> Any:
    import keras

    layers = keras.layers
    image = keras.Input((16, 16, 3))
    x = layers.Lambda(lambda x: x * 2, name="code")(layers.Conv2D(8, 3)(image))
    return keras.Model(image, layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3)(x)))


@made
def with_lstm() -> Any:
    import keras

    layers = keras.layers
    signal = keras.Input((20, 6))
    out, hidden, carry = layers.LSTM(8, return_state=True, name="memory")(signal)
    return keras.Model(signal, [layers.Dense(4)(out), layers.Concatenate()([hidden, carry])])


@made
def attention() -> Any:
    import keras

    layers = keras.layers
    words = keras.Input((12,), dtype="int32")
    x = layers.Embedding(30, 8)(words)
    x = x + layers.MultiHeadAttention(2, 4, name="heads")(x, x)
    return keras.Model(words, layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x)))


@made
def custom_layer() -> Any:
    import keras

    class Own(keras.layers.Layer):  # type: ignore[misc]
        """Keras cannot save it: its argument is not plain data."""

        def __init__(self, function: Any, **named: Any) -> None:
            super().__init__(**named)
            self.function = function

        def build(self, shape: Any) -> None:
            self.scale = self.add_weight(shape=shape[-1:])

        def call(self, x: Any) -> Any:
            return self.function(x) * self.scale

    image = keras.Input((16, 16, 3))
    x = Own(lambda x: x, name="own")(keras.layers.Conv2D(8, 3)(image))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))


@made
def custom_activation() -> Any:
    import keras

    image = keras.Input((16, 16, 3))
    return keras.Model(image, keras.layers.Conv2D(8, 3, activation=lambda x: x, name="own")(image))


@made
def channels_first() -> Any:
    import keras

    image = keras.Input((3, 16, 16))
    first = {"data_format": "channels_first"}
    x = keras.layers.Conv2D(8, 3, name="first", **first)(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D(**first)(x))


@made
def open_axes() -> Any:
    import keras

    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(8, 3, name="conv")(image)
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(x))


@made
def own_training_step() -> Any:
    import keras

    class Trained(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            vector = keras.Input((4,))
            super().__init__(vector, keras.layers.Dense(3)(vector))

        def train_step(self, data: Any) -> Any:
            return {}

    return Trained()


BLIND = {
    "with_lambda": {"code"},
    "with_lstm": {"memory"},
    "attention": {"heads"},
    "custom_layer": {"own"},
    "open_axes": {"conv"},
}
"""Layers whose MACs are not known."""


@pytest.mark.parametrize("name", MODELS)
def test_rows_and_totals_are_what_keras_says(name: str) -> None:
    model, profile = built(name)
    check(model, profile)
    without_macs = {row["name"] for row in profile["layers"] if row["macs"] is None}
    if name == "open_axes":
        assert without_macs >= BLIND[name]
    else:
        assert without_macs == BLIND.get(name, set())
        assert profile["totals"]["macs"] == judge_macs(model)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("with_lambda", "code"),
        ("with_lstm", "memory"),
        ("attention", "heads"),
        ("custom_layer", "own"),
        ("custom_activation", "own"),
        ("channels_first", "first"),
        ("open_axes", "image"),
    ],
)
def test_what_is_not_known_is_an_error_of_the_check_and_never_supported(
    name: str, layer: str
) -> None:
    model, profile = built(name)
    assert layer in {one["layer"] for one in profile["unseen"]}
    rows = {row["name"]: row for row in profile["layers"]}
    assert not rows[layer]["supported"]
    found = archc.check_n6_compatibility(model)
    assert layer in {name for one in found if one.level == "error" for name in one.layers}
    deployed = profile["deployed"]
    nothing = name in ("open_axes", "channels_first")
    assert deployed is None if nothing else layer in deployed["left_out"]


def test_a_class_that_is_not_known_can_be_allowed_and_is_to_be_confirmed() -> None:
    model, _ = built("with_lambda")
    (finding,) = archc.check_n6_compatibility(model, allow=["Lambda"])
    assert (finding.code, finding.level) == ("stm32n6/unknown_layer", "warning")
    assert "stedgeai" in str(finding.remedy)


def test_a_recurrent_layer_cannot_be_allowed() -> None:
    model, _ = built("with_lstm")
    found = archc.check_n6_compatibility(model, allow=["LSTM", "concat"])
    assert [one.code for one in found if one.level == "error"] == ["stm32n6/unmapped"]


@pytest.mark.filterwarnings("ignore:.*build")  # of Keras, that a layer is not built
def test_a_subclassed_model_is_listed_with_its_parameters_and_nothing_else() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.unused = keras.layers.Conv2D(4, 3), keras.layers.Dense(3)
            self.scale = self.add_weight(shape=(5,), trainable=False)

        def call(self, x: Any) -> Any:
            return self.conv(x)

    model = Own()
    with pytest.raises(archc.ArchError, match="is not built"):
        archc.profile_model(model)
    model(keras.ops.ones((1, 8, 8, 3)))
    profile = archc.profile_model(model)
    rows = [(row["class_name"], row["params"], row["macs"]) for row in profile["layers"]]
    assert rows == [("Conv2D", 112, None), ("Dense", None, None), ("Own", 5, None)]
    assert profile["totals"]["params"] == model.count_params() == 117
    assert profile["unseen"][0]["reason"] == "its class `Own` has a `call` of its own"
    (finding,) = archc.check_n6_compatibility(model)
    assert finding.level == "error"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, which uses NumPy 1's way
def test_a_layer_that_keras_has_quantised_is_not_seen() -> None:
    import keras

    vector = keras.Input((8,))
    layer = keras.layers.Dense(4, name="dense")
    model = keras.Model(vector, layer(vector))
    layer.quantize("int8")
    profile = archc.profile_model(model)
    assert profile["totals"]["params"] == model.count_params() == 40
    assert profile["unseen"][0]["reason"] == "its weights are already quantised by Keras"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda keras: keras.Sequential([keras.layers.Dense(3)]), "is not built"),
        (lambda keras: keras.Sequential(), "is not built"),
        (lambda keras: keras.layers.Dense(3), "a Keras 3 model is needed"),
        (lambda keras: "model.keras", "a Keras 3 model is needed"),
        (lambda keras: None, "a Keras 3 model is needed"),
    ],
)
@pytest.mark.parametrize("call", [archc.profile_model, archc.check_n6_compatibility])
def test_what_is_no_model_is_a_clear_error(call: Any, make: Any, said: str) -> None:
    import keras

    with pytest.raises(archc.ArchError, match=said) as caught:
        call(make(keras))
    assert caught.value.diagnostics[0].help


@pytest.mark.parametrize(
    "named", [{"allow": ["sofmax"]}, {"allow": "relu"}, {"io": "int16"}, {"board": "uno"}]
)
def test_an_option_that_is_not_known_is_a_clear_error(named: Any) -> None:
    model, _ = built("mixed_precision")
    with pytest.raises(archc.ArchError) as caught:
        archc.check_n6_compatibility(model, **named)
    assert caught.value.diagnostics[0].help


def test_reading_a_model_leaves_it_as_it_was() -> None:
    model, _ = built("custom_layer")
    before = [dict(layer.__dict__) for layer in model.layers]
    archc.check_n6_compatibility(model)
    assert [dict(layer.__dict__) for layer in model.layers] == before


def test_the_documented_examples_hold() -> None:
    finder = doctest.DocTestFinder(recurse=False)
    runner = doctest.DocTestRunner()
    for function in (archc.profile_model, archc.check_n6_compatibility):
        for example in finder.find(function, globs={}):
            runner.run(example)
    assert (runner.tries, runner.failures) == (13, 0)


# --- operators of the language ------------------------------------------------------------------

ARGUMENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "conv": ({"channels": 6, "kernel": (3, 2), "stride": (2, 1), "bias": True, "groups": 2},),
    "dwconv": ({"kernel": (3, 3), "dilation": (2, 1), "bias": False, "padding": "valid"},),
    "conv_transpose": ({"channels": 4, "kernel": (3, 3), "stride": (2, 2), "bias": False},),
    "dense": ({"units": 3}, {"units": 3, "bias": False}),
    "reshape": ({"shape": (8, 8, 4)},),
    "max_pool": ({"window": (2, 2)}, {"window": (3, 2), "stride": (1, 2), "padding": "same"}),
    "average_pool": ({"window": (2, 2)},),
    "zero_pad": ({"before": (1, 2), "after": (0, 1)},),
    "upsample": (
        *({}, {"scale": (1, 3)}, {"scale": (1, 1)}),
        {"scale": (1, 3), "interpolation": "bilinear"},
    ),
    "global_average_pool": ({}, {"keepdims": True}),
    "relu": ({}, {"max": Fraction(4)}),
    "batchnorm": ({}, {"scale": False}, {"center": False}, {"scale": False, "center": False}),
    "rescale": ({"scale": Fraction(1, 2)}, {"scale": Fraction(-1), "offset": Fraction(3)}),
    "normalise": (
        {"mean": (Fraction(1, 2),)},
        {"mean": (Fraction(1, 2),) * 4, "variance": (Fraction(2),) * 4},
    ),
    "slice": ({"first": 0, "count": 3}, {"first": 1, "count": 2}),
    "crop": ({"before": (1, 2), "after": (0, 1)}, {"before": (2, 2)}),
    "permute": ({"order": (2, 1, 3)}, {"order": (3, 1, 2)}),
    "resize": (
        *({"size": (12, 5)}, {"size": (4, 4)}),
        {"size": (16, 8), "interpolation": "bilinear"},
    ),
}


@pytest.mark.parametrize(
    "keyword", [name for name, op in OPERATORS.items() if not issubclass(op, Composite)]
)
def test_every_operator_knows_its_layer_again(keyword: str) -> None:
    """The config that Keras writes of an operator's layer gives the operator."""
    import keras

    for arguments in ARGUMENTS.get(keyword, ({},)):
        op = OPERATORS[keyword](**arguments)
        shape = (8,) if keyword == "dense" else (8, 8, 4)
        shapes = (shape, shape) if op.bodies else (shape,)
        call = op.keras(op.infer(*shapes), *shapes)
        given = [argument.value for argument in call.arguments if argument.positional]
        named = {a.keyword: a.value for a in call.arguments if not a.positional}
        layer = getattr(keras.layers, call.class_name)(*given, **named)
        saved = KerasLayer(call.class_name, layer.get_config(), len(shape) + 1, shape)
        known = [o for o in (each.from_keras(saved) for each in OPERATORS.values()) if o]
        assert known == [op]


# --- agreement with manifests -------------------------------------------------------------------

SMALL = ("dscnn_a025", "dscnn_a05", "dscnn_a05_ir_se_attn", "squeezenet", "mobilenet_v3_small")


def agree(model: Any, manifest: dict[str, Any]) -> None:
    """A profile of a generated model is its manifest."""
    profile = archc.profile_model(model, io=manifest["inputs"][0]["dtype"])
    assert profile["unseen"] == []
    keys = ("name", "class_name", "inputs", "output_shape", "params", "trainable_params", "macs")
    rows = {row["name"]: row for row in profile["layers"]}
    assert len(rows) == len(profile["layers"]) == len(manifest["layers"])
    for expected in manifest["layers"]:
        row = rows[expected["name"]]
        assert set(row) == set(expected)
        for key in (*keys, "activation_bytes"):
            wanted = expected[key]
            if key == "inputs":  # a layer that is read twice is named once
                wanted = list(dict.fromkeys(wanted))
            assert row[key] == wanted, (row["name"], key)
    assert profile["totals"] == manifest["totals"]
    deployed = profile["deployed"]
    for key in ("operators", "weight_bytes"):
        assert deployed[key] == manifest["deployed"][key]


@pytest.mark.parametrize("name", [name for name in SMALL if name in shipped.NAMES])
def test_shipped_networks_agree_with_their_manifests(name: str) -> None:
    model, manifest = shipped.module(name)["build_model"](), shipped.compiled(name).manifest
    agree(model, manifest)
    profile = archc.profile_model(model)
    target = manifest["target"]
    peak = "peak_activation_bytes"
    assert profile["deployed"][peak] == manifest["deployed"][peak]
    # What the spec allows is for the caller to allow here.
    found = archc.check_n6_compatibility(model)
    said = {
        (one.code, layer)
        for one in found
        if one.code != "stm32n6/open_batch"
        for layer in one.layers or (None,)
    }
    expected = {
        (one["code"], one["layer"])
        for one in target["findings"]
        if one["level"] != "note" and one["code"] != "stm32n6/allow"
    }
    assert said == expected
    rows = {row["name"]: row["supported"] for row in profile["layers"]}
    assert rows == {row["name"]: row["supported"] for row in manifest["layers"]}


def test_the_reference_network_has_nothing_against_it() -> None:
    assert archc.check_n6_compatibility(shipped.module("dscnn_a05")["build_model"]()) == []
    notes = archc.check_n6_compatibility(shipped.module("dscnn_a05")["build_model"](), notes=True)
    assert {one.level for one in notes} == {"note"}


def test_random_weights_change_nothing() -> None:
    model = shipped.module("dscnn_a05")["build_model"]()
    before = archc.profile_model(model)
    randomise(model)
    assert archc.profile_model(model) == before


@share(0.25)
@given(specs())
def test_generated_networks_agree_with_their_manifests(spec: Spec) -> None:
    import keras

    compilation = compiled(spec.text)
    assume(not compilation.failed)
    network = compilation.networks[-1]
    assume(network.manifest["totals"]["params"] < 300_000)
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(network.module, f"{network.name}.py", "exec"), namespace)
    keras.backend.clear_session()
    agree(namespace["build_model"](), network.manifest)
    AGREED.add(spec.text, True)


def test_a_model_is_judged_by_a_target_file_too(tmp_path: Path) -> None:
    """In the words of the file, and with its rules alone."""
    file = tmp_path / "mine.toml"
    file.write_text(
        'name = "mine"\nextends = "stm32n6"\n'
        '[[rules]]\nname = "channel_alignment"\nlimits = { multiple = 16 }\n'
        '[[tiers]]\nname = "recurrent"\nmeaning = "is what our board never runs"\n'
    )
    model, _ = built("with_lstm")
    found = archc.check_n6_compatibility(model, target=str(file), allow=["concat"])
    (told,) = (one for one in found if one.code == "mine/unmapped")
    assert told.message == "`LSTM` is what our board never runs; it cannot be allowed"
    assert all(one.code.startswith("mine/") for one in found)
    import keras

    image = keras.Input((8, 8, 8), batch_size=1)
    x = keras.layers.Conv2D(8, 1)(image)
    aligned = keras.Model(image, keras.layers.Conv2D(8, 1)(x))
    assert archc.check_n6_compatibility(aligned) == []
    narrow = archc.check_n6_compatibility(aligned, target=str(file))
    assert [one.code for one in narrow] == ["mine/channel_alignment"]
    assert 'pass `allow=["channel_alignment"]`' in str(narrow[0].remedy)
    with pytest.raises(archc.ArchError, match="no target"):
        archc.profile_model(model, target="stm32n7")
