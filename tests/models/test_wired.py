"""Networks that are not a chain, as Keras builds them and the converter leaves them."""

from math import prod

import pytest

from archc.analysis.lowering import lower
from support import shipped
from support.tflite import FileOp, differences, read

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("name", shipped.WIRED)
def test_inputs_and_outputs_go_by_their_names(name: str) -> None:
    manifest, model = shipped.compiled(name).manifest, shipped.model(name)
    module = shipped.module(name)
    entered = {one["name"]: tuple(one["shape"]) for one in manifest["inputs"]}
    assert {tensor.name: tensor.shape[1:] for tensor in model.inputs} == entered
    assert model.count_params() == manifest["totals"]["params"] == module["TOTAL_PARAMS"]
    if len(entered) > 1:
        assert module["INPUT_SHAPES"] == entered
    left = {one["name"]: tuple(one["shape"]) for one in manifest["outputs"]}
    if "layer" not in manifest["outputs"][0]:
        assert model.output_shape == (None, *module["OUTPUT_SHAPE"])
        return
    assert list(model.output) == list(left) == list(module["OUTPUT_SHAPES"])
    for one in manifest["outputs"]:
        assert model.output[one["name"]] is model.get_layer(one["layer"]).output
        assert model.output[one["name"]].shape[1:] == left[one["name"]]


def test_outputs_are_trained_and_called_by_their_names() -> None:
    import numpy as np

    model = shipped.compiled("fpn_detector").build_model()
    names = list(model.output)
    model.compile(optimizer="sgd", loss=dict.fromkeys(names, "mse"))
    images = np.zeros((1, *model.input_shape[1:]), "float32")
    truth = {name: np.zeros((1, *model.output[name].shape[1:]), "float32") for name in names}
    model.fit(images, truth, verbose=0)
    assert set(model(images)) == set(names)


@pytest.mark.parametrize(
    ("name", "io"),
    [
        *((name, "float32") for name in shipped.WIRED),
        ("fpn_detector", "int8"),
    ],
)
def test_the_file_holds_what_is_deployed_in_order(name: str, io: str) -> None:
    file = read(shipped.tflite(name, io))
    assert differences(lower(shipped.graph(name), io), file) == ""


@pytest.mark.parametrize("name", shipped.WIRED)
def test_inputs_and_outputs_stand_in_the_file_where_the_manifest_says(name: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=shipped.tflite(name))
    signature = interpreter._get_full_signature_list()["serving_default"]
    for what, details in (
        ("inputs", interpreter.get_input_details()),
        ("outputs", interpreter.get_output_details()),
    ):
        ends = shipped.compiled(name).manifest[what]
        assert len(ends) == len(details)
        if len(ends) > 1:
            listed = {one["name"]: details[one["index"]]["index"] for one in ends}
            assert listed == signature[what]


@pytest.mark.parametrize("name", shipped.WIRED)
def test_the_peak_is_that_of_the_file(name: str) -> None:
    operators = read(shipped.tflite(name)).operators
    deployed = shipped.compiled(name).manifest["deployed"]
    assert deployed["peak_activation_bytes"] == live_peak(operators)


def live_peak(operators: tuple[FileOp, ...]) -> int:
    """The most bytes of int8 results alive at one operator; outputs are alive up to where they are
    dequantised."""
    last = {index: index for index in range(len(operators))}
    for reader, op in enumerate(operators):
        for source in op.inputs:
            last[source] = reader
    for op in operators:
        if op.operator == "DEQUANTIZE":
            last[op.inputs[0]] = len(operators)
    sizes = [prod(op.shape) if op.dtype == "int8" else 0 for op in operators]
    return max(
        sum(sizes[made] for made in range(step + 1) if last[made] >= step)
        for step in range(len(operators))
    )


@pytest.mark.oracles
@pytest.mark.parametrize("name", shipped.WIRED)
def test_the_arena_is_that_of_tensorflow_lite_micro(name: str) -> None:
    from support import tflm

    deployed = shipped.compiled(name).manifest["deployed"]
    assert deployed["arena_bytes"] == tflm.activations(shipped.tflite(name))
