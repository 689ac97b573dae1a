"""Fine-tuning with rounded kernels: what the model computes, learns, keeps and saves meanwhile."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import archc
from support.keras_models import randomise

pytestmark = [
    pytest.mark.keras,
    # TensorFlow's variables and NumPy 2, where Keras saves or quantises.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def grid(kernel: Any, axes: tuple[int, ...]) -> Any:
    """A kernel put on its grid, in NumPy and double precision: the judge of the tests here."""
    import numpy as np

    wide = np.asarray(kernel, "float64")
    scale = np.abs(wide).max(axis=axes, keepdims=True) / 127
    steps = wide / np.where(scale == 0, 1, scale)
    return (np.trunc(steps + np.copysign(0.5, steps)) * scale).astype("float32")


AXES = {"Dense": (0,), "DepthwiseConv2D": (0, 1), "Conv2DTranspose": (0, 1, 3)}
"""Axes that share a scale; of all other kernels all but the last."""


def on_grid(model: Any) -> Any:
    """A copy of a model whose kernels were put on their grids by hand."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for layer in copy.layers:
        if hasattr(layer, "kernel"):
            axes = AXES.get(type(layer).__name__, (0, 1, 2))
            layer.kernel.assign(grid(layer.kernel, axes))
    return copy


def network(**knobs: Any) -> Any:
    """One layer of every kind with a kernel, random weights."""
    import keras

    layers = keras.layers
    image = keras.Input((8, 8, 3), name="image")
    x = layers.Conv2D(6, 3, use_bias=False, name="conv", **knobs)(image)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.ReLU(6.0, name="relu6")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False, name="dwconv")(x)
    x = layers.BatchNormalization(name="bn_2")(x)
    x = layers.Conv2DTranspose(5, 2, activation="relu", name="transpose")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(4, activation="softmax", name="dense")(x)
    model = keras.Model(image, x, name="net")
    randomise(model)
    return model


def batch(count: int = 32, classes: int = 4) -> tuple[Any, Any]:
    import numpy as np

    generator = np.random.default_rng(3)
    images = generator.normal(size=(count, 8, 8, 3)).astype("float32")
    return images, generator.integers(0, classes, count)


def compiled(model: Any, rate: float = 0.05, **arguments: Any) -> Any:
    import keras

    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", **arguments)
    return model


def values(model: Any) -> dict[str, Any]:
    return {weight.path: weight.numpy().copy() for weight in model.weights}


def test_computes_with_kernels_on_the_grid_and_keeps_the_float_ones() -> None:
    import numpy as np

    model, (images, _) = network(), batch()
    before, plain = values(model), model.predict(images, verbose=0)
    with archc.shadow_quantised(model) as report:
        inside = model.predict(images, verbose=0)
        np.testing.assert_array_equal(model(images), model(images, training=True))
    assert report.kernels == ("conv", "dwconv", "transpose", "dense")
    assert report.frozen == ("bn", "bn_2")
    np.testing.assert_allclose(inside, on_grid(model).predict(images, verbose=0), atol=1e-6)
    assert np.abs(inside - plain).max() > 1e-3
    np.testing.assert_array_equal(model.predict(images, verbose=0), plain)
    for path, value in values(model).items():
        np.testing.assert_array_equal(value, before[path])


def test_gradient_is_that_of_the_grid_and_reaches_the_float_kernels() -> None:
    """Straight-through: the gradient at the rounded kernels, applied to the float ones."""
    import numpy as np

    model, (images, labels) = network(), batch()
    by_hand = on_grid(model)
    before, rounded_before = values(model), values(by_hand)
    for layer in by_hand.layers:
        if layer.name in ("bn", "bn_2"):
            layer.trainable = False  # Keras' own way of freezing it
    with archc.shadow_quantised(model):
        compiled(model).fit(images, labels, len(images), verbose=0)
    compiled(by_hand).fit(images, labels, len(images), verbose=0)
    after, rounded_after = values(model), values(by_hand)
    for path, value in after.items():
        step, expected = value - before[path], rounded_after[path] - rounded_before[path]
        np.testing.assert_allclose(step, expected, atol=1e-6, err_msg=path)
        moves = path.split("/")[0] not in ("bn", "bn_2")
        assert (np.abs(step).max() > 1e-5) == moves, path
    kernel = model.get_layer("conv").kernel.numpy()
    assert np.abs(kernel - grid(kernel, (0, 1, 2))).max() > 1e-4


