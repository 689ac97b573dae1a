#!/usr/bin/env bash
# A padded average pool of PyTorch becomes, at stride 2, operators that no microcontroller has.
#
# litert-torch 0.10.0, torch 2.14.1, ai-edge-litert 2.3.0, tflite-micro 0.dev20261023182759. A pool of
# 3x3 between two convolutions, on 8x8.
# Guess: count_include_pad=False, the rule of AVERAGE_POOL_2D, is that operator, with a PAD before it
# at stride 2, where PyTorch pads on both sides; True, PyTorch's default, is the one that needs more.
# Seen: at stride 1 as guessed. At stride 2 False becomes two STABLEHLO_REDUCE_WINDOW and a division,
# which LiteRT runs and TensorFlow Lite Micro has no kernels for, and True a PAD and an
# AVERAGE_POOL_2D. The converter reports success for both.
. "$(dirname "$0")/lib/finding.sh"
packages torch==2.14.1 litert-torch==0.10.0 ai-edge-litert==2.3.0 \
  tflite-micro==0.dev20261023182759

seen <<'END'
stride 1, count_include_pad True: PAD AVERAGE_POOL_2D; TFLite Micro: runs
stride 1, count_include_pad False: AVERAGE_POOL_2D; TFLite Micro: runs
stride 2, count_include_pad True: PAD AVERAGE_POOL_2D; TFLite Micro: runs
stride 2, count_include_pad False: STABLEHLO_REDUCE_WINDOW STABLEHLO_REDUCE_WINDOW DIV; TFLite Micro: cannot be loaded
END

run <<'END'
import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from tflite_micro import runtime
from torch import nn

value = torch.zeros(1, 3, 8, 8)
for stride in (1, 2):
    for counted in (True, False):
        pool = nn.AvgPool2d(3, stride, 1, count_include_pad=counted)
        network = nn.Sequential(nn.Conv2d(3, 4, 1), pool, nn.Conv2d(4, 4, 1)).eval()
        litert_torch.convert(network, (value,)).export("net.tflite")
        interpreter = Interpreter("net.tflite")
        interpreter.allocate_tensors()
        names = [each["op_name"] for each in interpreter._get_ops_details()]
        names = [name for name in names if name not in ("DELEGATE", "TRANSPOSE", "CONV_2D")]
        try:
            micro = runtime.Interpreter.from_file("net.tflite")
            micro.set_input(np.zeros((1, 3, 8, 8), np.float32), 0)
            micro.invoke()
            told = "runs"
        except RuntimeError:
            told = "cannot be loaded"
        print(f"> stride {stride}, count_include_pad {counted}: {' '.join(names)}; TFLite Micro: {told}")
END
