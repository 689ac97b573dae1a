"""Diagnostics as data. Nothing here formats or prints."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from archc.limits import DEFAULT_LIMITS
from archc.source import Span

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


class Code(NamedTuple):
    """A kind of diagnostic: declared once in `codes`, everything else is derived from it."""

    name: str
    """Stable identifier, as printed in brackets."""
    summary: str
    """What is wrong, in one sentence."""
    why: str
    """Why it is refused or worth saying."""
    level: Level = "error"


class Label(NamedTuple):
    """A second place that belongs to a diagnostic, and what it has to do with it."""

    span: Span
    text: str


class Diagnostic(NamedTuple):
    """One message: what is wrong, where, why, and how to fix it."""

    code: str
    level: Level
    message: str
    """The headline: stands alone, lower case, no full stop."""
    span: Span | None = None
    label: str = ""
    """A few words under the carets."""
    related: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None


class Rejected(Exception):
    """Raised inside a stage to give up on the construct at hand; carries its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


class TooManyErrors(Exception):
    """Raised by a `Reporter` that reached the `errors` limit; what it holds is reported."""


def make(
    code: Code,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    related: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str | None = None,
) -> Diagnostic:
    """A diagnostic of a declared code, at that code's level."""
    return Diagnostic(
        code.name, code.level, message, span, label, tuple(related), tuple(notes), help
    )


def reject(
    code: Code,
    message: str,
    span: Span | None = None,
    *,
    label: str = "",
    related: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str | None = None,
) -> Rejected:
    """The exception that carries such a diagnostic: ``raise reject(...)``."""
    return Rejected(make(code, message, span, label=label, related=related, notes=notes, help=help))


class Reporter:
    """Collects diagnostics in order. The same code at the same place is kept once, and so is the
    same message of what has no place."""

    def __init__(self, limit: int = DEFAULT_LIMITS.errors) -> None:
        self._kept: dict[tuple[str, Span | str], Diagnostic] = {}
        self._errors = 0
        self._limit = limit

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic.

        Raises:
            TooManyErrors: the limit on errors is reached.
        """
        key = (diagnostic.code, diagnostic.span or diagnostic.message)
        if key in self._kept:
            return
        if diagnostic.level == "error":
            self._errors += 1
        full = self._errors >= self._limit
        if full:
            last = f"no more than {self._limit:,} errors are reported, the bound `errors`"
            diagnostic = diagnostic._replace(notes=(*diagnostic.notes, last))
        self._kept[key] = diagnostic
        if full:
            raise TooManyErrors

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return self._errors > 0

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._kept.values())
