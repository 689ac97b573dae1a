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
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx_node import by_runtime, single

stub = pathlib.Path("stub")
stub.mkdir()
for name in ("pip", "pip3"):
    (stub / name).write_text("#!/bin/sh\n")
    (stub / name).chmod(0o755)
environment = dict(os.environ, PATH=f"{stub.resolve()}:{os.environ['PATH']}")
READ = """
import sys
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
x = np.load("x.npy")
net = nn.load_module_from_file("net.mnn", ["x"], ["y"])
y = expr.convert(net.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])[0], expr.NCHW)
np.save("y.npy", np.array(y.read()).reshape(y.shape))
"""
x = np.random.default_rng(0).normal(size=(1, 2, 7, 8)).astype(np.float32)
np.save("x.npy", x)
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
    onnx.save(net, "net.onnx")
    made = subprocess.run(
        ["mnnconvert", "-f", "ONNX", "--modelFile", "net.onnx", "--MNNModel", "net.mnn",
         "--bizCode", "x"], capture_output=True, text=True, env=environment)
    assert "Converted Success!" in made.stdout, made.stdout
    subprocess.run([sys.executable, "-c", READ], check=True, capture_output=True)
    wanted, got = by_runtime(net, {"x": x}), np.load("y.npy")
    if wanted.shape != got.shape:
        said = f"{got.shape[2:]} for {wanted.shape[2:]}"
    else:
        said = "the same" if np.allclose(got, wanted, atol=1e-3) else "the size is right, values differ"
    print(f"> {name}: {said}")
END
