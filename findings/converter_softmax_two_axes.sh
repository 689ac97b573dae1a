#!/usr/bin/env bash
# A softmax over rows and columns becomes a dozen operators; around a permute it is one.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0. Softmax(axis=(1, 2)) over a map, as heat maps
# of key points are normalised, and the same values by a permute, a softmax and a permute; full int8.
# Guess: a reshape, a SOFTMAX, a reshape.
# Seen: no SOFTMAX at all, but maxima, differences, exponentials, a sum and a logarithm, some of which
# small runtimes have no kernel for.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
axis=(1, 2): SOFTMAX 0 times, EXP 2 times, LOG 1 times
permuted: SOFTMAX 1 times, EXP 0 times, LOG 0 times
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tflite_file import operators

rng = np.random.default_rng(0)
x = keras.Input((8, 8, 16), batch_size=1)
y = layers.Permute((2, 1))(layers.Reshape((64, 16))(x))
y = layers.Reshape((8, 8, 16))(layers.Permute((2, 1))(layers.Softmax()(y)))
networks = {"axis=(1, 2)": layers.Softmax(axis=(1, 2))(x), "permuted": y}
for name, output in networks.items():
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(x, output))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: (
        [rng.normal(size=(1, 8, 8, 16)).astype(np.float32)] for _ in range(4))
    names = operators(converter.convert())
    print(name, *names)
    print(f"> {name}:", ", ".join(f"{one} {names.count(one)} times"
                                   for one in ("SOFTMAX", "EXP", "LOG")))
END
