#!/usr/bin/env bash
# TVM resizes by the quotient of the sizes where ONNX gave a scale.
#
# TVM 0.27.0.post1 (relax.frontend.onnx), onnxruntime 1.32.0, onnx 1.23.2, operator set 22. ONNX maps
# coordinates with the scale that the node states; 5 rows at 0.5 become 2, which is a quotient of 0.4.
# Guess: the importer keeps the scale, or refuses one that does not divide the size.
# Seen: right where size times scale is a whole number; elsewhere the image is sampled at other places
# (a row of 0 to 4 halved gives 0.75 and 3.25, not 0.5 and 2.5). OpenVINO follows ONNX.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 apache-tvm==0.27.0.post1

seen <<'END'
4 values times 0.5, linear: onnxruntime [0.5, 2.5], TVM the same
5 values times 0.5, linear: onnxruntime [0.5, 2.5], TVM [0.75, 3.25]
5 values times 0.5, nearest: onnxruntime [0.0, 2.0], TVM [1.0, 3.0]
5 values times 1.5, linear: onnxruntime [0.0, 0.5, 1.17, 1.83, 2.5, 3.17, 3.83], TVM [0.0, 0.57, 1.29, 2.0, 2.71, 3.43, 4.0]
6 values times 1.5, linear: onnxruntime [0.0, 0.5, 1.17, 1.83, 2.5, 3.17, 3.83, 4.5, 5.0], TVM the same
9 values times 0.3, nearest: onnxruntime [1.0, 4.0], TVM [2.0, 6.0]
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_runtime, by_tvm, single

for length, scale, mode in ((4, 0.5, "linear"), (5, 0.5, "linear"), (5, 0.5, "nearest"),
                            (5, 1.5, "linear"), (6, 1.5, "linear"), (9, 0.3, "nearest")):
    x = np.arange(length, dtype=np.float32).reshape(1, 1, 1, length)
    model = single("Resize", {"x": x}, {"s": np.array([1, 1, 1, scale], np.float32)},
                   ["x", "", "s"], mode=mode)
    rows = {name: [round(float(value), 2) for value in by(model, {"x": x}).ravel()]
            for name, by in (("onnxruntime", by_runtime), ("OpenVINO", by_openvino), ("TVM", by_tvm))}
    print(f"> {length} values times {scale}, {mode}:",
          f"onnxruntime {rows['onnxruntime']}"
          + ("" if rows["OpenVINO"] == rows["onnxruntime"] else f", OpenVINO {rows['OpenVINO']}")
          + (", TVM the same" if rows["TVM"] == rows["onnxruntime"] else f", TVM {rows['TVM']}"))
END
