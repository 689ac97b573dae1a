"""The border of a deployed file in the spec that is made of it: `target NAME(io = int8)`.

A target judges, so what it wants allowed is listed beside the border; a network that it refuses
whatever is allowed gets no target, and a note instead.
"""

import re
from collections.abc import Sequence

from archc.compiler import (
    BORDERS,
    Graph,
    Request,
    Target,
    allowable,
    builtin,
    builtin_names,
    check_target,
    lower,
)

HEADER = re.compile(r"arch (\w+)(?:\(([^()]*)\))? \{")
"""The first line of an arch."""


def bordered(text: str, graphs: Sequence[Graph], io: str | None) -> tuple[str, tuple[str, ...]]:
    """A text with the border of a file in its first arch, and what is to be said of that.

    Args:
        text: a spec without a target.
        graphs: what its archs compile to.
        io: the type at the border; None where inputs and outputs differ.

    Returns:
        the text, not laid out where it is another one, and notes.
    """
    if io == BORDERS[0]:
        return text, ()
    target = builtin(builtin_names()[0])
    if io not in BORDERS:
        what = "inputs and outputs differ in type" if io is None else f"the border is {io}"
        return text, (f"{what}, which a spec cannot say: this one has {BORDERS[0]}",)
    allow: dict[str, None] = {}
    for graph in graphs:
        needed, refusal = permissions(target, graph, io)
        if refusal is not None:
            return text, (
                f"the border of the file is {io}; the spec has none, since {target.name} refuses "
                f"its network: {refusal}",
            )
        allow |= dict.fromkeys(needed)
    listed = f"allow = [{', '.join(allow)}], " if allow else ""
    declared = f"target {target.name}({listed}io = {io})"
    made = HEADER.sub(lambda match: f"{match[0]}\n{declared}", text, count=1)
    confirm = f"`allow` lists what {target.name} wants confirmed with `{target.analyzer}`"
    return made, (confirm,) if allow else ()


def permissions(target: Target, graph: Graph, io: str) -> tuple[tuple[str, ...], str | None]:
    """The names that a target wants allowed, and why it refuses a network even so, if it does."""
    request = Request(target.name, allowable(target), io)
    report = check_target(target, request, graph, lower(graph, io), errors=True)
    errors = (finding.message for finding in report.findings if finding.level == "error")
    return report.allowed, next(errors, None)
