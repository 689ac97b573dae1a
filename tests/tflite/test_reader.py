"""The reader against LiteRT's own schema and interpreter."""

from collections.abc import Iterator

import pytest
from ai_edge_litert import schema_py_generated as litert

from archc.diagnostics.model import Rejected
from archc.limits import DEFAULT_LIMITS
from archc.models.tflite import Model, Tensor, read, schema
from support import shipped
from support import tflite as judge
from support.flat import changed, sample

BORDERS = [
    *((name, "float32") for name in shipped.NAMES),
    ("dscnn_a025", "int8"),
    ("dscnn_a025", "uint8"),
]


def members(enum: type) -> dict[str, int]:
    return {name: value for name, value in vars(enum).items() if isinstance(value, int)}


def test_operators_are_numbered_as_in_the_schema() -> None:
    assert {name: i for i, name in enumerate(schema.OPERATORS)} == members(litert.BuiltinOperator)


def test_types_are_numbered_as_in_the_schema() -> None:
    theirs = members(litert.TensorType)
    assert {kind.upper(): i for i, kind in enumerate(schema.TYPES)} == theirs


def test_activations_are_numbered_as_in_the_schema() -> None:
    ours = {name or "NONE": i for i, name in enumerate(schema.ACTIVATIONS)}
    assert ours == members(litert.ActivationFunctionType)


@pytest.mark.parametrize("operator", schema.OPTIONS)
def test_options_are_numbered_as_in_the_schema(operator: str) -> None:
    options = schema.OPTIONS[operator]
    (name,) = [n for n, v in members(litert.BuiltinOptions).items() if v == options.kind]
    table = getattr(litert, name)
    start = getattr(litert, f"{name}T")()
    assert hasattr(start, "fusedActivationFunction")
    assert hasattr(table, "FusedActivationFunction")


def test_what_the_library_wrote_is_read() -> None:
    model = read("sample", sample())
    assert (model.version, model.description, model.metadata) == (
        *(3, "sample"),
        ("min_runtime_version",),
    )
    (graph,) = model.subgraphs
    assert (graph.name, graph.inputs, graph.outputs) == ("main", (0,), (4,))
    convolution, relu6 = graph.operators
    assert (convolution.name, relu6.name) == ("CONV_2D", "RELU6")
    assert (convolution.stride, convolution.padding) == ((2, 1), "VALID")
    assert (convolution.dilation, convolution.activation) == ((1, 1), "RELU")
    assert convolution.inputs == (0, 1, 2)
    filter_ = graph.tensors[1]
    assert (filter_.name, filter_.shape, filter_.dtype) == ("filter", (4, 3, 3, 2), "int8")
    assert model.values(filter_) == bytes(range(1, 73))
    assert filter_.quantization is not None
    assert filter_.quantization.scales == (0.5,) * 4
    assert graph.tensors[3].size == 0


def test_a_pool_a_custom_operator_and_an_open_shape_are_read() -> None:
    def change(model: litert.ModelT) -> None:
        pool = model.operatorCodes[1]
        pool.builtinCode = pool.deprecatedBuiltinCode = schema.OPERATORS.index("MAX_POOL_2D")
        operator = model.subgraphs[0].operators[1]
        operator.builtinOptionsType = litert.BuiltinOptions.Pool2DOptions
        operator.builtinOptions = litert.Pool2DOptionsT()
        operator.builtinOptions.filterHeight, operator.builtinOptions.filterWidth = 2, 3
        operator.builtinOptions.strideH, operator.builtinOptions.strideW = 4, 5
        custom = model.operatorCodes[0]
        custom.builtinCode = custom.deprecatedBuiltinCode = schema.CUSTOM
        custom.customCode = "FlexErf"
        model.subgraphs[0].tensors[0].shapeSignature = [-1, 9, 8, 2]
        model.subgraphs[0].tensors[1].isVariable = True

    graph = read("f", changed(sample(), change)).subgraphs[0]
    custom, pool = graph.operators
    assert (pool.window, pool.stride, pool.padding) == ((2, 3), (4, 5), "SAME")
    assert (custom.name, custom.custom, custom.shown) == ("CUSTOM", "FlexErf", "CUSTOM `FlexErf`")
    assert graph.tensors[0].signature == (-1, 9, 8, 2)
    assert graph.tensors[1].variable


