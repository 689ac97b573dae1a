"""The trained networks of MLPerf Tiny in models built from the shipped specs: the same outputs.

Of keyword spotting no Keras file is published: `verify/test_mlperf.py` compares the structure of
its `.tflite` file.
"""

from typing import Any

import pytest

import archc
from archc.models.quantization import keras_file
from support import mlperf
from support.variance import samples

pytestmark = [pytest.mark.keras, pytest.mark.filterwarnings("ignore"), mlperf.real]

TRAINED = {name: net.h5 for name, net in mlperf.NETWORKS.items() if net.h5 is not None}
TOLERANCE = 1e-5
"""Largest difference before the softmax, relative to the largest value."""


@pytest.mark.parametrize("name", TRAINED)
def test_outputs_are_those_of_the_trained_network(name: str) -> None:
    import numpy as np

    path = str(mlperf.REAL / TRAINED[name])
    trained, model = keras_file.load(keras_file.read(path)), mlperf.compiled(name).build_model()
    copied = archc.transfer_weights(path, model)
    assert copied.by == "structure"
    assert len(copied.arrays) == len(model.weights) == len(trained.weights)
    inputs = samples(model)
    if name != "ad":
        inputs = (inputs - inputs.min()) / (inputs.max() - inputs.min()) * 255
    theirs, ours = (np.asarray(before_softmax(one)(inputs)) for one in (trained, model))
    assert theirs.std(axis=0).max() > 0
    assert abs(ours - theirs).max() <= TOLERANCE * abs(theirs).max()


def before_softmax(model: Any) -> Any:
    """The model up to what its softmax reads, which may be a layer or part of the last Dense."""
    import keras

    last = model.layers[-1]
    if isinstance(last, keras.layers.Softmax):
        return keras.Model(model.input, last.input)
    if getattr(last, "activation", None) is keras.activations.softmax:
        last.activation = keras.activations.linear
    return keras.Model(model.input, last.output)
