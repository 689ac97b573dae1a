"""Archs: lookup, `use`, derived archs, what `--set` reaches, and the order of parts."""

from pathlib import Path

import pytest

import archc
from archc.api import ArchError
from support.marked import head
from support.say import codes, compilation, errors, names, network, operators, shapes


def spec(folder: Path, **files: str) -> Path:
    """Files of these texts; the path of the one called `spec`."""
    for name, text in files.items():
        (folder / f"{name}.arch").write_text(text)
    return folder / "spec.arch"


def layers(path: Path, **parameters: object) -> list[str]:
    rows = archc.compile_file(path, **parameters).manifest["layers"][1:]
    return [row["name"] for row in rows]


def faults(path: Path, **parameters: object) -> list[str]:
    with pytest.raises(ArchError) as caught:
        archc.compile_file(path, **parameters)
    return [found.code for found in caught.value.diagnostics if found.level == "error"]


# --- lookup --------------------------------------------------------------------------------------


def test_the_own_file_comes_first() -> None:
    assert names("block relu6 { tanh }\n" + head("relu6")) == ["head_relu6_tanh"]
    assert names("block se { tanh }\n" + head("se")) == ["head_se_tanh"]


def test_parameters_come_before_the_file() -> None:
    text = "block act { relu }\n" + head("act").replace("arch a", "arch a(act = tanh)")
    assert names(text) == ["head_tanh"]


def test_used_files_come_before_operators(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "lib.arch"\n' + head("relu6 se"),
                lib="block relu6 { tanh }\nblock se { swish }\n")  # fmt: skip
    assert layers(path) == ["head_relu6_tanh", "head_se_swish"]


def test_the_library_looks_names_up_in_itself() -> None:
    """A block of a spec changes no block of the library."""
    text = "block conv(channels) { tanh }\n" + head("ds(8)")
    assert [op.keyword for op in operators(text)][3] == "conv"


def test_a_name_in_two_used_files_is_an_error_where_it_is_used(tmp_path: Path) -> None:
    files = {"one": "block b { relu6 }\n", "two": "block b { relu }\n"}
    uses = 'use "one.arch"\nuse "two.arch"\n'
    assert layers(spec(tmp_path, spec=uses + head("tanh"), **files)) == ["head_tanh"]
    assert faults(spec(tmp_path, spec=uses + head("b"), **files)) == ["duplicate_name"]


def test_use_is_not_transitive(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "one.arch"\n' + head("b"), one='use "two.arch"\n',
                two="block b { relu6 }\n")  # fmt: skip
    assert faults(path) == ["unknown_name"]


def test_a_used_file_sees_what_it_uses(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "one.arch"\n' + head("c"),
                one='use "two.arch"\nblock c { b }\n', two="block b { relu6 }\n")  # fmt: skip
    assert layers(path) == ["head_c_b_relu6"]


def test_a_file_used_along_two_ways_is_one(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "one.arch"\nuse "two.arch"\n' + head("c d"),
                one='use "three.arch"\nblock c { b }\n', two='use "three.arch"\nblock d { b }\n',
                three="block b { relu6 }\n")  # fmt: skip
    assert layers(path) == ["head_c_b_relu6", "head_d_b_relu6"]


@pytest.mark.parametrize(("wrong", "right"), [("rely6", "relu6"), ("dwcnov", "dwconv"),
                                              ("bacthnorm", "batchnorm"),
                                              ("attention_pol", "attention_pool"),
                                              ("stem_blok", "stem_block")])  # fmt: skip
def test_the_nearest_name_is_proposed(wrong: str, right: str) -> None:
    text = "block stem_block { relu6 }\n" + head(wrong)
    assert errors(text)[0].help == f"did you mean `{right}`?"


# --- derived archs -------------------------------------------------------------------------------

FAMILY = """
arch base(alpha = 1.0 in 0.1 .. 4.0, n = 10, unit = ds) {
    input i: 8 x 8 x 8
    stage s(channels = 16 * alpha) { unit }
    head { global_average_pool dense(n) }
}
arch half = base(alpha = 0.5)
arch half_ir = half(unit = ir(expansion = 2))
"""


def test_a_derived_arch_binds_some_parameters() -> None:
    document = network(FAMILY, "half").manifest
    assert document["model"]["base"] == "base"
    assert document["model"]["parameters"] == {"alpha": "0.5", "n": "10", "unit": "ds"}
    assert shapes(FAMILY.split("arch half_ir")[0])[-3:] == ["8x8x8", "8", "10"]


def test_derived_archs_chain() -> None:
    document = network(FAMILY, "half_ir").manifest
    assert document["model"]["parameters"] == {
        "alpha": "0.5", "n": "10", "unit": "ir(expansion = 2)",
    }  # fmt: skip
    assert document["model"]["base"] == "half"


def test_what_is_bound_stays_bound() -> None:
    assert codes(FAMILY + "arch other = half(alpha = 2)") == ["arguments"]


