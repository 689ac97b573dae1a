"""What to say about a syntax error: what was found, what could stand there, and the usual slips."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from archc.diagnostics.nearest import either, propose
from archc.source import Span
from archc.syntax.grammar import parser


@lru_cache(maxsize=1)
def keywords() -> frozenset[str]:
    """The words that belong to the grammar."""
    names = (terminal.name for terminal in parser().terminals)
    return frozenset(name[1:].lower() for name in names if re.fullmatch("_[A-Z]+", name))


TAIL = 40
"""Characters that are looked at and shown of what may be very long."""


class Slip(NamedTuple):
    """The texts of a syntax error."""

    message: str
    label: str = ""
    help: str | None = None
    notes: tuple[str, ...] = ()
    edits: tuple[tuple[int, int, str], ...] = ()
    """What mends it, where there is one way: text for a range of offsets."""
    related: tuple[tuple[int, int, str], ...] = ()
    """Other places that belong to it: a range of offsets and what to say of it."""
    span: tuple[int, int] | None = None
    """Where it is, if that is not where the text stopped making sense."""


class Place(NamedTuple):
    """Where a text stopped making sense."""

    span: Span
    found: str
    """The offending token; empty at the end of the text."""
    before: str
    """The text up to it, without trailing space."""
    tail: str
    """The end of that: as much as patterns of tokens need, so that they take no time."""
    touching: bool
    """Whether nothing stands between it and the text before."""
    after: str
    expected: frozenset[str]
    """Names of the terminals that could stand there."""

    @property
    def start(self) -> int:
        return self.span.start

    @property
    def end(self) -> int:
        return self.span.end

    @property
    def line_before(self) -> str:
        """The text before it on its line."""
        text = self.span.source.text
        return text[text.rfind("\n", 0, self.start) + 1 : self.start]

    @property
    def line_after(self) -> str:
        return self.after.partition("\n")[0]

    def instead(self, text: str) -> tuple[tuple[int, int, str], ...]:
        """The edit that puts a text in its place; empty text takes the blanks before it too."""
        start = self.start
        while not text and start > len(self.before):
            start -= 1
        return ((start, self.end, text),)

    def behind(self, text: str) -> tuple[tuple[int, int, str], ...]:
        """The edit that puts a text directly behind what stands before it."""
        return ((len(self.before), len(self.before), text),)

    def expects(self, *literals: str) -> bool:
        """Whether one of some literal terminals could stand there."""
        return any(literal in literals for literal in _literals(self.expected))


def explain(span: Span, expected: Iterable[str]) -> Slip:
    """The texts for an error at a span where one of the expected terminals should stand."""
    text = span.source.text
    before = text[: span.start]
    place = Place(
        span,
        span.text,
        before.rstrip(),
        before.rstrip()[-TAIL:],
        bool(before) and not before[-1].isspace(),
        text[span.end :],
        frozenset(expected),
    )
    for slip in _SLIPS:
        found = slip(place)
        if found is not None:
            return found
    words = in_words(place.expected)
    shown = place.found if len(place.found) <= TAIL else f"{place.found[:TAIL]}..."
    found_text = f"`{shown}`" if place.found else "the end of the text"
    help, edits = misspelt(place)
    if (
        help is None
        and len(place.found) == 1
        and not re.match(r"[\w\s(){}\[\]=,:;.<>+*/-]", place.found)
    ):
        help, edits = f"take the `{place.found}` out", place.instead("")
    if not words or len(words) > 6:
        return Slip(f"{found_text} cannot stand here", "unexpected", help, edits=edits)
    expected_text = either(words)
    message = f"expected {expected_text}, found {found_text}"
    return Slip(message, f"expected {expected_text}", help, edits=edits)


def misspelt(place: Place) -> tuple[str | None, tuple[tuple[int, int, str], ...]]:
    """A help line with the word of the language that could stand there and is close, and the
    edit where it is one."""
    words = {n[1:].lower() for n in place.expected if n[0] == "_"} & keywords()
    found = propose(place.found, place.span, words if re.match("[A-Za-z_]{2}", place.found) else ())
    return found.help, tuple((edit.span.start, edit.span.end, edit.text) for edit in found.edits)


def _literals(terminals: Iterable[str]) -> Iterator[str]:
    for name in terminals:
        if name != "$END":
            yield str(parser().get_terminal(name).pattern.value).replace("\\", "")


def in_words(terminals: Iterable[str]) -> list[str]:
    """Terminals as their readers know them; those that start an expression count as one."""
    names = set(terminals)
    words = []
    if {"NUMBER", "MINUS", "LSQB"} <= names:
        words.append("a value")
        names -= {"NUMBER", "MINUS", "LSQB", "NAME", "LPAR", "LBRACE", "_NOT", "_IN"}
    if {"PLUS", "TIMES", "OVER"} <= names:
        names -= {"PLUS", "MINUS", "TIMES", "OVER", "_X", "COMPARISON", "_AND", "_OR"}
    named = {
        "NAME": "a name",
        "NUMBER": "a number",
        "DOC": "a doc string",
        "STRING": "a path in quotes",
    }
    for name in sorted(names):
        if name == "$END":
            words.append("the end of the text")
        elif name in named:
            words.append(named[name])
        elif name.startswith("_") and name[1:].lower() in keywords():
            words.append(f"`{name[1:].lower()}`")
        elif name == "COMPARISON":
            words.append("a comparison")
        else:
            words.append(f"`{parser().get_terminal(name).pattern.value}`")
    return words


def unclosed(text: str) -> Iterator[tuple[str, int]]:
    """Brackets that a text opens and does not close, with their offsets, innermost first."""
    stack: list[tuple[str, int]] = []
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|[][(){}]', text):
        token = match.group()
        if token in "([{":
            stack.append((token, match.start()))
        elif token in ")]}" and stack:
            stack.pop()
    return reversed(stack)


_SLIPS: list[Callable[[Place], Slip | None]] = []


def slip(function: Callable[[Place], Slip | None]) -> Callable[[Place], Slip | None]:
    _SLIPS.append(function)
    return function


@slip
def empty(place: Place) -> Slip | None:
    if place.before or place.found:
        return None
    return Slip("a value is missing")  # a file may be empty, an expression may not


@slip
def quoted_name(place: Place) -> Slip | None:
    """`padding = "same"`: values are names, not texts."""
    if not ({"NUMBER", "LPAR"} <= place.expected):
        return None
    found = re.match(r"""(["'])([A-Za-z_][A-Za-z0-9_]*)\1""", place.found + place.line_after)
    if found is None:
        return None
    edit = (place.start, place.start + found.end(), found.group(2))
    return Slip(
        "names are written without quotes",
        help=f"write `{found.group(2)}`",
        edits=(edit,),
        span=edit[:2],
    )


@slip
def open_text(place: Place) -> Slip | None:
    if place.found == '"':
        if (place.found + place.after).startswith('"""'):
            return Slip(
                'this doc string is never closed with `"""`', "opened here", 'close it with `"""`'
            )
        return Slip(
            "this text in quotes is not closed on its line", "opened here", 'close it with `"`'
        )
    if place.found == "'":
        whole = re.match(r"'(?:''([^']*)''|([^'\n]*))'", place.found + place.after)
        if whole is None:
            return Slip("texts stand in double quotes", help='write `"..."`')
        mark, text = (
            ('"""', whole.group(1)) if whole.group(1) is not None else ('"', whole.group(2))
        )
        edit = (place.start, place.start + whole.end(), f"{mark}{text}{mark}")
        return Slip("texts stand in double quotes", help=f"write `{mark}...{mark}`", edits=(edit,))
    return None


@slip
def typographic(place: Place) -> Slip | None:
    """Signs that look like those of the language: `×`, `≤`, curly quotes."""
    plain = TYPOGRAPHIC.get(place.found)
    if plain is None:
        return None
    if place.found == "×" and not (place.touching and place.after[:1].isdigit()):
        both = "`x` in a size, `*` in a product"
        return Slip(f"`{place.found}` is no sign of the language", help=f"write {both}")
    return Slip(
        f"`{place.found}` is no sign of the language",
        help=f"write `{plain}`",
        edits=place.instead(plain),
    )


TYPOGRAPHIC = {
    "×": "x",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": '"',
    "’": '"',
    "…": "..",
}


@slip
def missing_bracket(place: Place) -> Slip | None:
    if place.found:
        return None
    text = place.span.source.text
    found = next(unclosed(text), None)
    if found is None:
        return None
    bracket, offset = found
    close = CLOSES[bracket]
    line = place.span.source.position(offset)[0]
    suspect = outdented(text, "{" if bracket == "{" else "([{")
    if suspect is not None and suspect[0] != offset:
        offset = suspect[0]
        line = place.span.source.position(offset)[0]
        bracket, close = text[offset], CLOSES[text[offset]]
    related = [(offset, offset + 1, "opened here")]
    edits: tuple[tuple[int, int, str], ...] = ()
    count = sum(1 for _ in unclosed(text))
    if suspect is not None:
        related.append((*last_token(text, suspect[1]), f"`{close}` may be missing after this"))
    elif count == 1 and not place.before.endswith((",", "=", "(")):
        edits = place.behind(close if bracket != "{" else f"\n{_indent(text, offset)}}}")
    return Slip(
        f"the `{bracket}` on line {line} is never closed",
        f"`{close}` is missing",
        notes=("found the end of the text instead",),
        edits=edits,
        related=tuple(related),
        help=f"add `{close}`" if edits else None,
    )


CLOSES = {"(": ")", "[": "]", "{": "}"}


def _indent(text: str, offset: int) -> str:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line[: len(line) - len(line.lstrip())]


def outdented(text: str, brackets: str = "{") -> tuple[int, int] | None:
    """The first bracket of some kinds that the layout shows to be left open: its offset, and that
    of the text which stands no deeper than the line that opened it, though it should stand inside.
    """
    stack: list[tuple[str, int, int]] = []
    line_start = True
    indent = 0
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|\n[ \t]*|[][(){}]|[^\s"#]|"', text):
        token = match.group()
        if token[0] == "\n":
            line_start, indent = True, len(token) - 1
            continue
        if token[0] == "#":
            continue
        if line_start and stack and token not in "])}":
            top, offset, opened = stack[-1]
            if top in brackets and indent <= opened:
                return offset, match.start()
        if line_start and stack and token == "}" and indent < stack[-1][2] and stack[-1][0] == "{":
            return stack[-1][1], match.start()
        line_start = False
        if token in "([{":
            stack.append((token, match.start(), indent))
        elif token in ")]}" and stack:
            stack.pop()
    return None


def last_token(text: str, end: int) -> tuple[int, int]:
    """Where the last token before an offset stands, comments and doc strings left out."""
    last = (0, 0)
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|\w+|[^\s#"]', text[:end]):
        if not match.group().startswith(("#", '"""')):
            last = match.span()
    return last


def inset(text: str) -> int | None:
    """Where a line starts that stands deeper than those before it in the same braces, though
    nothing is open in it: a brace is missing before it, or one too many."""
    stack: list[tuple[str, int | None]] = [("{", 0)]
    line_start, indent = True, 0
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|\n[ \t]*|[][(){}]|[^\s"#]|"', text):
        token = match.group()
        if token[0] == "\n":
            line_start, indent = True, len(token) - 1
            continue
        if token[0] == "#" or token.startswith('"""'):
            continue
        if line_start and stack and stack[-1][0] == "{" and token not in "])}":
            inner = stack[-1][1]
            if inner is None:
                stack[-1] = ("{", indent)
            elif indent > inner:
                return match.start()
        line_start = False
        if token in "([{":
            stack.append((token, None))
        elif token in ")]}" and len(stack) > 1:
            stack.pop()
    return None


@slip
def stray_bracket(place: Place) -> Slip | None:
    if place.found not in (")", "]", "}"):
        return None
    open_brackets = list(unclosed(place.before))
    if not open_brackets:
        related: list[tuple[int, int, str]] = []
        text = place.span.source.text[: place.start]
        early, deeper = closing(text)
        inner = inset(text) if place.found == "}" else None
        if inner is not None:
            at = last_token(text, inner)
            return Slip(
                "this `}` closes nothing",
                "nothing is open here",
                "by the layout a `{` is missing, or a `}` too many, behind what is marked",
                related=((*at, "behind this"),),
            )
        if early is not None and place.found == "}":
            related.append((early, early + 1, "this one closed what stands around it"))
        return Slip(
            f"this `{place.found}` closes nothing",
            "nothing is open here",
            related=tuple(related),
            help=f"take one of the two out: {LAYOUT}"
            if deeper
            else f"take the `{place.found}` out",
            edits=() if deeper else place.instead(""),
        )
    bracket, offset = open_brackets[0]
    close = CLOSES[bracket]
    if close != place.found:
        line = place.span.source.position(offset)[0]
        inside = [one for one, _ in open_brackets[1:2]]
        edits: tuple[tuple[int, int, str], ...] = ()
        help = None
        if inside and CLOSES[inside[0]] == place.found and close in _literals(place.expected):
            edits, help = place.behind(close), f"put `{close}` before it"
        elif place.found in ")]" and bracket in "([":
            edits, help = place.instead(close), f"write `{close}`"
        return Slip(
            f"expected `{close}`, found `{place.found}`",
            f"the `{bracket}` on line {line} is still open",
            help=help,
            edits=edits,
            related=((offset, offset + 1, "opened here"),),
        )
    return None


LAYOUT = "by the layout it is the first one"


def closing(text: str) -> tuple[int | None, bool]:
    """The brace that closed the last outermost body, and whether indented text follows it."""
    depth, closed = 0, None
    for match in re.finditer(r'"""(?s:.*?)"""|"[^"\n]*"|#[^\n]*|\n[ \t]*(?=\w)|[{}]', text):
        token = match.group()
        if token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
            closed = match.start() if depth == 0 else closed
        elif token[0] == "\n" and len(token) > 1 and depth == 0 and closed is not None:
            return closed, True
    return closed, False


@slip
def decimal_point(place: Place) -> Slip | None:
    if place.found != ".":
        return None
    digits = re.match(r"[0-9]+", place.after)
    if re.search(r"(?<![A-Za-z0-9_.])[0-9]+$", place.tail) and place.touching:
        number = re.search(r"[0-9]+$", place.tail)
        assert number is not None
        return Slip(
            "a number cannot end in a point",
            help=f"write `{number.group()}` or `{number.group()}.0`",
            edits=place.instead(".0"),
        )
    if digits:
        return Slip(
            "a number cannot start with a point",
            help=f"write `0.{digits.group()}`",
            edits=place.instead("0."),
        )
    if place.before.endswith("..") and place.touching:
        return Slip("a range has two points", help="write `LOW .. HIGH`", edits=place.instead(""))
    return None


@slip
def underscore(place: Place) -> Slip | None:
    if place.touching and re.match(r"_[0-9]", place.found) and place.before[-1:].isdigit():
        number = re.search(r"[0-9.]+$", place.tail)
        assert number is not None
        whole = number.group() + place.found.replace("_", "")
        return Slip(
            "numbers are written without underscores",
            help=f"write `{whole}`",
            edits=place.instead(place.found.replace("_", "")),
        )
    return None


@slip
def glued_size(place: Place) -> Slip | None:
    if not (place.touching and place.before[-1:].isdigit()):
        return None
    number = re.search(r"[0-9.]+$", place.tail)
    if number is None:
        return None
    if re.match(r"x[A-Za-z_]", place.found):
        return Slip(
            f"`{number.group()}{place.found}` reads as a number and a name",
            help=f"write `{number.group()} x {place.found[1:]}` with spaces around the `x`",
            edits=place.instead(f" x {place.found[1:]}"),
        )
    if re.fullmatch(r"X[0-9]+([xX][0-9]+)*", place.found):
        small = place.found.lower()
        return Slip(
            "sizes are written with a small `x`",
            help=f"write `{number.group()}{small}`",
            edits=place.instead(small),
        )
    return None


@slip
def percent(place: Place) -> Slip | None:
    if place.found != "%":
        return None
    number = re.search(r"(?<![A-Za-z0-9_.])([0-9]{1,12})(\.[0-9]{1,12})?$", place.tail)
    if number is None:
        return Slip(
            "there is no remainder operator", help="`a - floor(a / b) * b` is the remainder"
        )
    if re.match(r"\s*[A-Za-z0-9(]", place.line_after):
        return Slip(
            "there is no remainder operator", help="`a - floor(a / b) * b` is the remainder"
        )
    whole, decimals = number.group(1).rjust(3, "0"), (number.group(2) or ".")[1:]
    share = f"{whole[:-2].lstrip('0') or '0'}.{whole[-2:]}{decimals}".rstrip("0").rstrip(".")
    edit = (len(place.before) - len(number.group()), place.end, share)
    return Slip("a share is a number, not a percentage", help=f"write `{share}`", edits=(edit,))


@slip
def unknown_unit(place: Place) -> Slip | None:
    number = re.search(r"(?<![A-Za-z0-9_])[0-9.]+$", place.tail)
    if (
        number
        and re.fullmatch(r"[A-Za-z]{1,3}", place.found)
        and place.found not in keywords()
        and (place.touching or place.found.lower() in UNITS or "require" in place.line_before)
    ):
        close = UNITS.get(place.found.lower())
        units = "units are k, M, G and, for bytes, KiB, MiB, GiB, kB, MB, GB"
        if close is not None and len(close) == 1:
            return Slip(
                f"`{place.found}` is not a unit",
                help=f"write `{close[0]}`; {units}",
                edits=place.instead(close[0]),
            )
        if close is not None:
            return Slip(f"`{place.found}` is not a unit", help=f"write {either(list(close))}")
        return Slip(
            f"`{place.found}` is not a unit",
            help=f"counts have none: write `{number.group()}`; {units}",
        )
    return None


UNITS: dict[str, tuple[str, ...]] = {
    "k": ("k",),
    "m": ("M",),
    "g": ("G",),
    "kb": ("`kB` for 1,000 bytes", "`KiB` for 1,024"),
    "mb": ("`MB` for 1,000,000 bytes", "`MiB` for 1,048,576"),
    "gb": ("`GB` for 10^9 bytes", "`GiB` for 2^30"),
    "kib": ("KiB",),
    "mib": ("MiB",),
    "gib": ("GiB",),
}
"""Units by their small letters, and what may be meant."""


@slip
def arrow(place: Place) -> Slip | None:
    """`conv(8) -> relu6`, `conv(8) | relu6`: signs that join layers elsewhere."""
    found = re.match(r"->|=>|>>|\|>|\|\||\||&+|→|>(?!=)", place.found + place.line_after)
    if found is None or next(unclosed(place.before), "(")[0] != "{":
        return None
    if re.search(r"\b(if|require)\b[^{}]*$", place.line_before):
        return None
    start, end = place.start, place.start + found.end()
    while start > len(place.before):
        start -= 1
    gap = place.span.source.text[end : end + 1]
    if found.group() == "||":
        return Slip(
            "branches stand in braces of their own, without `||`",
            help="write `concat { ... } { ... }` or `add { ... } { ... }`",
            span=(place.start, end),
        )
    return Slip(
        f"statements follow one another without `{found.group()}`",
        help=f"leave the `{found.group()}` out: each reads what the one before it made",
        edits=((start, end, "" if gap.isspace() else " "),),
        span=(place.start, end),
    )


@slip
def logic(place: Place) -> Slip | None:
    """`&&`, `||`, `!`."""
    word = {"&": "and", "|": "or", "!": "not"}.get(place.found[:1])
    if word is None:
        return None
    sign = place.found + (place.after[:1] if place.after[:1] == place.found else "")
    start, end = place.start, place.start + len(sign)
    text = word
    if not place.before[-1:].isspace() and place.touching and word != "not":
        text = f" {text}"
    if end < len(place.span.source.text) and not place.span.source.text[end].isspace():
        text += " "
    return Slip(
        f"`{sign}` is written as a word",
        help=f"write `{word}`",
        edits=((start, end, text),),
        span=(start, end),
    )


@slip
def comparison(place: Place) -> Slip | None:
    """`if a = 1`, `require params = 60 k`."""
    if place.found != "=":
        return None
    if re.search(r"\brequire\b[^{}]*$", place.line_before):
        return Slip(
            "a budget is an upper bound",
            help="write `<=` instead of `=`",
            edits=place.instead("<="),
        )
    if re.search(r"\bif\b[^{}(]*$", place.line_before):
        return Slip(
            "values are compared with `==`",
            help="write `==` instead of `=`",
            edits=place.instead("=="),
        )
    return None


@slip
def range_sign(place: Place) -> Slip | None:
    """`alpha = 1.0 in 0.1 - 4.0`, `in 0.1, 4.0`, `in 0.1 to 4.0`."""
    if not place.expects("..") or not re.search(r"\bin\b[^,(){}]*$", place.line_before):
        return None
    if place.found not in (",", ":", "to", ")"):
        return None
    if place.found == ")" or not re.match(r"\s*-?[A-Za-z0-9]", place.line_after):
        return Slip("a range has two ends", help="write `in LOW .. HIGH`")
    edits = place.instead("..") if place.found == "to" else ((place.start, place.end, " .."),)
    return Slip("the ends of a range stand around `..`", help="write `in LOW .. HIGH`", edits=edits)


@slip
def unnamed(place: Place) -> Slip | None:
    """`stage { ... }`, `input 64 x 64 x 3`, `head top { ... }`."""
    word = re.search(r"\b(stage|block|arch|input|target|head)\s*$", place.before[-TAIL:])
    if word is None:
        return None
    kind = word.group(1)
    if kind == "head":
        if re.fullmatch(r"[A-Za-z_]\w*", place.found) and place.found not in keywords():
            return Slip(
                "the head has no name",
                help="leave it out: `head { ... }`",
                edits=place.instead("") if re.match(r"\s*\{", place.after) else (),
            )
        if place.found == "(":
            return Slip("the head takes no arguments", help="write `head { ... }`")
        return None
    if place.found in ("=", ":"):
        name = "spectrogram" if kind == "input" else "stm32n6" if kind == "target" else "NAME"
        rest = {"input": ": ROWS x COLUMNS x CHANNELS", "target": ""}.get(kind, " { ... }")
        edits = place.instead("") if kind == "target" else ()
        return Slip(
            f"the name follows `{kind}` directly", help=f"write `{kind} {name}{rest}`", edits=edits
        )
    if kind == "target" and place.found.startswith('"'):
        return Slip(
            "names are written without quotes",
            help=f"write `target {place.found[1:-1]}`",
            edits=place.instead(place.found[1:-1]),
        )
    if "NAME" not in place.expected or place.found in keywords():
        return None
    if place.found in ("{", "(") or re.match("[0-9]", place.found):
        example = {"input": "input image: 32 x 32 x 3", "stage": "stage stem { ... }"}
        return Slip(
            f"this {kind} has no name",
            help=f"name it: `{example.get(kind, kind + ' NAME { ... }')}`",
        )
    return None


@slip
def unclosed_body(place: Place) -> Slip | None:
    """A word that stands in an arch or a file, where a body is still open."""
    found = place.found
    if found.startswith('"""'):  # the doc string of what follows
        following = re.match(r"\s*(\w+)", place.after)
        found = following.group(1) if following is not None else ""
    if found not in MEMBERS or "_STAGE" in place.expected or "RBRACE" not in place.expected:
        return None
    brackets = list(unclosed(place.before))
    if not brackets or brackets[0][0] != "{":
        return None
    offset = brackets[0][1]
    line = place.span.source.position(offset)[0]
    needed = len(brackets) - (found not in ("arch", "block", "use"))
    help = "add `}` before it" if needed == 1 else f"add {needed} `}}` before it"
    edits = place.behind(" }") if needed == 1 else ()
    related = [(offset, offset + 1, "opened here")]
    suspect = outdented(place.span.source.text[: place.end])
    if suspect is not None and suspect[1] < place.start:
        earlier = (*last_token(place.span.source.text, suspect[1]), "or after this, by the layout")
        related, edits = [(suspect[0], suspect[0] + 1, "opened here"), earlier], ()
        line = place.span.source.position(suspect[0])[0]
    return Slip(
        f"the `{{` on line {line} is not closed before this `{found}`",
        "`}` is missing before it",
        help,
        related=tuple(related),
        edits=edits,
    )


MEMBERS = ("stage", "head", "input", "target", "rounding", "require", "arch", "block", "use")


@slip
def missing_body(place: Place) -> Slip | None:
    """`stage s(channels = 8)` and nothing after it; `if a relu6`; `arch a:`."""
    if "LBRACE" not in place.expected:
        return None
    line = place.span.source.text[: place.start].rstrip().rpartition("\n")[2]
    line = place.line_before if place.line_before.strip() else line
    declared = re.match(r"\s*(stage|block|head|arch|if|else)\b[^{}]*$", line)
    inline = re.search(r"\b(stage|block|head|arch|if|else)\b[^{}]*$", place.before[-400:])
    found = inline or declared
    if found is None:
        return None
    word = found.group(1)
    if place.found == ":":
        rest = place.line_after.strip()
        return Slip(
            "bodies stand in braces, not after a colon",
            help=f"write `{word} ... {{ {rest[:TAIL] or '...'} }}`",
        )
    if place.found in ("then", "do"):
        return Slip(
            f"bodies stand in braces, without `{place.found}`",
            help="write `{ ... }`",
            edits=place.instead("") if re.match(r"\s*\{", place.after) else (),
        )
    brackets = next(unclosed(place.before), ("{", 0))
    if brackets[0] != "{" or place.found in ("=", "(", ",", ")"):
        return None
    if word in ("if", "else") and re.match(r"[A-Za-z_]", place.found):
        return Slip(
            f"what depends on `{word}` stands in braces",
            help=f"write `{{ {place.found} ... }}`",
        )
    if word in ("stage", "block", "head") and (
        place.found in MEMBERS or place.found == "}" or not place.touching
    ):
        return Slip(f"this `{word}` has no body in braces", help="write `{ ... }` before this")
    return None


@slip
def loop(place: Place) -> Slip | None:
    """`for i in range(3): ...`."""
    found = re.search(r"\bfor\s+\w+\s*$", place.tail)
    if place.found != "in" or found is None:
        return None
    start = len(place.before) - len(found.group())
    return Slip(
        "the language has no loops",
        help="stages repeat their braces: `stage NAME(repeat = N) { ... }`",
        span=(start, start + len("for")),
    )


@slip
def keyword_as_name(place: Place) -> Slip | None:
    if place.found == "else" and "RBRACE" in place.expected:
        return Slip(
            "this `else` follows no `if ... { ... }`",
            help="close the braces of the `if` before it: `if CONDITION { ... } else { ... }`",
        )
    named = place.found == "x" and "RBRACE" in place.expected
    if named and re.match(r"\s*=[^=]", place.after):
        equals = re.match(r"\s*=[ \t]*", place.after)
        assert equals is not None
        return Slip(
            "what a statement makes has no name",
            help="leave the name out: each statement reads what the one before it made",
            edits=((place.start, place.end + equals.end(), ""),),
        )
    if place.found in keywords() and "NAME" in place.expected and not place.before.endswith("}"):
        return Slip(
            f"`{place.found}` is a word of the language and cannot be a name",
            help=f"call it `{place.found}_` or something that says what it is for",
        )
    return None


@slip
def other_language(place: Place) -> Slip | None:
    """Words of Python and its like where a declaration or a statement should stand."""
    if place.found == "in" and re.search(r"\bfor\s+[\w, ]+$", place.tail):
        return Slip(
            "there are no loops",
            help="stages repeat their braces: `stage NAME(repeat = N) { ... }`",
        )
    known = OTHER.get(place.found)
    if known is None or not {"_ARCH", "_STAGE"} & place.expected:
        return None
    word, help = known
    fits = re.match(r"[ \t].*\{", place.line_after) if word != "use" else place.line_after
    edits = place.instead(word) if word and fits else ()
    if word == "use" and not re.match(r"\s+\"", place.after):
        edits = ()
    return Slip(f"there is no `{place.found}` in the language", help=help, edits=edits)


OTHER: dict[str, tuple[str, str]] = {
    "import": ("use", 'other files are read with `use "FILE.arch"`'),
    "include": ("use", 'other files are read with `use "FILE.arch"`'),
    "from": ("", 'other files are read with `use "FILE.arch"`'),
    "require": ("", 'other files are read with `use "FILE.arch"`'),
    "def": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "fn": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "func": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "function": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "module": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "macro": ("block", "blocks are declared with `block NAME(parameters) { ... }`"),
    "class": ("arch", "networks are declared with `arch NAME(parameters) { ... }`"),
    "model": ("arch", "networks are declared with `arch NAME(parameters) { ... }`"),
    "network": ("arch", "networks are declared with `arch NAME(parameters) { ... }`"),
    "net": ("arch", "networks are declared with `arch NAME(parameters) { ... }`"),
    "graph": ("arch", "networks are declared with `arch NAME(parameters) { ... }`"),
    "let": ("", "values are parameters: `arch NAME(alpha = 1.0) { ... }`"),
    "var": ("", "values are parameters: `arch NAME(alpha = 1.0) { ... }`"),
    "const": ("", "values are parameters: `arch NAME(alpha = 1.0) { ... }`"),
    "for": ("", "stages repeat their braces: `stage NAME(repeat = N) { ... }`"),
    "while": ("", "stages repeat their braces: `stage NAME(repeat = N) { ... }`"),
    "output": ("", "what the last statement makes is the output; a `head { ... }` ends an arch"),
    "layer": ("stage", "statements stand in a stage: `stage NAME { ... }`"),
    "layers": ("stage", "statements stand in a stage: `stage NAME { ... }`"),
    "body": ("stage", "statements stand in a stage: `stage NAME { ... }`"),
    "stem": ("", "a stem is a stage: `stage stem(channels = 32, stride = 2) { ... }`"),
    "backbone": ("stage", "statements stand in a stage: `stage NAME { ... }`"),
    "classifier": ("head", "a network ends with `head { ... }`"),
    "budget": ("require", "budgets are set with `require QUANTITY <= LIMIT`"),
    "assert": ("require", "budgets are set with `require QUANTITY <= LIMIT`"),
    "round": ("", "the rule of rounding is `rounding(divisor = 8)`"),
    "device": ("target", "the device is named with `target stm32n6`"),
}
"""Words of other languages, ours where one stands for the other, and what to do."""


@slip
def use_without_quotes(place: Place) -> Slip | None:
    if not re.search(r"(^|\s)use\s*$", place.tail) or "STRING" not in place.expected:
        return None
    found = re.match(r"[^\s\"'#]+", place.found + place.line_after)
    if found is None:
        return None
    path = found.group()
    shown = path if path.endswith(".arch") else f"{path}.arch"
    edit = (place.start, place.start + len(path), f'"{shown}"')
    return Slip("the path of a `use` stands in quotes", help=f'write `use "{shown}"`',
                edits=(edit,), span=edit[:2])  # fmt: skip


@slip
def no_condition(place: Place) -> Slip | None:
    """`if { relu6 }`, whose braces read as the condition."""
    found = re.search(r"\bif\s*\{[^{}]*\}\s*$", place.tail)
    if found is None:
        return None
    start = len(place.before) - len(found.group().rstrip())
    return Slip(
        "this `if` has no condition", help="write `if CONDITION { ... }`", span=(start, start + 2)
    )


@slip
def bare_argument(place: Place) -> Slip | None:
    """`conv 64`, `conv 3x3`."""
    if not re.match("[0-9]", place.found) or "RBRACE" not in place.expected:
        return None
    if not re.search(r"[A-Za-z_]\w*$", place.tail) or place.touching:
        return None
    whole = re.match(r"[0-9][0-9.x]*", place.found + place.line_after)
    assert whole is not None
    edit = (len(place.before), place.start + whole.end(), f"({whole.group()})")
    return Slip("arguments stand in parentheses", help=f"write `({whole.group()})`", edits=(edit,))


@slip
def doubled_comma(place: Place) -> Slip | None:
    if place.found != "," or not place.before.endswith(","):
        return None
    return Slip(
        "one comma stands between arguments", help="leave this one out", edits=place.instead("")
    )


@slip
def outside(place: Place) -> Slip | None:
    """What stands between the declarations of a file."""
    if not {"_ARCH", "$END"} <= place.expected or not re.match("[A-Za-z_]", place.found):
        return None
    if place.found in keywords():
        inner = inset(place.span.source.text[: place.end])
        close = place.before.rfind("}")
        if inner is not None and inner < place.start:
            close = last_token(place.before, inner)[0]
            return Slip(
                f"this `{place.found}` stands outside of an arch",
                help="by the layout a brace is missing, or one too many, behind what is marked",
                related=((close, close + 1, "behind this"),),
            )
        related = ((close, close + 1, "this closed the arch"),) if close >= 0 else ()
        return Slip(
            f"this `{place.found}` stands outside of an arch",
            help="put it into the arch: a `}` before it may be one too many"
            if related
            else "write `arch NAME { ... }` around it",
            related=related,
        )
    near, edits = misspelt(place)
    return Slip(
        "only `use`, `block` and `arch` stand directly in a file",
        "none of them",
        help=near or "statements stand in a stage or the head of an `arch NAME { ... }`",
        edits=edits,
    )


@slip
def not_a_member(place: Place) -> Slip | None:
    if "_STAGE" not in place.expected or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", place.found):
        return None
    near, edits = misspelt(place)
    if place.found in keywords() - {"if"}:
        help, edits = "put it before or after the arch, whose `}` may be missing", ()
        text = place.span.source.text[: place.end]
        suspect = outdented(text)
        offset = next((at for _, at in reversed(list(unclosed(place.before)))), None)
        offset = suspect[0] if suspect is not None else offset
        return Slip(
            f"`{place.found}` cannot stand in an arch",
            "not a declaration, stage or head",
            help=help,
            related=(
                *(((offset, offset + 1, "this is still open"),) if offset is not None else ()),
                *(
                    ((*last_token(text, suspect[1]), "`}` may be missing after this"),)
                    if suspect is not None
                    else ()
                ),
            ),
        )
    stage = f"put it into a stage: `stage stem {{ {place.found[:TAIL]} ... }}`"
    return Slip(
        "only declarations, stages and the head stand directly in an arch",
        "not one of them",
        help=near or stage,
        edits=edits,
    )


TYPES = "int|float|bool|str|number|integer|string|boolean"
"""Types as other languages write them behind a parameter."""


@slip
def wrong_separator(place: Place) -> Slip | None:
    if place.found == ";":
        return Slip(
            "statements need no separator", help="leave the `;` out", edits=place.instead("")
        )
    if place.found == "=" and "COLON" in place.expected:
        glue = "" if place.touching else ":"
        edits = ((len(place.before), place.end, ":"),) if glue else place.instead(":")
        return Slip(
            "the shape of an input follows a colon", help="write `:` instead of `=`", edits=edits
        )
    if (
        place.found == ":"
        and "EQUAL" in place.expected
        and next(unclosed(place.before), "{")[0] == "("
    ):
        annotation = re.match(r"\s*[A-Za-z_]\w*(\[\w*\])?(?=\s*=[^=])", place.line_after)
        typed = annotation or re.match(rf"\s*({TYPES})\b(?=\s*[,)])", place.line_after)
        if typed is not None:
            edit = (len(place.before), place.end + typed.end(), "")
            whole = re.match(r"\s*float\s*=\s*[0-9]+(?![0-9.])", place.line_after)
            return Slip(
                "parameters have no types",
                help=f"leave `:{typed.group()}` out: a default without a point, such as `= 10`, "
                "means whole numbers, `= 10.0` any",
                edits=() if whole else (edit,),
                span=(place.start, edit[1]),
            )
        text = " =" if place.touching else "="
        return Slip(
            "an argument is given with `=`",
            help="write `=` instead of `:`",
            edits=place.instead(text),
        )
    if place.found == "," and "RBRACE" in place.expected and "NAME" in place.expected:
        return Slip(
            "statements need no separator", help="leave the `,` out", edits=place.instead("")
        )
    if place.found.startswith("*") and place.before.endswith("*"):
        return Slip("there is no power operator", help="multiply instead: `a * a`")
    return None


@slip
def tuple_size(place: Place) -> Slip | None:
    """`kernel = (3, 3)`: a size, as Python writes it."""
    if place.found != "," or next(unclosed(place.before), "{")[0] != "(" or not place.expects(")"):
        return None
    start = next(unclosed(place.before))[1]
    text = place.span.source.text
    whole = re.match(r"\(\s*\w[\w.]*(\s*,\s*\w[\w.]*)*\s*,?\s*\)", text[start : start + 200])
    if whole is None or re.search(r"\w\s*$", text[:start][-TAIL:]):
        return None
    parts = re.findall(r"\w[\w.]*", whole.group())
    size = "x".join(parts) if all(part.isdigit() for part in parts) else " x ".join(parts)
    size = size if len(parts) > 1 else parts[0]
    edit = (start, start + whole.end(), size)
    return Slip(
        "a size is written with `x`, rows first",
        help=f"write `{size}`",
        edits=(edit,),
        span=edit[:2],
    )


@slip
def missing_comma(place: Place) -> Slip | None:
    """`conv(8 3x3)`, and `conv(8 relu6`, where it may be the parenthesis."""
    if not re.match(r"[A-Za-z0-9_]", place.found) or not place.expects(","):
        return None
    inner = next(unclosed(place.before), None)
    if inner is None or inner[0] not in "([" or place.before.endswith(("(", "[", ",", "=")):
        return None
    if place.found in keywords():
        close = CLOSES[inner[0]]
        return Slip(f"`{close}` is missing before `{place.found}`", help=f"add `{close}`",
                    related=((inner[1], inner[1] + 1, "opened here"),),
                    edits=place.behind(close))  # fmt: skip
    if place.touching:
        return None
    named = re.match(r"\s*=[^=]", place.after)
    line = place.span.source.text
    same_line = "\n" not in line[len(place.before) : place.start]
    if named or re.match("[0-9]", place.found) or (same_line and inner[0] == "["):
        return Slip(
            f"a comma is missing before `{place.found[:TAIL]}`",
            help="write `,` between arguments",
            edits=place.behind(","),
        )
    return Slip(
        f"a comma or `{CLOSES[inner[0]]}` is missing before `{place.found[:TAIL]}`",
        help=f"write `,` between arguments, or `{CLOSES[inner[0]]}` to end them",
        related=((inner[1], inner[1] + 1, "opened here"),),
    )


@slip
def missing_parenthesis(place: Place) -> Slip | None:
    """`stage s(channels = 8 { ... }`."""
    if place.found != "{":
        return None
    inner = next(unclosed(place.before), None)
    if inner is None or inner[0] not in "([":
        return None
    close = CLOSES[inner[0]]
    text = place.span.source.text[: place.start]
    suspect = outdented(text, "([")
    if suspect is not None:
        close = CLOSES[text[suspect[0]]]
        behind = (*last_token(text, suspect[1]), f"`{close}` may be missing after this")
        return Slip(
            f"`{close}` is missing before this brace",
            help=f"by the layout `{close}` is missing where it is marked",
            related=((suspect[0], suspect[0] + 1, "opened here"), behind),
        )
    return Slip(
        f"`{close}` is missing before this brace",
        help=f"add `{close}`",
        related=((inner[1], inner[1] + 1, "opened here"),),
        edits=place.behind(close) if not place.before.endswith((",", "=")) else (),
    )


@slip
def assignment(place: Place) -> Slip | None:
    """`x = conv(8)` as a statement."""
    if place.found != "=" or "RBRACE" not in place.expected:
        return None
    name = re.search(r"([A-Za-z_]\w*)\s*$", place.tail)
    if name is None:
        return Slip("statements have no names", help="each reads what the one before it made")
    start = len(place.before) - len(name.group().rstrip())
    edit = (start, place.end + len(place.after) - len(place.after.lstrip(" \t")), "")
    return Slip(
        "what a statement makes has no name",
        help="leave the name out: each statement reads what the one before it made",
        edits=(edit,),
    )


@slip
def called_twice(place: Place) -> Slip | None:
    """`conv(8)(x)`."""
    if place.found != "(" or not place.before.endswith(")") or not place.touching:
        return None
    whole = re.match(r"\(\s*\w*\s*\)", place.found + place.line_after)
    return Slip(
        "a call has one list of arguments",
        help="leave this out: a statement reads what the one before it made",
        edits=((place.start, place.start + whole.end(), ""),) if whole else (),
    )


@slip
def brackets_as_parentheses(place: Place) -> Slip | None:
    """`conv[8]`."""
    if place.found != "[" or not place.touching or not re.search(r"\w$", place.tail):
        return None
    whole = re.match(r"\[([^][(){}\n]*)\]", place.found + place.line_after)
    edits = ((place.start, place.start + whole.end(), f"({whole.group(1)})"),) if whole else ()
    return Slip("arguments stand in parentheses", help="write `NAME(...)`", edits=edits)


@slip
def dotted(place: Place) -> Slip | None:
    """`layers.Conv2D(8)`, `self.stem`."""
    if place.found not in (".", "..") or not place.touching:
        return None
    name = re.search(r"[A-Za-z_]\w*$", place.tail)
    after = re.match(r"[A-Za-z_]\w*", place.after)
    if name is None or after is None or place.found == "..":
        return None
    start = len(place.before) - len(name.group())
    return Slip(
        "names have no dots, apart from those of `in`",
        help=f"write `{after.group()}`, or `in.{after.group()}` for the feature map that enters",
        edits=((start, place.end, ""),) if after.group() not in FEATURE else (),
    )


FEATURE = ("channels", "height", "width", "size", "shape")


@slip
def python_comment(place: Place) -> Slip | None:
    if place.found in ("//", "/") and place.after.startswith(("/", "*")):
        edits = ((place.start, place.start + 2, "#"),) if place.after.startswith("/") else ()
        return Slip("comments start with `#`", help="write `#`", edits=edits)
    if place.found == "/" and place.before.endswith("/") and place.touching:
        if next(unclosed(place.before), ("{", 0))[0] == "(":
            return Slip("there is no `//`", help="write `floor(a / b)`")
        return Slip(
            "comments start with `#`", help="write `#`", edits=((place.start - 1, place.end, "#"),)
        )
    if place.found == "-" and place.after.startswith("-"):
        return Slip(
            "comments start with `#`",
            help="write `#`",
            edits=((place.start, place.start + 2, "#"),),
        )
    return None


def _comment(start: int, end: int) -> Slip:
    return Slip("comments start with `#`", help="write `#`", edits=((start, end, "#"),))
