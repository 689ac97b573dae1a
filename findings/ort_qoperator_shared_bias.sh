#!/usr/bin/env bash
# onnxruntime: a head that several maps share keeps its bias in QDQ and loses it in QOperator.
#
# onnxruntime 1.32.0, quantize_static with int8 activations and weights, onnx 1.23.2. One convolution
# (same kernel, same bias) read by two maps of different ranges, as RetinaNet's and EfficientDet's heads
# are by every level of the pyramid; a tool that merges equal initialisers makes such files too.
# Guess: QuantFormat.QDQ and QuantFormat.QOperator are two ways to write the same numbers; a bias, whose
# scale is that of the input times that of the kernel, is written once for each input.
# Seen: so in QDQ. In QOperator it is written once, with the scale of the first map, and the second
# QLinearConv reads the same 32-bit numbers at another scale: here a bias of 2 acts as one of 0.3.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
bias as stored: 2.0 -2.0 1.0 -1.0
QDQ, first map: 2.0 -2.0 1.0 -1.0
QDQ, second map: 2.0 -2.0 1.0 -1.0
QOperator, first map: 2.0 -2.0 1.0 -1.0
QOperator, second map: 0.2 -0.2 0.1 -0.1
END

run <<'END'
import numpy as np
from onnx_file import model, node, numbers, quantised, run
from onnxruntime.quantization import QuantFormat, QuantType

rng = numbers()
samples = [rng.uniform(-1, 1, size=(1, 4, 8, 8)).astype(np.float32) for _ in range(8)]
bias = np.array([2, -2, 1, -1], np.float32)
kernel = rng.normal(size=(4, 4, 3, 3)).astype(np.float32) * np.float32(0.1)
constants = {"w": kernel, "b": bias, "factor": np.array(10, np.float32)}
net = model(
    [
        node("Conv", ["x", "w", "b"], ["first"], pads=[1, 1, 1, 1]),
        node("Div", ["x", "factor"], ["level"]),
        node("Conv", ["level", "w", "b"], ["second"], pads=[1, 1, 1, 1]),
    ],
    (1, 4, 8, 8), {"first": (1, 4, 8, 8), "second": (1, 4, 8, 8)}, constants)


def told(values):
    return " ".join(f"{value:.1f}" for value in values)


print("> bias as stored:", told(bias))
for kind in ("QDQ", "QOperator"):
    int8 = quantised(net, samples, quant_format=QuantFormat[kind],
                     activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
    # Of a map that is zero everywhere only the bias is left.
    answers = run(int8, np.zeros((1, 4, 8, 8), np.float32))
    for name, values in zip(("first", "second"), answers, strict=True):
        print(f"> {kind}, {name} map:", told(values[0, :, 4, 4]))
END
