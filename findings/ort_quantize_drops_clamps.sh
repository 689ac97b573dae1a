#!/usr/bin/env bash
# onnxruntime's quantize_static removes clamps that the int8 range does not replace.
#
# onnxruntime 1.32.0, defaults (QDQ, int8, MinMax). It removes Relu and Clip behind a convolution,
# since saturation at the end of the calibrated range does their work.
# Guess: only where that is so: a lower bound of zero, and no one else reading the raw output.
# Seen: Clip(1, 3) is removed too, though a quantised range always holds zero: answers go down to 0.
# And where the convolution is itself an output beside its Relu, that output loses every negative.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
Clip(0, 6): removed, smallest answer 0 for 0
Clip(1, 3): removed, smallest answer 0 for 1
Relu beside its input as an output: kept, raw output loses its negatives
END

run <<'END'
import numpy as np
from onnx_file import model, node, numbers, quantised, run

rng = numbers()
samples = [rng.normal(size=(1, 3, 8, 8)).astype(np.float32) for _ in range(8)]
weights = {"w": rng.normal(size=(8, 3, 3, 3)).astype(np.float32),
           "b": rng.normal(size=8).astype(np.float32)}
conv = node("Conv", ["x", "w", "b"], ["a"])
shape = (1, 8, 6, 6)
for low, high in ((0, 6), (1, 3)):
    net = model([conv, node("Clip", ["a", "l", "h"], ["y"])], (1, 3, 8, 8), {"y": shape},
                weights | {"l": np.float32(low), "h": np.float32(high)})
    int8 = quantised(net, samples)
    gone = "removed" if "Clip" not in [n.op_type for n in int8.graph.node] else "kept"
    answer = min(run(int8, x)[0].min() for x in samples)
    print(f"> Clip({low}, {high}): {gone}, smallest answer {answer:.0f} for {low}")
net = model([conv, node("Relu", ["a"], ["y"])], (1, 3, 8, 8), {"y": shape, "a": shape}, weights)
int8 = quantised(net, samples)
gone = "removed" if "Relu" not in [n.op_type for n in int8.graph.node] else "kept"
raw = [min(run(m, x)[1].min() for x in samples) for m in (int8, net)]
lost = raw[0] == 0 and raw[1] < -10
print(f"> Relu beside its input as an output: {gone},",
      "raw output loses its negatives" if lost else "raw output as it was")
END
