"""The page of ONNX files: what is read, and what each operator is on a device, from the table that
the reader works by."""

from collections.abc import Iterator

from archc.manual.markdown import HEADER, code, listed, reflowed, table
from archc.models.onnx.operators import CONTRIB, CONTRIB_REFUSED, NOTHING, OPERATORS, PAIRS, REFUSED
from archc.models.onnx.reader import NODES_PER_OPERATOR, PACKED_BYTES, SECONDS
from archc.targets.builtin import builtin, builtin_names
from archc.targets.facts import UNKNOWN

INTRODUCTION = f"""\
`archc profile`, `check`, `show`, `graph`, `diff` and `verify` take `.onnx` files, quantised
(QDQ) or float. Reading one needs the `onnx` package, `pip install 'archc-dsl[onnx]'`; onnxruntime
is not needed.

```text
archc check net_int8.onnx
```

## What is counted

A QDQ file has a `DequantizeLinear` in front of each operator and a `QuantizeLinear` behind it. A
device runs one operator. Whether a tensor is int8 is told by the edges around it, never by the kind
of an operator: it is if all that read it quantise it, in the same way.

- **Operators** are the nodes that are left: an activation that the producer's result goes through
  before it is quantised is part of the producer; a gate and its product with what it reads
  ({listed(PAIRS)} and `Mul`) are one operator; conversions count where they are real: at the
  border, around what computes in float, between different scales.
- **MACs** are those of `Conv`, `ConvTranspose`, `Gemm` and `MatMul`, of two feature maps too. ST's
  `macc` of a QDQ file is more: it adds two for each value that is quantised or dequantised.
- **Weights** are what operators read as filters, biases and operands, by use and not by name: a
  tensor of zeros can be a bias here and a zero point there. Each tensor of the file counts once.
  Scales, zero points, shapes, axes and bounds are none.
- **The peak** is of the order of the file, and beside it stands the lowest peak that another order
  has: `best_order` in JSON says whether all were ruled out (`proven`), and how operators stand in
  it. onnxruntime writes branches level by level, a compiler orders them anew. A reshape lies where
  its input lies.
- **Float islands** are named with their bytes. An operator is one if any edge of it is float, or
  its filter.

Shapes are inferred, whatever the file claims; an open batch is taken as 1, any other open axis is
refused. Values of weights are not looked at, so that data in other files is never opened: sizes
are those that the file states.

## What `verify` compares

`archc verify SPEC NET.onnx` says whether a file is still the network of a spec or manifest.
Exporters pad, reshape and fold batch normalisations each in their own way, so what is compared is
what all of them keep:

- inputs and outputs, by rows and columns;
- the operators that compute: convolutions, dense layers, pools, sums, products, concatenations,
  with their shapes and MACs, and which of them read which;
- the activations behind each. A quantised file keeps no ReLU that the range of a scale says, which
  the report counts;
- of a QDQ file whether all of it is int8, and scales by channel; its bytes of weights and its peak
  in the order of the file, as notes where they differ.

A float file is the same network, not quantised yet: a note says so. Numbers are not compared.

## From PyTorch

```python
import torch

torch.onnx.export(net.eval(), (torch.zeros(1, 3, 224, 224),), "net.onnx", dynamo=False)
```

and quantised as ST's model zoo does it:

```python
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Samples(CalibrationDataReader):
    def __init__(self, images):
        self.feeds = iter([{{"input.1": image}} for image in images])  # 1x3x224x224, float32

    def get_next(self):
        return next(self.feeds, None)


quant_pre_process("net.onnx", "prepared.onnx", skip_symbolic_shape=True)
quantize_static("prepared.onnx", "net_int8.onnx", Samples(images), per_channel=True)
```

`input.1` is the name of the input, which Netron or `archc profile net.onnx` tells. With torch
2.13.0, onnxscript 0.7.2 and onnxruntime 1.32.0 this was run on the PyTorch networks of
[the zoo](zoo.md). What is worth knowing:

- `eval()` comes first: both exporters then fold batch normalisations into convolutions.
  `training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False` keeps them, where every
  parameter has to be there.
- The default exporter (`dynamo=True`, from PyTorch 2.9 on, which needs onnxscript) gives the same
  operators and MACs. Its files are of IR version 10 and have reshapes with `allowzero`, neither of
  which ST Edge AI Core takes, as `archc check` says. It writes weights into a file beside, which is
  not read: `external_data=False` keeps one file.
- Constants that are equal, as the batch normalisations of an untrained network are, are stored and
  counted once.
- PyTorch pads the same on both sides where TensorFlow adds what is left over behind: `archc import`
  says so with `zero_pad`.

## What is refused

A file that is damaged, or has what no deployed network has, is refused with a sentence for each
node. Reading is bounded: {NODES_PER_OPERATOR} nodes for each operator of the limit `operators`,
{PACKED_BYTES // 1024**2} MiB of numbers stored one by one, {SECONDS} seconds, and memory; the
library works in a process of its own. Nothing is run.
"""


def page() -> str:
    """Everything about ONNX files."""
    lines = [HEADER, "# ONNX files", "", INTRODUCTION]
    lines.append(table(("operators", "why"), _refused()))
    lines += ["", "Operators of other domains are refused, but for the quantisers of "]
    lines[-1] += f"`{CONTRIB}`. What a target has against a file that can be read is in"
    lines += ["[its rules](targets.md).", "", "## Operators", ""]
    lines.append(
        "By what a target says of what they are on a device, in the words of TFLite where it has"
        f" such an operator. {listed(sorted(NOTHING))} are nothing. Other operators of ONNX are"
    )
    lines += ["read too, without MACs.", ""]
    for name in builtin_names():
        lines += [table((name, "operators, and what they are on a device"), _operators(name)), ""]
    return reflowed("\n".join(lines))


def _refused() -> Iterator[tuple[str, str]]:
    reasons: dict[str, list[str]] = {}
    for name, why in REFUSED.items():
        reasons.setdefault(why, []).append(code(name))
    for start, why in CONTRIB_REFUSED.items():
        reasons.setdefault(why, []).append(code(f"{CONTRIB}.{start}*"))
    for why, names in reasons.items():
        yield ", ".join(names), why


def _operators(target: str) -> Iterator[tuple[str, str]]:
    """What a target says, with all of which it says that."""
    said: dict[str, list[str]] = {}
    pairs = ((f"`{gate}` and `Mul`", kind) for gate, kind in PAIRS.items())
    named = ((code(name), entry.kind) for name, entry in OPERATORS.items())
    for shown, kind in (*named, *pairs):
        tier = builtin(target).tier(kind)
        entry = shown if shown == code(kind) else f"{shown} ({code(kind)})"
        said.setdefault(UNKNOWN if tier is None else tier.says, []).append(entry)
    for says, names in said.items():
        yield says, ", ".join(names)
