"""The deployed graph of networks that are not like others, against the int8 converter.

Each of `NETWORKS` was lowered wrongly once: the smallest that shows it. What two operators need to
be one follows from the registry.
"""

from collections import Counter
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from archc.analysis.lowering import lower, lower_both
from archc.ir.graph import Graph
from archc.ops import OPERATORS
from archc.ops.arguments import (
    Amount,
    Choice,
    Flag,
    Real,
    Stride,
    Window,
)
from support.checking import compiled
from support.keras_models import build
from support.nets import Net
from support.odd_specs import odd_spec
from support.random_nets import degenerate_net, random_net
from support.tflite import convert, differences, read

NETWORKS = {
    "dense, dense, relu": ("97", "dense(4) dense(10) relu"),
    "dense, dense, relu6": ("8x8x3", "conv(8) global_average_pool dense(16) dense(10) relu6"),
    "dense, dropout, dense, relu": ("9", "dense(4) dropout dense(5) relu"),
    "dense, dense": ("9", "dense(4) dense(5)"),
    "batchnorm, dense, dense, relu6": ("60", "batchnorm dense(16) dense(2) relu6"),
    "batchnorm, dense, dense": ("60", "batchnorm dense(16) dense(2)"),
    "two slopes": ("4x4x4", "add { leaky_relu(slope = 0.1) } { leaky_relu(slope = 0.2) }"),
    "one slope twice": ("4x4x4", "add { leaky_relu(slope = 0.1) } { leaky_relu(slope = 0.1) }"),
    "hard swish, flatten, relu6": ("4x4x4", "conv(8) hard_swish flatten relu6"),
    "hard swish, relu6": ("4x4x4", "conv(8) hard_swish relu6"),
    "hard swish of the input, flatten, relu6": ("4x4x4", "hard_swish flatten relu6"),
    "batchnorm of one value": ("1", "batchnorm dense(34) dense(2)"),
    "batchnorm of one pixel": ("4x4x1", "global_average_pool batchnorm dense(34) dense(1)"),
    "no padding between": ("4x4x4", "relu6 zero_pad(0) relu6"),
    "no upsampling between": ("4x4x4", "relu6 upsample(1) relu6"),
    "dropout between": ("4x4x4", "relu6 dropout relu6"),
    "no reshaping between": ("4x4x4", "relu6 reshape(4x4x4) relu6"),
    "skip around dense": ("8", "dense(8) skip { dense(8) }"),
    "skip around dense, relu": ("8", "dense(8) skip { dense(8) relu } relu6"),
    "layernorm of one channel": ("3x3x1", "layernorm"),
    "rows taken for channels": ("11x1x1", "skip { tanh conv(exact(1)) }"),
    "dilated convolutions of one input": (
        "5x1x4",
        "concat { conv(4, 3x3, dilation = 2) } { conv(4, 3x3, dilation = 2) relu }",
    ),
    "dilated convolutions of one input, early": (
        "1x1x9",
        "add { conv(5, 5x2, dilation = 1x2) batchnorm } { conv(5, 5x2, dilation = 1x2) } "
        "{ batchnorm conv(5, 5x2, dilation = 1x2) }",
    ),
    "axes moved ahead of a relu": (
        "7x1x1",
        "add { max_pool(1x2, padding = same) relu } { relu6 max_pool(1x2, padding = same) swish }",
    ),
    "concatenated sigmoid read beside": (
        "4x4x4",
        "sigmoid concat { batchnorm } { relu6 conv(4) } { }",
    ),
    "vector added to a map's mean": (
        "4x4x8",
        "global_average_pool add { reshape(1x1x8) } { dense(8) reshape(1x1x8) }",
    ),
}
"""Input and head."""


def graph_of(shape: str, head: str) -> Graph:
    input = " x ".join(shape.split("x"))
    text = f"arch net {{ rounding(divisor = 1) input image: {input} head {{ {head} }} }}"
    compilation = compiled(text)
    assert not compilation.failed, compilation.diagnostics
    return compilation.networks[-1].graph