def test_batchnorm_is_frozen_inside_and_free_outside() -> None:
    import numpy as np

    model, (images, labels) = network(), batch()
    model.get_layer("bn_2").gamma.trainable = False
    flags = [(weight.path, weight.trainable) for weight in model.weights]
    before = values(model)
    with archc.shadow_quantised(model):
        compiled(model).fit(images, labels, epochs=2, verbose=0)
    assert [(weight.path, weight.trainable) for weight in model.weights] == flags
    for path, value in values(model).items():
        same = path.startswith("bn")
        assert np.array_equal(value, before[path]) == same, path
    model.fit(images, labels, verbose=0)  # with the optimizer that was compiled inside
    after = values(model)
    for name in ("bn/gamma", "bn/beta", "bn/moving_mean", "bn_2/beta"):
        assert not np.array_equal(after[name], before[name]), name
    assert np.array_equal(after["bn_2/gamma"], before["bn_2/gamma"])


@pytest.mark.parametrize(
    "how", [{"run_eagerly": True}, {"jit_compile": True}, {"steps_per_execution": 2}], ids=str
)
def test_every_way_of_running_a_step_learns_the_same(how: dict[str, Any]) -> None:
    import numpy as np

    images, labels = batch()
    plain, other = network(), network()
    for model, arguments in ((plain, {}), (other, how)):
        with archc.shadow_quantised(model):
            compiled(model, **arguments).fit(images, labels, 8, shuffle=False, verbose=0)
    for expected, actual in zip(plain.weights, other.weights, strict=True):
        np.testing.assert_allclose(actual, expected, atol=2e-5)


def test_an_optimizer_from_before_goes_on() -> None:
    model, (images, labels) = network(), batch()
    compiled(model).fit(images, labels, verbose=0)
    optimizer = model.optimizer
    with archc.shadow_quantised(model):
        model.fit(images, labels, verbose=0)
    assert model.optimizer is optimizer
    model.fit(images, labels, verbose=0)


def archive(path: Path) -> dict[str, Any]:
    """The config of a saved model, without its compilation and times."""
    with zipfile.ZipFile(path) as file:
        return json.loads(file.read("config.json"))


def test_what_is_saved_is_the_plain_model(tmp_path: Path) -> None:
    """By a checkpoint inside and by `save` after it; loading warns of nothing."""
    import keras
    import numpy as np

    model, (images, labels) = network(), batch()
    model.save(tmp_path / "before.keras")
    checkpoint = keras.callbacks.ModelCheckpoint(str(tmp_path / "inside.keras"))
    with archc.shadow_quantised(model):
        compiled(model).fit(images, labels, callbacks=[checkpoint], verbose=0)
        model.save_weights(tmp_path / "inside.weights.h5")
    model.save(tmp_path / "after.keras")
    before = archive(tmp_path / "before.keras")["config"]
    for name in ("inside", "after"):
        saved = archive(tmp_path / f"{name}.keras")
        assert saved["config"] == before
        layers = saved["config"]["layers"]
        assert {layer["module"] for layer in layers} == {"keras.layers"}
        assert all(hasattr(keras.layers, layer["class_name"]) for layer in layers)
        loaded = keras.models.load_model(tmp_path / f"{name}.keras", compile=name == "after")
        assert [type(layer) for layer in loaded.layers] == [type(x) for x in model.layers]
        for one, other in zip(loaded.weights, model.weights, strict=True):
            np.testing.assert_array_equal(one, other)
    fresh = network()
    fresh.load_weights(tmp_path / "inside.weights.h5")
    np.testing.assert_array_equal(fresh.get_weights()[0], model.get_weights()[0])
    again = keras.models.load_model(tmp_path / "after.keras")
    again.fit(images, labels, verbose=0)


