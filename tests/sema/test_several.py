"""Several archs in one file: the errors of each are shown in one run, each of them once."""

import pytest

from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from support.say import compilation, errors

GOOD = """
arch good {
    input i: 8 x 8 x 8
    head { relu6 }
}
"""
REFUSED = """
arch refused {
    target stm32n6
    input i: 8 x 8 x 8
    require params <= 1
    head { conv(8) softmax }
}
"""
REFUSALS = ["stm32n6/operator", "budget"]
"""What only a whole network can be found to be."""


def found(text: str) -> list[str]:
    return [error.code for error in errors(text)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("head { relu7 }", "unknown_name"),  # by the check of declarations
        ("head { conv(8, 3) }", "value"),  # by the expansion
        ("target stm32n7 head { relu6 }", "target"),  # by the model
        ("target stm32n6 head { softmax }", "stm32n6/operator"),  # by the target
        ("require macs <= 0 head { conv(8) }", "budget"),  # by its cost
        ("head { relu6; }", "syntax"),
    ],
)
def test_an_arch_with_a_fault_hides_none_of_the_others(fault: str, code: str) -> None:
    faulty = f"arch faulty {{ input i: 8 x 8 x 8 {fault} }}\n"
    for text in (faulty + REFUSED + GOOD, GOOD + REFUSED + faulty):
        assert sorted(found(text)) == sorted([code, *REFUSALS])
    made = compilation(faulty + GOOD)
    assert "good" in [network.name for network in made.networks]


def test_a_fault_in_a_block_hides_the_archs_that_call_it_alone() -> None:
    block = "block b { softmax relu7 }\n"
    user = REFUSED.replace("refused", "user").replace("conv(8) softmax", "b")
    assert sorted(found(block + user)) == ["unknown_name"]
    assert sorted(found(block + user + REFUSED)) == sorted(["unknown_name", *REFUSALS])


def test_a_fault_of_the_syntax_outside_of_archs_leaves_their_cost_open() -> None:
    """What was read of a block is a guess, and so would be what it costs."""
    assert found("block b { conv(8); }\n" + REFUSED) == ["syntax"]


def test_what_is_wrong_with_a_base_is_said_once() -> None:
    variants = "arch one = refused\narch two = refused\n"
    assert sorted(found(REFUSED + variants)) == sorted(REFUSALS)
    other = REFUSED.replace("softmax", "softmax conv(9, 3)")
    assert found(other + variants) == ["value"]


def test_a_file_that_is_missing_hides_no_values() -> None:
    text = 'use "missing.arch"\n' + GOOD.replace("relu6", "missing conv(8, 3)") + REFUSED
    assert found(text) == ["file_missing", "value"]


def test_errors_of_all_archs_count_towards_the_limit() -> None:
    arches = [REFUSED.replace("refused", f"refused{number}") for number in range(8)]
    limits = DEFAULT_LIMITS._replace(errors=5)
    made = compile_spec(Loader(), Source("spec.arch", "".join(arches)), Options(limits=limits))
    said = [each for each in made.diagnostics if each.level == "error"]
    assert len(said) == 5
    assert said[-1].notes[-1].startswith("no more than 5 errors")
