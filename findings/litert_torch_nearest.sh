#!/usr/bin/env bash
# PyTorch's default interpolation becomes another one in the TFLite file: other pixels are taken.
#
# litert-torch 0.10.0 (the successor of ai-edge-torch), torch 2.14.1, ai-edge-litert 2.3.0. One
# interpolation of a row of eight pixels, each holding its number.
# Guess: mode="nearest", the default of F.interpolate and nn.Upsample, is kept; the file has
# RESIZE_NEAREST_NEIGHBOR, whose default is the same rule: position times scale, rounded down.
# Seen: the file asks for half-pixel centres. Doubling shows nothing, since both rules agree there;
# halving takes pixels 1 3 5 7 where PyTorch takes 0 2 4 6, and every other size differs somewhere.
# "nearest-exact", which is the half-pixel rule, becomes no resize at all but a GATHER_ND.
. "$(dirname "$0")/lib/finding.sh"
packages torch==2.14.1 litert-torch==0.10.0 ai-edge-litert==2.3.0

seen <<'END'
nearest to 16: PyTorch 0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7, equal
nearest to 12: PyTorch 0 0 1 2 2 3 4 4 5 6 6 7, LiteRT 0 1 1 2 3 3 4 5 5 6 7 7
nearest to 4: PyTorch 0 2 4 6, LiteRT 1 3 5 7
nearest to 3: PyTorch 0 2 5, LiteRT 1 4 6
nearest: RESIZE_NEAREST_NEIGHBOR
nearest-exact to 16: PyTorch 0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7, equal
nearest-exact to 12: PyTorch 0 1 1 2 3 3 4 5 5 6 7 7, equal
nearest-exact to 4: PyTorch 1 3 5 7, equal
nearest-exact to 3: PyTorch 1 4 6, equal
nearest-exact: GATHER_ND
END

run <<'END'
import litert_torch
import torch
from ai_edge_litert.interpreter import Interpreter


class Resize(torch.nn.Module):
    def __init__(self, size, mode):
        super().__init__()
        self.size, self.mode = size, mode

    def forward(self, value):
        return torch.nn.functional.interpolate(value, size=(1, self.size), mode=self.mode)


row = torch.arange(8.0).reshape(1, 1, 1, 8)
for mode in ("nearest", "nearest-exact"):
    for size in (16, 12, 4, 3):
        module = Resize(size, mode).eval()
        litert_torch.convert(module, (row,)).export("net.tflite")
        interpreter = Interpreter("net.tflite")
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], row.numpy())
        interpreter.invoke()
        got = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        names = [each["op_name"] for each in interpreter._get_ops_details()]
        names = [name for name in names if name not in ("DELEGATE", "TRANSPOSE", "RESHAPE")]
        told = [" ".join(f"{value:.0f}" for value in values.flatten().tolist())
                for values in (module(row), got)]
        same = "equal" if told[0] == told[1] else f"LiteRT {told[1]}"
        print(f"> {mode} to {size}: PyTorch {told[0]}, {same}")
    print(f"> {mode}: {' '.join(sorted(set(names)))}")
END
