"""Stages: what they supply, where their stride goes, and the law that a repeat is written out."""

import pytest

from archc.ops import OPERATORS
from support.marked import head, stage
from support.say import codes, errors, layers, names, network, operators, shapes


def strides(text: str) -> list[tuple[int, int]]:
    """Strides of the convolutions, in order."""
    return [op.stride for op in operators(text) if hasattr(op, "stride")]


def test_the_stride_goes_to_the_first_statement_that_leaves_it_open() -> None:
    text = stage("channels = 16, stride = 2, repeat = 3", "relu6 ds dwconv(3x3)")
    assert strides(text) == [(2, 2), (1, 1), (1, 1)] + [(1, 1), (1, 1), (1, 1)] * 2


def test_a_stride_that_is_written_is_not_open() -> None:
    text = stage("channels = 16, stride = 2", "dwconv(3x3, stride = 1) dwconv(3x3) conv")
    assert strides(text) == [(1, 1), (2, 2), (1, 1)]


def test_a_stride_bound_by_position_is_not_open() -> None:
    text = stage("stride = 2", "dwconv(3x3, 1) dwconv(3x3)")
    assert strides(text) == [(1, 1), (2, 2)]


def test_without_a_declared_stride_nothing_is_supplied() -> None:
    text = "block b(stride = 2) { dwconv(3x3, stride) }\n" + stage("repeat = 2", "b dwconv(3x3)")
    assert strides(text) == [(2, 2), (1, 1), (2, 2), (1, 1)]


def test_a_declared_stride_of_one_overrides_defaults() -> None:
    text = "block b(stride = 2) { dwconv(3x3, stride) }\n" + stage("stride = 1", "b")
    assert strides(text) == [(1, 1)]


def test_a_declared_stride_of_one_need_not_be_taken() -> None:
    assert names(stage("stride = 1", "relu6")) == ["s_1_relu6"]
    assert names(stage("stride = 1 x 1", "relu6")) == ["s_1_relu6"]


def test_strides_have_an_axis_each() -> None:
    assert shapes(stage("stride = 1 x 2", "dwconv(3x3)")) == ["8x4x8"]
    assert shapes(stage("stride = 2 x 1", "dwconv(3x3)")) == ["4x8x8"]


def test_pools_are_never_filled() -> None:
    (fault,) = errors(stage("stride = 2", "max_pool(2x2)"))
    assert fault.code == "stride_unused"
    assert strides(stage("stride = 2", "max_pool(2x2) dwconv(3x3)")) == [(2, 2), (2, 2)]


def test_nothing_is_supplied_inside_the_braces_of_a_form() -> None:
    """But `channels` to what cannot do without them."""
    assert shapes(stage("channels = 16", "skip { conv } conv"))[:1] == ["8x8x16"]
    text = "block b(channels = 24) { conv(channels) }\n"
    text += stage("channels = 16", "skip { b } conv")
    assert shapes(text)[:1] == ["8x8x24"]
    assert codes(stage("stride = 2", "concat { dwconv(3x3) } { dwconv(3x3) }")) == ["stride_unused"]
    assert codes(stage("stride = 2", "gate { dwconv(3x3) }")) == ["stride_unused"]


def test_nothing_is_supplied_in_the_body_of_a_block() -> None:
    text = "block b { dwconv(3x3) }\n" + stage("stride = 2", "b")
    assert codes(text) == ["stride_unused"]


def test_braces_of_if_are_those_of_the_stage() -> None:
    text = stage("channels = 16, stride = 2", "if true { ds } else { conv }")
    assert shapes(text)[0] == "4x4x8"
    assert shapes(text)[-1] == "4x4x16"


def test_a_block_passed_as_a_value_is_filled() -> None:
    text = stage("channels = 16, stride = 2", "unit").replace("arch a", "arch a(unit = ds)")
    assert shapes(text)[0] == "4x4x8"


