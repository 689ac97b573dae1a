"""The grammar: no conflicts, no colliding terminals, and texts to trees as written."""

from contextlib import suppress
from functools import cache
from random import Random

import lark
import pytest
from hypothesis import given, settings
from lark import Lark

from archc.diagnostics.model import Rejected
from archc.limits import DEFAULT_LIMITS
from archc.source import Source
from archc.syntax import ast, grammar
from archc.syntax.grammar import keywords
from archc.syntax.lalr import NotInLanguage, Token, Tree
from archc.syntax.parse import parse_expression, parse_file
from support.mutations import mutations, texts
from support.printer import print_expression, print_file, strip
from support.strategies import ROOT, inlined, junk, shipped


@cache
def reader() -> Lark:
    """Lark itself, which the driver replaces."""
    return grammar.build(grammar.read_grammar())


def parsed(text: str) -> ast.Expression:
    return parse_expression(Source("<text>", text), DEFAULT_LIMITS)


def test_strict_mode_finds_no_collisions() -> None:
    """With `interegular` installed Lark compares every two terminals a state may meet."""
    pytest.importorskip("interegular")
    assert isinstance(grammar.build(grammar.read_grammar(), strict=True), Lark)


def same(theirs: object, ours: object) -> bool:
    """Whether a tree is Lark's, with every token and place."""
    if isinstance(theirs, lark.Token):
        place = (theirs.type, str(theirs), theirs.start_pos, theirs.end_pos)
        return isinstance(ours, Token) and place == (ours.kind, ours.text, ours.start, ours.end)
    assert isinstance(theirs, lark.Tree)
    if not isinstance(ours, Tree) or (theirs.data, len(theirs.children)) != (
        ours.data,
        len(ours.children),
    ):
        return False
    meta = theirs.meta
    place = ours.first == ours.last if meta.empty else (
        (meta.start_pos, meta.end_pos) == (ours.start, ours.end)
    )  # fmt: skip
    return place and all(map(same, theirs.children, ours.children))


def alike(text: str) -> bool:
    """Whether Lark and the driver read a text alike; says whether it is in the language."""
    theirs, ours = None, None
    with suppress(lark.exceptions.UnexpectedInput):
        theirs = reader().parse(text, start="start")
    with suppress(NotInLanguage):
        ours = grammar.driver().parse(grammar.driver().scan(text), "start")
    assert (theirs is None) == (ours is None), text
    assert theirs is None or same(theirs, ours), text
    return theirs is not None


def test_the_driver_reads_as_lark_does() -> None:
    """Trees of all specs, and of a few of their mutations, which are refused by both or neither."""
    assert all(alike(text) for _, text, _ in texts())
    for path in (ROOT / "dsl" / "archc" / "std").glob("*.arch"):
        assert alike(path.read_text(encoding="utf-8"))
    edited = Random(0).sample([one.text for one in mutations()], 150)
    accepted = sum(alike(text) for text in edited)
    assert 10 < accepted < 140


@given(junk())
@settings(max_examples=60)
def test_the_driver_refuses_what_lark_refuses(text: str) -> None:
    alike(text)


def test_keywords_are_those_of_the_design() -> None:
    words = "arch block use input target rounding stage head output require"
    words += " if else and or not in step as x"
    assert keywords() == frozenset(words.split())


