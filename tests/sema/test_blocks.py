"""Blocks of the reference network, skips, gates, blocks as values, and the names of layers."""

import pytest

from archc.driver import Compilation, Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from support.marked import head, stage
from support.say import codes, errors, layers, names, network, operators, shapes


def limited(text: str, **limits: int) -> Compilation:
    """What a text is compiled to where bounds are moved."""
    options = Options(limits=DEFAULT_LIMITS._replace(**limits))
    return compile_spec(Loader(), Source("spec.arch", text), options)


def keywords(text: str) -> str:
    return " ".join(op.keyword for op in operators(text))


# --- the reference's blocks (design, section 1) --------------------------------------------------


def test_ds() -> None:
    """3x3 depthwise, BN, ReLU6, 1x1, BN, ReLU6; the input added after the second ReLU6."""
    text = head("ds(8)")
    assert keywords(text) == "dwconv batchnorm relu6 conv batchnorm relu6 add"
    document = network(text).manifest
    assert document["layers"][-1]["inputs"] == ["i", "head_ds_relu6_2"]
    assert keywords(head("ds(16)")) == "dwconv batchnorm relu6 conv batchnorm relu6"
    assert keywords(head("ds(8, 2)")) == "dwconv batchnorm relu6 conv batchnorm relu6"
    dwconv, conv = operators(text)[0], operators(text)[3]
    assert (dwconv.kernel, dwconv.padding, conv.kernel) == ((3, 3), "same", (1, 1))
    assert operators(head("ds(8, 2)"))[0].stride == (2, 2)


def test_ir() -> None:
    """Expansion 4 by default; linear projection; the input added at stride 1, equal channels."""
    text = head("ir(8)")
    assert keywords(text) == ("conv batchnorm relu6 dwconv batchnorm relu6 conv batchnorm add")
    assert shapes(text)[0] == "8x8x32"
    assert shapes(head("ir(8, expansion = 6)"))[0] == "8x8x48"
    assert operators(head("ir(16, 2)"))[3].stride == (2, 2)
    assert not keywords(head("ir(16)")).endswith("add")


def test_se() -> None:
    """Reduction 4 by default, both widths aligned, made of 1x1 convolutions."""
    text = "arch a { input i: 8 x 8 x 64 head { se } }"
    assert layers(text) == [
        ("head_se_global_average_pool", "1x1x64"),
        ("head_se_conv", "1x1x16"),
        ("head_se_relu6", "1x1x16"),
        ("head_se_conv_2", "1x1x64"),
        ("head_se_sigmoid", "1x1x64"),
        ("head_se_multiply", "8x8x64"),
    ]
    assert shapes(text.replace("{ se }", "{ se(reduction = 3) }"))[1] == "1x1x24"
    assert shapes(text.replace("64", "16"))[1] == "1x1x8"


def test_attention_pool() -> None:
    """Per-channel weights over the map, then the average; every operator is a demanded one."""
    text = head("attention_pool")
    assert keywords(text) == "conv sigmoid multiply global_average_pool"
    assert shapes(text) == ["8x8x8", "8x8x8", "8x8x8", "8"]


def test_identity_is_empty() -> None:
    assert names(head("identity relu6 identity")) == ["head_relu6"]


