#!/usr/bin/env bash
# onnx2keras reads no auto_pad, and pads pools with zeros: the Keras model is another network.
#
# onnx2keras 0.0.25, keras 3.15.1 with tensorflow 2.21.0, onnxruntime 1.32.0, onnx 1.23.2, operator set
# 17, one node each, channels last (change_ordering=True), at stride 2 on a map of 8 x 8 whose values are
# mostly negative, as behind a normalisation or a leaky ReLU. auto_pad=SAME_UPPER is what Keras and
# TensorFlow models are exported with; pads of (0, 0, 1, 1) is the same padding spelled out.
# Guess: both forms become padding="same" or a ZeroPadding2D where that is the same, or the node is
# refused, as groups of a transposed convolution and bilinear resizing are ("Cannot convert ...").
# Seen: auto_pad is not read, and the layer pads nothing: 3 x 3 windows give 3 x 3 for 4 x 4. Spelled
# out, convolutions are right; a max pool takes the zeros of its padding for the maximum of negative
# values; an average pool counts the padding, or pads nothing where the two sides differ; a transposed
# convolution is a pixel larger then. A global pool behind it hides the size. No message.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 tensorflow==2.21.0 keras==3.15.1 \
  onnx2keras==0.0.25

seen <<'END'
Conv, SAME_UPPER: (3, 3) for (4, 4)
Conv, pads (0, 0, 1, 1): right
Conv, pads (1, 1, 1, 1): right
MaxPool, SAME_UPPER: (3, 3) for (4, 4)
MaxPool, pads (0, 0, 1, 1): other values
MaxPool, pads (1, 1, 1, 1): other values
AveragePool, SAME_UPPER: (3, 3) for (4, 4)
AveragePool, pads (0, 0, 1, 1): (3, 3) for (4, 4)
AveragePool, pads (1, 1, 1, 1): other values
ConvTranspose, SAME_UPPER: (17, 17) for (16, 16)
ConvTranspose, pads (0, 0, 1, 1): (17, 17) for (16, 16)
ConvTranspose, pads (1, 1, 1, 1): right
END

run <<'END'
import contextlib
import io
import logging

import numpy as np
from onnx_node import by_runtime, single

logging.disable(logging.CRITICAL)
import onnx2keras

rng = np.random.default_rng(0)
x = rng.normal(size=(1, 2, 8, 8)).astype(np.float32) - 2
kernel = {"w": rng.normal(size=(2, 2, 3, 3)).astype(np.float32)}
forms = {"SAME_UPPER": {"auto_pad": "SAME_UPPER"}, "pads (0, 0, 1, 1)": {"pads": [0, 0, 1, 1]},
         "pads (1, 1, 1, 1)": {"pads": [1, 1, 1, 1]}}
for op in ("Conv", "MaxPool", "AveragePool", "ConvTranspose"):
    for name, padding in forms.items():
        model = single(op, {"x": x}, kernel if "Conv" in op else None, opset=17,
                       kernel_shape=[3, 3], strides=[2, 2], **padding)
        wanted = by_runtime(model, {"x": x})
        with contextlib.redirect_stdout(io.StringIO()):
            network = onnx2keras.onnx_to_keras(
                model, ["x"], verbose=False, name_policy="renumerate", change_ordering=True)
            got = np.array(network(x.transpose(0, 2, 3, 1))).transpose(0, 3, 1, 2)
        if wanted.shape != got.shape:
            verdict = f"{got.shape[2:]} for {wanted.shape[2:]}"
        else:
            verdict = "right" if np.allclose(wanted, got, atol=1e-4) else "other values"
        print(f"> {op}, {name}: {verdict}")
END
