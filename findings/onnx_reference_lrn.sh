#!/usr/bin/env bash
# onnx's reference evaluator normalises only as many channels as the batch has images.
#
# onnx 1.23.2 (onnx.reference.ReferenceEvaluator), onnxruntime 1.32.0, OpenVINO 2026.4.1. LRN of
# AlexNet and GoogLeNet: 96 channels, size 5; compared channel by channel with the operator's formula.
# Guess: the evaluator follows the formula of the operator that its own package documents.
# Seen: with N images the first N channels are right; in all others the sum of squares stays zero,
# and x / bias ** beta comes out. onnxruntime and OpenVINO follow the formula everywhere.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

seen <<'END'
1 image: right in channels: onnxruntime 96, OpenVINO 96, reference 1; the others are x / bias ** beta
4 images: right in channels: onnxruntime 96, OpenVINO 96, reference 4; the others are x / bias ** beta
96 images: right in channels: onnxruntime 96, OpenVINO 96, reference 96
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_reference, by_runtime, single

size, alpha, beta, bias, channels = 5, 0.5, 0.75, 2.0, 96
for images in (1, 4, 96):
    x = np.random.default_rng(0).normal(size=(images, channels, 2, 2)).astype(np.float32) + 2
    squares = np.pad(x.astype(float) ** 2, ((0, 0), (2, 2), (0, 0), (0, 0)))
    summed = sum(squares[:, at : at + channels] for at in range(size))
    wanted = x / (bias + alpha / size * summed) ** beta
    model = single("LRN", {"x": x}, size=size, alpha=alpha, beta=beta, bias=bias)
    right = {}
    for name, answer in (("onnxruntime", by_runtime), ("OpenVINO", by_openvino),
                         ("reference", by_reference)):
        got = answer(model, {"x": x})
        good = np.isclose(got, wanted, rtol=1e-4).all(axis=(0, 2, 3))
        right[name] = good.sum()
    rest = got[:, ~good]
    plain = rest.size and np.allclose(rest, x[:, ~good] / bias**beta, rtol=1e-4)
    print(f"> {images} image{'s' * (images > 1)}: right in channels:",
          ", ".join(f"{name} {count}" for name, count in right.items())
          + ("; the others are x / bias ** beta" if plain else ""))
END
