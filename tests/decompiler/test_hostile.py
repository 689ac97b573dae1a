"""Configs that Keras would not write: refused in a sentence, or read; never anything else."""

import copy
import math
from random import Random
from typing import Any

import pytest

from archc.cli import main
from archc.diagnostics.model import Rejected
from archc.limits import Limits
from archc.models.decompiler import decompile, of_config
from support import shipped
from support.configs import functional, image, layer, model, on
from support.graph_configs import config_of, graph_of, saved

VALUES: tuple[Any, ...] = (
    *(None, -1, 0, 1, 2**40, 1e308, math.nan, True, 0.3, "x", "same", "\n}\n", "a" * 300),
    *([], {}, [1, 2], [[1, 2], [3, 4]]),
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to everything in nested tables and lists."""
    found = [path] if path else []
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in entries:
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
        else:
            found.append((*path, key))
    return found


@pytest.mark.parametrize("name", ["dscnn_a05_ir_se", "two_inputs"])
def test_configs_with_something_else_in_a_place(name: str) -> None:
    random = Random(name)
    whole = config_of(shipped.graph(name))
    ways = places(whole)
    read = 0
    for _ in range(60):
        config = copy.deepcopy(whole)
        way = random.choice(ways)
        inner = config
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = random.choice(VALUES)
        try:
            text = decompile(of_config(config), flat_only=True).text
        except Rejected:
            continue
        read += 1
        assert graph_of(text) is not None
    assert 0 < read < 60


def test_a_network_beyond_a_bound() -> None:
    layers = [image(8, 8, 3)]
    for number in range(60):
        reads = f"r{number - 1}" if number else "image"
        layers.append(on(layer("ReLU", f"r{number}"), reads))
    config = model(functional(*layers))
    with pytest.raises(Rejected, match="operators"):
        of_config(config, Limits(operators=50))


def test_a_cycle(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    layers = (image(8, 8, 3), on(layer("Add", "a"), "image", "b"), on(layer("ReLU", "b"), "a"))
    path = saved(tmp_path / "loop.keras", model(functional(*layers)))
    assert main(["import", str(path), "-o", str(tmp_path / "loop.arch")]) == 1
    assert "reads its own result" in capsys.readouterr().err
    assert not (tmp_path / "loop.arch").exists()
