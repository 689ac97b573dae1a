#!/usr/bin/env bash
# TensorFlow Lite Micro's compression saves flash and pays in RAM: the arena more than doubles.
#
# tflite-micro 0.dev20261023182759. One 3x3 convolution, 16 to 32 channels, sixteen distinct weights.
# Guess: values are looked up as the kernel reads them; the file shrinks, the arena stays.
# Seen: a DECODE operator writes the whole decompressed kernel into the arena before the convolution
# runs. The file loses a fifth to a quarter, the memory that the runtime reports doubles.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 tflite-micro==0.dev20261023182759

seen <<'END'
operators: CUSTOM, CONV_2D
file: smaller by less than a third
arena: more than doubled, by at least the 4608 bytes of the kernel
END

run <<'END'
import re
import subprocess
import sys

import numpy as np
from tflite_file import Network, operators
from tflite_micro import compression

rng = np.random.default_rng(0)
net = Network()
source, target = net.tensor((1, 8, 8, 16), "int8", 0.1), net.tensor((1, 8, 8, 32), "int8", 0.2)
weights = net.tensor((32, 3, 3, 16), "int8", [0.01] * 32,
                     data=rng.integers(-8, 8, (32, 3, 3, 16)) * 8)
net.conv(source, target, weights, net.tensor((32,), "int32", [0.001] * 32, data=range(32)))
plain = net.file([source], [target])
builder = compression.SpecBuilder().add_tensor(0, weights)
small = bytes(compression.compress(
    plain, builder.with_lut(4, compression.spec.PerChannel(0)).build()))

USE = """
import sys
from tflite_micro import runtime
runtime.Interpreter.from_bytes(open(sys.argv[1], "rb").read(), arena_size=1 << 20).print_allocations()
"""


def used(name, file):
    open(name, "wb").write(file)
    done = subprocess.run([sys.executable, "-c", USE, name], capture_output=True, text=True, check=True)
    return int(re.search(r"Arena allocation total (\d+)", done.stdout + done.stderr).group(1))


before, after = used("plain.tflite", plain), used("small.tflite", small)
print(f"file {len(plain)} -> {len(small)}, arena {before} -> {after}")
print("> operators:", ", ".join(operators(small)))
print("> file:", "smaller by less than a third" if 0.67 < len(small) / len(plain) < 1 else "other")
print("> arena:", "more than doubled, by at least the 4608 bytes of the kernel"
      if after > 2 * before and after - before >= 4608 else f"{before} -> {after}")
END
