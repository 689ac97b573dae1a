#!/usr/bin/env bash
# ai-edge-quantizer: a channel whose kernel is all zero loses its bias in int8.
#
# ai-edge-quantizer 0.10.0, recipe static_wi8_ai8; ai-edge-litert 2.3.0 runs the result. A convolution
# of four channels, the third with a zero kernel and the bias 1.5 (pruned or dead channels look so).
# Guess: the channel answers 1.5, as it does after TensorFlow's converter, which raises the scale of
# such a kernel until the bias fits its 32 bits.
# Seen: the kernel's scale becomes 7.9e-12 and the bias wraps round to the smallest int32: the channel
# answers 0. The other channels are right.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 ai-edge-litert==2.3.0 ai-edge-quantizer==0.10.0

seen <<'END'
float: the dead channel answers 1.50
int8: the dead channel answers 0.00
int8: its bias is stored as -2147483648
int8: the other channels are right
END

run <<'END'
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import quantizer, recipe
from tflite_file import Network, litert

rng = np.random.default_rng(0)
kernel = (rng.normal(size=(4, 3, 3, 3)) * 0.3).astype(np.float32)
kernel[2] = 0
net = Network()
source, target = net.tensor((1, 8, 8, 3)), net.tensor((1, 8, 8, 4))
net.conv(source, target, net.tensor(kernel.shape, data=kernel),
         net.tensor((4,), data=[0.5, 0.5, 1.5, 0.5]))
open("net.tflite", "wb").write(net.file([source], [target]))
samples = [rng.normal(size=(1, 8, 8, 3)).astype(np.float32) for _ in range(8)]
job = quantizer.Quantizer("net.tflite")
job.load_quantization_recipe(recipe.static_wi8_ai8())
made = job.calibrate({"serving_default": [{"t0": x} for x in samples]})
int8 = bytes(job.quantize(made).quantized_model)

interpreter = Interpreter(model_content=int8)
interpreter.allocate_tensors()
into, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
scale, zero = into["quantization"]
x = np.clip(np.rint(samples[0] / scale) + zero, -128, 127).astype(np.int8)
y = (litert(int8, x).astype(int) - out["quantization"][1]) * out["quantization"][0]
wanted = litert(net.file([source], [target]), samples[0])
biases = [interpreter.get_tensor(t["index"]) for t in interpreter.get_tensor_details()
          if t["dtype"] == np.int32 and list(t["shape"]) == [4]]
others = [0, 1, 3]
print(f"> float: the dead channel answers {wanted[..., 2].mean():.2f}")
print(f"> int8: the dead channel answers {y[..., 2].mean():.2f}")
print("> int8: its bias is stored as", biases[0][2])
print("> int8: the other channels are",
      "right" if np.abs(y - wanted)[..., others].mean() < 0.05 else "wrong")
END
