#!/usr/bin/env bash
# onnxruntime's quantize_static turns a max pool that is padded by hand into a constant, in QDQ only.
#
# onnxruntime 1.32.0, int8 activations and weights, MinMax, onnx 1.23.2. A convolution, a Pad with the
# lowest value there is, a MaxPool without padding: what timm's MaxPool2dSame exports (minus infinity), and
# converters write where a pool pads unevenly. The float network never lets that value through.
# Guess: the padding is a constant that saturates, or is left out of the calibrated range; whatever the
# format, answers stay within a step or two, and a scale that is not finite is an error.
# Seen: QDQ gives the padded map a scale that holds the padding too: minus infinity makes the scale
# infinite and leaves no finite answer, the lowest float or -10000 leave one or two values for the whole
# map. QOperator pads at the scale of the map before it and is right, as QDQ is with a padding of zero.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
padding 0.0: QDQ within two steps, QOperator within two steps
padding -10000.0: QDQ one or two different answers, QOperator within two steps
padding -3.4e+38: QDQ one or two different answers, QOperator within two steps
padding -inf: QDQ not one finite answer, QOperator within two steps
END

run <<'END'
import numpy as np
from onnx_file import model, node, numbers, quantised, run
from onnxruntime.quantization import QuantFormat, QuantType

rng = numbers()
samples = [rng.normal(size=(1, 4, 8, 8)).astype(np.float32) for _ in range(8)]
constants = {"w": rng.normal(size=(4, 4, 3, 3)).astype(np.float32),
             "p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)}
for lowest in (0, -1e4, np.finfo(np.float32).min, -np.inf):
    net = model(
        [
            node("Conv", ["x", "w"], ["a"], pads=[1] * 4),
            node("Pad", ["a", "p", "v"], ["b"]),
            node("MaxPool", ["b"], ["y"], kernel_shape=[3, 3], strides=[2, 2]),
        ],
        (1, 4, 8, 8), {"y": (1, 4, 4, 4)}, constants | {"v": np.array(lowest, np.float32)})
    wanted = np.concatenate([run(net, x)[0] for x in samples])
    said = {}
    for kind in ("QDQ", "QOperator"):
        int8 = quantised(net, samples, quant_format=QuantFormat[kind],
                         activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
        got = np.concatenate([run(int8, x)[0] for x in samples])
        step = 2 * abs(wanted).max() / 255
        said[kind] = ("not one finite answer" if not np.isfinite(got).any() else
                      "within two steps" if abs(got - wanted).max() <= 2 * step else
                      "one or two different answers" if len(np.unique(got)) <= 2 else "other values")
    print(f"> padding {lowest:.2g}:" if lowest < -1e30 else f"> padding {lowest:.1f}:",
          ", ".join(f"{kind} {verdict}" for kind, verdict in said.items()))
END
