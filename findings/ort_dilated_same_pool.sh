#!/usr/bin/env bash
# onnxruntime pads a dilated SAME pool as if it were not dilated, and returns a smaller map.
#
# onnxruntime 1.32.0 (CPU), onnx 1.23.2, OpenVINO 2026.4.1, operator set 22, one pool with
# auto_pad=SAME_UPPER at stride 1, as Keras' `dilation_rate` and 'same' become.
# Guess: SAME at stride 1 keeps the size of the map; a combination that is not built is an error, as it
# is for Conv ("Dilation not supported for AutoPadType").
# Seen: the file is accepted, and the map shrinks by (kernel - 1) * (dilation - 1), against the shape
# that onnx infers and OpenVINO returns. A later operator then fails on the shape, or, behind a global
# pool, nothing does and the numbers are wrong.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

seen <<'END'
MaxPool, dilation 1: inferred (7, 8), OpenVINO (7, 8), onnxruntime (7, 8)
MaxPool, dilation 2: inferred (7, 8), OpenVINO (7, 8), onnxruntime (5, 6)
AveragePool, dilation 2: inferred (7, 8), OpenVINO (7, 8), onnxruntime (5, 6)
LpPool, dilation 2: inferred (7, 8), OpenVINO (7, 8), onnxruntime (5, 6)
Conv, dilation 2: refused: Dilation not supported for AutoPadType
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_runtime, inferred, single

x = np.random.default_rng(0).normal(size=(1, 2, 7, 8)).astype(np.float32)
w = np.ones((2, 2, 3, 3), np.float32)
for op, dilation in (("MaxPool", 1), ("MaxPool", 2), ("AveragePool", 2), ("LpPool", 2), ("Conv", 2)):
    model = single(op, {"x": x}, {"w": w} if op == "Conv" else {}, kernel_shape=[3, 3],
                   dilations=[dilation] * 2, auto_pad="SAME_UPPER")
    sizes = [f"inferred {inferred(model)[2:]}",
             f"OpenVINO {by_openvino(model, {'x': x}).shape[2:]}"]
    try:
        sizes.append(f"onnxruntime {by_runtime(model, {'x': x}).shape[2:]}")
    except Exception as error:
        why = "Dilation not supported for AutoPadType"
        sizes = [f"refused: {why if why in str(error) else error}"]
    print(f"> {op}, dilation {dilation}:", ", ".join(sizes))
END
