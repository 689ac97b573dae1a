#!/usr/bin/env bash
# ESP-PPQ overwrites the ONNX file that it is told to read.
#
# esp-ppq 1.3.12, espdl_quantize_onnx(onnx_import_file, espdl_export_file, ...), torch 2.14.1,
# onnxruntime 1.32.0; onnx and onnxsim are the versions that esp-ppq asks for.
# Guess: the first file is read and the second written.
# Seen: the model is simplified and saved to the path it came from, whatever becomes of the quantisation
# (skip_export=True here, so that no other file is asked for). Here the batch normalisation disappears
# into the convolution. A build that quantises for two targets, or compares with the float file
# afterwards, works on a file that nobody exported; a checksum of it no longer holds.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 esp-ppq==1.3.12 torch==2.14.1 onnxruntime==1.32.0

seen <<'END'
before: Conv BatchNormalization Relu
after: Conv Relu
END

run <<'END'
import contextlib
import io
import logging

import numpy as np
import onnx
import torch
from onnx_file import model, node, numbers

with contextlib.redirect_stdout(io.StringIO()):
    from esp_ppq.api import espdl_quantize_onnx
logging.disable(logging.CRITICAL)

rng = numbers()
samples = [rng.uniform(-1, 1, size=(1, 4, 8, 8)).astype(np.float32) for _ in range(4)]
ones = np.ones(4, np.float32)
constants = {"w": rng.normal(size=(4, 4, 3, 3)).astype(np.float32),
             "scale": ones * 2, "shift": ones, "mean": ones / 2, "variance": ones * 3}
net = model(
    [
        node("Conv", ["x", "w"], ["a"], pads=[1] * 4),
        node("BatchNormalization", ["a", "scale", "shift", "mean", "variance"], ["n"]),
        node("Relu", ["n"], ["y"]),
    ],
    (1, 4, 8, 8), {"y": (1, 4, 8, 8)}, constants)
onnx.save(net, "net.onnx")
print("> before:", *[n.op_type for n in onnx.load("net.onnx").graph.node])
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    espdl_quantize_onnx("net.onnx", "net.espdl", [torch.tensor(x) for x in samples], 4, [1, 4, 8, 8],
                        target="esp32p4", skip_export=True, error_report=False)
print("> after:", *[n.op_type for n in onnx.load("net.onnx").graph.node])
END
