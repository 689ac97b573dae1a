"""The deployed graph by itself: which layers an operator stems from, order, bytes, speed."""

from collections.abc import Callable

import pytest

from archc.analysis.lowering import INPUT, greedy, lower
from support.checking import compiled
from support.nets import Net
from support.steps import counted


def block(net: Net) -> None:
    # A bias left open is settled by a search over the whole net.
    net("dwconv", kernel=(3, 3), bias=False)
    net.chain("batchnorm", "relu6")
    net("conv", channels=8, bias=False)
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


def test_where_the_converter_fails_is_said() -> None:
    net = Net(8, 8, 8)
    net.chain("gelu", "relu6")
    deployed = lower(net.graph())
    (failure,) = deployed.failures
    assert failure.layers == (1, 2)
    assert "GELU" in failure.reason
    assert "between" in failure.remedy
    assert deployed.unknown == ()


@pytest.mark.parametrize("seed", range(100))
def test_the_order_of_degenerate_nets_can_be_executed(seed: int) -> None:
    from support.random_nets import degenerate_net

    for index, op in enumerate(lower(degenerate_net(seed, size=12).graph()).operators):
        assert all(source < index for source in op.inputs)


def test_a_chain_with_skips_and_gates_has_one_order() -> None:
    net = Net(8, 8, 8)
    block(net)
    x = net.last
    block(net)
    x = net("add", x, net.last)
    net("global_average_pool", keepdims=True)
    net("conv", channels=8)
    net("sigmoid")
    x = net("multiply", x, net.last)
    assert lower(net.graph()).order == "exact"
    net("concat", net("conv", x, channels=8), net("tanh", x))
    assert lower(net.graph()).order == "predicted"


def test_every_step_says_what_it_is_traced_to() -> None:
    """Only what the converter itself puts in has no TensorFlow operation."""
    from support.random_nets import random_net

    for seed in range(60):
        graph = random_net(seed, size=20).graph()
        for node in graph.nodes[1:]:
            for step in node.op.device(node.shape, *graph.input_shapes(node)):
                assert step.traced or step.operator in ("DEQUANTIZE", "QUANTIZE"), node.op


def test_what_depends_on_more_than_is_known_is_said() -> None:
    """Two concatenations of one tensor have equal scales where it holds the extremes of both."""
    net = Net(8)
    x, y, z = net("dense", units=4), net("dense", 0, units=4), net("dense", 0, units=4)
    net("add", net("concat", x, y), net("concat", x, z))
    (unknown,) = lower(net.graph()).unknown
    assert unknown.layers == (1,)
    assert "ranges" in unknown.reason


def linear(make: Callable[[int], Net], small: int = 300, times: int = 2) -> None:
    """Work on a net so many times as large is so many times as much."""
    taken = []
    for graph in (make(small).graph(), make(small * times).graph()):
        with counted() as steps:
            lower(graph)
        taken.append(steps.calls)
    assert taken[1] < 1.2 * times * taken[0], taken


def alternating(count: int) -> Net:
    """RESHAPE and an activation in turns, all of four axes."""
    net = Net(2, 2, 2, 2)
    for number in range(count):
        net("reshape", shape=(2, 2, 2, 2) if number % 2 else (2, 2, 4, 1))
        net("relu6" if number % 3 else "sigmoid")
    return net


def nested_gates(count: int) -> Net:
    net = Net(8, 8, 8)
    values = [net("conv", channels=8, bias=True) for _ in range(count)]
    last = net.last
    for value in reversed(values[:-1]):
        last = net("multiply", value, last)
    return net


@pytest.mark.parametrize("make", [alternating, nested_gates])
def test_time_grows_with_the_number_of_operators(make: Callable[[int], Net]) -> None:
    linear(make)


def test_ten_thousand_operators_lower() -> None:
    net = Net(8, 8, 8)
    for _ in range(1_666):
        block(net)
    deep = net.graph()
    net = Net(8, 8, 8)
    wide = [net("relu6", net("conv", 0, channels=8, bias=True)) for _ in range(5_000)]
    net("concat", *wide)
    for graph in (deep, net.graph()):
        assert len(lower(graph).operators) > 3_000


def test_constants_of_equal_content_are_counted_once() -> None:
    """Three convolutions without bias have one bias of zeros in the file, of 64 bytes; so 920 bytes
    with the axes of the mean, where the converter's file has as many."""
    net = Net(32, 32, 1)
    for _ in range(3):
        net("conv", channels=16, bias=False)
    net("global_average_pool")
    net("dense", units=16)
    deployed = lower(net.graph())
    assert (deployed.weight_bytes, deployed.constant_bytes) == (912, 920)
    row = Net(18)
    row("dense", units=2)
    row("dense", units=16)
    assert lower(row.graph()).constant_bytes == 18 * 2 + 2 * 16 + 4 * 16


@pytest.mark.parametrize("statement", ["reshape(2x8)", "reshape(4x4x1)", "flatten"])
def test_the_table_of_a_reshape_is_its_shape_with_a_batch_of_one(statement: str) -> None:
    """Two reshapes share a table where their results have one shape, and only there."""
    (network,) = compiled(f"arch a {{ input i: 2x2x4 head {{ {statement} }} }}").networks
    node = network.graph.nodes[1]
    (step,) = node.op.device(node.shape, (2, 2, 4))
    assert step.tables == ((1, *node.shape),)


def test_rewrites_are_followed_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """With too small a bound that is said; from some bound on nothing is."""
    graph = alternating(5).graph()
    monkeypatch.setattr(greedy, "PER_OPERATION", 0)
    doubts = []
    for bound in range(40):
        monkeypatch.setattr(greedy, "AT_LEAST", bound)
        reasons = {unknown.reason for unknown in lower(graph).unknown}
        doubts.append(reasons)
    needed = doubts.index(set())
    assert needed == 18
    assert doubts[:needed] == [{"too many rewrites to follow"}] * needed
    assert doubts[needed:] == [set()] * (40 - needed)
