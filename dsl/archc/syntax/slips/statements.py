"""Calls, their arguments, and what stands between them."""

import re
from itertools import pairwise

from archc.syntax.grammar import keywords
from archc.syntax.place import CLOSES, TAIL, Edits, Place, Slip
from archc.syntax.slips.spelling import misspelt

ARROWS = re.compile(r"->|=>|>>|\|>|\|\||\||&+|→|>(?!=)")
FEATURE = ("channels", "height", "width", "size", "shape")
TYPES = "int|float|bool|str|number|integer|string|boolean"
"""Types as other languages write them behind a parameter."""
NO_NAME = Slip(
    "a result is named behind its statement",
    help="leave the name out, since each statement reads what the one before it made; or name it "
    "with `as`: `conv(8) as NAME`",
)


def arrow(place: Place) -> Slip | None:
    """`conv(8) -> relu6`, `conv(8) | relu6`: signs that join layers elsewhere."""
    found = ARROWS.match(place.text, place.start)
    if found is None or place.inner != "{" or place.last_word("_IF", "_REQUIRE"):
        return None
    if not place.opens:
        return None
    if found.group() == "||":
        return Slip(
            "branches go in separate braces, without `||`",
            help="write `concat { ... } { ... }` or `add { ... } { ... }`",
            span=found.span(),
        )
    start = len(place.text[: place.start].rstrip(" \t"))
    gap = "" if place.text[found.end() : found.end() + 1].isspace() else " "
    return Slip(
        f"statements follow one another without `{found.group()}`",
        help=f"remove the `{found.group()}`: each reads what the one before it made",
        edits=((start, found.end(), gap),),
        span=found.span(),
    )


def keyword_as_name(place: Place) -> Slip | None:
    """`x = conv(8)`, where `x` is a word of the language."""
    if place.found != "x" or place[1].text != "=" or "RBRACE" not in place.expected:
        return None
    return NO_NAME._replace(edits=((place.start, _value(place, 1), ""),))


def _value(place: Place, offset: int) -> int:
    """Where the line goes on behind a token."""
    end = place[offset].end
    return end + len(place.text[end:]) - len(place.text[end:].lstrip(" \t"))


_LAYER = re.compile(r"^[ \t]*(\w+)\s*=(?!=)[^\n]*\)\((\w*)\)\s*;?[ \t]*$", re.M)
"""A layer that is called in Python, with its name and what it reads."""


def branches(text: str) -> bool:
    """Whether layers, as Python names and calls them, are no chain: one reads something else than
    what the one before it made, so that leaving names out would put it behind that."""
    layers = _LAYER.findall(text)
    pairs = pairwise(layers)
    return any(read and read != made for (made, _), (_, read) in pairs)


def assignment(place: Place) -> Slip | None:
    """`y = conv(8)` as a statement."""
    if place.found != "=" or "RBRACE" not in place.expected:
        return None
    if place[-1].kind != "NAME":
        return Slip("statements have no names", help="each reads what the one before it made")
    if branches(place.text):
        span = (place[-1].start, _value(place, 0))
        return NO_NAME._replace(help="branches go in braces, as in `concat { ... } { ... }`",
                                skip=span)  # fmt: skip
    return NO_NAME._replace(edits=((place[-1].start, _value(place, 0), ""),))


def doubled(place: Place) -> Slip | None:
    """`stage stage s`, `kernel = = 3x3`, `head { { relu6 }`."""
    token, before = place[0], place[-1]
    if token.text != before.text or token.kind in ("NUMBER", "COMMA", "TIMES", "OVER", "DOT"):
        return None
    if token.kind == "NAME" and place.inner in "([":
        return None
    if token.text in ("(", "[", "{", ")", "]", "}", ""):
        return None
    if token.text in keywords() and "NAME" in place.expected and place[1].kind != "NAME":
        return None  # it is meant for a name
    return Slip(
        f"`{token.text[:TAIL]}` appears twice",
        help="remove one of them",
        edits=place.instead(""),
        reads=6,
    )


