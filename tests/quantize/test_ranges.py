"""The range of the data beside what a model does to it, and what is said of both."""

from typing import Any

import pytest

np = pytest.importorskip("numpy")

import archc  # noqa: E402
from archc.limits import DEFAULT_LIMITS  # noqa: E402
from archc.models.quantization.archive import store  # noqa: E402
from archc.models.quantization.ranges import Lead, leads  # noqa: E402
from archc.models.quantization.samples import Input, Samples, draw  # noqa: E402
from support.configs import functional, image, layer, model, on, sequential, tensor  # noqa: E402

pytestmark = pytest.mark.keras  # NumPy comes with that extra

RESCALING = Lead(1 / 255, 0.0, "rescaling")


def lead(config: Any) -> Lead:
    (found,) = leads(config, DEFAULT_LIMITS).values()
    return found


def rescaling(name: str = "r", scale: float = 1 / 255, offset: float = 0.0) -> Any:
    return layer("Rescaling", name, scale=scale, offset=offset)


def conv(name: str = "c") -> Any:
    return layer("Conv2D", name, filters=2, kernel_size=[1, 1])


def function(kind: str, name: str, number: float) -> Any:
    """A function of `keras.ops` that a functional model recorded: of the image and a number."""
    made = layer(kind, name, module="keras.src.ops.numpy")
    calls = [{"args": [tensor("image", shape=[None, 4, 4, 3]), number], "kwargs": {}}]
    return {**made, "registered_name": kind, "inbound_nodes": calls}


def test_a_leading_rescaling_is_found() -> None:
    config = functional(image(4, 4, 3), on(rescaling(), "image"), on(conv(), "r"))
    assert lead(config) == Lead(1 / 255, 0.0, "r")


def test_a_model_without_one_has_none() -> None:
    assert lead(functional(image(4, 4, 3), on(conv(), "image"))) == Lead()


def test_several_in_a_row_and_what_stands_between() -> None:
    config = sequential(
        image(4, 4, 3),
        layer("RandomFlip", "f"),
        rescaling("a", 1 / 255),
        layer("ZeroPadding2D", "p", padding=1),
        rescaling("b", 2.0, -1.0),
        conv(),
    )
    found = lead(config)
    assert (found.scale, found.offset, found.layer) == (2 / 255, -1.0, "b")
    assert found.of(0, 255) == (-1.0, 1.0)


def test_one_inside_a_model_within_the_model() -> None:
    inner = model(functional(image(4, 4, 3), on(rescaling(), "image"), on(conv(), "r"), name="n"))
    found = lead(functional(image(4, 4, 3), on(inner, "image")))
    assert found == Lead(1 / 255, 0.0, "n/r")


def test_a_layer_that_normalises_takes_any_range() -> None:
    config = functional(
        image(4, 4, 3), on(layer("Normalization", "n", mean=[0.0], variance=[1.0]), "image")
    )
    assert lead(config).normalises


@pytest.mark.parametrize(
    ("kind", "number", "wanted"),
    [
        ("TrueDivide", 255.0, (1 / 255, 0.0)),
        ("Multiply", 0.5, (0.5, 0.0)),
        ("Subtract", 128, (1.0, -128.0)),
        ("Add", 3, (1.0, 3.0)),
    ],
)
def test_arithmetic_on_the_input_counts(
    kind: str, number: float, wanted: tuple[float, float]
) -> None:
    config = functional(image(4, 4, 3), function(kind, "op", number), on(conv(), "op"))
    found = lead(config)
    assert (found.scale, found.offset) == wanted


# --- what is said ------------------------------------------------------------------------------


def drawn(high: float, one: Lead, low: float = 0.0, dtype: str = "float32") -> Samples:
    values = np.random.RandomState(0).uniform(low, high, (150, 4, 4, 3)).astype(dtype)
    return draw([Input("image", (4, 4, 3))], store(values), None, leads={"image": one})


@pytest.mark.parametrize(
    ("high", "low", "one", "said"),
    [
        (255, 0, Lead(), "is float32 from"),
        (1, 0, RESCALING, "scales that to"),
        (1, -1, Lead(1 / 127.5, -1.0, "rescaling"), "scales that to"),
        (255, 0, Lead(1.0, 0.0, "rescaling"), "still from"),
    ],
)
def test_data_in_another_range_is_doubted(high: float, low: float, one: Lead, said: str) -> None:
    (doubt,) = drawn(high, one, low).doubts
    assert doubt.level == "warning"
    assert said in doubt.message
    assert doubt.help


@pytest.mark.parametrize(
    ("high", "low", "one"),
    [
        (1, 0, Lead()),
        (1, -1, Lead()),
        (255, 0, RESCALING),
        (255, 0, Lead(1 / 127.5, -1.0, "rescaling")),
        (255, 0, Lead(normalises=True)),
        (100, -250, Lead()),  # features of sound
        (1, 0, Lead(normalises=True)),
    ],
)
def test_data_in_the_right_range_is_not_doubted(high: float, low: float, one: Lead) -> None:
    assert drawn(high, one, low).doubts == ()


def test_the_range_is_kept() -> None:
    (found,) = drawn(255, RESCALING).ranges
    assert (found.input, found.array, found.dtype) == ("image", "data", "float32")
    assert 254 < found.high <= 255
    assert found.scaled == pytest.approx((found.low / 255, found.high / 255))
    assert 120 < found.mean < 135


# --- as a whole --------------------------------------------------------------------------------


def network(scales: bool) -> Any:
    """A small network that is sure of its answers, for data in 0..255 or 0..1."""
    import keras

    from support.keras_models import randomise

    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="scale")(image) if scales else image
    x = keras.layers.Conv2D(4, 3, activation="relu6", name="conv")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    made = keras.Model(image, keras.layers.Dense(3, name="scores")(x), name="net")
    randomise(made)
    return made


@pytest.mark.filterwarnings("ignore")
def test_the_range_is_printed_and_doubted_and_labels_are_counted() -> None:
    from archc.models.quantization.text import plain, text

    values = np.random.RandomState(0).uniform(0, 1, (130, 8, 8, 3)).astype("float32")
    made = network(scales=True)
    labels = made.predict(values, verbose=0).argmax(axis=1)
    found = archc.quantize(made, {"image": values, "labels": labels})
    assert any("the layer `scale` scales that to" in doubt.message for doubt in found.doubts)
    printed = text(found, 0.95, "net.tflite")
    assert "`scale` makes that" in printed
    assert "mean error" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert found.accuracy is not None
    assert (found.accuracy.float, found.accuracy.of) == (26, 26)
    assert found.accuracy.int8 == found.agreement
    assert "100.0 %  in float, of 26 samples" in printed
    document = plain(found._replace(vectors={}), 0.95)
    assert document["accuracy"]["float"] == 26
    assert document["data"][0]["scaled"] == list(found.ranges[0].scaled or ())
