"""MACs against Vela: equal per layer, and what it counts besides is itemised to the unit."""

import re
from collections import Counter
from collections.abc import Callable

import pytest

from archc.analysis.lowering import lower
from support import oracles, shipped, truth, vela
from support.keras_models import build
from support.nets import Net
from support.tflite import convert

oracles.require("keras", "ai_edge_litert", "ethosu.vela")

pytestmark = [pytest.mark.keras, pytest.mark.oracles]


@pytest.mark.parametrize("name", shipped.NAMES)
def test_each_layer_has_the_macs_that_vela_counts(name: str) -> None:
    """By the names that the converter gives to tensors: the compiler's lowering has no part."""
    layers = {row["name"]: row["macs"] for row in shipped.compiled(name).manifest["layers"]}
    expected = {layer: macs for layer, macs in layers.items() if macs}
    ops, found = truth.named(name), {}
    for index, pieces in vela.counted(ops, truth.report(name)).items():
        if ops[index].operator in vela.COUNTED:
            (layer,) = set(re.findall(r"/(\w+?)_1/", ops[index].tensor)) & set(expected)
            assert layer not in found
            found[layer] = pieces[vela.ORIGINAL[ops[index].operator]]
    assert found == expected


@pytest.mark.parametrize("name", shipped.NAMES)
def test_what_vela_adds_is_itemised(name: str) -> None:
    graph, deployed = shipped.graph(name), shipped.deployed(name)
    ops = truth.named(name)
    assert [op.operator for op in ops] == [op.operator for op in deployed.operators]
    found = vela.counted(ops, truth.report(name))
    for index in range(len(ops)):
        assert found.get(index, Counter()) == vela.pieces(graph, deployed, index), ops[index]


@pytest.mark.parametrize("name", shipped.NAMES)
def test_only_the_border_is_left_to_the_cpu(name: str) -> None:
    left = [row.original for row in truth.report(name) if row.target == "CPU"]
    assert left == ["Quantize", "Dequantize"]


def narrow() -> Net:
    """Fewer channels than take an activation in; windows of pools."""
    net = Net(12, 10, 3)
    net("conv", channels=4, kernel=(3, 3))
    net("relu")
    net("dwconv", kernel=(3, 3))
    net("relu6")
    net("conv", channels=8)
    net("relu6")
    net("average_pool", window=(3, 3), stride=(2, 2), padding="same")
    net("max_pool", window=(2, 2))
    net("conv", channels=4)
    net("sigmoid")
    net("conv", channels=4)
    net("softmax")
    return net


def shared() -> Net:
    """Activations that read what others read too, and such as read no convolution."""
    net = Net(12, 10, 8)
    x = net("conv", channels=8)
    net("multiply", x, net("tanh", x))
    x = net("conv", channels=16, kernel=(3, 3))
    net("add", net("hard_swish", x), net("sigmoid", x))
    x = net("conv", channels=8)
    net("add", x, net("relu6", x))
    net("sigmoid")
    net("max_pool", window=(2, 2))
    net("tanh")
    net("global_average_pool")
    net("sigmoid")
    net("dense", units=4)
    net("relu6")
    net("dense", units=6)
    net("softmax")
    return net


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [narrow, shared])
def test_rules_beyond_the_shipped_networks(make: Callable[[], Net]) -> None:
    graph = make().graph()
    deployed = lower(graph, "int8")
    file = convert(build(graph), "int8", samples=2)
    ops = vela.operators(file)
    found = vela.counted(ops, vela.report(file))
    assert found == {
        index: pieces
        for index in range(len(ops))
        if (pieces := vela.pieces(graph, deployed, index))
    }


def test_an_operator_without_a_rule_is_refused() -> None:
    net = Net(8, 8, 8)
    net("layernorm")
    graph = net.graph()
    deployed = lower(graph)
    index = [op.operator for op in deployed.operators].index("RSQRT")
    with pytest.raises(AssertionError, match="no rule is known for RSQRT"):
        vela.pieces(graph, deployed, index)
