"""Every exact figure of the manifests of the shipped networks, as Keras has it."""

from typing import Any

import pytest

from support import shipped
from support.wiring import inputs_by_name

pytestmark = pytest.mark.keras


def size(variables: Any) -> int:
    return sum(int(variable.shape.num_elements()) for variable in variables)


@pytest.mark.parametrize("name", [*shipped.NAMES, *shipped.WIRED])
def test_layers_are_those_that_keras_builds(name: str) -> None:
    manifest, model = shipped.compiled(name).manifest, shipped.model(name)
    reads = inputs_by_name(model)
    built = {
        layer.name: {
            "class_name": type(layer).__name__,
            "inputs": reads[layer.name],
            "output_shape": list(layer.output.shape[1:]),
            "params": layer.count_params(),
            "trainable_params": size(layer.trainable_variables),
        }
        for layer in model.layers
    }
    declared = {
        layer["name"]: {key: layer[key] for key in built[model.layers[0].name]}
        for layer in manifest["layers"]
    }
    assert len(declared) == len(manifest["layers"])
    assert declared == built


@pytest.mark.parametrize("name", [*shipped.NAMES, *shipped.WIRED])
def test_layers_are_listed_in_an_order_of_execution(name: str) -> None:
    seen: set[str] = set()
    for layer in shipped.compiled(name).manifest["layers"]:
        assert seen.issuperset(layer["inputs"]), layer["name"]
        seen.add(layer["name"])


@pytest.mark.parametrize("name", shipped.NAMES)
def test_totals_and_constants_are_those_of_the_built_model(name: str) -> None:
    compiled, model = shipped.compiled(name), shipped.model(name)
    manifest, module = compiled.manifest, shipped.module(name)
    totals = manifest["totals"]
    assert totals["params"] == model.count_params() == module["TOTAL_PARAMS"]
    assert totals["trainable_params"] == size(model.trainable_variables)
    assert model.name == name == module["MODEL_NAME"] == manifest["model"]["name"]
    (entered,), (left,) = manifest["inputs"], manifest["outputs"]
    assert (None, *module["INPUT_SHAPE"]) == model.input_shape == (None, *entered["shape"])
    assert (None, *module["OUTPUT_SHAPE"]) == model.output_shape == (None, *left["shape"])
    assert entered["name"] == model.inputs[0].name
    assert entered["dtype"] == model.inputs[0].dtype


@pytest.mark.parametrize("name", shipped.NAMES)
def test_the_head_gives_one_output_per_class(name: str) -> None:
    parameters = shipped.compiled(name).manifest["model"]["parameters"]
    assert shipped.model(name).output_shape == (None, int(parameters["num_classes"]))


@pytest.mark.parametrize("name", ["dscnn_a05_ir_se_attn", "efficientnet_b0"])
def test_knobs_reach_the_layers_they_are_for(name: str) -> None:
    import keras

    dropout, weight_decay = 0.75, 0.125
    model = shipped.compiled(name).build_model(
        dropout=dropout, weight_decay=weight_decay, name="renamed"
    )
    assert model.name == "renamed"
    rates = [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates
    assert set(rates) == {dropout}
    kernels = [
        variable
        for layer in model.layers
        for variable in layer.trainable_variables
        if variable.path.endswith("kernel")
    ]
    penalty = sum(float((variable.numpy() ** 2).sum()) for variable in kernels) * weight_decay
    assert float(sum(model.losses)) == pytest.approx(penalty, rel=1e-4)
    assert len(model.losses) == len(kernels)
    own = shipped.compiled(name).build_model()
    assert not own.losses
    layers = [layer["name"] for layer in shipped.compiled(name).manifest["layers"]]
    assert sorted(layer.name for layer in model.layers) == sorted(layers)
