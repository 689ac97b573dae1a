"""Named maps, several inputs and outputs, and the values that came with them."""

import pytest

from archc.ir.graph import Graph
from support.invariants import verify
from support.say import codes, compilation, network


def graph(body: str, before: str = "", parameters: str = "") -> Graph:
    """The network of `arch a { input image: 16x16x8 ... }`."""
    text = f"{before}\narch a{parameters} {{ input image: 16x16x8\n{body} }}"
    made = network(text).graph
    verify(made)
    return made


def wiring(made: Graph) -> dict[str, list[str]]:
    """What every layer reads."""
    return {node.name: [made.nodes[i].name for i in node.inputs] for node in made.nodes}


def test_a_name_standing_as_a_statement_is_that_map() -> None:
    made = graph("stage s { conv(8) as first relu6 } head { add { first } { conv(8) } }")
    assert wiring(made)["head_add"] == ["s_1_conv", "head_conv"]
    assert wiring(made)["head_conv"] == ["s_1_relu6"]


def test_stages_and_inputs_are_maps_by_their_names() -> None:
    made = graph("stage s { conv(8) } stage t { relu6 } head { concat { s } { image } { t } }")
    assert wiring(made)["head_concat"] == ["s_1_conv", "image", "t_1_relu6"]


def test_names_do_not_change_names_of_layers() -> None:
    named = graph("stage s { conv(8) as a relu6 as b add { a } { b } }")
    plain = graph("stage s { conv(8) skip { relu6 } }")
    assert [node.name for node in named.nodes] == [node.name for node in plain.nodes]


def test_a_block_by_the_name_of_a_stage_goes_first() -> None:
    """As in specs from before maps had names."""
    made = graph("stage ds(channels = 8) { ds } stage t(channels = 8) { ds }")
    assert sum(node.op.normalises for node in made.nodes if node.inputs) == 4


def test_a_parameter_by_the_name_of_a_stage_goes_first() -> None:
    made = graph("stage pool { conv(8) } head { pool }", parameters="(pool = relu6)")
    assert wiring(made)["head_relu6"] == ["pool_1_conv"]


def test_a_map_is_an_argument_like_any_value() -> None:
    text = "block join(other) { add { conv(other.channels) } { other } }"
    made = graph("stage s { conv(24) } stage t { relu6 join(s) }", text)
    assert wiring(made)["t_1_join_add"] == ["t_1_join_conv", "s_1_conv"]
    assert made.nodes[-1].shape == (16, 16, 24)


def test_of_a_stage_that_repeats_the_last_one_is_known_behind_it() -> None:
    made = graph(
        "stage s(repeat = 3) { conv(8) as c relu6 skip { conv(8) } add { c } { } }"
        " head { add { c } { } }"
    )
    assert wiring(made)["head_add"] == ["s_3_conv", "s_3_add_2"]


def test_each_branch_of_an_if_may_name_a_map_alike() -> None:
    text = "stage s { if deep { conv(8, 3x3) as c } else { conv(8) as c } relu6 }"
    text += " head { add { c } { } }"
    for deep in ("true", "false"):
        made = graph(text, parameters=f"(deep = {deep})")
        assert wiring(made)["head_add"] == ["s_1_conv", "s_1_relu6"]


def test_braces_that_begin_with_a_map_are_entered_by_it() -> None:
    made = graph("stage s { conv(8) } stage t(stride = 2) { conv(16) } head { concat { t }"
                 " { s conv(2 * in.channels, 1x1, 2) } }")  # fmt: skip
    assert [node.shape[-1] for node in made.nodes][-2:] == [16, 32]


def test_several_inputs_come_first_and_in_order() -> None:
    body = "input sound: 4x4x2 stage s { sound conv(8) global_average_pool }"
    body += " stage t { image conv(8) global_average_pool } head { concat { s } { t } }"
    made = graph(body)
    assert made.inputs == (0, 1)
    assert [made.nodes[index].name for index in made.inputs] == ["image", "sound"]
    assert wiring(made)["s_1_conv"] == ["sound"]


