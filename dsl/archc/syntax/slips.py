"""What to say about a syntax error: what was found, what could stand there, and the usual slips."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from archc.diagnostics.nearest import did_you_mean
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
    help = misspelt(place)
    if not words or len(words) > 6:
        return Slip(f"{found_text} cannot stand here", "unexpected", help)
    return Slip(f"expected {either(words)}, found {found_text}", f"expected {either(words)}", help)


def misspelt(place: Place) -> str | None:
    """A help line with the word of the language that could stand there and is close."""
    return did_you_mean(place.found, (n[1:].lower() for n in place.expected if n[0] == "_"))


def either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


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
def open_text(place: Place) -> Slip | None:
    if place.found == '"':
        if (place.found + place.after).startswith('"""'):
            return Slip('this doc string is never closed with `"""`', "opened here")
        return Slip("this text in quotes is not closed on its line", "opened here")
    if place.found == "'":
        return Slip("texts stand in double quotes", help='write `"..."`')
    return None


@slip
def missing_bracket(place: Place) -> Slip | None:
    if place.found:
        return None
    for bracket, offset in unclosed(place.span.source.text):
        line = place.span.source.position(offset)[0]
        close = {"(": ")", "[": "]", "{": "}"}[bracket]
        return Slip(
            f"the `{bracket}` on line {line} is never closed",
            f"`{close}` is missing",
            notes=("found the end of the text instead",),
        )
    return None


@slip
def stray_bracket(place: Place) -> Slip | None:
    if place.found not in (")", "]", "}"):
        return None
    open_brackets = list(unclosed(place.before))
    if not open_brackets:
        return Slip(f"this `{place.found}` closes nothing", "nothing is open here")
    bracket, offset = open_brackets[0]
    close = {"(": ")", "[": "]", "{": "}"}[bracket]
    if close != place.found:
        line = place.span.source.position(offset)[0]
        return Slip(
            f"expected `{close}`, found `{place.found}`",
            f"the `{bracket}` on line {line} is still open",
        )
    return None


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
        )
    if digits:
        return Slip("a number cannot start with a point", help=f"write `0.{digits.group()}`")
    return None


@slip
def underscore(place: Place) -> Slip | None:
    if place.touching and re.match(r"_[0-9]", place.found) and place.before[-1:].isdigit():
        number = re.search(r"[0-9.]+$", place.tail)
        assert number is not None
        whole = number.group() + place.found.replace("_", "")
        return Slip("numbers are written without underscores", help=f"write `{whole}`")
    return None


@slip
def glued_size(place: Place) -> Slip | None:
    if place.touching and place.before[-1:].isdigit() and re.match(r"x[A-Za-z_]", place.found):
        number = re.search(r"[0-9.]+$", place.tail)
        assert number is not None
        return Slip(
            f"`{number.group()}{place.found}` reads as a number and a name",
            help=f"write `{number.group()} x {place.found[1:]}` with spaces around the `x`",
        )
    return None


@slip
def unknown_unit(place: Place) -> Slip | None:
    if (
        re.search(r"(?<![A-Za-z0-9_])[0-9.]+$", place.tail)
        and re.fullmatch(r"[A-Za-z]{1,3}", place.found)
        and place.found not in keywords()
    ):
        return Slip(
            f"`{place.found}` is not a unit",
            help="units are k, M, G and, for bytes, KiB, MiB, GiB, kB, MB, GB",
        )
    return None


@slip
def keyword_as_name(place: Place) -> Slip | None:
    if place.found in keywords() and "NAME" in place.expected and not place.before.endswith("}"):
        return Slip(
            f"`{place.found}` is a word of the language and cannot be a name",
            help=f"call it `{place.found}_` or something that says what it is for",
        )
    return None


@slip
def not_a_member(place: Place) -> Slip | None:
    if "_STAGE" not in place.expected or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", place.found):
        return None
    if place.found in keywords() - {"if"}:
        help = "put it before or after the arch, whose `}` may be missing"
    else:
        stage = f"put it into a stage: `stage stem {{ {place.found[:TAIL]} ... }}`"
        help = misspelt(place) or stage
    return Slip(
        "only declarations, stages and the head stand directly in an arch",
        "not one of them",
        help=help,
    )


@slip
def wrong_separator(place: Place) -> Slip | None:
    if place.found == ";":
        return Slip("statements need no separator", help="leave the `;` out")
    if place.found == "=" and "COLON" in place.expected:
        return Slip("the shape of an input follows a colon", help="write `:` instead of `=`")
    if place.found == ":" and "EQUAL" in place.expected:
        return Slip("an argument is given with `=`", help="write `=` instead of `:`")
    if place.found == "," and "RBRACE" in place.expected and "NAME" in place.expected:
        return Slip("statements need no separator", help="leave the `,` out")
    if place.found.startswith("*") and place.before.endswith("*"):
        return Slip("there is no power operator", help="multiply instead: `a * a`")
    return None


@slip
def python_comment(place: Place) -> Slip | None:
    if place.found in ("//", "/") and place.after.startswith(("/", "*")):
        return Slip("comments start with `#`")
    return None