def no_condition(place: Place) -> Slip | None:
    """`if { relu6 }`, whose braces read as the condition."""
    if place[-1].text != "}":
        return None
    depth, index = 0, place.at - 1
    while index > max(place.at - 200, 0):
        text = place.tokens[index].text
        depth += (text == "}") - (text == "{")
        if depth == 0:
            break
        index -= 1
    word = place.tokens[index - 1] if index else None
    if word is None or depth:
        return None
    if word.kind == "COMPARISON" and "LBRACE" in place.expected:
        return Slip(
            f"nothing follows this `{word.text}`",
            help=f"write what it compares with: `{word.text} VALUE {{ ... }}`",
            span=(word.start, word.end),
            missing=(index, "NUMBER"),
        )
    if word.kind != "_IF":
        return None
    return Slip(
        "this `if` has no condition",
        help="write `if CONDITION { ... }`",
        span=(word.start, word.end),
        missing=(index, "NAME"),
    )


def bare_argument(place: Place) -> Slip | None:
    """`conv 64`, `conv 64 3x3`."""
    if place.kinds(-1, 0) != ("NAME", "NUMBER") or "RBRACE" not in place.expected:
        return None
    if place.touches() or not place.same_line():
        return None
    last = 0
    while place[last + 1].kind in ("NUMBER", "_X") and place.same_line(last + 1):
        last += 1
    whole = ", ".join(place.text[place.start : place[last].end].split())
    edit = (place[-1].end, place[last].end, f"({whole})")
    call = f"{place[-1].text[:TAIL]}({whole})"
    return Slip("arguments go in parentheses", help=f"write `{call}`", edits=(edit,))


def typed(place: Place) -> Slip | None:
    """`num_classes: int = 12`."""
    if place.found != ":" or "EQUAL" not in place.expected or place.inner != "(":
        return None
    annotation = re.match(r"\s*[A-Za-z_]\w*(\[\w*\])?(?=\s*=[^=])", place.rest)
    found = annotation or re.match(rf"\s*({TYPES})\b(?=\s*[,)])", place.rest)
    if found is None:
        return None
    end = place.end + found.end()
    whole = re.match(r"\s*float\s*=\s*[0-9]+(?![0-9.])", place.rest)
    return Slip(
        "parameters have no types",
        help=f"leave `:{found.group()}` out: a default without a point, such as `= 10`, "
        "means whole numbers, `= 10.0` any",
        edits=() if whole else ((place[-1].end, end, ""),),
        span=(place.start, end),
    )


def missing_comma(place: Place) -> Slip | None:
    """`conv(8 3x3)`, and `conv(8 relu6`, where it may be the parenthesis."""
    if not re.match("[A-Za-z0-9_]", place.found) or not place.expects(","):
        return None
    if place.inner not in "([" or place[-1].text in ("(", "[", ",", "="):
        return None
    bracket, close = place.opens[0], CLOSES[place.inner]
    related = ((bracket.start, bracket.end, "opened here"),)
    if place.found in keywords():
        return Slip(
            f"`{close}` is missing before `{place.found}`",
            help=f"add `{close}`",
            related=related,
            edits=place.behind(close),
        )
    if place.touches():
        return None
    shown = place.found[:TAIL]
    in_list = place.inner == "[" and place.same_line()
    if place.kinds(1, 2) == ("EQUAL", "LPAR"):
        return None  # a call whose name and sign changed places, perhaps
    if place[1].text == "=" or place[0].kind == "NUMBER" or in_list:
        return Slip(
            f"a comma is missing before `{shown}`",
            help="write `,` between arguments",
            edits=place.behind(","),
        )
    near, edits = misspelt(place)  # `in 32 .. 320 setp 32`
    if near is not None and place[1].text not in (",", close):
        return Slip(f"`{shown}` is not allowed here", help=near, edits=edits)
    return Slip(
        f"a comma or `{close}` is missing before `{shown}`",
        help=f"write `,` between arguments, or `{close}` to end them",
        related=related,
    )


def called_twice(place: Place) -> Slip | None:
    """`conv(8)(y)`."""
    if place.found != "(" or place[-1].text != ")" or not place.touches():
        return None
    inside, last = place.within(place.at)
    whole: Edits = ()
    closed = last is not None and place.tokens[last].text == ")" and len(inside) < 2
    if last is not None and closed and [token.text for token in inside] != [","]:
        whole = ((place.start, place.tokens[last].end, ""),)
    said = Slip(
        "a call has one list of arguments",
        help="leave this out: a statement reads what the one before it made",
        edits=whole,
    )
    if not branches(place.text):
        return said
    return said._replace(
        help="a statement reads what the one before it made; branches go in braces: "
        "`concat { ... } { ... }`, `add { ... } { ... }` or `skip { ... }`",
        edits=(),
        skip=whole[0][:2] if whole else None,
    )


