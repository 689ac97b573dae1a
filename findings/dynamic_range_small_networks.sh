#!/usr/bin/env bash
# TensorFlow's "dynamic range" quantisation leaves a small network entirely in float.
#
# tensorflow 2.21.0, keras 3.15.1. A keyword spotter's size: convolutions of 3x3x3x16, depthwise
# 3x3x16, 1x1x16x32, a dense layer of 32x10; then the same at four times the width.
# Guess: Optimize.DEFAULT without a data set stores every kernel as int8.
# Seen: kernels of fewer than 1,024 values stay in float; the small network is returned as it came, with
# no warning, and one of four times the width keeps its depthwise kernel (576 values) in float.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
width 1: 4 kernels in float, 0 in int8
width 4: 1 kernels in float, 3 in int8
END

run <<'END'
import keras
import tensorflow as tf
from keras import layers
from tflite_file import tensors

for width in (1, 4):
    x = keras.Input((16, 16, 3), batch_size=1)
    y = layers.Conv2D(16 * width, 3, padding="same")(x)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(32 * width, 1)(y))
    model = keras.Model(x, layers.Dense(10)(y))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    kinds = [kind for shape, kind, stored in tensors(converter.convert())
             if stored and len(shape) in (2, 4)]
    print(f"> width {width}: {kinds.count('FLOAT32')} kernels in float, {kinds.count('INT8')} in int8")
END
