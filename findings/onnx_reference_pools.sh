#!/usr/bin/env bash
# The evaluator that the onnx package calls its reference gets pooling wrong.
#
# onnx 1.23.2 (onnx.reference.ReferenceEvaluator), onnxruntime 1.32.0, operator set 22, one node each.
# People compare converters and quantisers with it where they do not want a runtime.
# Guess: it gives the shape that onnx.shape_inference gives, and the values of onnxruntime.
# Seen: MaxPool takes `pads` as if they were ordered by axis, not all begins before all ends, so that
# uneven padding lands on the wrong sides; SAME_LOWER and VALID with ceil_mode lose rows;
# AveragePool forgets the dilation of a VALID pool and fills the rest with zeros; a last window that
# hangs over is averaged over rows that a window further up has.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0

seen <<'END'
MaxPool 2x2, even padding: the same
MaxPool 2x2, padding 1 0 1 1: (7, 9) for (8, 8)
MaxPool 2x2, stride 2, SAME_LOWER: (3, 4) for (4, 4)
MaxPool 2x2, stride 2, VALID, ceil: (3, 4) for (4, 4)
AveragePool 2x2, dilation 2: the same
AveragePool 2x2, dilation 2, VALID: (6, 7) for (5, 6)
AveragePool 3x3, stride 2, ceil: the same
AveragePool 3x3, stride 3, ceil: other values, 8.0 away
END

run <<'END'
import numpy as np
from onnx_node import by_reference, by_runtime, inferred, single

x = np.arange(1, 57, dtype=np.float32).reshape(1, 1, 7, 8)
cases = (
    ("MaxPool 2x2, even padding", "MaxPool", 2, {"pads": [1, 1, 1, 1]}),
    ("MaxPool 2x2, padding 1 0 1 1", "MaxPool", 2, {"pads": [1, 0, 1, 1]}),
    ("MaxPool 2x2, stride 2, SAME_LOWER", "MaxPool", 2, {"strides": [2, 2], "auto_pad": "SAME_LOWER"}),
    ("MaxPool 2x2, stride 2, VALID, ceil", "MaxPool", 2,
     {"strides": [2, 2], "auto_pad": "VALID", "ceil_mode": 1}),
    ("AveragePool 2x2, dilation 2", "AveragePool", 2, {"dilations": [2, 2]}),
    ("AveragePool 2x2, dilation 2, VALID", "AveragePool", 2,
     {"dilations": [2, 2], "auto_pad": "VALID"}),
    ("AveragePool 3x3, stride 2, ceil", "AveragePool", 3, {"strides": [2, 2], "ceil_mode": 1}),
    ("AveragePool 3x3, stride 3, ceil", "AveragePool", 3, {"strides": [3, 3], "ceil_mode": 1}),
)
for name, op, kernel, attributes in cases:
    model = single(op, {"x": x}, kernel_shape=[kernel, kernel], **attributes)
    wanted, got = by_runtime(model, {"x": x}), by_reference(model, {"x": x})
    assert wanted.shape == inferred(model)
    if got.shape != wanted.shape:
        print(f"> {name}: {got.shape[2:]} for {wanted.shape[2:]}")
    else:
        away = np.abs(got - wanted).max()
        print(f"> {name}:", "the same" if away < 1e-5 else f"other values, {away} away")
END
