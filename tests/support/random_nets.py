"""Random op graphs with branches, reuse and every operator: what the converter is asked about."""

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

from archc.ir.graph import Graph
from archc.ops.arguments import OpError
from archc.ops.base import product
from support.nets import Net

_PLAIN = (
    *("conv", "conv", "conv3", "conv3", "dw", "dw", "batchnorm", "batchnorm", "relu6", "relu6"),
    *("sigmoid", "gap", "gap_map", "dense", "dropout", "flatten", "to_map", "pad", "same_pad"),
    *("max_pool", "average_pool", "add", "add", "multiply", "concat", "gate", "gate"),
)
_EXOTIC = (
    *("relu", "softmax", "hard_sigmoid", "hard_swish", "swish", "gelu", "tanh", "leaky_relu"),
    *("nearest", "bilinear", "transpose", "global_max_pool", "reshape"),
)
_CUTTING = (
    *("slice", "slice", "crop", "permute", "channel_shuffle", "space_to_depth", "depth_to_space"),
    *("resize", "relu_max", "prelu", "elu", "rescale", "rescale", "normalise", "l2_normalise"),
    *("bare_batchnorm", "subtract", "minimum", "maximum"),
)


def random_net(seed: int, size: int = 9, exotic: bool = True, cutting: bool = False) -> Net:
    """A graph of about ``size`` operators. Values nothing reads are joined by dense layers. With
    ``cutting`` most are of those that cut, reorder, scale and bound."""
    random = Random(f"cutting {seed}" if cutting else seed)
    net = Net(*random.choice([(8, 7), (6, 6), (5, 8), (8, 6)]), random.choice([4, 8]))
    kinds = _PLAIN + _EXOTIC if exotic else _PLAIN
    kinds = (*_PLAIN, *_CUTTING * 2) if cutting else kinds
    while net.last < size:
        reads = net.last if random.random() < 0.85 else random.randrange(net.last + 1)
        try:
            _grow(net, random, random.choice(kinds), reads)
        except OpError:
            continue
    _join(net)
    return net


def _join(net: Net) -> None:
    """Let dense layers and a concatenation read what nothing reads."""
    ends = []
    for value in net.loose():
        if len(net.shape(value)) > 1:
            value = net("global_average_pool", net("conv", value, channels=4, bias=True))
        ends.append(net("dense", value, units=4))
    if len(ends) > 1:
        net("concat", *ends)


