"""TFLite files of the converter, and what was changed in them, against manifests."""

import copy
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as litert

import archc
from archc.diagnostics.model import Rejected
from archc.models.tflite import read
from archc.models.verify import Verification, verify
from archc.models.verify.file import File
from archc.models.verify.kernels import dead_kernels
from support import shipped, small
from support.flat import changed
from support.keras_models import randomise
from support.tflite import convert

pytestmark = pytest.mark.keras


def codes(found: Verification, level: str = "error") -> set[str]:
    return {one.code for one in found.differences if one.level == level}


def held(file: bytes, manifest: dict[str, Any] | None = None) -> Verification:
    return verify(small.manifest() if manifest is None else manifest, "model.tflite", file)


# --- the same network --------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped.NAMES)
def test_conversions_of_shipped_networks_are_their_manifests(name: str) -> None:
    found = verify(shipped.compiled(name).manifest, "model.tflite", shipped.tflite(name))
    assert found.differences == ()
    assert any("smallest arena" in part for part in found.compared)


@pytest.mark.parametrize("io", ["int8", "uint8"])
def test_every_border_is_verified(io: str) -> None:
    spec = small.text(("stm32n6", f"stm32n6(io = {io})"))
    assert held(small.tflite(small.TEXT, io), small.manifest(spec)).differences == ()


def test_the_file_on_disk_is_verified(tmp_path: Any) -> None:
    path = tmp_path / "small.tflite"
    path.write_bytes(small.tflite())
    compiled = small.compiled()
    compiled.write(tmp_path)
    for manifest in (compiled.manifest, tmp_path / "small.manifest.json"):
        found = archc.verify_model(manifest, path)
        assert not found.failed
        assert found.summary == f"9 operators, {path.stat().st_size:,} bytes"


def test_an_untrained_file_is_told_in_one_sentence() -> None:
    """All-zero biases share a buffer, and that of the dense layer is dropped."""
    import keras

    from support.tflite import convert

    plain = keras.models.clone_model(small.model())
    found = held(convert(plain, samples=2))
    assert not found.failed
    (told,) = [one.message for one in found.differences]
    trained = small.manifest()["deployed"]["weight_bytes"]
    sizes = f"trained, it has {trained:,} bytes of weights, not {trained - 168:,}"
    assert told == f"the file is of an untrained network: {sizes}"


# --- another network ---------------------------------------------------------------------------

