#!/usr/bin/env bash
# MNN's converter takes windows that it does not know for ones that it does.
#
# mnn 3.6.1 (mnnconvert, float32), onnx 1.23.2, onnxruntime 1.32.0, operator set 22, one node each; the
# same numbers go through onnxruntime and through the written file.
# Guess: a converter that prints "Converted Success!" has read every attribute, or names one it has not.
# Seen: the dilation of a pool is dropped, so that the map has another size; SAME_LOWER is computed as
# SAME_UPPER, in pools and in convolutions of stride 2, with the right size and other values; a VALID
# pool with ceil_mode rounds down. Exit code 0 and the success line each time.
# (The command also tries to install a package of its own with pip when it starts; `pip` is a stub here.)
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 MNN==3.6.1

seen <<'END'
MaxPool, stride 2: the same
MaxPool, dilation 2: (6, 7) for (5, 6)
MaxPool, stride 2, SAME_UPPER: the same
MaxPool, stride 2, SAME_LOWER: the size is right, values differ
Conv, stride 2, SAME_UPPER: the same
Conv, stride 2, SAME_LOWER: the size is right, values differ
Conv, dilation 2: the same
AveragePool, stride 2, VALID, ceil: (3, 3) for (3, 4)
END

run <<'END'
import numpy as np
from mnn_file import by_mnn
from onnx_node import by_runtime, single

x = np.random.default_rng(0).normal(size=(1, 2, 7, 8)).astype(np.float32)
w = {"w": np.random.default_rng(1).normal(size=(3, 2, 3, 3)).astype(np.float32)}
for name, op, kernel, attributes in (
    ("MaxPool, stride 2", "MaxPool", 3, {"strides": [2, 2]}),
    ("MaxPool, dilation 2", "MaxPool", 2, {"strides": [1, 1], "dilations": [2, 2]}),
    ("MaxPool, stride 2, SAME_UPPER", "MaxPool", 3, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("MaxPool, stride 2, SAME_LOWER", "MaxPool", 2, {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("Conv, stride 2, SAME_UPPER", "Conv", 3, {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("Conv, stride 2, SAME_LOWER", "Conv", 3, {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("Conv, dilation 2", "Conv", 3, {"strides": [1, 1], "dilations": [2, 2]}),
    ("AveragePool, stride 2, VALID, ceil", "AveragePool", 3,
     {"strides": [2, 2], "auto_pad": "VALID", "ceil_mode": 1}),
):
    net = single(op, {"x": x}, w if op == "Conv" else {}, kernel_shape=[kernel] * 2, **attributes)
    wanted, got = by_runtime(net, {"x": x}), by_mnn(net, x)
    if wanted.shape != got.shape:
        said = f"{got.shape[2:]} for {wanted.shape[2:]}"
    else:
        said = "the same" if np.allclose(got, wanted, atol=1e-3) else "the size is right, values differ"
    print(f"> {name}: {said}")
END
