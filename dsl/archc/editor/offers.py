"""What an editor offers beside fixes: changes of a spec's target that a finding's help spells out.

They change what is accepted or what is deployed, so they are never made unasked.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from archc.diagnostics.model import Diagnostic, Edit
from archc.editor.view import View
from archc.source import Span
from archc.syntax import ast

_SPELLED = re.compile(r"`target (?P<target>\w+)\((?P<argument>allow|io) = \[?(?P<value>\w+)\]?\)`")


class Offer(NamedTuple):
    """A change, and what it is for."""

    title: str
    diagnostics: tuple[Diagnostic, ...]
    edit: Edit


def offers(view: View, start: int, end: int) -> list[Offer]:
    """The changes that findings between two offsets ask for; where several operators have to be
    allowed, also all of them at once."""
    if not view.parsed:
        return []
    every = list(_spelled(view))
    here = [one for one in every if _touches(view, one[0], start, end)]
    found = [_offer([one]) for one in here]
    together = [one for one in every if one[2] == "allow" and here and one[1] is here[0][1]]
    if len({value for _, _, _, value in together}) > 1 and any(one[2] == "allow" for one in here):
        found.append(_offer(together))
    return list(dict.fromkeys(found))


Spelled = tuple[Diagnostic, ast.Target, str, str]
"""A finding, the target of its arch, and the argument and value that its help spells out."""


def _spelled(view: View) -> Iterator[Spelled]:
    for one in view.diagnostics:
        said = _SPELLED.search(one.help or "")
        target = _target(view, one) if said else None
        if said and target is not None and target.name.text == said["target"]:
            yield one, target, said["argument"], said["value"]


def _target(view: View, one: Diagnostic) -> ast.Target | None:
    """The target that judged: of the arch that a finding stands in, or the only one of the file."""
    declared = [
        (arch, member)
        for arch in view.module.file.archs
        if isinstance(arch, ast.Arch)
        for member in arch.members
        if isinstance(member, ast.Target)
    ]
    span = one.span
    if span is not None and span.source is view.source:
        for arch, target in declared:
            if arch.span.start <= span.start < arch.span.end:
                return target
    return declared[0][1] if len(declared) == 1 else None


def _touches(view: View, one: Diagnostic, start: int, end: int) -> bool:
    span = one.span
    if span is None or span.source is not view.source:
        return start == 0  # where an editor shows it
    return span.start <= end and start <= span.end


def _offer(found: list[Spelled]) -> Offer:
    _, target, argument, _ = found[0]
    values = list(dict.fromkeys(value for _, _, _, value in found))
    said = "allow" if argument == "allow" else f"{argument} ="
    title = f"{said} {', '.join(values)} on {target.name.text}"
    return Offer(title, tuple(one for one, *_ in found), _edit(target, argument, values))


def _edit(target: ast.Target, name: str, values: list[str]) -> Edit:
    """The edit that adds values to an argument of a target."""
    source = target.span.source
    text = f"[{', '.join(values)}]" if name == "allow" else values[0]
    given = next((one for one in target.arguments if one.name and one.name.text == name), None)
    if given is not None and name == "allow" and isinstance(given.value, ast.ListOf):
        last = given.value.items[-1:]
        at = last[0].span.end if last else given.value.span.start + 1
        inner = (", " if last else "") + ", ".join(values)
        return Edit(Span(source, at, at), inner)
    if given is not None:
        return Edit(given.value.span, text)
    if target.arguments:
        at = target.arguments[-1].span.end
        return Edit(Span(source, at, at), f", {name} = {text}")
    at = target.name.span.end
    return Edit(Span(source, at, target.span.end), f"({name} = {text})")