VARIANTS = {
    "stride": (
        ("{ ds }", "{ ds } stage more(channels = 16, stride = 2) { ds }"),
        "verify_operators",
    ),
    "narrower input": (("16 x 16 x 3", "16 x 12 x 3"), "verify_border"),
    "stem stride": (("stride = 2", "stride = 1"), "verify_shape"),
    "width": (("body(channels = 16)", "body(channels = 24)"), "verify_shape"),
    "activation": (("batchnorm relu6", "batchnorm relu"), "verify_activation"),
    "units": (("dense(10)", "dense(12)"), "verify_border"),
    "kernel": (("kernel = 3x3", "kernel = 5x5"), "verify_weights"),
    "last layer": (("sigmoid", "softmax"), "verify_operators"),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_changed_layer_is_found(name: str) -> None:
    change, code = VARIANTS[name]
    spec = small.text(change, ("target stm32n6", "target stm32n6(allow = [softmax, relu])"))
    found = held(small.tflite(spec))
    assert found.failed
    assert code in codes(found)


def test_the_place_of_a_difference_is_named() -> None:
    spec = small.text(("kernel = 3x3", "kernel = 5x5"))
    (one,) = [x for x in held(small.tflite(spec)).differences if x.operator is not None]
    assert (one.code, one.operator, one.layer) == ("verify_weights", 1, "stem_1_conv")
    assert one.source is not None
    assert one.source.startswith("<text>:5:")
    assert one.expected == "432 weights and 27,648 MACs"
    assert one.found == "1,200 weights and 76,800 MACs"
    assert one.tensor is not None
    assert "stem_1_conv" in one.tensor


def test_a_wrong_border_is_two_differences_not_four() -> None:
    found = held(small.tflite(small.TEXT, "int8"))
    assert [one.code for one in found.differences] == ["verify_border"] * 2
    assert found.differences[0].help is not None
    assert "inference_input_type = tf.float32" in found.differences[0].help


# --- quantised otherwise -----------------------------------------------------------------------


WIDE = small.text(
    ("stem(channels = 16", "stem(channels = 40"), ("body(channels = 16", "body(channels = 40")
)
"""Wide enough for the converter to quantise weights by dynamic range: from 1,024 on."""


@cache
def otherwise(kind: str) -> bytes:
    """The small network converted in a way that is not the NPU's."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(small.model(WIDE))
    if kind != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("float", "the file is in floating point, not quantised"),
        ("dynamic", "the file is quantised by dynamic range: int8 weights, but float activations"),
        ("float16", "the file is quantised to float16: weights only"),
    ],
)
def test_other_quantisations_are_named_once(kind: str, said: str) -> None:
    found = held(otherwise(kind), small.manifest(WIDE))
    errors = [one for one in found.differences if one.level == "error"]
    assert [one.message for one in errors] == [said]
    assert errors[0].code == "verify_precision"


@pytest.mark.filterwarnings("ignore")
def test_an_open_batch_is_named_by_what_it_leaves() -> None:
    import numpy as np
    import tensorflow as tf

    generator = np.random.default_rng(0)
    spoilt = small.model(small.SQUEEZE, None)
    converter = tf.lite.TFLiteConverter.from_keras_model(spoilt)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: (
        [generator.normal(size=(1, 8, 8, 8)).astype("float32")] for _ in range(2)
    )
    found = held(bytes(converter.convert()), small.manifest(small.SQUEEZE))
    assert {"verify_batch", "verify_operators"} <= codes(found)
    extra = {one.message.split()[0] for one in found.differences if one.code == "verify_operators"}
    assert {"SHAPE", "STRIDED_SLICE", "PACK"} <= extra
    assert held(small.tflite(small.SQUEEZE), small.manifest(small.SQUEEZE)).differences == ()


# --- tampered with -----------------------------------------------------------------------------


def tensors_of(model: Any, place: int) -> Any:
    graph = model.subgraphs[0]
    return graph.tensors[graph.operators[place].inputs[1]]


def per_tensor(model: Any) -> None:
    given = tensors_of(model, 2).quantization
    given.scale, given.zeroPoint = given.scale[:1], given.zeroPoint[:1]


def dense_per_tensor(model: Any) -> None:
    given = tensors_of(model, 6).quantization
    given.scale, given.zeroPoint = given.scale[:1], given.zeroPoint[:1]


def wrong_axis(model: Any) -> None:
    tensors_of(model, 1).quantization.quantizedDimension = 3


def asymmetric(model: Any) -> None:
    tensors_of(model, 1).quantization.zeroPoint = [3] * 16


def not_a_number(model: Any) -> None:
    tensors_of(model, 1).quantization.scale = [float("nan")] * 16


def sparse(model: Any) -> None:
    tensors_of(model, 3).sparsity = litert.SparsityParametersT()


def dead(model: Any) -> None:
    """Three of the sixteen kernels of the first convolution, two of the depthwise one."""
    first, depthwise = (model.buffers[tensors_of(model, place).buffer] for place in (1, 2))
    first.data = [0] * 3 * 27 + list(first.data[3 * 27 :])
    channels = len(depthwise.data) // 9
    depthwise.data = [0 if at % channels < 2 else max(v, 1) for at, v in enumerate(depthwise.data)]


def mostly_zero(model: Any) -> None:
    """As rounding leaves them: small weights beside a large one in every kernel."""
    buffer = model.buffers[tensors_of(model, 3).buffer]
    buffer.data = [127 if at % 16 == 0 else 0 for at in range(len(buffer.data))]


def insert(model: Any, name: str, custom: str | None = None) -> None:
    """Put an operator between the second convolution and the ADD."""
    graph = model.subgraphs[0]
    code = litert.OperatorCodeT()
    code.builtinCode = getattr(litert.BuiltinOperator, name)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.customCode = custom
    model.operatorCodes.append(code)
    operator = litert.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    after = graph.operators[4]
    source = graph.operators[3].outputs[0]
    graph.tensors.append(copy.deepcopy(graph.tensors[source]))
    operator.inputs, operator.outputs = [source], [len(graph.tensors) - 1]
    after.inputs = [len(graph.tensors) - 1 if t == source else t for t in after.inputs]
    graph.operators.insert(4, operator)


def fake_quant(model: Any) -> None:
    insert(model, "FAKE_QUANT")


def custom(model: Any) -> None:
    insert(model, "CUSTOM", "FlexErf")


def float_island(model: Any) -> None:
    insert(model, "DEQUANTIZE")
    graph = model.subgraphs[0]
    graph.tensors[-1].type = litert.TensorType.FLOAT32
    graph.tensors[-1].quantization = None


def another_activation(model: Any) -> None:
    model.subgraphs[0].operators[1].builtinOptions.fusedActivationFunction = 1


def no_activation(model: Any) -> None:
    model.subgraphs[0].operators[3].builtinOptions.fusedActivationFunction = 0


def rewired(model: Any) -> None:
    """The skip adds the block's result to itself."""
    operator = model.subgraphs[0].operators[4]
    made = model.subgraphs[0].operators[3].outputs[0]
    operator.inputs = [made, made]


def reordered(model: Any) -> None:
    operators = model.subgraphs[0].operators
    operators[5], operators[6] = operators[6], operators[5]


def two_subgraphs(model: Any) -> None:
    model.subgraphs.append(copy.deepcopy(model.subgraphs[0]))


def state(model: Any) -> None:
    model.subgraphs[0].tensors[-1].isVariable = True


def batch_of_four(model: Any) -> None:
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs):
        graph.tensors[index].shape = [4, *graph.tensors[index].shape[1:]]


