#!/usr/bin/env bash
# Model Explorer: figures that are keyed by tensor, as its builder says, show nowhere in an ONNX file.
#
# ai-edge-model-explorer 0.1.34 with model-explorer-onnx 0.4.2, onnx 1.23.2. Node data is keyed by the
# name of an output tensor or by a node's id, says its builder (GraphNodeData.results).
# Guess: names of output tensors work for any format, and for ONNX above all, where a tensor is known
# by its name and a node's name may be empty.
# Seen: the ONNX adapter writes no tensor name to a node's outputs, so that such a key matches nothing, in
# silence; a node's id is its name, and an invented one where it has none.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 ai-edge-model-explorer==0.1.34 model-explorer-onnx==0.4.2

seen <<'END'
Conv: id its name, without tensor_name
Relu: id made up, without tensor_name
END

run <<'END'
import numpy as np
import onnx
from model_explorer_onnx.main import ONNXAdapter
from onnx import TensorProto, helper, numpy_helper

value = helper.make_tensor_value_info
graph = helper.make_graph(
    [helper.make_node("Conv", ["x", "w"], ["map"], name="first"),
     helper.make_node("Relu", ["map"], ["y"])],
    "graph", [value("x", TensorProto.FLOAT, [1, 3, 8, 8])],
    [value("y", TensorProto.FLOAT, [1, 4, 8, 8])],
    [numpy_helper.from_array(np.ones((4, 3, 1, 1), np.float32), "w")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "net.onnx")
made = ONNXAdapter().convert("net.onnx", {})["graphs"][0]
for node in made.nodes:
    keys = {attribute.key for output in node.outputsMetadata for attribute in output.attrs}
    named = "with" if "tensor_name" in keys else "without"
    if node.label in ("Conv", "Relu"):
        print(f"> {node.label}: id {'its name' if node.id == 'first' else 'made up'}, {named} tensor_name")
END
