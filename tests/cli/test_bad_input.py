"""Bad input of every kind: a diagnostic at its place, exit 1 (2 for usage), nothing written.

Where `<<...>>` stands in a text, the first error has to point at exactly that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from archc.cli import main
from archc.limits import DEFAULT_LIMITS
from support.marked import head, stage, unmark
from support.steps import Steps, counted

STEPS = 30_000_000
"""Calls that no case may take."""


class Run(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder, in which `out` holds what a good spec compiled to."""
    import gc

    monkeypatch.chdir(tmp_path)
    Path("good.arch").write_text("arch a { input i: 8 x 8 x 8 head { relu6 } }")
    Path("specs").mkdir()
    assert main(["good.arch", "-o", "out"]) == 0
    yield tmp_path
    gc.enable()  # the command is a process of its own and turns it off


@pytest.fixture
def archc(capsys: pytest.CaptureFixture[str]) -> Any:
    """The command, run in this process. Calls that are counted take three times as long."""
    capsys.readouterr()

    def run(*arguments: str, counts: bool = True, most: int = STEPS) -> Run:
        with counted() if counts else nullcontext(Steps()) as steps:
            code = main(list(arguments))
        assert steps.calls < most
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err + captured.out
        assert "internal error" not in captured.err
        return Run(code, captured.out, captured.err)

    return run


def contents(folder: str = "out") -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


