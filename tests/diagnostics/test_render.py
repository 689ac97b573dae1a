"""Diagnostics as people and programs see them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archc.diagnostics.model import Diagnostic, Edit, Label, Level
from archc.diagnostics.render import render, render_json, summary
from archc.diagnostics.text import articled, cells, columns, printable
from archc.source import Source, Span


def at(text: str, part: str, name: str = "specs/x.arch", nth: int = 0) -> Span:
    """The span of the nth occurrence of a part, in a source of this text."""
    return within(Source(name, text), part, nth)


def within(source: Source, part: str, nth: int = 0) -> Span:
    start = -1
    for _ in range(nth + 1):
        start = source.text.index(part, start + 1)
    return Span(source, start, start + len(part))


def error(span: Span | None, label: str = "", **more: Any) -> Diagnostic:
    return Diagnostic("code", "error", "message", span, label)._replace(**more)


def body(diagnostic: Diagnostic) -> list[str]:
    return render(diagnostic, color=False).split("\n")


def test_articles_are_those_of_the_numbers() -> None:
    said = "a 8x8 pool in a 18x1 map, a 11 ms, a 3x3, a 110x1, a 1,800, a alpha, ha 8"
    assert articled(said) == (
        "an 8x8 pool in an 18x1 map, an 11 ms, a 3x3, a 110x1, a 1,800, a alpha, ha 8"
    )


def test_layout() -> None:
    source = Source(
        "specs/x.arch", "arch x {\n    input i: 8 x 8 x 1\n    stage s { konv(8) }\n}\n"
    )
    diagnostic = Diagnostic(
        "unknown_name",
        "error",
        "cannot find `konv`",
        within(source, "konv"),
        "not an operator",
        (Label(within(source, "stage"), "in this stage"), Label(within(source, "input"), "reads")),
        ("a note",),
        "did you mean `conv`?",
    )
    assert render(diagnostic, color=False) == (
        "error[unknown_name]: cannot find `konv`\n"
        " --> specs/x.arch:3:15\n"
        "  |\n"
        "2 |     input i: 8 x 8 x 1\n"
        "  |     ----- reads\n"
        "3 |     stage s { konv(8) }\n"
        "  |     -----     ^^^^ not an operator\n"
        "  |     |\n"
        "  |     in this stage\n"
        "  |\n"
        "  = note: a note\n"
        "  = help: did you mean `conv`?"
    )


def test_gutter_grows_with_the_line_number_and_gaps_are_marked() -> None:
    source = Source("x.arch", "a\n" * 120 + "b")
    lines = body(
        error(within(source, "b"), related=(Label(Span(source, 0, 1), "first"),), help="h")
    )
    assert lines[1:] == [
        "   --> x.arch:121:1",
        "    |",
        "  1 | a",
        "    | - first",
        "...",
        "121 | b",
        "    | ^",
        "    |",
        "    = help: h",
    ]


def test_another_file_gets_an_excerpt_of_its_own() -> None:
    other = Label(at("block ds {}", "ds", "std:ds.arch"), "declared here")
    lines = body(error(at("use ds", "ds"), related=(other,)))
    assert lines[-4:] == [
        " ::: std:ds.arch:1:7",
        "  |",
        "1 | block ds {}",
        "  |       -- declared here",
    ]


def test_without_a_place() -> None:
    assert body(error(None, notes=("n\nmore",), help="h")) == [
        "error[code]: message",
        " = note: n",
        "         more",
        " = help: h",
    ]


def test_end_of_input_gets_one_caret() -> None:
    source = Source("x.arch", "arch x {")
    assert body(error(Span(source, 8, 8), "expected `}`"))[-1] == "  |         ^ expected `}`"
    empty = Source("x.arch", "")
    assert body(error(Span(empty, 0, 0)))[-2:] == ["1 |", "  | ^"]


def test_spans_over_lines_show_the_first_and_if_short_the_last() -> None:
    source = Source("x.arch", "stage s {\n  a\n}\n")
    assert body(error(Span(source, 0, 16), "this"))[3:] == [
        "1 | stage s {",
        "  | ^^^^^^^^^",
        "2 |   a",
        "3 | }",
        "  | ^ this",
    ]
    long = Source("x.arch", "stage s {\n" + "  a\n" * 50 + "}")
    assert body(error(Span(long, 0, len(long.text)), "this"))[3:] == [
        "1 | stage s {",
        "  | ^^^^^^^^^ this",
    ]


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        ("\t", "    "),
        ("日本", "日本"),
        ("e\u0301", "e\u0301"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202e", "\\u{202e}"),
        ("\ud800", "\\u{d800}"),
        ("\u200d\U0001f600", "\\u{200d}\U0001f600"),
        ("\u0301", "\\u{301}"),
    ],
)
def test_carets_stay_under_the_span(before: str, shown: str) -> None:
    lines = body(error(at(before + "BAD", "BAD")))
    assert lines[3] == f"1 | {shown}BAD".rstrip()
    assert columns(lines[4]) == columns(lines[3])
    assert lines[4].endswith(" ^^^")


def test_a_combining_mark_alone_is_marked_on_its_base() -> None:
    lines = body(error(at("ae\u0301b", "\u0301")))
    assert lines[4] == "  |  ^"


def test_long_lines_are_windowed_around_the_span() -> None:
    for size in (90, 300, 100_000):
        text = "x" * size + " BAD " + "y" * size
        lines = body(error(at(text, "BAD"), "here"))
        shown, under = lines[3], lines[4]
        assert len(shown) <= 110
        assert shown[under.index("^") :].startswith("BAD")
        assert shown.startswith("1 | ...")
        assert shown.endswith("y...")
    start = body(error(at("BAD" + "x" * 5000, "BAD")))
    assert start[3].startswith("1 | BADx")
    assert start[4] == "  | ^^^"
    end = body(error(at("x" * 5000 + "BAD", "BAD")))
    assert end[3].endswith("xBAD")
    whole = body(error(at("x" * 5000, "x" * 5000), "all"))
    assert max(map(len, whole)) <= 110


def test_what_is_said_cannot_steer_the_terminal() -> None:
    evil = "\x1b]0;title\x07\r\u202e\n"
    span = Span(Source(evil, evil), 0, len(evil))
    diagnostic = Diagnostic("code", "error", evil, span, evil, (Label(span, evil),), (evil,), evil)
    text = render(diagnostic, color=False)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)


def test_colours() -> None:
    levels: tuple[Level, ...] = ("error", "warning", "note")
    heads = [render(error(None, level=level), color=True).split(":")[0] for level in levels]
    assert heads == [
        "\x1b[1;31merror[code]\x1b[0m\x1b[1m",
        "\x1b[1;33mwarning[code]\x1b[0m\x1b[1m",
        "\x1b[1;36mnote[code]\x1b[0m\x1b[1m",
    ]
    diagnostic = error(at("a BAD", "BAD"), "l", related=(Label(at("a BAD", "a"), "r"),), help="h")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", render(diagnostic, color=True))
    assert plain == render(diagnostic, color=False)


spans = st.tuples(st.text(max_size=300), st.integers(0, 400), st.integers(0, 400))


@given(st.lists(spans, min_size=1, max_size=4), st.text(), st.booleans())
def test_any_span_in_any_text_renders(
    places: list[tuple[str, int, int]], label: str, same: bool
) -> None:
    first = Source("x", places[0][0])
    marks = [
        Label(Span(first if same else Source("y", text), min(a, b), max(a, b)), label)
        for text, a, b in places
    ]
    diagnostic = error(marks[0].span, label, related=tuple(marks[1:]))
    for line in body(diagnostic):
        assert line.rstrip() == line or label
        assert all(ord(character) >= 32 for character in line)
    json.dumps(render_json(diagnostic))


@given(st.text())
def test_cells_agree_with_printable(text: str) -> None:
    assert len(cells(text)) == len(text)
    assert printable(text).isprintable() or " " in text or not text.isascii()


def test_json() -> None:
    span = at("arch x\n  bad\nend", "bad\nend")
    edits = (Edit(span, "good"),)
    diagnostic = error(span, "l", related=(Label(span, "r"),), notes=("n",), help="h", edits=edits)
    document = render_json(diagnostic)
    place = {"file": "specs/x.arch", "line": 2, "column": 3, "end_line": 3, "end_column": 4}
    assert document == {
        "code": "code",
        "level": "error",
        "message": "message",
        **place,
        "label": "l",
        "related": [{**place, "label": "r"}],
        "notes": ["n"],
        "help": "h",
        "edits": [{**place, "text": "good"}],
    }
    assert render_json(error(None))["line"] is None


def test_locate_names_the_file_as_it_can_be_opened() -> None:
    diagnostic = error(at("x", "x", name="x.arch"))

    def locate(source: Source) -> str:
        return f"specs/{source.name}"

    assert " --> specs/x.arch:1:1" in render(diagnostic, color=False, locate=locate)
    assert render_json(diagnostic, locate=locate)["file"] == "specs/x.arch"


def test_summary() -> None:
    levels: list[Level] = ["error", "note", "warning", "error"]
    assert summary([error(None, level=level) for level in levels]) == (
        "2 errors, 1 warning, 1 note"
    )
    assert summary([]) == ""


@given(st.integers(20, 120), st.lists(st.text("ab `-,", max_size=200), max_size=3))
def test_what_is_wrapped_stays_the_same_text(width: int, texts: list[str]) -> None:
    span = at("arch x { konv }", "konv")
    found = error(span, notes=tuple(texts), help=" ".join(texts) or None)
    shown = render(found, color=False, columns=width).split("\n")
    whole = render(found, color=False).split("\n")
    assert "".join(shown).replace(" ", "") == "".join(whole).replace(" ", "")
    words = [word for text in texts for word in text.split()]
    longest = max(map(len, words), default=0)
    assert all(len(line) <= max(width, 40 + 4, longest + 20) for line in shown)


def test_only_what_is_too_long_is_wrapped() -> None:
    found = error(at("arch x { konv }", "konv"), notes=("a note",))
    assert render(found, color=False, columns=80) == render(found, color=False)
    coloured = render(error(None)._replace(message="word " * 20), color=True, columns=80)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).count("\n") == 1
    assert all(line.endswith("\x1b[0m") for line in coloured.split("\n"))


@pytest.mark.parametrize("width", [44, 80])
def test_what_fits_exactly_is_shown_whole(width: int) -> None:
    """A line of source, and the label beside its mark, up to the terminal's last column."""
    for more in (0, 1):
        line = "x" * (width - len("1 | ") - 3 + more) + "BAD"
        shown = render(error(at(line, "BAD")), color=False, columns=width).split("\n")[3]
        assert (shown == f"1 | {line}") == (more == 0)
        label = "l" * (width - len("  | ^^^ ") + more)
        rows = render(error(at("BAD", "BAD"), label), color=False, columns=width).split("\n")[4:]
        assert (rows[0] == f"  | ^^^ {label}") == (more == 0)
    edge = error(at("x" * (width - len("1 | BAD")) + "BAD", "BAD"), "what hangs below")
    rows = render(edge, color=False, columns=width).split("\n")[4:]
    assert rows[-1].endswith(" what hangs below")
    assert max(map(len, rows)) == width
