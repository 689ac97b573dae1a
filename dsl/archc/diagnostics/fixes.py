"""Fixes of diagnostics, made in texts. Nothing here reads or writes files."""

from collections.abc import Iterable

from archc.diagnostics.model import Diagnostic, Edit
from archc.source import Source


def fixable(diagnostic: Diagnostic, sources: Iterable[Source]) -> bool:
    """Whether a diagnostic has a fix, all of it within some sources."""
    known = set(sources)
    return bool(diagnostic.edits) and all(e.span.source in known for e in diagnostic.edits)


def chosen(diagnostics: Iterable[Diagnostic], sources: Iterable[Source]) -> tuple[Diagnostic, ...]:
    """Diagnostics whose fixes can be made together: in order, those that overlap an earlier one
    or touch it are left for the next round."""
    known = set(sources)
    taken: dict[Source, list[tuple[int, int]]] = {}
    found: list[Diagnostic] = []
    for diagnostic in diagnostics:
        if not fixable(diagnostic, known) or any(_meets(edit, taken) for edit in diagnostic.edits):
            continue
        found.append(diagnostic)
        for edit in diagnostic.edits:
            taken.setdefault(edit.span.source, []).append((edit.span.start, edit.span.end))
    return tuple(found)


def _meets(edit: Edit, taken: dict[Source, list[tuple[int, int]]]) -> bool:
    start, end = edit.span.start, edit.span.end
    return any(start <= high and low <= end for low, high in taken.get(edit.span.source, ()))


def applied(source: Source, diagnostics: Iterable[Diagnostic]) -> str:
    """The text of a source with the fixes of some diagnostics made, which do not overlap."""
    edits = {
        (edit.span.start, edit.span.end): edit.text
        for diagnostic in diagnostics
        for edit in diagnostic.edits
        if edit.span.source is source
    }
    text = source.text
    for (start, end), new in sorted(edits.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return text
