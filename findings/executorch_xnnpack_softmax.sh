#!/usr/bin/env bash
# ExecuTorch's XNNPACK delegate takes a softmax over columns for one over channels.
#
# executorch 1.5.1 (its runtime for Python, x86-64), torch 2.14.1, float32. A softmax over the last axis
# of an NCHW map, as attention over positions and heat maps of key points need it, alone and behind a
# pool or a convolution; and a bilinear interpolation by a factor that does not divide the size.
# Guess: what the partitioner hands to XNNPACK is computed as PyTorch does; what XNNPACK cannot do so
# (its softmax knows the last axis only) stays with the portable kernels.
# Seen: alone it is right. Behind an operator that works channels last the last axis in memory is the
# channels, and the softmax runs over them: shape right, no message, and channels add up to one instead
# of columns. A bilinear resize takes the quotient of the sizes for the factor that was given. With no
# partitioner, everything is right.
. "$(dirname "$0")/lib/finding.sh"
packages numpy==2.4.6 torch==2.14.1 executorch==1.5.1

seen <<'END'
softmax over columns, alone: XNNPACK right, portable kernels right
softmax over columns, behind a pool: XNNPACK adds up to one over channels, portable kernels right
softmax over columns, behind a convolution: XNNPACK adds up to one over channels, portable kernels right
softmax over channels, behind a convolution: XNNPACK right, portable kernels right
bilinear by 2.0: XNNPACK right, portable kernels right
bilinear by 1.7: XNNPACK other values, portable kernels right
END

run <<'END'
import logging

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from executorch.runtime import Runtime
from torch import nn
from torch.nn import functional

logging.disable(logging.CRITICAL)
torch.set_num_threads(1)
torch.manual_seed(0)


class Network(nn.Module):
    def __init__(self, first, last):
        super().__init__()
        self.first, self.last = first, last

    def forward(self, x):
        return self.last(self.first(x))


def lowered(network, x, partitioner):
    exported = torch.export.export(network, (x,))
    program = to_edge_transform_and_lower(exported, partitioner=partitioner).to_executorch()
    buffer = program.buffer  # the runtime keeps no copy
    loaded = Runtime.get().load_program(buffer)
    return loaded.load_method("forward").execute([x.clone()])[0].clone()


def softmax(axis):
    return lambda x: functional.softmax(x, axis)


def bilinear(factor):
    return lambda x: functional.interpolate(x, scale_factor=factor, mode="bilinear")


x = torch.randn(1, 4, 8, 8)
nothing, convolution = nn.Identity(), nn.Conv2d(4, 4, 3, padding=1)
for name, first, last in (
    ("softmax over columns, alone", nothing, softmax(3)),
    ("softmax over columns, behind a pool", nn.MaxPool2d(2), softmax(3)),
    ("softmax over columns, behind a convolution", convolution, softmax(3)),
    ("softmax over channels, behind a convolution", convolution, softmax(1)),
    ("bilinear by 2.0", nothing, bilinear(2.0)),
    ("bilinear by 1.7", nothing, bilinear(1.7)),
):
    network = Network(first, last).eval()
    with torch.no_grad():
        wanted = network(x)
    said = []
    for kind, partitioner in (("XNNPACK", [XnnpackPartitioner()]), ("portable kernels", [])):
        got = lowered(network, x, partitioner)
        over_channels = torch.allclose(got.sum(1), torch.ones(()), atol=1e-4)
        verdict = ("right" if torch.allclose(got, wanted, atol=1e-4) else
                   "adds up to one over channels" if over_channels else "other values")
        said.append(f"{kind} {verdict}")
    print(f"> {name}:", ", ".join(said))
END
