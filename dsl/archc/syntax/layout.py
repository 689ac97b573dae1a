"""The one layout of `.arch` text.

Indents are four spaces, lines 100 characters. What an author says with line breaks is kept: which
statements share a line, whether a body stands on one line (if it fits), single empty lines. Spaces
are not kept. A list in brackets goes on one line if it fits, else each item on its own; a comma
behind its last item asks for the latter. Comments stay where they are, and those at the ends of
neighbouring lines are aligned.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from archc.limits import Limits
from archc.source import Source, Span
from archc.syntax import ast
from archc.syntax.lalr import END
from archc.syntax.parse import parse_file
from archc.syntax.tokens import Comment, Token, tokens

WIDTH = 100
INDENT = 4

_NUMBER = re.compile(r"([0-9.eE+-]+) ?([A-Za-z]*)")
_NAMES = {"NAME", "_OUTPUT", "_STEP"}
"""Names, and the keywords that are names where they cannot be keywords."""
_OPERANDS = {*_NAMES, "NUMBER", "RPAR", "RSQB", "RBRACE"}
_CALLED = {*_NAMES, "_ROUNDING"}
"""What an opening parenthesis belongs to."""
_CLOSING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_DECLARATIONS = {"_USE", "_ARCH", "_BLOCK"}
_MEMBERS = {"_TARGET", "_ROUNDING", "_REQUIRE", "_INPUT", "_STAGE", "_HEAD", "_OUTPUT"}


def lay_out(source: Source, limits: Limits) -> str:
    """The text of a source in the canonical layout. Formatting that again changes nothing.

    Raises:
        Rejected: the text is not in the language.
        AssertionError: the result would mean something else, a bug in this module.
    """
    before = parse_file(source, limits)
    text = _Printer().file(_Reader(tokens(source)).file())
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


def number(text: str) -> str:
    """A literal as it is laid out, one space before its unit."""
    match = _NUMBER.fullmatch(text)
    assert match is not None
    return " ".join(filter(None, match.groups()))


# --- brackets and statements -------------------------------------------------------------------


class _Group:
    """What stands between brackets: the items of a list, or the statements of a body."""

    def __init__(self, open: Token) -> None:
        self.open = self.close = open
        self.items: list[list[_Piece]] = []
        self.comma = False
        """Whether a comma stands behind the last item."""
        self.commas = True
        """Whether commas separate its items; not in parentheses within an expression."""
        self.members = False
        """Whether it is the body of an arch."""

    @property
    def body(self) -> bool:
        return self.open.kind == "LBRACE"

    @cached_property
    def flat(self) -> str | None:
        """Its text on one line; None where comments or the author forbid that."""
        if self.open.trailing or self.close.leading or self.comma:
            return None
        if not self.items:
            return self.open.text + self.close.text
        if self.members or (self.body and any(_first(item).newline for item in self.items)):
            return None
        texts = [_flat(item) for item in self.items]
        if any(_first(item).leading or _last(item).trailing for item in self.items):
            return None
        shown = [text for text in texts if text is not None]
        if len(shown) < len(texts):
            return None
        return f"{{ {' '.join(shown)} }}" if self.body else (
            f"{self.open.text}{', '.join(shown)}{self.close.text}"
        )  # fmt: skip


_Piece = Token | _Group


class _Reader:
    """Tokens to pieces, by brackets."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def file(self) -> list[list[_Piece]]:
        """The declarations, and the end by itself."""
        found: list[list[_Piece]] = []
        while self._peek().kind != END:
            found.append(self._declaration())
        return [*found, [self._next()]]

    def _declaration(self) -> list[_Piece]:
        pieces = self._until(_DECLARATIONS | {"DOC", END}, documented=True)
        for piece in pieces[-1:]:
            if isinstance(piece, _Group) and any(_kind(p) == "_ARCH" for p in pieces):
                piece.members = piece.body
        return pieces

    def _until(self, stops: set[str], documented: bool = False) -> list[_Piece]:
        """Pieces up to what starts the next one of their kind, the first one whatever it is."""
        pieces: list[_Piece] = []
        if documented and self._peek().kind == "DOC":
            pieces.append(self._next())
        arch = self._peek().kind == "_ARCH"
        start = len(pieces)
        pieces.append(self._piece())
        while self._peek().kind not in stops or self._named(pieces[start:]):
            pieces.append(self._piece(arch))
        return pieces

    def _named(self, pieces: Sequence[_Piece]) -> bool:
        """Whether `output` is a name where it stands: behind a keyword, or in an expression."""
        behind = len(pieces) == 1 or _kind(pieces[-1]) not in _OPERANDS
        return self._peek().kind == "_OUTPUT" and behind

    def _piece(self, arch: bool = False) -> _Piece:
        before = self._tokens[self._at - 1].kind if self._at else END
        token = self._next()
        if token.kind not in _CLOSING:
            return token
        group = _Group(token)
        group.commas = before not in _OPERANDS if token.kind == "LSQB" else before in _CALLED
        closing = _CLOSING[token.kind]
        while self._peek().kind != closing:
            if arch and group.body:
                stops = _MEMBERS | {"DOC", closing}
                group.items.append(self._until(stops, documented=True))
            elif group.body:
                group.items.append(self._statement(closing))
            else:
                group.items.append(self._item(group, closing))
        group.close = self._next()
        return group

    def _item(self, group: _Group, closing: str) -> list[_Piece]:
        pieces = [self._piece()]
        while self._peek().kind not in ("COMMA", closing):
            pieces.append(self._piece())
        group.comma = self._peek().kind == "COMMA"
        if group.comma:
            comma = self._next()
            group.comma = self._peek().kind == closing
            # Its comments are those of its neighbours: a comma goes right behind its item.
            notes = list(comma.leading)
            if comma.trailing and (notes or _last(pieces).trailing):
                notes.append(Comment(comma.trailing, False))
            elif comma.trailing:
                pieces[-1] = _noted(pieces[-1], comma.trailing)
            after = self._peek()
            self._tokens[self._at] = after._replace(leading=(*notes, *after.leading))
        return pieces

    def _statement(self, closing: str) -> list[_Piece]:
        """A call or a conditional: it ends where a name or `if` stands that is not an operand."""
        conditional = self._peek().kind == "_IF"
        pieces = [self._piece()]
        in_condition = conditional
        while (kind := self._peek().kind) != closing:
            if in_condition:
                operand = _kind(pieces[-1]) in _OPERANDS
                in_condition = not (kind == "LBRACE" and operand)
            elif kind == "_ELSE":
                pieces.append(self._next())
                in_condition = self._peek().kind == "_IF"
            elif kind not in ("LPAR", "LBRACE"):
                break
            pieces.append(self._piece())
        if self._peek().kind == "_AS":
            pieces += [self._next(), self._next()]
            while self._peek().kind == "COMMA":
                pieces += [self._next(), self._next()]
        return pieces

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]