@pytest.mark.parametrize(
    ("size", "stride", "pads"),
    [("8 x 8", "2", ((0, 0), (1, 1))), ("7 x 7", "2", ((1, 1), (1, 1))),
     ("8 x 7", "2", ((0, 1), (1, 1))), ("8 x 8", "1", ((1, 1), (1, 1))),
     ("5 x 9", "3", ((0, 0), (1, 0))), ("8 x 8", "2 x 1", ((0, 1), (1, 1)))],
)  # fmt: skip
def test_same_pad_is_what_same_pads(size: str, stride: str, pads: object) -> None:
    statements = f"same_pad(3x3, {stride}) dwconv(3x3, {stride}, padding = valid)"
    text = f"arch a {{ input i: {size} x 8 head {{ {statements} }} }}"
    pad = operators(text)[0]
    assert (pad.before, pad.after) == pads
    same = text.replace(f"same_pad(3x3, {stride})", "").replace(", padding = valid", "")
    assert shapes(text)[1] == shapes(same)[0]


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("conv(16)", "8 → 16 channels"),
        ("dwconv(3x3, 2)", "stride 2"),
        ("dwconv(3x3, 1 x 2)", "stride 1x2"),
        ("conv(16, 3x3, 2)", "stride 2, 8 → 16 channels"),
        ("dwconv(3x3, padding = valid)", "8x8 → 6x6"),
        ("global_average_pool", "8x8x8 → a vector of 8"),
    ],
)
def test_a_dropped_skip_says_why(body: str, reason: str) -> None:
    (skip,) = network(head(f"skip {{ {body} }}")).manifest["skips"]
    assert (skip["taken"], skip["reason"]) == (False, reason)


def test_a_skip_adds_its_input_first() -> None:
    document = network(head("skip { relu6 }")).manifest
    assert document["layers"][-1]["inputs"] == ["i", "head_relu6"]
    assert document["layers"][-1]["class_name"] == "Add"


def test_an_empty_skip_doubles() -> None:
    document = network(head("skip { identity }")).manifest
    assert document["layers"][-1]["inputs"] == ["i", "i"]


def test_a_shortcut_is_used_where_shapes_disagree_only() -> None:
    same = head("skip(shortcut = conv(8, 1x1)) { conv(8) }")
    assert names(same) == ["head_conv", "head_add"]
    other = head("skip(shortcut = conv(16, 1x1, 2)) { conv(16, 3x3, 2) }")
    assert names(other) == ["head_conv", "head_conv_2", "head_add"]
    (skip,) = network(other).manifest["skips"]
    assert skip["taken"]
    assert "stride 2" in skip["reason"]
    braces = head("skip(shortcut = { conv(16) batchnorm }) { conv(16) }")
    assert names(braces)[1:3] == ["head_shortcut_conv", "head_shortcut_batchnorm"]


def test_a_required_skip_that_is_not_one_is_an_error() -> None:
    assert codes(head("skip(required = true) { conv(16) }")) == ["shape"]
    assert names(head("skip(required = true) { conv(8) }"))[-1] == "head_add"
    assert names(head("skip(required = false) { conv(16) }")) == ["head_conv"]


def test_a_gate_broadcasts_a_1x1_map_and_nothing_else() -> None:
    assert shapes(head("gate { global_average_pool(keepdims = true) }"))[-1] == "8x8x8"
    assert shapes(head("gate { relu6 }"))[-1] == "8x8x8"
    for body in ("global_average_pool", "conv(exact(1))", "conv(16)", "max_pool(8x1)",
                 "global_average_pool(keepdims = true) conv(exact(1))"):  # fmt: skip
        assert codes(head(f"gate {{ {body} }}")) == ["shape"]
    (fault,) = errors(head("gate { global_average_pool }"))
    assert "keepdims = true" in (fault.help or "")


def test_concat_and_add_take_several_bodies() -> None:
    assert shapes(head("concat { conv(8) } { conv(16) } { relu6 }"))[-1] == "8x8x32"
    assert shapes(head("add { conv(16) } { conv(16) } { conv(16) }"))[-1] == "8x8x16"
    document = network(head("concat { relu } { relu6 }")).manifest
    assert document["layers"][-1]["inputs"] == ["head_relu", "head_relu6"]


def test_in_is_the_map_that_entered_the_innermost_braces() -> None:
    text = head("conv(16) skip { conv(in.channels * 2) conv(in.channels) }")
    assert shapes(text) == ["8x8x16", "8x8x32", "8x8x16", "8x8x16"]
    assert shapes(head("conv(16) if true { conv(in.channels * 3) }"))[-1] == "8x8x24"


