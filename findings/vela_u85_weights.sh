#!/usr/bin/env bash
# Vela packs the same weights 12 % smaller for an Ethos-U55 and larger than the original for a U85.
#
# ethos-u-vela 5.2.0, one 3x3 convolution of 64 to 64 channels, int8, 36,864 weight bytes that are
# normally distributed (as trained ones are) or uniform (incompressible).
# Guess: one encoder for the family; at worst a small header on top of the original size.
# Seen: trained-looking weights 32.2 KiB for the U55 and U65, 36.7 KiB for the U85; uniform ones 36 KiB
# against 40 KiB. A flash budget measured on one NPU is not one for its successor.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 ethos-u-vela==5.2.0

seen <<'END'
normal, ethos-u55-128: 0.90 of the original
normal, ethos-u65-256: 0.90 of the original
normal, ethos-u85-256: 1.02 of the original
uniform, ethos-u55-128: 1.00 of the original
uniform, ethos-u65-256: 1.00 of the original
uniform, ethos-u85-256: 1.11 of the original
END

run <<'END'
import re
import subprocess

import numpy as np
from tflite_file import Network

rng = np.random.default_rng(0)
shape = (64, 3, 3, 64)
weights = {
    "normal": np.clip(np.round(rng.normal(0, 32, shape)), -127, 127),
    "uniform": rng.integers(-127, 128, shape),
}
for name, kernel in weights.items():
    net = Network()
    source, target = (net.tensor((1, 16, 16, 64), "int8", 0.1) for _ in range(2))
    bias = net.tensor((64,), "int32", [0.001] * 64, data=range(1, 65))
    net.conv(source, target, net.tensor(shape, "int8", [0.01] * 64, data=kernel), bias)
    open(f"{name}.tflite", "wb").write(net.file([source], [target]))
    for npu in ("ethos-u55-128", "ethos-u65-256", "ethos-u85-256"):
        text = subprocess.run(["vela", f"{name}.tflite", "--accelerator-config", npu,
                               "--verbose-weights"],
                              capture_output=True, text=True, check=True).stdout
        size = [float(re.search(rf"{word} Weights Size +([\d.]+) KiB", text).group(1))
                for word in ("Encoded", "Original")]
        print(f"> {name}, {npu}: {size[0] / size[1]:.2f} of the original")
END
