#!/usr/bin/env bash
# Converted before training, a network is another network: fewer operators and fewer bytes.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0. conv, ReLU6, batch normalisation, conv: the
# normalisation cannot fold backwards through the ReLU6. People convert first to see what it will cost.
# Guess: operators follow from the layers; training changes numbers only.
# Seen: with Keras' initial statistics (mean 0, variance 1, gamma 1, beta 0) the normalisation vanishes
# or folds; with any trained values it stays as MUL and ADD of the whole map. Biases that are all zero
# are stored once whatever their number.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
untrained: CONV_2D CONV_2D
trained: CONV_2D MUL ADD CONV_2D
file of the untrained one: smaller
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tflite_file import operators

rng = np.random.default_rng(0)
x = keras.Input((16, 16, 8), batch_size=1)
y = layers.ReLU(6)(layers.Conv2D(8, 3, padding="same")(x))
y = layers.Conv2D(8, 3, padding="same")(layers.BatchNormalization()(y))
model = keras.Model(x, y)


def int8():
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: (
        [rng.normal(size=(1, 16, 16, 8)).astype(np.float32)] for _ in range(4))
    return converter.convert()


untrained = int8()
model.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
trained = int8()
print("> untrained:", *operators(untrained))
print("> trained:", *operators(trained))
print("> file of the untrained one:", "smaller" if len(untrained) < len(trained) else "not smaller")
END
