"""Words that are almost one of the language."""

import re

from archc.diagnostics.nearest import propose
from archc.source import Span
from archc.syntax.grammar import keywords
from archc.syntax.place import Edits, Place


def misspelt(place: Place) -> tuple[str | None, Edits]:
    """A help line with the word of the language that could stand there and is close, and the
    edit where it is one."""
    words = {kind[1:].lower() for kind in place.expected if kind[0] == "_"} & keywords()
    span = Span(place.source, place.start, place.end)
    known = words if re.match("[A-Za-z_]{2}", place.found) else ()
    near = propose(place.found, span, known, closed=True)
    return near.help, tuple((edit.span.start, edit.span.end, edit.text) for edit in near.edits)
