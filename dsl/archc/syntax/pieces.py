"""Tokens as pieces: brackets with what stands in them, statements, and what goes between them."""

import re
from collections.abc import Sequence
from functools import cached_property

from archc.syntax.lalr import END
from archc.syntax.tokens import Comment, Token

_NUMBER = re.compile(r"([0-9.eE+-]+) ?([A-Za-z]*)")
_NAMES = {"NAME", "_OUTPUT", "_STEP"}
"""Names, and the keywords that are names where they cannot be keywords."""
_OPERANDS = {*_NAMES, "NUMBER", "RPAR", "RSQB", "RBRACE"}
_CALLED = {*_NAMES, "_ROUNDING"}
"""What an opening parenthesis belongs to."""
_CLOSING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_DECLARATIONS = {"_USE", "_ARCH", "_BLOCK"}
_MEMBERS = {"_TARGET", "_ROUNDING", "_REQUIRE", "_INPUT", "_STAGE", "_HEAD", "_OUTPUT"}


def number(text: str) -> str:
    """A literal as it is laid out, one space before its unit."""
    match = _NUMBER.fullmatch(text)
    assert match is not None
    return " ".join(filter(None, match.groups()))


class Group:
    """What stands between brackets: the items of a list, or the statements of a body."""

    def __init__(self, open: Token) -> None:
        self.open = self.close = open
        self.items: list[list[Piece]] = []
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
        if self.members or (self.body and any(first_token(item).newline for item in self.items)):
            return None
        texts = [on_one_line(item) for item in self.items]
        if any(first_token(item).leading or _last_token(item).trailing for item in self.items):
            return None
        shown = [text for text in texts if text is not None]
        if len(shown) < len(texts):
            return None
        return f"{{ {' '.join(shown)} }}" if self.body else (
            f"{self.open.text}{', '.join(shown)}{self.close.text}"
        )  # fmt: skip


Piece = Token | Group


