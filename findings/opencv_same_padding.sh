#!/usr/bin/env bash
# OpenCV pads an ONNX SAME_UPPER window at the front, and leaves a SAME deconvolution a pixel short.
#
# opencv-python-headless 5.0.0.93 (dnn module), onnxruntime 1.32.0, onnx 1.23.2. SAME_UPPER is what a
# Keras or TensorFlow model with padding="same" becomes; of an odd number of padded pixels the extra
# one is at the end.
# Guess: OpenCV imports the node and returns what onnxruntime returns.
# Seen: a 3x3 window at stride 2 on an even map, which every MobileNet begins with, is computed as
# SAME_LOWER: the shape is right and every value is another one. On odd maps the padding is even and
# nothing shows. A transposed convolution at stride 2 makes 15 pixels of 8, not 16.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 opencv-python-headless==5.0.0.93

seen <<'END'
Conv on 7 x 7: onnxruntime (4, 4), OpenCV (4, 4), equal
MaxPool on 7 x 7: onnxruntime (4, 4), OpenCV (4, 4), equal
AveragePool on 7 x 7: onnxruntime (4, 4), OpenCV (4, 4), equal
ConvTranspose on 7 x 7: onnxruntime (14, 14), OpenCV (13, 13), another map
Conv on 8 x 8: onnxruntime (4, 4), OpenCV (4, 4), what SAME_LOWER says
MaxPool on 8 x 8: onnxruntime (4, 4), OpenCV (4, 4), what SAME_LOWER says
AveragePool on 8 x 8: onnxruntime (4, 4), OpenCV (4, 4), what SAME_LOWER says
ConvTranspose on 8 x 8: onnxruntime (16, 16), OpenCV (15, 15), another map
END

run <<'END'
import numpy as np
from onnx_node import by_opencv, by_runtime, single

rng = np.random.default_rng(0)
weights = {"w": rng.normal(size=(2, 2, 3, 3)).astype(np.float32)}
for size in (7, 8):
    maps = {"x": rng.normal(size=(1, 2, size, size)).astype(np.float32)}
    for op, stored in (("Conv", weights), ("MaxPool", {}), ("AveragePool", {}), ("ConvTranspose", weights)):
        model, lower = (
            single(op, maps, stored, kernel_shape=[3, 3], strides=[2, 2], auto_pad=padding)
            for padding in ("SAME_UPPER", "SAME_LOWER")
        )
        wanted, other, got = by_runtime(model, maps), by_runtime(lower, maps), by_opencv(model, maps)
        close = [
            result.shape == got.shape and np.allclose(result, got, atol=1e-4)
            for result in (wanted, other)
        ]
        told = "equal" if close[0] else "what SAME_LOWER says" if close[1] else "another map"
        print(f"> {op} on {size} x {size}: onnxruntime {wanted.shape[2:]},",
              f"OpenCV {got.shape[2:]}, {told}")
END
