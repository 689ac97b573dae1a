"""Numbers, sizes, rounding, ranges: exact, or an error."""

import pytest

import archc
from support.marked import head, stage
from support.say import codes, errors, layers, network, operators, shapes


def width(expression: str, rounding: str = "", parameters: str = "") -> int:
    """The output channels of `conv(EXPRESSION)` on an 8x8x8 input."""
    text = f"arch a{parameters} {{ {rounding} input i: 8 x 8 x 8 head {{ conv({expression}) }} }}"
    return operators(text)[0].channels


def exactly(expression: str) -> int:
    return width(f"exact({expression})")


# --- rounding (design, section 1) ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "effective"),
    [
        ("8", 8), ("11.99", 8), ("12", 16), ("12.01", 16), ("16", 16), ("19.999", 16), ("20", 24),
        ("1", 8), ("0.001", 8), ("4", 8), ("3.9", 8), ("64 * 0.35", 24), ("64 * 0.25", 16),
        ("512 * 1.5", 768), ("1 k", 1000), ("7/3", 8), ("28", 32), ("36", 40), ("44", 48),
    ],
)  # fmt: skip
def test_nearest_multiple_of_8_ties_up_at_least_8(requested: str, effective: int) -> None:
    assert width(requested) == effective


@pytest.mark.parametrize(
    ("rule", "requested", "effective"),
    [
        ("rounding(divisor = 4)", "6", 8), ("rounding(divisor = 4)", "5.9", 4),
        ("rounding(divisor = 4)", "1", 4), ("rounding(divisor = 1)", "6.5", 7),
        ("rounding(divisor = 1)", "0.1", 1), ("rounding(divisor = 16)", "23", 16),
        ("rounding(divisor = 8, keep = 0.9)", "11", 16),  # 8 would lose 27 %
        ("rounding(divisor = 8, keep = 0.9)", "17.7", 16),  # loses 9.6 %
        ("rounding(divisor = 8, keep = 0.9)", "17.78", 24),  # 16 < 0.9 * 17.78
        ("rounding(keep = 0.9)", "24 * 1.4", 32),  # MobileNetV2 1.4: 33.6 -> 32, loses 4.8 %
        ("rounding(keep = 1)", "8.1", 16), ("rounding(keep = 0)", "11", 8),
    ],
)  # fmt: skip
def test_rounding_rule_of_an_arch(rule: str, requested: str, effective: int) -> None:
    assert width(requested, rule) == effective


def test_what_rounding_changed_is_in_the_manifest() -> None:
    text = stage("channels = 64 * 0.35", "conv(exact(12)) conv(16) conv")
    (entry,) = network(text).manifest["roundings"]
    assert entry == {"where": "s", "requested": "22.4", "effective": 24, "divisor": 8, "line": 4}


def test_dense_never_rounds() -> None:
    assert shapes(head("global_average_pool dense(10)")) == ["8", "10"]
    assert codes(head("global_average_pool dense(10.5)")) == ["value"]


def test_widths_inside_se_are_aligned() -> None:
    assert shapes("arch a { input i: 8 x 8 x 24 head { se } }")[1] == "1x1x8"


@pytest.mark.parametrize("rule", ["rounding(divisor = 0)", "rounding(divisor = 1.5)",
                                  "rounding(keep = 1.1)", "rounding(keep = -0.1)",
                                  "rounding(divisor = 3x3)"])  # fmt: skip
def test_rounding_rules_that_are_none(rule: str) -> None:
    assert codes(f"arch a {{ {rule} input i: 1 head {{ relu6 }} }}") == ["value"]


