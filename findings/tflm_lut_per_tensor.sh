#!/usr/bin/env bash
# TensorFlow Lite Micro's compression: one look-up table for a kernel that is quantised per channel
# is accepted without a word, and most outputs are wrong.
#
# tflite-micro 0.dev20261023182759. The look-up-table method stores small indices into a table of
# the distinct values; whether there is one table or one per channel is the caller's choice.
# Guess: decompression gives the same int8 values back, so outputs are equal either way.
# Seen: equal with a table per channel. With one table, right where the kernel has one scale; where
# it has one per channel only the first output channel is right, and nothing is said.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 tflite-micro==0.dev20261023182759

seen <<'END'
one scale, one table: 0 of 32 channels differ
scale per channel, one table: 31 of 32 channels differ
scale per channel, table per channel: 0 of 32 channels differ
END

run <<'END'
import numpy as np
from tflite_file import Network, micro
from tflite_micro import compression

rng = np.random.default_rng(0)
kernel = rng.integers(-8, 8, (32, 3, 3, 16)) * 8  # sixteen distinct values: indices of 4 bits
x = rng.integers(-128, 128, (1, 8, 8, 16)).astype(np.int8)


def net(per_channel):
    scale = (lambda value: [value] * 32) if per_channel else (lambda value: value)
    net = Network()
    source, target = net.tensor(x.shape, "int8", 0.1), net.tensor((1, 8, 8, 32), "int8", 0.2)
    weights = net.tensor(kernel.shape, "int8", scale(0.01), data=kernel)
    net.conv(source, target, weights, net.tensor((32,), "int32", scale(0.001), data=range(32)))
    return net.file([source], [target]), weights


per_tensor, table_each = compression.spec.PerTensor(), compression.spec.PerChannel(0)
for name, per_channel, mode in (("one scale, one table", False, per_tensor),
                                ("scale per channel, one table", True, per_tensor),
                                ("scale per channel, table per channel", True, table_each)):
    plain, weights = net(per_channel)
    wanted = compression.SpecBuilder().add_tensor(0, weights).with_lut(4, mode).build()
    small = bytes(compression.compress(plain, wanted))
    wrong = (micro(plain, x) != micro(small, x)).any(axis=(0, 1, 2)).sum()
    print(f"> {name}: {wrong} of 32 channels differ")
END
