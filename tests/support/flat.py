"""TFLite files made and changed by the FlatBuffers library and LiteRT's own schema.

What `archc.models.tflite` reads is written here by code that shares nothing with it.
"""

import struct
from collections.abc import Callable
from typing import Any


def changed(file: bytes, change: Callable[[Any], None]) -> bytes:
    """A file with its model, as an object of the schema, changed in place."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(file), 0))
    change(model)
    return packed(model)


def packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def sample(channels: int = 4) -> bytes:
    """A small int8 network, a 3x3 convolution and a RELU6, with names, scales and metadata."""
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    def buffer(data: bytes = b"") -> Any:
        made = schema.BufferT()
        made.data = np.frombuffer(data, "uint8") if data else None
        return made

    def tensor(name: str, shape: tuple[int, ...], kind: int, buffer: int, scales: int) -> Any:
        made = schema.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, buffer
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale = [0.5] * scales
        made.quantization.zeroPoint = [0] * scales
        return made

    def code(number: int) -> Any:
        made = schema.OperatorCodeT()
        made.builtinCode = made.deprecatedBuiltinCode = number
        made.version = 1
        return made

    convolution = schema.OperatorT()
    convolution.opcodeIndex, convolution.inputs, convolution.outputs = 0, [0, 1, 2], [3]
    convolution.builtinOptionsType = schema.BuiltinOptions.Conv2DOptions
    options = convolution.builtinOptions = schema.Conv2DOptionsT()
    options.strideH, options.strideW, options.fusedActivationFunction = 2, 1, 1
    options.padding = schema.Padding.VALID
    relu6 = schema.OperatorT()
    relu6.opcodeIndex, relu6.inputs, relu6.outputs = 1, [3], [4]

    graph = schema.SubGraphT()
    graph.name = "main"
    filter_shape = (channels, 3, 3, 2)
    graph.tensors = [
        tensor("image", (1, 9, 8, 2), schema.TensorType.INT8, 0, 1),
        tensor("filter", filter_shape, schema.TensorType.INT8, 1, channels),
        tensor("bias", (channels,), schema.TensorType.INT32, 2, channels),
        tensor("features", (1, 4, 6, channels), schema.TensorType.INT8, 0, 1),
        tensor("clipped", (1, 4, 6, channels), schema.TensorType.INT8, 0, 1),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [4], [convolution, relu6]

    model = schema.ModelT()
    model.version = 3
    model.description = "sample"
    model.operatorCodes = [code(3), code(21)]
    model.subgraphs = [graph]
    model.buffers = [
        buffer(),
        buffer(bytes(range(1, 18 * channels + 1))),
        buffer(struct.pack(f"<{channels}i", *range(1, channels + 1))),
    ]
    note = schema.MetadataT()
    note.name, note.buffer = "min_runtime_version", 0
    model.metadata = [note]
    return packed(model)


def separable(operators: int, channels: int, side: int = 16) -> bytes:
    """An int8 network of so many operators: depthwise and 1x1 convolutions in turn, with skips
    around every second pair, and a dense layer behind a mean. Filters differ from one another."""
    import numpy as np
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.BuiltinOperator
    codes = (kinds.DEPTHWISE_CONV_2D, kinds.CONV_2D, kinds.ADD, kinds.MEAN, kinds.FULLY_CONNECTED)
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers = 3, [schema.BufferT()]
    model.operatorCodes = []
    for number in codes:
        made = schema.OperatorCodeT()
        made.builtinCode = made.deprecatedBuiltinCode = number
        made.version = 1
        model.operatorCodes.append(made)
    graph.name, graph.tensors, graph.operators = "main", [], []
    random = np.random.RandomState(0)

    def tensor(name: str, shape: tuple[int, ...], values: Any = None, scales: int = 1) -> int:
        made = schema.TensorT()
        made.name, made.shape, made.buffer = name, list(shape), 0
        made.type = schema.TensorType.INT8
        if values is not None:
            stored = schema.BufferT()
            stored.data = np.frombuffer(values.tobytes(), "uint8")
            made.buffer = len(model.buffers)
            model.buffers.append(stored)
            if values.dtype == np.int32:
                made.type = schema.TensorType.INT32
        if scales:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale = [0.05] * scales
            made.quantization.zeroPoint = [0] * scales
        graph.tensors.append(made)
        return len(graph.tensors) - 1

    def operator(kind: int, inputs: list[int], output: int, options: Any) -> int:
        made = schema.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = codes.index(kind), inputs, [output]
        made.builtinOptions = options
        made.builtinOptionsType = getattr(
            schema.BuiltinOptions, type(options).__name__.removesuffix("T")
        )
        graph.operators.append(made)
        return output

    def kernel(name: str, shape: tuple[int, ...], outputs: int) -> list[int]:
        values = random.randint(-127, 128, shape).astype("int8")
        bias = random.randint(-99, 99, outputs).astype("int32")
        filter = tensor(f"{name}/filter", shape, values, outputs)
        if len(shape) == 4:
            axis = 3 if shape[0] == 1 and shape[3] == outputs else 0
            graph.tensors[filter].quantization.quantizedDimension = axis
        return [filter, tensor(f"{name}/bias", (outputs,), bias, outputs)]

    shape = (1, side, side, channels)
    at = skipped = tensor("image", shape)
    graph.inputs = [at]
    pair = 0
    while len(graph.operators) < operators - 2:
        name = f"net/block_{pair}"
        options = schema.DepthwiseConv2DOptionsT()
        options.strideW = options.strideH = options.depthMultiplier = 1
        options.fusedActivationFunction = 3
        given = [at, *kernel(f"{name}/dw", (1, 3, 3, channels), channels)]
        made = tensor(f"{name}/dw/depthwise", shape)
        at = operator(kinds.DEPTHWISE_CONV_2D, given, made, options)
        if len(graph.operators) == operators - 2:
            break
        options = schema.Conv2DOptionsT()
        options.strideW = options.strideH = 1
        given = [at, *kernel(f"{name}/pw", (channels, 1, 1, channels), channels)]
        made = tensor(f"{name}/pw/convolution", shape)
        at = operator(kinds.CONV_2D, given, made, options)
        pair += 1
        if pair % 2 == 0 and len(graph.operators) < operators - 2:
            made = tensor(f"{name}/add", shape)
            at = skipped = operator(kinds.ADD, [at, skipped], made, schema.AddOptionsT())
    axes = tensor("axes", (2,), np.array([1, 2], "int32"), 0)
    options = schema.ReducerOptionsT()
    made = tensor("net/pool/mean", (1, channels))
    at = operator(kinds.MEAN, [at, axes], made, options)
    given = [at, *kernel("net/scores", (10, channels), 10)]
    made = tensor("net/scores/matmul", (1, 10))
    graph.outputs = [operator(kinds.FULLY_CONNECTED, given, made, schema.FullyConnectedOptionsT())]
    model.subgraphs = [graph]
    return packed(model)
