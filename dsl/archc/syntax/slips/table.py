"""The slips that the tokens around an error tell by themselves: rows of `slips.toml`.

A row's `tokens` are parts that must match tokens in a row. A part is a kind or several, as
`NAME|NUMBER`; `KEYWORD`, a word of the language; a text; or an expression for a whole text, as
`/x[A-Z]+/`. Before it may stand `^`: the token in error; `!`: replaced by the fix, where that is
not just the token in error; `~`: nothing stands before it.

In messages, `$found`, `$before` and `$after` are the token in error and its neighbours, `$lower`
and `$digits` the token in small letters and without underscores, others groups of expressions.
"""

import re
from functools import cache
from typing import NamedTuple

from archc.plain import beside
from archc.syntax.grammar import keywords
from archc.syntax.place import TAIL, Edits, Place, Slip

_PART = re.compile(r"([~^!]*)(?:/(.*)/|([A-Z_]+(?:\|[A-Z_]+)*)|(.+))")


class _Part(NamedTuple):
    flags: str
    text: re.Pattern[str] | None
    kinds: tuple[str, ...]


class Row(NamedTuple):
    """A pattern of tokens, and what to say of what it matches."""

    tokens: str
    says: str
    help: str | None = None
    write: str | None = None
    """The fix: what to write instead; None where there is not the one."""
    near: bool = False
    """Whether the fix takes the blanks before it along, where it stays on its line."""
    expects: str = ""
    """Kinds of tokens, one of each group of which could stand there."""
    inner: str = "([{"
    """The innermost bracket, one of these."""
    clause: str = ""
    """The kind of a token before it in its clause."""
    rest: str = ""
    """An expression for how the line goes on."""
    wide: bool = False
    """Whether all that is replaced is shown, not just the token in error."""
    skip: str = ""
    """What to leave out to read on: `token`, or the `block` that starts with it."""
    guess: bool = False

    def __call__(self, place: Place) -> Slip | None:
        if place.inner not in self.inner or not all(
            place.expected & set(group.split("|")) for group in self.expects.split()
        ):
            return None
        if self.clause and place.last_word(self.clause) is None:
            return None
        rest = re.match(self.rest, place.rest)
        parts, at = _parts(self.tokens)
        fields = _fields(parts, at, place) if rest is not None else None
        if rest is None or fields is None:
            return None
        return self._slip(place, parts, at, fields | rest.groupdict(""))

    def _slip(
        self, place: Place, parts: tuple[_Part, ...], at: int, fields: dict[str, str]
    ) -> Slip:
        marked = [number - at for number, part in enumerate(parts) if "!" in part.flags] or [0]
        first, last = marked[0], marked[-1]
        short = {name: text[:TAIL] for name, text in fields.items()}
        edits: Edits = ()
        if self.write is not None:
            edits = place.instead(_filled(self.write, fields), first, last)
            if self.near and place.same_line(first):
                edits = ((place[first - 1].end, *edits[0][1:]),)
        end = place.tokens[place.block()].start if self.skip == "block" else place.end
        return Slip(
            _filled(self.says, short),
            help=_filled(self.help, short) if self.help is not None else None,
            edits=edits,
            span=(place[first].start, place[last].end) if self.wide else None,
            skip=(place[first].start, end) if self.skip else None,
            guess=self.guess,
        )


@cache
def rows() -> dict[str, tuple[Row, ...]]:
    """The rows of each name, those that tell more first."""
    groups = beside(__file__, "slips.toml")
    return {name: tuple(Row(**row) for row in found) for name, found in groups.items()}


@cache
def _parts(tokens: str) -> tuple[tuple[_Part, ...], int]:
    """The parts of a pattern, and the number of the token in error."""
    found = []
    for word in tokens.split():
        part = _PART.fullmatch(word)
        assert part is not None, tokens
        flags, expression, kinds, text = part.groups()
        pattern = expression if expression is not None else re.escape(text or "")
        found.append(
            _Part(flags, None if kinds else re.compile(pattern), tuple((kinds or "").split("|")))
        )
    (at,) = [number for number, part in enumerate(found) if "^" in part.flags]
    return tuple(found), at


def _fields(parts: tuple[_Part, ...], at: int, place: Place) -> dict[str, str] | None:
    """What messages may name, where the tokens match."""
    found = place.found
    fields = {"found": found, "before": place[-1].text, "after": place[1].text}
    fields |= {"lower": found.lower(), "digits": found.replace("_", "")}
    for number, (flags, text, kinds) in enumerate(parts):
        offset = number - at
        token = place[offset]
        matched = text.fullmatch(token.text) if text is not None else None
        kind = "KEYWORD" if kinds == ("KEYWORD",) and token.text in keywords() else token.kind
        if kind not in kinds if text is None else matched is None:
            return None
        if "~" in flags and not place.touches(offset):
            return None
        fields |= matched.groupdict("") if matched is not None else {}
    return fields


def _filled(text: str, fields: dict[str, str]) -> str:
    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda name: fields[name[1] or name[2]], text)