def test_an_error_inside_restores_everything() -> None:
    import numpy as np

    model, (images, labels) = network(), batch()
    plain = model.predict(images, verbose=0)
    flags = [weight.trainable for weight in model.weights]
    own = [set(vars(layer)) for layer in model.layers]

    def fails() -> None:
        with archc.shadow_quantised(model):
            model.predict(images, verbose=0)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert [weight.trainable for weight in model.weights] == flags
    assert [set(vars(layer)) for layer in model.layers] == own
    np.testing.assert_array_equal(model.predict(images, verbose=0), plain)
    with archc.shadow_quantised(model):
        compiled(model).fit(images, labels, verbose=0)


def test_regularisers_and_constraints_see_the_float_kernels() -> None:
    import keras
    import numpy as np

    model = network(
        kernel_regularizer=keras.regularizers.L2(0.5), kernel_constraint=keras.constraints.NonNeg()
    )
    images, labels = batch()
    kernel = model.get_layer("conv").kernel.numpy()
    with archc.shadow_quantised(model):
        np.testing.assert_allclose(model.losses[0], 0.5 * np.sum(kernel**2), rtol=1e-5)
        compiled(model).fit(images, labels, verbose=0)
    assert model.get_layer("conv").kernel.numpy().min() == 0


def test_mixed_precision_rounds_in_full_precision() -> None:
    """Kernels near 1e-3: in half precision their scales would be wrong by several per cent."""
    import keras
    import numpy as np

    image = keras.Input((1, 1, 8))
    layer = keras.layers.Conv2D(4, 1, use_bias=False, dtype="mixed_float16")
    model = keras.Model(image, layer(image))
    kernel = np.random.default_rng(5).normal(0, 1e-3, (1, 1, 8, 4)).astype("float32")
    layer.kernel.assign(kernel)
    ones = np.eye(8, dtype="float32").reshape(8, 1, 1, 8)
    with archc.shadow_quantised(model):
        seen = np.asarray(model(ones))  # each image picks a row of the kernel
        model.compile(keras.optimizers.SGD(1e-3), "mse")
        model.fit(ones, np.ones((8, 1, 1, 4)), verbose=0)
    assert seen.dtype == np.float16
    expected = grid(kernel, (0, 1, 2)).astype("float16").reshape(8, 4)
    np.testing.assert_array_equal(seen.reshape(8, 4), expected)
    assert layer.kernel.dtype == "float32"
    assert not np.array_equal(layer.kernel, kernel)


def test_nested_shared_and_sequential_models() -> None:
    import keras
    import numpy as np

    layers = keras.layers
    tower = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="inner")])
    tower.add(layers.BatchNormalization(name="norm"))
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    x = layers.Subtract()([tower(left), tower(right)])  # called twice
    model = keras.Model([left, right], layers.Dense(4, name="outer")(layers.Flatten()(x)))
    randomise(tower)
    images, labels = batch()
    data = [images, images[::-1]]
    plain = tower.predict(images, verbose=0)
    with archc.shadow_quantised(model) as report:
        assert sorted(report.kernels) == ["inner", "outer"]
        assert report.frozen == ("norm",)
        rounded = tower.predict(images, verbose=0)
        np.testing.assert_allclose(rounded, on_grid(tower).predict(images, verbose=0), atol=1e-5)
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        before = tower.get_layer("inner").kernel.numpy()
        model.fit(data, labels, verbose=0)
    assert np.abs(rounded - plain).max() > 1e-3
    assert not np.array_equal(before, tower.get_layer("inner").kernel)


def test_a_model_with_its_own_train_step() -> None:
    import keras
    import numpy as np

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            self.steps = getattr(self, "steps", 0) + 1
            return super().train_step(data)

    plain = network()
    model = Own(plain.inputs, plain.outputs)
    images, labels = batch()
    before = plain.get_layer("conv").kernel.numpy()
    with archc.shadow_quantised(model):
        compiled(model).fit(images, labels, verbose=0)
    assert model.steps >= 1
    assert not np.array_equal(before, plain.get_layer("conv").kernel)


