"""Several errors in one text: each in its place, none that is not there, the rest checked."""

from typing import Any

import pytest

from archc.diagnostics.fixes import applied, chosen
from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.scope import Module
from archc.source import Source
from archc.syntax.parse import read_file
from support.checking import compiled


def found(text: str, limits: Limits = DEFAULT_LIMITS) -> list[Diagnostic]:
    """The errors of a text, in its order."""
    compilation = compile_spec(Loader(), Source("spec.arch", text), Options(limits=limits))
    return errors(compilation)


def errors(compilation: Compilation) -> list[Diagnostic]:
    wrong = [one for one in compilation.diagnostics if one.level == "error"]
    return sorted(wrong, key=lambda one: one.span.start if one.span else 0)


def fixed(text: str) -> str:
    """A text with all fixes made, as `archc check --fix` does."""
    for _ in range(9):
        source = Source("spec.arch", text)
        compilation = compile_spec(Loader(), source, Options())
        fixes = chosen(compilation.diagnostics, [source])
        if not fixes:
            break
        text = applied(source, fixes)
    return text


ARCH = """\
arch a(alpha = 1.0 in 0.1 .. 4.0, n = 10) {
    target stm32n6
    input image: 32x32x3
    stage s1(channels = 16 * alpha, stride = 2) { ds }
    stage s2(channels = 32 * alpha, stride = 2) { unit relu6 }
    head { global_average_pool dropout(0.5) dense(n) sigmoid }
}

block unit(channels, stride = 1) {
    skip { conv(channels, 3x3, stride) batchnorm }
}
"""

