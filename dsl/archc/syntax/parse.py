"""Text to tree to AST."""

import re

from lark import Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.lexer import Token

from archc.diagnostics.codes import LIMIT, SYNTAX
from archc.diagnostics.model import Diagnostic, Edit, Label, Rejected, make, reject
from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.build import Builder
from archc.syntax.grammar import parser

_SKIPPED_OR_BRACKET = re.compile(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|[][(){}]')


def parse_file(source: Source, limits: Limits) -> ast.File:
    """The AST of a source file.

    Raises:
        Rejected: the text is not in the language, nests too deeply, or has too long a list of
            parameters or arguments.
    """
    tree = _parse(source, limits, "start")
    return Builder(source, limits).file(tree)


def parse_expression(source: Source, limits: Limits, start: int = 0) -> ast.Expression:
    """The AST of a text that is one expression from ``start`` on, as in `--set NAME=VALUE`.

    Raises:
        Rejected: the text is not an expression.
    """
    tree = _parse(source, limits, "expression", " " * start + source.text[start:])
    return Builder(source, limits).expression(tree.children[0])


def _parse(source: Source, limits: Limits, start: str, text: str | None = None) -> "Tree[Token]":
    check_nesting(source, limits)
    try:
        return parser().parse(source.text if text is None else text, start=start)
    except UnexpectedInput as error:
        raise Rejected(_explain(source, error)) from None


def check_nesting(source: Source, limits: Limits) -> None:
    """Hold brackets to a depth that everything after can follow by recursion.

    Raises:
        Rejected: they nest more deeply than `limits.nesting`.
    """
    depth = 0
    for match in _SKIPPED_OR_BRACKET.finditer(source.text):
        token = match.group()
        if token in "([{":
            depth += 1
            if depth > limits.nesting:
                raise reject(
                    LIMIT,
                    f"brackets nest more than {limits.nesting} deep",
                    Span(source, match.start(), match.end()),
                    help="give an inner part a name as a block of its own; "
                    "`--limit nesting=N` moves the bound",
                )
        elif token in ")]}":
            depth = max(depth - 1, 0)


def _before(span: Span, related: list[Label]) -> list[Label]:
    """The token before an error that stands on a later line: what is wrong may be behind it."""
    text = span.source.text[: span.start].rstrip()
    if text.endswith('"""') and text.count('"""') > 1:  # a doc string belongs to what follows
        text = text[: text.rindex('"""', 0, -3)]
    end = _end(text)
    word = re.search(r"(\w+|\S)$", span.source.text[:end][-64:])
    if word is None:
        return []
    before = Span(span.source, end - len(word.group()), end)
    if before.line == span.line or any(label.span.line == before.line for label in related):
        return []
    return [Label(before, "after this")]


def _end(text: str) -> int:
    """Where the last token of a text ends: trailing blanks and comments left out."""
    end = 0
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|[^\s#"]+|"', text):
        if not match.group().startswith("#"):
            end = match.end()
    return end


def _explain(source: Source, error: UnexpectedInput) -> Diagnostic:
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        start = error.token.start_pos or 0
        span = Span(source, start, start + len(error.token))
        expected = set(error.accepts or error.expected)
    elif isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        span = Span(source, at, at + 1)
        expected = set(error.allowed or ())
    else:
        assert isinstance(error, UnexpectedToken | UnexpectedEOF)
        end = _end(source.text)
        span = Span(source, end, end)
        expected = set(getattr(error, "accepts", None) or error.expected)
    from archc.syntax.slips import explain  # long, and of use for errors alone

    slip = explain(span, expected)
    span = Span(source, *slip.span) if slip.span is not None else span
    related = [Label(Span(source, low, high), text) for low, high, text in slip.related]
    return make(
        SYNTAX,
        slip.message,
        span,
        label=slip.label,
        related=[*related, *_before(span, related)],
        help=slip.help,
        notes=slip.notes,
        edits=[Edit(Span(source, low, high), text) for low, high, text in slip.edits],
    )