def _first(pieces: Sequence[_Piece]) -> Token:
    return pieces[0].open if isinstance(pieces[0], _Group) else pieces[0]


def _last(pieces: Sequence[_Piece]) -> Token:
    return pieces[-1].close if isinstance(pieces[-1], _Group) else pieces[-1]


def _kind(piece: _Piece) -> str:
    """The kind of the token a piece ends with."""
    return _last([piece]).kind


def _noted(piece: _Piece, comment: str) -> _Piece:
    """A piece with a comment behind it."""
    last = _last([piece])._replace(trailing=comment)
    if isinstance(piece, _Group):
        piece.close = last
        return piece
    return last


# --- layout ------------------------------------------------------------------------------------


def _separator(pieces: Sequence[_Piece], at: int) -> str:
    """What stands between a piece and the one before it on a line."""
    before, here = _kind(pieces[at - 1]), _first(pieces[at:]).kind
    if here in ("COMMA", "COLON", "DOT") or before == "DOT":
        return ""
    if before == "MINUS" and (at < 2 or _kind(pieces[at - 2]) not in _OPERANDS):
        return ""
    if here == "LPAR" and before in _CALLED:
        return ""
    if here == "LSQB" and before in _OPERANDS:
        return ""
    if "_X" in (before, here) and _closed(pieces, at if here == "_X" else at - 1):
        return ""
    return " "


def _closed(pieces: Sequence[_Piece], at: int) -> bool:
    """Whether an `x` belongs to a size of plain numbers, such as `3x3`, with no comment within."""
    for step in (-1, 1):
        place = at
        while 0 <= place < len(pieces) and _kind(pieces[place]) == "_X":
            around = [_first([piece]) for piece in pieces[place - 1 : place + 2]]
            # A comment breaks the line, and one that starts with `x3` would start with a name.
            commented = any(token.trailing for token in around[:-1]) or any(
                token.leading for token in around[1:]
            )
            if commented or len(around) < 3 or not around[1 + step].text.isdigit():
                return False
            place += 2 * step
        if step < 0 and place >= 0 and _kind(pieces[place]) == "MINUS":
            return False
    return True