def test_arguments_are_evaluated_where_they_are_written() -> None:
    text = "block b(n) { conv(32) conv(n) }\n" + head("conv(16) b(in.channels)")
    assert shapes(text)[-1] == "8x8x8"


def test_defaults_are_evaluated_at_the_call() -> None:
    text = "block b(n = in.channels * 2, m = n * 2) { conv(m) }\n" + head("conv(16) b b")
    assert shapes(text) == ["8x8x16", "8x8x64", "8x8x256"]


def test_feature_properties() -> None:
    text = "arch a { input i: 6 x 10 x 8 head { PLACE } }"

    def units(expression: str) -> str:
        return shapes(text.replace("PLACE", f"conv(exact({expression}))"))[-1]

    assert units("in.height") == "6x10x6"
    assert units("in.width") == "6x10x10"
    assert units("in.channels") == "6x10x8"
    assert shapes(text.replace("PLACE", "average_pool(in.size)")) == ["1x1x8"]
    assert codes(text.replace("PLACE", "flatten dense(3) b") + "block b { conv(in.height) }") == [
        "value"
    ]


# --- blocks as values ----------------------------------------------------------------------------


def test_operators_blocks_and_braces_are_values() -> None:
    text = "block b(act) { conv(8) act }\n"
    assert names(text + head("b(relu)")) == ["head_b_conv", "head_b_relu"]
    assert names(text + head("b(se)"))[1] == "head_b_se_global_average_pool"
    assert names(text + head("b({ batchnorm relu6 })"))[1:] == [
        "head_b_act_batchnorm",
        "head_b_act_relu6",
    ]
    assert operators(text + head("b(leaky_relu(0.1))"))[1].slope * 10 == 1


def test_braces_go_by_the_parameter_they_are_called_through() -> None:
    text = "block outer(f) { inner(f) }\nblock inner(g) { g }\n" + head("outer({ relu6 })")
    assert names(text) == ["head_outer_inner_g_relu6"]


def test_a_block_as_a_value_goes_by_its_own_name() -> None:
    text = "block outer(f) { f }\nblock mine(n = 8) { conv(n) }\n"
    assert names(text + head("outer(mine)")) == ["head_outer_mine_conv"]
    assert names(text + head("outer(mine(16))")) == ["head_outer_mine_conv"]


def test_bound_arguments_stay_bound() -> None:
    text = "block outer(f) { f(16) }\nblock mine(n, m) { conv(n) conv(m) }\n"
    assert shapes(text + head("outer(mine(n = 8))")) == ["8x8x8", "8x8x16"]
    assert codes(text + head("outer(mine(8, 8))")) == ["arguments"]


def test_braces_see_the_scope_they_were_written_in() -> None:
    text = "block outer(n, f) { f }\n" + head("outer(64, { conv(channels * 2) })")
    text = text.replace("head {", "stage s(channels = 16) {").replace("}) }", "}) conv }")
    assert shapes(text) == ["8x8x32", "8x8x16"]


def test_in_of_braces_is_what_enters_them() -> None:
    text = "block outer(f) { conv(32) f }\n" + head("outer({ conv(in.channels * 2) })")
    assert shapes(text) == ["8x8x32", "8x8x64"]


# --- names of layers -----------------------------------------------------------------------------


def test_names_are_stage_repeat_calls_and_operator() -> None:
    text = "block outer { ds(8) }\n" + stage("repeat = 2", "outer relu6 conv(8)")
    assert names(text)[:2] == ["s_1_outer_ds_dwconv", "s_1_outer_ds_batchnorm"]
    assert "s_2_outer_ds_relu6_2" in names(text)
    assert names(text)[-2:] == ["s_2_relu6", "s_2_conv"]


def test_a_second_sibling_of_one_name_ends_in_2() -> None:
    assert names(head("relu6 relu relu6 relu6")) == [
        "head_relu6", "head_relu", "head_relu6_2", "head_relu6_3",
    ]  # fmt: skip
    text = "block b { relu6 }\n" + head("b b")
    assert names(text) == ["head_b_relu6", "head_b_2_relu6"]


