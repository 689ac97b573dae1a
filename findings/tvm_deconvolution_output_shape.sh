#!/usr/bin/env bash
# TVM drops the output_shape of a transposed convolution and returns a map of another size.
#
# TVM 0.27.0.post1 (relax.frontend.onnx), onnxruntime 1.32.0, onnx 1.23.2, operator set 22. A decoder
# that states the size it wants instead of the padding it takes.
# Guess: the importer derives the padding from output_shape, as the text of ConvTranspose says.
# Seen: the map has the size that pads and auto_pad alone give; no message. Where the next operator is a
# Concat or an Add, that one is blamed.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 apache-tvm==0.27.0.post1

seen <<'END'
3x3, stride 2, pads=[1, 1, 1, 1], output_padding=[1, 1]: inferred (14, 16), onnxruntime (14, 16), OpenVINO (14, 16), TVM (14, 16)
3x3, stride 2, output_shape=[14, 16]: inferred (14, 16), onnxruntime (14, 16), OpenVINO (14, 16), TVM (15, 17)
3x3, stride 2, auto_pad=SAME_UPPER, output_shape=[15, 17]: inferred (15, 17), onnxruntime (15, 17), OpenVINO (15, 17), TVM (14, 16)
2x2, stride 3, output_shape=[21, 24]: inferred (21, 24), onnxruntime (21, 24), OpenVINO (21, 24), TVM (20, 23)
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_runtime, by_tvm, inferred, single

x = np.ones((1, 2, 7, 8), np.float32)
for kernel, stride, shape, attributes in (
    (3, 2, None, {"pads": [1, 1, 1, 1], "output_padding": [1, 1]}),
    (3, 2, [14, 16], {}),
    (3, 2, [15, 17], {"auto_pad": "SAME_UPPER"}),
    (2, 3, [21, 24], {}),
):
    if shape:
        attributes = {**attributes, "output_shape": shape}
    w = np.ones((2, 3, kernel, kernel), np.float32)
    model = single("ConvTranspose", {"x": x}, {"w": w}, strides=[stride] * 2, **attributes)
    sizes = {name: by(model, {"x": x}).shape[2:]
             for name, by in (("onnxruntime", by_runtime), ("OpenVINO", by_openvino), ("TVM", by_tvm))}
    said = ", ".join(f"{key}={value}" for key, value in attributes.items())
    print(f"> {kernel}x{kernel}, stride {stride}, {said}: inferred {inferred(model)[2:]},",
          ", ".join(f"{name} {size}" for name, size in sizes.items()))
END