def test_a_new_operator_is_shown_as_a_number() -> None:
    def change(model: litert.ModelT) -> None:
        model.operatorCodes[1].builtinCode = 4_000

    operators = read("f", changed(sample(), change)).subgraphs[0].operators
    assert operators[1].name == "OPERATOR_4000"


def test_old_files_have_their_operators_in_one_byte() -> None:
    def change(model: litert.ModelT) -> None:
        for code in model.operatorCodes:
            code.builtinCode = 0

    operators = read("f", changed(sample(), change)).subgraphs[0].operators
    assert [op.name for op in operators] == ["CONV_2D", "RELU6"]


def test_weights_behind_the_flatbuffer_are_found() -> None:
    tail = bytes(72)

    def change(model: litert.ModelT) -> None:
        model.buffers[1].data = None
        model.buffers[1].offset, model.buffers[1].size = 1 << 20, 72

    file = changed(sample(), change)
    file += bytes((1 << 20) - len(file)) + tail[:-1] + b"\x07"
    model = read("f", file)
    assert model.values(model.subgraphs[0].tensors[1]).endswith(b"\x00\x07")


def constants(model: Model) -> Iterator[Tensor]:
    graph = model.subgraphs[0]
    read_by = {tensor for op in graph.operators for tensor in op.inputs if tensor >= 0}
    made = {tensor for op in graph.operators for tensor in op.outputs}
    for index in read_by - made - set(graph.inputs):
        yield graph.tensors[index]


@pytest.mark.keras
@pytest.mark.parametrize(("name", "io"), BORDERS)
def test_files_of_the_converter_are_read_as_the_interpreter_reads_them(name: str, io: str) -> None:
    file = shipped.tflite(name, io)
    theirs = judge.read(file)
    model = read(name, file)
    (graph,) = model.subgraphs
    makers = {tensor: i for i, op in enumerate(graph.operators) for tensor in op.outputs}
    assert sum(tensor.size for tensor in constants(model)) == theirs.constant_bytes
    assert len(graph.operators) == len(theirs.operators)
    for ours, other in zip(graph.operators, theirs.operators, strict=True):
        result = graph.tensors[ours.outputs[0]]
        shape = result.shape[1:] if len(result.shape) > 1 else result.shape
        assert (ours.name, shape, result.dtype) == (other.operator, other.shape, other.dtype)
        reads = [t for t in ours.inputs if t in makers or t in graph.inputs]
        assert tuple(makers.get(t, -1) for t in reads) == other.inputs
        held = [graph.tensors[t] for t in ours.inputs if t >= 0 and t not in reads]
        assert tuple((t.dtype, t.shape, t.size) for t in held) == other.constants


@pytest.mark.keras
def test_scales_are_those_of_the_interpreter() -> None:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    file = shipped.tflite("dscnn_a025")
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=file, experimental_op_resolver_type=plain)
    graph = read("f", file).subgraphs[0]
    for detail in interpreter.get_tensor_details():
        ours = graph.tensors[detail["index"]]
        assert ours.name == detail["name"]
        theirs = detail["quantization_parameters"]
        scales = ours.quantization.scales if ours.quantization else ()
        points = ours.quantization.zero_points if ours.quantization else ()
        assert list(scales) == [float(s) for s in theirs["scales"]]
        assert list(points) == [int(z) for z in theirs["zero_points"]]
        if len(scales) > 1 and ours.quantization:
            assert ours.quantization.axis == theirs["quantized_dimension"]


def test_the_bound_on_operators_is_named() -> None:
    with pytest.raises(Rejected) as caught:
        read("f.tflite", sample(), DEFAULT_LIMITS._replace(operators=1))
    assert "the limit `operators`" in caught.value.diagnostic.message
    assert caught.value.diagnostic.help == "if that is meant, raise it with `--limit operators=N`"
