#!/usr/bin/env bash
# What six counters of multiply-accumulates say of the same layers: up to eight times apart.
#
# torch 2.14.1, thop 0.1.1.post2209072238, fvcore 0.1.5.post20221221, torchinfo 1.8.0, ptflops 0.7.5,
# onnx-tool 1.0.1 with onnx 1.23.2. No bias, one image, so that nothing but multiplications is left.
# Guess: they differ in what they do with biases, norms and activations, and agree on the multiplications
# of convolutions and dense layers, grouped, dilated and transposed ones too.
# Seen: a transposed convolution of stride 2 is counted per output position, four times too often, by
# thop and torchinfo, and eight times by onnx-tool (its unit is two operations there and one in a
# convolution); torchinfo counts a dense layer on a map once, not once per position; a convolution that
# is called as a function costs nothing for thop and ptflops (unless that is told to count calls), and
# for torchinfo one operation per weight. None of them warns.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 torch==2.14.1 onnx==1.23.2 thop==0.1.1.post2209072238 \
  fvcore==0.1.5.post20221221 torchinfo==1.8.0 ptflops==0.7.5 onnx-tool==1.0.1

seen <<'END'
convolution, grouped: 34560 by definition; all agree
convolution, dilated: 138240 by definition; all agree
transposed convolution, stride 2: 245760 by definition; thop 983040, torchinfo 983040, onnx-tool 1966080
transposed convolution, stride 1: 138240 by definition; onnx-tool 276480
dense on 4 x 5 positions: 2560 by definition; torchinfo 128
convolution as a function: 138240 by definition; thop 0, torchinfo 1152, ptflops 0
END

run <<'END'
import contextlib
import io
import logging

import onnx_tool
import torch
import torchinfo
from fvcore.nn import FlopCountAnalysis
from ptflops import get_model_complexity_info
from thop import profile
from torch import nn

logging.disable(logging.CRITICAL)


class Function(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16, 8, 3, 3))

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight, padding=1)


def by_onnx_tool(net, x):
    torch.onnx.export(net, (x,), "net.onnx", dynamo=False, opset_version=17)
    graph = onnx_tool.Model("net.onnx", {}).graph
    graph.shape_infer()
    graph.profile()
    macs = graph.macs
    return macs[0] if hasattr(macs, "__len__") else macs


counters = {
    "thop": lambda net, x: profile(net, (x,), verbose=False)[0],
    "fvcore": lambda net, x: FlopCountAnalysis(net, x).total(),
    "torchinfo": lambda net, x: torchinfo.summary(net, input_data=x, verbose=0).total_mult_adds,
    "ptflops": lambda net, x: get_model_complexity_info(
        net, tuple(x.shape[1:]), as_strings=False, print_per_layer_stat=False, backend="pytorch")[0],
    "onnx-tool": by_onnx_tool,
}
image = torch.ones(1, 8, 10, 12)
for name, net, x, wanted in (
    ("convolution, grouped", nn.Conv2d(8, 16, 3, padding=1, groups=4, bias=False), image,
     120 * 16 * 2 * 9),
    ("convolution, dilated", nn.Conv2d(8, 16, 3, padding=2, dilation=2, bias=False), image,
     120 * 16 * 8 * 9),
    ("transposed convolution, stride 2", nn.ConvTranspose2d(8, 16, 4, 2, 1, bias=False), image,
     120 * 8 * 16 * 16),
    ("transposed convolution, stride 1", nn.ConvTranspose2d(8, 16, 3, 1, 1, bias=False), image,
     120 * 8 * 16 * 9),
    ("dense on 4 x 5 positions", nn.Linear(8, 16, bias=False), torch.ones(1, 4, 5, 8), 20 * 8 * 16),
    ("convolution as a function", Function(), image, 120 * 16 * 8 * 9),
):
    counts = {}
    for counter, count in counters.items():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            counts[counter] = int(count(net.eval(), x))
    others = [f"{counter} {count}" for counter, count in counts.items() if count != wanted]
    print(f"> {name}: {wanted} by definition;", ", ".join(others) or "all agree")
END
