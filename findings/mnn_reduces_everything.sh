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
import numpy as np
from mnn_file import by_mnn
from onnx_node import by_runtime, single

x = np.random.default_rng(0).uniform(1, 2, size=(1, 3, 4, 5)).astype(np.float32)
kinds = ("Mean", "Max", "Prod", "L1", "L2", "LogSum", "LogSumExp", "SumSquare")
for opset in (17, 18):
    said = {}
    for kind in kinds:
        if opset < 18:
            net = single(f"Reduce{kind}", {"x": x}, opset=opset, axes=[1, 3])
        else:
            net = single(f"Reduce{kind}", {"x": x}, {"axes": np.array([1, 3], np.int64)}, opset=opset)
        wanted, got = by_runtime(net, {"x": x}), by_mnn(net, x)
        if got.size != wanted.size:
            said[kind] = f"{got.size} value for {wanted.size}"
        else:
            same = np.allclose(got.ravel(), wanted.ravel(), rtol=1e-3)
            said[kind] = "right" if same else "other values"
    print(f"> operator set {opset}:", ", ".join(f"{kind} {word}" for kind, word in said.items()))
END
