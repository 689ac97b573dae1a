"""The page of ONNX files: what is read, and what each operator is on a device, from the table that
the reader works by."""

from collections.abc import Iterator

from archc.manual.markdown import HEADER, code, listed, reflowed, table
from archc.manual.template import filled, template
from archc.models.onnx.operators import (
    CONTRIB,
    CONTRIB_REFUSED,
    MERGING,
    NOTHING,
    OPERATORS,
    PAIRS,
    REFUSED,
)
from archc.models.onnx.reader import NODES_PER_OPERATOR, PACKED_BYTES, SECONDS
from archc.targets.builtin import builtin, builtin_names
from archc.targets.facts import UNKNOWN


def page() -> str:
    """Everything about ONNX files."""
    fields = {
        "pairs": lambda: listed(PAIRS),
        "nodes": lambda: str(NODES_PER_OPERATOR),
        "packed": lambda: str(PACKED_BYTES // 1024**2),
        "seconds": lambda: str(SECONDS),
        "contrib": lambda: CONTRIB,
        "merging": lambda: listed(sorted(MERGING)),
        "nothing": lambda: listed(sorted(NOTHING)),
        "refused": lambda: table(("operators", "why"), _refused()),
        "operators": lambda: "\n\n".join(map(_table, builtin_names())),
    }
    return f"{HEADER}\n{reflowed(filled(template('onnx.md'), fields))}"


def _table(target: str) -> str:
    return table((target, "operators, and what they are on a device"), _operators(target))


def _refused() -> Iterator[tuple[str, str]]:
    reasons: dict[str, list[str]] = {}
    for name, why in REFUSED.items():
        reasons.setdefault(why, []).append(code(name))
    for start, why in CONTRIB_REFUSED.items():
        reasons.setdefault(why, []).append(code(f"{CONTRIB}.{start}*"))
    for why, names in reasons.items():
        yield ", ".join(names), why


def _operators(target: str) -> Iterator[tuple[str, str]]:
    """What a target says, with all of which it says that."""
    said: dict[str, list[str]] = {}
    pairs = ((f"`{gate}` and `Mul`", kind) for gate, kind in PAIRS.items())
    named = ((code(name), entry.kind) for name, entry in OPERATORS.items())
    for shown, kind in (*named, *pairs):
        tier = builtin(target).tier(kind)
        entry = shown if shown == code(kind) else f"{shown} ({code(kind)})"
        said.setdefault(UNKNOWN if tier is None else tier.says, []).append(entry)
    for says, names in said.items():
        yield says, ", ".join(names)
