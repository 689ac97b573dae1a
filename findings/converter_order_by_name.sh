#!/usr/bin/env bash
# Renaming a layer changes the memory a network needs on the chip.
#
# tensorflow 2.21.0, keras 3.15.1, ai-edge-litert 2.3.0. Two branches of one input, a wide one and a
# narrow one, joined by a concatenation; only the names of their layers differ between the two models.
# Guess: names are labels; the int8 file lists operators in the order in which they were called.
# Seen: the converter walks the graph by name. With the names exchanged the other branch comes first in
# the file, and since an interpreter runs a file in its order, other tensors are alive together.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1 ai-edge-litert==2.3.0

seen <<'END'
wide branch a, narrow branch b: 16 16 4 4
wide branch b, narrow branch a: 4 4 16 16
END

run <<'END'
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from keras import layers

rng = np.random.default_rng(0)


def order(wide, narrow):
    x = keras.Input((8, 8, 3), batch_size=1)
    left = layers.Conv2D(16, 3, padding="same", name=f"{wide}_first")(x)
    left = layers.Conv2D(16, 3, padding="same", name=f"{wide}_second")(left)
    right = layers.Conv2D(4, 3, padding="same", name=f"{narrow}_first")(x)
    right = layers.Conv2D(4, 3, padding="same", name=f"{narrow}_second")(right)
    model = keras.Model(x, layers.Concatenate(name="join")([left, right]), name="net")
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = lambda: (
        [rng.normal(size=(1, 8, 8, 3)).astype(np.float32)] for _ in range(4))
    file = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(bytearray(converter.convert()), 0))
    graph = file.subgraphs[0]
    made = [graph.tensors[o.outputs[0]] for o in graph.operators
            if o.builtinOptionsType == schema.BuiltinOptions.Conv2DOptions]
    return " ".join(str(t.shape[3]) for t in made)


print("> wide branch a, narrow branch b:", order("a", "b"))
print("> wide branch b, narrow branch a:", order("b", "a"))
END
