"""Every figure of the truth table is its judge's, and a missing judge is told of."""

import pytest
from _pytest.outcomes import Failed, Skipped

from support import oracles, shipped, truth


@pytest.mark.keras
@pytest.mark.oracles
@pytest.mark.parametrize("name", shipped.NAMES)
def test_figures_are_those_of_the_judges(name: str) -> None:
    oracles.require("keras", "ai_edge_litert", "ethosu.vela", "tflite_micro")

    figures = truth.truth(name)._asdict()
    assert {key: found for key, found in figures.items() if found.difference} == {}


@pytest.mark.keras
@pytest.mark.oracles
def test_a_wrong_figure_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judges do not repeat what they are told."""
    oracles.require("keras", "ai_edge_litert", "ethosu.vela", "tflite_micro")

    name = "dscnn_a025"
    deployed = shipped.compiled(name).manifest["deployed"]
    keys = ("arena_bytes", "constant_bytes", "peak_activation_bytes", "weight_bytes")
    for key in keys:
        monkeypatch.setitem(deployed, key, deployed[key] + 1)
    monkeypatch.setitem(deployed, "sequence", deployed["sequence"][::-1])
    wrong = truth.truth.__wrapped__(name)
    figures = (wrong.arena_bytes, wrong.constant_bytes, wrong.peak, wrong.weight_bytes)
    assert [figure.difference for figure in figures] == [1, 1, 1, 1]
    assert wrong.operators.difference > 0


def test_a_missing_judge_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(oracles.VARIABLE, raising=False)
    oracles.require("json", "xml.dom")
    with pytest.raises(Skipped, match=r"no_such\.judge .*oracles"):
        oracles.require("json", "no_such.judge")


def test_a_missing_judge_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(oracles.VARIABLE, "required")
    with pytest.raises(Failed, match="no_such_judge not installed"):
        oracles.require("no_such_judge")
