"""`archc.quantize`: the file, the comparison, and what is said of what cannot be quantised."""

from functools import cache
from typing import Any

import pytest

import archc
from support import digits
from support.keras_models import randomise
from support.tflite import read
from support.variance import images, keep_variance

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]


@cache
def branched() -> Any:
    """A network with what makes it hard to say which operator is which layer."""
    import keras
    from keras import layers

    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv")(image)
    x = layers.ReLU(6.0, name="relu")(layers.BatchNormalization(name="bn")(x))
    a = layers.Conv2D(8, 3, padding="same", activation="silu", name="conv_1")(x)
    b = layers.Conv2D(8, 1, activation="hard_swish", name="conv_1_1")(x)
    x = layers.ReLU(6.0, name="sum_relu")(layers.Add(name="sum")([a, b]))
    s = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(x)
    s = layers.Conv2D(8, 1, activation="hard_sigmoid", name="excite")(s)
    x = layers.Multiply(name="gate")([x, s])
    x = layers.Concatenate(name="both")([x, layers.MaxPooling2D(3, 1, "same", name="max")(x)])
    x = layers.Dropout(0.5, name="dropout")(layers.Flatten(name="flat")(x))
    x = layers.Dense(6, name="scores")(x)
    model = keras.Model(image, x, name="branched")
    randomise(model)
    keep_variance(model)
    return model


@cache
def result(io: str) -> Any:
    return archc.quantize(
        branched(),
        images((16, 16, 3), 120),
        io=io,
        holdout=0.1,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
def test_the_border(io: str) -> None:
    import numpy as np

    found = result(io)
    assert found.io == io
    file = read(found.tflite)
    inner = [op for op in file.operators if op.operator not in ("QUANTIZE", "DEQUANTIZE")]
    assert {op.dtype for op in inner} == {"int8"}
    assert found.floats == ()
    vectors = found.vectors
    assert {str(array.dtype) for array in vectors.values()} == {io}
    assert vectors["m_inputs_1"].shape == (12, 16, 16, 3)
    assert vectors["m_outputs_1"].shape == (12, 6)
    assert len(np.unique(vectors["m_inputs_1"])) > 50


@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
def test_vectors_are_what_an_interpreter_gives(io: str) -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    found = result(io)
    interpreter = Interpreter(
        model_content=found.tflite,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    for given, expected in zip(
        found.vectors["m_inputs_1"], found.vectors["m_outputs_1"], strict=True
    ):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], given[None])
        interpreter.invoke()
        made = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
        assert made.tobytes() == expected.tobytes()


def test_the_borders_hold_the_same_network() -> None:
    """What a float border quantises itself is what the vectors of an int8 border are."""
    import numpy as np

    found = {io: result(io) for io in ("float32", "int8", "uint8")}
    made = {io: r.vectors["m_outputs_1"].astype("float64") for io, r in found.items()}
    assert (made["uint8"] - 128 == made["int8"]).all()
    # Dequantised, they differ by a factor and an offset only, that of the output.
    scale, offset = np.polyfit(made["int8"].ravel(), made["float32"].ravel(), 1)
    assert np.abs(made["int8"] * scale + offset - made["float32"]).max() < abs(scale) * 0.01
    assert found["float32"].cosine == pytest.approx(found["int8"].cosine, abs=1e-8)


def test_figures_by_another_way() -> None:
    """Cosine and largest error again, from the vectors of a float border and Keras' own results."""
    import numpy as np

    found = result("float32")
    given, made = found.vectors["m_inputs_1"], found.vectors["m_outputs_1"].astype("float64")
    expected = branched().predict(given, verbose=0).astype("float64")
    cosine = (made * expected).sum() / np.sqrt((made**2).sum() * (expected**2).sum())
    assert found.cosine == pytest.approx(cosine, abs=1e-6)
    assert found.worst == pytest.approx(np.abs(made - expected).max(), rel=1e-3)
    rows = (made * expected).sum(1) / np.sqrt((made**2).sum(1) * (expected**2).sum(1))
    assert found.lowest == pytest.approx(rows.min(), abs=1e-6)
    assert found.agreement == (made.argmax(1) == expected.argmax(1)).sum()
    assert 0.9 < found.cosine < 1


