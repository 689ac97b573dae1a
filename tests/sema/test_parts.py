"""Operators that are several Keras layers: their layers, names, figures, faults and findings."""

import pytest

from archc.ops import OPERATORS
from archc.ops.composite import Composite
from archc.ops.reshaping import Reshape
from support.marked import head, stage
from support.say import errors, names, network, operators, shapes


def test_the_layers_are_named_after_the_operator() -> None:
    assert names(head("channel_shuffle(2) channel_shuffle(4)")) == [
        "head_channel_shuffle_reshape",
        "head_channel_shuffle_permute",
        "head_channel_shuffle_reshape_2",
        "head_channel_shuffle_2_reshape",
        "head_channel_shuffle_2_permute",
        "head_channel_shuffle_2_reshape_2",
    ]


def test_its_layers_say_whose_they_are() -> None:
    rows = network(head("channel_shuffle(2)")).manifest["layers"][1:]
    assert {row["block"] for row in rows} == {"channel_shuffle"}
    assert [row["class_name"] for row in rows] == ["Reshape", "Permute", "Reshape"]
    assert [[via["name"] for via in row["origin"]] for row in rows] == [
        ["reshape"],
        ["permute"],
        ["reshape"],
    ]
    assert {tuple(row["source"].values()) for row in rows} == {tuple(rows[0]["source"].values())}


def test_equal_uses_share_a_function_and_unequal_ones_its_parameters() -> None:
    module = network(head("channel_shuffle(2) conv(8) channel_shuffle(4)")).module
    assert module.count("def channel_shuffle(") == 1
    assert module.count("= channel_shuffle(") == 2


def test_what_it_says_of_itself_is_what_its_parts_say() -> None:
    op, entering = OPERATORS["space_to_depth"](factor=2), (8, 6, 4)
    output = op.infer(entering)
    assert output == (4, 3, 16)
    assert [step.operator for step in op.device(output, entering)] == [
        *("RESHAPE", "STRIDED_SLICE", "RESHAPE", "STRIDED_SLICE", "RESHAPE", "CONCATENATION"),
    ]
    assert [step.inputs for step in op.device(output, entering)] == [
        *((-1,), (0,), (1,), (0,), (3,), (2, 4)),
    ]
    assert op.weights(entering) == ()
    assert op.macs(output, entering) == op.stedgeai_macc(output, entering) == 0


def test_one_may_be_an_operator_of_its_own_or_several() -> None:
    """A vector is sliced as a map of one place; a bound of 6 is `relu6`."""
    assert names(head("slice(2, 4)")) == ["head_slice"]
    assert names(head("global_average_pool slice(2, 4)"))[1:] == [
        "head_slice_reshape",
        "head_slice_slice",
        "head_slice_reshape_2",
    ]
    assert shapes(head("global_average_pool slice(2, 4)"))[-1] == "4"
    assert names(head("relu(4) relu(max = 6)")) == ["head_relu", "head_relu_2_relu6"]


def test_no_tensor_of_one_has_more_than_four_axes() -> None:
    """The batch included: the STM32N6 takes no more."""
    for statement in ("channel_shuffle(4)", "space_to_depth(2)", "depth_to_space(2)"):
        assert all(shape.count("x") <= 2 for shape in shapes(head(statement))), statement


@pytest.mark.parametrize(
    ("statement", "marked", "said"),
    [
        ("channel_shuffle(3)", "3", "3 does not divide 8 channels evenly"),
        ("space_to_depth(3)", "3", "3 does not divide 8 rows evenly"),
        ("depth_to_space(4)", "4", "16 does not divide 8 channels evenly"),
        ("slice(8, 1)", "8", "1 from 8 on are too many"),
        ("slice(4, 5)", "5", "5 from 4 on are too many"),
        ("slice(0 - 1, 5)", "0 - 1", "whole number from 0"),
        ("crop(4)", "4", "nothing is left of 8x8x8"),
        ("permute(1 x 1 x 2)", "1 x 1 x 2", "each of the 3 axes of 8x8x8 once"),
        ("permute(2 x 1)", "2 x 1", "each of the 3 axes of 8x8x8 once"),
        ("resize(0x4)", "0x4", "a size such as 3x3"),
        ("resize(4)", "4", "a size such as 3x3"),
        ("relu(max = 0)", "0", "a number above 0"),
        ("rescale(1e50)", "1e50", "takes a number"),
        ("normalise(0, variance = 0)", "0", "one for every channel"),
        ("normalise([0, 1])", "[0, 1]", "8 channels enter, and `mean` has 2 numbers"),
        ("normalise([])", "[]", "one for every channel"),
        ("subtract { relu6 } { relu6 } { relu6 }", "subtract", "takes two braces, not 3"),
        ("minimum { relu6 } { conv(16) }", "minimum", "needs equal shapes"),
        ("global_average_pool crop(1)", "crop", "needs a feature map"),
        ("global_average_pool channel_shuffle(2)", "channel_shuffle", "needs a feature map"),
        ("batchnorm(scale = 2)", "2", "`true` or `false`"),
    ],
)
def test_bad_arguments_are_said_where_they_stand(statement: str, marked: str, said: str) -> None:
    (fault,) = errors(head(statement))
    assert said in fault.message, fault.message
    assert fault.span is not None
    assert fault.span.text == marked
    assert fault.help


def test_a_target_names_and_allows_the_operator_and_not_its_layers() -> None:
    text = head("channel_shuffle(2)").replace("input", "target stm32n6 input", 1)
    found = errors(text)
    assert [fault.code for fault in found] == ["stm32n6/operator"]
    assert "`channel_shuffle` must be allowed" in found[0].message
    assert errors(text.replace("stm32n6", "stm32n6(allow = [permute])"))
    assert network(text.replace("stm32n6", "stm32n6(allow = [channel_shuffle])"))


def test_parts_read_what_the_whole_reads() -> None:
    """An operator that is made of parts reads one tensor, which its calls in the module need."""
    composites = [op for op in OPERATORS.values() if issubclass(op, Composite)]
    assert composites
    assert not any(op.bodies for op in composites)


@pytest.mark.parametrize(
    ("block", "made"),
    [
        ("row_mean", "1x8x8"),
        ("column_mean", "8x1x8"),
        ("channel_mean", "8x8x1"),
        ("channel_max", "8x8x1"),
        ("spatial_softmax", "8x8x8"),
    ],
)
def test_blocks_made_of_them(block: str, made: str) -> None:
    assert shapes(head(block))[-1] == made


def test_a_stage_repeats_one() -> None:
    text = stage("channels = 8, repeat = 3", "conv channel_shuffle(2)")
    assert [type(op) is Reshape for op in operators(text)].count(True) == 6
