"""Texts of a drawing: shares, and how wide texts are."""

from collections.abc import Sequence


def share(part: int, whole: int) -> str:
    """A share in whole percent; what is not nothing is not shown as nothing."""
    if not whole or not part:
        return "0 %"
    percent = (100 * part + whole // 2) // whole
    return f"{percent} %" if percent else "<1 %"


# --- width -------------------------------------------------------------------------------------

# Advances of a sans-serif face, in hundredths of its size: those of the metric-compatible fonts
# of the style sheet's list, and a tenth more, since where none of them is installed another one
# stands in. Texts are held to this estimate; nothing depends on the exact figure.
_NARROW = frozenset("ijl|.,:;'!` ")
_SLIM = frozenset('frtI()[]{}/\\-"·')
_BROAD = frozenset("mwMW%@—→")
_ADVANCES = (25, 37, 60, 75, 98)


def width(text: str, size: int, *, bold: bool = False) -> int:
    """About how wide a text is at a font size, in pixels, rounded up."""
    total = 0
    for character in text:
        if character in _NARROW:
            total += _ADVANCES[0] + 6
        elif character in _SLIM:
            total += _ADVANCES[1] + 2
        elif character in _BROAD:
            total += _ADVANCES[4]
        elif character.isupper() or character in "+×<>=~_&":
            total += _ADVANCES[3] - 3
        elif character.isascii():
            total += _ADVANCES[2]
        else:
            total += 110
    return -(-total * size * (107 if bold else 100) // 10_000)


def cut(text: str, size: int, room: int, *, bold: bool = False) -> str:
    """A text with its middle cut out where it is too wide; names differ at their ends."""
    if width(text, size, bold=bold) <= room:
        return text
    keep = len(text) - 1
    while keep > 1:
        keep -= max(keep // 12, 1)
        head = (keep + 1) // 2
        shown = text[:head] + "…" + text[len(text) - (keep - head) :]
        if width(shown, size, bold=bold) <= room:
            return shown
    return "…"


def lines(parts: Sequence[str], size: int, room: int, most: int) -> tuple[str, ...]:
    """Parts with dots between them, on as many lines as allowed; what is left out is counted."""
    filled: list[list[str]] = [[]]
    for number, part in enumerate(parts):
        part = cut(part, size, room)
        line = filled[-1]
        if line and width(" · ".join([*line, part]), size) > room:
            if len(filled) == most:
                return (
                    *(" · ".join(one) for one in filled[:-1]),
                    _shortened(filled[-1], len(parts) - number, size, room),
                )
            filled.append([part])
        else:
            line.append(part)
    return tuple(" · ".join(line) for line in filled if line)


def _shortened(line: list[str], more: int, size: int, room: int) -> str:
    """A line that ends by saying how many parts did not fit."""
    while len(line) > 1 and width(" · ".join([*line, f"+ {more} more"]), size) > room:
        line, more = line[:-1], more + 1
    told = f"+ {more} more"
    left = room - width(f" · {told}", size)
    return " · ".join([*(cut(part, size, left) for part in line), told])
