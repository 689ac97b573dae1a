"""What a network that compiles may not mean: `in` in a stage that repeats, widths that rounding
changed."""

from pathlib import Path

import pytest

from support.marked import head
from support.say import compilation
from support.strategies import shipped

OURS = ("repeated_in", "rounded_output", "rounded_width")
FAULT = Path(__file__).parents[3] / "shared" / "faults" / "in_of_a_repeat.arch"


def said(text: str) -> list[tuple[str, str]]:
    """The remarks on a spec that compiles: code and the text they stand at."""
    made = compilation(text)
    assert made.networks
    assert not made.failed
    return [
        (one.code, one.span.text) for one in made.diagnostics if one.code in OURS and one.span
    ]  # fmt: skip


def repeated(body: str, arguments: str = "channels = 40, repeat = 2", before: str = "") -> str:
    return (
        f"arch a {{ input i: 16 x 16 x 24 stage s({arguments}) {{ {body} }} }}\n"
        f"block inner(width) {{ conv(width) }}\n{before}"
    )


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ("inner(in.channels) conv", "in.channels"),
        ("conv(in.channels * 2) conv", "in.channels"),
        ("if in.channels == 24 { conv(8) } conv", "in.channels"),
        ("if true { conv(in.channels) } conv", "in.channels"),
        ("conv(max(in.channels, 32)) conv", "in.channels"),
        ("conv(kernel = 3x3, stride = 2) dwconv(in.size / 8)", "in.size"),
        ("conv(stride = 2) dwconv((in.height / 4) x 1)", "in.height"),
    ],
)
def test_in_of_a_stage_that_changes_from_repeat_to_repeat(body: str, where: str) -> None:
    assert said(repeated(body)) == [("repeated_in", where)]


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        ("inner(in.channels) conv", "channels = 40"),  # one repeat
        ("inner(in.channels) conv", "channels = 24, repeat = 2"),  # the same enters each repeat
        ("conv(max(in.channels, 64)) conv", "channels = 40, repeat = 2"),  # the same either way
        ("conv skip { conv(in.channels) }", "channels = 40, repeat = 2"),  # `in` of the skip
        ("gate { global_average_pool(keepdims = true) conv(in.channels) sigmoid } conv",
         "channels = 40, repeat = 2"),
        ("ir", "channels = 40, repeat = 2"),  # `in` of the block
        ("inner(48) conv", "channels = 40, repeat = 2"),
        ("conv(in.channels, groups = in.channels / 24) conv(40)", "repeat = 2"),
    ],
)  # fmt: skip
def test_in_that_is_the_same_or_is_that_of_other_braces(body: str, arguments: str) -> None:
    """The last one is not a network if `in` is what enters the repeat."""
    assert [code for code, _ in said(repeated(body, arguments)) if code == "repeated_in"] == []


def test_what_the_remedy_makes() -> None:
    """As a block it is the network that the other reading means, and nothing is said of it."""
    stage = repeated("widened", before="block widened(channels) { conv(in.channels * 2) conv }")
    stage = stage.replace("conv }\n", "conv(channels) }\n").replace(" conv }", " conv(channels) }")
    made = compilation(stage)
    assert not made.diagnostics
    (network,) = made.networks
    assert [node.shape[-1] for node in network.graph.nodes] == [24, 48, 40, 80, 40]


@pytest.mark.skipif(not FAULT.exists(), reason="the shared inputs are not here")
def test_the_fault_as_it_was_found() -> None:
    made = compilation(FAULT.read_text(encoding="utf-8"))
    assert [one.code for one in made.diagnostics] == ["repeated_in"]


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("conv(21)", [("rounded_output", "21")]),
        ("conv(21) global_average_pool sigmoid", [("rounded_output", "21")]),
        ("conv(21) batchnorm relu6 dropout(0.1) upsample(2)", [("rounded_output", "21")]),
        ("conv(21) dwconv(3x3)", [("rounded_output", "21")]),
        ("conv(7 * 3)", [("rounded_output", "7 * 3")]),
        ("conv_transpose(21, 2x2)", [("rounded_output", "21")]),
        ("ds(21)", [("rounded_output", "21")]),
        ("skip { conv(21) }", [("rounded_output", "21")]),
        ("conv(21) se", [("rounded_output", "21")]),
        ("conv(21) skip { conv(24) }", [("rounded_width", "21")]),
        ("conv(exact(21))", []),
        ("conv(24)", []),
        ("conv(64 * 0.35)", []),  # no whole number was asked for
        ("conv(21) conv(8)", [("rounded_width", "21")]),
        ("conv(21) relu6 conv(21)", [("rounded_output", "21"), ("rounded_width", "21")]),
        ("conv(60 * 0.3) conv(8)", []),
        ("conv(21) global_average_pool dense(3)", [("rounded_width", "21")]),
        ("ds(20) ds(8)", [("rounded_width", "20")]),
        ("conv(21) flatten", [("rounded_width", "21")]),
        ("concat { conv(21) } { conv(8) }", [("rounded_width", "21")]),
    ],
)
def test_widths_that_are_rounded(body: str, wanted: list[tuple[str, str]]) -> None:
    assert said(head(body)) == wanted


@pytest.mark.parametrize(
    ("arguments", "body", "wanted"),
    [
        ("channels = 20", "conv", [("rounded_output", "20")]),
        ("channels = 20", "conv(channels) relu6", [("rounded_output", "20")]),
        ("channels = 20", "ds", [("rounded_output", "20")]),
        ("channels = 20", "ds(channels)", [("rounded_output", "20")]),
        ("channels = 64 * 0.35", "conv", []),
        ("channels = 24", "conv(20) conv", [("rounded_width", "20")]),
        ("", "conv(24)", []),
        ("", "ds(20) ds(24)", [("rounded_width", "20")]),
    ],
)
def test_widths_of_a_stage_at_the_output(
    arguments: str, body: str, wanted: list[tuple[str, str]]
) -> None:
    stage = f"stage s({arguments})" if arguments else "stage s"
    assert said(f"arch a {{ input i: 8 x 8 x 8 {stage} {{ {body} }} }}") == wanted


def test_a_number_that_many_statements_use_is_said_once() -> None:
    text = "arch a(width = 20) { input i: 8 x 8 x 8 head { conv(width) conv(width) conv(8) } }"
    assert said(text) == [("rounded_width", "20")]


def test_what_is_said_at_the_output_names_the_remedy() -> None:
    made = compilation(head("conv(21)"))
    (one,) = made.diagnostics
    assert one.level == "warning"
    assert one.help is not None
    assert "exact(21)" in one.help
    assert said(head("conv(exact(21))")) == []


def test_a_variant_of_a_family_is_told_where_its_width_is_set() -> None:
    text = (
        "arch a(width = 24) { input i: 8 x 8 x 8 head { conv(width) relu6 conv(8) } }\n"
        "arch b = a(width = 20)\n"
    )
    assert said(text) == [("rounded_width", "20")]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_nothing_is_said_of_the_shipped_specs(path: Path) -> None:
    from archc.driver import Options, compile_spec
    from archc.files import Loader

    loader = Loader(str(path.parent))
    made = compile_spec(loader, loader.load(str(path)), Options())
    assert not [one for one in made.diagnostics if one.code in OURS]
