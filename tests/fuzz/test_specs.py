"""Generated specs through the compiler: what is accepted holds, what is rejected says why."""

from collections import Counter
from functools import cache

from hypothesis import Phase, event, given, seed, settings

import archc
from archc.api import ArchError
from archc.diagnostics.model import Diagnostic
from archc.diagnostics.render import render
from archc.limits import DEFAULT_LIMITS
from archc.ops import OPERATORS
from archc.source import Source
from archc.syntax.parse import parse_file
from support.checking import check_diagnostics, check_network, compiled, refused
from support.printer import print_file, strip
from support.profiles import Tally, share
from support.strategies import EXOTIC, Spec, specs

GENERATED = Tally("generated specs")
BATCH, BATCHES = 120, 10
"""Among so many specs every operator is; as few batches are written as are needed to see that."""


@share(1.75)  # of which more than half differ
@given(specs())
def test_accepted_specs_hold_and_rejected_ones_say_why(spec: Spec) -> None:
    text = spec.text
    compilation = compiled(text)
    event("rejected" if compilation.failed else "accepted")
    GENERATED.add(text, not compilation.failed)
    check_diagnostics(compilation, text)
    for network in compilation.networks:
        check_network(network, spec.file)
    if spec.intact:
        assert not refused(compilation), compilation.diagnostics
    if not compilation.failed:
        for network in compilation.networks:
            assert (network.manifest["target"] or {}).get("verdict") != "incompatible"
        assert [network.name for network in compilation.networks] == [
            arch.name.text for arch in spec.file.archs
        ]


@share(0.2)
@given(specs())
def test_same_text_same_bytes(spec: Spec) -> None:
    first, second = compiled(spec.text), compiled(spec.text)
    said, again = (
        [render(diagnostic, color=False) for diagnostic in compilation.diagnostics]
        for compilation in (first, second)
    )
    assert said == again
    for one, other in zip(first.networks, second.networks, strict=True):
        assert (one.module, one.manifest) == (other.module, other.manifest)


@share(0.2)
@given(specs())
def test_api_raises_nothing_but_its_error(spec: Spec) -> None:
    name = spec.file.archs[0].name.text
    said: tuple[Diagnostic, ...] = ()
    try:
        said = archc.compile_text(spec.text, arch=name).diagnostics
        failed = False
    except ArchError as error:
        said, failed = error.diagnostics, bool(str(error))
    assert failed == any(diagnostic.level == "error" for diagnostic in said)


@share(0.5)
@given(specs())
def test_printing_is_the_inverse_of_parsing(spec: Spec) -> None:
    text = print_file(spec.file)
    assert strip(parse_file(Source("spec.arch", text), DEFAULT_LIMITS)) == strip(spec.file)


@cache
def batch(number: int) -> list[Spec]:
    """Many specs, always the same for a number."""
    found: list[Spec] = []

    @seed(20240229 + number)
    @settings(max_examples=BATCH, phases=[Phase.generate], derandomize=False)
    @given(specs())
    def collect(spec: Spec) -> None:
        found.append(spec)

    collect()
    return found


def test_most_specs_are_accepted_and_many_are_not() -> None:
    counts = Counter(compiled(spec.text).failed for spec in batch(0))
    accepted = counts[False] / counts.total()
    assert 0.5 < accepted < 0.97, f"{accepted:.0%} of the generated specs are accepted"


def test_strategy_writes_every_operator() -> None:
    missing = set(OPERATORS)
    for number in range(BATCHES):
        for spec in batch(number):
            if not any(keyword in spec.text for keyword in missing):
                continue  # it could only show what another has shown
            for network in compiled(spec.text).networks:
                missing -= {node.keyword for node in network.graph.nodes if node.inputs}
        if not missing:
            break
    assert missing == set()
    assert set(OPERATORS) > EXOTIC
