"""How far a pass through a design space is, for whoever waits."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archc.space.engine import Batch

EVERY, LINE = 0.25, 30.0
"""Seconds between two states of the line on a terminal, and between two lines elsewhere."""
FIRST = 5.0
"""Until the first line."""
HINT = (
    "this takes about {minutes} minutes: `--sample 100000` says much of it in seconds, {jobs}"
    "`--shard 1/8` is an eighth of it, and Ctrl-C keeps what is done"
)
JOBS = "`--jobs 4` takes four cores, "
"""Where there is one."""
LONG = 600
"""Seconds left from which a shorter way is named."""


class Progress:
    """Says how far a pass is: in one line on a terminal, elsewhere in a line now and then.

    Args:
        total: variants to look at.
        jobs: processes that the user allows; None where that is not asked.
    """

    def __init__(self, total: int, jobs: int | None = None) -> None:
        self.total, self.jobs = total, jobs
        self.began = self.said = time.monotonic()
        self.every = EVERY if sys.stderr.isatty() else LINE
        self.width = 0
        self.hinted = False

    def __call__(self, looked: int) -> None:
        now = time.monotonic()
        # The first line of a file comes sooner, as it says how long the rest takes.
        due = self.every if self.hinted else min(self.every, FIRST)
        if now - self.said < due:
            return
        self.said = now
        rate = looked / max(now - self.began, 1e-9)
        left = (self.total - looked) / max(rate, 1e-9)
        if left > LONG and not self.hinted:
            self.done()
            jobs = JOBS if self.jobs == 1 else ""
            print(HINT.format(minutes=f"{left / 60:,.0f}", jobs=jobs), file=sys.stderr, flush=True)
        self.hinted = True
        said = (
            f"{looked:,} of {self.total:,} variants ({100 * looked // self.total} %), "
            f"{rate:,.0f} a second, {left:,.0f} s left"
        )
        if self.every == EVERY:
            self._line(said)
        else:
            print(said, file=sys.stderr, flush=True)

    def over(self, batches: "Iterator[Batch]") -> "Iterator[Batch]":
        """The same batches, told of."""
        looked = 0
        for batch in batches:
            yield batch
            looked += len(batch.rows)
            self(looked)

    def _line(self, text: str) -> None:
        print(f"\r{text.ljust(self.width)}", end="", file=sys.stderr, flush=True)
        self.width = len(text)

    def done(self) -> None:
        if self.width:
            self._line("")
            print("\r", end="", file=sys.stderr, flush=True)
