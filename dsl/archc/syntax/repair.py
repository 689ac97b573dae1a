"""The cheapest way to go on behind a syntax error: tokens inserted, deleted, replaced or swapped.

A search over the parser's own tables, cheapest first, after Corchuelo, Pérez, Ruiz and Toro,
"Repairing syntax errors in LR parsers" (2002), and Diekmann and Tratt, "Don't panic! Better, fewer,
syntax errors for LR parsers" (2020): of all repairs of about the least cost the one that lets the
parser read furthest. What it finds is a guess, good for reading on and not for telling a user.
"""

from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from archc.diagnostics.nearest import distance
from archc.syntax.grammar import keywords, literals
from archc.syntax.lalr import END, JUNK, OPEN, QUOTED, Driver, Made, Stack, Token
from archc.syntax.place import CLOSES

BACK = 3
"""Tokens before the error that a repair may change."""
SHIFTS = 3
"""Tokens that must be read behind a repair."""
REACH = 40
"""Tokens that are read to compare repairs."""
SLACK = 2
"""How much dearer than the cheapest one a repair may be that is compared."""
MOST_COST = 14
MOST_STEPS = 4_000
"""Bounds on the search: about 50 ms."""

INSERT = {"COMMA": 2, "RPAR": 2, "RSQB": 2, "RBRACE": 3, "LPAR": 3, "LBRACE": 3, "LSQB": 5,
          "EQUAL": 2, "COLON": 2, "NAME": 3, "NUMBER": 3, "DOT": 4, "DOC": 9, "STRING": 4,
          "_STAGE": 3, "_HEAD": 3, "_ARCH": 3, "_BLOCK": 3}  # fmt: skip
DELETE = {"COMMA": 2, "EQUAL": 4, "COLON": 2, "DOT": 2, "NAME": 4, "NUMBER": 4, JUNK: 1, QUOTED: 2,
          OPEN: 2}  # fmt: skip
ANCHORS = frozenset(
    {"_STAGE", "_HEAD", "_INPUT", "_TARGET", "_ROUNDING", "_REQUIRE"}
    | {"_ARCH", "_BLOCK", "_USE", "DOC"}
)
"""What starts a member or a declaration; to leave one out is not cheap."""
UNBALANCES = 3
"""What a bracket more or less costs where there are as many opening as closing ones."""
GROUP = 12
"""Tokens of a list in brackets that may be left out as one."""
SCALE = 4
"""So many tokens further on are worth one of cost."""


class Late(Token):
    """A token before which a repair left something out."""

    __slots__ = ("joined",)
    joined: bool
    """Whether what was left out may have belonged to the token before it."""


class Repair(NamedTuple):
    """Tokens in the place of others, from a number to another one."""

    first: int
    last: int
    tokens: list[Token]
    score: int = 0
    """How good it is: the less the better."""
    opened: int = 0
    """How many of the tokens are put in before others that may be changed again."""


class _Edit(NamedTuple):
    """One change: tokens ``at`` to ``end`` become tokens of some kinds."""

    at: int
    end: int
    kinds: tuple[str, ...]
    before: "_Edit | None"