# --- arithmetic ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("10 - 2 - 3", 5), ("100 / 5 / 4", 5),
        ("0.1 * 30", 3),
        ("1/3 * 3", 1), ("1/3 + 1/3 + 1/3", 1), ("-(-5)", 5), ("0 - -5", 5), ("2 * -1 + 3", 1),
        ("round(2.5)", 3), ("round(3.5)", 4), ("round(2.4999)", 2), ("floor(2.9)", 2),
        ("ceil(2.1)", 3), ("floor(-2.5) + 4", 1), ("ceil(-2.5) + 4", 2), ("round(-2.5) + 4", 2),
        ("min(3, 2, 5)", 2), ("max(3, 2, 5)", 5), ("max(3)", 3), ("1e2", 100), ("1.5e1", 15),
        ("25e-1 * 2", 5), ("2 k", 2000), ("0.002 k", 2), ("1 M / 1 k", 1000), ("3", 3),
        ("0.1 + 0.2 - 0.3 + 1", 1), ("1e-9 * 1 G", 1),
    ],
)  # fmt: skip
def test_numbers_are_exact(expression: str, value: int) -> None:
    assert exactly(expression) == value


@pytest.mark.parametrize(
    ("expression", "kernel"),
    [
        ("3x3", (3, 3)), ("3 x 5", (3, 5)), ("1 + 2 x 3 + 1", None), ("(1 + 2) x (3 + 1)", (3, 4)),
        ("3x3 + 2", (5, 5)), ("2 * 1x2", (2, 4)), ("2x3 * 2x2", (4, 6)), ("9 - 4x5", (5, 4)),
        ("6x4 / 2", (3, 2)), ("max(3x1, 2)", (3, 2)), ("min(3x1, 2x2)", (2, 1)),
        ("ceil(5x4 / 2)", (3, 2)), ("floor(5x4 / 2)", (2, 2)), ("3x3 * 1", (3, 3)),
    ],
)  # fmt: skip
def test_sizes_are_elementwise(expression: str, kernel: tuple[int, int] | None) -> None:
    """`x` binds tighter than `*`: `1 + 2 x 3 + 1` is `2x3` with 2 added."""
    made = operators(head(f"conv(8, {expression})"))[0]
    assert made.kernel == (kernel or (4, 5))


def test_sizes_join() -> None:
    text = "arch a(s = 4x6) { input i: s x 8 head { relu6 } }"
    assert shapes(text) == ["4x6x8"]
    assert codes(head("conv(8, 3x3 + 1x2x3)")) == ["value"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("1 == 1", True), ("1 == 2", False), ("1 != 2", True), ("1 < 2", True), ("2 <= 2", True),
        ("2 > 2", False), ("2 >= 2", True), ("not 1 == 2", True), ("true and false", False),
        ("true or false", True), ("true and not false", True), ("2x2 == 2", True),
        ("2x3 == 2", False), ("2x2 == 2x2", True), ("same == same", True), ("same == valid", False),
        ("1 == true", False), ("false or false or 1 < 2", True), ("not (true and false)", True),
        ("1/3 == 2/6", True), ("false and nonsense_is_checked == 1", None),
        ("true or 1/0 == 1", True), ("3x3 < 4", None), ("relu6 == relu6", None), ("1", None),
        ("1 and 2", None), ("not 1", None),
    ],
)  # fmt: skip
def test_conditions(condition: str, holds: bool | None) -> None:
    text = head(f"if {condition} {{ relu6 }} else {{ relu }}")
    if holds is None:
        assert codes(text)[0] in ("value", "unknown_name")
    else:
        assert operators(text)[0].keyword == ("relu6" if holds else "relu")


def test_the_first_branch_that_holds_is_taken() -> None:
    text = head("if false { relu } else if 1 == 1 { relu6 } else if true { tanh } else { swish }")
    assert [name for name, _ in layers(text)] == ["head_relu6"]


def test_if_is_a_statement() -> None:
    assert codes(head("conv(if true { 8 })")) == ["syntax"]


@pytest.mark.parametrize("expression", ["relu6 + 1", "1 + true", "same * 2",
                                        "[8]", "min(1, true)", "floor(same)", "round",
                                        "round(1, 2)",
                                        "min()", "max(a = 1)", "-relu6",
                                        "8(1)", "channels(1)"])  # fmt: skip
