"""Random functional models as others write them: a share of those that `campaign.py` puts through
the converter, and models that were said wrongly once."""

from typing import Any

import pytest

from support.foreign import agreement, deployed_of
from support.functional_models import model
from support.keras_models import randomise

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore")]  # of TensorFlow's own


@pytest.mark.parametrize("seed", range(8))
def test_a_random_model_converts_as_said(seed: int) -> None:
    found = agreement(model(seed, size=4 + seed % 9))
    assert found.verdict in ("equal", "named"), found.detail


@pytest.mark.parametrize(
    "seed",
    [
        128,  # a layer called on a tensor and, folded, on a sixth of it: one filter in int8
        146,  # a layer called on two tensors of one scale, which has one bias then
        234,  # a vector that is added, and multiplied by
    ],
)
def test_a_model_that_was_said_wrongly(seed: int) -> None:
    found = agreement(model(seed, size=4 + seed % 9))
    assert (found.verdict, found.ordered) == ("equal", True)


@pytest.mark.parametrize("seed", [9, 14, 26])
def test_operators_are_in_the_order_that_names_decide(seed: int) -> None:
    """Of nested models, layers that are called again, and functions, which are in no layer."""
    assert agreement(model(seed, size=4 + seed % 9)) == ("equal", "", True)


@pytest.mark.parametrize("function", ["sigmoid", "softmax", "tanh"])
def test_what_has_a_scale_of_its_own_is_converted_before_a_maximum_or_minimum(
    function: str,
) -> None:
    """What is beside it has another scale, and the result takes that of one of them."""
    import keras

    keras.backend.clear_session()
    layers = keras.layers
    x = keras.Input((8, 8, 8), batch_size=1)

    def bounded(layer: Any) -> Any:
        return layer([layers.Activation(function)(layers.Conv2D(8, 1)(x)), layers.Conv2D(8, 1)(x)])

    made = keras.Model(x, [bounded(layers.Maximum()), bounded(layers.Minimum())])
    randomise(made)
    found = agreement(made, "int8")
    assert (found.verdict, found.detail) == ("equal", "")
    deployed, _ = deployed_of(made, "int8")
    assert deployed.counts["QUANTIZE"] == 2


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((12, 4), (12, 1), "refused"),
        ((12, 1), (12, 4), "equal"),
        ((12, 1), (12, 1), "refused"),  # of equal shapes too: the 12 are not the channels
        ((12, 1), (1, 4), "equal"),  # one value a row before, and one a column, which is no bias
        ((1, 4), (12, 1), "equal"),
        ((12, 4), (1, 4), "equal"),  # a bias of channels
        ((1, 1), (12, 1), "equal"),
    ],
)
def test_a_sum_that_is_taken_for_a_bias_of_rows_fails_as_said(
    first: tuple[int, int], second: tuple[int, int], verdict: str
) -> None:
    import keras

    keras.backend.clear_session()
    x, y = (keras.Input(shape, batch_size=1) for shape in (first, second))
    made = keras.Model([x, y], keras.layers.Add()([x, y]))
    failures = deployed_of(made, "int8")[0].failures
    assert ["one value a row" in failure.reason for failure in failures] == [True] * (
        verdict == "refused"
    )
    assert agreement(made, "int8").verdict == verdict


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_outputs_are_quantised_in_the_order_of_their_names(kind: str) -> None:
    """Without names they are `output_0`, `output_1` and so on, whose hashes decide."""
    import keras

    keras.backend.clear_session()
    x = keras.Input((8,), batch_size=1)
    ends = {f"k{n}": keras.layers.Dense(4 + n, name=f"d{n}")(x) for n in (2, 0, 1)}
    made = keras.Model(x, ends if kind == "dict" else list(ends.values()))
    randomise(made)
    deployed, _ = deployed_of(made, "uint8")
    last = [op.shape[-1] - 4 for op in deployed.operators[-3:]]
    assert last == {"list": [0, 2, 1], "dict": [1, 2, 0]}[kind]
    assert agreement(made, "uint8") == ("equal", "", True)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_layers_that_keras_names_run_from_the_last_output_back(kind: str) -> None:
    """`dense` is entered after `dense_1`, or before it, and gets its number by that."""
    import keras

    keras.backend.clear_session()
    x = keras.Input((8,), batch_size=1)
    ends = {f"k{n}": keras.layers.Dense(4 + n)(x) for n in (2, 1, 0)}
    made = keras.Model(x, ends if kind == "dict" else list(ends.values()))
    randomise(made)
    assert agreement(made) == ("equal", "", True)


def test_layers_of_keras_applications_convert_as_said() -> None:
    """InceptionResNetV2's scaled sum, and the block of ConvNeXt, which scales by a variable."""
    import keras
    from keras.src.applications.convnext import LayerScale
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    keras.backend.clear_session()
    layers = keras.layers
    x = keras.Input((8, 8, 4), batch_size=1)
    h = layers.Conv2D(8, 3, activation="relu")(x)
    h = CustomScaleLayer(scale=0.17)([h, layers.Conv2D(8, 1)(layers.Conv2D(4, 1)(h))])
    h = CustomScaleLayer(scale=1.0)([h, layers.Conv2D(8, 1)(h)])
    y = layers.LayerNormalization()(layers.DepthwiseConv2D(7, padding="same")(h))
    y = layers.Dense(8)(layers.Activation("gelu")(layers.Dense(16)(y)))
    made = keras.Model(x, layers.Add()([h, LayerScale(1e-6, 8)(y)]))
    randomise(made)
    assert agreement(made) == ("equal", "", True)
