"""Every spec that is one edit away from a shipped one, and whether what is said of it helps.

A mutation is one slip of the hand at one place. It is well answered where it compiles to another
network, or where a diagnostic stands on an edited line, or on a line that holds the edited name.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

from archc.diagnostics.model import Diagnostic
from archc.driver import Compilation, Options, compile_spec
from archc.files import Loader
from archc.limits import DEFAULT_LIMITS
from archc.source import Source, Span
from archc.syntax.grammar import keywords
from support.strategies import inlined, shipped, tokens

NAME = re.compile(r"[A-Za-z_]\w*")
KEYWORDS = keywords()
KINDS = ("drop", "double", "swap", "misspell", "type", "line", "brace")


class Mutation(NamedTuple):
    """An edited spec."""

    kind: str
    spec: str
    text: str
    lines: frozenset[int]
    """Lines of the edited text that the edit touched, from 1."""
    names: frozenset[str]
    """The tokens that were edited, before and after."""
    original: str = ""
    """Of a misspelt name."""


@cache
def texts() -> tuple[tuple[str, str, int], ...]:
    """(name, text, offset from which it is its own) of every shipped spec, with what it uses."""
    found = []
    for path in shipped():
        text = inlined(path)
        used = re.match(r'use "([^"]+)"', path.read_text(encoding="utf-8"))
        own = len(inlined(path.parent / used.group(1))) if used else 0
        found.append((path.stem, text, own))
    families = {Path(p): p for p in sorted((shipped()[0].parent / "families").glob("*.arch"))}
    found += [(path.stem, inlined(path), 0) for path in families]
    return tuple(found)


def mutations() -> Iterator[Mutation]:
    """All mutations of all shipped specs, in order."""
    for spec, text, own in texts():
        yield from (one for one in _of(spec, text, own) if one.text != text)


def _of(spec: str, text: str, own: int) -> Iterator[Mutation]:
    places, at = [], 0
    for token in tokens(text):
        if not token.isspace() and not token.startswith(("#", '"""')) and at >= own:
            places.append((at, token))
        at += len(token)
    for (start, token), (other, next_token) in zip(places, [*places[1:], (0, "")], strict=True):
        end = start + len(token)
        kind = "brace" if token in "{}()[]" else "drop"
        yield _edit(kind, spec, text, start, end, "")
        yield _edit("double", spec, text, start, end, f"{token} {token}")
        if next_token:
            between = text[end:other]
            swapped = f"{next_token}{between}{token}"
            yield _edit("swap", spec, text, start, other + len(next_token), swapped)
        for wrong in _misspelt(token):
            edit = _edit("misspell", spec, text, start, end, wrong)
            yield edit._replace(original=token)
        for changed in _typed(token):
            yield _edit("type", spec, text, start, end, changed)
    lines = text.split("\n")
    first = text.count("\n", 0, own)
    for number in range(first, len(lines)):
        for other_number in (number + 1, number + 3):
            if lines[number].strip() and other_number < len(lines):
                moved = [*lines[:number], *lines[number + 1 :]]
                moved.insert(other_number, lines[number])
                touched = frozenset({number + 1, other_number + 1, number + 2, number})
                names = frozenset(NAME.findall(lines[number])) - KEYWORDS
                yield Mutation("line", spec, "\n".join(moved), touched, names)


def _edit(kind: str, spec: str, text: str, start: int, end: int, new: str) -> Mutation:
    first = text.count("\n", 0, start) + 1
    last = max(first, first + new.count("\n"), first + text.count("\n", start, end))
    names = frozenset(NAME.findall(f"{text[start:end]} {new}")) - KEYWORDS
    lines = frozenset(range(first, last + 1))
    edited = text[:start] + new + text[end:]
    rows = edited.split("\n")
    above = first - 1
    while not rows[first - 1].strip() and above > 0:  # nothing is left there to point at
        lines |= {above}
        if rows[above - 1].strip():
            break
        above -= 1
    return Mutation(kind, spec, edited, lines, names)


def _misspelt(token: str) -> list[str]:
    """A name with one letter dropped, doubled, swapped with the next, or replaced."""
    if NAME.fullmatch(token) is None or len(token) < 3:
        return []
    middle = len(token) // 2
    replaced = "q" if token[middle] != "q" else "w"
    ways = {
        token[:middle] + token[middle + 1 :]: None,
        token[:middle] + token[middle] + token[middle:]: None,
        token[: middle - 1] + token[middle] + token[middle - 1] + token[middle + 1 :]: None,
        token[:middle] + replaced + token[middle + 1 :]: None,
    }
    return [way for way in ways if way != token]


