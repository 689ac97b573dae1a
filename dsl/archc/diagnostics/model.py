"""Diagnostics as data. Nothing here formats or prints."""

from collections.abc import Callable, Iterable

from archc.limits import DEFAULT_LIMITS
from archc.source import Span
from archc.typed import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from typing import ParamSpec

    Details = ParamSpec("Details")

Level = Literal["error", "warning", "note"]
LEVELS: tuple[Level, ...] = ("error", "warning", "note")


class Code(NamedTuple):
    """A kind of diagnostic: what a compile needs of what `codes.md` declares."""

    name: str
    """Stable identifier, as printed in brackets."""
    level: Level = "error"


class Label(NamedTuple):
    """A second place that belongs to a diagnostic, and what it has to do with it."""

    span: Span
    text: str


class Edit(NamedTuple):
    """Text to put in the place of a span. An empty span is where it is inserted."""

    span: Span
    text: str


class Part(NamedTuple):
    """A place in a file that has no lines: a part of a model."""

    file: str
    layer: str | None = None
    operator: str | None = None
    """As the file's format calls it."""
    tensor: str | None = None


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
    edits: tuple[Edit, ...] = ()
    """What fixes it, where there is exactly one way: made together, in any order, and said in
    ``help``. They do not overlap."""
    part: Part | None = None
    """Where, in a model."""
    layers: tuple[str, ...] = ()
    """The layers of a network that it is said of, which the first of ``notes`` then names."""


class Rejected(Exception):
    """Raised inside a stage to give up on the construct at hand; carries its diagnostic, the first
    of several where more is wrong with it."""

    def __init__(self, diagnostic: Diagnostic, *others: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.diagnostics = (diagnostic, *others)


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
    edits: Iterable[Edit] = (),
) -> Diagnostic:
    """A diagnostic of a declared code, at that code's level."""
    return Diagnostic(
        code.name,
        code.level,
        message,
        span,
        label,
        tuple(related),
        tuple(notes),
        help,
        tuple(edits),
    )


def _raised(make: "Callable[Details, Diagnostic]") -> "Callable[Details, Rejected]":
    def reject(*args: "Details.args", **details: "Details.kwargs") -> Rejected:
        return Rejected(make(*args, **details))

    return reject


reject = _raised(make)
"""The exception that carries such a diagnostic: ``raise reject(...)``."""


class Reporter:
    """Collects diagnostics in order. The same code at the same place is kept once, and so is the
    same message of what has no place."""

    def __init__(self, limit: int = DEFAULT_LIMITS.errors) -> None:
        self._kept: dict[tuple[str, Span | str], Diagnostic] = {}
        self._merged: set[tuple[str, Span | str]] = set()
        self._errors = 0
        self._limit = limit
        self._raised = self._before = 0
        self._within: Label | None = None

    def start(self, within: Label | None) -> None:
        """Begin with the next network of a spec.

        Args:
            within: the variant that it is, which errors then name.
        """
        self._within = within
        self._before = self._raised

    def spoil(self) -> None:
        """Take the network at hand for a failed one, because of errors kept before it began."""
        self._before = -1

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep a diagnostic.

        Raises:
            TooManyErrors: the limit on errors is reached.
        """
        key = (diagnostic.code, diagnostic.span or diagnostic.message)
        self._raised += diagnostic.level == "error"
        if key in self._kept or key in self._merged:
            return
        if diagnostic.level == "error":
            self._errors += 1
            diagnostic = self._placed(diagnostic)
        full = self._errors >= self._limit
        if full:
            last = f"no more than {self._limit:,} errors are reported, the limit `errors`"
            diagnostic = diagnostic._replace(notes=(*diagnostic.notes, last))
        self._kept[key] = diagnostic
        if full:
            raise TooManyErrors

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with the variant it arose in, unless it stands there already."""
        variant = self._within
        if variant is None or diagnostic.span is None:
            return diagnostic
        here = (variant.span.source, variant.span.line)
        spans = (diagnostic.span, *(label.span for label in diagnostic.related))
        if any((span.source, span.line) == here for span in spans):
            return diagnostic
        return diagnostic._replace(related=(*diagnostic.related, variant))

    def merge(self, first: Diagnostic, again: Diagnostic, label: str, most: int = 3) -> Diagnostic:
        """Let a diagnostic that was kept stand for another one of the same cause as well.

        Args:
            first: the one that was kept, as it is now.
            again: the other one, whose edits are made together with the first one's.
            label: what is said of its place; up to ``most`` places are named.

        Returns:
            The first one as it is kept from now on.
        """
        assert first.span is not None
        assert again.span is not None
        key = (first.code, first.span)
        if (again.code, again.span) in self._kept or key not in self._kept:
            return first
        self._merged.add((again.code, again.span))
        related = first.related
        if sum(one.text == label for one in related) < most:
            related = (*related, Label(again.span, label))
        merged = first._replace(related=related, edits=(*first.edits, *again.edits))
        self._kept[key] = merged
        return merged

    def join(self, first: Diagnostic, again: Diagnostic, joined: Diagnostic) -> None:
        """Let one diagnostic stand for one that was kept and for another one."""
        assert first.span is not None
        assert again.span is not None
        self._merged.add((again.code, again.span))
        if (first.code, first.span) in self._kept:
            self._kept[first.code, first.span] = joined

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether an error was reported since `start`, one that was kept already included."""
        return self._raised > self._before

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return tuple(self._kept.values())