@pytest.mark.parametrize(
    ("begins", "reads"),
    [
        ("add { image } { sound }", ["image", "sound"]),
        ("add { sound relu6 } { image }", ["s_1_relu6", "image"]),
        ("concat { image } { add { sound } { image } }", ["image", "s_1_add"]),
    ],
)
def test_a_join_of_named_maps_says_what_it_reads(begins: str, reads: list[str]) -> None:
    made = graph(f"input sound: 16x16x8 stage s {{ {begins} conv(4) }} head {{ relu }}")
    join = made.nodes[made.nodes[-2].inputs[0]]
    assert [made.nodes[index].name for index in join.inputs] == reads


@pytest.mark.parametrize(
    "begins", ["add { image } { conv(8) }", "skip { image }", "add { image } { }", "conv(8)"]
)
def test_a_join_of_what_is_not_named_does_not(begins: str) -> None:
    stage = f"stage s {{ {begins} add {{ sound }} {{ image }} }}"
    text = f"arch a {{ input image: 8x8x8 input sound: 8x8x8 {stage} }}"
    assert "map" in codes(text)


def test_outputs_have_names_and_an_order() -> None:
    made = graph("stage s { conv(8) } output z { relu6 } output a { conv(exact(3)) } stage t {"
                 " relu6 } output m { conv(8) }")  # fmt: skip
    assert made.names == ("z", "a", "m")
    assert [made.nodes[index].name for index in made.ends] == ["z_relu6", "a_conv", "m_conv"]
    assert wiring(made)["t_1_relu6"] == ["s_1_conv"], "outputs leave what enters the next stage"


def test_a_convolution_that_is_an_output_too_keeps_its_bias() -> None:
    text = "stage s { conv(8) as raw batchnorm } output a { raw } output b { relu6 }"
    assert graph(text).nodes[1].op.bias is True  # type: ignore[attr-defined]
    normed = graph("stage s { conv(8) batchnorm }").nodes[1].op
    assert normed.bias is False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("expression", "channels"),
    [
        ("2 ** 3", 8),
        ("-2 ** 2 + 20", 16),
        ("[16, 24, 32][1]", 24),
        ("widths[2]", 48),
        ("24 if wide else 16", 24),
        ("16 if not wide else 32 if wide else 8", 32),
        ("image.channels * 2", 16),
        ("image.height", 16),
        ("2 ** 0 * 8", 8),
    ],
)
def test_values(expression: str, channels: int) -> None:
    made = graph(
        f"stage s {{ conv({expression}) }}", parameters="(wide = true, widths = [16, 24, 48])"
    )
    assert made.nodes[-1].shape[-1] == channels


def test_the_repeat_counts_from_0() -> None:
    made = graph("stage s(repeat = 3) { conv(8 * (repeat.index + 1) + 8 * repeat.count) }")
    assert [node.shape[-1] for node in made.nodes[1:]] == [32, 40, 48]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("stage s { conv(8) as a }", "map"),
        ("stage s { a conv(8) as a }", "map"),
        ("stage s { conv(8) as a relu6 as a add { a } { } }", "map"),
        ("stage s { add { conv(8) as a } { conv(8) } } head { add { a } { } }", "map"),
        ("stage s { conv(8) as a, b add { a } { b } }", "map"),
        ("stage s { conv(8) } head { image conv(8) }", "map"),
        ("stage s { conv(8) } head { add { s(8) } { } }", "map"),
        ("input b: 8 stage s { conv(8) }", "map"),
        ("input b: 8 stage s { image conv(8) }", "map"),
        ("output a { conv(8) } head { relu6 }", "structure"),
        ("output a { image }", "structure"),
        ("stage s { conv(8) } output a { s } output b { s }", "structure"),
        ("output a { conv(8) } output a { relu6 }", "duplicate_name"),
        ("stage a { conv(8) } output a { relu6 }", "duplicate_name"),
        ("stage s { conv(8) as image relu6 add { image } { } }", "map"),
        ("stage s { conv(8) as t relu6 add { t } { } } stage t { relu6 }", "map"),
        ("input image: 4 stage s { conv(8) }", "duplicate_name"),
        ("stage s { conv(repeat.index) }", "value"),
        ("stage s(channels = 8 * repeat.index) { conv }", "value"),
        ("stage s { conv(image.size) }", "value"),
        ("stage s { conv(image.depth) }", "unknown_name"),
        ("stage s { conv([8, 16][2]) }", "value"),
        ("stage s { conv([8, 16]) }", "value"),
        ("stage s { conv(8[0]) }", "value"),
        ("stage s { conv(2 ** 1000000) }", "limit"),
        ("stage s { conv(2 ** 0.5) }", "number"),
        ("stage s { conv(8 if 3 else 16) }", "value"),
    ],
)
def test_what_is_refused(body: str, code: str) -> None:
    assert code in codes(f"arch a {{ input image: 16x16x8\n{body} }}")


