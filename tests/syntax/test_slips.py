"""Syntax errors: the place, what could stand there, and a word on every usual slip."""

import pytest

from archc.diagnostics.fixes import applied, chosen
from archc.diagnostics.model import Diagnostic, Rejected
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax import slips
from archc.syntax.parse import parse_expression, parse_file, read_file
from support.marked import head, unmark


def fault(text: str) -> Diagnostic:
    with pytest.raises(Rejected) as caught:
        parse_file(Source("spec.arch", text), DEFAULT_LIMITS)
    return caught.value.diagnostic


def said(source: Source) -> str:
    """What is said of a source; nothing if it is right."""
    try:
        parse_file(source, DEFAULT_LIMITS)
    except Rejected as rejected:
        return rejected.diagnostic.message
    return ""


CASES = {
    "colon": ("arch a { input i <<8>>x8x8 }", "a colon is missing", "write `input i: 8x8x8`"),
    "colon, require": ("arch a { require<<:>> macs <= 1 }", "has no colon", "remove the `:`"),
    "dashed_name": ("arch a { stage <<s-one>> { relu6 } }", "names have no `-`", "write `s_one`"),
    "bare_rounding": (
        "arch a { rounding <<divisor>> = 8 }",
        "arguments go in parentheses",
        "write `rounding(divisor = 8)`",
    ),
    "bare_rounding, number": ("arch a { rounding <<8>> }", "parentheses", "(divisor = 8)`"),
    "quoted": (head('conv(8, padding = <<"same">>)'), "without quotes", "write `same`"),
    "quoted, single": (head("conv(8, padding = <<'same'>>)"), "without quotes", "`same`"),
    "open_text": ('use <<">>lib.arch\n', "not closed on its line", 'close it with `"`'),
    "open_text, doc": ('<<">>""never', 'never closed with `"""`', "close it"),
    "open_text, single": ("use <<'>>lib.arch'", "double quotes", 'write `"..."`'),
    "typographic": (head("if 1 <<≤>> 2 { relu6 }"), "not a symbol of the language", "write `<=`"),
    "missing_bracket": (
        "arch a { input i: 1<<>>\n",
        "the `{` on line 1 is never closed",
        "add `}`",
    ),
    "missing_bracket, round": ("arch a(n = 1<<>>\n", "the `(` on line 1 is never", "add `)`"),
    "stray_bracket": ("arch a { input i: 1 } <<)>>", "this `)` closes nothing", "remove the `)`"),
    "stray_bracket, other": (head("conv(8 <<]>>"), "expected `)`, found `]`", "write `)`"),
    "decimal_point": (head("dropout(<<.>>5)"), "cannot start with a point", "write `0.5`"),
    "decimal_point, end": (head("dropout(1<<.>>)"), "cannot end in a point", "`1` or `1.0`"),
    "decimal_point, range": ("arch a(n = 1 in 1 ..<<.>> 2) {}", "two points", "LOW .. HIGH"),
    "underscore": (head("conv(1<<_000>>)"), "without underscores", "write `1000`"),
    "glued_size": (head("conv(8, 3<<xk>>)"), "`3xk` reads as a number", "write `3 x k`"),
    "glued_size, capital": (head("conv(8, 3<<X3>>)"), "small `x`", "write `3x3`"),
    "percent": (head("dropout(12.5<<%>>)"), "a share is a number", "write `0.125`"),
    "percent, operator": (head("conv(8 <<%>> 3)"), "no remainder operator", "floor(a / b)"),
    "unknown_unit": ("arch a { require params <= 3 <<T>> }", "`T` is not a unit", "KiB"),
    "unknown_unit, case": (
        "arch a { require params <= 3 <<K>> }",
        "`K` is not a unit",
        "write `3 k`",
    ),
    "unknown_unit, word": (
        "arch a { require macs <= 3 <<million>> }",
        "`million` is not a unit",
        "write `3 M`",
    ),
    "unknown_unit, byte": (
        "arch a { require weight_bytes <= 3 <<bytes>> }",
        "`bytes` is not a unit",
        "needs none: write `3`",
    ),
    "unknown_unit, bytes": ("arch a { require x_ <= 3 <<KB>> }", "not a unit", "`KiB` for 1,024"),
    "arrow": (head("conv(8) <<→>> relu6"), "without `→`", "remove the `→`"),
    "arrow, pipe": (head("conv(8) <<|>> relu6"), "without `|`", "remove the `|`"),
    "arrow, branches": (head("conv(8) <<||>> relu6"), "without `||`", "concat { ... } { ... }"),
    "logic": (head("if true <<||>> false { relu6 }"), "`||` is written as a word", "write `or`"),
    "comparison": (head("if 1 <<=>> 2 { relu6 }"), "compared with `==`", "write `==`"),
    "comparison, budget": ("arch a { require params <<=>> 3 }", "upper bound", "write `<=`"),
    "range_sign": ("arch a(n = 1 in 1 <<to>> 2) {}", "either side of `..`", "LOW .. HIGH"),
    "range_sign, one end": ("arch a(n = 1 in 1<<)>> {}", "two ends", "LOW .. HIGH"),
    "unnamed": ("arch a { stage <<{>> relu6 } }", "this stage has no name", "stage stem { ... }"),
    "unnamed, arch": ("arch <<{>>}", "this arch has no name", "arch NAME"),
    "unnamed, head": ("arch a { head <<top>> { relu6 } }", "the head has no name", "leave it out"),
    "dashed_target": (
        "arch a { target <<stm32n6570-dk>>\n }",
        "have no `-`",
        "board = dk",
    ),
    "unclosed_body": (
        "arch a {\n    stage s {\n        relu6\n    <<head>> { relu6 }\n}",
        "the `{` on line 2 is not closed before this `head`",
        "add `}`",
    ),
    "missing_body": ("arch a<<:>>\n", "not after a colon", "arch ... {"),
    "missing_body, stage": ("arch a { stage s(stride = 2) <<head>> { } }", "no body", "{ ... }"),
    "missing_body, if": (head("if true <<relu6>>"), "goes in braces", "{ relu6 ... }"),
    "loop": (head("<<for>> i in range(3): relu6"), "has no loops", "`stage NAME(repeat = N)"),
    "keyword_as_name": ("arch a { input <<input>>: 1 }", "is a word of the language", "`input_`"),
    "keyword_as_name, parameter": ("arch a(<<x>> = 1) {}", "is a word of the language", "`x_`"),
    "keyword_as_name, else": (head("relu6 <<else>> { }"), "follows no `if", "close the braces"),
    "other_language": ('<<import>> "a.arch"', "there is no `import`", 'use "FILE.arch"'),
    "use_without_quotes": ("use <<lib>>\n", "goes in quotes", 'write `use "lib.arch"`'),
    "no_condition": (head("<<if>> { relu6 }"), "has no condition", "if CONDITION"),
    "bare_argument": (head("conv <<8>>"), "go in parentheses", "write `conv(8)`"),
    "doubled": ("arch a { stage <<stage>> s { relu6 } input i: 1 }", "appears twice", "remove one"),
    "missing_keyword": (
        "arch a { <<s>>(channels = 8) { conv } }",
        "`stage` is missing before `s`",
        "write `stage NAME",
    ),
    "missing_keyword, braces": ("arch a { <<{>> relu6 } }", "belong to nothing", "`head { ... }`"),
    "value_before_sign": (head("conv(8, kernel <<3>> =)"), "follows the `=`", "`kernel = 3`"),
    "sign, twice": (head("conv(8,<<,>> 3x3)"), "one comma", "remove this one"),
    "outside": ("<<relu6>>", "are allowed at the top level of a file", "arch NAME { ... }"),
    "outside, after": ("arch a { } <<head>> { }", "outside any arch", "one too many"),
    "outside, misspelt": (
        "<<blok>> b { }",
        "are allowed at the top level of a file",
        "mean `block`",
    ),
    "not_a_member": ("arch a { <<relu6>> }", "allowed directly in an arch", "`stage stem { relu6"),
    "not_a_member, misspelt": ("arch a { <<stag>> s { } }", "allowed directly", "mean `stage`"),
    "not_a_member, block": (
        "arch a { <<block>> b { } }",
        "not allowed in an arch",
        "before or after",
    ),
    "sign": (head("relu6<<;>> relu6"), "need no separator", "remove the `;`"),
    "sign, comma": (head("relu6<<,>> relu6"), "need no separator", "remove the `,`"),
    "sign, input": ("arch a { input i <<=>> 1 }", "follows a colon", "write `:`"),
    "sign, argument": ("arch a(n <<:>> 1) {}", "is given with `=`", "write `=`"),
    "typed": ("arch a(n<<: int>> = 12) {}", "have no types", "leave `: int` out"),
    "typed, float": ("arch a(n<<: float>> = 1) {}", "have no types", "`= 10.0` any"),
    "tuple_size": (head("conv(8, kernel = <<(3, 5)>>)"), "written with `x`", "write `3x5`"),
    "missing_comma": (head("conv(8 <<3>>x3)"), "a comma is missing", "write `,`"),
    "missing_comma, or not": (head("conv(8 <<relu6>>"), "a comma or `)` is missing", "to end them"),
    "missing_parenthesis": ("arch a { stage s(stride = 2 <<{>> } }", "`)` is missing", "add `)`"),
    "assignment": (head("y <<=>> conv(8)"), "named behind", "leave the name out"),
    "called_twice": (head("conv(8)<<(>>y)"), "one list of arguments", "leave this out"),
    "brackets_as_parentheses": (head("conv<<[>>8]"), "go in parentheses", "write `conv(8)`"),
    "dotted": (head("nn<<.>>Conv2d(8)"), "names have no dots", "remove the `nn.`"),
    "sequence": (
        head("<<m = Sequential([>>conv(8), relu6])"),
        "not in a list",
        "leave `Sequential([...])`",
    ),
    "assigned": ("arch a { <<width>> = 3\ninput i: 1 }", "values are parameters", "alpha = 1.0"),
    "assigned, shape": (
        "<<input_shape>> = (49, 10, 1)\narch a { input i: 1 }",
        "declared in the arch",
        "write `input NAME: 49 x 10 x 1`",
    ),
    "missing_arch": (
        "arch a(n = 1) { input i: n }\n<<b>> = a(n = 2)\n",
        "`arch` is missing",
        "arch NAME = BASE",
    ),
    "shape_with_commas": (
        "arch a { input i: <<49, 10, 1>> head { relu6 } }",
        "written with `x`",
        "write `49 x 10 x 1`",
    ),
    "keyword_as_name, map": (head("relu6(<<x>>)"), "feature maps have no names", "remove the `x`"),
    "comment": ("<</>>/ a comment\narch a {}", "comments start with `#`", "write `#`"),
    "comment, within": (head("relu6 <</>>/ a comment\n"), "comments start", "write `#`"),
}


