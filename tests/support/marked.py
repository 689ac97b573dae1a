"""Texts with the expected place of an error marked: `head { <<conv9>> }`."""

import re
from typing import NamedTuple

OPEN, CLOSE = "<<", ">>"


class Marked(NamedTuple):
    """A text and the range of offsets that was marked in it, None if nothing was."""

    text: str
    start: int | None
    end: int | None

    @property
    def line(self) -> int | None:
        return None if self.start is None else self.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int | None:
        if self.start is None:
            return None
        return self.start - (self.text.rfind("\n", 0, self.start) + 1) + 1


def unmark(text: str) -> Marked:
    """The text without its marks. `<<>>` marks a place without extent."""
    found = re.search(f"{OPEN}(.*?){CLOSE}", text, re.S)
    if found is None:
        return Marked(text, None, None)
    plain = text[: found.start()] + found.group(1) + text[found.end() :]
    return Marked(plain, found.start(), found.start() + len(found.group(1)))


def head(statements: str) -> str:
    """A spec whose head has these statements, on an 8x8x8 input."""
    return f"arch a {{\n    input i: 8 x 8 x 8\n    head {{ {statements} }}\n}}\n"


def stage(arguments: str, statements: str, before: str = "") -> str:
    """A spec of one stage, on an 8x8x8 input."""
    call = f"({arguments})" if arguments else ""
    members = f"    {before}\n    input i: 8 x 8 x 8\n    stage s{call} {{ {statements} }}\n"
    return f"arch a {{\n{members}}}\n"
