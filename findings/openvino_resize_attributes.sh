#!/usr/bin/env bash
# OpenVINO drops attributes of an ONNX Resize without a word.
#
# OpenVINO 2026.4.1 (CPU, float32), onnxruntime 1.32.0, onnx 1.23.2, operator set 22.
# Guess: an attribute that the importer does not know is an error, as it is for the coordinate mode
# `half_pixel_symmetric`.
# Seen: `antialias`, `exclude_outside` and `keep_aspect_ratio_policy` change nothing: the image that a
# preprocessing step shrinks is aliased, and one that was to keep its proportions is stretched.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1

seen <<'END'
plain linear, half the size: as onnxruntime
antialias=1: as without it; onnxruntime's differs from that by 0.18
exclude_outside=1, cubic: as without it; onnxruntime's differs from that by 0.04
keep_aspect_ratio_policy=not_larger: (7, 9), onnxruntime (7, 8)
keep_aspect_ratio_policy=not_smaller: (7, 9), onnxruntime (8, 9)
coordinate_transformation_mode=half_pixel_symmetric: refused
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_runtime, single

x = np.random.default_rng(0).uniform(size=(1, 2, 5, 6)).astype(np.float32)
half = {"s": np.array([1, 1, 0.5, 0.5], np.float32)}
size = {"z": np.array([7, 9], np.int64)}


def resize(constants, **attributes):
    inputs = ["x", "", "s"] if "s" in constants else ["x", "", "", "z"]
    return single("Resize", {"x": x}, constants, inputs, **attributes)


plain = resize(half, mode="linear")
print("> plain linear, half the size:",
      "as onnxruntime" if np.allclose(by_openvino(plain, {"x": x}), by_runtime(plain, {"x": x}),
                                      atol=1e-5) else "differs")
for said, mode, attribute in (("antialias=1", "linear", "antialias"),
                              ("exclude_outside=1, cubic", "cubic", "exclude_outside")):
    without = by_openvino(resize(half, mode=mode), {"x": x})
    model = resize(half, mode=mode, **{attribute: 1})
    got, wanted = by_openvino(model, {"x": x}), by_runtime(model, {"x": x})
    away = np.abs(wanted - without).max()
    print(f"> {said}:", "as without it;" if np.array_equal(got, without) else "not ignored;",
          f"onnxruntime's differs from that by {away:.2f}")
for policy in ("not_larger", "not_smaller"):
    model = resize(size, mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
    print(f"> keep_aspect_ratio_policy={policy}: {by_openvino(model, {'x': x}).shape[2:]},",
          f"onnxruntime {by_runtime(model, {'x': x}).shape[2:]}")
mode = "half_pixel_symmetric"
try:
    by_openvino(resize(half, mode="linear", coordinate_transformation_mode=mode), {"x": x})
    said = "accepted"
except RuntimeError:
    said = "refused"
print(f"> coordinate_transformation_mode={mode}:", said)
END