def brackets_as_parentheses(place: Place) -> Slip | None:
    """`conv[8]`."""
    if place.found != "[" or not place.touches() or place[-1].kind != "NAME":
        return None
    _, last = place.within(place.at)
    close = place.tokens[last] if last is not None else place[0]
    inside = place.text[place.end : close.start] if close.text == "]" else "\n"
    whole = "\n" not in inside
    edits = ((place.start, close.end, f"({inside})"),) if whole else ()
    call = f"{place[-1].text[:TAIL]}({inside if whole else '...'})"
    return Slip("arguments go in parentheses", help=f"write `{call}`", edits=edits)


def dotted(place: Place) -> Slip | None:
    """`layers.Conv2D(8)`, `self.stem`."""
    if place.found != "." or place.kinds(-1, 1) != ("NAME", "NAME") or not place.touches():
        return None
    name, first = place[1].text, -1
    while place.kinds(first - 2, first - 1) == ("NAME", "DOT"):
        first -= 2
    last = 1
    while place.kinds(last + 1, last + 2) == ("DOT", "NAME"):
        last += 2
    path = place.text[place[first].start : place[last].start]
    said = Slip("names have no dots, apart from those of `in`")
    if name in FEATURE:
        return said._replace(help=f"write `{name}`, or `in.{name}` for the feature map that enters")
    edits = ((place[first].start, place[last].start, ""),)
    return said._replace(help=f"remove the `{path}`", edits=edits)


SEQUENCES = ("Sequential", "ModuleList", "Model")
"""What holds layers in a list elsewhere."""


def sequence(place: Place) -> Slip | None:
    """`model = Sequential([conv(8), relu6])`: layers in a list."""
    opened = place.at
    if place.inner == "[":
        opened = place.number(place.opens[0])
    elif {"_ARCH", "_STAGE", "RBRACE"} & place.expected:
        opened = next((at for at in range(8) if place[at].text == "["), 0) + place.at
    if opened < 2 or place.tokens[opened].text != "[" or place.tokens[opened - 1].text != "(":
        return None
    named = opened - 2
    if place.tokens[named].text not in SEQUENCES:
        return None
    name = place.tokens[named].text
    while place.tokens[named - 1].kind in ("DOT", "NAME", "EQUAL", "_X") and (
        place.indent(named) is None
    ):
        named -= 1
    inside, last = place.within(opened)
    if last is None or [token.text for token in place.tokens[last : last + 2]] != ["]", ")"]:
        return None
    start, end = place.tokens[named].start, place.tokens[opened].end
    return Slip(
        "layers follow one another as statements, not in a list",
        help=f"leave `{name}([...])` and its commas out",
        edits=(
            (start, end, ""),
            *((token.start, token.end, " ") for token in inside if token.text == ","),
            (place.tokens[last].start, place.tokens[last + 1].end, ""),
        ),
        span=(start, end),
        reads=0,
    )


def comment(place: Place) -> Slip | None:
    """`// ...`, `/* ... */`, `-- ...`."""
    slash = place.found == "/"
    twice = place[1].text == place.found and place.touches(1)
    said = Slip("comments start with `#`", help="write `#`")
    if (slash or place.found == "-") and twice:
        return said._replace(edits=((place.start, place[1].end, "#"),))
    if slash and place[1].text == "*" and place.touches(1):
        end = place.text.find("*/", place[1].end)
        inside = place.text[place[1].end : end]
        if end < 0 or "\n" in inside or place.text[end + 2 :].partition("\n")[0].strip():
            return said._replace(skip=(place.start, end + 2) if end >= 0 else None)
        return said._replace(edits=((place.start, end + 2, f"#{inside.rstrip()}"),))
    if slash and place[-1].text == "/" and place.touches():
        if place.inner == "(" and place[1].kind in ("NAME", "NUMBER", "LPAR") and (
            place[1].text == "(" or not place[2].text[:1].isalnum()
        ):  # fmt: skip
            return Slip("there is no `//`", help="write `floor(a / b)`")
        return said._replace(edits=((place[-1].start, place.end, "#"),))
    return None