def agree(graph: Graph, io: str) -> None:
    """Equal to the converter's file, and nothing doubted."""
    deployed = lower(graph, io)
    assert not deployed.unknown, deployed.unknown
    told = differences(deployed, read(convert(build(graph), io, samples=2)))
    assert not told, told


@pytest.mark.keras
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_that_was_lowered_wrongly(name: str) -> None:
    agree(graph_of(*NETWORKS[name]), "int8")


@pytest.mark.keras
@pytest.mark.parametrize(
    ("net", "io"),
    [
        (random_net(7089, 23, exotic=False), "uint8"),
        (degenerate_net(9324, 9), "float32"),
        (degenerate_net(9349, 10), "int8"),
    ],
)
def test_networks_of_the_generators_that_were_lowered_wrongly(net: Net, io: str) -> None:
    agree(net.graph(), io)


@pytest.mark.keras
@pytest.mark.parametrize("seed", range(12))
def test_an_odd_network(seed: int) -> None:
    """The first of those that `fuzz/odd_networks.py` puts through by the hundred."""
    spec = odd_spec(seed)
    compilation = compiled(spec.text)
    if compilation.failed:
        pytest.skip("does not compile")
    agree(compilation.networks[-1].graph, spec.io)


UNTRAINED = {
    "scale behind a clipped convolution": ("4x4x8", "conv(8) relu6 batchnorm max_pool(2x2)"),
    "it folds into the next": ("4x4x8", "conv(8) relu6 skip { batchnorm conv(8, 3x3) }"),
    "whoever else reads it": ("4x4x8", "dwconv(3x3) relu6 batchnorm skip { conv(8, 3x3) }"),
    "two of them": ("4x4x8", "conv(8) relu6 batchnorm batchnorm conv(8)"),
    "behind an activation": ("4x4x8", "relu6 batchnorm conv(8, 3x3)"),
    "behind a dense layer": ("8", "dense(8) relu6 batchnorm sigmoid"),
    "equal scales of one map": ("4x4x8", "relu add { batchnorm } { batchnorm }"),
    "other scales of one map": (
        "4x4x8",
        "conv(8) relu add { batchnorm } { batchnorm(epsilon = 0.01) }",
    ),
    "layernorm": ("4x4x8", "conv(8) relu6 layernorm conv(8)"),
    "dense without a bias": ("16", "dense(16) gelu dense(8)"),
    "transposed": ("4x4x8", "conv_transpose(8, 3x3, stride = 2) relu batchnorm conv(8)"),
}
"""Input and head of networks that are others before training."""


@pytest.mark.keras
@pytest.mark.parametrize("name", UNTRAINED)
def test_an_untrained_network(name: str) -> None:
    graph = graph_of(*UNTRAINED[name])
    _, deployed = lower_both(graph, "int8")
    file = read(convert(build(graph, seed=None), "int8", samples=2), trained=False)
    assert not differences(deployed, file)
    assert differences(lower(graph, "int8"), file)


def test_what_an_untrained_network_shares_is_known_without_lowering_it_again() -> None:
    """Of odd networks; whether a value decides is asked of the trained one alone."""
    again = Counter[bool]()
    for seed in range(80):
        spec = odd_spec(seed)
        compilation = compiled(spec.text)
        if compilation.failed:
            continue
        graph = compilation.networks[-1].graph
        both = lower_both(graph, spec.io)
        assert both == (lower(graph, spec.io), lower(graph, spec.io, trained=False))
        again[both[0].counts == both[1].counts] += 1
    assert min(again.values()) > 10