CASES = {
    "two signs": (
        [("n = 10", "n: 10"), ("dropout(0.5)", "dropout(.5)")],
        [(1, "given with `=`"), (6, "cannot start with a point")],
    ),
    "three words and signs": (
        [("stage s1", "stge s1"), ("(channels, 3x3", "(channels 3x3"), ("0.1 .. 4", "0.1, 4")],
        [(1, "either side of `..`"), (4, "directly in an arch"), (10, "a comma is missing")],
    ),
    "names behind a sign": (
        [("{ ds }", "{ dss }"), ("n = 10", "n == 10"), ("dense(n)", "dens(n)")],
        [(1, "one `=`"), (4, "is called `dss`"), (6, "is called `dens`")],
    ),
    "a brace of a stage and a value": (
        [("{ ds }", "{ ds"), ("dropout(0.5)", "dropout(0.5.)")],
        [(5, "is not closed before this `stage`"), (6, "expected `,` or `)`, found `.`")],
    ),
    "a brace too many and an argument": (
        [("{ ds }", "{ ds } }"), ("stride = 1", "stride == 1")],
        [(5, "outside any arch"), (9, "one `=`")],
    ),
    "a name of a block": (
        [("block unit(", "block ("), ("relu6 }", "rellu6 }")],
        [(5, "is called `rellu6`"), (9, "this block has no name")],
    ),
    "values beside a word": (
        [("input image", "input 3 image"), ("dropout(0.5)", "dropout(5)")],
        [(3, "this input has no name"), (6, "`rate` takes a number from 0")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_error_is_said_in_its_place(name: str) -> None:
    edits, wanted = CASES[name]
    text = ARCH
    for old, new in edits:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    said = found(text)
    assert [one.span.line for one in said if one.span] == [line for line, _ in wanted]
    for one, (_, message) in zip(said, wanted, strict=True):
        assert message in one.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("block unit(channels", "block unit[channels"),
        ("block unit(", "blok unit("),
        ("block unit(channels, stride = 1) {", "block unit(channels, stride = 1)"),
        ("block unit(channels, stride = 1)", "block (channels, stride = 1)"),
        ("block unit(channels, stride = 1)", "block unit(, stride = 1)"),
        ("block unit(channels, stride = 1)", "block unit(channels, 7 = 1)"),
        ("arch a(alpha = 1.0 in 0.1 .. 4.0", "arch a( = 1.0 in 0.1 .. 4.0"),
        ("arch a(alpha = 1.0 in 0.1 .. 4.0", "arch a(alpha 1.0 in .. 4.0"),
        ("arch a(alpha", "arch (alpha"),
        ("    input image: 32x32x3\n", "    input image 32x32x3\n"),
        ("    input image: 32x32x3\n", "    image: 32x32x3\n"),
        ("32 * alpha, stride = 2) {", "32 * alpha, stride = 2)"),
        ("stage s2", "s2"),
        ("skip {", "{"),
    ],
)  # fmt: skip
def test_one_error_brings_no_other(old: str, new: str) -> None:
    """What is declared in a broken part is not reported as unknown, nor what follows from it."""
    assert ARCH.count(old) == 1
    (one,) = found(ARCH.replace(old, new))
    assert one.code == "syntax"


def test_a_name_that_is_misspelt_is_told_from_one_that_could_not_be_read() -> None:
    text = ARCH.replace("block unit(", "block (").replace("alpha, stride = 2) { ds", "alpha) { dss")
    assert {one.code for one in found(text)} == {"syntax", "unknown_name"}


def test_a_used_file_with_errors_declares_what_it_can(tmp_path: Any) -> None:
    (tmp_path / "lib.arch").write_text("block one { conv(8 3x3) }\nblock two { relu6 ) }\n")
    spec = tmp_path / "spec.arch"
    spec.write_text(
        'use "lib.arch"\narch a {\n    input i: 8 x 8 x 8\n    head { one two three }\n}\n'
    )
    loader = Loader(str(tmp_path))
    said = errors(compile_spec(loader, loader.load(str(spec)), Options()))
    assert sorted((one.code, one.span.source.name) for one in said if one.span) == [
        ("syntax", "lib.arch"),
        ("syntax", "lib.arch"),
        ("unknown_name", "spec.arch"),
    ]


def test_the_number_of_errors_is_bounded_and_said() -> None:
    statements = "\n".join("    conv(8,, 3x3) batchnorm" for _ in range(300))
    text = f"arch a {{\n input i: 8 x 8 x 8\n stage s {{\n{statements}\n }}\n}}\n"
    said = found(text, DEFAULT_LIMITS._replace(errors=20))
    assert len(said) == 1
    assert said[0].notes == (
        "and in 16 more places",
        "reading stopped after the 20th error, the limit `errors`",
    )
    unlike = "\n".join(f"    conv(8 {n}) batchnorm" for n in range(300))
    text = f"arch a {{\n input i: 8 x 8 x 8\n stage s {{\n{unlike}\n }}\n}}\n"
    said = found(text, DEFAULT_LIMITS._replace(errors=20))
    assert len(said) == 20
    assert said[-1].notes[-1] == "no more than 20 errors are reported, the limit `errors`"


@pytest.mark.parametrize(
    "text",
    ["}" * 3_000, "arch " * 3_000, "= " * 3_000, '"' * 3_001, "stage s {\n" * 60, "$ " * 3_000,
     "arch a {" + " conv(8" * 3_000, "block b { if " + "{ } else if " * 1_000],
    ids=range(8),
)  # fmt: skip
def test_hostile_texts_are_read_to_their_end(text: str) -> None:
    assert found(text)


def test_no_tree_is_given_to_an_editor_where_syntax_is_wrong() -> None:
    assert not compiled("arch a { input i: 8 x 8 x 8 head { relu6; } }").modules


KERAS = """\
arch net {
    input image: 32 x 32 x 3
    stage stem {
        Conv2D(32, (3,3), padding="same", activation="relu");
        // downsample
        layers.MaxPooling2D((2,2))
        x = layers.Conv2D(64, 3, activation='relu')(x);
        layers.BatchNormalization()(x)
        Flatten();  // flat
        Dense(10, activation="softmax")
    }
}
"""


def test_a_draft_in_keras_style_gets_one_list() -> None:
    """A line an error, with the statement as it is here; a repeated sign once."""
    said = found(KERAS)
    writes = [(one.help or "").partition("write ")[2] for one in said]
    assert list(zip([one.span.line for one in said if one.span], writes, strict=True)) == [
        (4, "`conv(32, 3x3, padding = same) relu` (activations are separate statements)"),
        (4, ""),
        (5, "`#`"),
        (6, "`max_pool(2x2)`"),
        (7, "`conv(64, 3x3, padding = valid) relu` (activations are separate statements; "
            "`padding = valid` is its default there)"),
        (8, "`batchnorm()`"),
        (9, ""),
        (10, "`dense(10) softmax` (activations are separate statements)"),
    ]  # fmt: skip
    semicolons = said[1]
    assert [label.span.line for label in semicolons.related] == [7, 9]


def test_a_draft_in_keras_style_is_fixed_in_one_go() -> None:
    text = fixed(KERAS)
    assert (
        text
        == """\
arch net {
    input image: 32 x 32 x 3
    stage stem {
        conv(32, 3x3, padding = same) relu
        # downsample
        max_pool(2x2)
        conv(64, 3x3, padding = valid) relu
        batchnorm()
        flatten()  # flat
        dense(10) softmax
    }
}
"""
    )
    assert not compiled(text).failed


@pytest.mark.parametrize(
    ("statement", "ours"),
    [
        ("self.conv1 = nn.Conv2d(3, 32, 3)", "conv(32, 3x3, padding = valid)"),
        ("x = nn.MaxPool2d(2)(x)", "max_pool(2x2)"),
        ("tf.keras.layers.ReLU()(y)", "relu()"),
        ('y = keras.layers.Conv2D(8, (3, 5), padding="same")(x)', "conv(8, 3x5, padding = same)"),
        ('model.add(layers.Dense(10, activation="softmax"))', None),
        ("model = Sequential([conv(8), relu6, conv(16)])", "conv(8) relu6 conv(16)"),
        ("nn.Sequential([\n nn.Conv2d(3, 8, 1),\n nn.ReLU6(),\n])", "conv(8, 1x1)\n relu6()"),
    ],
)  # fmt: skip
def test_a_call_of_another_tool_becomes_ours(statement: str, ours: str | None) -> None:
    text = f"arch a {{\n    input i: 8 x 8 x 3\n    head {{\n        {statement}\n    }}\n}}\n"
    made = fixed(text)
    if ours is None:
        assert found(made)
        return
    assert " ".join(made.partition("head {")[2].split()) == " ".join(f"{ours} }} }}".split())


def test_statements_outside_of_a_body_are_read_as_ones() -> None:
    text = "input_shape = (8, 8, 3)\nConv2D(8, (3, 3));\n// more\nlayers.ReLU6()\nDense(10)\n"
    said = found(text)
    assert [(one.span.line, one.message) for one in said if one.span] == [
        (1, "the shape of the input is declared in the arch"),
        (2, "only `use`, `block` and `arch` are allowed at the top level of a file"),
        (2, "this call is written as in Python"),
        (2, "statements need no separator"),
        (3, "comments start with `#`"),
        (4, "this call is written as in Python"),
        (5, "no operator, block or parameter is called `Dense`"),
    ]


def test_names_are_listed_once_however_many_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked through for proposals grows with the text, not with its square."""
    listed = [0]
    callables = Module.callables

    def counted(self: Module) -> Any:
        for name in callables(self):
            listed[0] += 1
            yield name

    monkeypatch.setattr(Module, "callables", counted)
    counts = []
    for n in (1_000, 2_000):
        listed[0] = 0
        blocks = "".join(f"block b{i} {{ unknown_one }}\n" for i in range(n))
        assert len(found(f"{blocks}arch a {{ input i: 8 x 8 x 8 head {{ relu6 }} }}\n")) == 1
        counts.append(listed[0])
    assert counts[1] <= 2.2 * counts[0]


def test_a_fix_is_made_in_what_another_one_changed() -> None:
    """Two fixes in one word after another, and one around a comment."""
    text = 'arch a {\n input i: 8 x 8 x 8 head { conv(8,, 3X3) // it\'s "odd"\n relu6; } }\n'
    assert fixed(text) == (
        'arch a {\n input i: 8 x 8 x 8 head { conv(8, 3x3) # it\'s "odd"\n relu6 } }\n'
    )


def test_positions_of_values_that_were_fixed() -> None:
    source = Source("t", "arch a { input i: 8 x 8 x 8 head { conv(8, (3, 5)) } }")
    parsed = read_file(source, DEFAULT_LIMITS)
    assert len(parsed.faults) == 1
    head: Any = parsed.file.archs[0].members[1]  # type: ignore[union-attr]
    (kernel,) = [one.value for one in head.body.statements[0].arguments[1:]]
    assert kernel.span.text == "3x5"
    assert source.text[kernel.span.start : kernel.span.end] == "(3, 5)"