def test_operators_and_forms_are_no_keywords() -> None:
    for name in ("conv", "skip", "gate", "concat", "add", "true", "same", "let", "xs", "x_", "inn",
                 "header", "iff", "in_channels", "archs", "X"):  # fmt: skip
        assert isinstance(parsed(name), ast.Reference)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a * b x c", "a * (b x c)"),
        ("3x3", "3 x 3"),
        ("3x3x8", "3 x 3 x 8"),
        ("h x w x 1", "(h) x (w) x (1)"),
        ("-a x b", "(-a) x b"),
        ("2 * -a", "2 * (-a)"),
        ("a - b - c", "a - b - c"),
        ("not a == b", "not (a == b)"),
        ("a or b and c", "a or (b and c)"),
        ("not a and b", "(not a) and b"),
        ("a + b < c * d", "(a + b) < (c * d)"),
        ("3 M x 2", "(3 M) x 2"),
        ("3x-1", "3 x (-1)"),
        ("f(1,)", "f(1)"),
        ("[a,]", "[a]"),
        ("in.channels", "(in.channels)"),
    ],
)
def test_precedence(text: str, same: str) -> None:
    assert strip(parsed(text)) == strip(parsed(same))


@pytest.mark.parametrize(
    "text",
    ["a + (b + c)", "(a + b) + c", "a - (b - c)", "(a x b) x c", "-(-a)", "not (not a)",
     "(a == b) == c", "f", "f()", "{ relu6 skip { relu } }", "{ if a { } else if b { } else { } }",
     "[ds, 1, { }]", "f(a, b = (1), c = { relu6 })", "1.50 k", "1e-3", "30 KiB", "30KiB"],
)  # fmt: skip
def test_printed_expressions_parse_to_themselves(text: str) -> None:
    tree = parsed(text)
    assert strip(parsed(print_expression(tree))) == strip(tree)


def test_references_with_empty_arguments_differ_from_those_without() -> None:
    assert strip(parsed("f")) != strip(parsed("f()"))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_shipped_specs_print_to_themselves(path: object) -> None:
    source = Source("spec.arch", inlined(path))  # type: ignore[arg-type]
    file = parse_file(source, DEFAULT_LIMITS)
    again = parse_file(Source("spec.arch", print_file(file)), DEFAULT_LIMITS)
    assert strip(again) == strip(file)


def test_every_node_spans_its_text() -> None:
    text = 'use "lib.arch"\n"""Doc."""\narch a(n = 1 in 0 .. 2 * 3) {\n  input i: 8 x n\n}\n'
    file = parse_file(Source("spec.arch", text), DEFAULT_LIMITS)
    (arch,) = file.archs
    assert isinstance(arch, ast.Arch)
    assert file.uses[0].span.text == 'use "lib.arch"'
    assert arch.doc == "Doc."
    assert arch.name.span.text == "a"
    assert arch.parameters[0].span.text == "n = 1 in 0 .. 2 * 3"
    assert arch.parameters[0].range is not None
    assert arch.parameters[0].range.high.span.text == "2 * 3"
    assert arch.members[0].span.text == "input i: 8 x n"
    assert arch.members[0].span.line == 4
    assert arch.members[0].span.source.position(arch.members[0].span.start)[1] == 3


def test_line_ends_are_one_thing() -> None:
    unix = parse_file(Source("a", "arch a {\n input i: 1\n}\n"), DEFAULT_LIMITS)
    for end in ("\r\n", "\r"):
        text = f"arch a {{{end} input i: 1{end}}}{end}"
        assert strip(parse_file(Source("a", text), DEFAULT_LIMITS)) == strip(unix)


@pytest.mark.parametrize("text", ["30 M", "30M", "1 KiB", "1.5 GB", "2 k"])
def test_units_belong_to_their_number(text: str) -> None:
    tree = parsed(text)
    assert isinstance(tree, ast.Number)
    assert tree.text == text


@pytest.mark.parametrize(
    "text", ["7", "0.32", "007", "1.50", "0.", "1k", "3 k", "12 7", "٣", "7\n"]
)
def test_a_number_alone_is_what_the_grammar_makes_of_it(text: str) -> None:
    def read(text: str) -> object:
        source = Source("<set>", f"a={text}")
        try:
            made = parse_expression(source, DEFAULT_LIMITS, 2)
        except Rejected:
            return None
        assert isinstance(made, ast.Number)
        return made.text, made.span.start, made.span.end

    assert read(text) == read(f"{text} ")  # which goes through the grammar