def test_layers_that_are_left_learn_in_float() -> None:
    import keras
    import numpy as np

    image = keras.Input((8, 8))
    x = keras.layers.GRU(4, name="gru")(keras.layers.Conv1D(6, 3, name="conv")(image))
    model = keras.Model(image, keras.layers.Dense(4, activation="softmax", name="dense")(x))
    images, labels = np.ones((8, 8, 8), "float32"), np.zeros(8)
    before = values(model)
    with archc.shadow_quantised(model, leave=["gru", "dense"]) as report:
        assert report == (("conv",), (), ("gru", "dense"))
        compiled(model).fit(images, labels, verbose=0)
    assert not np.array_equal(values(model)["gru/gru_cell/kernel"], before["gru/gru_cell/kernel"])


def test_an_empty_channel_stays_empty_and_learns() -> None:
    import numpy as np

    model, (images, labels) = network(), batch()
    layer = model.get_layer("transpose")
    kernel = layer.kernel.numpy()
    kernel[:, :, 2] = 0
    layer.kernel.assign(kernel)
    layer.bias.assign(np.ones(5, "float32"))  # not below the ReLU
    with archc.shadow_quantised(model):
        assert np.isfinite(compiled(model).evaluate(images, labels, verbose=0))
        model.fit(images, labels, verbose=0)
    assert np.abs(layer.kernel.numpy()[:, :, 2]).max() > 0
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


# --- what is refused ---------------------------------------------------------------------------


def refused(model: Any, **arguments: Any) -> list[str]:
    """What is said of a model; it must be as it was."""
    layers = getattr(model, "layers", [])
    own = [set(vars(layer)) for layer in layers]
    with pytest.raises(archc.ArchError) as caught, archc.shadow_quantised(model, **arguments):
        pass
    assert [set(vars(layer)) for layer in layers] == own
    return [f"{found.message}; {found.help}" for found in caught.value.diagnostics]


def test_layers_whose_rounding_is_not_known_are_all_named() -> None:
    import keras

    class Own(keras.layers.Dense):
        pass

    image = keras.Input((8, 8))
    x = keras.layers.LSTM(4, name="lstm")(keras.layers.Conv1D(6, 3)(image))
    model = keras.Model(image, Own(4, name="own")(x))
    first, second = refused(model)
    assert "`lstm`: how the converter rounds the weights of `LSTM` is not known" in first
    assert "leave=['lstm']" in first
    assert "layer `own`: `Own` is not a Keras layer" in second


def test_other_things_are_refused_with_a_way_out() -> None:
    import keras

    model = network()
    (said,) = refused("net.keras")
    assert "not an object of type `str`" in said
    assert "load_model" in said
    (said,) = refused(keras.Sequential([keras.layers.Conv2D(4, 3)]))
    assert "not built" in said
    image = keras.Input((8, 8, 3))
    (said,) = refused(keras.Model(image, keras.layers.ReLU()(image)))
    assert "no kernel" in said
    (said,) = refused(model, leave=["dnse"])
    assert "no layer `dnse`" in said
    assert "did you mean `dense`?" in said
    (said,) = refused(model, leave="dense")
    assert "write `['dense']`" in said
    with archc.shadow_quantised(model):
        (said,) = refused(model)
    assert "already" in said


def test_quantised_and_adapted_layers_are_refused() -> None:
    import keras

    def dense() -> Any:
        image = keras.Input((8,))
        return keras.Model(image, keras.layers.Dense(4, name="dense")(image))

    model = dense()
    model.get_layer("dense").quantize("int8")
    (said,) = refused(model)
    assert "quantised its weights already" in said
    model = dense()
    model.get_layer("dense").enable_lora(2)
    (said,) = refused(model)
    assert "LoRA" in said