class Search(NamedTuple):
    """The search for the best repair of tokens that cannot be read on at a place."""

    driver: Driver
    tokens: Sequence[Token]
    """All of them."""
    stacks: Sequence[Stack]
    """The parser's stack before each token up to ``at``."""
    at: int
    """The token that cannot stand where it does."""
    floor: int
    """The first token that may be changed."""
    balanced: str
    """Brackets of which there are as many as of those that match them."""

    def best(self) -> Repair | None:
        """The best repair; None where none is cheap."""
        tokens, at = self.tokens, self.at
        start = min(max(at - BACK, self.floor, 0), at)
        heap: list[tuple[int, int, int, Stack, _Edit | None, int]] = []
        heappush(heap, (0, 0, start, self.stacks[start], None, 0))
        seen: set[tuple[int, Stack, int]] = set()
        best: tuple[int, _Edit] | None = None
        most, number = MOST_COST, 0
        while heap and number < MOST_STEPS:
            cost, _, here, stack, edit, shifted = heappop(heap)
            if cost > most:
                break
            key = (here, stack, shifted if edit is not None else -1)
            if key in seen:
                continue
            seen.add(key)
            done = shifted >= SHIFTS or tokens[here - 1].kind == END
            if edit is not None and here > at and done:
                score = cost * SCALE - reach(self.driver, tokens, stack, here, at)
                most = min(most, cost + SLACK)
                if best is None or score < best[0]:
                    best = (score, edit)
                continue
            for more, there, following, made, shifts in self.moves(here, stack, edit):
                number += 1
                count = shifted + shifts if made is edit else shifts
                heappush(heap, (cost + more, number, there, following, made, count))
        return None if best is None else self.spliced(best[1])._replace(score=best[0])

    def moves(
        self, here: int, stack: Stack, edit: _Edit | None
    ) -> Iterator[tuple[int, int, Stack, _Edit | None, int]]:
        """What can be done at a token: (cost, the token then, the stack then, edits, how many
        tokens are read)."""
        token, step = self.tokens[here], self.driver.step
        following = step(stack, token.kind)
        if following is not None:
            yield 0, here + 1, following, edit, 1
        if here > self.at + BACK:
            return
        fresh = edit is None or edit.end <= here
        if token.kind != END and fresh:
            yield self.deleting(token), here + 1, stack, _Edit(here, here + 1, (), edit), 0
            swapped = self.tokens[here + 1]
            first = step(stack, swapped.kind) if swapped.kind != END else None
            second = step(first, token.kind) if first is not None else None
            if second is not None:
                made = _Edit(here, here + 2, (swapped.kind, token.kind), edit)
                yield _swapping(token.text, swapped.text), here + 2, second, made, 0
            after = self.group(here)
            if after:
                yield 5, after, stack, _Edit(here, after, (), edit), 0
                named = step(stack, "NAME")
                if named is not None:
                    yield 4, after, named, _Edit(here, after, ("NAME",), edit), 0
        for kind in self.driver.row(stack[0]):
            if not kind.isupper() or kind == END:
                continue
            following = step(stack, kind)
            if following is None:
                continue
            made = _Edit(here, here, (kind,), edit)
            yield self.inserting(kind, here), here, following, made, 0
            if fresh and token.kind not in (END, kind):
                made = _Edit(here, here + 1, (kind,), edit)
                yield _replacing(token, kind), here + 1, following, made, 0

    def group(self, here: int) -> int:
        """The token behind the short list or body that a token begins; 0 if it begins none. What
        stands in parentheses belongs to what stands before them."""
        if self.tokens[here].text not in ("[", "{"):
            return 0
        depth = 0
        for index in range(here, min(here + GROUP, len(self.tokens) - 1)):
            text = self.tokens[index].text
            depth += (text in CLOSES) - (text in CLOSES.values())
            if depth == 0:
                return index + 1
        return 0

    def inserting(self, kind: str, here: int) -> int:
        word = literals().get(kind, " ")
        unbalances = word in self.balanced or CLOSES.get(word) == self.tokens[here].text
        if kind in ("_ARCH", "_BLOCK"):
            return 3 + 3 * ((kind == "_ARCH") != self.has_members(here))
        return INSERT.get(kind, 5) + UNBALANCES * unbalances

    def has_members(self, here: int) -> bool:
        """Whether the next body is that of an arch."""
        for index in range(here, min(here + 400, len(self.tokens) - 1)):
            if self.tokens[index].text == "{":
                return self.tokens[index + 1].kind in ANCHORS
        return True

    def deleting(self, token: Token) -> int:
        cost = 6 if token.kind in ANCHORS else DELETE.get(token.kind, 3)
        return cost + UNBALANCES * (token.text in self.balanced)

    def spliced(self, edit: _Edit) -> Repair:
        """The repair that some edits are."""
        edits: list[_Edit] = []
        walk: _Edit | None = edit
        while walk is not None:
            edits.append(walk)
            walk = walk.before
        edits.reverse()
        tokens, found = self.tokens, []
        here, gap, gone = edits[0].at, False, 0
        for each in edits:
            while here < each.at:
                found.append(late(tokens[here], tokens, gone) if gap else tokens[here])
                here, gap = here + 1, False
            if each.end > each.at and not each.kinds and not gap:
                gap, gone = True, each.at
            texts = ["", ""]
            if each.end - each.at == 2:  # swapped
                texts = [tokens[each.at + 1].text, tokens[each.at].text]
            for kind, text in zip(each.kinds, texts, strict=False):
                found.append(made(kind, tokens, each.at, text))
            here = each.end
        if gap:
            found.append(late(tokens[here], tokens, gone))
            here += 1
        return Repair(edits[0].at, here, found)


