"""The declarations of a document, as a tree."""

from typing import NamedTuple

from archc.editor.costs import brief
from archc.editor.view import View
from archc.source import Span
from archc.syntax import ast


class Entry(NamedTuple):
    """A declaration: offsets of all of it, and of its name."""

    name: str
    kind: str
    """`arch`, `block`, `stage`, `head`, `input` or `parameter`."""
    detail: str
    whole: tuple[int, int]
    named: tuple[int, int]
    children: "tuple[Entry, ...]" = ()


def outline(view: View) -> tuple[Entry, ...]:
    """The archs and blocks of a document in order; of one that cannot be read, those that stood in
    it before, where they are now."""
    if view.read is None:
        return ()
    file = view.read.module.file
    declared = sorted((*file.archs, *file.blocks), key=lambda one: one.span.start)
    return tuple(found for one in declared for found in _declared(view, one))


def _declared(view: View, one: "ast.Arch | ast.Derived | ast.Block") -> list[Entry]:
    children: list[Entry] = []
    if not isinstance(one, ast.Derived):
        for parameter in one.parameters:
            detail = parameter.default.span.text if parameter.default is not None else ""
            children += _entry(view, parameter.name, "parameter", detail, parameter.span)
    if isinstance(one, ast.Arch):
        for member in one.members:
            if isinstance(member, ast.Stage):
                children += _entry(view, member.name, "stage", _cost(view, member.span),
                                   member.span)  # fmt: skip
            elif isinstance(member, ast.Output):
                children += _entry(view, member.name, "output", _cost(view, member.span),
                                   member.span)  # fmt: skip
            elif isinstance(member, ast.Head):
                start = member.span.start
                # The documentation of a head is a part of its span; the word comes behind it.
                at = start + member.span.text.rindex("head", 0, member.body.span.start - start)
                name = ast.Name("head", Span(member.span.source, at, at + 4))
                children += _entry(view, name, "head", _cost(view, member.span), member.span)
            elif isinstance(member, ast.Input):
                children += _entry(view, member.name, "input", member.shape.span.text, member.span)
    if isinstance(one, ast.Block):
        return _entry(view, one.name, "block", "", one.span, children)
    return _entry(view, one.name, "arch", _cost(view, one.name.span), one.span, children)


def _cost(view: View, span: Span) -> str:
    read = view.read
    cost = read.costs.of(span) if read is not None else None
    return brief(cost) if cost is not None else ""


def _entry(
    view: View,
    name: ast.Name,
    kind: str,
    detail: str,
    span: Span,
    children: list[Entry] | None = None,
) -> list[Entry]:
    whole, named = view.now(span), view.now(name.span)
    if whole is None or named is None:
        return list(children or ())  # in the midst of what is being typed
    detail = " ".join(detail.split())
    return [Entry(name.text, kind, detail, whole, named, tuple(children or ()))]
