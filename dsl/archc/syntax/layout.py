"""The one layout of `.arch` text.

Indents are four spaces, lines 100 characters. What an author says with line breaks is kept: which
statements share a line, whether a body stands on one line (if it fits), single empty lines. Spaces
are not kept. A list in brackets goes on one line if it fits, else each item on its own; a comma
behind its last item asks for the latter. Comments stay where they are, and those at the ends of
neighbouring lines are aligned.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.lalr import END
from archc.syntax.parse import parse_file
from archc.syntax.pieces import (
    Group,
    Piece,
    Reader,
    breaks,
    first_token,
    last_kind,
    number,
    on_one_line,
    room_after,
    separator,
    written,
)
from archc.syntax.tokens import Comment, Token, tokens

WIDTH = 100
INDENT = 4


def lay_out(source: Source, limits: Limits) -> str:
    """The text of a source in the canonical layout. Formatting that again changes nothing.

    Raises:
        Rejected: the text is not in the language.
        AssertionError: the result would mean something else, a bug in this module.
    """
    before = parse_file(source, limits)
    text = _Printer().file(Reader(tokens(source)).file())
    after = parse_file(Source(source.name, text), limits)
    assert meaning(after) == meaning(before), "formatting would change the meaning"
    return text


def meaning(node: Any) -> Any:
    """A syntax tree without its places, as nested tuples that compare."""
    if isinstance(node, Span | Source):
        return None
    if isinstance(node, ast.Number):
        return number(node.text)
    if isinstance(node, tuple):
        return (type(node).__name__, *map(meaning, node))
    return node


class _Printer:
    """Writes pieces line by line."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str | None]] = []
        """Each with the comment at its end."""
        self._line = ""
        self._comment: str | None = None

    def file(self, declarations: list[list[Piece]]) -> str:
        """The text of a file; the last of its declarations is its end."""
        large = False
        for at, pieces in enumerate(declarations):
            first = first_token(pieces)
            was, large = large, _large(pieces)
            if first.kind == END:
                self._comments(first.leading, 0, apart=at > 0)
                break
            self._start(first, 0, apart=at > 0, always=was or large)
            self._emit(pieces, 0)
            self._end()
        lines = _aligned(self._lines)
        return "".join(f"{line}\n" for line in lines)

    # --- lines ----------------------------------------------------------------------------

    def _end(self) -> None:
        if self._line or self._comment:
            self._lines.append((self._line, self._comment))
        self._line, self._comment = "", None

    def _indent(self, indent: int) -> None:
        """End the line and start another."""
        self._end()
        self._line = " " * indent

    def _comments(self, comments: Sequence[Comment], indent: int, apart: bool) -> None:
        """Lines of comments. ``apart``: empty lines before the first are kept."""
        for at, comment in enumerate(comments):
            self._end()
            if comment.blank and (apart or at):
                self._lines.append(("", None))
            self._lines.append((" " * indent + comment.text, None))

    def _start(self, first: Token, indent: int, apart: bool, always: bool = False) -> None:
        """A line for a declaration or statement, its comments and empty lines before it."""
        self._end()
        if apart and always and not (first.leading[0].blank if first.leading else first.blank):
            self._lines.append(("", None))
        self._comments(first.leading, indent, apart)
        if first.blank and (apart or first.leading):
            self._lines.append(("", None))
        self._indent(indent)

    # --- pieces ---------------------------------------------------------------------------

    def _emit(self, pieces: Sequence[Piece], indent: int) -> None:
        flat = True
        for at, piece in enumerate(pieces):
            first = first_token([piece])
            if at == 0:
                pass
            elif first.leading or self._comment:
                level = last_kind(pieces[at - 1]) == "DOC" or first.kind == "_ELSE"
                deeper = indent if level else indent + INDENT
                self._end()
                self._comments(first.leading, deeper, apart=False)
                self._indent(deeper)
            elif last_kind(pieces[at - 1]) == "DOC":
                self._indent(indent)
            elif flat and breaks(pieces, at):
                self._indent(indent if first.kind == "_ELSE" else indent + INDENT)
            else:
                self._line += separator(pieces, at)
            if isinstance(piece, Token):
                self._line += written(piece)
                self._comment = piece.trailing
            else:
                flat = self._group(piece, indent, room_after(pieces, at + 1))

    def _group(self, group: Group, indent: int, tail: int) -> bool:
        """Write a list or body; whether on one line."""
        fits = group.flat is not None and len(self._line) + len(group.flat) + tail <= WIDTH
        if fits and group.flat is not None:
            self._line += group.flat
        else:
            self._line += group.open.text
            self._comment = group.open.trailing
            if group.body:
                self._statements(group, indent + INDENT)
            else:
                for item in group.items:
                    self._start(
                        first_token(item)._replace(blank=False), indent + INDENT, apart=False
                    )
                    self._emit(item, indent + INDENT)
                    if group.commas:
                        self._line += ","
            self._end()
            self._comments(group.close.leading, indent + INDENT, apart=bool(group.items))
            self._indent(indent)
            self._line += group.close.text
        self._comment = group.close.trailing
        return fits

    def _statements(self, group: Group, indent: int) -> None:
        before = -1
        for at, item in enumerate(group.items):
            first, text = first_token(item), on_one_line(item)
            joins = (
                at > 0
                and not (first.newline or first.leading or self._comment or group.members)
                and len(self._lines) == before  # the statement before it took one line
                and text is not None
                and len(self._line) + 1 + len(text) <= WIDTH
            )
            if joins:
                self._line += " "
            else:
                self._start(first, indent, apart=at > 0)
            before = len(self._lines)
            self._emit(item, indent)


def _large(pieces: Sequence[Piece]) -> bool:
    """Whether a declaration has a body or a doc string, so that empty lines set it apart."""
    return first_token(pieces).kind == "DOC" or last_kind(pieces[-1]) == "RBRACE"


def _aligned(lines: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    """Lines with their comments, those of neighbours that are indented alike in one column where
    that leaves them short enough."""
    at = 0
    while at < len(lines):
        run = at
        while run < len(lines) and lines[run][1] and _depth(lines[run]) == _depth(lines[at]):
            run += 1
        column = max((len(text) for text, _ in lines[at:run]), default=0)
        if any(column + 2 + len(comment or "") > WIDTH for _, comment in lines[at:run]):
            column = 0
        for text, comment in lines[at:run]:
            yield f"{text:<{column}}  {comment}"
        if run == at:
            yield lines[at][0]
            run += 1
        at = run


def _depth(line: tuple[str, str | None]) -> int:
    return len(line[0]) - len(line[0].lstrip())
