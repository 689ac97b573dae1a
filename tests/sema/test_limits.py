"""Each bound on the work of one spec: the least value that lets a spec through, and one less."""

import pytest

from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source

HEAD = "arch a {{ rounding(divisor = 1) input i: 4 x 4 x 8 {} }}"


def head(body: str) -> str:
    return HEAD.format(f"head {{ {body} }}")


def codes(text: str, bound: str, value: int) -> list[str]:
    """Of the errors of a spec under a bound."""
    limits = DEFAULT_LIMITS._replace(**{bound: value})
    compilation = compile_spec(Loader(), Source("spec.arch", text), Options(limits=limits))
    return [one.code for one in compilation.diagnostics if one.level == "error"]


NEEDS = {
    "three operators": (head("relu relu relu"), "operators", 3),
    "a join of two": (head("add { relu } { sigmoid }"), "operators", 3),
    "an axis": (head("conv(9)"), "dimension", 9),
    "an axis of the input": (head("relu"), "dimension", 8),
    "axes": (head("reshape(2 x 2 x 4 x 8)"), "rank", 4),
    "axes of the input": (head("relu"), "rank", 3),
    "a layer's name": (head("conv(8) conv(8)"), "layer_name_length", len("head_conv_2")),
    "a name": (HEAD.format("stage seven77 { relu }"), "name_length", 7),
    "a parameter": ("arch a(four = 8) { input i: 8 head { dense(four) } }", "name_length", 4),
    "braces in braces": (head("skip { skip { skip { relu } } }"), "call_depth", 3),
    "a block in a block": (
        head("b") + " block b { c } block c { d } block d { relu }", "call_depth", 3),
    "a branch": (head("if true { if true { relu } }"), "call_depth", 2),
    "a branch in a block": (head("b") + " block b { if true { skip { relu } } }", "call_depth", 3),
    "repeats": (HEAD.format("stage s(repeat = 5) { relu }"), "repeats", 5),
    "digits": (head("conv(123456 - 123450)"), "digits", 6),
    "digits of a power": (head("conv(10 ** 5 / 10 ** 4)"), "digits", 6),
    "arguments bound": (head("b(conv(8, 1x1, bias = true))") + " block b(f) { f }", "bindings", 4),
    "arguments": (head("conv(8, 1x1, 1, same)"), "arguments", 4),
    "parameters": (head("b") + " block b(p = 1, q = 2, r = 3) { relu }", "arguments", 3),
    "derivations": (head("relu") + " arch b = a() arch c = b()", "derivations", 3),
}  # fmt: skip


@pytest.mark.parametrize("what", NEEDS)
def test_a_spec_needs_so_much_and_not_less(what: str) -> None:
    text, bound, value = NEEDS[what]
    assert codes(text, bound, value) == []
    assert set(codes(text, bound, value - 1)) == {"limit"}


def test_steps_are_counted_one_by_one() -> None:
    """From nothing on, exactly one more lets the spec through; a statement more takes more."""
    needed = []
    for body in ("relu", "relu relu", "dense(8)", "dense(4 + 4)", "if true { relu }", "b"):
        text = f"arch a {{ input i: 8 head {{ {body} }} }} block b(n = 8) {{ dense(n) }}"
        refused = [codes(text, "steps", value) for value in range(40)]
        passes = [not found for found in refused]
        assert passes == sorted(passes)
        assert {code for found in refused for code in found} == {"limit"}
        needed.append(passes.index(True))
    # A statement, an expression and each of its parts, a parameter that is bound.
    assert needed == [1, 2, 2, 4, 3, 5]
