"""Writes small ONNX files, runs and quantises them with onnxruntime."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, quantize_static

onnxruntime.set_default_logger_severity(4)
node = helper.make_node


def model(nodes, source, targets, constants, opset=17, ir=8):
    """A model of one input `x` of the shape `source` and outputs {name: shape}."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "graph",
        [value("x", TensorProto.FLOAT, source)],
        [value(name, TensorProto.FLOAT, shape) for name, shape in targets.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir)


def run(model, x, optimised=False):
    """The outputs of a session, by default with no graph optimisation."""
    options = onnxruntime.SessionOptions()
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"x": x})


class _Samples(CalibrationDataReader):
    def __init__(self, samples):
        self.samples = iter(samples)

    def get_next(self):
        x = next(self.samples, None)
        return None if x is None else {"x": x}


def quantised(model, samples, **options):
    """The model after quantize_static over the samples."""
    onnx.save(model, "float.onnx")
    quantize_static("float.onnx", "int8.onnx", _Samples(samples), **options)
    return onnx.load("int8.onnx")


def numbers(seed=0):
    return np.random.default_rng(seed)
