#!/usr/bin/env bash
# Keras' model.quantize("int8") quantises no convolution.
#
# keras 3.15.1 on tensorflow 2.21.0. A small network for images: two convolutions, a depthwise one, a
# dense layer; exported to LiteRT afterwards.
# Guess: kernels of all weighted layers become int8, and so does the exported file.
# Seen: Dense alone (with embeddings) has the method; each convolution keeps its float kernel, with a
# warning. In a classifier that is nearly every weight, and all of the arithmetic.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
Conv2D: float32
DepthwiseConv2D: float32
Conv2D: float32
Dense: int8
END

run <<'END'
import keras
from keras import layers

x = keras.Input((16, 16, 3), batch_size=1)
y = layers.Conv2D(16, 3, padding="same")(x)
y = layers.Conv2D(32, 1)(layers.DepthwiseConv2D(3, padding="same")(y))
model = keras.Model(x, layers.Dense(10)(layers.GlobalAveragePooling2D()(y)))
model.quantize("int8")
for layer in model.layers:
    kernels = [w for w in layer.weights if w.name in ("kernel", "_kernel", "depthwise_kernel")]
    for kernel in kernels[:1]:
        print(f"> {type(layer).__name__}: {kernel.dtype}")
END
