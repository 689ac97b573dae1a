#!/usr/bin/env bash
# NonMaxSuppression with a threshold of zero, its default: three runtimes, three answers.
#
# OpenVINO 2026.4.1 (CPU, float32), TVM 0.27.0.post1, onnxruntime 1.32.0, onnx 1.23.2. ONNX drops a box
# whose IoU with a chosen one is greater than the threshold; zero, the default, keeps what does not overlap.
# Guess: two boxes far apart both stay at every threshold.
# Seen: at exactly zero OpenVINO leaves the best box of a class only: it drops at "at least", which shows
# at other thresholds too where an IoU is equal to it, as those of anchors on a grid often are (a third
# here). So does TVM, which moreover returns nothing at all at zero.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 apache-tvm==0.27.0.post1

seen <<'END'
IoU threshold 0: onnxruntime keeps [0, 1, 2], reference keeps [0, 1, 2], OpenVINO keeps [0], TVM keeps []
IoU threshold 1e-06: onnxruntime keeps [0, 1, 2], reference keeps [0, 1, 2], OpenVINO keeps [0, 1, 2], TVM keeps [0, 1, 2]
IoU threshold 0.33: onnxruntime keeps [0, 1, 2, 3], reference keeps [0, 1, 2, 3], OpenVINO keeps [0, 1, 2], TVM keeps [0, 1, 2]
IoU threshold 0.5: onnxruntime keeps [0, 1, 2, 3], reference keeps [0, 1, 2, 3], OpenVINO keeps [0, 1, 2, 3], TVM keeps [0, 1, 2, 3]
END

run <<'END'
import numpy as np
from onnx_node import by_openvino, by_reference, by_runtime, by_tvm, single

boxes = np.array([[[0, 0, 1, 1], [0, 10, 1, 11], [0, 20, 1, 21], [0, 0.5, 1, 1.5]]], np.float32)
scores = np.array([[[0.9, 0.8, 0.7, 0.6]]], np.float32)
maps = {"boxes": boxes, "scores": scores}
for threshold in (0.0, 1e-6, 1 / 3, 0.5):
    constants = {"most": np.array([10], np.int64), "iou": np.array([threshold], np.float32)}
    model = single("NonMaxSuppression", maps, constants)
    kept = {name: by(model, maps)[:, 2].tolist()
            for name, by in (("onnxruntime", by_runtime), ("reference", by_reference),
                             ("OpenVINO", by_openvino), ("TVM", by_tvm))}
    print(f"> IoU threshold {threshold:.2g}:",
          ", ".join(f"{name} keeps {rows}" for name, rows in kept.items()))
END