def _typed(token: str) -> list[str]:
    """A value of another type in the place of one."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", token):
        return ["3x3", "same", "true", '"3"', "{ relu6 }"]
    if NAME.fullmatch(token) and token not in KEYWORDS:
        return ["7", "[7]"]
    return []


class Double(NamedTuple):
    """A spec with two edits, on lines of their own, that share no name."""

    edits: tuple[Mutation, Mutation]
    """Both, where they are in the text with both."""
    alone: tuple[Mutation, Mutation]
    """Each by itself."""


def doubles(random: Random) -> Iterator[Double]:
    """Pairs of edits of the same spec, without end. Lines that are moved are not among them."""
    edits: dict[str, list[Mutation]] = {}
    for mutation in mutations():
        if mutation.kind != "line":
            edits.setdefault(mutation.spec, []).append(mutation)
    originals = {name: text for name, text, _ in texts()}
    while True:
        spec = random.choice(sorted(edits))
        made = _both(originals[spec], *random.sample(edits[spec], 2))
        if made is not None:
            yield made


def _both(text: str, one: Mutation, other: Mutation) -> Double | None:
    """Two edits of one text made together; None where they are not apart."""
    (start, end, new), (later, last, put) = _changed(text, one.text), _changed(text, other.text)
    if start > later:
        return _both(text, other, one)
    if end >= later or one.names & other.names:
        return None
    shift = new.count("\n") - text.count("\n", start, end)
    moved = frozenset(line + shift for line in other.lines)
    if one.lines & moved:
        return None
    both = text[:start] + new + text[end:later] + put + text[last:]
    edits = (one._replace(text=both), other._replace(text=both, lines=moved))
    return Double(edits, (one, other))


def _changed(text: str, edited: str) -> tuple[int, int, str]:
    """What an edit replaced, and by what."""
    start = _shared(text, edited)
    tail = _shared(text[start:][::-1], edited[start:][::-1])
    return start, len(text) - tail, edited[start : len(edited) - tail]


def _shared(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


class Answer(NamedTuple):
    """What the compiler said of a mutation."""

    compilation: Compilation
    source: Source

    @property
    def errors(self) -> list[Diagnostic]:
        return [one for one in self.compilation.diagnostics if one.level == "error"]


def answer(mutation: Mutation) -> Answer:
    source = Source("spec.arch", mutation.text)
    limits = DEFAULT_LIMITS._replace(steps=20_000)
    return Answer(compile_spec(Loader(), source, Options(limits=limits)), source)


def judged(said: Answer) -> bool:
    """Whether what is said is of another network, as a whole: a rule, a budget or a bound."""
    return any("/" in one.code or one.code in ("budget", "limit") for one in said.errors)


def helps(mutation: Mutation, said: Answer) -> bool:
    """Whether a diagnostic points at the edit, or at a line with the edited name, or names it."""
    return any(_points(mutation, one, said.source) for one in said.errors)


def _points(mutation: Mutation, one: Diagnostic, source: Source) -> bool:
    spans = [label.span for label in one.related] + ([one.span] if one.span is not None else [])
    for span in spans:
        if span.source is source and _touches(mutation, span):
            return True
    words = " ".join([one.message, one.help or "", one.label, *one.notes])
    named = {int(number) for number in re.findall(r"line (\d+)", words)}
    return bool(named & mutation.lines) or any(f"`{name}`" in words for name in mutation.names)


def _touches(mutation: Mutation, span: Span) -> bool:
    first = span.line
    last = span.source.position(max(span.end - 1, span.start))[0]
    if last - first > 5:
        last = first  # a span over a whole construct points at its first line
    if mutation.lines & set(range(first, last + 1)):
        return True
    names = set(NAME.findall(span.source.line(first)))
    return bool(names & mutation.names)


def false(
    said: Answer, edits: Iterable[Mutation], alone: Iterable[Answer] = ()
) -> list[Diagnostic]:
    """The errors that point at no edit. What an edit alone brings is not false beside another."""
    known = {(one.code, one.message) for answer in alone for one in answer.errors}
    return [
        one for one in said.errors
        if (one.code, one.message) not in known
        and not any(_points(edit, one, said.source) for edit in edits)
    ]  # fmt: skip


def first_suggestion(said: Answer) -> str | None:
    """The first name in quotes that the first error proposes."""
    for one in said.errors:
        found = re.search(r"`([^`]+)`", one.help or "")
        return found.group(1) if found else None
    return None
