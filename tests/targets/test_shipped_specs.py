"""The gate on the shipped specs: what they allow is needed, named, and shown."""

import re
from pathlib import Path

import pytest

import archc
from archc.diagnostics.model import Diagnostic
from support import shipped

ALLOW = re.compile(r"\(allow = \[([^\]]*)\]\)")
EXOTIC = {
    "mobilenet_v1_a025": {"softmax"},
    "mobilenet_v1_a05": {"softmax"},
    "mobilenet_v1_a10": {"softmax"},
    "mobilenet_v2_a035": {"softmax"},
    "mobilenet_v2_a10": {"softmax"},
    "mobilenet_v3_small": {"relu", "hard_swish", "hard_sigmoid", "softmax"},
    "efficientnet_b0": {"swish", "softmax", "channel_alignment"},
    "squeezenet": {"relu", "max_pool", "concat", "softmax"},
}
"""What each published network has that the source document of the project does not demand."""
ALLOWED = [(name, one) for name, exotic in EXOTIC.items() for one in sorted(exotic)]
"""Each of them with its network."""


def compile_without(name: str, taken: set[str], folder: Path) -> archc.Compiled:
    """Compile a copy of a shipped spec whose target allows everything but what is taken."""

    def rest(found: re.Match[str]) -> str:
        kept = [word for word in found[1].split(", ") if word not in taken]
        return f"(allow = [{', '.join(kept)}])" if kept else ""

    for path in shipped.SPECS.rglob("*.arch"):
        copy = folder / path.relative_to(shipped.SPECS)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(ALLOW.sub(rest, path.read_text()))
    return archc.compile_file(folder / f"{name}.arch")


def culprit(finding: Diagnostic) -> str:
    """What would have to be allowed: the operator that the headline names, or the rule."""
    target, rule = finding.code.split("/")
    assert target == "stm32n6"
    return finding.message.split("`")[1] if rule == "operator" else rule


def culprits(error: archc.ArchError) -> set[str]:
    return {culprit(found) for found in error.diagnostics if found.level == "error"}


def test_every_published_network_is_here() -> None:
    assert sorted(EXOTIC) == sorted(shipped.PUBLISHED)


@pytest.mark.parametrize("name", shipped.NAMES)
def test_a_spec_makes_the_network_it_is_called_after(name: str) -> None:
    assert shipped.compiled(name).name == name


@pytest.mark.parametrize("name", shipped.REFERENCE)
def test_the_reference_network_needs_nothing_allowed(name: str) -> None:
    assert shipped.compiled(name).manifest["target"]["verdict"] == "compatible"
    assert "allow" not in (shipped.SPECS / f"{name}.arch").read_text()


@pytest.mark.parametrize("name", EXOTIC)
def test_what_is_allowed_is_a_warning_that_says_how_to_verify(name: str) -> None:
    compiled = shipped.compiled(name)
    assert compiled.manifest["target"]["verdict"] == "conditional"
    warnings = [
        found
        for found in compiled.diagnostics
        if found.level == "warning" and "the spec allows it" in found.message
    ]
    assert {culprit(found) for found in warnings} == EXOTIC[name]
    assert all("stedgeai analyze" in (found.help or "") for found in warnings)


@pytest.mark.parametrize("name", EXOTIC)
def test_without_the_allow_each_is_an_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(archc.ArchError) as raised:
        compile_without(name, EXOTIC[name], tmp_path)
    assert culprits(raised.value) == EXOTIC[name]
    for found in raised.value.diagnostics:
        if found.level == "error":
            assert found.span is not None
            assert found.span.source.name.endswith(".arch")
            assert found.help


@pytest.mark.parametrize(("name", "taken"), ALLOWED)
def test_nothing_is_allowed_that_is_not_needed(name: str, taken: str, tmp_path: Path) -> None:
    with pytest.raises(archc.ArchError) as raised:
        compile_without(name, {taken}, tmp_path)
    assert culprits(raised.value) == {taken}
