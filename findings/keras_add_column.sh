#!/usr/bin/env bash
# Keras adds a column to a square map as if it were a row, at batch 1 only.
#
# keras 3.15.1 on tensorflow 2.21.0.
# Guess: Add broadcasts like NumPy's +, whatever the batch, as Subtract and Multiply do.
# Seen: at batch 1 a column of n values, added to a map with n channels, is taken for n channels: the
# sum is another one, in silence. The operand with one axis of more than one element is squeezed and
# handed to bias_add, which looks at its length only. At batch 2, or where rows and channels
# differ, the sum is right. A converter traces a model at batch 1.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 tensorflow==2.21.0 keras==3.15.1

seen <<'END'
Add of 3 x 3 and 3 x 1, batch 1: the column as a row
Add of 3 x 3 and 3 x 1, batch 2: what NumPy says
Add of 3 x 4 and 3 x 1, batch 1: what NumPy says
Add of 3 x 4 and 3 x 1, batch 2: what NumPy says
Subtract of 3 x 3 and 3 x 1, batch 1: what NumPy says
Subtract of 3 x 3 and 3 x 1, batch 2: what NumPy says
Subtract of 3 x 4 and 3 x 1, batch 1: what NumPy says
Subtract of 3 x 4 and 3 x 1, batch 2: what NumPy says
Multiply of 3 x 3 and 3 x 1, batch 1: what NumPy says
Multiply of 3 x 3 and 3 x 1, batch 2: what NumPy says
Multiply of 3 x 4 and 3 x 1, batch 1: what NumPy says
Multiply of 3 x 4 and 3 x 1, batch 2: what NumPy says
END

run <<'END'
import keras
import numpy as np

for layer, function in (("Add", np.add), ("Subtract", np.subtract), ("Multiply", np.multiply)):
    for rows, channels in ((3, 3), (3, 4)):
        for batch in (1, 2):
            rng = np.random.default_rng(0)
            square = rng.integers(1, 9, (batch, rows, channels)).astype(np.float32)
            column = rng.integers(1, 9, (batch, rows, 1)).astype(np.float32)
            got = np.array(getattr(keras.layers, layer)()([square, column]))
            row = function(square, column.transpose(0, 2, 1)) if rows == channels else None
            if np.array_equal(got, function(square, column)):
                verdict = "what NumPy says"
            else:
                verdict = "the column as a row" if np.array_equal(got, row) else "something else"
            print(f"> {layer} of {rows} x {channels} and {rows} x 1, batch {batch}: {verdict}")
END
