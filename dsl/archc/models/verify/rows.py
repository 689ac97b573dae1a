"""What a manifest says of its layers and operators, put so that it can be looked up."""

import re
from math import prod
from typing import Any, NamedTuple

from archc.models.verify.align import Item

_RELU = re.compile(r"(?:\A|_)(relu6?)(?:_[0-9]+)?\Z")
_FUSED = {"relu": "RELU", "relu6": "RELU6"}
_CLIPPING = ("Activation",)
"""Classes whose functions may leave a fused RELU6 behind: hard sigmoid and hard swish."""
_KERNEL_CLASSES = ("Conv2D", "DepthwiseConv2D", "Dense", "Conv2DTranspose")


class Expected(NamedTuple):
    """An operator of the manifest's deployed graph."""

    number: int
    """Its place in the manifest's sequence."""
    item: Item
    layers: tuple[str, ...]
    border: bool
    """Whether it stems from no layer: it converts at the border."""
    layer: str | None
    """The layer it goes by."""
    activation: str | None
    """What should be fused into it."""
    settled: bool
    """Whether the manifest tells that."""
    macs: int | None
    """Products in it; None where it has no kernel."""


class Rows:
    """The layers of a manifest by name, and its deployed sequence."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        self.by_name: dict[str, dict[str, Any]] = {r["name"]: r for r in manifest["layers"]}
        self.kernels = [r["name"] for r in manifest["layers"] if r["class_name"] in _KERNEL_CLASSES]
        sequence = enumerate(manifest["deployed"]["sequence"])
        self.sequence = tuple(self._expected(index, entry) for index, entry in sequence)
        self._names = sorted(self.by_name, key=len, reverse=True)

    def _expected(self, index: int, entry: dict[str, Any]) -> Expected:
        item = Item(entry["operator"], tuple(entry["output_shape"]))
        layers = tuple(entry["layers"])
        rows = [self.by_name[name] for name in layers if name in self.by_name]
        fused = [name for name in map(self.rectifier, layers) if name is not None]
        settled = not any(row["class_name"] in _CLIPPING for row in rows)
        kernel = any(row["class_name"] in _KERNEL_CLASSES for row in rows)
        own = item.operator in ("RELU", "RELU6", "HARD_SWISH", "MINIMUM")
        return Expected(
            index,
            item,
            layers,
            not layers,
            layers[0] if layers else None,
            fused[-1] if fused and not own else None,
            settled,
            sum(row["macs"] for row in rows) if kernel else None,
        )

    def rectifier(self, layer: str) -> str | None:
        """`RELU` or `RELU6` for a layer that is one: by its class, and by its name, which ends in
        that of the operator (both are Keras' `ReLU`)."""
        row = self.by_name.get(layer)
        if row is None or row["class_name"] != "ReLU":
            return None
        said = [via["name"] for via in row["origin"][-1:]]
        if said and said[0] in _FUSED:
            return _FUSED[said[0]]
        named = _RELU.search(layer)
        return _FUSED[named[1]] if named else None

    def keyword(self, layer: str) -> str | None:
        """The operator of the language that a layer is, where it says so: in its origin, or at
        the end of its name."""
        from archc.compiler import OPERATORS

        row = self.by_name.get(layer)
        if row is None or not row["inputs"]:
            return None
        for via in row["origin"][-1:]:
            if via["name"] in OPERATORS:
                return str(via["name"])
        parts = re.sub(r"_[0-9]+\Z", "", layer).split("_")
        for start in range(len(parts)):
            if (name := "_".join(parts[start:])) in OPERATORS:
                return name
        return None

    def named(self, tensor: str) -> str | None:
        """The layer in the name of a tensor: `{model}_1/{layer}_1/{Op}` after a conversion."""
        parts = re.split(r"[/;]", tensor[:4096])
        for part in parts:
            for name in (part.removesuffix("_1"), part):
                if name in self.by_name:
                    return name
        return None

    def bias(self, layer: str) -> int:
        """How many values the bias of a kernel layer has; 0 if it has none.

        Each of its weights is used at every position, so that parameters beyond one per product
        at a position are its bias.
        """
        row = self.by_name[layer]
        shape = row["output_shape"]
        if row["class_name"] not in _KERNEL_CLASSES or not shape:
            return 0
        positions, channels = prod(shape[:-1]), int(shape[-1])
        return channels if row["params"] * positions == row["macs"] + channels * positions else 0
