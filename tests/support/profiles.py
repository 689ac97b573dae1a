"""How many examples a property test runs under the Hypothesis profile in force, and what it saw."""

import os
from collections.abc import Iterator

from hypothesis import settings

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
"""Whether campaigns run in full that are not made of examples."""


def share(part: float, least: int = 4) -> settings:
    """Settings with this part of the profile's examples: `@share(0.1)`."""
    return settings(max_examples=max(least, round(settings().max_examples * part)))


class Tally:
    """Counts what a property test was given. Every tally is printed at the end of a run."""

    every: "list[Tally]" = []  # noqa: RUF012

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = self.accepted = 0
        self.seen: set[int] = set()
        Tally.every.append(self)

    def add(self, text: str, accepted: bool) -> None:
        self.count += 1
        self.accepted += accepted
        self.seen.add(hash(text))

    def __str__(self) -> str:
        shares = f"{self.accepted:,} accepted ({self.accepted / max(self.count, 1):.1%})"
        return f"{self.what}: {self.count:,}, {len(self.seen):,} of them distinct, {shares}"


class Share:
    """Counts how often something held. Every share is printed at the end of a run."""

    every: "list[Share]" = []  # noqa: RUF012

    def __init__(self, what: str) -> None:
        self.what = what
        self.count = self.held = 0
        Share.every.append(self)

    def add(self, held: bool) -> None:
        self.count += 1
        self.held += held

    def __str__(self) -> str:
        return f"{self.what}: {self.held:,} of {self.count:,} ({self.held / self.count:.1%})"


def figures() -> Iterator[str]:
    """A line for every tally and share that counted something."""
    for one in (*Tally.every, *Share.every):
        if one.count:
            yield str(one)
