#!/usr/bin/env bash
# onnxslim folds a multiplication into the convolution before it along the wrong axis.
#
# onnxslim 0.1.98, onnxsim 0.8.1 beside it. A vector of shape [4] multiplies the last axis of an NCHW
# map, its columns; only [4,1,1] would be one factor per channel.
# Guess: the fold asks for the shape [C,1,1] (or a scalar).
# Seen: onnxslim takes any vector of C values: on a map of 4 channels and 4 columns Conv and Mul become
# one Conv with other answers. With 5 columns the vector has another length and nothing is folded.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0 onnxslim==0.1.98 onnxsim==0.8.1

seen <<'END'
onnxslim, factor [4,1,1]: Conv, same numbers
onnxslim, factor [4] over columns: Conv, other numbers
onnxsim, factor [4,1,1]: Conv, same numbers
onnxsim, factor [4] over columns: Conv Mul, same numbers
END

run <<'END'
import numpy as np
import onnxsim
import onnxslim
from onnx_file import model, node, numbers, run

rng = numbers()
x = rng.normal(size=(1, 3, 8, 8)).astype(np.float32)
kernel = rng.normal(size=(4, 3, 3, 3)).astype(np.float32)
factor = np.array([0.5, 1, 2, 3], np.float32)
tools = {"onnxslim": onnxslim.slim, "onnxsim": lambda model: onnxsim.simplify(model)[0]}
for tool, simplified in tools.items():
    for name, shape in (("[4,1,1]", (4, 1, 1)), ("[4] over columns", (4,))):
        old = model(
            [node("Conv", ["x", "w"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
             node("Mul", ["a", "f"], ["y"])],
            x.shape, {"y": (1, 4, 4, 4)}, {"w": kernel, "f": factor.reshape(shape)})
        before = run(old, x)[0]
        new = simplified(old)
        same = np.allclose(before, run(new, x)[0], atol=1e-4)
        kinds = " ".join(n.op_type for n in new.graph.node)
        print(f"> {tool}, factor {name}: {kinds}, {'same' if same else 'other'} numbers")
END
