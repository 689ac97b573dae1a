#!/usr/bin/env bash
# ESP-PPQ quantises another network than the ONNX file holds: its average pools count the padding.
#
# esp-ppq 1.3.12 (the quantiser of Espressif's ESP-DL), target esp32p4, 16 bits so that rounding hardly
# shows, torch 2.14.1, onnxruntime 1.32.0 as the judge; onnx is the version that esp-ppq asks for. A
# convolution, then one node; the largest difference as a share of the range of the answers.
# Guess: a padded average pool leaves the padding out unless count_include_pad says otherwise, and strides
# are 1 where the file has none, as ONNX says; the coordinate modes of Resize are kept or refused.
# Seen: padding is always counted, which every average pool with padding "same" of Keras or TFLite is hurt
# by; a missing `strides` is taken for the kernel's size, so that the map has another size; a bilinear
# Resize with the mode asymmetric is computed with half-pixel centres. Scales are calibrated, and the
# error report and the test values for the chip written, from these numbers, so nothing shows in them.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 esp-ppq==1.3.12 torch==2.14.1 onnxruntime==1.32.0

seen <<'END'
AveragePool, padding left out: more than 20 % off
AveragePool, padding counted: right
AveragePool, SAME_UPPER: more than 20 % off
AveragePool without padding: right
AveragePool without padding and strides: (2, 2) for (6, 6)
Resize, half_pixel: right
Resize, align_corners: right
Resize, asymmetric: more than 20 % off
END

run <<'END'
import contextlib
import io
import logging

import numpy as np
import onnx
import torch
from onnx_file import model, node, numbers, run

with contextlib.redirect_stdout(io.StringIO()):
    from esp_ppq.api import espdl_quantize_onnx
    from esp_ppq.executor import TorchExecutor
logging.disable(logging.CRITICAL)


def by_esp_ppq(net, samples):
    onnx.save(net, "net.onnx")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        graph = espdl_quantize_onnx(
            "net.onnx", "net.espdl", [torch.tensor(x) for x in samples], len(samples),
            list(samples[0].shape), target="esp32p4", quant_type="w16a16", error_report=False)
        return TorchExecutor(graph, device="cpu").forward(torch.tensor(samples[0]))[0].numpy()


rng = numbers()
samples = [rng.uniform(-1, 1, size=(1, 4, 8, 8)).astype(np.float32) for _ in range(8)]
constants = {"w": rng.normal(size=(4, 4, 3, 3)).astype(np.float32),
             "b": np.full(4, 5, np.float32), "s": np.array([1, 1, 2, 2], np.float32)}
size = {"kernel_shape": [3, 3]}
step = size | {"strides": [2, 2]}


def resize(mode):
    return node("Resize", ["a", "", "s"], ["y"], mode="linear", coordinate_transformation_mode=mode)


for name, last in (
    ("AveragePool, padding left out", node("AveragePool", ["a"], ["y"], pads=[1] * 4, **step)),
    ("AveragePool, padding counted",
     node("AveragePool", ["a"], ["y"], pads=[1] * 4, count_include_pad=1, **step)),
    ("AveragePool, SAME_UPPER", node("AveragePool", ["a"], ["y"], auto_pad="SAME_UPPER", **step)),
    ("AveragePool without padding", node("AveragePool", ["a"], ["y"], **step)),
    ("AveragePool without padding and strides", node("AveragePool", ["a"], ["y"], **size)),
    ("Resize, half_pixel", resize("half_pixel")),
    ("Resize, align_corners", resize("align_corners")),
    ("Resize, asymmetric", resize("asymmetric")),
):
    net = model([node("Conv", ["x", "w", "b"], ["a"], pads=[1] * 4), last],
                (1, 4, 8, 8), {"y": None}, constants)
    net = onnx.shape_inference.infer_shapes(net, data_prop=True)
    wanted, got = run(net, samples[0])[0], by_esp_ppq(net, samples)
    if wanted.shape != got.shape:
        print(f"> {name}: {got.shape[2:]} for {wanted.shape[2:]}")
        continue
    off = abs(wanted - got).max() / np.ptp(wanted)
    print(f"> {name}:", "right" if off < 0.005 else
          "more than 20 % off" if off > 0.2 else f"{off:.2%} off")
END
