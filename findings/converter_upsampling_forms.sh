#!/usr/bin/env bash
# Two Keras layers for the same nearest upsampling: one is eight operators that microcontrollers lack.
#
# tensorflow 2.21.0, keras 3.15.1, tflite-micro 0.dev20261023182759. A convolution, then a map of 8x8
# doubled by nearest neighbour, int8, batch 1.
# Guess: UpSampling2D, the layer made for it, becomes RESIZE_NEAREST_NEIGHBOR.
# Seen: UpSampling2D becomes reshapes and TILEs, for which TFLite Micro's resolver has no kernel; the
# general Resizing layer becomes the one operator and runs. The numbers are the same.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0 \
  tflite-micro==0.dev20261023182759

seen <<'END'
UpSampling2D: CONV_2D RESHAPE TILE RESHAPE TILE RESHAPE, TFLite Micro: refused
Resizing: CONV_2D RESIZE_NEAREST_NEIGHBOR, TFLite Micro: runs
float outputs equal: True
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tflite_file import micro, operators

rng = np.random.default_rng(0)
samples = [rng.normal(size=(1, 8, 8, 8)).astype(np.float32) for _ in range(4)]
answers = []
for name, layer in (("UpSampling2D", layers.UpSampling2D(2)),
                    ("Resizing", layers.Resizing(16, 16, interpolation="nearest"))):
    x = keras.Input((8, 8, 8), batch_size=1)
    conv = layers.Conv2D(8, 3, padding="same")
    model = keras.Model(x, layer(conv(x)))
    conv.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in conv.get_weights()])
    answers.append(model.predict(samples[0], verbose=0))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: ([x] for x in samples)
    file = converter.convert()
    try:
        micro(file, np.zeros((1, 8, 8, 8), np.int8))
        ran = "runs"
    except RuntimeError:
        ran = "refused"
    print(f"> {name}: {' '.join(operators(file))}, TFLite Micro: {ran}")
print("> float outputs equal:", np.array_equal(*answers))
END
