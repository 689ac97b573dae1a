"""Models that Keras itself makes: read from their configs, and with equal weights equal outputs."""

from typing import Any

import pytest

import archc
from archc.models.decompiler import Decompiled, decompile, of_config
from archc.models.decompiler.equality import compare
from archc.models.decompiler.network import of_graph
from support import shipped
from support.graph_configs import graph_of

pytestmark = pytest.mark.keras


def imported(model: Any, without: tuple[str, ...] = ()) -> Decompiled:
    import keras

    read = of_config(keras.saving.serialize_keras_object(model), without=without)
    made = decompile(read)
    graph = graph_of(made.text)
    assert graph is not None
    assert compare(read.network, of_graph(graph)).equal
    return made


def built_of(made: Decompiled) -> Any:
    namespace: dict[str, Any] = {"__name__": made.name}
    exec(archc.compile_text(made.text).module_source, namespace)
    return namespace["build_model"]()


def rebuilt(made: Decompiled, model: Any) -> Any:
    """The model that the spec builds, with the weights of the one it was made of."""
    built = built_of(made)
    moved = 0
    for layer in model.layers:
        values = layer.get_weights()
        if values:
            targets = [built.get_layer(name) for name in made.layers[layer.name]]
            (target,) = (one for one in targets if one.get_weights())
            target.set_weights(values)
            moved += sum(value.size for value in values)
    assert moved == built.count_params() == model.count_params()
    return built


def difference(first: Any, second: Any, shape: tuple[int, ...]) -> float:
    """The largest difference of two outputs on random input, in shares of the largest value."""
    import numpy as np

    samples = np.random.default_rng(7).uniform(-1, 1, (2, *shape)).astype("float32")
    a, b = first.predict(samples, verbose=0), second.predict(samples, verbose=0)
    return float(np.abs(a - b).max() / np.abs(a).max())


@pytest.mark.parametrize("name", ["dscnn_a05_ir_se", "mobilenet_v2_a035"])
def test_outputs_of_shipped_networks(name: str) -> None:
    model = shipped.model(name)
    made = imported(model)
    by_names, by_structure = rebuilt(made, model), built_of(made)
    archc.transfer_weights(model, by_structure)
    for built in (by_names, by_structure):
        assert difference(model, built, model.input_shape[1:]) < 1e-5


APPLICATIONS = {
    "MobileNet": ({"alpha": 0.25}, (), 19),
    "MobileNetV3Small": ({"include_preprocessing": False}, (), 41),
    "EfficientNetB0": ({}, ("normalization",), 38),
    "MobileNetV2": ({}, (), 22),
    "ResNet50": ({}, (), 20),
    "DenseNet121": ({}, (), 18),
}
"""What they are called with, layers left out, and the lines of their specs."""


@pytest.mark.parametrize("name", APPLICATIONS)
def test_applications(name: str) -> None:
    import keras

    keras.utils.clear_session(free_memory=False)
    arguments, without, lines = APPLICATIONS[name]
    shape = {"input_shape": (224, 224, 3)} if name == "MobileNetV3Small" else {}
    make = getattr(keras.applications, name)
    model = make(weights=None, classifier_activation=None, **shape, **arguments)
    names = tuple(one for one in (layer.name for layer in model.layers) if one in without)
    made = imported(model, names)
    text = [line for line in made.text.splitlines() if line.strip() and line[0] not in '#"']
    assert len(text) <= lines
    if name in ("MobileNet", "MobileNetV3Small"):
        built = rebuilt(made, model)
        assert difference(model, built, (224, 224, 3)) < 2e-5