CASES = {
    # syntax
    "empty file": ("", "no_arch"),
    "only blanks": (" \n\t\n", "no_arch"),
    "only a comment": ("# nothing\n", "no_arch"),
    "unclosed brace": ("arch a { input i: 8 x 8 x 8<<>>\n", "syntax"),
    "unclosed bracket": ("arch a { input i: 8 x 8 x 8 head { conv(8 <<}>> }", "syntax"),
    "stray brace": ("arch a { input i: 8 x 8 x 8 head { relu6 } } <<}>>", "syntax"),
    "separator": (head("relu6<<;>> relu6"), "syntax"),
    "unclosed doc": ('<<">>""never ends\narch a {}', "syntax"),
    "unclosed text": ('use <<">>lib.arch\narch a {}', "syntax"),
    "keyword as a name": ("arch <<stage>> { input i: 8 x 8 x 8 }", "syntax"),
    "number without a start": (head("dropout(<<.>>5)"), "syntax"),
    "number without an end": (head("dropout(1<<.>>)"), "syntax"),
    "number with underscore": (head("conv(1<<_000>>)"), "syntax"),
    "glued size": (stage("channels = 8", "conv(8, 3<<xk>>)"), "syntax"),
    "not a spec": ("#!/bin/sh\n<<echo>> hello\n", "syntax"),
    "statement in an arch": ("arch a { input i: 8 x 8 x 8 <<relu6>> }", "syntax"),
    # names
    "unknown operator": (head("<<conv2d>>(8)"), "unknown_name"),
    "unknown name in a value": (head("conv(<<alhpa>>)"), "unknown_name"),
    "unknown arch": ("arch a = <<b>>", "unknown_name"),
    "unknown feature": (head("conv(in.<<depth>>)"), "unknown_name"),
    "unknown quantity": (
        "arch a { require <<parms>> <= 3 input i: 8 x 8 x 8 head { relu6 } }",
        "unknown_name",
    ),
    "unknown target": ("arch a { target <<stm32>> input i: 8 x 8 x 8 head { relu6 } }", "target"),
    "unknown allow": (
        "arch a { target stm32n6(allow = [<<softmaxx>>]) input i: 8 x 8 x 8 head { relu6 } }",
        "target",
    ),
    "arch and block of one name": ("block a {}\narch <<a>> { input i: 1 head { relu6 } }",
                                   "duplicate_name"),
    "blocks that differ in case": ("block b {}\nblock <<B>> {}\n" + head("relu6"),
                                   "duplicate_name"),
    "archs that differ in case": (head("relu6") + head("relu6").replace("arch a", "arch <<A>>"),
                                  "duplicate_name"),
    "stages that differ in case": (
        "arch a { input i: 8 x 8 x 8 stage s { relu6 } stage <<S>> { relu6 } }",
        "duplicate_name",
    ),
    "parameter twice": ("arch a(n = 1, <<n>> = 2) { input i: 1 head { relu6 } }",
                        "duplicate_name"),
    "Python keyword as an arch": ("arch <<lambda>> { input i: 1 head { relu6 } }", "bad_name"),
    "Python keyword as a block": ("block <<class>> {}\n" + head("relu6"), "bad_name"),
    "Python keyword as a parameter": ("arch a(<<None>> = 1) { input i: 1 head { relu6 } }",
                                      "bad_name"),
    "Python keyword as a stage": ("arch a { input i: 1 stage <<def>> { relu6 } }", "bad_name"),
    "Python keyword as an input": ("arch a { input <<is>>: 1 head { relu6 } }", "bad_name"),
    "arch that hides keras": ("arch <<keras>> { input i: 1 head { relu6 } }", "bad_name"),
    "arch that is private": ("arch <<_a>> { input i: 1 head { relu6 } }", "bad_name"),
    "arch that is the registry": ("arch <<__init__>> { input i: 1 head { relu6 } }", "bad_name"),
    "arch that is a device": ("arch <<CON>> { input i: 1 head { relu6 } }", "bad_name"),
    "stage that TensorFlow refuses": ("arch a { input i: 1 stage <<_s>> { relu6 } }", "bad_name"),
    "input that TensorFlow refuses": ("arch a { input <<_i>>: 1 head { relu6 } }", "bad_name"),
    "input that conversion fails on": ("arch a { input <<self>>: 1 head { relu6 } }", "bad_name"),
    "block called as a form": ("block <<skip>> {}\n" + head("relu6"), "bad_name"),
    "long name": (f"arch <<{'a' * 49}>> {{ input i: 1 head {{ relu6 }} }}", "limit"),
    # arguments
    "missing argument": (head("<<conv>>"), "arguments"),
    "missing argument of a block": (head("<<ds>>"), "arguments"),
    "argument too many": (head("relu6(<<1>>)"), "arguments"),
    "unknown argument": (head("conv(8, <<kernal>> = 3x3)"), "arguments"),
    "argument twice": (head("conv(8, <<channels = 16>>)"), "arguments"),
    "positional after a name": (head("conv(channels = 8, <<3x3>>)"), "arguments"),
    "unknown parameter": ("arch b = a(<<alhpa>> = 1)\n" + head("relu6"), "arguments"),
    "positional parameter": ("arch b = a(<<1>>)\narch a(n = 1) { input i: 1 head { relu6 } }",
                             "arguments"),
    "parameter bound already": (
        "arch c = b(<<n>> = 3)\narch b = a(n = 2)\narch a(n = 1) { input i: 1 head { relu6 } }",
        "arguments",
    ),
    "parameter without a value": ("arch <<a>>(n) { input i: 1 head { relu6 } }", "arguments"),
    "kernel of one number": (head("conv(8, <<3>>)"), "value"),
    "kernel of three": (head("conv(8, <<3x3x3>>)"), "value"),
    "choice that is none": (head("conv(8, padding = <<nearest>>)"), "value"),
    "text as a number": (head("conv(<<same>>)"), "value"),
    "flag as a number": (head("conv(<<true>>)"), "value"),
    "number as a flag": (head("global_average_pool(<<1>>)"), "value"),
    "number as a block": ("arch a(f = 1) { input i: 8 x 8 x 8 head { <<f>> } }", "value"),
    "rate of one": (head("dropout(<<1>>)"), "value"),
    "negative width": (head("conv(<<-8>>)"), "value"),
    "width of nothing": (head("conv(<<0>>)"), "value"),
    "condition that is a number": (head("if <<1>> { relu6 }"), "value"),
    "byte unit on a width": (head("conv(<<8 KiB>>)"), "number"),
    "division by zero": (head("conv(8 / (<<1 - 1>>))"), "number"),
    "body for an operator": (head("relu6 <<{ relu6 }>>"), "bodies"),
    "skip without a body": (head("<<skip>>"), "bodies"),
    "gate with two bodies": (head("<<gate>> { relu6 } { relu6 }"), "bodies"),
    "concat of one": (head("<<concat>> { relu6 }"), "bodies"),
    # ranges and counts
    "out of range": ("arch b = a(n = <<5>>)\narch a(n = 1 in 1 .. 4) { input i: 1 head { relu6 } }",
                     "out_of_range"),
    "whole number wanted": (
        "arch b = a(n = <<1.5>>)\narch a(n = 1 in 1 .. 4) { input i: 1 head { relu6 } }",
        "out_of_range",
    ),
    "repeat that is not whole": (stage("repeat = <<1.5>>", "relu6"), "not_whole"),
    "repeat of nothing": (stage("repeat = <<0>>", "relu6"), "not_whole"),
    "repeat that is negative": (stage("repeat = <<-1>>", "relu6"), "not_whole"),
    "repeat that is a size": (stage("repeat = <<3x3>>", "relu6"), "value"),
    "exact width that is not whole": (head("conv(<<exact(1.5)>>)"), "not_whole"),
    "units that are not whole": (head("global_average_pool dense(<<1.5>>)"), "value"),
    "input of nothing": ("arch a { input i: <<0 x 8 x 8>> head { relu6 } }", "value"),
    "input of no number": ("arch a { input i: <<ds>> head { relu6 } }", "value"),
    "input of five axes": ("arch a { input i: <<1 x 1 x 1 x 1 x 1>> head { relu6 } }", "limit"),
    # shapes
    "window that does not fit": (head("<<conv>>(8, 9x9, padding = valid)"), "shape"),
    "map strided down to nothing": (head("max_pool(2x2) max_pool(2x2) max_pool(2x2) <<max_pool>>"
                                         "(2x2)"), "shape"),
    "convolution of a vector": (head("global_average_pool <<conv>>(8)"), "shape"),
    "dense on a map": (head("<<dense>>(3)"), "shape"),
    "sum of different shapes": (head("<<add>> { conv(8) } { conv(16) }"), "shape"),
    "concat of different maps": (head("<<concat>> { relu6 } { max_pool(2x2) }"), "shape"),
    "gate that would broadcast": (head("<<gate>> { global_average_pool }"), "shape"),
    "gate of one channel": (head("<<gate>> { conv(exact(1)) }"), "shape"),
    "required skip that is none": (head("<<skip>>(required = true) { conv(16) }"), "shape"),
    "shortcut that does not fit": (head("skip(shortcut = <<conv(24)>>) { conv(16) }"), "shape"),
    "groups that do not divide": (head("conv(8, groups = <<3>>)"), "shape"),
    "reshape to other values": (head("reshape(<<3 x 3>>)"), "shape"),
    "stage of other channels": (stage("channels = <<16>>", "relu6"), "stage_channels"),
    "stride that nothing takes": (stage("stride = <<2>>", "relu6"), "stride_unused"),
    # structure
    "no input": ("arch <<a>> { head { relu6 } }", "structure"),
    "two inputs": ("arch a { input i: 1 input j: 1 head { <<relu6>> } }", "map"),
    "two heads": ("arch a { input i: 1 head { relu6 } <<head { relu6 }>> }", "structure"),
    "stage after the head": ("arch a { input i: 1 head { relu6 } stage <<s>> { relu6 } }",
                             "structure"),
    "no operators": ("arch <<a>> { input i: 1 }", "structure"),
    "layers of one name": (
        "arch a { input s_1_relu6: 8 x 8 x 8 stage s { <<relu6>> } }",
        "layer_name",
    ),
    "budget": ("arch a { require <<params>> <= 0 input i: 1 head { dense(1) } }", "budget"),
    "budget from below": ("arch a { require <<params >= 0>> input i: 1 head { dense(1) } }",
                          "value"),
    "bytes for a count": ("arch a { require params <= <<3 KiB>> input i: 1 head { dense(1) } }",
                          "number"),
    # circles
    "block that calls itself": ("block b { <<b>> }\n" + head("b"), "recursion"),
    "blocks that call one another": ("block b { c }\nblock c { <<b>> }\n" + head("b"),
                                     "recursion"),
    "block that calls itself in a default": ("block b(f = <<b>>) { relu6 }\n" + head("b"),
                                             "recursion"),
    "arch from itself": ("arch a = <<a>>", "arch_cycle"),
    "archs from one another": ("arch a = b\narch b = <<a>>", "arch_cycle"),
    "block that calls its argument": ("block omega(f) { <<f>>(f) }\n" + head("omega(omega)"),
                                      "limit"),
    # bounds
    "huge exponent": (head("conv(<<1e300>>)"), "limit"),
    "absurd exponent": (head("conv(<<1e2000000>>)"), "limit"),
    "tiny exponent": (head("conv(<<1e-300>>)"), "limit"),
    "5,000 digits": (head(f"conv(<<{'7' * 5_000}>>)"), "limit"),
    "5,000 decimals": (head(f"conv(<<0.{'7' * 5_000}>>)"), "limit"),
    "eighteen squarings": (
        "arch a(b0 = 3" + "".join(f", b{i + 1} = b{i} * b{i}" for i in range(18))
        + ") { input i: 8 x 8 x 8 head { conv(b18) } }",
        "limit",
    ),
    "repeat of 10 G": (stage("repeat = <<10 G>>", "relu6"), "limit"),
    "ten thousand braces": ("arch a " + "{" * 64 + "<<{>>" + "{" * 10_000, "limit"),
    "ten thousand parentheses": (head("conv(" + "(" * 10_000 + "8" + ")" * 10_000 + ")"), "limit"),
    "twenty doubling blocks": (
        "".join(f"block b{i} {{ b{i + 1} b{i + 1} }}\n" for i in range(20))
        + "block b20 {}\n" + head("b0"),
        "limit",
    ),
    "blocks of nested skips": (
        "".join(f"block b{i} {{ {'skip { ' * 50}b{i + 1}{' }' * 50} }}\n" for i in range(40))
        + "block b40 { relu6 }\n" + head("b0"),
        "limit",
    ),
    "blocks of nested branches": (
        "".join(f"block b{i} {{ {'if true { ' * 50}b{i + 1}{' }' * 50} }}\n" for i in range(40))
        + "block b40 { relu6 }\n" + head("b0"),
        "limit",
    ),
    "too many operators": (head("relu6 " * 20_001), "limit"),
    "five million repeats of nothing": (
        "arch a { input i: 8 x 8 x 8 "
        + " ".join(f"stage s{i}(repeat = 1000) {{ identity }}" for i in range(5_000)) + " }",
        "limit",
    ),
    "axis beyond int32": (head("upsample(1000) upsample(1000) <<upsample>>(1000)"), "limit"),
    "channels beyond int32": (head("<<conv>>(3 G)"), "limit"),
    "thousands of unknown names": (head(" ".join(f"conv{i}" for i in range(5_000))),
                                   "unknown_name"),
    "names like thousands of others": (
        "".join(f"block b{i} {{ c{i} }}\n" for i in range(10_000)) + head("relu6"),
        "unknown_name",
    ),
    "comment that patterns could choke on": (f"#{'1.' * 200_000}\n<<3>>", "syntax"),
    "number that patterns could choke on": (head("dense(" + "1" * 200_000 + ") <<.>>"), "syntax"),
}  # fmt: skip


