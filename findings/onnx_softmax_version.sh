#!/usr/bin/env bash
# ONNX's version converter knows that Softmax changed its meaning in opset 13, in one direction only.
#
# onnx 1.23.2, onnxruntime 1.32.0 as the judge. Up to opset 12 Softmax, LogSoftmax and Hardmax flatten
# their input to two axes first; from 13 they work along one axis.
# Guess: all three are adapted both ways, or refused.
# Seen: 12 -> 13 is exact for Softmax and LogSoftmax (Flatten and Reshape around them), Hardmax is left
# as it is and answers something else. 13 -> 12 (tools that want an old opset) refuses Hardmax and leaves
# the others as they are: a softmax over channels becomes one over the whole map.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
Softmax 11 -> 13: same numbers
LogSoftmax 11 -> 13: same numbers
Hardmax 11 -> 13: other numbers
Softmax 13 -> 11: other numbers
LogSoftmax 13 -> 11: other numbers
Hardmax 13 -> 11: refused
END

run <<'END'
import numpy as np
from onnx import checker, version_converter
from onnx_file import model, node, numbers, run

x = numbers().normal(size=(1, 3, 4, 4)).astype(np.float32)
for before, after in ((11, 13), (13, 11)):
    for kind in ("Softmax", "LogSoftmax", "Hardmax"):
        old = model([node(kind, ["x"], ["y"], axis=1)], x.shape, {"y": x.shape}, {}, opset=before)
        try:
            new = version_converter.convert_version(old, after)
        except RuntimeError:
            print(f"> {kind} {before} -> {after}: refused")
            continue
        checker.check_model(new, full_check=True)
        off = np.abs(run(old, x)[0] - run(new, x)[0]).max()
        print(f"> {kind} {before} -> {after}: {'other' if off > 0.1 else 'same'} numbers")
END