def test_each_operator_is_held_against_its_own_layer() -> None:
    """With another layer's result the error would be as large as the signal."""
    found = result("int8")
    layers = [row.layer for row in found.layers]
    assert layers == list(dict.fromkeys(layers))
    expected = {"relu", "conv_1", "conv_1_1", "sum_relu", "squeeze", "excite", "gate", "max"}
    assert expected | {"both", "scores"} <= set(layers)
    assert layers[-1] == "scores"
    for row in found.layers:
        assert row.error.sqnr is not None
        assert row.error.sqnr > 10, row
        assert row.error.worst <= row.error.high - row.error.low


def test_a_sequential_grown_by_add() -> None:
    """Its layers were called anew with each one that was added."""
    import keras
    from keras import layers

    model = keras.Sequential([keras.Input((16, 16, 3))])
    model.add(layers.Rescaling(1 / 2, name="half"))
    model.add(layers.Conv2D(8, 3, use_bias=False, name="conv"))
    model.add(layers.ReLU(6.0, name="relu"))
    model.add(layers.GlobalAveragePooling2D(name="pool"))
    model.add(layers.Dense(4, name="scores"))
    randomise(model)
    found = archc.quantize(model, images((16, 16, 3), 120))
    assert [one.layer for one in found.layers] == ["relu", "pool", "scores"]  # half: in the filters
    assert found.cosine > 0.99


def test_the_same_bytes_every_time() -> None:
    import numpy as np

    data = images((16, 16, 3), 120)
    again = archc.quantize(branched(), {"image": data}, io="int8", holdout=0.1)
    first = result("int8")
    assert again.tflite == first.tflite
    assert again.cosine == first.cosine
    assert all(np.array_equal(again.vectors[k], v) for k, v in first.vectors.items())


def test_the_model_is_left_as_it_was() -> None:
    model = branched()
    assert model.input_shape == (None, 16, 16, 3)
    assert all(not hasattr(layer, "quantizer") for layer in model.layers)


def test_verified_against_the_manifest() -> None:
    found = digits.quantised("float32").verification
    assert found is not None
    assert not found.failed


def test_the_manifest_of_another_network() -> None:
    other = archc.compile_file("specs/dscnn.arch", alpha=0.5, height=32, width=32, num_classes=10)
    from archc.models.verify import verify

    found = verify(other.manifest, "m.tflite", digits.quantised("float32").tflite)
    assert found.failed


def test_the_border_of_the_manifest_is_the_default() -> None:
    compiled = archc.compile_text(
        "arch a { target stm32n6(io = int8) input image: 8 x 8 x 8 "
        "stage s(channels = 8) { conv relu6 } head { global_average_pool dense(4) } }"
    )
    model = compiled.build_model()
    randomise(model)
    found = archc.quantize(model, images((8, 8, 8), 20), manifest=compiled.manifest)
    assert found.io == "int8"
    assert found.verification is not None
    assert not found.verification.failed, found.verification.differences
    assert any("fewer than" in doubt.message for doubt in found.doubts)


def ruined() -> Any:
    """A network whose first activations have one channel ten thousand times as large as those that
    the second convolution reads: with one scale for all of them nothing is left of these."""
    import keras

    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Conv2D(8, 3, name="wide")(image)
    x = keras.layers.Conv2D(8, 3, activation="relu", name="reads")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, keras.layers.Dense(6, name="scores")(x), name="ruined")
    randomise(model)
    kernel = model.get_layer("wide").kernel.numpy()
    kernel[..., 0] *= 1e4
    model.get_layer("wide").kernel.assign(kernel)
    kernel = model.get_layer("reads").kernel.numpy()
    kernel[:, :, 0] = 0
    model.get_layer("reads").kernel.assign(kernel)
    for name in ("wide", "reads", "scores"):
        layer = model.get_layer(name)
        layer.bias.assign(layer.bias.numpy() * 0.01)
    return model