class Reader:
    """Tokens to pieces, by brackets."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def file(self) -> list[list[Piece]]:
        """The declarations, and the end by itself."""
        found: list[list[Piece]] = []
        while self._peek().kind != END:
            found.append(self._declaration())
        return [*found, [self._next()]]

    def _declaration(self) -> list[Piece]:
        pieces = self._until(_DECLARATIONS | {"DOC", END}, documented=True)
        for piece in pieces[-1:]:
            if isinstance(piece, Group) and any(last_kind(p) == "_ARCH" for p in pieces):
                piece.members = piece.body
        return pieces

    def _until(self, stops: set[str], documented: bool = False) -> list[Piece]:
        """Pieces up to what starts the next one of their kind, the first one whatever it is."""
        pieces: list[Piece] = []
        if documented and self._peek().kind == "DOC":
            pieces.append(self._next())
        arch = self._peek().kind == "_ARCH"
        start = len(pieces)
        pieces.append(self._piece())
        while self._peek().kind not in stops or self._named(pieces[start:]):
            pieces.append(self._piece(arch))
        return pieces

    def _named(self, pieces: Sequence[Piece]) -> bool:
        """Whether `output` is a name where it stands: behind a keyword, or in an expression."""
        behind = len(pieces) == 1 or last_kind(pieces[-1]) not in _OPERANDS
        return self._peek().kind == "_OUTPUT" and behind

    def _piece(self, arch: bool = False) -> Piece:
        before = self._tokens[self._at - 1].kind if self._at else END
        token = self._next()
        if token.kind not in _CLOSING:
            return token
        group = Group(token)
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

    def _item(self, group: Group, closing: str) -> list[Piece]:
        pieces = [self._piece()]
        while self._peek().kind not in ("COMMA", closing):
            pieces.append(self._piece())
        group.comma = self._peek().kind == "COMMA"
        if group.comma:
            comma = self._next()
            group.comma = self._peek().kind == closing
            # Its comments are those of its neighbours: a comma goes right behind its item.
            notes = list(comma.leading)
            if comma.trailing and (notes or _last_token(pieces).trailing):
                notes.append(Comment(comma.trailing, False))
            elif comma.trailing:
                pieces[-1] = _noted(pieces[-1], comma.trailing)
            after = self._peek()
            self._tokens[self._at] = after._replace(leading=(*notes, *after.leading))
        return pieces

    def _statement(self, closing: str) -> list[Piece]:
        """A call or a conditional: it ends where a name or `if` stands that is not an operand."""
        conditional = self._peek().kind == "_IF"
        pieces = [self._piece()]
        in_condition = conditional
        while (kind := self._peek().kind) != closing:
            if in_condition:
                operand = last_kind(pieces[-1]) in _OPERANDS
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


def first_token(pieces: Sequence[Piece]) -> Token:
    return pieces[0].open if isinstance(pieces[0], Group) else pieces[0]


def _last_token(pieces: Sequence[Piece]) -> Token:
    return pieces[-1].close if isinstance(pieces[-1], Group) else pieces[-1]


def last_kind(piece: Piece) -> str:
    """The kind of the token a piece ends with."""
    return _last_token([piece]).kind


def _noted(piece: Piece, comment: str) -> Piece:
    """A piece with a comment behind it."""
    last = _last_token([piece])._replace(trailing=comment)
    if isinstance(piece, Group):
        piece.close = last
        return piece
    return last


# --- layout ------------------------------------------------------------------------------------


def separator(pieces: Sequence[Piece], at: int) -> str:
    """What stands between a piece and the one before it on a line."""
    before, here = last_kind(pieces[at - 1]), first_token(pieces[at:]).kind
    if here in ("COMMA", "COLON", "DOT") or before == "DOT":
        return ""
    if before == "MINUS" and (at < 2 or last_kind(pieces[at - 2]) not in _OPERANDS):
        return ""
    if here == "LPAR" and before in _CALLED:
        return ""
    if here == "LSQB" and before in _OPERANDS:
        return ""
    if "_X" in (before, here) and _closed(pieces, at if here == "_X" else at - 1):
        return ""
    return " "


def _closed(pieces: Sequence[Piece], at: int) -> bool:
    """Whether an `x` belongs to a size of plain numbers, such as `3x3`, with no comment within."""
    for step in (-1, 1):
        place = at
        while 0 <= place < len(pieces) and last_kind(pieces[place]) == "_X":
            around = [first_token([piece]) for piece in pieces[place - 1 : place + 2]]
            # A comment breaks the line, and one that starts with `x3` would start with a name.
            commented = any(token.trailing for token in around[:-1]) or any(
                token.leading for token in around[1:]
            )
            if commented or len(around) < 3 or not around[1 + step].text.isdigit():
                return False
            place += 2 * step
        if step < 0 and place >= 0 and last_kind(pieces[place]) == "MINUS":
            return False
    return True


def written(token: Token) -> str:
    return number(token.text) if token.kind == "NUMBER" else token.text


def on_one_line(pieces: Sequence[Piece]) -> str | None:
    """The text of a statement or item on one line, comments around it aside; None where comments
    within or the author forbid that."""
    parts: list[str] = []
    for at, piece in enumerate(pieces):
        first, last = first_token([piece]), _last_token([piece])
        if at and (first.leading or last_kind(pieces[at - 1]) == "DOC" or breaks(pieces, at)):
            return None
        if at < len(pieces) - 1 and last.trailing:
            return None
        text = piece.flat if isinstance(piece, Group) else written(piece)
        if text is None:
            return None
        parts.append(separator(pieces, at) + text if at else text)
    return "".join(parts)


def breaks(pieces: Sequence[Piece], at: int) -> bool:
    """Whether an `else` stands on a line below the body before it, or a body on a line of its own,
    as all of several do where the author wrote one so and each fits on one line."""
    first = first_token(pieces[at:])
    if first.kind == "_ELSE":
        return first.newline and last_kind(pieces[at - 1]) == "RBRACE"
    low, high = at, at
    while low > 0 and _is_body(pieces[low - 1]):
        low -= 1
    while high < len(pieces) and _is_body(pieces[high]):
        high += 1
    bodies = [piece for piece in pieces[low:high] if isinstance(piece, Group)]
    return (
        _is_body(pieces[at])
        and any(body.open.newline for body in bodies[1:])
        and all(body.flat is not None for body in bodies)
    )


def _is_body(piece: Piece) -> bool:
    return isinstance(piece, Group) and piece.body


def room_after(pieces: Sequence[Piece], at: int) -> int:
    """How wide is what has to follow on the line before there may be a break."""
    width = 0
    for place in range(at, len(pieces)):
        piece = pieces[place]
        if breaks(pieces, place):
            break
        width += len(separator(pieces, place))
        if isinstance(piece, Group):
            return width + 1
        width += len(written(piece))
    return width