LONG = ("twenty doubling blocks", "five million repeats of nothing")
"""Take seconds to reach the limit of steps: it is a tenth for them, and so are the calls allowed.
Other cases of it are built as well as checked."""
TENTH = 10


@pytest.mark.parametrize("name", CASES)
def test_spec_is_refused(name: str, archc: Any) -> None:
    """Checked and built: the same first error, at its place, and the outputs as they were."""
    text, code = CASES[name]
    marked = unmark(text)
    Path("bad.arch").write_text(marked.text, encoding="utf-8")
    before = contents()

    if name in LONG:
        fewer = ("--limit", f"steps={DEFAULT_LIMITS.steps // TENTH}")
        done = archc("check", "bad.arch", "--format", "json", *fewer, most=STEPS // TENTH)
    else:
        done = archc("check", "bad.arch", "--format", "json")
    assert done.code == 1
    document = json.loads(done.out)
    errors = [found for found in document["diagnostics"] if found["level"] == "error"]
    first = errors[0]
    assert first["code"] == code, first["message"]
    if code not in ("no_arch",):
        assert first["file"] == "bad.arch"
        assert first["line"] is not None
    if marked.start is not None:
        assert (first["line"], first["column"]) == (marked.line, marked.column), first["message"]
        end = unmark(marked.text[: marked.end] + "<<>>")
        assert (first["end_line"], first["end_column"]) == (end.line, end.column)
    assert len(errors) <= 100
    assert len(first["message"]) < 400
    if code == "limit":
        assert "--limit " in (first["help"] or "") or "axes" in first["message"]
    if name in LONG:
        return

    done = archc("bad.arch", "-o", "out", counts=False)
    assert done.code == 1
    assert f"error[{code}]" in done.err
    assert done.out == ""
    assert contents() == before
    if code != "limit":  # those take long enough
        assert archc("bad.arch", "-o", "fresh", counts=False).code == 1
        assert not Path("fresh").exists()


def test_valid_specs_that_look_heavy(archc: Any) -> None:
    """What is long but has a meaning is compiled."""
    specs = {
        "sum": head(f"conv({'+'.join('1' * 1 for _ in range(5_000))})"),
        "condition": head(f"if {' and '.join(['true'] * 5_000)} {{ relu6 }}"),
        "branches": head("if false { relu6 } " + "else if false { relu6 } " * 3_000
                         + "else { relu }"),
        "chain": "".join(f"block b{i} {{ b{i + 1} }}\n" for i in range(10_000))
                 + "block b10000 { relu6 }\n" + head("b9990"),
        "bodies": head("add " + "{ relu6 } " * 500),
    }  # fmt: skip
    for name, text in specs.items():
        Path(f"{name}.arch").write_text(text)
        done = archc("check", f"{name}.arch")
        assert done.code == 0, done.err[:500]


def test_bounds_that_were_moved_far_still_hold(archc: Any) -> None:
    Path("deep.arch").write_text(head("conv(" + "(" * 3_000 + "8" + ")" * 3_000 + ")"))
    Path("calls.arch").write_text(
        "".join(f"block b{i} {{ b{i + 1} }}\n" for i in range(3_000))
        + "block b3000 { relu6 }\n" + head("b0")
    )  # fmt: skip
    for spec in ("deep.arch", "calls.arch"):
        moved = ("--limit", "nesting=100000", "--limit", "call_depth=100000")
        done = archc("check", spec, *moved)
        assert done.code == 1
        assert "error[limit]" in done.err


def test_limits_named_in_help_can_be_moved(archc: Any) -> None:
    Path("long.arch").write_text(head("relu6 " * 21))
    assert archc("check", "long.arch", "--limit", "operators=20").code == 1
    assert archc("check", "long.arch", "--limit", "operators=21").code == 0
    Path("digits.arch").write_text(head(f"conv({'0' * 70}8)"))
    assert archc("check", "digits.arch").code == 1
    assert archc("check", "digits.arch", "--limit", "digits=80").code == 0


# --- files -------------------------------------------------------------------------------------


def errors(done: Run) -> list[dict[str, Any]]:
    found = json.loads(done.out)["diagnostics"]
    return [diagnostic for diagnostic in found if diagnostic["level"] == "error"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01\x02", "file_binary"),
        (b"arch a { input i: 1 head { relu6 } } # \xe4\n", "file_not_utf8"),
        ("arch a {}".encode("utf-16"), "file_not_utf8"),
        (b"\x7fELF\x02\x01\x01" + bytes(64), "file_binary"),
        (b"#" * 1_048_577, "limit"),
    ],
    ids=["NUL", "latin-1", "UTF-16", "ELF", "too large"],
)
def test_file_that_is_no_text(data: bytes, code: str, archc: Any) -> None:
    Path("bad.arch").write_bytes(data)
    before = contents()
    done = archc("bad.arch", "-o", "out", "--format", "json")
    assert done.code == 1
    assert errors(done)[0]["code"] == code
    assert contents() == before


