#!/usr/bin/env bash
# The inputs of a TFLite file stand in an order that is neither the model's nor that of their names.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0. Keras models with two or three named inputs.
# A firmware that fills `input(0)` and `input(1)` by the order of the model feeds them crosswise.
# Guess: the order in which the model lists its inputs, or that of their names.
# Seen: the same names come out in the same order whatever the model's, and it is not alphabetical.
# The names in the file's signature are right: find inputs by them.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
image audio -> audio image
audio image -> audio image
zimage aux -> zimage aux
aux zimage -> zimage aux
picture sound -> picture sound
in0 in1 in2 -> in2 in0 in1
END

run <<'END'
import keras
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers

for names in ("image audio", "audio image", "zimage aux", "aux zimage", "picture sound",
              "in0 in1 in2"):
    keras.backend.clear_session()
    # Each input has another width, by which it is known in the file whatever it is called there.
    widths = {name: 4 + place for place, name in enumerate(sorted(names.split()))}
    inputs = [keras.Input((widths[name],), batch_size=1, name=name) for name in names.split()]
    model = keras.Model(inputs, layers.Add()([layers.Dense(3)(one) for one in inputs]))
    file = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    found = Interpreter(model_content=file).get_input_details()
    known = {width: name for name, width in widths.items()}
    print(">", names, "->", *(known[int(one["shape"][-1])] for one in found))
END
