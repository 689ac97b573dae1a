"""Syntax errors as a list that helps: those of one statement as one, a repeated sign once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.model import Diagnostic, Label
from archc.source import Source, Span
from archc.syntax.lalr import Token, Tree

REPEATED = ("sign", "comment")
"""Slips that are said once, with where else they are."""
AGAIN = "and here"
NAMED = 3
"""Further places that are named."""
SHOWN = 200
"""Characters of a statement that are shown."""
PYTHON = ("quoted", "tuple_size", "assignment", "keyword_as_name", "called_twice", "dotted")


class Fault(NamedTuple):
    """An error as it was met."""

    at: int
    slip: str
    """Which of the usual slips it is; empty for none."""
    certain: bool
    """Whether it was fixed."""
    diagnostic: Diagnostic


class _Statement(NamedTuple):
    """A call without its bodies: where its tokens are, and their numbers."""

    start: int
    end: int
    first: int
    last: int


def grouped(
    source: Source, tree: Tree, tokens: Sequence[Token], faults: Sequence[Fault]
) -> list[Diagnostic]:
    """The diagnostics of a text, in the order of their first places."""
    found: dict[tuple[object, ...], list[Fault]] = {}
    statements = sorted(_statements(tree))
    for number, fault in enumerate(faults):
        key: tuple[object, ...] = (number,)
        if fault.certain and fault.slip in REPEATED:
            key = (fault.diagnostic.message, fault.diagnostic.help)
        elif fault.certain:
            owner = _owner(source, statements, fault)
            key = (number,) if owner is None else (owner,)
        found.setdefault(key, []).append(fault)
    made = []
    for key, group in found.items():
        first = group[0].diagnostic
        if len(group) == 1:
            made.append(first)
        elif isinstance(key[0], _Statement):
            made.append(_joined(source, tokens, key[0], group))
        else:
            made.append(_repeated(group))
    return made


def _statements(tree: Tree) -> Iterator[_Statement]:
    work: list[Any] = [tree]
    while work:
        part = work.pop()
        if not isinstance(part, Tree):
            continue
        work += part.children
        if part.data == "call":
            bodies = [one for one in part.children if isinstance(one, Tree) and one.data == "body"]
            last = bodies[0].first if bodies else part.last
            yield _Statement(part.start, part.end, part.first, last)


def _owner(source: Source, statements: Sequence[_Statement], fault: Fault) -> _Statement | None:
    """The statement that an error belongs to: the one it stands in or right behind, else the next
    one on its line, or the last one."""
    number = bisect_right([one.start for one in statements], fault.at)
    before = statements[number - 1] if number else None
    after = statements[number] if number < len(statements) else None
    if before is not None and fault.at <= before.end:
        return before
    if after is not None and "\n" not in source.text[fault.at : after.start]:
        return after
    if before is not None and "\n" not in source.text[before.end : fault.at]:
        return before
    return None


def _repeated(group: Sequence[Fault]) -> Diagnostic:
    first, *others = [fault.diagnostic for fault in group]
    labels = [Label(one.span, AGAIN) for one in others if one.span is not None]
    more = len(labels) - NAMED
    notes = [f"and in {more} more place{'s' * (more > 1)}"] if more > 0 else []
    return first._replace(
        related=(*first.related, *labels[:NAMED]),
        notes=(*first.notes, *notes),
        edits=tuple(edit for fault in group for edit in fault.diagnostic.edits),
    )


def _joined(
    source: Source, tokens: Sequence[Token], statement: _Statement, group: Sequence[Fault]
) -> Diagnostic:
    first = group[0].diagnostic
    text = worded(source, tokens, statement.first, statement.last)
    said = list(dict.fromkeys(fault.diagnostic.message for fault in group))
    python = any(fault.slip in PYTHON for fault in group)
    spans = [fault.diagnostic.span for fault in group if fault.diagnostic.span is not None]
    low = min(statement.start, *(span.start for span in spans))
    end = source.text.find("\n", low)
    high = max(low + 1, min(statement.end, end if end >= 0 else statement.end))
    return first._replace(
        message="this is a call as Python writes it" if python else said[0],
        span=Span(source, low, high),
        label="",
        related=(),
        notes=tuple(said if python else said[1:]),
        help=f"write `{text if len(text) <= SHOWN else text[:SHOWN] + '...'}`",
        edits=tuple(edit for fault in group for edit in fault.diagnostic.edits),
    )


def worded(source: Source, tokens: Sequence[Token], first: int, last: int) -> str:
    """The text of some tokens as it was fixed."""
    parts = [tokens[first].text]
    for before, token in zip(tokens[first : last - 1], tokens[first + 1 : last], strict=True):
        gap = source.text[before.end : token.start]
        if gap.strip() and not gap.lstrip().startswith("#"):  # it was left out
            gap = " " if any(character.isspace() for character in gap) else ""
        parts.append(gap)
        parts.append(token.text)
    return "".join(parts)
