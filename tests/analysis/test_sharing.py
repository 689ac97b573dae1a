"""Networks that differ in widths alone are lowered once, and become what each does by itself."""

import operator
import re
from random import Random
from typing import Any

import pytest

import archc
from archc.analysis.lowering import sharing
from archc.analysis.lowering.importing import device_steps
from archc.analysis.lowering.pipeline import outcomes
from archc.analysis.lowering.sharing import Unshared, Width
from archc.ir.graph import Graph
from support import shipped
from support.checking import compiled
from support.odd_specs import odd_spec

SPEC = shipped.SPECS / "dscnn.arch"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "_known", {})


def shares(graph: Graph, io: str) -> bool:
    """Whether a network is lowered by what is known; if so, that it is lowered as by itself."""
    steps = device_steps(graph)
    shared = sharing._shared(graph, steps, io)
    assert shared is None or shared == outcomes(graph, steps, io)
    return shared is not None


def test_odd_networks_with_other_widths_become_what_they_are_alone() -> None:
    random, shared = Random(12), 0
    for seed in range(40):
        text = odd_spec(seed).text
        for factors in ((1,), (1, 2, 3), (1, 1, 2), (5, 7), (1, 2)):
            wider = re.sub(
                r"\b(conv|dense)\((\d+)",
                lambda m, by=factors: f"{m[1]}({int(m[2]) * random.choice(by)}",  # type: ignore[misc]
                text,
            )
            networks = compiled(wider).networks
            shared += bool(networks) and shares(networks[-1].graph, odd_spec(seed).io)
    assert shared > 100


@pytest.mark.parametrize("name", [*shipped.NAMES, *shipped.WIRED])
def test_shipped_networks_become_what_they_are_alone(name: str) -> None:
    graph = shipped.graph(name)
    for io in ("float32", "int8", "uint8"):
        shares(graph, io)
        assert shares(graph, io)


def test_a_third_network_of_a_structure_is_not_lowered_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs: list[str] = []

    def counted(graph: Graph, *rest: Any) -> Any:
        runs.append(graph.name)
        return outcomes(graph, *rest)

    monkeypatch.setattr(sharing, "outcomes", counted)
    made = [archc.compile_file(SPEC, alpha=alpha) for alpha in ("0.52", "0.77", "0.83", "1.3")]
    assert len(runs) == 2
    assert len({str(each.manifest["deployed"]["sequence"]) for each in made}) == 4


def test_equal_widths_make_another_structure() -> None:
    def graph(first: int, second: int) -> Graph:
        text = f"arch a {{\n  input image: 8 x 8 x {first}\n  stage s {{ conv({second}) }}\n}}\n"
        return compiled(text).networks[0].graph

    graphs = [graph(*widths) for widths in ((3, 16), (4, 24), (24, 24), (40, 40))]
    sharing._known.clear()
    assert [shares(each, "int8") for each in graphs] == [False, True, False, True]


def test_of_a_width_only_equality_is_known() -> None:
    width: Any = Width(0)
    other: Any = Width(1)
    assert width == width
    assert width != other
    assert width != 1
    assert width > 1
    assert 1 * width * 1 is width
    for ask in (
        lambda: width == 24,
        lambda: width > 2,
        lambda: width < 1,
        lambda: width + 1,
        lambda: 2 * width,
        lambda: operator.index(width),
        lambda: f"{width:,}",
        lambda: str(width),
    ):
        with pytest.raises(Unshared):
            ask()


def test_inputs_of_one_width_are_one_width() -> None:
    text = """arch a {{
    input left: 8 x 8 x {0}
    input right: 8 x 8 x {1}
    stage s {{ left conv({2}) }}
    stage t {{ right conv({3}) concat {{ s }} {{ }} }}
}}
"""
    graphs = [
        compiled(text.format(*widths)).networks[0].graph
        for widths in ((3, 3, 40, 24), (5, 5, 56, 48), (7, 7, 104, 80), (3, 5, 56, 48))
    ]
    sharing._known.clear()
    assert [shares(each, "float32") for each in graphs] == [False, True, True, False]