@pytest.mark.parametrize(
    ("declared", "given", "fits"),
    [
        ("0.5 in 0.25 .. 1 step 0.25", "0.75", True),
        ("0.5 in 0.25 .. 1 step 0.25", "0.7", False),
        ("0.5 in 0.25 .. 1 step 0.25", "1.25", False),
        ("1 in [1, 2, 4]", "4", True),
        ("1 in [1, 2, 4]", "3", False),
        ("1 in 1 .. 3 step 0", "1", False),
    ],
)
def test_steps_and_choices(declared: str, given: str, fits: bool) -> None:
    text = f"arch a(n = {declared}) {{ input i: 8x8x8 head {{ conv(16 * n) }} }}\n"
    text += f"arch b = a(n = {given})"
    assert compilation(text).failed is not fits


@pytest.mark.parametrize(
    ("given", "fits"),
    [("ir(expansion = 3)", True), ("ds", True), ("ir", False), ("ir(expansion = 2)", False)],
)
def test_choices_of_blocks(given: str, fits: bool) -> None:
    text = (
        "arch a(unit = ds in [ds, ir(expansion = 3)]) { input i: 8x8x8"
        f" stage s(channels = 8) {{ unit }} }}\narch b = a(unit = {given})"
    )
    assert compilation(text).failed is not fits


@pytest.mark.parametrize(
    ("given", "fits"),
    [("[ds, ir(expansion = 3)]", True), ("[ds, ir(expansion = 2)]", False), ("[ds]", False)],
)
def test_choices_of_lists_of_blocks(given: str, fits: bool) -> None:
    text = (
        "arch a(units = [ds, ds] in [[ds, ds], [ds, ir(expansion = 3)]]) { input i: 8x8x8"
        " stage s(channels = 8) { only(units[0]) only(units[1]) } }\n"
        "block only(unit, channels) { unit(channels) }\n"
        f"arch b = a(units = {given})"
    )
    assert compilation(text).failed is not fits


@pytest.mark.parametrize("word", ["output", "step"])
def test_words_that_are_names_elsewhere(word: str) -> None:
    """Specs from before they were keywords compile as they did."""
    text = (
        f"block {word}(step = 1, output = 8) {{ conv(output * step) relu6 }}\n"
        f"arch a({word} = 2) {{ input {word}: 8x8x8 stage {word} {{ {word}(step = 2) }}"
        " head { conv(8) } }"
    ).replace(f"arch a({word} = 2)", "arch a")
    assert network(text).manifest["language_version"] == "1.0"


@pytest.mark.parametrize(
    "body",
    [
        "stage s { conv(8) as a add { a } { } }",
        "output a { conv(8) }",
        "stage s { conv(8) } head { add { s } { conv(8) } }",
        "stage s { conv(8 * 2 ** 1) }",
        "stage s { conv(8 if true else 16) }",
        "stage s { conv([8, 16][0]) }",
        "stage s(repeat = 2) { conv(8 + 8 * repeat.index) }",
    ],
)
def test_what_is_new_raises_the_version(body: str) -> None:
    text = f"arch a {{ input image: 16x16x8\n{body} }}"
    assert network(text).manifest["language_version"] == "1.1"


@pytest.mark.parametrize(
    "statement",
    [
        *("conv(s)", "conv(8, s)", "conv(8, 3x3, stride = s)", "conv(8, bias = s)", "dense(i)"),
        *("ds(s)", "ir(8, expansion = i)", "conv(s * 2)", "conv(exact(i))", "conv(i x 3)"),
        *("dropout(s)", "upsample(i)", "conv([ds])", "max_pool([ds, ir])", "if s { relu6 }"),
        *("skip(shortcut = s) { conv(16) }", "conv(8, padding = i)", "conv(min(i, 3))"),
    ],
)
def test_a_map_or_a_list_where_another_value_is_due_is_an_error(statement: str) -> None:
    text = f"arch a {{ input i: 8x8x8 stage s {{ relu6 }} head {{ {statement} }} }}"
    assert codes(text) == ["value"]
