"""The page of other tools' names, from the table that messages are made of."""

from collections.abc import Iterator

from archc.foreign import TOOLS, Kind, Parameter, Row, arguments, quantities, rows
from archc.manual.markdown import HEADER, code, fence, listed, reflowed, table

INTRODUCTION = """\
What Keras, PyTorch, ONNX, TFLite, timm and papers call things, and what to write here. Messages on
unknown names, completion and `archc explain NAME` use the same table. A name spelled exactly as a
tool spells it means what it means there; otherwise case and underscores do not count. `archc check
--fix` writes our name only where every tool that has the name means the same operator by that
call."""

SECTIONS: dict[Kind, tuple[str, str]] = {
    "same": (
        "The same operator",
        "Arguments are those of the tool, in its order, with our names; `-` where it is not "
        "needed. After `=` is what to write if the tool's default differs from ours. Where none "
        "are listed, arguments have our names.",
    ),
    "block": (
        "A block, or statements",
        "No operator does it, but a few statements do. Widths and sizes are examples.",
    ),
    "absent": ("Not in the language", "What to do instead."),
    "never": (
        "Not in the language, and never on the device",
        "The rule has the source: `archc explain TARGET/RULE`.",
    ),
}


def page() -> str:
    """All names."""
    lines = [HEADER, "# Names of other tools", "", INTRODUCTION]
    for kind, (title, text) in SECTIONS.items():
        lines += ["", f"## {title}", "", text, "", *_section(kind)]
    lines += ["", "## Arguments", "", "In addition to those of the operators above."]
    lines += ["", *_arguments(), "", "## Quantities of budgets", "", *_quantities()]
    return reflowed("\n".join(lines) + "\n")


def _section(kind: Kind) -> Iterator[str]:
    chosen = [row for row in rows() if row.kind == kind]
    if kind == "same":
        yield table(
            ("here", "elsewhere", "arguments", ""),
            ((code(row.ours), elsewhere(row), takes(row), row.why) for row in chosen),
        )
    elif kind == "block":
        yield table(
            ("elsewhere", "here", ""),
            ((elsewhere(row), code(row.call or line(row)), row.why) for row in chosen),
        )
        yield ""
        yield "The blocks among them:"
        for row in chosen:
            if row.call:
                yield ""
                yield fence("arch", row.text)
    elif kind == "never":
        yield table(
            ("elsewhere", "instead", "rule"),
            ((elsewhere(row), row.why, code(row.rule)) for row in chosen),
        )
    else:
        yield table(("elsewhere", "instead"), ((elsewhere(row), row.why) for row in chosen))


def line(row: Row) -> str:
    """The statements of a row on one line."""
    return " ".join(row.text.split())


def elsewhere(row: Row) -> str:
    """The names of a row by tool: "Keras `Dense`; `fc`"."""
    groups: dict[str, list[str]] = {}
    for tool, name in row.names:
        groups.setdefault(tool, []).append(name)
    return "; ".join(f"{TOOLS[tool]} {listed(names)}".strip() for tool, names in groups.items())


def takes(row: Row) -> str:
    """The parameters of a foreign operator, and what they are called here."""
    if row.takes is None:
        return "ours"
    return ", ".join(_taken(one) for one in row.takes if one.ours is not None) or "none"


def _taken(one: Parameter) -> str:
    if not one.ours:
        return f"{code(one.name)} -"
    default = f" = {code(one.default)}" if one.default not in (None, "?") else ""
    if one.unlike:
        return f"{code(one.ours)}{default}, whose values differ"
    same = one.name == one.ours
    return f"{code(one.name)}{'' if same else f' → {code(one.ours)}'}{default}"


def _arguments() -> Iterator[str]:
    made = []
    for one in arguments():
        for ours, spellings in one.same.items():
            made.append((listed(one.of), listed(spellings), code(ours)))
        whys: dict[str, list[str]] = {}
        for name, why in one.unlike.items():
            whys.setdefault(why, []).append(name)
        made += [(listed(one.of), listed(names), why) for why, names in whys.items()]
    yield table(("of", "elsewhere", "here"), made)


def _quantities() -> Iterator[str]:
    yield table(
        ("elsewhere", "in `require`"),
        ((listed(one.names), code(one.ours) if one.ours else one.why) for one in quantities()),
    )
