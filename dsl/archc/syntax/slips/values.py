"""Numbers, names, sizes and signs that are written otherwise elsewhere."""

import re

from archc.diagnostics.nearest import either
from archc.syntax.grammar import keywords
from archc.syntax.lalr import JUNK, OPEN, QUOTED
from archc.syntax.place import Place, Slip

TYPOGRAPHIC = {
    "×": "x", "·": "*", "÷": "/", "−": "-", "–": "-", "≤": "<=", "≥": ">=", "≠": "!=", "…": "..",
    "“": '"', "”": '"', "„": '"', "‘": '"', "’": '"',
}  # fmt: skip
"""Signs that look like those of the language."""
CURLY = "“”„‘’"

UNITS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("k", "thousand", "kmac", "kmacs", "kparams"), ("k",)),
    **dict.fromkeys(("m", "million", "mmac", "mmacs", "mparams"), ("M",)),
    **dict.fromkeys(("g", "billion", "gmac", "gmacs"), ("G",)),
    "kb": ("`kB` for 1,000 bytes", "`KiB` for 1,024"),
    "mb": ("`MB` for 1,000,000 bytes", "`MiB` for 1,048,576"),
    "gb": ("`GB` for 10^9 bytes", "`GiB` for 2^30"),
    "kib": ("KiB",),
    "mib": ("MiB",),
    "gib": ("GiB",),
}
"""Units by their small letters, and what may be meant."""
ALL_UNITS = "units are k, M, G and, for bytes, KiB, MiB, GiB, kB, MB, GB"


def empty(place: Place) -> Slip | None:
    """Nothing at all: a file may be empty, an expression may not."""
    return None if place.at or place.found else Slip("a value is missing")


def open_text(place: Place) -> Slip | None:
    """Quotes that nothing closes, and single ones."""
    first = (place.start, place.start + 1)
    if place[0].kind == OPEN:
        mark = '"""' if place.found.startswith('"""') else '"'
        what = "this doc string is never closed with `\"\"\"`" if len(mark) > 1 else (
            "this text in quotes is not closed on its line"
        )  # fmt: skip
        return Slip(what, "opened here", f"close it with `{mark}`", span=first)
    if place[0].kind == QUOTED:
        size, mark = (3, '"""') if place.found.startswith("'''") else (1, '"')
        edits = place.instead(f"{mark}{place.found[size:-size]}{mark}")
        return Slip(
            "texts go in double quotes", help=f"write `{mark}...{mark}`", edits=edits, span=first
        )
    if place.found == "'":
        return Slip("texts go in double quotes", help='write `"..."`')
    return None


def typographic(place: Place) -> Slip | None:
    """Signs that look like those of the language: `×`, `≤`, curly quotes."""
    plain = TYPOGRAPHIC.get(place.found)
    if plain is None:
        return None
    message = f"`{place.found}` is not a symbol of the language"
    if place.found == "×" and not (place.touches() and re.match("[0-9]", place.text[place.end :])):
        return Slip(message, help="write `x` in a size, `*` in a product")
    closing = next((place[at] for at in range(1, 80) if place[at].kind == JUNK), None)
    if plain == '"' and closing and closing.text in CURLY and closing.end <= place.end + 200:
        inside = place.text[place.end : closing.start]
        edit = (place.start, closing.end, f'"{inside}"')
        return Slip(message, help=f"write `{plain}`", edits=() if "\n" in inside else (edit,))
    return Slip(message, help=f"write `{plain}`", edits=place.instead(plain))


def percent(place: Place) -> Slip | None:
    """`12.5 %`."""
    if place.found != "%":
        return None
    number = re.fullmatch(r"([0-9]{1,12})(\.[0-9]{1,12})?", place[-1].text)
    if number is None or re.match(r"\s*[A-Za-z0-9(]", place.rest):
        return Slip(
            "there is no remainder operator", help="`a - floor(a / b) * b` is the remainder"
        )
    whole, decimals = number.group(1).rjust(3, "0"), (number.group(2) or ".")[1:]
    share = f"{whole[:-2].lstrip('0') or '0'}.{whole[-2:]}{decimals}".rstrip("0").rstrip(".")
    return Slip(
        "a share is a number, not a percentage",
        help=f"write `{share}`",
        edits=place.instead(share, -1, 0),
    )


TIMES = ("ns", "us", "ms", "s", "sec", "min", "fps", "hz", "khz", "mhz", "j", "mj", "uj", "w", "mw")
"""Units of what is not known before a network is measured."""


def unknown_unit(place: Place) -> Slip | None:
    """`3 T`, `60 K`."""
    required = place.last_word("_REQUIRE") is not None and place.same_line()
    longest = 12 if required else 3
    if place[-1].kind != "NUMBER" or not re.fullmatch(f"[A-Za-z]{{1,{longest}}}", place.found):
        return None
    if place.found in keywords() or not place[-1].text[-1].isdigit():
        return None
    close = UNITS.get(place.found.lower())
    if not (place.touches() or close or required):
        return None
    message = f"`{place.found}` is not a unit"
    if place.found.lower() in TIMES:
        help = f"times, rates and energy cannot be required; {ALL_UNITS}"
        return Slip(message, help=help, skip=(place.start, place.end))
    if place.found.lower() in ("b", "byte", "bytes"):
        help = f"a number of bytes needs none: write `{place[-1].text}`, or use KiB, MiB, kB, MB"
        return Slip(message, help=help, edits=place.instead(""))
    if close is None:
        help = f"counts have none: write `{place[-1].text}`; {ALL_UNITS}"
        return Slip(message, help=help, skip=(place.start, place.end))
    if len(close) > 1:
        return Slip(message, help=f"write {either(list(close))}", skip=(place.start, place.end))
    return Slip(
        message,
        help=f"write `{place[-1].text} {close[0]}`; {ALL_UNITS}",
        edits=place.instead(close[0]),
    )


def logic(place: Place) -> Slip | None:
    """`&&`, `||`, `!`."""
    word = {"&": "and", "|": "or", "!": "not"}.get(place.found)
    if word is None:
        return None
    last = int(place[1].text == place.found and place.touches(1))
    text, end = word, place[last].end
    if word != "not" and place.touches():
        text = f" {text}"
    if not place.text[end : end + 1].isspace():
        text += " "
    sign = place.text[place.start : end]
    span = (place.start, end)
    edits = ((*span, text),)
    return Slip(f"`{sign}` is written as a word", help=f"write `{word}`", edits=edits, span=span)


def tuple_size(place: Place) -> Slip | None:
    """`kernel = (3, 3)`: a size, as Python writes it."""
    if place.found != "," or place.inner != "(" or not place.expects(")"):
        return None
    first = place.number(place.opens[0])
    before = place.tokens[first - 1] if first else None
    if before is not None and before.kind in ("NAME", "_ROUNDING"):
        return None
    inside, last = place.within(first)
    values, commas = inside[::2], inside[1::2]
    if last != first + 1 + len(inside) or place.tokens[last].text != ")":
        return None
    if {t.kind for t in values} - {"NAME", "NUMBER"} or {t.text for t in commas} != {","}:
        return None
    digits = all(token.text.isdigit() for token in values)
    size = ("x" if digits else " x ").join(token.text for token in values)
    span = (place.opens[0].start, place.tokens[last].end)
    return Slip(
        "a size is written with `x`, rows first",
        help=f"write `{size}`",
        edits=((*span, size),),
        span=span,
    )
