#!/usr/bin/env bash
# ai-edge-quantizer: six of its ten weight recipes leave a convolution in float and say nothing.
#
# ai-edge-quantizer 0.10.0, every ready-made dynamic_* recipe over a file of one convolution (216
# float weights, then 4,608).
# Guess: a recipe named after 8, 4 or 2 bit weights quantises the weights of a convolution, or refuses.
# Seen: the block-wise (b32, b64) and the rotated (hr) ones apply to dense layers only; a network of
# convolutions comes back as it was, as a success. The legacy recipe skips small kernels besides.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 ai-edge-quantizer==0.10.0

seen <<'END'
dynamic_legacy_wi8_afp32: FLOAT32, large INT8
dynamic_wi2b32_afp32: FLOAT32, large FLOAT32
dynamic_wi2b64_afp32: FLOAT32, large FLOAT32
dynamic_wi2c_afp32: INT2, large INT2
dynamic_wi2c_hr_afp32: FLOAT32, large FLOAT32
dynamic_wi4_afp32: INT4, large INT4
dynamic_wi4b32_afp32: FLOAT32, large FLOAT32
dynamic_wi4b64_afp32: FLOAT32, large FLOAT32
dynamic_wi4c_afp32: INT4, large INT4
dynamic_wi4c_hr_afp32: FLOAT32, large FLOAT32
dynamic_wi8_afp32: INT8, large INT8
dynamic_wi8b32_afp32: FLOAT32, large FLOAT32
dynamic_wi8b64_afp32: FLOAT32, large FLOAT32
dynamic_wi8c_afp32: INT8, large INT8
dynamic_wi8c_hr_afp32: FLOAT32, large FLOAT32
END

run <<'END'
import numpy as np
from ai_edge_quantizer import quantizer, recipe
from tflite_file import Network, tensors

rng = np.random.default_rng(0)
for name, channels, filters in (("small", 3, 8), ("large", 16, 32)):
    net = Network()
    source, target = net.tensor((1, 8, 8, channels)), net.tensor((1, 8, 8, filters))
    shape = (filters, 3, 3, channels)
    net.conv(source, target, net.tensor(shape, data=rng.normal(size=shape)),
             net.tensor((filters,), data=rng.normal(size=filters)))
    open(f"{name}.tflite", "wb").write(net.file([source], [target]))
for name in sorted(n for n in dir(recipe) if n.startswith("dynamic_")):
    kinds = []
    for file in ("small", "large"):
        job = quantizer.Quantizer(f"{file}.tflite")
        job.load_quantization_recipe(getattr(recipe, name)())
        made = tensors(job.quantize().quantized_model)
        kinds += [kind for shape, kind, stored in made if stored and len(shape) == 4]
    print(f"> {name}: {kinds[0]}, large {kinds[1]}")
END
