"""What is said of many networks stays as it is: a digest of all of it, of random networks, of the
models of others, and of every network that the tests with a converter put through it.

A change of the lowering shows here without TensorFlow, and whether it is right only there: run
`-m keras tests/analysis` and the campaigns, then write the digests anew with `ARCHC_BLESS=1`.
"""

import json
import os
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from analysis.test_lowering_converter import CHAINS, NETS, chain
from analysis.test_lowering_odd import FAILURES, NETWORKS, UNTRAINED
from archc.analysis.lowering import lower_both
from archc.analysis.memory import memory
from archc.ir.graph import Graph
from archc.models.importer import read_config
from support.checking import compiled
from support.odd_specs import odd_spec
from support.random_nets import STEPS, degenerate_net, mixed_graph, pairs, random_net

DATA = Path(__file__).parent / "data"
KEPT = DATA / "kept.json"
MODELS = DATA / "models.jsonl"
"""Configs of random Keras models (`support/functional_models.py`) whose files the converter was
found to make as is said, and of joins of two inputs."""

BORDERS = ("int8", "float32", "uint8")


def said(graph: Graph, io: str) -> str:
    """A digest of the deployed graph, trained and untrained, of what is not known of it, and of its
    memory."""
    both = lower_both(graph, io)
    text = repr([(one._replace(lowered=()), memory(one)) for one in both])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def odd(seed: int) -> Graph | None:
    compilation = compiled(odd_spec(seed).text)
    return compilation.networks[-1].graph if compilation.networks else None


def written(seed: int) -> Graph:
    """Those of `test_lowering_converter.py`."""
    nets = [*(lambda name=name: chain(*CHAINS[name]) for name in CHAINS), *NETS]
    return nets[seed]().graph()


def once_wrong(seed: int) -> Graph:
    """Those of `test_lowering_odd.py`."""
    fails = [("4x4x4", head) for head, _ in FAILURES.values()]
    shape, head = [*NETWORKS.values(), *UNTRAINED.values(), *fails][seed]
    input_ = " x ".join(shape.split("x"))
    made = compiled(f"arch a {{ rounding(divisor = 1) input i: {input_} head {{ {head} }} }}")
    return made.networks[-1].graph


KINDS: dict[str, tuple[int, Callable[[int], Graph | None]]] = {
    "written": (len(CHAINS) + len(NETS), written),
    "once_wrong": (len(NETWORKS) + len(UNTRAINED) + len(FAILURES), once_wrong),
    "plain": (60, lambda seed: random_net(seed, exotic=seed % 2 == 0).graph()),
    "cutting": (200, lambda seed: random_net(seed, cutting=True).graph()),
    "small": (80, lambda seed: degenerate_net(seed).graph()),
    "odd": (60, odd),
    "mixed": (500, mixed_graph),
}
"""Generators of networks, and how many of each are kept."""


TOGETHER = 20
PARTS = [(kind, first) for kind, (count, _) in KINDS.items() for first in range(0, count, TOGETHER)]


@pytest.mark.parametrize("first", range(len(STEPS)))
def test_pairs_of_operators(first: int) -> None:
    """One digest of all pairs that begin with an operator."""
    every = [said(net.graph(), BORDERS[n % 3]) for n, net in enumerate(pairs(first))]
    digest = blake2b("".join(every).encode(), digest_size=8).hexdigest()
    check({f"pairs {first} {STEPS[first][0]}": digest})


@pytest.mark.parametrize(("kind", "first"), PARTS)
def test_networks(kind: str, first: int) -> None:
    count, make = KINDS[kind]
    found = {}
    for seed in range(first, min(first + TOGETHER, count)):
        graph, io = make(seed), BORDERS[seed % 3]
        found[f"{kind} {seed} {io}"] = "" if graph is None else said(graph, io)
    check(found)


def models() -> list[dict[str, Any]]:
    return [json.loads(line) for line in MODELS.read_text("utf-8").splitlines()]


MODELS_OF_OTHERS = models()


@pytest.mark.parametrize("number", range(len(MODELS_OF_OTHERS)))
def test_models_of_others(number: int) -> None:
    kept = MODELS_OF_OTHERS[number]
    graph = read_config(kept["config"]).graph
    assert graph is not None
    check({f"model {number} {kept['io']}": said(graph, kept["io"])})


def check(found: dict[str, str]) -> None:
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    if os.environ.get("ARCHC_BLESS"):
        KEPT.write_text(json.dumps(kept | found, indent=0) + "\n", "utf-8")
    else:
        assert found == {name: kept.get(name) for name in found}
