#!/usr/bin/env bash
# One dilated convolution is one operator; two on the same input are six.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0; int8, batch 1. Parallel dilated branches are what
# segmentation heads (ASPP) and WaveNet-like keyword spotters are made of.
# Guess: each becomes a CONV_2D with its dilation, as it does alone.
# Seen: TensorFlow dilates by SpaceToBatchND, convolution, BatchToSpaceND; the converter folds the three
# into one only where the first has a single reader. Two branches share it, so that all three kinds
# stay in the file, and few NPUs run them.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
one: CONV_2D
two: BATCH_TO_SPACE_ND CONV_2D SPACE_TO_BATCH_ND
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from tflite_file import operators

rng = np.random.default_rng(0)
for name, count in (("one", 1), ("two", 2)):
    x = keras.Input((8, 8, 4), batch_size=1)
    branches = [layers.Conv2D(4, 3, padding="same", dilation_rate=2)(x) for _ in range(count)]
    model = keras.Model(x, branches)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter.representative_dataset = lambda: (
        [rng.normal(size=(1, 8, 8, 4)).astype(np.float32)] for _ in range(4))
    print(f"> {name}:", *sorted(set(operators(converter.convert())) & {
        "CONV_2D", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"}))
END