def open_size(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shapeSignature = [1, -1, -1, 3]


def second_output(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.outputs = [*graph.outputs, graph.operators[5].outputs[0]]


TAMPERED: dict[Callable[[Any], None], tuple[str, str]] = {
    per_tensor: ("verify_precision", "quantised per tensor, not per channel"),
    wrong_axis: ("verify_precision", "along axis 3"),
    asymmetric: ("verify_precision", "not quantised symmetrically"),
    not_a_number: ("verify_values", "a scale is nan"),
    sparse: ("verify_weights", "stored sparse"),
    fake_quant: ("verify_operators", "FAKE_QUANT is not in the manifest"),
    custom: ("verify_operators", "CUSTOM `FlexErf` is not in the manifest"),
    float_island: ("verify_precision", "a float island: DEQUANTIZE"),
    another_activation: ("verify_activation", "CONV_2D has RELU fused, not RELU6"),
    no_activation: ("verify_activation", "CONV_2D has no activation fused, not RELU6"),
    rewired: ("verify_order", "ADD reads other results than the layer `body_1_ds_add`"),
    reordered: ("verify_order", "FULLY_CONNECTED reads a result before it is there"),
    two_subgraphs: ("verify_operators", "the file has 2 subgraphs"),
    state: ("verify_operators", "keeps its value"),
    batch_of_four: ("verify_batch", "made for a batch of 4"),
    open_size: ("verify_border", "leaves its size open"),
    second_output: ("verify_border", "the file has 2 outputs, the manifest 1"),
}


@pytest.mark.parametrize("change", TAMPERED, ids=lambda change: change.__name__)
def test_what_was_tampered_with_is_found(change: Callable[[Any], None]) -> None:
    found = held(changed(small.tflite(), change))
    code, said = TAMPERED[change]
    messages = [x.message for x in found.differences if x.code == code and x.level == "error"]
    assert any(said in message for message in messages), found.differences


@pytest.mark.parametrize(
    ("change", "notes"),
    [(dense_per_tensor, ["verify_precision", "verify_memory"]), (dead, ["verify_values"])],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_does_not_matter_is_a_note(change: Callable[[Any], None], notes: list[str]) -> None:
    """One scale takes less room in the arena than one of each output."""
    found = held(changed(small.tflite(), change))
    assert not found.failed
    assert [each.code for each in found.differences] == notes


def test_an_open_batch_without_consequences_is_a_note() -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for index in (*graph.inputs, *graph.outputs):
            tensor = graph.tensors[index]
            tensor.shapeSignature = [-1, *list(tensor.shape)[1:]]

    found = held(changed(small.tflite(), change))
    assert not found.failed
    assert codes(found, "note") == {"verify_batch"}


def test_every_change_of_a_byte_ends_in_a_verification_or_an_error() -> None:
    """One byte in every region of the file, each set to its complement."""
    file = small.tflite()
    for at in range(8, len(file), max(1, len(file) // 400)):
        damaged = bytearray(file)
        damaged[at] ^= 0xFF
        with suppress(Rejected):
            held(bytes(damaged))


# --- order between branches --------------------------------------------------------------------

BRANCHES = """
arch branches {
    input image: 8 x 8 x 8
    stage body {
        concat { conv(8, 3x3) } { conv(16, 1x1) }
    }
}
"""


def test_another_order_between_branches_is_a_note() -> None:
    manifest = small.manifest(BRANCHES)
    assert manifest["deployed"]["order"] == "predicted"
    file = small.tflite(BRANCHES)
    assert held(file, manifest).differences == ()

    def swap(model: Any) -> None:
        operators = model.subgraphs[0].operators
        operators[1], operators[2] = operators[2], operators[1]

    found = held(changed(file, swap), manifest)
    assert not found.failed
    assert codes(found, "note") == {"verify_order"}


def test_dead_kernels_are_counted() -> None:
    """Channels without a weight are told, and nobody is said to have pruned anything."""
    (note,) = held(changed(small.tflite(), dead)).differences
    assert (note.code, note.level) == ("verify_values", "note")
    assert note.message.startswith("5 of 58 kernels are dead")
    assert note.notes[0] == "most in this CONV_2D: 3 of 16"
    assert "prune" not in note.message


def test_zeros_that_rounding_leaves_are_no_news() -> None:
    assert held(changed(small.tflite(), mostly_zero)).differences == ()


MODELS = Path(__file__).parents[3] / "shared" / "models"


@pytest.mark.skipif(not MODELS.is_dir(), reason="the published files are not here")
def test_dead_kernels_of_a_published_network() -> None:
    """Of MLPerf Tiny's person detector, which nobody pruned: 83 % zeros, 971 dead
    kernels of the 2,736 of its convolutions and the 2 of its dense layer."""
    model = read("vww", (MODELS / "vww_96_int8.tflite").read_bytes())
    counts = dead_kernels(File(model)).values()
    assert (sum(dead for dead, _ in counts), sum(all for _, all in counts)) == (971, 2_738)


def test_a_transposition_that_the_converter_moves_is_looked_through() -> None:
    """It stands behind the activation that the spec has behind it."""
    spec = """
    arch moved {
        input image: 5 x 7 x 3
        stage a { conv(exact(3)) concat { spatial_softmax relu6 } { relu6 } }
        head { conv(exact(2)) }
    }"""
    file = small.tflite(spec)
    names = [op.name for op in read("moved.tflite", file).subgraphs[0].operators]
    assert names[names.index("SOFTMAX") + 1] == "RELU6"
    assert held(file, small.manifest(spec)).differences == ()


# --- several inputs and outputs ------------------------------------------------------------------

TWINS = """
arch twins {
    target stm32n6
    input left: 8 x 8 x 8
    input right: 8 x 8 x 8
    stage a(channels = 8) { left conv relu6 }
    stage b(channels = 8) { right conv(kernel = 3x3) relu6 }
    output both { add { a } { b } conv(exact(4)) }
    output one { b conv(exact(4)) }
}
"""
"""Inputs and outputs that only their names tell apart."""


@cache
def twins() -> bytes:
    """Their file, made of the model that users build: outputs have their names in it."""
    model = small.compiled(TWINS).build_model()
    randomise(model)
    return convert(model, "float32", samples=2)


def renamed(*names: str) -> Callable[[Any], None]:
    """Exchange two names in the file's signature."""

    def change(model: Any) -> None:
        (signature,) = model.signatureDefs
        ends = [e for e in (*signature.inputs, *signature.outputs) if e.name.decode() in names]
        ends[0].name, ends[1].name = ends[1].name, ends[0].name

    return change


def test_inputs_and_outputs_go_by_the_names_of_the_signature() -> None:
    manifest = small.manifest(TWINS)
    assert [d.message for d in held(twins(), manifest).differences] == []
    for end in ("inputs", "outputs"):
        assert sorted(one["index"] for one in manifest[end]) == [0, 1]
    found = held(changed(twins(), renamed("both", "one")), manifest)
    said = [d.message for d in found.differences if d.level == "error"]
    assert said == [
        "the output `both` is not what the layer `both_conv` gives",
        "the output `one` is not what the layer `one_conv` gives",
    ]
    found = held(changed(twins(), renamed("left", "right")), manifest)
    said = [d.message for d in found.differences if d.level == "error"]
    assert said == [
        "CONV_2D reads other results than the layer `a_1_conv`",
        "CONV_2D reads other results than the layer `b_1_conv`",
    ]


def test_a_file_without_names_is_known_by_shapes() -> None:
    def unsigned(model: Any) -> None:
        model.signatureDefs = None
        for tensor in model.subgraphs[0].tensors:
            tensor.name = None

    found = held(changed(twins(), unsigned), small.manifest(TWINS))
    assert not found.failed