@pytest.mark.parametrize("name", CASES)
def test_slip(name: str) -> None:
    text, message, help = CASES[name]
    marked = unmark(text)
    found = fault(marked.text)
    assert found.code == "syntax"
    assert message in found.message
    assert found.span is not None
    assert (found.span.start, found.span.end) == (marked.start, marked.end)
    assert help in (found.help or "")
    for edit in found.edits:
        assert edit.span.source is found.span.source
    if found.edits:  # it fixes this fault: there is another one, further on, or none
        mended = Source("spec.arch", applied(found.span.source, [found]))
        assert found.message not in said(mended)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("head { conv(8) | batchnorm }", "head { conv(8) batchnorm }"),
        ("head { conv(8)->batchnorm }", "head { conv(8) batchnorm }"),
        ("head { conv(8) => batchnorm }", "head { conv(8) batchnorm }"),
        ("head { conv(8) && batchnorm }", "head { conv(8) batchnorm }"),
        ("head { if a | b { relu6 } }", "head { if a or b { relu6 } }"),
    ],
)
def test_a_fix_keeps_the_order_of_layers(wrong: str, right: str) -> None:
    found = fault(f"arch a {{ {wrong} }}")
    assert found.span is not None
    assert applied(found.span.source, [found]) == f"arch a {{ {right} }}"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("num_classes: int = 12", "num_classes = 12"),
        ("n : Optional[int] = 12", "n = 12"),
        ("n: int, m = 1", "n, m = 1"),
        ("alpha: float = 0.5", "alpha = 0.5"),
        ("alpha: float = 1", "alpha: float = 1"),  # without the type it would be a whole number
        ("unit: ds", "unit = ds"),
    ],
)
def test_a_type_behind_a_parameter_is_no_value(wrong: str, right: str) -> None:
    found = fault(f"arch a({wrong}) {{}}")
    assert found.span is not None
    assert applied(found.span.source, [found]) == f"arch a({right}) {{}}"


