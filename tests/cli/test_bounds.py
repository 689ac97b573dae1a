"""What a short spec could blow up is bounded, and the bound is named."""

import pytest

import archc
from archc.diagnostics.model import Diagnostic
from support.steps import counted

STEPS = 20_000_000
"""Calls that no case may take. The most is six million, for 6,000 words with a meaning."""


def refused(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(archc.ArchError) as caught, counted() as steps:
        archc.compile_text(text)
    assert steps.calls < STEPS
    return caught.value.diagnostics


def net(parameters: str, body: str = "p0", rest: str = "") -> str:
    return f"{rest}\narch a({parameters}) {{ input i: 8 x 8 x 8 stage s {{ {body} }} }}"


def doubled(times: int) -> str:
    """Blocks as values, each bound to the one before it twice."""
    values = [f"p{i} = two(a = p{i - 1}, b = p{i - 1})" for i in range(1, times)]
    return ", ".join(["p0 = relu6", *values])


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        (net(doubled(40), rest="block two(a, b) { a b }"), "bindings"),
        (net(", ".join(f"p{i} = relu6" for i in range(5000))), "arguments"),
        (net("p0 = relu6", f"conv({', '.join(['8'] * 5000)})"), "arguments"),
    ],
)
def test_one_error_names_the_bound(text: str, bound: str) -> None:
    (error,) = refused(text)
    assert error.code == "limit"
    assert error.span is not None
    assert error.help == f"`--limit {bound}=N` changes the limit"


def test_calls_with_many_parameters_count_as_steps() -> None:
    block = f"block f({', '.join(f'q{i}' for i in range(100))}) {{ }}"
    given = ", ".join(f"q{i} = 1" for i in range(100))
    (error,) = refused(net(f"p0 = f({given})", "p0 " * 9000, block))
    assert error.help == "`--limit steps=N` changes the limit"


def test_many_broken_budgets_and_the_last_error_says_that_there_may_be_more() -> None:
    text = net("p0 = conv(8)", "p0 " * 3000)
    text = text.replace("input", f"require {', '.join(['macs <= 1'] * 5000)} input")
    errors = refused(text)
    assert len(errors) == 100
    assert errors[-1].notes[-1] == "no more than 100 errors are reported, the limit `errors`"


def test_many_exotic_layers() -> None:
    text = "arch a { target stm32n6(allow = [ALLOWED]) input i: 8 x 8 x 8 stage s { BODY } }"
    text = text.replace("ALLOWED", ", ".join(["tanh"] * 10_000)).replace("BODY", "tanh " * 3000)
    with counted() as steps:
        assert archc.compile_text(text).manifest["target"]["verdict"] == "conditional"
    assert steps.calls < STEPS


def test_names_that_are_unknown_cost_in_proportion() -> None:
    """Blocks of which each calls what there is not: names are compared with the few that are near,
    not each with all."""
    taken = []
    for count in (2, 200, 800):  # the first for what is made once
        blocks = "".join(f"block b{n} {{ c{n} }}\n" for n in range(count))
        with pytest.raises(archc.ArchError), counted() as steps:
            archc.compile_text(blocks + net("p0 = relu6"))
        taken.append(steps.calls)
    assert taken[2] < 4.5 * taken[1], taken