def test_utf8_with_a_byte_order_mark_is_text(archc: Any) -> None:
    Path("bom.arch").write_bytes(b"\xef\xbb\xbf" + head("relu6").encode())
    assert archc("check", "bom.arch").code == 0


def test_missing_file(archc: Any) -> None:
    done = archc("check", "nowhere.arch", "--format", "json")
    assert done.code == 1
    assert [found["code"] for found in errors(done)] == ["file_missing"]


def test_every_missing_file_is_named(archc: Any) -> None:
    done = archc("check", "one.arch", "two.arch", "good.arch")
    assert done.code == 1
    assert "one.arch" in done.err
    assert "two.arch" in done.err


@pytest.mark.parametrize(
    ("path", "code"),
    [("specs", "file_missing"), ("specs/", "file_missing"), ("/", "limit")],
)
def test_a_folder_without_specs_or_with_too_much(path: str, code: str, archc: Any) -> None:
    done = archc("check", path, "--format", "json")
    assert done.code == 1
    assert errors(done)[0]["code"] == code


def test_pipe_as_a_spec(archc: Any) -> None:
    os.mkfifo("pipe.arch")
    done = archc("check", "pipe.arch", "--format", "json")
    assert done.code == 1
    assert errors(done)[0]["code"] == "file_not_regular"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_file_that_may_not_be_read(archc: Any) -> None:
    Path("secret.arch").write_text(head("relu6"))
    Path("secret.arch").chmod(0)
    done = archc("check", "secret.arch", "--format", "json")
    assert errors(done)[0]["code"] == "file_unreadable"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../../etc/passwd", "use_outside"),
        ("../good.arch", "use_outside"),
        ("/etc/passwd", "use_path"),
        ("C:/x.arch", "use_path"),
        ("a\\b.arch", "use_path"),
        ("", "use_path"),
        ("nowhere.arch", "file_missing"),
        ("folder.arch", "file_not_regular"),
        ("link.arch", "use_outside"),
        ("binary.arch", "file_binary"),
        ("con.arch", "use_path"),
    ],
)
def test_use_of_what_may_not_be_read(path: str, code: str, archc: Any) -> None:
    spec = Path("specs/bad.arch")
    marked = unmark(f'# first line\n<<use "{path}">>\n{head("relu6")}')
    spec.write_text(marked.text)
    Path("specs/folder.arch").mkdir()
    Path("specs/link.arch").symlink_to("../good.arch")
    Path("specs/binary.arch").write_bytes(b"\x00")
    done = archc("specs/bad.arch", "-o", "out2", "--format", "json")
    assert done.code == 1
    first = errors(done)[0]
    assert first["code"] == code, first["message"]
    assert "root:" not in done.out
    if code != "file_binary":
        assert (first["line"], first["column"]) == (2, 1)
    assert not Path("out2").exists()


