#!/usr/bin/env bash
# TensorFlow's converter flips the sign of "constant minus transposed map".
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0; float, no quantisation. Output-side arithmetic
# of detectors and channel-first imports looks like this.
# Guess: moving a TRANSPOSE behind an elementwise operator with a constant keeps the values.
# Seen: the pass takes the constant for the second operand: 1 - T(x) becomes T(x - 1), and 3 / T(x)
# becomes T(x / 3). T(x) - 1, and 1 - x without the transpose, are right. The int8 file is made of the
# same graph, so comparing int8 with the float file does not show it; comparing with Keras does.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
1 - x: right
T(x) - 1: right
1 - T(x): the sign is flipped
3 / T(x): wrong
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from tflite_file import litert

value = np.random.default_rng(0).uniform(0.5, 2, (1, 4, 3, 2)).astype(np.float32)
turned = keras.layers.Permute((2, 1, 3))
for name, formula in (("1 - x", lambda x: 1.0 - x), ("T(x) - 1", lambda x: turned(x) - 1.0),
                      ("1 - T(x)", lambda x: 1.0 - turned(x)),
                      ("3 / T(x)", lambda x: 3.0 / turned(x))):
    x = keras.Input(batch_shape=value.shape)
    model = keras.Model(x, formula(x))
    wanted = model.predict(value, verbose=0)
    made = litert(tf.lite.TFLiteConverter.from_keras_model(model).convert(), value)
    said = "right" if np.allclose(made, wanted, atol=1e-5) else "wrong"
    if np.allclose(made, -wanted, atol=1e-5):
        said = "the sign is flipped"
    print(f"> {name}: {said}")
END
