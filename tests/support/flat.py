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
