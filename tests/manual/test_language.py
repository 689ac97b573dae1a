"""Sentences of the language page that no spec on it shows, each held to the compiler."""

import subprocess
import sys
from pathlib import Path

import pytest

from archc.manual.shown import compilation, networks

NETWORK = "arch a({parameters}) {{ {members} input i: 16x16x8 {body} }}"


def spec(body: str = "head { relu6 }", parameters: str = "", members: str = "") -> str:
    return NETWORK.format(parameters=parameters, members=members, body=body)


def when(condition: str) -> str:
    """A spec with a layer more where a condition holds."""
    return spec(f"head {{ relu6 if {condition} {{ sigmoid }} }}")


@pytest.mark.parametrize(
    "condition",
    [
        "3x3 == 3",
        "2 * 3x5 == 6x10",
        "3x5 + 1x1 == 4x6",
        "64 * 0.35 == 112 / 5",
        "1e-3 == 1 / 1000",
        "30 M == 30000000",
        "round(2.5) == 3 and round(-2.5) == -2",
        "min(4, 2, 3) == 2 and max(4) == 4",
        "ceil(3x5 / 2) == 2x3",
        "8 - 2 - 1 == 5 and 8 / 2 / 2 == 2",
        "2 * 3 x 2 == 6x4",
        "not 1 == 2 and true or false",
        "in.size == 16 and in.channels == 8",
        "1 <= 2",
        "-2 + 3 == 1",
        "true != false and 1 + 2 * 3 == 7",
    ],
)
def test_arithmetic(condition: str) -> None:
    (network,) = networks(when(condition))
    assert network.graph.nodes[-1].op.keyword == "sigmoid"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (when("1 < 2 < 3"), "syntax"),
        (when("1 / 0 == 1"), "number"),
        (when("1 KiB == 1024"), "number"),
        (when("3kx == 1"), "syntax"),
        (spec("head { conv(.5) }"), "syntax"),
        (spec("head { conv(1.) }"), "syntax"),
        (spec("head { conv(1_000) }"), "syntax"),
        (spec("head { conv(8, 3xk) }", "k = 3"), "syntax"),
        (spec("head { relu6 } stage s { relu6 }"), "structure"),
        (spec("head { relu6 } head { relu6 }"), "structure"),
        (spec("input j: 8x8x8 head { relu6 }"), "map"),
        (spec("output o { relu6 } head { relu6 }"), "structure"),
        (spec(""), "structure"),
        (spec("stage s { relu6 } stage S { relu6 }"), "duplicate_name"),
        (spec() + " block b { relu6 } block B { relu6 }", "duplicate_name"),
        (spec(parameters="n = 1, N = 2"), "duplicate_name"),
        (spec() + " block skip { relu6 }", "bad_name"),
        (spec() + " block max { relu6 }", "bad_name"),
        (spec("stage s(channels = 8) { conv(16) }"), "stage_channels"),
        (spec("stage s(stride = 2) { max_pool(2x2) }"), "stride_unused"),
        (spec("stage s(repeat = 1.5) { relu6 }"), "not_whole"),
        (spec("head { global_average_pool dense(2.5) }"), "value"),
        (spec("head { skip(required = true) { conv(16) } }"), "shape"),
        (spec("head { add { conv(8) } }"), "bodies"),
        (spec("head { b }") + " block b { b }", "recursion"),
        (spec("head { relu6 }", "n = 2 in 3 .. 4"), "out_of_range"),
        (spec("head { b(5) }") + " block b(n = 2 in 1 .. 4) { relu6 }", "out_of_range"),
        (spec("head { conv }"), "arguments"),
        (spec("head { exact }"), "unknown_name"),
        (spec(members="require macs >= 3"), "value"),
        (spec(members="require macs <= 3 KiB"), "number"),
        (spec(members="target stm32n7"), "target"),
        (spec() + " arch b = a(n = 3)", "arguments"),
        (spec(parameters="n = 1") + " arch b = a(n = 2) arch c = b(n = 3)", "arguments"),
        ('use "../out.arch" ' + spec(), "use_outside"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    found = {one.code for one in compilation(text).diagnostics if one.level == "error"}
    assert code in found, found


@pytest.mark.parametrize(
    "text",
    [
        spec("head { relu6 }", "n = 3 in 3 .. 4"),
        spec("head { relu6 }", "n = 2, m = n * 2"),
        "arch v { input i: 64 head { dense(10) sigmoid } }",
        "block b { relu6 } arch a { input i: 8x8x8 head { b conv_2 } } block conv_2 { relu }",
        spec("head { conv(8) }") + " block conv(n) { relu6 }",
        spec("head { ds(8) }") + " block ds(n) { relu6 }",
        spec("stage s(channels = 16) { if in.height > 8 { conv } else { conv(8) conv } }"),
        spec("stage s { relu6 relu6 }"),
        spec(members="rounding(divisor = 4)", body="head { conv(12) }"),
        spec(members="require macs <= 2 * 3, params <= 0"),
    ],
)
def test_what_is_taken(text: str) -> None:
    networks(text)


def test_a_repeat_is_the_braces_written_so_often() -> None:
    once = spec("stage s(channels = 16, stride = 2, repeat = 3) { ds relu6 }")
    thrice = spec("stage s(channels = 16, stride = 2) { ds relu6 ds relu6 ds relu6 }")
    first, second = (networks(text)[0].graph.nodes for text in (once, thrice))
    assert [(n.op, n.shape, n.inputs) for n in first] == [(n.op, n.shape, n.inputs) for n in second]
    assert [n.name for n in first] != [n.name for n in second]


def test_appending_to_a_block_renames_nothing() -> None:
    short = [n.name for n in networks(spec("head { ds(8) ds(8) }"))[0].graph.nodes]
    longer = [n.name for n in networks(spec("head { ds(8) ds(8) ds(8) relu6 }"))[0].graph.nodes]
    assert longer[: len(short)] == short
    assert "head_ds_2_dwconv" in short


def test_a_stage_may_keep_a_width_exact() -> None:
    (network,) = networks(spec("stage s(channels = exact(12)) { conv }"))
    assert network.graph.nodes[-1].shape == (16, 16, 12)


def test_a_compile_imports_nothing_of_the_manual(tmp_path: Path) -> None:
    (tmp_path / "a.arch").write_text(spec())
    program = (
        "import sys; from archc.cli import main; assert main(['a.arch', '-o', 'out']) == 0\n"
        "names = ('archc.manual', 'archc.highlight', 'archc.vocabulary',\n"
        "         'archc.cli.verbs.manual', 'archc.cli.verbs.completion', 'pygments', 'shtab')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
