"""Syntax errors: the place, what could stand there, and a word on every usual slip."""

import pytest

from archc.diagnostics.model import Diagnostic, Rejected
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax import slips
from archc.syntax.parse import parse_expression, parse_file
from support.marked import head, unmark


def fault(text: str) -> Diagnostic:
    with pytest.raises(Rejected) as caught:
        parse_file(Source("spec.arch", text), DEFAULT_LIMITS)
    return caught.value.diagnostic


CASES = {
    "open_text": ('use <<">>lib.arch\n', "not closed on its line", None),
    "open_text, doc": ('<<">>""never', 'never closed with `"""`', None),
    "open_text, single": ("use <<'>>lib.arch'", "double quotes", 'write `"..."`'),
    "missing_bracket": ("arch a { input i: 1<<>>\n", "the `{` on line 1 is never closed", None),
    "missing_bracket, round": ("arch a(n = 1<<>>\n", "the `(` on line 1 is never closed", None),
    "stray_bracket": ("arch a { input i: 1 } <<)>>", "this `)` closes nothing", None),
    "stray_bracket, other": (head("conv(8 <<]>>"), "expected `)`, found `]`", None),
    "decimal_point": (head("dropout(<<.>>5)"), "cannot start with a point", "write `0.5`"),
    "decimal_point, end": (head("dropout(1<<.>>)"), "cannot end in a point", "`1` or `1.0`"),
    "underscore": (head("conv(1<<_000>>)"), "without underscores", "write `1000`"),
    "glued_size": (head("conv(8, 3<<xk>>)"), "`3xk` reads as a number", "write `3 x k`"),
    "unknown_unit": ("arch a { require params <= 3 <<T>> }", "`T` is not a unit", "KiB"),
    "keyword_as_name": ("arch a { input <<input>>: 1 }", "is a word of the language", "`input_`"),
    "keyword_as_name, parameter": ("arch a(<<x>> = 1) {}", "is a word of the language", "`x_`"),
    "not_a_member": ("arch a { <<relu6>> }", "stand directly in an arch", "`stage stem { relu6"),
    "not_a_member, misspelt": ("arch a { <<stag>> s { } }", "stand directly", "mean `stage`"),
    "not_a_member, block": ("arch a { <<block>> b { } }", "stand directly", "before or after"),
    "wrong_separator": (head("relu6<<;>> relu6"), "need no separator", "leave the `;` out"),
    "wrong_separator, comma": (head("relu6<<,>> relu6"), "need no separator", "leave the `,` out"),
    "wrong_separator, input": ("arch a { input i <<=>> 1 }", "follows a colon", "write `:`"),
    "wrong_separator, argument": ("arch a(n <<:>> 1) {}", "is given with `=`", "write `=`"),
    "wrong_separator, power": (head("conv(2*<<*>>3)"), "no power operator", "`a * a`"),
    "python_comment": ("<</>>/ a comment\narch a {}", "comments start with `#`", None),
    "python_comment, within": (head("relu6 <</>>/ a comment\n"), "comments start with `#`", None),
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
    if help is None:
        assert found.help is None
    else:
        assert help in (found.help or "")


def test_every_slip_has_a_case() -> None:
    assert {function.__name__ for function in slips._SLIPS} == {
        "empty",
        *(name.partition(",")[0] for name in CASES),
    }


def test_empty_expression() -> None:
    with pytest.raises(Rejected, match="a value is missing"):
        parse_expression(Source("<set>", "  "), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("arch <<{>>}", "expected a name, found `{`"),
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


def test_only_the_first_syntax_error_is_reported() -> None:
    found = fault("arch { } block ; use use\n")
    assert found.span is not None
    assert found.span.start == 5


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
