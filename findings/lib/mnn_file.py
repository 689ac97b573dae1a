"""Converts ONNX models with MNN's command, and runs what it writes."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx

_READ = """
import MNN.expr as expr
import MNN.nn as nn
import numpy as np
x = np.load("x.npy")
net = nn.load_module_from_file("net.mnn", ["x"], ["y"])
y = expr.convert(net.forward([expr.const(x, list(x.shape), expr.NCHW, expr.float)])[0], expr.NCHW)
np.save("y.npy", np.array(y.read()).reshape(y.shape))
"""


def by_mnn(model, x):
    """What MNN makes of `x`; the command tries to install a package with pip, which is a stub."""
    stub = pathlib.Path("stub")
    stub.mkdir(exist_ok=True)
    for name in ("pip", "pip3"):
        (stub / name).write_text("#!/bin/sh\n")
        (stub / name).chmod(0o755)
    environment = dict(os.environ, PATH=f"{stub.resolve()}:{os.environ['PATH']}")
    np.save("x.npy", x)
    onnx.save(model, "net.onnx")
    command = ["mnnconvert", "-f", "ONNX", "--modelFile", "net.onnx", "--MNNModel", "net.mnn"]
    made = subprocess.run(
        [*command, "--bizCode", "x"], capture_output=True, text=True, env=environment, check=True
    )
    assert "Converted Success!" in made.stdout, made.stdout
    subprocess.run([sys.executable, "-c", _READ], check=True, capture_output=True)
    return np.load("y.npy")
