"""Where a text stopped making sense: the tokens around it, its brackets, its layout."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from archc.source import Source
from archc.syntax.grammar import literals
from archc.syntax.lalr import END, Token

FURTHEST = 20_000
"""Tokens that are looked through for what an error may come of, so that many take no long time."""
CLOSES = {"(": ")", "[": "]", "{": "}"}
TAIL = 40
"""Characters that are shown of what may be very long."""
_NONE = Token("", "", 0, 0)

Opens = tuple[Token, "Opens | None"]
"""The innermost open bracket, and those around it."""
Edits = tuple[tuple[int, int, str], ...]
"""Texts for ranges of offsets."""


class Slip(NamedTuple):
    """What is said of a syntax error."""

    message: str
    label: str = ""
    help: str | None = None
    notes: tuple[str, ...] = ()
    edits: Edits = ()
    """What fixes it, where there is one way."""
    related: tuple[tuple[int, int, str], ...] = ()
    """Other places that belong to it: a range of offsets and what to say of it."""
    span: tuple[int, int] | None = None
    """Where it is, if that is not where the text stopped making sense."""
    skip: tuple[int, int] | None = None
    """What to leave out to read on, where that is known without being a fix."""
    missing: tuple[int, str] | None = None
    """What to put in to read on: the number of a token, and the kind of one that is before it."""
    guess: bool = False
    """Whether the fix is right where nothing follows from the value that it writes."""
    reads: int = 1
    """How many tokens must be right behind a fix for it to be one."""


class Place:
    """The token that cannot stand where it does, seen from there: ``place[-1]`` is the one before.

    Attributes:
        expected: kinds of the tokens that could stand there.
        opens: the brackets that are open there, the innermost first.
    """

    def __init__(
        self,
        source: Source,
        tokens: Sequence[Token],
        at: int,
        opens: Opens | None,
        expected: frozenset[str],
        accepts: Callable[[int], frozenset[str]],
    ) -> None:
        self.source = source
        self.text = source.text
        self.tokens = tokens
        self.at = at
        self.opens = list(_outwards(opens))
        self.expected = expected
        self.accepts = accepts
        """What could stand at an earlier place, counted from this one."""

    def __getitem__(self, offset: int) -> Token:
        index = self.at + offset
        return self.tokens[index] if 0 <= index < len(self.tokens) else _NONE

    @property
    def found(self) -> str:
        return self[0].text

    @property
    def start(self) -> int:
        return self[0].start

    @property
    def end(self) -> int:
        return self[0].end

    @property
    def inner(self) -> str:
        """The innermost open bracket, `{` of a whole file."""
        return self.opens[0].text if self.opens else "{"

    def kinds(self, *offsets: int) -> tuple[str, ...]:
        return tuple(self[offset].kind for offset in offsets)

    def touches(self, offset: int = 0) -> bool:
        """Whether nothing stands between a token and the one before it."""
        return bool(self[offset - 1].kind) and self[offset - 1].end == self[offset].start

    def same_line(self, offset: int = 0) -> bool:
        """Whether a token stands on the line of the one before it."""
        before = self[offset - 1]
        return bool(before.kind) and "\n" not in self.text[before.end : self[offset].start]

    def expects(self, *words: str) -> bool:
        """Whether one of some fixed texts could stand there."""
        return any(literals().get(kind) in words for kind in self.expected)

    @property
    def rest(self) -> str:
        """What follows it on its line."""
        end = self.text.find("\n", self.end)
        return self.text[self.end : end if end >= 0 else len(self.text)]

    # --- edits ------------------------------------------------------------------------------

    def instead(self, text: str, first: int = 0, last: int = 0) -> Edits:
        """The edit that puts a text in the place of tokens; an empty one takes blanks along."""
        start, end = self[first].start, self[last].end
        if not text:
            start -= len(self.text[:start]) - len(self.text[:start].rstrip(" \t"))
        return ((start, end, text),)

    def behind(self, text: str, offset: int = -1) -> Edits:
        """The edit that puts a text directly behind an earlier token."""
        end = self[offset].end
        return ((end, end, text),)

    # --- what is around it ------------------------------------------------------------------

    @cached_property
    def clause(self) -> list[Token]:
        """The tokens before it in its innermost bracket, behind the last brace; whole lists in
        brackets are left out."""
        found: list[Token] = []
        depth = 0
        for index in range(self.at - 1, max(self.at - 400, -1), -1):
            token = self.tokens[index]
            if token.text in (")", "]"):
                depth += 1
            elif token.text in ("(", "["):
                depth -= 1
                if depth < 0:
                    break
            elif token.text in ("{", "}") and depth == 0:
                break
            elif depth == 0:
                found.append(token)
        return found[::-1]

    def within(self, opened: int) -> tuple[list[Token], int | None]:
        """The tokens directly within a bracket, and the number of the one that closes it; None
        where that is far or missing."""
        found: list[Token] = []
        depth = 0
        for index in range(opened, min(opened + FURTHEST, len(self.tokens))):
            token = self.tokens[index]
            depth -= token.text in CLOSES.values()
            if depth == 0 and index > opened:
                return found, index
            found += [token] if depth == 1 else []
            depth += token.text in CLOSES
        return found, None

    def last_word(self, *kinds: str) -> Token | None:
        """The last token of some kinds in its clause."""
        return next((token for token in reversed(self.clause) if token.kind in kinds), None)

    def number(self, token: Token) -> int:
        """The number of an earlier token."""
        found = bisect_right(self.tokens, token.start, 0, self.at, key=lambda one: one.start)
        while self.tokens[found] is not token:
            found -= 1
        return found

    @property
    def declared(self) -> int:
        """Where to begin to look through what it stands in: at its declaration, if that is near."""
        first = max(self.at - FURTHEST, 0)
        for index in range(self.at - 1, first, -1):
            if self.tokens[index].kind in ("_ARCH", "_BLOCK") and self.indent(index) == 0:
                return index
        return first

    def indent(self, index: int) -> int | None:
        """The column of a token that is the first one on its line, from 0; else None."""
        return indent(self.text, self.tokens, index)

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def block(self, offset: int = 0) -> int:
        """The number of the token behind the line of a token and what belongs to it: its braces, or
        the lines that stand deeper."""
        index = self.at + offset
        last = index + FURTHEST
        first = index
        while first > max(0, index - FURTHEST) and self.indent(first) is None:
            first -= 1
        column, depth = self.indent(first) or 0, 0
        while self.tokens[index].kind != END and index < last:
            token, here = self.tokens[index], self.indent(index)
            if depth == 0 and index > self.at + offset and here is not None and here <= column:
                break
            depth += (token.text in CLOSES) - (token.text in CLOSES.values())
            if depth < 0:
                break
            index += 1
            if depth == 0 and token.text == "}":
                break
        return index

    def last_token(self, index: int) -> Token:
        """The last token before one of a number, doc strings left out."""
        while index > 0 and self.tokens[index - 1].kind == "DOC":
            index -= 1
        return self.tokens[index - 1] if index else _NONE


def _outwards(opens: Opens | None) -> list[Token]:
    found = []
    while opens is not None:
        token, opens = opens
        found.append(token)
    return found


def indent(text: str, tokens: Sequence[Token], index: int) -> int | None:
    """The column of a token that is the first one on its line, from 0; else None."""
    start = tokens[index].start
    before = tokens[index - 1].end if index else 0
    line = text.rfind("\n", 0, start) + 1
    return start - line if line >= before or not index else None


# --- layout -------------------------------------------------------------------------------------


class Suspect(NamedTuple):
    """A bracket that by the layout is left open, and the token before which it should close."""

    open: Token
    before: int


def outdented(place: Place, brackets: str = "{", upto: int | None = None) -> Suspect | None:
    """The first bracket of some kinds that the layout shows to be left open, among the tokens
    before a number."""
    return next(suspects(place, brackets, upto), None)


def suspects(place: Place, brackets: str = "{", upto: int | None = None) -> Iterator[Suspect]:
    """The brackets that the layout shows to be left open: something stands no deeper than the line
    that opened one."""
    stack: list[tuple[Token, int]] = []
    line = 0
    for index in range(place.declared, place.at + 1 if upto is None else upto):
        token = place.tokens[index]
        if token.kind == END:
            return
        column = place.indent(index)
        if column is not None:
            line = column
            if stack:
                top, opened = stack[-1]
                if token.text not in CLOSES.values():
                    if top.text in brackets and column <= opened:
                        yield Suspect(top, index)
                elif token.text == "}" and column < opened and top.text == "{":
                    yield Suspect(top, index)
        if token.text in CLOSES:
            stack.append((token, line))
        elif token.text in CLOSES.values() and stack:
            stack.pop()


def inset(place: Place, upto: int) -> int | None:
    """The first token that stands deeper than those before it in the same braces though nothing is
    open in its line: a brace is missing before it, or one too many."""
    stack: list[tuple[str, int | None]] = [("{", 0)]
    for index in range(place.declared, upto):
        token = place.tokens[index]
        column = place.indent(index)
        closes = token.text in CLOSES.values()
        if column is not None and stack[-1][0] == "{" and not closes and token.kind != "DOC":
            inner = stack[-1][1]
            if inner is None:
                stack[-1] = ("{", column)
            elif column > inner:
                return index
        if token.text in CLOSES:
            stack.append((token.text, None))
        elif closes and len(stack) > 1:
            stack.pop()
    return None


def closing(place: Place) -> tuple[Token | None, bool]:
    """The brace that closed the last outermost body, and whether indented text follows it."""
    depth, closed = 0, None
    for index in range(place.declared, place.at):
        token = place.tokens[index]
        if depth == 0 and closed is not None and token.text not in "{}" and place.indent(index):
            return closed, True
        if token.text == "{":
            depth += 1
        elif token.text == "}":
            depth -= 1
            closed = token if depth == 0 else closed
    return closed, False