def _text(token: Token) -> str:
    return number(token.text) if token.kind == "NUMBER" else token.text


def _flat(pieces: Sequence[_Piece]) -> str | None:
    """The text of a statement or item on one line, comments around it aside; None where comments
    within or the author forbid that."""
    parts: list[str] = []
    for at, piece in enumerate(pieces):
        first, last = _first([piece]), _last([piece])
        if at and (first.leading or _kind(pieces[at - 1]) == "DOC" or _broken(pieces, at)):
            return None
        if at < len(pieces) - 1 and last.trailing:
            return None
        text = piece.flat if isinstance(piece, _Group) else _text(piece)
        if text is None:
            return None
        parts.append(_separator(pieces, at) + text if at else text)
    return "".join(parts)


def _broken(pieces: Sequence[_Piece], at: int) -> bool:
    """Whether an `else` stands on a line below the body before it, or a body on a line of its own,
    as all of several do where the author wrote one so and each fits on one line."""
    first = _first(pieces[at:])
    if first.kind == "_ELSE":
        return first.newline and _kind(pieces[at - 1]) == "RBRACE"
    low, high = at, at
    while low > 0 and _is_body(pieces[low - 1]):
        low -= 1
    while high < len(pieces) and _is_body(pieces[high]):
        high += 1
    bodies = [piece for piece in pieces[low:high] if isinstance(piece, _Group)]
    return (
        _is_body(pieces[at])
        and any(body.open.newline for body in bodies[1:])
        and all(body.flat is not None for body in bodies)
    )


def _is_body(piece: _Piece) -> bool:
    return isinstance(piece, _Group) and piece.body


def _tail(pieces: Sequence[_Piece], at: int) -> int:
    """How wide is what has to follow on the line before there may be a break."""
    width = 0
    for place in range(at, len(pieces)):
        piece = pieces[place]
        if _broken(pieces, place):
            break
        width += len(_separator(pieces, place))
        if isinstance(piece, _Group):
            return width + 1
        width += len(_text(piece))
    return width


class _Printer:
    """Writes pieces line by line."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, str | None]] = []
        """Each with the comment at its end."""
        self._line = ""
        self._comment: str | None = None

    def file(self, declarations: list[list[_Piece]]) -> str:
        """The text of a file; the last of its declarations is its end."""
        large = False
        for at, pieces in enumerate(declarations):
            first = _first(pieces)
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

    def _emit(self, pieces: Sequence[_Piece], indent: int) -> None:
        flat = True
        for at, piece in enumerate(pieces):
            first = _first([piece])
            if at == 0:
                pass
            elif first.leading or self._comment:
                level = _kind(pieces[at - 1]) == "DOC" or first.kind == "_ELSE"
                deeper = indent if level else indent + INDENT
                self._end()
                self._comments(first.leading, deeper, apart=False)
                self._indent(deeper)
            elif _kind(pieces[at - 1]) == "DOC":
                self._indent(indent)
            elif flat and _broken(pieces, at):
                self._indent(indent if first.kind == "_ELSE" else indent + INDENT)
            else:
                self._line += _separator(pieces, at)
            if isinstance(piece, Token):
                self._line += _text(piece)
                self._comment = piece.trailing
            else:
                flat = self._group(piece, indent, _tail(pieces, at + 1))

    def _group(self, group: _Group, indent: int, tail: int) -> bool:
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
                    self._start(_first(item)._replace(blank=False), indent + INDENT, apart=False)
                    self._emit(item, indent + INDENT)
                    if group.commas:
                        self._line += ","
            self._end()
            self._comments(group.close.leading, indent + INDENT, apart=bool(group.items))
            self._indent(indent)
            self._line += group.close.text
        self._comment = group.close.trailing
        return fits

    def _statements(self, group: _Group, indent: int) -> None:
        before = -1
        for at, item in enumerate(group.items):
            first, text = _first(item), _flat(item)
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


def _large(pieces: Sequence[_Piece]) -> bool:
    """Whether a declaration has a body or a doc string, so that empty lines set it apart."""
    return _first(pieces).kind == "DOC" or _kind(pieces[-1]) == "RBRACE"


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