def test_use_circle(archc: Any) -> None:
    Path("one.arch").write_text('use "two.arch"\n' + head("relu6"))
    Path("two.arch").write_text('use "three.arch"\n')
    Path("three.arch").write_text('\nuse "two.arch"\n')
    Path("self.arch").write_text('use "self.arch"\n' + head("relu6"))
    first = errors(archc("check", "one.arch", "--format", "json"))[0]
    assert (first["code"], first["file"], first["line"]) == ("use_cycle", "three.arch", 2)
    first = errors(archc("check", "self.arch", "--format", "json"))[0]
    assert (first["code"], first["line"]) == ("use_cycle", 1)


def test_faults_of_a_used_file_stand_in_that_file(archc: Any) -> None:
    Path("lib.arch").write_text("block b(lambda = 1) { relu6 }\nblock b { relu6 }\n")
    Path("spec.arch").write_text('use "lib.arch"\n' + head("relu6"))
    found = errors(archc("check", "spec.arch", "--format", "json"))
    assert {(each["code"], each["file"]) for each in found} == {
        ("bad_name", "lib.arch"),
        ("duplicate_name", "lib.arch"),
    }


# --- outputs -----------------------------------------------------------------------------------


def test_foreign_file_in_the_way(archc: Any) -> None:
    Path("out/a.py").write_text("print('mine')\n")
    before = contents()
    done = archc("good.arch", "-o", "out", "--format", "json")
    assert done.code == 1
    assert [found["code"] for found in errors(done)] == ["output_foreign"]
    assert contents() == before


