"""Which branch of a skip comes first: the spec's choice, in file, manifest and arena."""

import pytest

from archc.analysis.lowering import lower
from archc.analysis.memory import memory
from support.checking import compiled

HEAD = (
    "conv(16) skip(shortcut = SHORTCUT, shortcut_first = FIRST) "
    "{ conv(16, 3x3) conv(16, 3x3) conv(8) }"
)


def text(shortcut: str, first: str) -> str:
    head = HEAD.replace("SHORTCUT", shortcut).replace("FIRST", first)
    return f"arch net {{ input image: 32 x 32 x 3 head {{ {head} global_average_pool }} }}"


@pytest.mark.parametrize("shortcut", ["conv(8)", "{ conv(8) batchnorm }"])
def test_a_shortcut_comes_where_the_spec_says(shortcut: str) -> None:
    arenas = []
    for first, branch in (("false", "body"), ("true", "shortcut")):
        (network,) = compiled(text(shortcut, first)).networks
        assert network.manifest["deployed"]["shortcuts"] == [{"where": "head", "first": branch}]
        arenas.append(network.manifest["deployed"]["arena_bytes"])
        assert any("_0_" in node.name for node in network.graph.nodes) == (first == "true")
    assert arenas[0] > arenas[1]


def test_a_smaller_arena_is_offered_once_and_not_against_a_choice() -> None:
    twice = text("conv(8)", "false").replace(
        "global_average_pool", f"{HEAD.replace('SHORTCUT', 'conv(8)')}"
    )
    for changed, notes in (
        (text("conv(8)", "false").replace(", shortcut_first = false", ""), 1),
        (text("conv(8)", "false"), 0),
        (text("conv(8)", "true"), 0),
        (twice.replace(", shortcut_first = FIRST", ""), 0),  # the second one adds its input
    ):
        found = [d for d in compiled(changed).diagnostics if d.code == "shortcut_order"]
        assert len(found) == notes, changed
        assert all("shortcut_first = true" in (one.help or "") for one in found)


@pytest.mark.keras
@pytest.mark.parametrize("first", ["false", "true"])
@pytest.mark.parametrize("shortcut", ["conv(8)", "{ conv(8) batchnorm }"])
def test_the_converter_takes_that_order(shortcut: str, first: str) -> None:
    from support.keras_models import build
    from support.tflite import convert, differences, read

    graph = compiled(text(shortcut, first)).networks[0].graph
    deployed = lower(graph, "int8")
    assert not differences(deployed, read(convert(build(graph), "int8", samples=2)))
    assert memory(deployed).arena_bytes == (49_152 if first == "false" else 40_960)
