"""Changes that an editor makes for somebody: new names, the layout, what fixes a diagnostic."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from archc.diagnostics.fixes import chosen, fixable
from archc.diagnostics.model import Diagnostic, Rejected
from archc.driver import Compilation
from archc.editor.names import Meaning, Use, found
from archc.editor.view import View
from archc.limits import DEFAULT_LIMITS, Limits
from archc.sema.callees import FORMS
from archc.sema.origin import library
from archc.sema.scope import FUNCTIONS
from archc.source import Source
from archc.syntax.layout import lay_out
from archc.syntax.tokens import words

RENAMED = ("arch", "block", "stage", "input", "output", "map", "parameter")
"""The kinds of names that a spec declares."""


class Refused(Exception):
    """A name cannot be changed so; the message says why."""


class Rewrite(NamedTuple):
    """Text to put between two offsets of a file."""

    path: str
    start: int
    end: int
    text: str


# --- names -------------------------------------------------------------------------------------


class Key(NamedTuple):
    """What tells one declaration from all others, also where a file was read twice."""

    path: str
    start: int


def key(view: View, meaning: Meaning) -> Key | None:
    """The declaration that a meaning comes from."""
    if meaning.declared is None:
        return None
    return Key(view.locate(meaning.declared.source), meaning.declared.start)


def references(view: View, at: int, views: Iterable[View]) -> list[tuple[View, Use]]:
    """Every place that means what the name at an offset means, its declaration included.

    Args:
        view: the document; its text can be read.
        at: the offset.
        views: documents in which to look, which can be read.
    """
    here = view.use_at(at)
    if here is None:
        return []
    past, use = here
    wanted = key(past, use.meaning)
    places: dict[tuple[str, int], tuple[View, Use]] = {}
    for other in (view, *views):
        if other.read is not other:
            continue
        path = other.locate(other.source)
        for one in other.uses:
            same = (
                key(other, one.meaning) == wanted
                if wanted is not None
                else one.meaning.kind == use.meaning.kind
                and one.meaning.name == use.meaning.name
                and one.meaning.kind in ("operator", "form")
            )
            if same:
                places.setdefault((path, one.span.start), (other, one))
    return list(places.values())


def prepared(view: View, at: int) -> tuple[int, int]:
    """The place of the name that would be changed.

    Raises:
        Refused: there is none that can be.
    """
    if not view.parsed:
        raise Refused("the spec cannot be read: fix it first")
    here = view.use_at(at)
    if here is None:
        raise Refused("there is no name here")
    use = here[1]
    meaning = use.meaning
    if meaning.declared is not None and library(meaning.declared):
        raise Refused(f"`{meaning.name}` belongs to the standard library")
    if meaning.kind not in RENAMED or meaning.declared is None:
        raise Refused(f"`{meaning.name}` is built in")
    return use.span.start, use.span.end


def renamed(view: View, at: int, new: str, views: Iterable[View]) -> list[Rewrite]:
    """The rewrites that give another name to what stands at an offset.

    Args:
        view: the document.
        at: the offset.
        new: the name.
        views: all documents that may use it.

    Raises:
        Refused: it cannot be called so.
    """
    prepared(view, at)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", new):
        raise Refused(f"`{new}` is not a name: letters, digits and underscores")
    if words(new) != ["NAME"]:
        raise Refused(f"`{new}` is a word of the language")
    if new in FORMS or new in FUNCTIONS:
        raise Refused(f"`{new}` is built in and cannot be declared")
    places = references(view, at, views)
    for other, use in places:
        taken = _taken(other, use, new)
        if taken:
            raise Refused(taken)
    return [
        Rewrite(other.locate(other.source), use.span.start, use.span.end, new)
        for other, use in places
    ]


def _taken(view: View, use: Use, new: str) -> str | None:
    """Why a name would be mistaken for another one in a file."""
    mine = use.meaning
    if mine.kind in ("stage", "input", "output"):
        clash = any(
            one.declares
            and one.meaning.kind in ("stage", "input", "output", "map")
            and one.meaning.name == new
            for one in view.uses
        )
        if clash:
            return f"`{new}` is taken"
        # As a map it is looked up last.
        read = any(one.meaning == mine and not one.declares for one in view.uses)
        if not read or not any(
            one.meaning.name == new and one.meaning.kind != "argument" for one in view.uses
        ):
            return None
    if new == mine.name:
        return None
    if any(one.meaning.name == new and one.meaning.kind != "argument" for one in view.uses):
        return f"`{new}` means something in {view.source.name} already"
    if mine.kind == "block" and found(view.module, new, use.span) is not None:
        return f"`{new}` already means something"
    return None


def fingerprint(compilation: Compilation) -> Any:
    """What a spec means, names and places left out."""
    networks = []
    for network in compilation.networks:
        order = {row["name"]: at for at, row in enumerate(network.manifest["layers"])}
        rows = [
            (
                row["class_name"],
                tuple(order[name] for name in row["inputs"]),
                tuple(row["output_shape"]),
                row["params"],
                row["macs"],
                row["repeat"],
            )
            for row in network.manifest["layers"]
        ]
        networks.append((rows, network.manifest["totals"]))
    errors = sorted(one.code for one in compilation.diagnostics if one.level == "error")
    return networks, errors


def rewritten(text: str, rewrites: Iterable[Rewrite]) -> str:
    """A text with rewrites made that do not overlap."""
    for one in sorted(rewrites, key=lambda one: one.start, reverse=True):
        text = text[: one.start] + one.text + text[one.end :]
    return text


def held(
    rewrites: Iterable[Rewrite],
    views: Iterable[View],
    again: Callable[[View, Mapping[str, str]], Compilation],
) -> None:
    """Check a change of names against what the specs meant before.

    Args:
        rewrites: the change.
        views: the documents that it may concern.
        again: compiles one with other texts, by path.

    Raises:
        Refused: one of them would mean something else.
    """
    by_path: dict[str, list[Rewrite]] = {}
    for one in rewrites:
        by_path.setdefault(one.path, []).append(one)
    texts: dict[str, str] = {}
    concerned: list[View] = []
    for view in views:
        modules = view.compilation.modules
        paths = {view.locate(module.file.source): module.file.source for module in modules}
        if by_path.keys() & paths.keys():
            concerned.append(view)
        for path in by_path.keys() & paths.keys():
            texts[path] = rewritten(paths[path].text, by_path[path])
    for view in concerned:
        if fingerprint(again(view, texts)) != fingerprint(view.compilation):
            raise Refused(f"{view.source.name} would mean something else")


# --- layout and fixes --------------------------------------------------------------------------


def formatted(source: Source, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """The text in the canonical layout; None where it cannot be read."""
    try:
        return lay_out(source, limits)
    except Rejected:
        return None


def fixes(view: View, start: int, end: int) -> list[Diagnostic]:
    """The diagnostics that touch a range and have a fix in this document."""
    found = []
    for one in view.diagnostics:
        if not fixable(one, (view.source,)):
            continue
        spans = [edit.span for edit in one.edits]
        if one.span is not None and one.span.source is view.source:
            spans.append(one.span)
        if any(span.start <= end and start <= span.end for span in spans):
            found.append(one)
    return found


def all_fixes(view: View) -> tuple[Diagnostic, ...]:
    """The fixes that can be made together."""
    return chosen(view.diagnostics, (view.source,))
