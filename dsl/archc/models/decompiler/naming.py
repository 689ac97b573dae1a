"""What a person would call a block, by what it is made of."""

from collections.abc import Sequence

from archc.models.decompiler.blocks import Call
from archc.models.decompiler.structure import Item, Leaf, Merge, flattened


def name_of(items: Sequence[Item]) -> str:
    """A word of the field for a stretch."""
    inside = list(flattened(list(items)))
    words = [item.keyword for item in inside if isinstance(item, Leaf | Merge)]
    merges = [item for item in items if isinstance(item, Merge)]
    gated = "gate" in words or any(isinstance(i, Call) and i.block.gate for i in inside)
    if "channel_shuffle" in words:
        return "shuffle_unit" if "slice" in words else "shuffle_down"
    if "skip" in words:
        return _residual(merges, words, gated=gated)
    if gated and len(items) == 1:
        return "squeeze_excite"
    if "concat" in words:
        return _joined(items, merges)
    if "add" in words and any(body.start is not None for m in merges for body in m.bodies):
        return "merge"
    if "dwconv" in words:
        return "separable"
    if "average_pool" in words or "max_pool" in words:
        return "transition" if words[0] == "batchnorm" else "conv_pool"
    if words.count("conv") == 1:
        return "conv_norm" if "batchnorm" in words else "conv_act"
    return {0: "part", 2: "double_conv"}.get(words.count("conv"), "convs")


def _residual(merges: Sequence[Merge], words: Sequence[str], *, gated: bool) -> str:
    skip = next((merge for merge in merges if merge.keyword == "skip"), None)
    body = skip.bodies[0].items if skip else []
    if "dwconv" in words:
        first = next((item for item in body if isinstance(item, Leaf)), None)
        if first is not None and first.keyword == "dwconv":
            return "separable"
        return "mbconv" if gated else "bottleneck"
    convs = [item for item in body if isinstance(item, Leaf) and item.keyword == "conv"]
    narrow = any(conv.values["kernel"] == (1, 1) for conv in convs)
    return "bottleneck" if narrow else "residual"


def _joined(items: Sequence[Item], merges: Sequence[Merge]) -> str:
    concat = next((merge for merge in merges if merge.keyword == "concat"), None)
    if concat is None:
        return "mixed"
    if any(body.start is not None for body in concat.bodies):
        return "widen"
    if any(not body.items for body in concat.bodies):
        return "dense_layer"
    first = items[0]
    squeezes = isinstance(first, Leaf) and first.keyword == "conv" and len(concat.bodies) == 2
    return "fire" if squeezes else "mixed"
