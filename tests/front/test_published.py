"""Figures of model files against what others publish and count of the same files."""

import pytest

from archc.models.deployed.costs import stored
from archc.models.front import load
from archc.models.importer import Imported
from support.mlperf import NETWORKS, REAL, real


@real
@pytest.mark.parametrize("name", NETWORKS)
def test_published_macs(name: str) -> None:
    network = NETWORKS[name]
    graph = load(str(REAL / network.tflite)).content
    assert sum(op.macs for op in graph.operators) == network.macs
    assert graph.scheme == "int8"
    values, size, _ = stored(graph, *graph.operators)
    # Batch normalisations are folded: what is left are filters and a bias for each channel.
    assert values < network.params + 1000
    biases = sum(graph.tensors[op.bias].elements for op in graph.operators if op.bias is not None)
    assert size == values + 3 * biases


@real
@pytest.mark.parametrize("name", [name for name, one in NETWORKS.items() if one.h5])
def test_keras_2_files_are_read(name: str) -> None:
    found = load(str(REAL / NETWORKS[name].h5)).content
    assert isinstance(found, Imported)
    assert sum(layer.params for layer in found.layers) == NETWORKS[name].params