def test_operations_that_operands_do_not_allow(expression: str) -> None:
    text = f"arch a(channels = 8) {{ input i: 8 x 8 x 8 head {{ conv({expression}) }} }}"
    assert codes(text)[0] in ("value", "syntax", "arguments")


def test_byte_units_belong_to_bytes() -> None:
    text = "arch a { require Q <= 512 KiB input i: 1 head { relu6 } }"
    assert codes(text.replace("Q", "macs")) == ["number"]
    made = network(text.replace("Q", "peak_activation_bytes"))
    assert made.manifest["budgets"][0]["limit"] == 512 * 1024
    made = network(text.replace("Q <= 512 KiB", "activation_bytes.int8 <= 0.5 MB, macs <= 1 k"))
    assert [budget["limit"] for budget in made.manifest["budgets"]] == [500_000, 1000]


# --- ranges --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declaration", "value", "code"),
    [
        ("n = 1 in 1 .. 4", "4", None),
        ("n = 1 in 1 .. 4", "5", "out_of_range"),
        ("n = 1 in 1 .. 4", "1.5", "out_of_range"),
        ("n = 1 in 1 .. 4", "3/2", "out_of_range"),
        ("n = 1 in 1 .. 4", "6/2", None),
        ("n = 1.0 in 1 .. 4", "1.5", None),
        ("n = 1 in 1 .. 4.0", "1.5", None),
        ("n = 0 in -3 .. 3", "0.5", "out_of_range"),
        ("n = 0 in -3 .. 3", "-3", None),
        ("n = 1 in 1 .. 4", "true", "out_of_range"),
        ("n = 1 in 1 .. 4", "3x3", "out_of_range"),
        ("n = 5", "0.5", None),
        ("n = 9 in 1 .. 4", "2", None),
    ],
)
def test_ranges(declaration: str, value: str, code: str | None) -> None:
    text = (
        f"arch b = a(n = {value})\narch a({declaration}) {{ input i: 8 x 8 x 8 head {{ relu6 }} }}"
    )
    if declaration.startswith("n = 9"):  # the default of the base is out of range itself
        assert codes(text) == ["out_of_range"]
    elif code is None:
        assert network(text, "b")
    else:
        assert codes(text) == [code]


def test_bounds_may_use_earlier_parameters() -> None:
    text = "arch a(low = 2, n = 3 in low .. low * 2) { input i: 8 x 8 x 8 head { conv(n) } }"
    assert network(text)
    assert codes(text, low="4") == ["out_of_range"]


def test_parameters_of_blocks_have_ranges_too() -> None:
    text = "block b(n = 1 in 1 .. 4) { conv(n) }\n"
    assert network(text + head("b(2)"))
    assert codes(text + head("b(5)")) == ["out_of_range"]


def test_a_fault_is_reported_once_and_what_depends_on_it_stays_silent() -> None:
    text = stage("channels = nope, stride = 2", "conv(channels * 2) ds(in.channels) conv")
    faults = errors(text)
    assert [fault.code for fault in faults] == ["unknown_name"]


def test_all_semantic_errors_come_in_one_run() -> None:
    text = "block b(x_) { conv(nope) }\n" + stage("repeat = 1.5", "relu7 conv(8, 3) b(1)")
    text += "arch c = d\narch lambda { input i: 1 head { relu6 } }\n"
    assert sorted(set(codes(text))) == ["bad_name", "not_whole", "unknown_name", "value"]
    assert len(codes(text)) == 6


@pytest.mark.parametrize(
    ("expression", "width"), [("exact(8) + 3", 8), ("exact(exact(12))", 12), ("exact(6) * 2", 16)]
)
def test_exactness_ends_with_arithmetic(expression: str, width: int) -> None:
    """`exact(w)` keeps w; what is computed from it rounds again, unless it is made exact again."""
    compiled = archc.compile_text(f"arch a {{ input i: 8 x 8 x 8 head {{ conv({expression}) }} }}")
    assert compiled.manifest["outputs"][0]["shape"][-1] == width
