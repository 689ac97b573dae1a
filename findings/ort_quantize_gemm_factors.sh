#!/usr/bin/env bash
# onnxruntime's quantize_static gets the bias of a Gemm wrong once its beta or alpha is not one.
#
# onnxruntime 1.32.0, quantize_static with int8 activations and weights, onnx 1.23.2. A dense layer,
# Gemm: alpha * x W + beta * b, of an input of zeros, so that beta * b is the answer. torch.addmm,
# scikit-learn's exporters and optimisers that fold a factor write such nodes.
# Guess: the factors are kept or folded into the constants; a node that cannot be quantised stays float.
# Seen: with beta=2 a half of what should come out does, and a quarter once the QDQ file is optimised
# (Q and D around the Gemm become one QGemm, which has no beta) or written as QOperator; with beta=0.5
# the answer is twice as large and saturates. With alpha=0.5 QDQ is right, QOperator halves the bias.
# No message.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
alpha 1, beta 1: float 2.0 -1.0, QDQ 2.0 -1.0, optimised 2.0 -1.0, QOperator 2.0 -1.0
alpha 0.5, beta 1: float 2.0 -1.0, QDQ 2.0 -1.0, optimised 2.0 -1.0, QOperator 1.0 -0.5
alpha 1, beta 2: float 4.0 -2.0, QDQ 2.0 -1.0, optimised 1.0 -0.5, QOperator 1.0 -0.5
alpha 1, beta 0.5: float 1.0 -0.5, QDQ 1.2 -0.7, optimised 1.2 -0.7, QOperator 1.2 -0.7
END

run <<'END'
import numpy as np
from onnx_file import model, node, numbers, quantised, run
from onnxruntime.quantization import QuantFormat, QuantType

rng = numbers()
samples = [rng.uniform(-1, 1, size=(1, 8)).astype(np.float32) for _ in range(8)]
constants = {"w": rng.normal(size=(2, 8)).astype(np.float32) * np.float32(0.1),
             "b": np.array([2, -1], np.float32)}
still = np.zeros((1, 8), np.float32)
for alpha, beta in ((1, 1), (0.5, 1), (1, 2), (1, 0.5)):
    net = model([node("Gemm", ["x", "w", "b"], ["y"], transB=1, alpha=float(alpha), beta=float(beta))],
                (1, 8), {"y": (1, 2)}, constants)
    answers = {"float": run(net, still)[0]}
    for kind in ("QDQ", "QOperator"):
        int8 = quantised(net, samples, quant_format=QuantFormat[kind],
                         activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
        answers[kind] = run(int8, still)[0]
        if kind == "QDQ":
            answers["optimised"] = run(int8, still, optimised=True)[0]
    print(f"> alpha {alpha}, beta {beta}:",
          ", ".join(f"{kind} {y[0, 0]:.1f} {y[0, 1]:.1f}" for kind, y in answers.items()))
END
