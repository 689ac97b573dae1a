"""Text to tree to AST."""

import re

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import Diagnostic, Rejected, reject
from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.build import Builder
from archc.syntax.grammar import driver
from archc.syntax.lalr import NotInLanguage
from archc.typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from archc.syntax.grouping import Draft

_SKIPPED_OR_BRACKET = r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|[][(){}]'


class Parsed(NamedTuple):
    """A file, and its syntax errors: with any of them, what could be read of it."""

    file: ast.File
    faults: tuple[Diagnostic, ...] = ()
    doubtful: frozenset[str] = frozenset()
    """Names that may be declared in what could not be read."""
    whole: bool = True
    """Whether these are all that may be."""
    unsure: tuple[tuple[int, int], ...] = ()
    """Declarations in which braces are missing or too many, so that their structure is a guess."""
    drafts: "tuple[tuple[int, Draft], ...]" = ()
    """Statements as other languages write them, by where they start."""


def read_file(source: Source, limits: Limits) -> Parsed:
    """The AST of a source file, with holes where its syntax is wrong.

    Raises:
        Rejected: the text nests too deeply, or has too long a list of parameters or arguments.
    """
    parsed: Parsed | None = source.read.get(limits)
    if parsed is None:
        parsed = source.read[limits] = _read(source, limits)
    return parsed


def _read(source: Source, limits: Limits) -> Parsed:
    check_nesting(source, limits)
    reader = driver()
    tokens = reader.scan(source.text)
    try:
        return Parsed(Builder(source, limits).file(reader.parse(tokens, "start")))
    except NotInLanguage:
        from archc.syntax.recovery import recover  # for errors alone

        found = recover(reader, source, tokens, "start", limits)
        builder = Builder(source, limits, found.guessed, found.tokens)
        file = builder.file(found.tree)
        faults = tuple(found.faults)
        return Parsed(
            file,
            faults,
            found.doubtful,
            builder.whole and found.whole,
            found.unsure,
            tuple(found.drafts.items()),
        )


def parse_file(source: Source, limits: Limits) -> ast.File:
    """The AST of a source file without errors.

    Raises:
        Rejected: the text is not in the language, nests too deeply, or has too long a list of
            parameters or arguments.
    """
    parsed = read_file(source, limits)
    if parsed.faults:
        raise Rejected(*parsed.faults)
    return parsed.file


def parse_expression(source: Source, limits: Limits, start: int = 0) -> ast.Expression:
    """The AST of a text that is one expression from ``start`` on, as in `--set NAME=VALUE`.

    Raises:
        Rejected: the text is not an expression.
    """
    text = source.text[start:]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):  # as most settings are: one token
        return ast.Number(text, Span(source, start, len(source.text)))
    check_nesting(source, limits)
    reader = driver()
    tokens = reader.scan(" " * start + text)
    try:
        tree = reader.parse(tokens, "expression")
    except NotInLanguage:
        from archc.syntax.recovery import first_fault

        raise Rejected(first_fault(reader, source, tokens, "expression", limits)) from None
    return Builder(source, limits).expression(tree.children[0])


def check_nesting(source: Source, limits: Limits) -> None:
    """Keep brackets to a depth that everything after can follow by recursion.

    Raises:
        Rejected: they nest more deeply than `limits.nesting`.
    """
    if sum(map(source.text.count, "([{")) <= limits.nesting:
        return  # as most have: however these stand
    depth = 0
    for match in re.finditer(_SKIPPED_OR_BRACKET, source.text):
        token = match.group()
        if token in "([{":
            depth += 1
            if depth > limits.nesting:
                raise reject(
                    LIMIT,
                    f"brackets nest more than {limits.nesting} deep",
                    Span(source, match.start(), match.end()),
                    help="move an inner part into a separate block; "
                    "`--limit nesting=N` changes the limit",
                )
        elif token in ")]}":
            depth = max(depth - 1, 0)