def test_folder_in_the_way(archc: Any) -> None:
    Path("out2/a.py").mkdir(parents=True)
    done = archc("good.arch", "-o", "out2", "--format", "json")
    assert done.code == 1
    assert contents("out2") == {}


def test_output_folder_that_is_a_file(archc: Any) -> None:
    Path("file").write_text("")
    for folder in ("file", "file/below"):
        done = archc("good.arch", "-o", folder, "--format", "json")
        assert done.code == 1
        assert errors(done)[0]["code"] in ("output_folder", "output_unwritable")
    assert Path("file").read_text() == ""


def test_output_folder_that_cannot_be_made(archc: Any) -> None:
    done = archc("good.arch", "-o", "/proc/nothing/here", "--format", "json")
    assert done.code == 1
    assert errors(done)[0]["code"] in ("output_folder", "output_unwritable")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_output_folder_that_may_not_be_written(archc: Any) -> None:
    Path("shut").mkdir(mode=0o500)
    done = archc("good.arch", "-o", "shut", "--format", "json")
    assert errors(done)[0]["code"] == "output_unwritable"


def test_one_bad_spec_among_good_ones_keeps_all_outputs(archc: Any) -> None:
    Path("bad.arch").write_text("arch b { input i: 8 x 8 x 8 head { nope } }")
    Path("good2.arch").write_text("arch c { input i: 8 x 8 x 8 head { relu } }")
    before = contents()
    assert archc("good2.arch", "bad.arch", "-o", "out").code == 1
    assert contents() == before


