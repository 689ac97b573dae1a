"""Findings that differ in their figures only: said once where there are many of them."""

import re
from collections.abc import Callable, Hashable, Iterable

from archc.diagnostics.model import Diagnostic, Label
from archc.diagnostics.text import DIFFERING, layers_text
from archc.typed import TypeVar

MOST = 3
"""Findings of one wording that are shown one by one; and places that the note on more names."""

_FIGURE = r"(?<![\w.])\d+(?:[.,x]\d+)*(?: (?:B|KiB)\b)?"
_FIGURES = re.compile(rf"{_FIGURE}(?:(?:, | and ){_FIGURE})*")
"""Numbers, shapes, sizes, and lists of them; a digit in a name (`CONV_2D`, `int8`) is none."""

Item = TypeVar("Item")


def wording(text: str | None) -> str | None:
    """A message without its figures."""
    return None if text is None else _FIGURES.sub("#", text)


def alike(
    items: Iterable[Item],
    rule: Callable[[Item], Hashable],
    texts: Callable[[Item], tuple[str | None, ...]],
) -> list[list[Item]]:
    """Findings in the groups that are said once, each at the place of its first, in order.

    Args:
        items: the findings.
        rule: what findings of a group have in common, to the letter.
        texts: what is said of each. Findings of equal texts are one group; so are those of equal
            wording, where these are more than `MOST` texts.
    """
    said: dict[tuple[Hashable, tuple[str | None, ...]], list[Item]] = {}
    for item in items:
        said.setdefault((rule(item), texts(item)), []).append(item)
    families: dict[Hashable, list[list[Item]]] = {}
    for (of, words), group in said.items():
        families.setdefault((of, *map(wording, words)), []).append(group)
    groups: list[list[Item]] = []
    for (of, words), group in said.items():
        family = families[of, *map(wording, words)]
        if len(family) <= MOST:
            groups.append(group)
        elif group is family[0]:
            groups.append([item for other in family for item in other])
    return groups


def gathered(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Diagnostics for people to read: findings on layers that differ in their figures only are one,
    and so are notes on places of a spec, such as rounded widths.

    Errors in a spec stay apart, since each is put right where it stands.
    """
    every = list(diagnostics)
    numbered = iter(range(len(every)))

    def rule(found: Diagnostic) -> Hashable:
        layered = found.layers or (found.part is not None and found.part.layer is not None)
        noted = found.level == "note" and found.span is not None and not found.edits
        if not (layered or noted) or (found.span is not None and found.level == "error"):
            return next(numbered)  # like no other
        file = found.span.source if found.span is not None else found.part and found.part.file
        return (found.code, found.level, file)

    return [_one(group) for group in alike(every, rule, _texts)]


def _texts(found: Diagnostic) -> tuple[str | None, ...]:
    return found.message, found.help


def _one(group: list[Diagnostic]) -> Diagnostic:
    first = group[0]
    if len(group) == 1:
        return first
    said = {_texts(found) for found in group}
    layers = [layer for found in group for layer in _layers(found)]
    spans = [span for span in dict.fromkeys(found.span for found in group) if span is not None]
    differing = len(said) > 1
    note = f"{len(spans):,} places{DIFFERING if differing else ''}"
    if layers:
        note = layers_text(layers, MOST, places=len(spans), differing=differing)
    related = list(first.related)
    for span in spans[1:MOST]:
        if all(label.span != span for label in related):
            related.append(Label(span, "here too"))
    return first._replace(
        layers=tuple(layers),
        notes=(note, *first.notes[bool(first.layers) :]),
        related=tuple(related),
    )


def _layers(found: Diagnostic) -> tuple[str, ...]:
    if found.layers or found.part is None or found.part.layer is None:
        return found.layers
    return (found.part.layer,)
