"""Names of layers, from the names that TensorFlow's converter gives tensors.

A tensor is called after the operations that were fused into what makes it, parts joined by `;`, of
which each is a path: `net_1/stem_conv_1/Relu6;net_1/stem_conv_1/convolution`. Constants that equal
others bring their paths in too, so that not every part is of the operator itself.
"""

import re
from collections import Counter
from collections.abc import Sequence

from archc.diagnostics.text import printable
from archc.models.deployed.graph import unique
from archc.models.tflite.model import Operator, Tensor

_LONGEST = 4096
"""Characters of a tensor's name that are looked at; of a network's layers far fewer are."""
_SHOWN = 80
_NOTHING = re.compile(r"Identity.*|StatefulPartitionedCall.*|PartitionedCall.*|serving_default_.*|")
"""Names that the converter gives results of a network, which tell nothing."""
_OPERATION = re.compile(
    r"[A-Z].*|convolution.*|depthwise.*|conv_transpose.*|batchnorm.*|add(_\d+)?|mul(_\d+)?|sub(_\d+)?"
    r"|resize.*|moments.*|strided_slice.*|split.*|concat(_\d+)?|arg\d+.*"
)
"""A component of a path that is an operation, not a layer."""
_OWN = {
    "CONV_2D": ("BiasAdd", "Conv2D", "convolution"),
    "DEPTHWISE_CONV_2D": ("depthwise", "DepthwiseConv2dNative"),
    "FULLY_CONNECTED": ("MatMul", "BiasAdd"),
    "TRANSPOSE_CONV": ("conv2d_transpose", "conv_transpose", "BiasAdd"),
    "ADD": ("add",),
    "MUL": ("mul",),
}
"""What the operations of a kind are called, where something else may be fused into it."""


def layer_names(operators: Sequence[Operator], tensors: Sequence[Tensor]) -> list[str]:
    """A name for every operator: the layer it stems from, where a tensor tells; each once."""
    paths = [_path(op, tensors) for op in operators]
    heads = Counter(path[0] for path in paths if len(path) > 1)
    head, count = heads.most_common(1)[0] if heads else ("", 0)
    model = head if 2 * count > sum(heads.values()) else None
    inner = [path[1:] for path in paths if path and path[0] == model]
    numbered = bool(inner) and all(_twice(path) for path in inner)
    return unique(
        [
            _layer(path, model, numbered) or f"{op.name.lower()}_{place}"
            for place, (path, op) in enumerate(zip(paths, operators, strict=True))
        ]
    )


def _path(op: Operator, tensors: Sequence[Tensor]) -> list[str]:
    """The path that an operator goes by: that of its result, else of its filter."""
    own = _OWN.get(op.name, ())
    for index in (*op.outputs[:1], *op.inputs[1:2]):
        if index < 0:
            continue
        parts = [part.split("/") for part in tensors[index].name[:_LONGEST].split(";")]
        parts = [part for part in parts if not _NOTHING.fullmatch("/".join(part))]
        fitting = (path for path in parts if any(word in path for word in own))
        path = next(fitting, parts[0] if parts else [])
        if path:
            return path
    return []


def _twice(path: list[str]) -> bool:
    """Whether a layer's name ends as those that Keras 3 enters twice (`docs/lowering.md`)."""
    return bool(path) and path[0].endswith("_1")


def _layer(path: list[str], model: str | None, numbered: bool) -> str:
    """The layer in a path, models around it included."""
    if path and path[0] == model:
        path = path[1:]
    kept = path[:1]
    for component in path[1:]:
        if _OPERATION.fullmatch(component):
            break
        kept.append(component)
    kept = [one.removesuffix("_1") if numbered else one for one in kept]
    return printable("/".join(kept))[:_SHOWN]