def test_set_reaches_every_parameter_not_yet_bound(tmp_path: Path) -> None:
    path = spec(tmp_path, spec=FAMILY)
    made = archc.compile_file(path, arch="half", n=3, unit="ir(expansion = 1)")
    assert made.manifest["model"]["parameters"] == {
        "alpha": "0.5", "n": "3", "unit": "ir(expansion = 1)",
    }  # fmt: skip
    assert faults(path, arch="half", alpha=2) == ["arguments"]
    assert faults(path, arch="half", beta=2) == ["arguments"]
    assert faults(path, arch="half_ir", unit="ds") == ["arguments"]


def test_set_reaches_parameters_without_a_default() -> None:
    text = "arch a(n) { input i: 8 x 8 x 8 head { conv(n) } }"
    assert codes(text) == ["arguments"]
    assert shapes(text, n="16") == ["8x8x16"]


def test_defaults_use_what_is_set() -> None:
    text = "arch a(n = 8, m = n * 2) { input i: 8 x 8 x 8 head { conv(m) } }"
    assert shapes(text, n="16") == ["8x8x32"]


def test_set_takes_blocks_and_braces() -> None:
    text = "block mine { tanh }\narch a(f = identity) { input i: 8 x 8 x 8 head { relu6 f } }"
    assert names(text, f="mine")[1:] == ["head_mine_tanh"]
    assert names(text, f="{ swish relu }")[1:] == ["head_f_swish", "head_f_relu"]
    assert names(text, f="leaky_relu(0.2)")[1:] == ["head_leaky_relu"]


def test_a_derived_arch_inherits_budgets_targets_and_rounding() -> None:
    text = """
    arch a(n = 8) {
        target stm32n6
        rounding(divisor = 4)
        require params <= 144
        input i: 4 x 4 x 8
        head { conv(n) conv(8) }
    }
    arch b = a(n = 10)
    """
    made = compilation(text)
    assert [d.code for d in made.diagnostics if d.level == "error"] == [
        "stm32n6/channel_alignment", "budget",
    ]  # fmt: skip
    roomy = compilation(text.replace("144", "1 k").replace("divisor = 4", "divisor = 8"))
    assert not roomy.failed
    document = roomy.networks[1].manifest
    assert document["model"]["name"] == "b"
    assert document["target"]["name"] == "stm32n6"
    assert [budget["limit"] for budget in document["budgets"]] == [1000]


def test_a_derived_arch_in_another_file(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "base.arch"\narch mine = base(n = 3)\n', base=FAMILY)
    made = archc.compile_file(path)
    assert made.manifest["model"]["name"] == "mine"
    assert made.manifest["layers"][1]["source"]["file"] == "base.arch"


def test_arguments_of_a_derived_arch_see_their_own_file(tmp_path: Path) -> None:
    path = spec(tmp_path, base=FAMILY,
                spec='use "base.arch"\nblock mine(channels) { conv(channels) }\n'
                     "arch b = base(unit = mine)\n")  # fmt: skip
    assert layers(path)[0] == "s_1_mine_conv"


def test_an_arch_may_come_after_what_derives_from_it() -> None:
    assert network("arch b = a\n" + head("relu6"), "b").manifest["model"]["base"] == "a"


# --- parts ---------------------------------------------------------------------------------------


def test_docs_and_comments_change_nothing() -> None:
    plain = network(head("relu6"))
    text = '"""A doc."""\n# a comment\n' + head("relu6 # another\n").replace("x 8 x", "x\n8 x")
    assert network(text).graph.nodes[1].op == plain.graph.nodes[1].op


def test_layout_is_free() -> None:
    tight = "arch a{input i:8x8x8 head{conv(8,3x3)relu6 relu6}}"
    assert names(tight) == ["head_conv", "head_relu6", "head_relu6_2"]


def test_one_vector_input_is_fine() -> None:
    assert shapes("arch a { input i: 16 head { dense(3) } }") == ["3"]


def test_an_arch_without_stages_or_without_a_head_is_fine() -> None:
    assert names("arch a { input i: 8 x 8 x 8 stage s { relu6 } }") == ["s_1_relu6"]
    assert names(head("relu6")) == ["head_relu6"]


def test_declarations_may_stand_in_any_order() -> None:
    text = "arch a { head { relu6 } require params <= 0 input i: 8 x 8 x 8 rounding(divisor = 4) }"
    assert names(text) == ["head_relu6"]


def test_everything_a_network_reads_is_in_its_digest(tmp_path: Path) -> None:
    path = spec(tmp_path, spec='use "lib.arch"\n' + head("b"), lib="block b { relu6 }\n")
    first = archc.compile_file(path).manifest["model"]["source_digest"]
    (tmp_path / "lib.arch").write_text("block b { relu6 } # changed\n")
    assert archc.compile_file(path).manifest["model"]["source_digest"] != first
