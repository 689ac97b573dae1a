"""Syntax errors as a list that helps: those of one statement as one, a repeated sign once."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archc.diagnostics.model import Diagnostic, Edit, Label
from archc.diagnostics.text import several
from archc.source import Source, Span
from archc.syntax.lalr import Token, Tree

REPEATED = ("sign", "comment", "assigned")
"""Slips that are said once, with where else they are."""
AGAIN = "and here"
NAMED = 3
"""Further places that are named."""
SHOWN = 200
"""Characters of a statement that are shown."""
AS_PYTHON = "this call is written as in Python"
PYTHON = ("quoted", "tuple_size", "assignment", "keyword_as_name", "called_twice", "dotted")


class Fault(NamedTuple):
    """An error as it was met."""

    at: int
    slip: str
    """Which of the usual slips it is; empty for none."""
    certain: bool
    """Whether it was fixed."""
    diagnostic: Diagnostic


class Draft(NamedTuple):
    """A statement as another language writes it."""

    said: Diagnostic
    """What is reported of it."""
    whole: Diagnostic
    """The same of the statement as a whole."""

    def translated(self, unknown: Diagnostic) -> Diagnostic | None:
        """What is said of it with a name that is unknown here, where it is known what it means."""
        edits = list(unknown.edits)
        for edit in self.whole.edits:
            within = [one for one in unknown.edits if _meets(edit, one)]
            if any(not _contains(one, edit) for one in within):
                return None
            edits += [] if within else [edit]
        if not unknown.edits:
            return None
        help = unknown.help or ""
        if "write `" not in help:
            help += f": write `{self.made(edits)}`"
        return self.whole._replace(help=help, edits=tuple(edits))

    def made(self, edits: Sequence[Edit]) -> str:
        """The statement with some edits made."""
        span = self.whole.span
        assert span is not None
        end = max(span.end, *(edit.span.end for edit in edits))
        text = span.source.text[:end]
        for edit in sorted(edits, key=lambda one: one.span.start, reverse=True):
            text = text[: edit.span.start] + edit.text + text[edit.span.end :]
        return text[span.start :][:SHOWN].strip()


def _meets(one: Edit, other: Edit) -> bool:
    return one.span.start < other.span.end and other.span.start < one.span.end


def _contains(one: Edit, other: Edit) -> bool:
    return one.span.start <= other.span.start and other.span.end <= one.span.end


class _Statement(NamedTuple):
    """A call without its bodies: where its tokens are, and their numbers."""

    start: int
    end: int
    first: int
    last: int


def grouped(
    source: Source, tree: Tree, tokens: Sequence[Token], faults: Sequence[Fault]
) -> tuple[list[Diagnostic], dict[int, Draft]]:
    """The diagnostics of a text, in the order of their first places, and the drafts among them by
    where their statements start."""
    found: dict[tuple[object, ...], list[Fault]] = {}
    statements = sorted(_statements(tree))
    starts = [one.start for one in statements]
    for number, fault in enumerate(faults):
        key: tuple[object, ...] = (number,)
        if fault.slip in REPEATED and fault.certain != (fault.slip == "assigned"):
            key = (fault.diagnostic.message, fault.diagnostic.help)
        elif fault.certain:
            statement = _owner(source, statements, starts, fault)
            key = (number,) if statement is None else (statement,)
        found.setdefault(key, []).append(fault)
    made, drafts = [], {}
    for key, group in found.items():
        said, owner = group[0].diagnostic, key[0]
        if isinstance(owner, _Statement):
            joined = _joined(source, tokens, owner, group)
            said = joined if len(group) > 1 else said
            if joined.message == AS_PYTHON:
                drafts[owner.start] = Draft(said, joined)
        elif len(group) > 1:
            said = _repeated(group)
        made.append(said)
    return made, drafts


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


def _owner(
    source: Source, statements: Sequence[_Statement], starts: Sequence[int], fault: Fault
) -> _Statement | None:
    """The statement that an error belongs to: the one it stands in or right behind, else the next
    one on its line, or the last one."""
    number = bisect_right(starts, fault.at)
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
    notes = [f"and in {several(more, 'more place')}"] if more > 0 else []
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
    edits = tuple(edit for fault in group for edit in fault.diagnostic.edits)
    low = min(statement.start, *(edit.span.start for edit in edits))
    end = source.text.find("\n", low)
    high = max(low + 1, min(statement.end, end if end >= 0 else statement.end))
    return first._replace(
        message=AS_PYTHON if python else said[0],
        span=Span(source, low, high),
        label="",
        related=(),
        notes=tuple(said if python else said[1:]),
        help=f"write `{text if len(text) <= SHOWN else text[:SHOWN] + '...'}`",
        edits=edits,
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
