#!/usr/bin/env bash
# onnx2tf: the same upsampling loses its aligned corners when it is written in operator set 18.
#
# onnx2tf 1.29.24 with the packages that it pins (onnxruntime 1.23.0, tensorflow 2.19.0, ai-edge-litert
# 2.1.0). A bilinear Resize of a ramp to twice its width, in operator set 17 and in 18, the default of
# PyTorch's exporter.
# Guess: TFLite's RESIZE_BILINEAR has align_corners and half_pixel_centers, so the three common modes
# come out as in onnxruntime, whatever the operator set: what 18 adds to Resize is optional.
# Seen: so in 17. In 18 every mode becomes half-pixel centres without a word; align_corners, which most
# U-Nets ask for, is lost. The ramp shows it: with aligned corners it stays straight to its ends.
. "$(dirname "$0")/lib/finding.sh"
packages onnx2tf==1.29.24

seen <<'END'
set 17, half_pixel    onnxruntime 0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
set 17, half_pixel    onnx2tf     0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
set 17, align_corners onnxruntime 0.00 0.43 0.86 1.29 1.71 2.14 2.57 3.00
set 17, align_corners onnx2tf     0.00 0.43 0.86 1.29 1.71 2.14 2.57 3.00
set 17, asymmetric    onnxruntime 0.00 0.50 1.00 1.50 2.00 2.50 3.00 3.00
set 17, asymmetric    onnx2tf     0.00 0.50 1.00 1.50 2.00 2.50 3.00 3.00
set 18, half_pixel    onnxruntime 0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
set 18, half_pixel    onnx2tf     0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
set 18, align_corners onnxruntime 0.00 0.43 0.86 1.29 1.71 2.14 2.57 3.00
set 18, align_corners onnx2tf     0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
set 18, asymmetric    onnxruntime 0.00 0.50 1.00 1.50 2.00 2.50 3.00 3.00
set 18, asymmetric    onnx2tf     0.00 0.25 0.75 1.25 1.75 2.25 2.75 3.00
END

run <<'END'
import glob
import itertools

import numpy as np
import onnx
import onnx2tf
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto, helper, numpy_helper

ramp = np.tile(np.arange(4, dtype=np.float32), (4, 1)).reshape(1, 1, 4, 4)
scales = numpy_helper.from_array(np.array([1, 1, 1, 2], np.float32), "scales")
for opset, mode in itertools.product((17, 18), ("half_pixel", "align_corners", "asymmetric")):
    node = helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear",
                            coordinate_transformation_mode=mode)
    graph = helper.make_graph(
        [node], "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4, 8])], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    name = f"{mode}_{opset}"
    onnx.save(model, f"{name}.onnx")
    session = onnxruntime.InferenceSession(f"{name}.onnx", providers=["CPUExecutionProvider"])
    onnx2tf.convert(f"{name}.onnx", output_folder_path=name, non_verbose=True)
    interpreter = Interpreter(glob.glob(f"{name}/*_float32.tflite")[0])
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], ramp.transpose(0, 2, 3, 1))
    interpreter.invoke()
    got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    for tool, row in (("onnxruntime", session.run(None, {"x": ramp})[0][0, 0, 0]),
                      ("onnx2tf    ", got[0, 0, :, 0])):
        print(f"> set {opset}, {mode:13} {tool}", *(f"{value:.2f}" for value in row))
END