def test_a_network_that_int8_ruins() -> None:
    from archc.models.quantization.core import too_far

    found = archc.quantize(ruined(), images((16, 16, 3), 120))
    assert found.cosine < 0.9
    diagnostic = too_far(found, 0.95)
    assert diagnostic is not None
    assert diagnostic.level == "error"
    assert too_far(result("int8"), 0.5) is None


def refused(model: Any, data: Any = None) -> str:
    with pytest.raises(archc.ArchError) as caught:
        archc.quantize(model, images((16, 16, 3), 20) if data is None else data)
    (diagnostic,) = caught.value.diagnostics
    return " / ".join([diagnostic.message, *diagnostic.notes, diagnostic.help or ""])


def test_what_is_no_such_model() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    assert "not a Keras 3 model" in refused(3)
    assert "a class of its own" in refused(Own())
    assert "not built yet" in refused(keras.Sequential([keras.layers.Dense(2)]))
    opened = keras.Input((None, None, 3), name="image")
    assert "?x?x?x3" in refused(keras.Model(opened, keras.layers.Conv2D(2, 3)(opened)))
    image = keras.Input((16, 16, 3), name="image")
    half = keras.layers.Conv2D(2, 3, dtype="mixed_float16", name="half")(image)
    assert "`half` computes in mixed_float16" in refused(keras.Model(image, half))


def test_weights_that_are_not_finite() -> None:
    import keras

    image = keras.Input((16, 16, 3), name="image")
    layer = keras.layers.Conv2D(2, 3, name="conv")
    model = keras.Model(image, layer(image))
    layer.bias.assign([float("nan"), 0.0])
    assert "not finite" in refused(model)


def test_a_float_island_is_said() -> None:
    import keras

    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Conv2D(8, 3, activation="elu", name="conv")(image)
    found = archc.quantize(keras.Model(image, x), images((16, 16, 3), 120))
    assert found.floats == ("ELU",)
    assert any("ELU stays in floating point" in doubt.message for doubt in found.doubts)


def test_several_inputs_and_outputs() -> None:
    """Inputs are found by name whatever the order of the file; vectors are in that order."""
    import keras
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter

    left, right = keras.Input((4,), name="z_left"), keras.Input((6,), name="a_right")
    x = keras.layers.Concatenate(name="both")([left, right])
    first = keras.layers.Dense(3, name="z_first")(x)
    second = keras.layers.Dense(5, activation="relu", name="a_second")(x)
    model = keras.Model([left, right], [first, second], name="two")
    randomise(model)
    values = np.random.RandomState(0).normal(size=(130, 10)).astype("float32")
    found = archc.quantize(model, {"z_left": values[:, :4], "a_right": values[:, 4:]}, io="int8")
    shapes = {name: array.shape[1:] for name, array in found.vectors.items()}
    known = {"z_left": (4,), "a_right": (6,), "z_first": (3,), "a_second": (5,)}
    assert shapes == {vector: known[name] for vector, name in found.vector_names.items()}
    assert list(shapes) == ["m_inputs_1", "m_inputs_2", "m_outputs_1", "m_outputs_2"]
    interpreter = Interpreter(model_content=found.tflite)
    for what, details in (
        ("inputs", interpreter.get_input_details()),
        ("outputs", interpreter.get_output_details()),
    ):
        assert [tuple(one["shape"][1:]) for one in details] == [
            shapes[f"m_{what}_{number}"] for number in (1, 2)
        ]
    assert found.output_names == ("z_first", "a_second")
    assert found.cosine > 0.99
    assert len(found.outputs) == 2
    assert found.agreement is None


def test_progress_is_told() -> None:
    told: list[tuple[str, int, int]] = []
    archc.quantize(
        branched(),
        images((16, 16, 3), 12),
        progress=lambda stage, done, total: told.append((stage, done, total)),
    )
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages[-2:] == ["calibrating", "comparing"]
    assert ("calibrating", 10, 10) in told
    assert ("comparing", 2, 2) in told


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    archc.quantize(branched(), images((16, 16, 3), 12))
    assert capfd.readouterr() == ("", "")
