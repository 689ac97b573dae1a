"""A source as tokens that know the comments and line breaks around them, to be rewritten."""

import re
from typing import NamedTuple

from archc.source import Source
from archc.syntax.grammar import driver
from archc.syntax.lalr import END

_COMMENT = re.compile(r"#[^\n]*")


class Comment(NamedTuple):
    text: str
    blank: bool
    """Whether an empty line stands before it."""


class Token(NamedTuple):
    """A token of the grammar with its surroundings."""

    kind: str
    """Its terminal: `NAME`, `NUMBER`, `LBRACE`, `_IF`, ..."""
    text: str
    start: int
    newline: bool
    """Whether it, or a comment before it, starts a line."""
    blank: bool
    """Whether an empty line stands right before it."""
    leading: tuple[Comment, ...]
    """Comments on lines of their own before it."""
    trailing: str | None
    """The comment behind it on its line."""


def tokens(source: Source) -> list[Token]:
    """The tokens of a text that parses, the last one `END`, which has what stands at the end."""
    found: list[Token] = []
    end = 0
    for lexed in driver().scan(source.text):
        kind, text, start = lexed.kind, lexed.text, lexed.start
        leading: list[Comment] = []
        at = end
        for comment in _COMMENT.finditer(source.text, end, start):
            gap = source.text[at : comment.start()]
            shown = comment.group().rstrip()
            if found and not leading and "\n" not in gap and found[-1].trailing is None:
                found[-1] = found[-1]._replace(trailing=shown)
            else:
                leading.append(Comment(shown, gap.count("\n") > 1))
            at = comment.end()
        newline = "\n" in source.text[end:start]
        blank = source.text.count("\n", at, start) > 1
        found.append(Token(kind, text, start, newline, blank, tuple(leading), None))
        end = start + len(text)
    return found


def words(text: str) -> list[str]:
    """The kinds of the tokens of a text of names, such as `NAME` or `_ARCH`."""
    return [token.kind for token in driver().scan(text) if token.kind != END]
