"""The kernels that training computed with are those in the int8 file, value for value."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import pytest

import archc
from support import digits
from support.keras_models import randomise

pytestmark = [
    pytest.mark.keras,
    # TensorFlow's variables and NumPy 2, where Keras saves.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

AXES = {
    "CONV_2D": (1, 2, 3),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "TRANSPOSE_CONV": (1, 2, 3),
    "FULLY_CONNECTED": (1,),
}
"""Of a filter in a TFLite file, by operator: the axes that share a scale."""


def convert(model: Any, samples: Any) -> bytes:
    """The int8 file of a model, calibrated with samples (count, rows, columns, channels)."""
    import keras
    import tensorflow as tf

    image = keras.Input(batch_shape=(1, *model.input_shape[1:]))
    closed = keras.models.clone_model(model, input_tensors=image)
    closed.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(closed)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: ([sample[None]] for sample in samples)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def interpreter(file: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=file, num_threads=1)


def filters(file: bytes) -> list[tuple[str, Any]]:
    """(operator, int8 values) of every operator with a filter, in the order of the file."""
    import numpy as np

    run = interpreter(file)
    details = {detail["index"]: detail for detail in run.get_tensor_details()}
    found = []
    for op in run._get_ops_details():
        if op["op_name"] in AXES:
            detail = details[int(op["inputs"][1])]
            values = run.get_tensor(detail["index"])
            assert values.dtype == np.int8
            channels = detail["quantization_parameters"]["scales"].size
            shared = np.prod([values.shape[axis] for axis in AXES[op["op_name"]]])
            assert channels * shared == values.size  # a scale for each channel, no more, no fewer
            found.append((op["op_name"], values))
    return found


def steps(values: Any, axes: tuple[int, ...]) -> Any:
    """Which of -127..127 each value of a float kernel is, if it is on the grid at all."""
    import numpy as np

    wide = np.asarray(values, "float64")
    scale = np.abs(wide).max(axis=axes, keepdims=True) / 127
    found = wide / np.where(scale == 0, 1, scale)
    assert np.abs(found - np.round(found)).max() < 1e-3
    return np.round(found).astype(int)


def seen(model: Any) -> list[tuple[str, str, Any]]:
    """(layer, attribute, value) of each kernel as layers read it inside the block."""
    import numpy as np

    caught = []

    def spied(layer: Any, names: list[str]) -> Any:
        plain = layer.call

        def call(*args: Any, **arguments: Any) -> Any:
            for name in names:
                caught.append((layer.name, name, getattr(layer, name).value.numpy()))
            return plain(*args, **arguments)

        return call

    spies = {}
    for layer in model.layers:
        names = [name for name in ("depthwise_kernel", "pointwise_kernel") if hasattr(layer, name)]
        names = ["kernel"] if hasattr(layer, "kernel") else names
        if names:
            spies[layer.name] = vars(layer)["call"] = spied(layer, names)
    with archc.shadow_quantised(model):
        model(np.zeros((1, *model.input_shape[1:]), "float32"))
    for name, spy in spies.items():
        assert vars(model.get_layer(name)).pop("call") is spy
    return caught


def factor(norm: Any) -> Any:
    """By what a folded BatchNorm multiplies each channel."""
    import numpy as np

    gain = 1 / np.sqrt(norm.moving_variance.numpy().astype("float64") + norm.epsilon)
    return gain * norm.gamma.numpy() if norm.scale else gain


def differences(
    model: Any,
    file: bytes,
    behind: dict[str, str] | None = None,
    before: dict[str, tuple[str, ...]] | None = None,
) -> tuple[int, int]:
    """How many int8 values of the file are not those that layers computed with, and of how many.

    Args:
        model: a chain of layers.
        file: what it was converted to.
        behind: the BatchNorm behind a layer: where its factor is negative the channel's sign turns.
        before: the BatchNorms that fold into the inputs of a Dense.
    """
    import numpy as np

    kernels, found = seen(model), filters(file)
    assert len(found) == len(kernels)
    wrong = count = 0
    for (name, attribute, kernel), (operator, values) in zip(kernels, found, strict=True):
        layer = model.get_layer(name)
        kernel = kernel.astype("float64")
        for norm in (before or {}).get(name, ()):
            kernel = kernel * factor(model.get_layer(norm))[:, None]
        if operator == "FULLY_CONNECTED":
            kernel = kernel.T
        elif operator == "DEPTHWISE_CONV_2D":
            kernel = kernel.reshape(1, *kernel.shape[:2], -1)
        elif operator == "TRANSPOSE_CONV":
            kernel = kernel.transpose(2, 0, 1, 3)
        else:
            kernel = kernel.transpose(-1, *range(kernel.ndim - 1)).reshape(values.shape)
        expected = steps(kernel, AXES[operator])
        if name in (behind or {}) and attribute != "depthwise_kernel":
            sign = np.sign(factor(model.get_layer((behind or {})[name]))).astype(int)
            last = operator == "DEPTHWISE_CONV_2D"
            expected = expected * sign.reshape((1, 1, 1, -1) if last else (-1, 1, 1, 1))
        assert np.abs(values - expected).max() <= 1, layer.name
        wrong += int(np.count_nonzero(values != expected))
        count += values.size
    return wrong, count


def noise(*shape: int) -> Any:
    import numpy as np

    return np.random.default_rng(2).normal(size=(4, *shape)).astype("float32")


def test_every_kind_of_kernel_with_folded_batchnorm() -> None:
    """Half of the gammas are negative, one channel is empty, one kernel ends in halves."""
    import keras
    import numpy as np

    layers = keras.layers
    image = keras.Input((10, 10, 3))
    x = layers.Conv2D(6, 3, use_bias=False, name="conv")(image)
    x = layers.BatchNormalization(name="conv_bn")(x)
    x = layers.ReLU(6.0)(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False, name="dwconv")(x)
    x = layers.BatchNormalization(name="dwconv_bn")(x)
    x = layers.ReLU(6.0)(x)
    x = layers.Conv2D(8, 3, groups=2, name="grouped")(x)
    x = layers.BatchNormalization(name="grouped_bn", scale=False)(x)
    x = layers.SeparableConv2D(4, 3, name="separable")(x)
    x = layers.Conv2DTranspose(5, 2, name="transpose")(x)
    x = layers.BatchNormalization(name="transpose_bn")(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(7, name="dense")(x)
    model = keras.Model(image, x)
    randomise(model)
    turned = np.resize([1, -1], 12).astype("float32")
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization) and layer.scale:
            layer.gamma.assign(layer.gamma.numpy() * turned[: layer.gamma.shape[0]])
    kernel = model.get_layer("grouped").kernel.numpy()
    kernel[..., 3] = 0
    model.get_layer("grouped").kernel.assign(kernel)
    # Halves where no BatchNorm is folded: TensorFlow's rsqrt(1) is 0.9999999 on some processors.
    pointwise = model.get_layer("separable").pointwise_kernel
    halves = pointwise.numpy()
    halves[..., 2] = np.resize([127, 0.5, -0.5, 1.5, -2.5], halves[..., 2].shape)
    pointwise.assign(halves)
    behind = {name: f"{name}_bn" for name in ("conv", "dwconv", "grouped", "transpose")}
    file = convert(model, noise(10, 10, 3))
    assert differences(model, file, behind) == (0, sum(v.size for _, v in filters(file)))


def test_batchnorm_before_a_dense_is_rounded_as_it_folds() -> None:
    import keras
    import numpy as np

    layers = keras.layers
    image = keras.Input((6, 6, 3))
    x = layers.Conv2D(5, 3, name="conv")(image)
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.BatchNormalization(name="bn")(x)
    x = layers.Flatten()(x)
    x = layers.BatchNormalization(name="bn_2", scale=False)(x)
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(4, name="folds")(x)
    x = layers.BatchNormalization(name="bn_3")(x)
    x = layers.ReLU()(x)
    x = layers.BatchNormalization(name="bn_4")(x)  # a MUL and an ADD: no bias to take its offset
    x = layers.Dense(4, use_bias=False, name="stays")(x)
    model = keras.Model(image, x)
    randomise(model)
    gamma = model.get_layer("bn").gamma
    gamma.assign(gamma.numpy() * np.array([1, -1, 0, 1, 1]))
    file = convert(model, noise(6, 6, 3))
    assert {op["op_name"] for op in interpreter(file)._get_ops_details()} >= {"MUL", "ADD"}
    # A weight that is multiplied by zero is zero in the file, whatever it was.
    wrong, _ = differences(model, file, before={"folds": ("bn", "bn_2")})
    assert wrong == 0


def test_batchnorm_before_a_dense_of_a_model_that_grew() -> None:
    """Adding a layer to a sequential model calls the others again."""
    import keras

    model = keras.Sequential([keras.Input((6,)), keras.layers.BatchNormalization(name="bn")])
    model.add(keras.layers.Dense(5, name="dense"))
    model.add(keras.layers.ReLU())
    randomise(model)
    file = convert(model, noise(6))
    assert differences(model, file, before={"dense": ("bn",)}) == (0, 30)


def test_convolutions_over_time() -> None:
    import keras

    series = keras.Input((12, 3))
    x = keras.layers.Conv1D(6, 3, activation="relu", name="conv")(series)
    model = keras.Model(series, keras.layers.Dense(4, name="dense")(x))
    randomise(model)
    assert differences(model, convert(model, noise(12, 3))) == (0, 6 * 9 + 24)


# --- on real data ------------------------------------------------------------------------------


def int8_accuracy(file: bytes) -> float:
    """That of a file with a float border on the test digits."""
    import numpy as np

    data, run = digits.data(), interpreter(file)
    run.allocate_tensors()
    given, made = run.get_input_details()[0]["index"], run.get_output_details()[0]["index"]
    scores = []
    for image in data.test_x:
        run.set_tensor(given, image[None])
        run.invoke()
        scores.append(run.get_tensor(made)[0])
    return digits.accuracy(np.array(scores), data.test_y)


def test_fine_tuned_digits(tmp_path: Path) -> None:
    """Not worse than quantising without it, near the float network, and its int8 weights are those
    it was trained with: but for values that stand on the line between two steps, where the
    converter's own rounding of the fold decides."""
    import keras

    data = digits.data()
    trained = digits.trained()
    model = keras.models.clone_model(trained)
    model.set_weights(trained.get_weights())
    keras.utils.set_random_seed(digits.SEED)
    targets = keras.utils.to_categorical(data.train_y, digits.CLASSES)
    with archc.shadow_quantised(model):
        model.compile(keras.optimizers.Adam(3e-4), "binary_crossentropy")
        model.fit(data.train_x, targets, digits.BATCH, epochs=3, verbose=0)
        inside = digits.float_accuracy(model)
    samples = data.train_x[:100]
    before, file = convert(trained, samples), convert(model, samples)
    after = int8_accuracy(file)
    assert after >= int8_accuracy(before) - 0.01
    assert after >= digits.float_accuracy(trained) - 0.02
    assert abs(after - inside) <= 0.01
    names = [layer.name for layer in model.layers]
    behind = {
        name: names[place + 1]
        for place, name in enumerate(names[:-1])
        if "batchnorm" in names[place + 1]
    }
    wrong, count = differences(model, file, behind)
    assert count == sum(values.size for _, values in filters(file))
    assert wrong <= count / 2_000
    model.save(tmp_path / "tuned.keras")
    (tmp_path / "tuned.tflite").write_bytes(file)
    for name in ("tuned.keras", "tuned.tflite"):
        verified = archc.verify_model(digits.compiled().manifest, tmp_path / name)
        assert not verified.differences, verified.differences