def test_what_a_parameter_binds_is_not_filled() -> None:
    text = stage("channels = 16", "unit conv").replace(
        "arch a", "arch a(unit = conv(channels = 24))"
    )
    assert shapes(text) == ["8x8x24", "8x8x16"]


def test_channels_fill_every_open_parameter_of_that_name() -> None:
    text = stage("channels = 20", "conv conv(kernel = 3x3)")
    assert shapes(text) == ["8x8x24", "8x8x24"]


def test_channels_is_a_rounded_name_in_the_body() -> None:
    text = stage("channels = 20", "conv(channels * 2) conv")
    assert shapes(text) == ["8x8x48", "8x8x24"]
    assert [r["requested"] for r in network(text).manifest["roundings"]] == ["20"]


def test_exact_channels_stay() -> None:
    assert shapes(stage("channels = exact(12)", "conv")) == ["8x8x12"]


def test_a_stage_ends_with_its_channels() -> None:
    fault = errors(stage("channels = 16", "relu6"))[0]
    assert fault.code == "stage_channels"
    assert "declares 16 channels and ends with 8" in fault.message


def test_every_argument_is_optional_and_may_be_positional() -> None:
    assert shapes(stage("", "relu6")) == ["8x8x8"]
    assert shapes(stage("16, 2, 2", "dwconv(3x3) conv")) == ["4x4x8", "4x4x16"] + ["4x4x16"] * 2


def test_in_of_a_stage_is_what_entered_it() -> None:
    text = stage("channels = in.channels * 2, repeat = 2", "conv(in.channels * 4) conv")
    assert shapes(text) == ["8x8x32", "8x8x16", "8x8x32", "8x8x16"]


@pytest.mark.parametrize("repeat", ["1.5", "7/3", "0.1"])
def test_a_repeat_that_is_not_whole_proposes_ceil(repeat: str) -> None:
    fault = errors(stage(f"repeat = {repeat}", "relu6"))[0]
    assert fault.code == "not_whole"
    assert fault.help == f"write `ceil({repeat})`"


@pytest.mark.parametrize("unit", ["ds", "ir", "ir se", "ds(24) conv", "conv batchnorm relu6",
                                  "skip { conv(channels) } conv"])  # fmt: skip
@pytest.mark.parametrize("stride", [1, 2])
def test_a_repeat_is_its_body_written_out(unit: str, stride: int) -> None:
    """The law, names aside."""
    repeated = stage(f"channels = 16, stride = {stride}, repeat = 3", unit)
    written = stage(f"channels = 16, stride = {stride}", f"{unit} {unit} {unit}")
    assert operators(repeated) == operators(written)
    assert shapes(repeated) == shapes(written)


def test_only_the_first_block_of_a_stage_strides() -> None:
    """The reference network: the rest have stride 1 and so carry residuals."""
    text = stage("channels = 16, stride = 2, repeat = 3", "ds")
    document = network(text).manifest
    assert [(skip["taken"], skip["reason"]) for skip in document["skips"]] == [
        (False, "stride 2, 8 → 16 channels"),
        (True, None),
        (True, None),
    ]
    assert [name for name in names(text) if name.endswith("add")] == ["s_2_ds_add", "s_3_ds_add"]


def test_a_stem_is_a_stage() -> None:
    assert codes("arch a { input i: 8 x 8 x 8 conv(8) }") == ["syntax"]


def test_statements_of_a_stage_run_in_order() -> None:
    assert layers(stage("", "relu6 conv(16)")) == [("s_1_relu6", "8x8x8"), ("s_1_conv", "8x8x16")]


def test_a_head_supplies_nothing() -> None:
    assert codes(head("conv")) == ["arguments"]


def test_pools_have_no_open_stride() -> None:
    for op in OPERATORS.values():
        for arg in op.args.values():
            assert not arg.filled or arg.name in ("channels", "stride")
    assert not OPERATORS["max_pool"].args["stride"].filled
