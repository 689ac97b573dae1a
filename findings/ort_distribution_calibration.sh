#!/usr/bin/env bash
# onnxruntime: with the calibration method Distribution a ReLU disappears and negatives pass.
#
# onnxruntime 1.32.0, quantize_static with int8 activations and weights.
# Guess: the four calibration methods give slightly different scales; the network stays the same.
# Seen: MinMax, Entropy and Percentile put the zero point of a map behind a ReLU at the bottom of the
# type, so that saturation stands in for the ReLU that was removed. Distribution (made for 8-bit floats,
# accepted for int8) sets every zero point to 0 and still removes the ReLU.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
MinMax: no Relu left, zero point -128, no negatives
Entropy: no Relu left, zero point -128, no negatives
Percentile: no Relu left, zero point -128, no negatives
Distribution: no Relu left, zero point 0, negatives
END

run <<'END'
import numpy as np
from onnx import numpy_helper
from onnx_file import model, node, numbers, quantised, run
from onnxruntime.quantization import CalibrationMethod

rng = numbers()
samples = [rng.normal(size=(1, 3, 8, 8)).astype(np.float32) for _ in range(8)]
net = model([node("Conv", ["x", "w"], ["a"]), node("Relu", ["a"], ["y"])], (1, 3, 8, 8),
            {"y": (1, 8, 6, 6)}, {"w": rng.normal(size=(8, 3, 3, 3)).astype(np.float32)})
for method in (CalibrationMethod.MinMax, CalibrationMethod.Entropy, CalibrationMethod.Percentile,
               CalibrationMethod.Distribution):
    int8 = quantised(net, samples, calibrate_method=method)
    relu = "Relu" in [n.op_type for n in int8.graph.node]
    zero = [int(numpy_helper.to_array(c)) for c in int8.graph.initializer
            if c.name == "y_zero_point"][0]
    negative = min(run(int8, x)[0].min() for x in samples) < 0
    print(f"> {method.name}: {'Relu left' if relu else 'no Relu left'}, zero point {zero},",
          "negatives" if negative else "no negatives")
END
