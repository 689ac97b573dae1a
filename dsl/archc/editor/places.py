"""Positions as editors count them, and where a place of an older text is in a newer one.

An editor counts lines from 0, and in a line UTF-16 units unless another encoding was agreed on
(Language Server Protocol 3.17, "Position"). Sources have their line ends normalised, which changes
neither lines nor columns: the protocol ends lines at `\\n`, `\\r\\n` and `\\r` as well.
"""

from typing import NamedTuple

from archc.source import Source

UTF8, UTF16, UTF32 = "utf-8", "utf-16", "utf-32"


class Place(NamedTuple):
    """A position of an editor, both counts from 0."""

    line: int
    character: int


def width(text: str, encoding: str) -> int:
    """The units of a text in an encoding of positions."""
    if encoding == UTF32 or text.isascii():
        return len(text)
    if encoding == UTF8:
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(character > "\uffff" for character in text)


def offset(source: Source, place: Place, encoding: str = UTF16) -> int:
    """The offset of a position; one behind the end of a line or text is that end.

    A position within a character is taken for the start of it.
    """
    if place.line >= len(source.starts):
        return len(source.text)
    line = source.line(place.line + 1)
    start = source.starts[place.line]
    if encoding == UTF32 or line.isascii():
        return start + min(place.character, len(line))
    left = place.character
    for column, character in enumerate(line):
        left -= width(character, encoding)
        if left < 0:
            return start + column
    return start + len(line)


def place(source: Source, at: int, encoding: str = UTF16) -> Place:
    """The position of an offset."""
    line, column = source.position(at)
    start = source.starts[line - 1]
    return Place(line - 1, width(source.text[start : start + column - 1], encoding))


def carried(old: str, new: str, at: int) -> int | None:
    """Where an offset of one text is in another one that an edit made of it.

    None within what the edit replaced, as far as beginning and end of both texts are the same.
    """
    if old == new:
        return at
    head = _shared(old, new)
    if at <= head:
        return at
    tail = _shared(old[head:][::-1], new[head:][::-1])
    return at + len(new) - len(old) if at >= len(old) - tail else None


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike, by halving."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
