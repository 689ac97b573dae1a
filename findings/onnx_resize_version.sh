#!/usr/bin/env bash
# ONNX's version converter moves every sample of a bilinear upsampling by a quarter of a pixel.
#
# onnx 1.23.2, onnxruntime 1.32.0 as the judge. Opset 11 gave Resize an attribute for the coordinates
# and another default (half_pixel) than opset 10 had (asymmetric).
# Guess: converting 10 to 11 or later writes coordinate_transformation_mode=asymmetric.
# Seen: the attribute is not written. Linear upsampling changes (nearest by two does not show it), and
# so does an Upsample of opset 9 on its way up. Vendor pipelines raise the opset before they quantise.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 sympy==1.14.0

seen <<'END'
Resize linear, 10 -> 11: other numbers
Resize linear, 10 -> 17: other numbers
Upsample linear, 9 -> 10: same numbers
Upsample linear, 9 -> 17: other numbers
Resize nearest, 10 -> 17: same numbers
attributes after 10 -> 17: mode
END

run <<'END'
import numpy as np
from onnx import checker, version_converter
from onnx_file import model, node, numbers, run

x = numbers().normal(size=(1, 3, 4, 4)).astype(np.float32)
factors = {"s": np.array([1, 1, 2, 2], np.float32)}
for kind, mode, before, after in (("Resize", "linear", 10, 11), ("Resize", "linear", 10, 17),
                                  ("Upsample", "linear", 9, 10), ("Upsample", "linear", 9, 17),
                                  ("Resize", "nearest", 10, 17)):
    old = model([node(kind, ["x", "s"], ["y"], mode=mode)], x.shape, {"y": (1, 3, 8, 8)}, factors,
                opset=before)
    new = version_converter.convert_version(old, after)
    checker.check_model(new, full_check=True)
    off = np.abs(run(old, x)[0] - run(new, x)[0]).max()
    print(f"> {kind} {mode}, {before} -> {after}: {'other' if off > 0.1 else 'same'} numbers")
resize = [n for n in new.graph.node if n.op_type == "Resize"]
print("> attributes after 10 -> 17:", *[a.name for a in resize[0].attribute])
END