def test_appending_to_a_block_renames_nothing_before_it() -> None:
    before = names("block b { conv(8) relu6 }\n" + head("b b"))
    after = names("block b { conv(8) relu6 conv(8) relu6 }\n" + head("b b"))
    assert set(before) < set(after)


def test_forms_and_branches_add_no_part() -> None:
    text = head("skip { gate { if true { relu6 } } }")
    assert names(text) == ["head_relu6", "head_multiply", "head_add"]
    assert names(head("concat { relu6 } { relu6 }")) == [
        "head_relu6",
        "head_relu6_2",
        "head_concat",
    ]


def test_two_layers_of_one_name_are_an_error_that_names_both() -> None:
    (fault,) = errors("arch a { input head_relu6: 8 x 8 x 8 head { relu6 } }")
    assert fault.code == "layer_name"
    assert fault.related[0].span.text == "head_relu6"


def test_names_that_differ_in_case_only_are_one() -> None:
    assert codes("arch a { input HEAD_RELU6: 8 x 8 x 8 head { relu6 } }") == ["layer_name"]


def test_a_sibling_suffix_cannot_clash_with_a_name() -> None:
    text = "block b { relu6 }\nblock b_2 { relu6 }\n"
    assert codes(text + head("b b b_2")) == ["layer_name"]
    assert names(text + head("b b_2")) == ["head_b_relu6", "head_b_2_relu6"]


# --- bias ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "bias"),
    [
        ("conv(8)", True),
        ("conv(8) batchnorm", False),
        ("conv(8) relu6 batchnorm", True),
        ("conv(8, bias = true) batchnorm", True),
        ("conv(8, bias = false) relu6", False),
        ("conv(8) skip { batchnorm }", True),
        ("conv(8) concat { batchnorm } { batchnorm }", False),
        ("conv(8) identity batchnorm", False),
        ("dwconv(3x3) batchnorm", False),
        ("dwconv(3x3) relu6", True),
        ("conv_transpose(8, 3x3) batchnorm", False),
        ("conv(8) dropout batchnorm", True),
    ],
)
def test_bias_unless_a_batchnorm_directly_consumes_it(statements: str, bias: bool) -> None:
    assert operators(head(statements))[0].bias is bias


@pytest.mark.parametrize("place", ["head", "stage", "repeated stage"])
def test_calls_go_exactly_as_deep_as_the_bound(place: str) -> None:
    """What stands in a head or a stage is called at depth 0."""
    blocks = "".join(f"block b{n} {{ b{n + 1} }}\n" for n in range(5)) + "block b5 { relu6 }\n"
    text = (
        blocks
        + {
            "head": head("b0"),
            "stage": stage("", "b0").replace("()", ""),
            "repeated stage": stage("repeat = 2", "b0"),
        }[place]
    )
    assert not limited(text, call_depth=6).failed
    (error,) = [one for one in limited(text, call_depth=5).diagnostics if one.level == "error"]
    assert error.code == "limit"
    assert "more than 5 deep" in error.message
    assert error.help == "`--limit call_depth=N` changes the limit"


@pytest.mark.parametrize("opened", ["skip { ", "if true { ", "concat { relu6 } { "])
def test_every_pair_of_braces_is_one_deeper(opened: str) -> None:
    """Three pairs in a head: three deep, whatever they belong to."""
    text = head(f"conv(8) {opened * 3}conv(8){' }' * 3}")
    assert not limited(text, call_depth=3).failed
    (error,) = [one for one in limited(text, call_depth=2).diagnostics if one.level == "error"]
    assert "more than 2 deep" in error.message


def test_a_block_whose_parameters_cannot_be_read_is_not_called_wrongly() -> None:
    """What a call of it lacks is not known, so it is not said."""
    assert codes("block b(3x3, n) { conv(n) }\n" + head("b(k = 4)")) == ["syntax"]