def test_two_specs_of_one_name(archc: Any) -> None:
    Path("again.arch").write_text("arch A { input i: 8 x 8 x 8 head { relu } }")
    before = contents()
    done = archc("good.arch", "again.arch", "-o", "out", "--format", "json")
    assert done.code == 1
    assert errors(done)[0]["code"] == "duplicate_name"
    assert contents() == before


def test_spec_given_twice_is_compiled_once(archc: Any) -> None:
    done = archc("good.arch", "./good.arch", "-o", "out", "--format", "json")
    assert done.code == 0
    assert json.loads(done.out)["networks"] == ["a"]


@pytest.mark.parametrize(
    "name", ["new\nline.arch", 'quo"te.arch', "it's.arch", "ünï中.arch", "spa ce.arch", "-d.arch",
             "esc\x1b[31m.arch", "#hash.arch", "{{ x }}.arch", "%s.arch", "\udce4.arch"]
)  # fmt: skip
def test_file_names_of_all_kinds(name: str, archc: Any) -> None:
    """They reach messages and headers escaped, and change nothing else."""
    Path(name).write_text(head("relu6"))
    given = f"./{name}"
    done = archc("build", given, "-o", "odd", "--validate")
    assert done.code == 0, done.err
    module = Path("odd/a.py").read_text(encoding="ascii")
    compile(module, "a.py", "exec")
    assert module.count("\n# source: ") == 1
    document = json.loads(Path("odd/a.manifest.json").read_text(encoding="utf-8"))
    assert document["model"]["source"] == name
    Path(name).write_text(head("nope"))
    done = archc("check", given)
    assert done.code == 1
    assert "\x1b" not in done.err
    assert done.err.split("\n")[1].startswith(" --> ") or "-->" in done.err


