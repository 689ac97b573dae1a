"""Models of one node, run by onnxruntime, the evaluator of the onnx package, and OpenVINO."""

import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def single(op, maps, constants=None, inputs=None, opset=22, **attributes):
    """A model of one node: maps by name are its inputs, constants are stored in it."""
    constants = constants or {}
    names = inputs or [*maps, *constants]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attributes)],
        "graph",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape
            )
            for name, value in maps.items()
        ],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset)]
    model = onnx.shape_inference.infer_shapes(
        helper.make_model(graph, opset_imports=opsets, ir_version=10), data_prop=True
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def inferred(model):
    """The shape that onnx infers for the output."""
    return tuple(dim.dim_value for dim in model.graph.output[0].type.tensor_type.shape.dim)


def by_runtime(model, maps):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, maps)[0]


def by_reference(model, maps):
    return ReferenceEvaluator(model).run(None, maps)[0]


def by_openvino(model, maps):
    import openvino

    core = openvino.Core()
    # Some processors compute in bfloat16 unless they are told not to.
    core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU")
    return compiled(maps)[0]


def by_tvm(model, maps):
    import tvm
    from tvm import relax
    from tvm.relax.frontend.onnx import from_onnx

    built = relax.build(from_onnx(model), target="llvm")
    machine = relax.VirtualMachine(built, tvm.cpu())
    result = machine["main"](*[tvm.runtime.tensor(value) for value in maps.values()])
    return (result if hasattr(result, "numpy") else result[0]).numpy()


def by_opencv(model, maps):
    import cv2
    import numpy

    network = cv2.dnn.readNetFromONNX(numpy.frombuffer(model.SerializeToString(), numpy.uint8))
    for name, value in maps.items():
        network.setInput(value, name)
    return network.forward()