def test_planted_outliers_are_tuned_away() -> None:
    """The README's case for fine-tuning. One input of each 1x1 convolution is made to be always
    zero and gets weights of 180 times the largest: the float results do not see them, the scales
    of the channels do, so that little is left of the other weights."""
    import keras
    import numpy as np

    data, trained = digits.data(), digits.trained()
    model = keras.models.clone_model(trained)
    model.set_weights(trained.get_weights())
    planted = 0
    for place, layer in enumerate(model.layers):
        if type(layer) is keras.layers.Conv2D and layer.kernel.shape[2] > 1:
            norm, kernel = model.layers[place - 2], layer.kernel.numpy()
            gamma, beta, *moments = norm.get_weights()
            weakest = int(np.abs(kernel).sum(axis=(0, 1, 3)).argmin())
            gamma[weakest], beta[weakest] = 0, -1  # what ReLU6 makes 0
            norm.set_weights([gamma, beta, *moments])
            kernel[:, :, weakest] = 180 * np.abs(kernel).max(axis=(0, 1, 2))
            layer.kernel.assign(kernel)
            planted += 1
    assert planted == 3
    samples = data.train_x[:100]
    before = digits.float_accuracy(model), int8_accuracy(convert(model, samples))
    keras.utils.set_random_seed(digits.SEED)
    targets = keras.utils.to_categorical(data.train_y, digits.CLASSES)
    with archc.shadow_quantised(model):
        model.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
        model.fit(data.train_x, targets, digits.BATCH, epochs=5, verbose=0)
    after = int8_accuracy(convert(model, samples))
    # When the README was written: 96 % in float, 43 % in int8, 98 % in int8 after fine-tuning.
    assert before[0] >= 0.93
    assert before[1] <= before[0] - 0.2
    assert after >= before[0] - 0.05
