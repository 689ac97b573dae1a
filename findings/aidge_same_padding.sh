#!/usr/bin/env bash
# Aidge works out SAME padding from the kernel and the stride alone: maps of odd size lose a row.
#
# aidge_core, aidge_onnx and aidge_backend_cpu 0.10.1, onnxruntime 1.32.0, onnx 1.23.2. What SAME
# adds depends on the size of the map too: ceil(size / stride) outputs, so a 3x3 window at stride 2
# pads an odd map by two and an even one by one, at its end for SAME_UPPER.
# Guess: Aidge returns what onnxruntime returns for convolutions and pools, or refuses the node.
# Seen: the padding is the kernel less the stride, 1 here: an odd map of 7 gives 3 pixels instead of
# 4. On an even map convolutions are right, pools have the right size and other values. Pads that
# the file spells out are right, for either size.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 \
  aidge_core==0.10.1 aidge_onnx==0.10.1 aidge_backend_cpu==0.10.1

seen <<'END'
Conv, SAME_UPPER, of 7 x 7: onnxruntime (4, 4), Aidge (3, 3), another map
Conv, pads of 1, of 7 x 7: onnxruntime (4, 4), Aidge (4, 4), equal
MaxPool, SAME_UPPER, of 7 x 7: onnxruntime (4, 4), Aidge (3, 3), another map
MaxPool, pads of 1, of 7 x 7: onnxruntime (4, 4), Aidge (4, 4), equal
AveragePool, SAME_UPPER, of 7 x 7: onnxruntime (4, 4), Aidge (3, 3), another map
AveragePool, pads of 1, of 7 x 7: onnxruntime (4, 4), Aidge (4, 4), equal
Conv, SAME_UPPER, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), equal
Conv, pads of 1, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), equal
MaxPool, SAME_UPPER, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), other values
MaxPool, pads of 1, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), equal
AveragePool, SAME_UPPER, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), other values
AveragePool, pads of 1, of 8 x 8: onnxruntime (4, 4), Aidge (4, 4), equal
END

run <<'END'
import aidge_backend_cpu  # registers itself
import aidge_core
import aidge_onnx
import numpy as np
from onnx_node import by_runtime, single

aidge_core.Log.set_console_level(aidge_core.Level.Fatal)


def by_aidge(model, x):
    graph = aidge_onnx.convert_onnx_to_aidge(model)
    graph.set_backend("cpu")
    graph.set_datatype(aidge_core.dtype.float32)
    aidge_core.SequentialScheduler(graph).forward(True, [aidge_core.Tensor(x)])
    return np.array(next(iter(graph.get_output_nodes())).get_operator().get_output(0))


rng = np.random.default_rng(0)
weights = {"w": rng.normal(size=(2, 2, 3, 3)).astype(np.float32)}
forms = {"SAME_UPPER": {"auto_pad": "SAME_UPPER"}, "pads of 1": {"pads": [1, 1, 1, 1]}}
for size in (7, 8):
    x = rng.normal(size=(1, 2, size, size)).astype(np.float32)
    for op in ("Conv", "MaxPool", "AveragePool"):
        for name, padding in forms.items():
            model = single(
                op,
                {"x": x},
                weights if op == "Conv" else None,
                kernel_shape=[3, 3],
                strides=[2, 2],
                **padding,
            )
            wanted, got = by_runtime(model, {"x": x}), by_aidge(model, x)
            shapes = f"onnxruntime {wanted.shape[2:]}, Aidge {got.shape[2:]}"
            if wanted.shape != got.shape:
                verdict = "another map"
            else:
                verdict = "equal" if np.allclose(wanted, got, atol=1e-4) else "other values"
            print(f"> {op}, {name}, of {size} x {size}: {shapes}, {verdict}")
END
