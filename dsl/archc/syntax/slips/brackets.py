"""Brackets that nothing closes, or that close nothing."""

from archc.syntax.lalr import END, Token
from archc.syntax.place import CLOSES, Place, Slip, closing, inset, outdented

LAYOUT = "by the layout it is the first one"
MEMBERS = ("stage", "head", "input", "target", "rounding", "require", "arch", "block", "use")


def _line(place: Place, token: Token) -> int:
    return place.source.position(token.start)[0]


def _mark(token: Token, text: str) -> tuple[int, int, str]:
    return token.start, token.end, text


def missing_bracket(place: Place) -> Slip | None:
    """The end of the text within brackets."""
    if place[0].kind != END or not place.opens:
        return None
    bracket = place.opens[0]
    suspect = outdented(place, "{" if bracket.text == "{" else "([{")
    if suspect is not None and suspect.open is not bracket:
        bracket = suspect.open
    close = CLOSES[bracket.text]
    related = [_mark(bracket, "opened here")]
    edits: tuple[tuple[int, int, str], ...] = ()
    if suspect is not None:
        after = place.last_token(suspect.before)
        related.append(_mark(after, f"`{close}` may be missing after this"))
    elif len(place.opens) == 1 and place[-1].text not in (",", "=", "("):
        line = place.text[place.line_start(bracket.start) : bracket.start]
        blanks = line[: len(line) - len(line.lstrip())]
        edits = place.behind(close if bracket.text != "{" else f"\n{blanks}}}")
    return Slip(
        f"the `{bracket.text}` on line {_line(place, bracket)} is never closed",
        f"`{close}` is missing",
        notes=("found the end of the text instead",),
        edits=edits,
        related=tuple(related),
        help=f"add `{close}`" if edits else None,
    )


def stray_bracket(place: Place) -> Slip | None:
    """A closing bracket that closes nothing, or not what is open."""
    if place.found not in CLOSES.values():
        return None
    if not place.opens:
        return _closes_nothing(place)
    bracket = place.opens[0]
    close = CLOSES[bracket.text]
    if close == place.found:
        return None
    edits: tuple[tuple[int, int, str], ...] = ()
    help = None
    around = place.opens[1].text if len(place.opens) > 1 else ""
    if CLOSES.get(around) == place.found and place.expects(close):
        edits, help = place.behind(close), f"put `{close}` before it"
    elif place.found in ")]" and bracket.text in "([":
        edits, help = place.instead(close), f"write `{close}`"
    return Slip(
        f"expected `{close}`, found `{place.found}`",
        f"the `{bracket.text}` on line {_line(place, bracket)} is still open",
        help=help,
        edits=edits,
        related=(_mark(bracket, "opened here"),),
    )


def _closes_nothing(place: Place) -> Slip:
    early, deeper = closing(place)
    inner = inset(place, place.at) if place.found == "}" else None
    if inner is not None:
        return Slip(
            "this `}` closes nothing",
            "nothing is open here",
            "by the layout a `{` is missing, or a `}` too many, after the mark",
            related=(_mark(place.last_token(inner), "after this"),),
        )
    headless = place.found == ")" and place[-2].kind in ("_ARCH", "_BLOCK", "_STAGE")
    related: tuple[tuple[int, int, str], ...] = ()
    if early is not None and place.found == "}":
        related = (_mark(early, "this one closed what is around it"),)
    return Slip(
        f"this `{place.found}` closes nothing",
        "nothing is open here",
        help=f"remove one of the two: {LAYOUT}" if deeper else f"remove the `{place.found}`",
        related=related,
        edits=() if deeper or headless else place.instead(""),
        missing=(place.at, "LPAR") if headless else None,
    )


def unclosed_body(place: Place) -> Slip | None:
    """A word that stands in an arch or a file, where a body is still open."""
    word = place[1].text if place[0].kind == "DOC" else place.found
    if word not in MEMBERS or "_STAGE" in place.expected or "RBRACE" not in place.expected:
        return None
    if not place.opens or place.inner != "{":
        return None
    bracket = place.opens[0]
    needed = len(place.opens) - (word not in ("arch", "block", "use"))
    help = "add `}` before it" if needed == 1 else f"add {needed} `}}` before it"
    edits = place.behind(" }") if needed == 1 else ()
    related = [_mark(bracket, "opened here")]
    suspect = outdented(place)
    if suspect is not None and suspect.before < place.at:
        bracket = suspect.open
        earlier = _mark(place.last_token(suspect.before), "or after this, by the layout")
        related, edits = [_mark(bracket, "opened here"), earlier], ()
    return Slip(
        f"the `{{` on line {_line(place, bracket)} is not closed before this `{word}`",
        "`}` is missing before it",
        help,
        related=tuple(related),
        edits=edits,
    )


def missing_parenthesis(place: Place) -> Slip | None:
    """`stage s(channels = 8 { ... }`."""
    if place.found != "{" or place.inner not in "([":
        return None
    bracket = place.opens[0]
    suspect = outdented(place, "([", place.at)
    if suspect is not None:
        close = CLOSES[suspect.open.text]
        after = place.last_token(suspect.before)
        return Slip(
            f"`{close}` is missing before this brace",
            help=f"by the layout `{close}` is missing where it is marked",
            related=(
                _mark(suspect.open, "opened here"),
                _mark(after, f"`{close}` may be missing after this"),
            ),
        )
    close = CLOSES[bracket.text]
    if place[1].text == close:  # the two changed places
        return Slip(
            f"`{close}` is missing before this brace",
            help=f"write `{close} {{`",
            related=(_mark(bracket, "opened here"),),
            edits=place.instead(f"{close} {{", 0, 1),
        )
    return Slip(
        f"`{close}` is missing before this brace",
        help=f"add `{close}`",
        related=(_mark(bracket, "opened here"),),
        edits=place.behind(close) if place[-1].text not in (",", "=") else (),
    )