def test_every_row_has_its_place() -> None:
    from archc.syntax.slips.table import Row, _parts, rows

    assert set(rows()) == {one for one in slips.SLIPS if isinstance(one, str)}
    for row in (row for alike in rows().values() for row in alike):
        assert isinstance(row, Row)
        parts, at = _parts(row.tokens)
        assert "^" in parts[at].flags


def test_every_slip_has_a_case() -> None:
    assert {one if isinstance(one, str) else one.__name__ for one in slips.SLIPS} == {
        "empty",
        *(name.partition(",")[0] for name in CASES),
    }


def test_empty_expression() -> None:
    with pytest.raises(Rejected, match="a value is missing"):
        parse_expression(Source("<set>", "  "), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arch a <<b>>", "expected `=`, `{` or `(`, found `b`"),
        ("arch a { input i<<>>", "the `{` on line 1 is never closed"),
        (head("conv(<<)>>"), None),
        (head("conv(8 <<8>>)"), None),
        (head("if <<{>>"), None),
        ("<<@>>", None),
        (head("conv(8)<<$>>"), None),
    ],
)
def test_what_could_stand_there(text: str, message: str | None) -> None:
    marked = unmark(text)
    if message is None:
        try:
            found = fault(marked.text)
        except pytest.fail.Exception:
            return
        assert found.span is not None
        return
    found = fault(marked.text)
    assert found.message == message
    assert found.span is not None
    assert (found.span.start, found.span.end) == (marked.start, marked.end)


