"""Reading on without what an error stands in: an argument, a statement, a member, a declaration.

For errors that no cheap repair undoes. Where to go on is told from commas, brackets and layout.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archc.syntax.lalr import END, Driver, Stack, Token
from archc.syntax.place import CLOSES, indent
from archc.syntax.repair import ANCHORS, SCALE, SHIFTS, Repair, late, made, reach

COST = 5
"""Of leaving out one token; further ones add a half each."""
MOST = 8
"""Places that are tried."""
FURTHEST = 2_000
"""Tokens that are looked through for them."""


class Resync(NamedTuple):
    """The ways to leave something out around a token that cannot stand where it does: fields are
    those of `Search`."""

    text: str
    driver: Driver
    tokens: Sequence[Token]
    stacks: Sequence[Stack]
    at: int
    floor: int

    def best(self) -> Repair | None:
        """The best way, if one lets the parser go on."""
        found = [
            repair
            for last in self.ends()
            for first in dict.fromkeys((self.at, *self.starts()))
            if (repair := self.left_out(first, last)) is not None
        ]
        return min(found, key=lambda repair: repair.score, default=None)

    def left_out(self, first: int, last: int) -> Repair | None:
        """The tokens without some, or with a name in their place."""
        following = self.tokens[last]
        for put in ((), ("NAME",)) if first < last else ():
            stack: Stack | None = self.stacks[first]
            for kind in (*put, following.kind):
                stack = self.driver.step(stack, kind) if stack is not None else None
            if stack is None:
                continue
            far = reach(self.driver, self.tokens, stack, last + 1, self.at)
            if far - (last - self.at) < SHIFTS and far < len(self.tokens) - self.at:
                continue
            lines = self.text.count("\n", self.tokens[first].start, following.start)
            cost = COST + len(put) + (last - first) // 2 + 4 * lines
            new: list[Token] = [made(kind, self.tokens, first) for kind in put]
            if not put:
                new.append(late(following, self.tokens, first))
            score = min(cost, 3 * COST) * SCALE - far
            return Repair(first, last + (not put), new, score)
        return None

    def starts(self) -> Iterator[int]:
        """Where what the error stands in may begin."""
        depth = 0
        for index in range(self.at - 1, max(self.floor, self.at - FURTHEST) - 1, -1):
            token = self.tokens[index]
            if token.text in CLOSES.values():
                depth += 1
            elif token.text in CLOSES:
                depth -= 1
                if depth < 0:
                    yield index + 1
                    depth = 0
                    if token.text == "{":
                        return
            elif depth == 0 and token.kind == "COMMA":
                yield index + 1
            if depth == 0 and self.first(index):
                yield index
                return

    def ends(self) -> Iterator[int]:
        """Where to go on: behind the argument, the statement, the line, or at a declaration."""
        depth, number = 0, 0
        for index in range(self.at, min(self.at + FURTHEST, len(self.tokens))):
            token = self.tokens[index]
            anchor = token.kind == END or (token.kind in ANCHORS and self.first(index))
            closes = token.text in CLOSES.values()
            bound = depth <= 0 and (closes or token.kind == "COMMA" or self.first(index))
            if anchor or bound:
                yield index
                number += 1
                if number >= MOST:
                    return
            depth += (token.text in CLOSES) - closes

    def first(self, index: int) -> bool:
        """Whether a token is the first one on its line."""
        return indent(self.text, self.tokens, index) is not None
