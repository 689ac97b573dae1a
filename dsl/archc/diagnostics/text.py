"""Counts, shapes and sizes as text; text from anywhere made safe to print on a terminal; how many
columns it takes there."""

from collections.abc import Iterable, Sequence

from archc.values import symbolic

TAB = "    "
"""A tab, as in excerpts: four columns wherever it stands."""

_UNITS = ("", " k", " M", " G", " T", " P", " E")

DIFFERING = " (the figures are those of the first)"
"""What is said of several findings that differ in their figures."""

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that steer a terminal, reorder text or show nothing: never printed raw."""


def cell(character: str, combining: bool = True) -> tuple[str, int]:
    """How a character is shown, and the columns it takes there.

    Control and formatting characters, surrogates and unassigned ones become `\\x1b` or
    `\\u{202e}`; so does a combining mark where ``combining`` says there is nothing to combine
    with. East Asian wide and fullwidth characters take two columns (Unicode annex 11).
    """
    if " " <= character <= "~":
        return character, 1
    if character == "\t":
        return TAB, len(TAB)
    from unicodedata import category, east_asian_width

    kind = category(character)
    if kind in _ESCAPED or (kind in ("Mn", "Me") and not combining):
        point = ord(character)
        shown = f"\\x{point:02x}" if point < 0x100 else f"\\u{{{point:x}}}"
        return shown, len(shown)
    if kind in ("Mn", "Me"):
        return character, 0
    return character, 2 if east_asian_width(character) in "WF" else 1


def cells(text: str) -> list[tuple[str, int]]:
    """Every character of a text as it is shown, with the columns it takes."""
    shown: list[tuple[str, int]] = []
    combining = False
    for character in text:
        if " " <= character <= "~":
            shown.append((character, 1))
            combining = True
        else:
            shown.append(cell(character, combining))
            combining = shown[-1][0] == character
    return shown


def printable(text: str) -> str:
    """The text with everything that would steer a terminal escaped, line ends and tabs included."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        "\\n" if c == "\n" else "\\t" if c == "\t" else shown
        for c, (shown, _) in zip(text, cells(text), strict=True)
    )


def columns(text: str) -> int:
    """The columns a text takes on a terminal."""
    return len(text) if text.isascii() else sum(width for _, width in cells(text))


def several(count: int, noun: str) -> str:
    """A count and what is counted: `1 operator`, `2,000 operators`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Words in a sentence: `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def articled(text: str) -> str:
    """A text with articles as numbers are spoken: `an 8x8 kernel`, `an 11x1 map`."""
    first, *others = f" {text}".split(" a ")
    for rest in others:
        vowel = rest[:1] == "8" or (rest[:2] in ("11", "18") and not rest[2:3].isdigit())
        first += f" an {rest}" if vowel else f" a {rest}"
    return first[1:]


def few(words: Sequence[str], most: int) -> str:
    """The first of many words, and how many there are besides: `a, b and 3 more`."""
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def layers_text(names: Sequence[str], most: int, *, places: int = 1, differing: bool) -> str:
    """Which layers something is said of: `14 layers: ..., in 2 places`.

    Args:
        names: the layers.
        most: how many are named.
        places: statements that they stem from.
        differing: whether figures are said that are not those of all.
    """
    count = f"{len(names):,} layers" if len(names) > 1 else "layer"
    figures = DIFFERING if differing else ""
    colon = ":" if len(names) > 1 else ""
    where = f", in {places:,} places" if places > 1 else ""
    return f"{count}{figures}{colon} {few([f'`{name}`' for name in names], most)}{where}"


def shape_text(shape: Iterable[object]) -> str:
    """The extents of a shape: `64x256x1`."""
    return "x".join(map(str, shape)) or "a single number"


def figure(value: int) -> str:
    """A count in three digits and a unit: `12.5 M`. Below 1,000 it is exact; ties go up."""
    power, size = 0, 1
    while power < len(_UNITS) - 1 and value >= 1000 * size - size // 2 and value >= 1000:
        power, size = power + 1, size * 1000
    if power == 0:
        return str(value)
    for places in (2, 1, 0):
        scale = 10**places
        scaled = (value * scale + size // 2) // size
        if scaled < 1000 or places == 0:
            whole, rest = divmod(scaled, scale)
            digits = f"{whole:,}.{rest:0{places}}" if places else f"{whole:,}"
            return digits + _UNITS[power]
    raise AssertionError


def amount(count: int) -> str:
    """A count to about three digits: `950`, `12.4 k`, `7 M`."""
    digits, space, unit = figure(count).partition(" ")
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + space + unit


def kib(size: int, digits: int = 0) -> str:
    """Bytes in KiB: `1,176 KiB`."""
    return f"{size / 1024:,.{digits}f} KiB"


def size_text(size: int) -> str:
    """Bytes, to the unit below 10 KiB: `8,192 B`, `1,176 KiB`."""
    if symbolic(size):  # of which nobody reads a text
        return str(size)
    return kib(size) if size >= 10240 else f"{size:,} B"


def wrapped(
    text: str, width: int | None, indent: str = "", hang: str = "", *, whole: bool = True
) -> list[str]:
    """Printable text as lines that break between words; in one line where it fits.

    Args:
        text: what to wrap.
        width: columns of a line, None where there is no end.
        indent: what stands before every line.
        hang: what stands before every line but the first, besides.
        whole: leave words whole that are longer than a line.
    """
    if width is None or columns(indent + text) <= width:
        return [indent + text]
    from textwrap import wrap

    return wrap(
        text,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + hang,
        break_on_hyphens=False,
        break_long_words=not whole,
    )
