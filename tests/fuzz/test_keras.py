"""Generated specs as Keras models: layers, shapes and parameters are those of the manifest."""

from math import prod
from typing import Any

import pytest
from hypothesis import assume, event, given

from archc.analysis.lowering import lower
from archc.driver import Network
from support.checking import compiled
from support.keras_models import randomise
from support.profiles import Tally, share
from support.strategies import Spec, specs

pytestmark = pytest.mark.keras

BUILT = Tally("specs built with Keras")
GIVEN = Tally("specs for the int8 converter (accepted: nothing unknown)")
EXACT = Tally("specs converted, order exact (accepted: as in the file)")
PREDICTED = Tally("specs converted, order predicted (accepted: as in the file)")
SEEN: set[str] = set()
QUICK_PARAMS, QUICK_MACS = 60_000, 20_000_000
"""Of a network that is converted: calibration runs it."""
SMALL = 300_000
"""Parameters of a model that is built; larger ones only cost time."""


def built(network: Network) -> Any:
    """The model of the generated module, as an interpreter with only Keras would build it."""
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(network.module, f"{network.name}.py", "exec"), namespace)
    assert namespace["MODEL_NAME"] == network.name
    assert namespace["TOTAL_PARAMS"] == network.manifest["totals"]["params"]
    return namespace["build_model"]()


def accepted(spec: Spec) -> Network:
    """A network of a spec that is accepted and not large."""
    compilation = compiled(spec.text)
    assume(not compilation.failed)
    network = compilation.networks[-1]
    assume(network.manifest["totals"]["params"] < SMALL)
    return network


def check_model(model: Any, manifest: dict[str, Any]) -> None:
    """Every fact that Keras can confirm of a manifest."""
    layers = {layer.name: layer for layer in model.layers}
    rows = manifest["layers"]
    assert sorted(layers) == sorted(row["name"] for row in rows)
    for row in rows:
        layer = layers[row["name"]]
        assert type(layer).__name__ == row["class_name"]
        shape = layer.batch_shape if row["class_name"] == "InputLayer" else layer.output.shape
        assert list(shape[1:]) == row["output_shape"], row["name"]
        assert layer.count_params() == row["params"], row["name"]
        trainable = sum(prod(variable.shape) for variable in layer.trainable_weights)
        assert trainable == row["trainable_params"], row["name"]
        if row["inputs"]:
            reads = layer.input if isinstance(layer.input, list) else [layer.input]
            makers = [tensor._keras_history.operation.name for tensor in reads]
            assert makers == row["inputs"], row["name"]
    assert model.count_params() == manifest["totals"]["params"]
    entered = [(tensor.name, list(tensor.shape[1:])) for tensor in model.inputs]
    assert entered == [(one["name"], one["shape"]) for one in manifest["inputs"]]
    if "layer" not in manifest["outputs"][0]:
        assert list(model.output_shape[1:]) == manifest["outputs"][0]["shape"]
        return
    left = [(name, list(tensor.shape[1:])) for name, tensor in model.output.items()]
    assert left == [(one["name"], one["shape"]) for one in manifest["outputs"]]
    for one in manifest["outputs"]:
        assert model.output[one["name"]] is layers[one["layer"]].output


@share(0.015)
@given(specs())
def test_models_are_what_manifests_say(spec: Spec) -> None:
    import keras

    network = accepted(spec)
    keras.backend.clear_session()
    check_model(built(network), network.manifest)
    BUILT.add(spec.text, True)
    event(f"{len(network.manifest['layers']) // 10 * 10} layers and more")


@share(0.015, least=60)
@given(specs())
def test_the_converter_leaves_what_manifests_say(spec: Spec) -> None:
    """Operators, order, shapes and bytes are the file's, or the manifest names what it does not
    know. No text is converted twice."""
    import keras

    from support.tflite import convert, differences, read

    network = accepted(spec)
    assume(spec.text not in SEEN)
    assume(network.manifest["totals"]["params"] < QUICK_PARAMS)
    assume(network.manifest["totals"]["macs"] < QUICK_MACS)
    io = network.manifest["inputs"][0]["dtype"]
    deployed = lower(network.graph, io)
    GIVEN.add(spec.text, not deployed.unknown)
    if deployed.unknown:
        named = {index for unknown in deployed.unknown for index in unknown.layers}
        assert named <= set(range(1, len(network.graph.nodes)))
        assert all(unknown.layers and unknown.reason for unknown in deployed.unknown)
        SEEN.add(spec.text)
        return
    keras.backend.clear_session()
    model = built(network)
    randomise(model)
    file = read(convert(model, io=io, samples=2))
    told = differences(deployed, file, order=False)
    assert not told, told
    assert file.counts == network.manifest["deployed"]["operators"]
    assert file.weight_bytes == network.manifest["deployed"]["weight_bytes"]
    told = differences(deployed, file)
    assert deployed.order == "predicted" or not told, told
    (EXACT if deployed.order == "exact" else PREDICTED).add(spec.text, not told)
    SEEN.add(spec.text)
