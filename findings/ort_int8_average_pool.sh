#!/usr/bin/env bash
# onnxruntime: the int8 kernel of an average pool divides by another count than the float one.
#
# onnxruntime 1.32.0 (CPU). AveragePool 3x3, stride 2, padding 1, ceil_mode=1: the last window hangs
# over the padded map. The QDQ file runs as float pool between D and Q without optimisation, as one
# int8 operator with it.
# Guess: at most one step of the scale between the two.
# Seen: one step where padding is not counted (count_include_pad=0); with count_include_pad=1 the
# windows that hang over differ by five and more steps. The optimiser changes the answer.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
ceil_mode=0 count_include_pad=0: at most one step
ceil_mode=0 count_include_pad=1: at most one step
ceil_mode=1 count_include_pad=0: at most one step
ceil_mode=1 count_include_pad=1: five steps or more, in the last row and column only
END

run <<'END'
import numpy as np
from onnx import numpy_helper
from onnx_file import model, node, numbers, quantised, run

rng = numbers()
samples = [rng.normal(size=(1, 3, 8, 8)).astype(np.float32) for _ in range(8)]
weights = {"w": rng.normal(size=(8, 3, 3, 3)).astype(np.float32),
           "b": rng.normal(size=8).astype(np.float32)}
for ceil in (0, 1):
    for count in (0, 1):
        pool = node("AveragePool", ["a"], ["y"], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                    strides=[2, 2], ceil_mode=ceil, count_include_pad=count)
        size = 4 if ceil else 3
        net = model([node("Conv", ["x", "w", "b"], ["a"]), pool], (1, 3, 8, 8),
                    {"y": (1, 8, size, size)}, weights)
        int8 = quantised(net, samples)
        scale = [float(numpy_helper.to_array(c)) for c in int8.graph.initializer
                 if c.name == "a_scale"][0]
        steps = np.max([(np.abs(run(int8, x)[0] - run(int8, x, optimised=True)[0]) / scale).round()
                        for x in samples], axis=0)
        where = ", in the last row and column only" if steps[:, :, :-1, :-1].max() <= 1 else ""
        print(f"> ceil_mode={ceil} count_include_pad={count}:",
              "at most one step" if steps.max() <= 1 else
              f"five steps or more{where}" if steps.max() >= 5 else f"{steps.max():.0f} steps")
END
