"""What a variant costs before it is trained, and by what networks are told apart."""

import subprocess
import sys

import pytest

pytest.importorskip("numpy")

from archc import compile_text
from archc.diagnostics.model import Rejected
from archc.limits import DEFAULT_LIMITS
from archc.search.cost import cost, network_digest
from archc.space.question import Objective, Question, condition
from support.spaces import space

SPEC = """arch a(width = 8) {{
    {require}
    target stm32n6
    input image: 16 x 16 x 8
    stage s(channels = width) {{ conv(kernel = 3x3) batchnorm relu6 }}
    head {{ global_average_pool dense(4) }}
}}
"""


TEXT = "arch a {{ input image: 16 x 16 x 8 stage s(channels = 8) {{ {} }} }}"


def digest(body: str, parameters: str = "") -> str:
    text = TEXT.format(body).replace("arch a", f"arch a{parameters}")
    return network_digest(compile_text(text)._network.graph)


def test_the_digest_is_of_the_network_however_it_is_written() -> None:
    plain = digest("conv(kernel = 3x3) batchnorm relu6")
    assert digest("part", "(part = { conv(8, kernel = 3x3) batchnorm relu6 })") == plain
    assert digest("conv(channels / 1, kernel = (2 + 1) x 3) batchnorm relu6") == plain
    others = ["conv(kernel = 1x1) batchnorm relu6", "conv(kernel = 3x3) batchnorm",
              "conv(kernel = 3x3, stride = 2) batchnorm relu6", "dropout(0.1)", "dropout(0.2)",
              "conv(16, kernel = 3x3) conv(kernel = 3x3) batchnorm relu6"]  # fmt: skip
    assert len({plain, *map(digest, others)}) == len(others) + 1


def test_the_digest_is_the_same_in_another_process() -> None:
    body = "ir(expansion = 2.5) se dropout(0.1)"
    code = "from archc import compile_text; from archc.search.cost import network_digest; print("
    code += f"network_digest(compile_text({TEXT.format(body)!r})._network.graph))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(body)


def test_figures_are_those_of_the_manifest() -> None:
    question = Question((), (Objective("latency_ms", False),))
    found = cost(space(SPEC.format(require=""), "width=8..32:8"), question, 1)
    manifest = compile_text(SPEC.format(require=""), width=16).manifest
    assert found.settings == (("width", "16"),)
    assert not found.broken
    assert found.figures["params"] == manifest["totals"]["params"]
    assert found.figures["arena_bytes"] == manifest["deployed"]["arena_bytes"]
    assert found.figures["latency_ms"] == manifest["deployed"]["latency"]["most"] / 1000


@pytest.mark.parametrize(
    ("require", "where", "broken"),
    [
        ("", "params <= 1000", {"params <= 1,000": 0.284}),
        ("", "params <= 1284", {}),
        ("", "params > 1284", {"params > 1,284": 1e-9}),
        ("require params <= 1000", "macs >= 1", {"require params": 0.284}),
        ("require latency_ms <= 0.001", "macs >= 1", None),
        ("", "latency_ms <= 0.001", None),
    ],
)
def test_what_breaks_a_budget_says_by_how_much(
    require: str, where: str, broken: dict[str, float] | None
) -> None:
    question = Question((condition(where, DEFAULT_LIMITS),))
    found = cost(space(SPEC.format(require=require), "width=8..32:8"), question, 1)
    manifest = compile_text(SPEC.format(require=""), width=16).manifest
    assert manifest["totals"]["params"] == 1284
    if broken is None:
        assert next(iter(found.broken.values())) > 1
        assert "latency_ms" in found.why
    else:
        assert found.broken == pytest.approx(broken)
    assert bool(found.why) == bool(found.broken)


def test_a_variant_that_the_target_refuses_is_not_trained() -> None:
    spec = SPEC.format(require="").replace("relu6", "act", 1).replace("width = 8", "act = relu6")
    spec = spec.replace("channels = width", "channels = 8")
    made = space(spec, "act=[relu6, softmax, nothing]")
    question = Question()
    assert not cost(made, question, 0).broken
    refused, missing = cost(made, question, 1), cost(made, question, 2)
    assert refused.broken == {"stm32n6/operator": 1.0}
    assert "softmax" in refused.why
    assert missing.network is None
    assert missing.broken == {"unknown_name": 1.0}


def test_a_condition_on_nothing_known_is_refused() -> None:
    with pytest.raises(Rejected):
        condition("accuracy >= 1", DEFAULT_LIMITS)
