"""The declared name that a misspelt one most likely meant."""

from collections.abc import Iterable

from archc.diagnostics.model import Edit
from archc.diagnostics.text import joined
from archc.source import Span
from archc.typed import NamedTuple

MOST = 500
"""Names among which one is proposed; more would take longer than the rest of a compile."""

AMONG = 20
"""Names of which one may be further away and still be meant."""


def distance(a: str, b: str) -> int:
    """Edits (insert, delete, replace, swap of neighbours) that turn one word into the other.

    The restricted Damerau-Levenshtein distance (R. A. Wagner and R. Lowrance, 1975).
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, previous, row = row, before, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]


def ranked(name: str, known: Iterable[str]) -> list[tuple[tuple[int, ...], str]]:
    """The known names that are close enough to propose, the closest first, each with how close.

    What counts is the number of edits, then whether the same letters were used (a swap is the
    commonest slip), then whether the first letter is right, then the length. Of names that are
    as close in all of this the one that was given first comes first: nearer scopes go first.
    """
    wanted = name.lower()
    unordered = isinstance(known, set | frozenset)  # their order differs from run to run
    candidates = sorted(known) if unordered else list(dict.fromkeys(known))
    if len(wanted) > 64 or len(candidates) > MOST:
        return []
    found: list[tuple[tuple[int, ...], str]] = []
    for candidate in candidates:
        other = candidate.lower()
        if abs(len(other) - len(wanted)) > 3:
            continue
        edits = distance(wanted, other)
        if edits <= max(1, min(len(wanted), len(other)) // 3):
            letters = sorted(wanted) != sorted(other)
            start = wanted[:1] != other[:1]
            digits = _digits(wanted) != _digits(other)
            key = (edits, letters, start, digits, abs(len(wanted) - len(other)))
            found.append((key, candidate))
    return sorted(found, key=lambda one: one[0])


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The closest known name, if one is close enough to propose; ties go to the first in order."""
    found = ranked(name, known)
    return found[0][1] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A question that proposes the nearest names, or None."""
    names = sorted(known) if isinstance(known, set | frozenset) else list(known)
    same = respelt(name, names)
    return f"did you mean `{same}`?" if same is not None else propose(name, None, names).help


def normal(name: str) -> str:
    """A name without case and underscores."""
    return name.lower().replace("_", "")


def singular(name: str) -> str:
    """A normal name without the `s` of a plural."""
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 4 else name


def respelt(name: str, known: Iterable[str]) -> str | None:
    """The one known name that differs in case, underscores or a plural's `s` alone."""
    bare = normal(name)
    same = dict.fromkeys(one for one in known if normal(one) == bare)
    if not same:
        bare = singular(bare)
        same = dict.fromkeys(one for one in known if singular(normal(one)) == bare)
    return next(iter(same)) if len(same) == 1 else None


class Proposal(NamedTuple):
    """What to say of an unknown name, and the edits where it is another spelling of a known one."""

    help: str | None = None
    edits: tuple[Edit, ...] = ()


def propose(
    name: str, span: Span | None, known: Iterable[str], *, closed: bool = False
) -> Proposal:
    """The nearest names as a help line; the edit too where the name is spelt in another way, by
    case, underscores or a plural's `s`. A name that is merely close may mean something else.

    Args:
        name: the unknown name.
        span: where it stands, None where it cannot be edited.
        known: the names that could be meant, those of nearer scopes first.
        closed: whether nothing but these can stand there, as of keywords, so that the only one
            that is close is certain.
    """
    names = sorted(known) if isinstance(known, set | frozenset) else list(known)
    same = respelt(name, names)
    if same is not None:
        return Proposal(f"write `{same}`", (Edit(span, same),) if span is not None else ())
    found = ranked(name, names)
    close = [one for key, one in found if key[0] == found[0][0][0]] or _akin(name, names)
    if not close:
        return Proposal()
    certain = len(close) == 1 and found and span is not None and closed
    edits = (Edit(span, close[0]),) if certain and span is not None else ()
    return Proposal(f"did you mean {either([f'`{one}`' for one in close[:3]])}?", edits)


def _akin(name: str, known: Iterable[str]) -> list[str]:
    """Names that are further away and begin alike: those that go on from it (`latency_ms` of
    `latency`), the shortest first; of few names those with two edits behind two letters (`alpha` of
    `alfa`)."""
    wanted, names = name.lower(), list(dict.fromkeys(known))
    if not 4 <= len(wanted) <= 64 or len(names) > MOST:
        return []
    longer = [one for one in names if one.lower().startswith((f"{wanted}_", f"{wanted}."))]
    if longer or len(names) > AMONG:
        return sorted(longer, key=len)
    return [
        one
        for one in names
        if len(one) >= 4
        and one.lower()[:2] == wanted[:2]
        and _digits(one) == _digits(wanted)
        and abs(len(one) - len(wanted)) <= 2
        and distance(wanted, one.lower()) <= 2
    ]


def either(words: list[str]) -> str:
    """Words as a choice: `a, b or c`."""
    return joined(words, "or")
