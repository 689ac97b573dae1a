"""The best order of operators against all orders of small networks."""

from itertools import permutations
from random import Random

import pytest

from archc.models.deployed import FileGraph, Operator, Tensor
from archc.models.deployed.memory import memory
from archc.models.deployed.order import best_order


def network(seed: int, operators: int = 6) -> FileGraph:
    """A random network: operators that read up to three maps, a view now and then."""
    rng = Random(seed)
    tensors = [tensor("x", rng)]
    made: list[Operator] = []
    for place in range(operators):
        reads = tuple(sorted(rng.sample(range(len(tensors)), min(len(tensors), rng.randint(1, 3)))))
        view = reads[0] if rng.random() < 0.15 else None
        result = tensor(f"t{place}", rng)
        if view is not None:
            result = result._replace(view=view, bytes=tensors[view].bytes)
            reads = reads[:1]
        tensors.append(result)
        kind = "RESHAPE" if view is not None else "ADD"
        made.append(Operator(f"op{place}", kind, kind, reads, (len(tensors) - 1,)))
    outputs = tuple(rng.sample(range(1, len(tensors)), rng.randint(1, 2)))
    return graph(tuple(tensors), tuple(made), outputs)


def tensor(name: str, rng: Random) -> Tensor:
    size = rng.choice((1, 2, 5, 20, 64))
    return Tensor(name, (1, size), "int8", 8, size)


def graph(
    tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], outputs: tuple[int, ...]
) -> FileGraph:
    return FileGraph(
        "net", "net", ".x", "int8", tensors, operators, (0,), outputs, 0, "sha256:", (), ()
    )


def possible(network: FileGraph, order: tuple[int, ...]) -> bool:
    made = set(network.inputs)
    for place in order:
        if not made.issuperset(network.operators[place].inputs):
            return False
        made.update(network.operators[place].outputs)
    return True


def in_order(network: FileGraph, order: tuple[int, ...]) -> FileGraph:
    return network._replace(operators=tuple(network.operators[place] for place in order))


@pytest.mark.parametrize("seed", range(120))
def test_no_order_has_a_lower_peak(seed: int) -> None:
    net = network(seed)
    orders = (o for o in permutations(range(len(net.operators))) if possible(net, o))
    lowest = min(memory(in_order(net, order)).peak.bytes for order in orders)
    found = best_order(net)
    assert found.best
    assert found.peak == lowest
    assert possible(net, found.operators)
    assert memory(in_order(net, found.operators)).peak.bytes == found.peak


def test_branches_run_one_after_the_other() -> None:
    """As onnxruntime writes them, level by level, all of their wide maps are alive together."""
    tensors = [Tensor("x", (1, 1), "int8", 8, 1)]
    operators = []
    for level, size in enumerate((64, 64, 1)):
        for branch in range(3):
            reads = 0 if level == 0 else 3 * level - 2 + branch
            tensors.append(Tensor(f"b{branch}_{level}", (1, size), "int8", 8, size))
            operators.append(
                Operator(f"b{branch}_{level}", "CONV_2D", "", (reads,), (len(tensors) - 1,))
            )
    tensors.append(Tensor("y", (1, 3), "int8", 8, 3))
    operators.append(Operator("y", "CONCATENATION", "", (7, 8, 9), (10,)))
    net = graph(tuple(tensors), tuple(operators), (10,))
    assert memory(net).peak.bytes == 4 * 64
    assert best_order(net)[::2] == (2 * 64 + 2, True)


def test_a_search_that_is_cut_short_says_so() -> None:
    for seed in range(200):
        net = network(seed, 12)
        found = best_order(net, 0)
        assert found.peak <= memory(net).peak.bytes
        assert memory(in_order(net, found.operators)).peak.bytes == found.peak
        if not found.best:
            return
    pytest.fail("every search was short")
