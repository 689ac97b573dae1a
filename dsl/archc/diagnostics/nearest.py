"""The declared name that a misspelt one most likely meant."""

from collections.abc import Iterable

MOST = 500
"""Names among which one is proposed; more would take longer than the rest of a compile."""


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


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The closest known name, if one is close enough to propose; ties go to the first in order."""
    wanted = name.lower()
    candidates = sorted(known)
    if len(wanted) > 64 or len(candidates) > MOST:
        return None
    best: tuple[float, str] | None = None
    for candidate in candidates:
        other = candidate.lower()
        if abs(len(other) - len(wanted)) > 3:
            continue
        score = distance(wanted, other)
        if score <= max(1, min(len(wanted), len(other)) // 3) and (best is None or score < best[0]):
            best = (score, candidate)
    return best[1] if best else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A help line that proposes the nearest name, or None."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else None
