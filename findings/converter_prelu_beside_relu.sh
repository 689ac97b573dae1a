#!/usr/bin/env bash
# A PReLU is one operator, until something else takes the ReLU of the same tensor.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0. A PReLU with one slope a channel, alone and
# beside a ReLU that reads the same map; full int8.
# Guess: what else reads the map makes no difference to the PReLU.
# Seen: Keras writes a PReLU with a ReLU inside. Beside another ReLU both are merged, the pattern that
# the converter looks for is gone, and the file has the PReLU's parts, one of them in float.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
alone: PRELU
beside a ReLU: a PRELU is among its operators: False, a NEG: True
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tflite_file import operators

rng = np.random.default_rng(0)


def int8(beside):
    x = keras.Input((8, 8, 8), batch_size=1)
    y = layers.PReLU(shared_axes=(1, 2), alpha_initializer=keras.initializers.Constant(0.25))(x)
    if beside:
        y = layers.Concatenate()([layers.Conv2D(4, 1)(y), layers.Conv2D(4, 1)(layers.ReLU()(x))])
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(x, y))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: (
        [rng.normal(size=(1, 8, 8, 8)).astype(np.float32)] for _ in range(4))
    return operators(converter.convert())


print("> alone:", *int8(False))
names = int8(True)
print(*names)
print(f"> beside a ReLU: a PRELU is among its operators: {'PRELU' in names}, a NEG: {'NEG' in names}")
END
