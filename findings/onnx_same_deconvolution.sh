#!/usr/bin/env bash
# A SAME transposed convolution whose stride is wider than its kernel: ONNX and its runtimes differ.
#
# onnx 1.23.2, onnxruntime 1.32.0, OpenVINO 2026.4.1, keras 3.15.1 with tensorflow 2.21.0. The text of
# ConvTranspose: with SAME_UPPER or SAME_LOWER "output_shape[i] = input_shape[i] * strides[i]", which is
# what Keras and TFLite give too.
# Guess: 3 x 3 at stride 3 becomes 9 x 9 everywhere.
# Seen: with a 2x2 kernel onnx's own shape inference, onnxruntime and OpenVINO give 8 x 8, since what
# is missing is never padded; onnx's evaluator gives 9 x 9, with the zeros first for SAME_UPPER. A
# converter that hands Keras' padding on as auto_pad gets a smaller map.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 keras==3.15.1 \
  tensorflow==2.21.0

seen <<'END'
kernel 4: Keras (9, 9), inferred (9, 9), onnxruntime (9, 9), OpenVINO (9, 9), reference (9, 9)
kernel 3: Keras (9, 9), inferred (9, 9), onnxruntime (9, 9), OpenVINO (9, 9), reference (9, 9)
kernel 2: Keras (9, 9), inferred (8, 8), onnxruntime (8, 8), OpenVINO (8, 8), reference (9, 9)
kernel 1: Keras (9, 9), inferred (7, 7), onnxruntime (7, 7), OpenVINO (7, 7), reference (9, 9)
END

run <<'END'
import keras
import numpy as np
from onnx_node import by_openvino, by_reference, by_runtime, inferred, single

x = np.ones((1, 1, 3, 3), np.float32)
for kernel in (4, 3, 2, 1):
    layer = keras.layers.Conv2DTranspose(1, kernel, strides=3, padding="same")
    model = single("ConvTranspose", {"x": x}, {"w": np.ones((1, 1, kernel, kernel), np.float32)},
                   strides=[3, 3], auto_pad="SAME_UPPER")
    sizes = {"Keras": layer(x.transpose(0, 2, 3, 1)).shape[1:3], "inferred": inferred(model)[2:]}
    for name, answer in (("onnxruntime", by_runtime), ("OpenVINO", by_openvino),
                         ("reference", by_reference)):
        sizes[name] = answer(model, {"x": x}).shape[2:]
    print(f"> kernel {kernel}:", ", ".join(f"{name} {size}" for name, size in sizes.items()))
END
