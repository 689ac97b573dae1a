"""The deployed graph by itself: which layers an operator stems from, order, bytes, speed."""

import pytest

from archc.analysis.lowering import INPUT, lower
from support.nets import Net


def block(net: Net) -> None:
    net("dwconv", kernel=(3, 3))
    net.chain("batchnorm", "relu6")
    net("conv", channels=8)
    net.chain("batchnorm", "dropout", "relu6")


def test_operators_name_the_layers_they_stem_from() -> None:
    net = Net(8, 8, 8)
    block(net)
    net("global_average_pool")
    net("dropout")
    net("dense", units=4)
    net("sigmoid")
    deployed = lower(net.graph())
    assert [(op.operator, op.layers) for op in deployed.operators] == [
        ("QUANTIZE", ()),
        ("DEPTHWISE_CONV_2D", (1, 2, 3)),
        ("CONV_2D", (4, 5, 7)),
        ("MEAN", (8,)),
        ("FULLY_CONNECTED", (10,)),
        ("LOGISTIC", (11,)),
        ("DEQUANTIZE", ()),
    ]
    assert [op.activation for op in deployed.operators[1:3]] == ["RELU6", "RELU6"]
    assert deployed.weight_bytes == 9 * 8 + 4 * 8 + 64 + 4 * 8 + 8 * 4 + 4 * 4
    assert deployed.constant_bytes == deployed.weight_bytes + 8
    assert deployed.operators[deployed.output].operator == "LOGISTIC"


def test_padding_that_folds_leaves_nothing() -> None:
    net = Net(8, 8, 8)
    net("zero_pad", before=(1, 1))
    net("conv", channels=8, kernel=(3, 3), padding="valid")
    assert [op.layers for op in lower(net.graph(), "int8").operators] == [(2,)]


def test_a_requantisation_stems_from_the_concatenation() -> None:
    net = Net(8, 8, 8)
    conv = net("conv", channels=8)
    net("concat", conv, net("sigmoid"))
    quantise = next(op for op in lower(net.graph(), "int8").operators if op.operator == "QUANTIZE")
    assert quantise.layers == (3,)
    assert not quantise.border


def test_the_network_input_is_named() -> None:
    net = Net(8, 8, 8)
    net("relu6")
    (op,) = lower(net.graph(), "int8").operators
    assert op.inputs == (INPUT,)


@pytest.mark.parametrize("seed", range(40))
def test_the_order_can_be_executed(seed: int) -> None:
    from support.random_nets import random_net

    for index, op in enumerate(lower(random_net(seed, size=20).graph()).operators):
        assert all(source < index for source in op.inputs)


def test_what_is_not_known_is_said() -> None:
    net = Net(8, 8, 8)
    net.chain("gelu", "relu6")
    (unknown,) = lower(net.graph()).unknown
    assert unknown.layers == (1,)
    assert "GELU" in unknown.reason


def test_ten_thousand_operators_lower() -> None:
    net = Net(8, 8, 8)
    for _ in range(1_666):
        block(net)
    deep = net.graph()
    net = Net(8, 8, 8)
    wide = [net("relu6", net("conv", 0, channels=8)) for _ in range(5_000)]
    net("concat", *wide)
    for graph in (deep, net.graph()):
        assert len(lower(graph).operators) > 3_000