def _grow(net: Net, random: Random, kind: str, x: int) -> None:
    shape = net.shape(x)
    bias, stride = random.random() < 0.5, random.choice([(1, 1), (2, 2)])
    padding = random.choice(["same", "valid"])
    if kind == "conv":
        net("conv", x, channels=random.choice([4, 8]), bias=bias)
    elif kind == "conv3":
        kernel = random.choice([(3, 3), (1, 3), (2, 2)])
        net("conv", x, channels=8, kernel=kernel, stride=stride, padding=padding, bias=bias)
    elif kind == "dw":
        kernel, multiplier = random.choice([(3, 3), (1, 1), (2, 3)]), random.choice([1, 1, 2])
        options = {"stride": stride, "padding": padding, "bias": bias}
        net("dwconv", x, kernel=kernel, multiplier=multiplier, **options)
    elif kind == "gap":
        net("global_average_pool", x)
    elif kind == "gap_map":
        net("global_average_pool", x, keepdims=True)
    elif kind == "global_max_pool":
        net("global_max_pool", x, keepdims=bias)
    elif kind == "dense":
        net("dense", x, units=random.choice([4, 8]), bias=bias)
    elif kind == "to_map" and len(shape) == 1:
        net("reshape", x, shape=(1, 1, *shape))
    elif kind == "reshape":
        size = product(shape)
        net("reshape", x, shape=random.choice([shape, (size,), (size // shape[-1], 1, shape[-1])]))
    elif kind == "pad":
        amounts = random.choice([(0, 0), (1, 1), (0, 1)])
        net("zero_pad", x, before=amounts, after=random.choice([(0, 0), (1, 1)]))
    elif kind == "same_pad" and len(shape) == 3:
        total = [max((-(-n // stride[0]) - 1) * stride[0] + 3 - n, 0) for n in shape[:2]]
        before = (total[0] // 2, total[1] // 2)
        net("zero_pad", x, before=before, after=(total[0] - before[0], total[1] - before[1]))
        net("dwconv", kernel=(3, 3), stride=stride, padding="valid", bias=bias)
    elif kind in ("max_pool", "average_pool"):
        window = random.choice([(2, 2), (3, 3)])
        net(kind, x, window=window, stride=stride, padding=padding)
    elif kind in _CUTTING:
        _cut(net, random, kind, x)
    elif kind in ("add", "concat"):
        fits = (
            [v for v in range(net.last + 1) if v != x and net.shape(v) == shape]
            if kind == "add"
            else [v for v in range(net.last + 1) if v != x and _beside(net.shape(v), shape)]
        )
        if fits:
            net(kind, *random.sample([x, random.choice(fits)], 2))
    elif kind == "multiply":
        fits = [v for v in range(net.last + 1) if net.shape(v) in (shape, (1, 1, shape[-1]))]
        net("multiply", x, random.choice(fits))
    elif kind == "gate" and len(shape) == 3:
        _gate(net, random.choice(["pointwise", "dense", "attention"]), x)
    elif kind in ("nearest", "bilinear"):
        net("upsample", x, scale=random.choice([(2, 2), (1, 2)]), interpolation=kind)
    elif kind == "transpose":
        net("conv_transpose", x, channels=4, kernel=(3, 3), stride=(2, 2), bias=True)
    elif kind in ("batchnorm", *_EXOTIC, "relu6", "sigmoid", "dropout", "flatten"):
        net(kind, x)


def _cut(net: Net, random: Random, kind: str, x: int) -> None:
    shape = net.shape(x)
    some, factor = Fraction(random.choice([1, 3, -2]), 4), random.choice([1, 2])
    if kind == "slice":
        first = random.randrange(shape[-1])
        net("slice", x, first=first, count=random.randint(1, shape[-1] - first))
    elif kind == "crop":
        net("crop", x, before=random.choice([(0, 0), (1, 0), (1, 1)]), after=(0, 1))
    elif kind == "permute" and len(shape) == 3:
        net("permute", x, order=random.choice([(1, 2, 3), (2, 1, 3), (3, 1, 2), (1, 3, 2)]))
    elif kind == "channel_shuffle":
        net("channel_shuffle", x, groups=random.choice([1, 2, 4]))
    elif kind in ("space_to_depth", "depth_to_space"):
        net(kind, x, factor=factor)
    elif kind == "resize":
        size = (random.randint(1, 9), random.randint(1, 9))
        net("resize", x, size=size, interpolation=random.choice(["nearest", "bilinear"]))
    elif kind == "relu_max":
        net("relu", x, max=random.choice([Fraction(1), Fraction(1, 2), Fraction(6)]))
    elif kind == "rescale":
        net("rescale", x, scale=some, offset=random.choice([Fraction(0), some]))
    elif kind == "normalise":
        net("normalise", x, mean=(some,), variance=(random.choice([Fraction(1), some * some]),))
    elif kind == "bare_batchnorm":
        net("batchnorm", x, scale=random.random() < 0.5, center=random.random() < 0.5)
    elif kind in ("subtract", "minimum", "maximum"):
        fits = [v for v in range(net.last + 1) if v != x and net.shape(v) == shape]
        if fits:
            net(kind, *random.sample([x, random.choice(fits)], 2))
    elif kind in ("prelu", "elu", "l2_normalise"):
        net(kind, x)


def _beside(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return len(a) == len(b) and a[:-1] == b[:-1]


def _gate(net: Net, style: str, x: int) -> None:
    channels = net.shape(x)[2]
    if style == "attention":
        net("conv", x, channels=channels)
    elif style == "pointwise":
        net("global_average_pool", x, keepdims=True)
        net("conv", channels=4)
        net("relu6")
        net("conv", channels=channels)
    else:
        net("global_average_pool", x)
        net("dense", units=4)
        net("relu6")
        net("dense", units=channels)
    net("sigmoid")
    if style == "dense":
        net("reshape", shape=(1, 1, channels))
    net("multiply", x, net.last)


_SMALL = (
    *((8,), (1, 1, 8), (1, 1, 1), (1,), (4, 1, 1)),
    *((1, 4, 4), (1, 1, 4), (2, 2, 1), (4, 4, 4)),
)
_DEGENERATE = (
    *("flatten", "to_map", "reshape", "gap", "gap_map", "multiply", "multiply", "add", "concat"),
    *("relu6", "sigmoid", "hard_swish", "hard_sigmoid", "swish", "batchnorm", "dense", "conv"),
)


def degenerate_net(seed: int, size: int = 7) -> Net:
    """A graph of vectors and maps of few pixels or channels, where shapes are easily confused."""
    random = Random(f"degenerate {seed}")
    net = Net(*random.choice(_SMALL))
    while net.last < size:
        reads = net.last if random.random() < 0.75 else random.randrange(net.last + 1)
        try:
            _grow(net, random, random.choice(_DEGENERATE), reads)
        except OpError:
            continue
    _join(net)
    return net


_MIXED = (*_PLAIN, *_EXOTIC, *_CUTTING, *_DEGENERATE, *("again", "vector_gate", "vector") * 4)
_NAMES = ("conv", "Conv", "a", "B", "_x", "dense_10", "dense_9", "Z", "image", "relu.1", "out-put")


def mixed_graph(seed: int, size: int = 8) -> Graph:
    """A network of small shapes and every operator: equal branches, gates by vectors, names in any
    order, some with a second input or several results."""
    random = Random(f"mixed {seed}")
    shapes = (*_SMALL, (2, 4, 4), (4, 1, 8), (3, 2, 4))
    net = Net(*random.choice(shapes))
    if random.random() < 0.25:
        net.enter(*random.choice((net.shape(0), *shapes)))
    while net.last < size:
        x = net.last if random.random() < 0.7 else random.randrange(net.last + 1)
        kind, shape = random.choice(_MIXED), net.shape(x)
        try:
            if kind == "again":
                net.again(x)
            elif kind == "vector_gate":
                net("dense", net("flatten", x), units=shape[-1], bias=random.random() < 0.5)
                net("multiply", x, random.choice([net.last, net("sigmoid")]))
            elif kind == "vector":
                net("dense", net("flatten", x), units=product(shape) if product(shape) < 99 else 4)
                net("reshape", shape=random.choice([shape, (1, 1, net.shape(net.last)[0])]))
            else:
                _grow(net, random, kind, x)
        except OpError:
            continue
    if random.random() < 0.6:
        _join(net)
    graph, ends = net.graph(), tuple(net.loose())
    random.shuffle(names := [f"{random.choice(_NAMES)}{at}" for at in range(len(graph.nodes))])
    nodes = [node._replace(name=name) for node, name in zip(graph.nodes, names, strict=True)]
    results = {"results": ends, "names": ("y", "x2", "x10", "w", *map(str, ends))[: len(ends)]}
    return graph._replace(nodes=tuple(nodes), output=ends[-1], **results if len(ends) > 1 else {})


STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("conv", {"channels": 4, "bias": True}),
    ("conv", {"channels": 4, "kernel": (3, 3), "bias": False}),
    ("conv", {"channels": 4, "kernel": (2, 2), "padding": "valid"}),
    ("conv", {"channels": 4, "kernel": (2, 3), "stride": (2, 2), "padding": "valid"}),
    ("conv", {"channels": 4, "kernel": (3, 2), "dilation": (2, 1)}),
    ("dwconv", {"kernel": (3, 3)}),
    ("dwconv", {"kernel": (2, 2), "padding": "valid", "bias": False}),
    ("conv_transpose", {"channels": 4, "kernel": (3, 3), "stride": (2, 2), "bias": False}),
    ("conv_transpose", {"channels": 4, "kernel": (2, 2), "stride": (2, 2), "bias": True}),
    ("dense", {"units": 4}),
    ("dense", {"units": 1, "bias": False}),
    *[(word, {}) for word in ("batchnorm", "layernorm", "l2_normalise", "dropout", "flatten")],
    *[(word, {}) for word in ("relu", "relu6", "leaky_relu", "prelu", "elu", "sigmoid", "tanh")],
    *[(word, {}) for word in ("softmax", "gelu", "swish", "hard_swish", "hard_sigmoid")],
    ("relu", {"max": Fraction(1, 2)}),
    ("rescale", {"scale": Fraction(-3, 4), "offset": Fraction(1, 4)}),
    ("rescale", {"scale": Fraction(1, 6)}),
    ("normalise", {"mean": (Fraction(1, 2),), "variance": (Fraction(1, 4),)}),
    ("batchnorm", {"scale": False, "center": True}),
    *[(word, {"keepdims": True}) for word in ("global_average_pool", "global_max_pool")],
    *[(word, {}) for word in ("global_average_pool", "global_max_pool")],
    ("max_pool", {"window": (2, 2), "stride": (2, 2)}),
    ("average_pool", {"window": (2, 2), "padding": "same"}),
    ("zero_pad", {"before": (0, 0), "after": (1, 1)}),
    ("zero_pad", {"before": (0, 1), "after": (1, 1)}),
    ("upsample", {"scale": (2, 2)}),
    ("upsample", {"scale": (2, 1), "interpolation": "bilinear"}),
    ("reshape", {"shape": (4, 1, 24)}),
    ("reshape", {"shape": (4, 6, 4)}),
    ("permute", {"order": (2, 1, 3)}),
    ("permute", {"order": (3, 1, 2)}),
    ("channel_shuffle", {"groups": 2}),
    ("space_to_depth", {"factor": 2}),
    ("depth_to_space", {"factor": 2}),
    ("slice", {"first": 1, "count": 2}),
    ("crop", {"before": (1, 0), "after": (0, 1)}),
)
"""Operators that are put after each other, two at a time."""


def pairs(first: int) -> Iterator[Net]:
    """Networks of one of `STEPS` and another one behind it, each other one: on a map, and in turns
    on a pixel or with a third operator that reads between them; and with itself beside it."""
    keyword, arguments = STEPS[first]
    for second, (other, own) in enumerate(STEPS):
        for shape in ((4, 6, 4), (1, 1, 4)):
            beside = (first + second) % 2 == 0
            if shape == (1, 1, 4) and beside:
                continue
            try:
                net = Net(*shape)
                x = net(keyword, **arguments)
                y = net(other, **own)
                net("relu" if len(net.shape(y)) == 3 else "sigmoid")
                if beside:
                    z = net("relu6", x)
                    joined = [net("dense", net("flatten", value), units=2) for value in (y, z)]
                    net("concat", net.last, *joined)
                yield net
            except OpError:
                continue
    for word in ("add", "multiply", "subtract", "maximum", "concat"):
        net = Net(4, 6, 4)
        try:
            x = net(keyword, **arguments)
            net("sigmoid", net(word, x, net(keyword, 0, **arguments)))
        except OpError:
            continue
        net("concat", net.last, net(word, x, net("relu", x)))
        yield net
