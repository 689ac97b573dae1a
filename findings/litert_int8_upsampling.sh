#!/usr/bin/env bash
# The same int8 file, LiteRT and TensorFlow Lite Micro: which operators are equal to the bit?
#
# ai-edge-litert 2.3.0 (x86-64), tflite-micro 0.dev20261023182759; random int8 maps of 8x8x16, or all
# 256 values where an operator works on single ones.
# Guess: table-driven functions (LOGISTIC, TANH, SOFTMAX) differ by one somewhere; integer arithmetic
# (bilinear upsampling, leaky ReLU, multiplication) is the same everywhere.
# Seen: the other way round. The functions are equal in all bits; bilinear upsampling with half-pixel
# centres off differs in more than a tenth of its values, leaky ReLU in about a tenth, MUL in some,
# each by one. The reference kernels of LiteRT equal TFLite Micro in every case.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 tflite-micro==0.dev20261023182759

seen <<'END'
LOGISTIC: equal
TANH: equal
SOFTMAX: equal
HARD_SWISH: equal
ADD: equal
MUL: differs by at most 1, reference equal
LEAKY_RELU: differs by at most 1, reference equal
RESIZE_BILINEAR: differs by at most 1, reference equal
END

run <<'END'
import numpy as np
from tflite_file import OPERATOR, Network, litert, micro

rng = np.random.default_rng(0)
every = np.arange(-128, 128, dtype=np.int8).reshape(1, 1, 16, 16)
left, right = (rng.integers(-128, 128, (1, 8, 8, 16)).astype(np.int8) for _ in range(2))


def compare(name, inputs, scales, shape, scale, zero, options=None, constant=None, **values):
    net = Network()
    sources = [net.tensor(x.shape, "int8", *s) for x, s in zip(inputs, scales)]
    target = net.tensor(shape, "int8", scale, zero)
    extra = [net.tensor((2,), "int32", data=constant)] if constant else []
    net.operator(getattr(OPERATOR, name), sources + extra, [target], options, **values)
    file = net.file(sources, [target])
    chip, desk = micro(file, *inputs).astype(int), litert(file, *inputs).astype(int)
    reference = litert(file, *inputs, reference=True)
    worst, share = abs(chip - desk).max(), (chip != desk).mean()
    print(f"{name}: {share:.1%} differ, by at most {worst}")
    assert (reference == chip).all()
    print(f"> {name}: " + (f"differs by at most {worst}, reference equal" if worst else "equal"))


one, two = [(0.0472, -5)], [(0.1, 3), (0.07, -9)]
compare("LOGISTIC", [every], one, every.shape, 1 / 256, -128)
compare("TANH", [every], one, every.shape, 1 / 128, 0)
compare("SOFTMAX", [every], one, every.shape, 1 / 256, -128, "SoftmaxOptions", beta=1.0)
compare("HARD_SWISH", [every], one, every.shape, 0.045, -120)
compare("ADD", [left, right], two, left.shape, 0.13, 3, "AddOptions")
compare("MUL", [left, right], two, left.shape, 0.13, 3, "MulOptions")
compare("LEAKY_RELU", [every], one, every.shape, 0.0472, -5, "LeakyReluOptions", alpha=0.3)
compare("RESIZE_BILINEAR", [left], [(0.1, 3)], (1, 16, 16, 16), 0.1, 3, "ResizeBilinearOptions",
        constant=[16, 16])
END
