#!/usr/bin/env bash
# onnxoptimizer turns "pad with zeros, then max-pool" into a max-pool that pads with minus infinity.
#
# onnxoptimizer 0.4.2. MobileNet-like stems and many detectors pad by hand before a pool; after
# a normalisation or a leaky ReLU maps hold negative values, so a zero at the border can be the maximum.
# Guess: a Pad is fused into a convolution or (counting the padding) an average pool, never into a
# max-pool.
# Seen: fused into all three. The average pool is rightly told to count its padding; the max-pool's
# border values change.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0 onnxoptimizer==0.4.2

seen <<'END'
Conv: Conv, same numbers
AveragePool: AveragePool, same numbers
MaxPool: MaxPool, other numbers at the border
END

run <<'END'
import numpy as np
import onnxoptimizer
from onnx_file import model, node, numbers, run

rng = numbers()
x = rng.normal(-2, 1, (1, 3, 8, 8)).astype(np.float32)
constants = {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)}
kernel = {"w": rng.normal(size=(3, 3, 3, 3)).astype(np.float32)}
window = {"kernel_shape": [3, 3], "strides": [2, 2]}
for kind, more, values in (("Conv", ["w"], {}), ("AveragePool", [], window),
                           ("MaxPool", [], window)):
    size = 8 if kind == "Conv" else 4
    old = model([node("Pad", ["x", "p"], ["a"]), node(kind, ["a", *more], ["y"], **values)],
                x.shape, {"y": (1, 3, size, size)}, constants | (kernel if more else {}))
    new = onnxoptimizer.optimize(old, onnxoptimizer.get_fuse_and_elimination_passes())
    off = np.abs(run(old, x)[0] - run(new, x)[0]) > 1e-4
    inside = off[:, :, 1:-1, 1:-1].any()
    where = "same numbers" if not off.any() else "other numbers" + ("" if inside else " at the border")
    print(f"> {kind}: {' '.join(n.op_type for n in new.graph.node)}, {where}")
END
