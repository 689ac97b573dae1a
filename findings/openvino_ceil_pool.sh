#!/usr/bin/env bash
# OpenVINO: a max pool with ceil_mode and padding returns a row of the lowest number there is.
#
# OpenVINO 2026.4.1 (CPU, float32), onnxruntime 1.32.0, onnx 1.23.2. MaxPool 2x2, stride 2, as PyTorch
# exports nn.MaxPool2d(2, padding=1, ceil_mode=True).
# Guess: the shape that onnx infers; no window that lies in the padding alone, as PyTorch and ONNX
# (since operator set 19) say of ceil_mode.
# Seen: MaxPool returns one row more than onnx infers, where the last window starts in the padding, and
# fills it with -3.4e38; a global average behind it, or the next convolution, spreads that over
# everything. Average pools follow the rule.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

seen <<'END'
MaxPool, ceil_mode=0: inferred (4, 5), onnxruntime (4, 5), OpenVINO (4, 5), last column 1.39 to 1.73
MaxPool, ceil_mode=1: inferred (4, 5), onnxruntime (4, 5), OpenVINO (5, 5), last column -3.4e+38 to 1.73
AveragePool, ceil_mode=0: inferred (4, 5), onnxruntime (4, 5), OpenVINO (4, 5), last column 1.37 to 1.73
AveragePool, ceil_mode=1: inferred (4, 5), onnxruntime (4, 5), OpenVINO (4, 5), last column 1.37 to 1.73
AveragePool, count_include_pad, ceil_mode=0: inferred (4, 5), onnxruntime (4, 5), OpenVINO (4, 5), last column 0.432 to 0.706
AveragePool, count_include_pad, ceil_mode=1: inferred (4, 5), onnxruntime (4, 5), OpenVINO (4, 5), last column 0.432 to 0.706
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_runtime, inferred, single

x = np.random.default_rng(0).uniform(1, 2, size=(1, 1, 7, 8)).astype(np.float32)
for name, op, attributes in (("MaxPool", "MaxPool", {}),
                             ("AveragePool", "AveragePool", {}),
                             ("AveragePool, count_include_pad", "AveragePool", {"count_include_pad": 1})):
    for ceil in (0, 1):
        model = single(op, {"x": x}, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1],
                       ceil_mode=ceil, **attributes)
        wanted, got = by_runtime(model, {"x": x}), by_openvino(model, {"x": x})
        last = sorted({float(value) for value in got[0, 0, :, -1]})
        print(f"> {name}, ceil_mode={ceil}: inferred {inferred(model)[2:]},",
              f"onnxruntime {wanted.shape[2:]}, OpenVINO {got.shape[2:]},",
              f"last column {last[0]:.3g} to {last[-1]:.3g}")
END
