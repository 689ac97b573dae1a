#!/usr/bin/env bash
# MNN's converter reads where to reduce for some reductions, and reduces everything for others.
#
# mnn 3.6.1 (mnnconvert, float32), onnx 1.23.2, onnxruntime 1.32.0. Since operator set 18 the axes of a
# reduction are an input, no attribute; ReduceL2 is what a normalised embedding (a face, a speaker) ends with.
# Guess: the converter reads the axes of all reductions alike, or refuses a file of a newer operator set.
# Seen: up to operator set 17 all are right. From 18 on ReduceMean, ReduceMax and ReduceProd are right,
# ReduceL1, ReduceL2, ReduceLogSum, ReduceLogSumExp and ReduceSumSquare return one number for the whole
# map. "Converted Success!" each time.
# (The command also tries to install a package of its own with pip when it starts; `pip` is a stub here.)
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 MNN==3.6.1

seen <<'END'
operator set 17: Mean right, Max right, Prod right, L1 right, L2 right, LogSum right, LogSumExp right, SumSquare right
operator set 18: Mean right, Max right, Prod right, L1 1 value for 4, L2 1 value for 4, LogSum 1 value for 4, LogSumExp 1 value for 4, SumSquare 1 value for 4
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
x = np.random.default_rng(0).uniform(1, 2, size=(1, 3, 4, 5)).astype(np.float32)
np.save("x.npy", x)
kinds = ("Mean", "Max", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
for opset in (17, 18):
    said = {}
    for kind in kinds:
        if opset < 18:
            net = single(f"Reduce{kind}", {"x": x}, opset=opset, axes=[1, 3])
        else:
            net = single(f"Reduce{kind}", {"x": x}, {"axes": np.array([1, 3], np.int64)}, opset=opset)
        onnx.save(net, "net.onnx")
        made = subprocess.run(
            ["mnnconvert", "-f", "ONNX", "--modelFile", "net.onnx", "--MNNModel", "net.mnn",
             "--bizCode", "x"], capture_output=True, text=True, env=environment)
        assert "Converted Success!" in made.stdout, made.stdout
        subprocess.run([sys.executable, "-c", READ], check=True, capture_output=True)
        wanted, got = by_runtime(net, {"x": x}), np.load("y.npy")
        if got.size != wanted.size:
            said[kind] = f"{got.size} value for {wanted.size}"
        else:
            same = np.allclose(got.ravel(), wanted.ravel(), rtol=1e-3)
            said[kind] = "right" if same else "other values"
    print(f"> operator set {opset}:", ", ".join(f"{kind} {word}" for kind, word in said.items()))
END
