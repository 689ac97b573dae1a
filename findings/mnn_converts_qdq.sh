#!/usr/bin/env bash
# MNN's converter says "Converted Success!" of a quantised ONNX file whose result cannot run.
#
# mnn 3.6.1, a QDQ file written by onnxruntime 1.32.0: two convolutions, int8, defaults.
# Guess: the file is read as int8, as float, or refused.
# Seen: exit code 0 and the success line, an .mnn file is written; on the way it printed that input
# channels do not match, and the shape of the first layer cannot be computed when the file is loaded.
# The float file before quantisation converts and runs.
# (The command also tries to install a package of its own with pip when it starts; `pip` is a stub here.)
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0 MNN==3.6.1

seen <<'END'
float: exit 0, Converted Success!, runs
QDQ: exit 0, Converted Success!, does not run
pip called by the converter: yes
END

run <<'END'
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from onnx_file import model, node, numbers, quantised

rng = numbers()
samples = [rng.normal(size=(1, 3, 8, 8)).astype(np.float32) for _ in range(4)]
net = model(
    [node("Conv", ["x", "w"], ["a"]), node("Relu", ["a"], ["r"]), node("Conv", ["r", "v"], ["y"])],
    (1, 3, 8, 8), {"y": (1, 8, 6, 6)},
    {"w": rng.normal(size=(8, 3, 3, 3)).astype(np.float32),
     "v": rng.normal(size=(8, 8, 1, 1)).astype(np.float32)})
onnx.save(net, "plain.onnx")
onnx.save(quantised(net, samples), "qdq.onnx")
stub = pathlib.Path("stub")
stub.mkdir()
for name in ("pip", "pip3"):
    (stub / name).write_text('#!/bin/sh\necho "$*" >>"$CALLS"\n')
    (stub / name).chmod(0o755)
calls = pathlib.Path("calls").resolve()
environment = dict(os.environ, PATH=f"{stub.resolve()}:{os.environ['PATH']}", CALLS=str(calls))
LOAD = """
import sys
import MNN.expr as expr
import MNN.nn as nn
net = nn.load_module_from_file(sys.argv[1], ["x"], ["y"])
x = expr.placeholder([1, 3, 8, 8], expr.NCHW)
x.write([0.5] * 192)
assert len(expr.convert(net.forward([x])[0], expr.NCHW).read()) == 1
assert expr.convert(net.forward([x])[0], expr.NCHW).shape == [1, 8, 6, 6]
"""
for name, file in (("float", "plain"), ("QDQ", "qdq")):
    made = subprocess.run(
        ["mnnconvert", "-f", "ONNX", "--modelFile", f"{file}.onnx", "--MNNModel", f"{file}.mnn",
         "--bizCode", "x"], capture_output=True, text=True, env=environment)
    said = "Converted Success!" if "Converted Success!" in made.stdout else "no success line"
    used = subprocess.run([sys.executable, "-c", LOAD, f"{file}.mnn"], capture_output=True, text=True)
    print(used.stderr[-300:])
    print(f"> {name}: exit {made.returncode}, {said},", "does not run" if used.returncode else "runs")
print("> pip called by the converter:", "yes" if calls.exists() else "no")
END
