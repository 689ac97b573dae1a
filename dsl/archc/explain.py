"""What every code means, with an example that fails and the same one fixed.

The compiler's codes are explained in `diagnostics/codes.md`, which is read only when somebody asks.
What a target's rule means is made of the rule itself.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archc.diagnostics.catalog import Example, entries
from archc.diagnostics.render import render
from archc.diagnostics.text import joined, wrapped
from archc.driver import Options, compile_spec
from archc.files import Loader
from archc.foreign import Row
from archc.source import Source
from archc.targets.builtin import builtin, builtin_names
from archc.targets.model import Rule, Target

SHOWN = "tiny.arch"
"""The name that examples go by."""


class Explanation(NamedTuple):
    """What a code means."""

    name: str
    level: str
    what: str
    why: str
    fails: Example | None = None
    fixed: Example | None = None
    remedy: str | None = None
    source: str | None = None


def explanations(targets: Iterable[Target] = ()) -> dict[str, Explanation]:
    """Every code by its name: those of the compiler, then those of the rules of targets.

    Args:
        targets: targets beside those that come with archc.
    """
    known = {entry.name: Explanation(*entry) for entry in entries().values()}
    each = {name: known.pop(name) for name in list(known) if name.startswith("TARGET/")}
    for target in (*map(builtin, builtin_names()), *targets):
        rules = [_of_rule(target, rule) for rule in target.rules]
        for one in (*rules, *each.values()):
            name = one.name.replace("TARGET", target.name)
            known[name] = one._replace(name=name)
    return known


def _of_rule(target: Target, rule: Rule) -> Explanation:
    statement = target.filled(rule, rule.statement)
    remedy = target.filled(rule, rule.remedy) if rule.remedy else None
    allow = f"`target {target.name}(allow = [{{}}])`"
    stands = STANDS[rule.level]
    if rule.overrule:
        stands = f"A spec may allow it: {allow.format(rule.name)}."
    elif rule.by_operator:
        stands = f"A spec may allow an operator by its name: {allow.format('softmax')}."
    return Explanation(
        f"{target.name}/{rule.name}",
        rule.level,
        f"A rule of {target.name}: {statement}.",
        stands,
        _example(target, rule, rule.fails),
        _example(target, rule, rule.fixed),
        re.sub(r"\{\w+\}", "...", remedy) if remedy else None,
        str(rule.source),
    )


def _example(target: Target, rule: Rule, text: str | None) -> Example | None:
    return Example("arch", target.filled(rule, text).strip("\n")) if text else None


STANDS = {
    "error": "It cannot be allowed.",
    "warning": "It stops nothing.",
    "note": "It stops nothing, and is shown by `archc check` alone.",
}
"""What a rule that needs no permission does, by its level."""
SHOWS = {
    "error": ("This fails:", "This does not:"),
    "warning": ("This gets the warning:", "This does not:"),
    "note": ("This gets the note:", "This does not:"),
}
"""What stands above the examples, by the level of what they show."""


def said(example: Example, code: str, columns: int | None = None) -> str | None:
    """What the compiler says of an example by a code, wrapped to so many columns; None of what is
    typed at a prompt."""
    if example.language != "arch":
        return None
    compilation = compile_spec(Loader(), Source(SHOWN, example.text), Options())
    found = next((one for one in compilation.diagnostics if one.code == code), None)
    return render(found, color=False, columns=columns) if found else None


def text(one: Explanation, width: int = 80) -> str:
    """An explanation for a terminal."""
    from textwrap import fill, indent

    parts = [f"{one.level}[{one.name}]", fill(one.what, width), fill(one.why, width)]
    fails, fixed = SHOWS[one.level]
    if one.fails is not None:
        parts += [fails, indent(one.fails.text, "    ")]
        shown = said(one.fails, one.name, width - 4)
        if shown is not None:
            parts += ["It says:", indent(shown, "    ")]
    if one.fixed is not None:
        parts += [fixed, indent(one.fixed.text, "    ")]
    if one.remedy is not None:
        parts.append(fill(f"What to do: {one.remedy}.", width))
    if one.source is not None:
        parts.append(fill(f"Source: {one.source}.", width))
    return "\n\n".join(part for part in parts if part)


def word(name: str, width: int = 80) -> str | None:
    """What is written here for a name of another tool, for a terminal; None if it is not known."""
    from textwrap import fill, indent

    from archc.foreign import Found, lookup

    by_row: dict[Row, list[Found]] = {}
    for entry in lookup(name)[0]:
        by_row.setdefault(entry.row, []).append(entry)
    parts = []
    for row, alike in by_row.items():
        names = [entry.shown for entry in alike]
        shown = joined(names)
        verb = "are" if len(alike) > 1 else "is"
        never = f", and never runs on {row.device}" if row.kind == "never" else ""
        parts.append(fill({
            "same": f"{shown} {verb} `{row.ours}` here.{_taken(row)}",
            "block": f"{shown} {verb} a block here:" if row.call else f"For {shown} write:",
        }.get(row.kind, f"{shown} {verb} not in the language{never}."), width))  # fmt: skip
        if row.text:
            parts.append(indent(row.text, "    "))
        if row.why:
            parts.append(fill(f"{row.why[0].upper()}{row.why[1:]}.", width))
        if row.rule:
            parts.append(f"`archc explain {row.rule}` has the source.")
    return "\n\n".join(parts) or None


def _taken(row: Row) -> str:
    """How the arguments of another tool's operator map to ours, as sentences."""
    taken = [one for one in row.takes or () if one.ours]
    names = [f"`{one.name}` is `{one.ours}`" for one in taken if one.name != one.ours]
    left = [f"`{one.ours} = {one.default}`" for one in taken if one.default not in (None, "?")]
    text = f" Of its arguments, {', '.join(names)}." if names else ""
    return text + (f" Left out, they mean {', '.join(left)}." if left else "")


