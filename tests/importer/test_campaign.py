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


def test_a_sum_that_is_taken_for_a_bias_of_rows_fails_as_said() -> None:
    import keras

    keras.backend.clear_session()
    x, y = (keras.Input(shape, batch_size=1) for shape in ((12, 4), (12, 1)))
    wrong, right = (keras.Model([x, y], keras.layers.Add()(both)) for both in ([x, y], [y, x]))
    deployed, _ = deployed_of(wrong, "int8")
    assert ["one value a row" in failure.reason for failure in deployed.failures] == [True]
    assert agreement(wrong, "int8").verdict == "refused"
    assert not deployed_of(right, "int8")[0].failures
    assert agreement(right, "int8").verdict == "equal"