def test_messages_stay_short() -> None:
    found = fault(head("relu6") + "1" * 100_000)
    assert len(found.message) < 300


@pytest.mark.parametrize("text", ["", "1 2", "(", ")", "a =", "1 +", "conv(8) relu6", "#", '"a"'])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_expression(Source("<set>", text), DEFAULT_LIMITS)
    assert caught.value.diagnostic.code == "syntax"
    span = caught.value.diagnostic.span
    assert span is not None
    assert 0 <= span.start <= span.end <= len(text)


def test_brackets_in_texts_and_comments_do_not_nest() -> None:
    text = '"""' + "{" * 100 + '"""\n' + head("relu6 # " + "(" * 100 + "\n")
    assert parse_file(Source("spec.arch", text), DEFAULT_LIMITS)


def test_nesting_is_bounded_at_the_bracket_that_is_too_deep() -> None:
    limit = DEFAULT_LIMITS.nesting
    inside = "(" * (limit - 3) + "8" + ")" * (limit - 3)
    assert parse_file(Source("spec.arch", head(f"conv({inside})")), DEFAULT_LIMITS)
    found = fault(head(f"conv(({inside}))"))
    assert found.code == "limit"
    assert f"more than {limit} deep" in found.message


@pytest.mark.parametrize(
    ("body", "fixed"),
    [
        ("a = conv(8)(i)\n b = conv(16)(a)", True),  # a chain
        ("a = conv(8)(i)\n b = conv(16)(i)", False),  # two branches
    ],
)
def test_a_branch_is_not_put_behind_another(body: str, fixed: bool) -> None:
    """Names and arguments of layers are left out where each reads what the one before it made."""
    text = head("\n " + body + "\n ")
    for _ in range(4):
        source = Source("spec.arch", text)
        faults = read_file(source, DEFAULT_LIMITS).faults
        text = applied(source, chosen(faults, [source]))
    assert (text == head("\n conv(8)\n conv(16)\n ")) is fixed
    assert (text == source.text == head("\n " + body + "\n ")) is not fixed
