"""What use has shown: fixes that made another network, and help that nobody could follow."""

import pytest

from support.foreign_calls import compiled, errors, fixed, spec

SWAPPED = {
    # a statement, and the operator that `--fix` once made of it
    "lrelu": "relu",
    "hsigmoid": "sigmoid",
    "swish6": "swish",
    "glu": "gelu",
    "elu6": "relu6",
    "tanh6": "tanh",
    "deconv(8, kernel = 3x3, stride = 2)": "dwconv",
    "dsconv(3x3)": "dwconv",
    "mbconv(16)": "ir",
    "resize(10x10)": "upsample",
    "interpolate(16x16)": "upsample",
    "hswish": "swish",
    "h_swish": "swish",
}
RIGHT = {"hswish": "hard_swish", "h_swish": "hard_swish", "hsigmoid": "hard_sigmoid",
         "deconv(8, kernel = 3x3, stride = 2)": "conv_transpose"}  # fmt: skip
"""Those that are another word for an operator: a fix may make that, and nothing else."""


@pytest.mark.parametrize("statement", SWAPPED)
def test_a_fix_makes_no_other_operator(statement: str) -> None:
    text = fixed(spec(statement))
    if statement in RIGHT:
        assert f" {RIGHT[statement]}" in text
        assert not errors(compiled(text))
    else:
        assert text == spec(statement)


@pytest.mark.parametrize(
    ("declared", "help"),
    [
        ("target stm32h7", "--target FILE"),
        ("target esp32", "--target FILE"),
        ("target stm32n657", "write `stm32n6`"),
        ("target stm32n6(board = h7_dk)", "memories"),
        ("require ram <= 3", "peak_activation_bytes"),
        ("require flash <= 3", "weight_bytes"),
        ("require flops <= 3", "`macs` bounds"),
        ("require latency <= 3", "`latency_ms` bounds the estimated time"),
        ("require energy <= 3", "archc predicts neither"),
        ("require latency <= 10 ms", "`latency_ms` bounds the estimated time"),
    ],
)
def test_targets_boards_and_budgets_are_never_taken_for_others(declared: str, help: str) -> None:
    text = f"arch a {{\n    {declared}\n    input i: 8 x 8 x 8\n    head {{ relu6 }}\n}}\n"
    assert fixed(text) == text
    assert any(help in (one.help or "") for one in errors(compiled(text)))


@pytest.mark.parametrize(
    ("declared", "right"),
    [
        ("target STM32N6", "target stm32n6"),
        ("target stm32_n6", "target stm32n6"),
        ("target stm32n6(board = stm32n6570-dk)", "target stm32n6(board = dk)"),
        ("target stm32n6(board = NUCLEO_N657X0_Q)", "target stm32n6(board = nucleo)"),
        ("require Parameters <= 3 k", "require params <= 3 k"),
        ("require mult_adds <= 3 M", "require macs <= 3 M"),
        ("target stm32n6(allow = [SiLU])", "target stm32n6(allow = [swish])"),
    ],
)
def test_another_spelling_of_the_same_is_fixed(declared: str, right: str) -> None:
    text = "arch a {{\n    {}\n    input i: 8 x 8 x 8\n    head {{ relu6 }}\n}}\n"
    assert fixed(text.format(declared)) == text.format(right)


NOT_TO_DECLARE = (*("lstm", "gru", "matmul", "multi_head_attention", "groupnorm", "conv3d"),)


@pytest.mark.parametrize("name", NOT_TO_DECLARE)
def test_nobody_is_told_to_declare_what_cannot_be(name: str) -> None:
    (error,) = errors(compiled(spec(f"{name}(8)")))
    assert "not in the language" in error.message
    assert "declare" not in (error.help or "")
    assert error.edits == ()


def test_a_stage_and_the_input_are_maps_but_no_numbers() -> None:
    text = (
        "arch a {\n    input i: 8 x 8 x 8\n    stage p3 { relu6 }\n"
        "    head { concat { p3 } { conv(8) } conv(p3) }\n}\n"
    )
    (error,) = errors(compiled(text))
    assert error.message == "expected a number of channels, found a map"
    assert "declare" not in (error.help or "")


@pytest.mark.parametrize(
    "statement",
    [
        "conv(8, bias = None)",
        "conv(8, padding = none)",
        "conv(8, padding = full)",
        "conv(8, 3x3, 1, no)",
    ],
)
def test_a_value_is_never_replaced_by_another(statement: str) -> None:
    assert fixed(spec(statement)) == spec(statement)


def test_a_gate_before_its_map_is_told_to_swap() -> None:
    (error,) = errors(
        compiled(spec("multiply { global_average_pool(keepdims = true) } { conv(8) }"))
    )
    assert "swap the two braces" in (error.help or "")


@pytest.mark.parametrize(
    ("shape", "right"),
    [
        ("49x10", "`input mfcc: 49 x 10 x 1`"),
        ("49 * 10 * 1", "`input mfcc: 49 x 10 x 1`"),
        ("1x49x10x1", "`input mfcc: 49 x 10 x 1`"),
        ("490", "`input mfcc: 1 x 490 x 1`"),
    ],
)
@pytest.mark.parametrize("before", ["", "relu6 "])
def test_the_shape_of_an_input_that_no_convolution_reads(
    shape: str, right: str, before: str
) -> None:
    text = f"arch a {{ input mfcc: {shape} head {{ {before}conv(8) }} }}"
    (error,) = errors(compiled(text))
    assert right in (error.help or "")


def test_softmax_is_told_that_logits_compile() -> None:
    text = spec("global_average_pool dense(10) softmax").replace(
        "input", "target stm32n6\n    input"
    )
    (error,) = errors(compiled(text))
    assert "logits" in (error.help or "")
