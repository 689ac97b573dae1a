#!/usr/bin/env bash
# tract computes Celu as a steeper function than ONNX says: negative values come out divided by alpha.
#
# tract 0.23.9 (its Python package), onnxruntime 1.32.0, onnx 1.23.2. ONNX:
# Celu(x) = max(0, x) + min(0, alpha * (exp(x / alpha) - 1)), as torch.nn.CELU exports it.
# Guess: equal for every alpha, as Elu and the other parametrised activations are.
# Seen: equal for alpha 1, the default; for others tract leaves out the factor before the bracket, so
# the curve no longer has slope 1 on both sides of zero. Elu with the same alphas is right.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 tract==0.23.9

seen <<'END'
Elu, alpha 0.5: tract's values are onnxruntime's times 1.00, 1.00, 1.00, 1.00
Elu, alpha 1.0: tract's values are onnxruntime's times 1.00, 1.00, 1.00, 1.00
Elu, alpha 2.0: tract's values are onnxruntime's times 1.00, 1.00, 1.00, 1.00
Celu, alpha 0.5: tract's values are onnxruntime's times 2.00, 2.00, 2.00, 1.00
Celu, alpha 1.0: tract's values are onnxruntime's times 1.00, 1.00, 1.00, 1.00
Celu, alpha 2.0: tract's values are onnxruntime's times 0.50, 0.50, 0.50, 1.00
END

run <<'END'
import numpy as np
import onnx
import tract
from onnx_node import by_runtime, single

x = np.array([[-3, -1, -0.5, 1]], np.float32)
for op in ("Elu", "Celu"):
    for alpha in (0.5, 1.0, 2.0):
        model = single(op, {"x": x}, alpha=alpha)
        onnx.save(model, "net.onnx")
        network = tract.onnx().load("net.onnx").into_model().into_runnable()
        got, wanted = network.run([x])[0].to_numpy(), by_runtime(model, {"x": x})
        ratio = ", ".join(f"{value:.2f}" for value in (got / wanted)[0])
        print(f"> {op}, alpha {alpha}: tract's values are onnxruntime's times {ratio}")
END