def reach(driver: Driver, tokens: Sequence[Token], stack: Stack, here: int, at: int) -> int:
    """How many tokens behind a place can be read from a stack on, at most `REACH`."""
    for index in range(here, min(at + REACH, len(tokens))):
        following = driver.step(stack, tokens[index].kind)
        if following is None:
            return index - at
        stack = following
    return REACH


def _swapping(one: str, other: str) -> int:
    """What it costs to take two tokens in the other order."""
    brackets = [text for text in (one, other) if text in CLOSES or text in CLOSES.values()]
    if len(brackets) == 2:
        return 4 if (one in CLOSES) == (other in CLOSES) else 8
    return 6 if brackets else 4


def _replacing(token: Token, kind: str) -> int:
    """What it costs to take a token for one of another kind."""
    word = literals().get(kind, "")
    if word in keywords() and token.kind == "NAME" and len(word) > 1:
        return 2 if distance(token.text.lower(), word) <= max(1, len(word) // 3) else 6
    if {token.kind, kind} in ({"COMPARISON", "EQUAL"}, {"COLON", "EQUAL"}, {"COLON", "COMMA"}):
        return 3
    if token.text in CLOSES:
        return 4 if word in CLOSES else 8
    if token.text in CLOSES.values():
        return 4 if word in CLOSES.values() else 8
    return 8 if token.kind in ANCHORS else 5


def made(kind: str, tokens: Sequence[Token], at: int, text: str = "") -> Made:
    """A token to put in before another one; the text of a name or number may be unknown."""
    place = tokens[at - 1].end if at else tokens[at].start
    return Made(kind, text or literals().get(kind, ""), place, place)


def late(token: Token, tokens: Sequence[Token], gone: int) -> Late:
    """A token behind one that was left out, and perhaps more."""
    found = Late(token.kind, token.text, token.start, token.end)
    found.joined = gone > 0 and tokens[gone].text in CLOSES
    return found


def relexed(
    driver: Driver, text: str, start: int, end: int, edits: Sequence[tuple[int, int, str]]
) -> list[Token]:
    """The tokens of a part of the text with edits made, at the places they have in the text."""
    pieces, places = [], []  # (where a piece starts in the new text, where in the old one)
    at, length = start, 0
    for low, high, new in [*edits, (end, end, "")]:
        places.append((length, at, True))
        pieces.append(text[at:low])
        length += low - at
        places.append((length, low, False))
        pieces.append(new)
        length += len(new)
        at = high

    def old(offset: int, ends: bool) -> int:
        for index, (piece, place, copied) in enumerate(places):
            after = places[index + 1][0] if index + 1 < len(places) else length
            if offset < after or (ends and offset <= after):
                if copied:
                    return place + offset - piece
                following = places[index + 1][1] if index + 1 < len(places) else end
                return following if ends else place
        return end

    found = driver.scan("".join(pieces))[:-1]
    return [
        Token(token.kind, token.text, old(token.start, False), old(token.end, True))
        for token in found
    ]