def test_texts_with_quotes_and_newlines(archc: Any) -> None:
    """Doc strings are free text; nothing of them reaches generated Python."""
    doc = "it's \"quoted\" \\\" {{ x }} \n# noqa\n'''import os\\N{BULLET}"
    Path("doc.arch").write_text(f'"""{doc}"""\n' + head("relu6"))
    assert archc("doc.arch", "-o", "doc").code == 0
    module = Path("doc/a.py").read_text()
    assert "import os" not in module
    assert "noqa" not in module


# --- usage -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("good.arch",),
        ("chekc", "good.arch"),
        ("check",),
        ("check", "good.arch", "--nope"),
        ("good.arch", "-o", "out", "--set", "n=1"),
        ("good.arch", "-o", "out", "--set", "n", "--name", "b"),
        ("check", "good.arch", "--limit", "digits"),
        ("check", "good.arch", "--limit", "digits=-1"),
        ("check", "good.arch", "--limit", "digits=9999999999999"),
        ("check", "good.arch", "--limit", "nothing=1"),
        ("check", "good.arch", "--format", "xml"),
        ("sweep", "good.arch", "alpha"),
    ],
    ids=" ".join,
)
def test_usage(arguments: tuple[str, ...], archc: Any) -> None:
    before = contents()
    done = archc(*arguments)
    assert done.code == 2
    assert done.err.startswith("archc: ")
    assert done.out == ""
    assert contents() == before


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("n=(", "syntax"),
        ("n=1 2", "syntax"),
        ("n=", None),
        ("n=nothing", "unknown_name"),
        ("m=1", "arguments"),
        ("1=1", "syntax"),
        ("n=99", "out_of_range"),
        ("n=1e300", "limit"),
        ("n=" + "(" * 1000, "limit"),
        ("n=\udcff", "syntax"),
        ("n=in.channels", "value"),
    ],
)
def test_settings(setting: str, code: str | None, archc: Any) -> None:
    Path("set.arch").write_text("arch s(n = 1 in 1 .. 9) { input i: 8 x 8 x 8 head { relu6 } }")
    done = archc("set.arch", "-o", "out", "--set", setting, "--name", "b", "--format", "json")
    if code is None:
        assert done.code == 2
        return
    assert done.code == 1
    first = errors(done)[0]
    assert first["code"] == code
    assert first["file"] == "<set>"
    assert not Path("out/b.py").exists()


@pytest.mark.parametrize("name", ["1b", "a b", "lambda", "keras", "_b", "b.c", "", "b\n", "é",
                                  "../b", "con", "b" * 49])  # fmt: skip
def test_names(name: str, archc: Any) -> None:
    before = contents()
    done = archc("good.arch", "-o", "out", "--name", name)
    assert done.code == 1
    assert "error[bad_name]" in done.err
    assert contents() == before


# --- as a process ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [head("nope"), "{" * 10_000, "\x00", head("conv(1e300)")])
def test_the_process_says_the_same(text: str) -> None:
    Path("bad.arch").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "archc", "bad.arch", "-o", "out"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error[")
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().endswith("1 error")


def test_spec_without_a_name_is_usage(archc: Any) -> None:
    assert archc("").code == 2