def listing(found: Iterable[Explanation], width: int | None = None) -> str:
    """All codes, one a line, or wrapped to a width."""
    rows = list(found)
    names = max(len(one.name) for one in rows)
    lines: list[str] = []
    for one in rows:
        head = f"{one.name:<{names}}  {one.level:<7}  "
        lines += wrapped(head + one.what, width, hang=" " * len(head))
    return "\n".join([*lines, "", "`archc explain CODE` says more of one."])


def markdown(found: Iterable[Explanation]) -> str:
    """The reference page of all codes."""
    rows = list(found)
    lines = [
        "<!-- Generated by `archc explain --all --markdown`; do not edit. -->",
        "# Codes",
        "",
        "Every diagnostic has a code, in brackets after its level. `archc explain CODE` prints",
        "what is written here. Codes with a slash are rules of a target, and only apply to specs",
        "that name it.",
        "",
        "| code | level | what |",
        "|---|---|---|",
    ]
    lines += [
        f"| [`{one.name}`](#{anchor(one.name)}) | {one.level} | {_cell(one.what)} |" for one in rows
    ]
    for one in rows:
        lines += ["", f"## `{one.name}`", "", page(one)]
    return "\n".join(lines) + "\n"


def anchor(name: str) -> str:
    """The anchor that Markdown gives to a heading of a code."""
    return "".join(c for c in name.lower() if c.isalnum() or c in "_-")


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def page(one: Explanation) -> str:
    """An explanation as Markdown, without its heading."""
    return "\n".join(_page(one))


def _page(one: Explanation) -> Iterator[str]:
    yield f"{one.level.capitalize()}. {one.what} {one.why}"
    fails, fixed = SHOWS[one.level]
    if one.fails is not None:
        yield from ("", fails, "", f"```{one.fails.language}", one.fails.text, "```")
        shown = said(one.fails, one.name)
        if shown is not None:
            yield from ("", "```text", shown, "```")
    if one.fixed is not None:
        yield from ("", fixed, "", f"```{one.fixed.language}", one.fixed.text, "```")
    if one.remedy is not None:
        yield from ("", f"What to do: {one.remedy}.")
    if one.source is not None:
        yield from ("", f"Source: {one.source}.")
