#!/usr/bin/env bash
# A float input halfway between two int8 values is quantised differently on the desk and on the chip.
#
# ai-edge-litert 2.3.0 (x86-64), tflite-micro 0.dev20261023182759. One QUANTIZE of scale 1 and
# the 256 floats from -64 to 63.5 in steps of a half.
# Guess: one rounding rule, half away from zero, as the specification's reference does.
# Seen: LiteRT's default kernels (XNNPACK) round half to even, its reference kernels and TFLite Micro
# half away from zero; every second tie differs. Accuracy measured with LiteRT on inputs like x/255*k
# is not bit for bit what the device sees.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 tflite-micro==0.dev20261023182759

seen <<'END'
default: half to even
reference: half away from zero
TFLite Micro: half away from zero
values that differ, default and TFLite Micro: 64 of 256
END

run <<'END'
import numpy as np
from tflite_file import OPERATOR, Network, litert, micro

x = (np.arange(-128, 128) / 2).astype(np.float32).reshape(1, 1, 16, 16)
net = Network()
source, target = net.tensor(x.shape), net.tensor(x.shape, "int8", 1.0)
net.operator(OPERATOR.QUANTIZE, [source], [target], "QuantizeOptions")
file = net.file([source], [target])
even = np.rint(x).astype(np.int8)
away = (np.sign(x) * np.floor(np.abs(x) + 0.5)).astype(np.int8)
made = {
    "default": litert(file, x),
    "reference": litert(file, x, reference=True),
    "TFLite Micro": micro(file, x),
}
for name, y in made.items():
    rule = "half to even" if (y == even).all() else "half away from zero"
    print(f"> {name}: {rule if (y == even).all() or (y == away).all() else 'neither'}")
differ = (made["default"] != made["TFLite Micro"]).sum()
print(f"> values that differ, default and TFLite Micro: {differ} of 256")
END