FAILURES = {
    "gelu, relu": ("conv(8) gelu relu", "conv(8) gelu max_pool(2x2) relu"),
    "gelu, dropout, relu6": ("conv(8) gelu dropout relu6", "conv(8) gelu"),
    "transposed without a bias, number": (
        "conv_transpose(8, 3x3, stride = 2, bias = false) hard_sigmoid conv(8)",
        "conv_transpose(8, 3x3, stride = 2) hard_sigmoid conv(8)",
    ),
    "transposed, batchnorm, number": (
        "conv_transpose(8, 3x3, stride = 2, bias = false) hard_sigmoid conv(8)",
        "conv_transpose(8, 3x3, stride = 2, bias = false) batchnorm hard_sigmoid conv(8)",
    ),
    "two readers of one scale": (
        "sigmoid add { concat { } { conv(8) } } { concat { } { conv(8) } }",
        "sigmoid add { concat { } { conv(8) } } { conv(12) }",
    ),
}
"""Heads at which the converter fails, and the same by the remedy that is given."""


def converts(graph: Graph) -> bool:
    try:
        convert(build(graph), "int8", samples=2)
    except Exception:
        return False
    return True


@pytest.mark.keras
@pytest.mark.parametrize("name", FAILURES)
def test_where_the_converter_fails(name: str) -> None:
    fails, fixed = FAILURES[name]
    text = f"arch net {{ rounding(divisor = 1) input image: 4 x 4 x 4 head {{ {fails} }} }}"
    compilation = compiled(text)
    (found,) = (one for one in compilation.diagnostics if one.level == "error")
    assert found.code == "conversion"
    assert found.help
    assert not converts(compilation.networks[-1].graph)
    agree(graph_of("4x4x4", fixed), "int8")


def values(arg: Any) -> list[Any]:
    """Two values or more that an argument may have."""
    if isinstance(arg, Flag):
        return [False, True]
    if isinstance(arg, Choice):
        return list(arg.choices)
    if isinstance(arg, Real):
        return [arg.low + (arg.high - arg.low) * Fraction(n, 8) for n in (1, 3)]
    if isinstance(arg, Window | Stride):
        return [(2, 2), (1, 2)] + ([(0, 1)] if isinstance(arg, Amount) else [])
    return []


ARGUMENTS = [
    (keyword, name)
    for keyword, op in OPERATORS.items()
    for name, arg in op.args.items()
    if values(arg) and not op.bodies
]


NEEDED: dict[str, Any] = {"channels": 8, "kernel": (3, 3), "window": (3, 3), "units": 8}
NEEDED |= {"before": (1, 1), "shape": (64, 8, 1), "bias": True, "size": (16, 16)}


@pytest.mark.parametrize(("keyword", "name"), ARGUMENTS)
def test_operators_that_differ_in_an_argument_are_two(keyword: str, name: str) -> None:
    """Unless what they become is the same, some operator of the file stems from each alone."""
    op = OPERATORS[keyword]
    shape = (8,) if keyword == "dense" else (8, 8, 8)
    for first, second in pairwise(values(op.args[name])):
        net = Net(*shape)
        given = {key: value for key, value in NEEDED.items() if key in op.args}
        a, b = (net(keyword, 0, **{**given, name: value}) for value in (first, second))
        ends = [net("flatten", net("tanh", value)) for value in (a, b)]
        net("concat", *ends)
        nodes = net.graph().nodes
        if nodes[a].op.device(nodes[a].shape, shape) == nodes[b].op.device(nodes[b].shape, shape):
            assert name in ("rate", "epsilon", "momentum", "bias")
            continue
        own = [
            {i for i, item in enumerate(lower(net.graph()).operators) if value in item.layers}
            for value in (a, b)
        ]
        assert own[0] - own[1]
        assert own[1] - own[0]


def test_equal_operators_without_weights_are_one() -> None:
    net = Net(8, 8, 8)
    a, b = (net("leaky_relu", 0, slope=Fraction(1, 5)) for _ in range(2))
    net("add", a, b)
    assert lower(net.graph(), "int8").counts == {"ADD": 1, "LEAKY_RELU": 1}
