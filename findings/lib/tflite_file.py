"""Writes small TFLite files with the schema that ai-edge-litert ships, and runs them."""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

OPERATOR = schema.BuiltinOperator
_TYPES = {
    "float32": schema.TensorType.FLOAT32,
    "int32": schema.TensorType.INT32,
    "int8": schema.TensorType.INT8,
}


class Network:
    """One subgraph, built tensor by tensor and operator by operator."""

    def __init__(self):
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.buffers = 3, [schema.BufferT()]
        self.graph.tensors, self.graph.operators, self.codes = [], [], []

    def tensor(self, shape, kind="float32", scale=None, zero=0, data=None):
        """Index of a new tensor; a list of scales means one for each slice of axis 0."""
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.shape, tensor.type = list(shape), _TYPES[kind]
        tensor.name = b"t%d" % len(self.graph.tensors)
        if scale is not None:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = list(np.atleast_1d(scale))
            tensor.quantization.zeroPoint = [zero] * len(tensor.quantization.scale)
        if data is not None:
            data = np.ascontiguousarray(data, dtype=kind)
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        tensor.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operator(self, code, inputs, outputs, options=None, **values):
        """Append an operator; `options` names its table in the schema, `values` its fields."""
        operator = schema.OperatorT()
        if code not in self.codes:
            self.codes.append(code)
        operator.opcodeIndex = self.codes.index(code)
        operator.inputs, operator.outputs = inputs, outputs
        if options:
            operator.builtinOptions = getattr(schema, options + "T")()
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
            for name, value in values.items():
                setattr(operator.builtinOptions, name, value)
        self.graph.operators.append(operator)

    def conv(self, source, target, kernel, bias, fused=0):
        """A convolution of stride 1 with SAME padding."""
        self.operator(
            OPERATOR.CONV_2D, [source, kernel, bias], [target], "Conv2DOptions",
            strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1, padding=0,
            fusedActivationFunction=fused)  # fmt: skip

    def file(self, inputs, outputs):
        """The bytes of the file, with one signature, `serving_default`."""
        self.graph.inputs, self.graph.outputs, self.graph.name = inputs, outputs, b"main"
        self.model.subgraphs, self.model.operatorCodes = [self.graph], []
        for code in self.codes:
            entry = schema.OperatorCodeT()
            entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 1
            self.model.operatorCodes.append(entry)
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs, signature.outputs = [], []
        for listed, tensors in ((signature.inputs, inputs), (signature.outputs, outputs)):
            for index in tensors:
                entry = schema.TensorMapT()
                entry.name, entry.tensorIndex = self.graph.tensors[index].name, index
                listed.append(entry)
        self.model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def operators(file):
    """The names of a file's operators, in its order."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(file), 0))
    names = {value: name for name, value in vars(OPERATOR).items() if isinstance(value, int)}
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in model.operatorCodes]
    return [names[codes[o.opcodeIndex]] for o in model.subgraphs[0].operators]


def tensors(file):
    """(shape, type, bytes of constant data) of every tensor."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(bytearray(file), 0))
    kinds = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}
    stored = [0 if b.data is None else len(b.data) for b in model.buffers]
    return [
        ([int(d) for d in ([] if t.shape is None else t.shape)], kinds[t.type], stored[t.buffer])
        for t in model.subgraphs[0].tensors
    ]


def litert(file, *inputs, reference=False):
    """The first output of LiteRT, by default with its XNNPACK kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(
        model_content=file, num_threads=1, experimental_op_resolver_type=resolver
    )
    interpreter.allocate_tensors()
    for place, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(place["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def micro(file, *inputs, arena=1 << 20):
    """The first output of TensorFlow Lite Micro."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(file, arena_size=arena)
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    return interpreter.get_output(0)
