"""The support table of a target, from the objects that check."""

from typing import Any

from archc.diagnostics.text import kib, wrapped
from archc.ops.base import OPERATORS, Op
from archc.plain import picked
from archc.targets.model import Board, Reference, Target

WIDTH = 80
LABELS = {"demanded": "free", "vanish": "no trace", "by allow": "by allow", "never": "never"}
"""What the gate does with groups of operators, in a word."""


def support_text(target: Target, width: int = WIDTH) -> str:
    """The support table as text, in ``width`` columns."""
    lines = [f"{target.name}: {target.title}", ""]
    demanded = target.demanded
    lines += _section("No permission needed", width)
    lines += _entry("layers", ", ".join(k for k in OPERATORS if k in demanded.layers), width)
    lines += _entry("device", ", ".join(sorted(demanded.operators)), width)
    lines += _entry("border", ", ".join(sorted(demanded.border)), width)
    lines += _source(demanded.source, width)
    lines += ["", *_section("Operators of the language", width)]
    for group, names in _layers(target).items():
        lines += _entry(LABELS[group], ", ".join(names), width)
    lines += ["", *_section("How the device treats operators", width)]
    for tier in target.tiers:
        lines += wrapped(f"{tier.says}:", width, "  ")
        lines += wrapped(", ".join((*tier.operators, *tier.layers, *tier.classes)), width, "    ")
        lines += _source(tier.source, width)
    for level, title in (("error", "Errors"), ("warning", "Warnings"), ("note", "Notes")):
        rules = [rule for rule in target.rules if rule.level == level]
        if rules:
            lines += ["", *_section(title, width)]
        for rule in rules:
            yields = " (a spec may allow it)" if rule.overrule else ""
            lines += wrapped(f"{rule.name}{yields}", width, "  ")
            lines += wrapped(target.filled(rule, rule.statement), width, "    ")
            lines += _source(rule.source, width)
    lines += ["", *_section("Boards", width)]
    for number, board in enumerate(target.boards):
        default = " (default)" if number == 0 else ""
        lines += wrapped(f"{board.name}{default}: {board.title}", width, "  ")
        for pool in board.pools:
            where = "external" if pool.external else "on chip"
            size = kib(pool.bytes)
            lines.append(f"    {pool.name:<12}{size:>12}  0x{pool.base:08X}  {where}, {pool.holds}")
        total = sum(pool.bytes for pool in board.activations(external=False))
        lines.append(f"    {'on chip':<12}{total // 1024:>8,} KiB  for activations")
        if board.fill:
            lines += wrapped(f"filled in the order {', '.join(board.fill)}", width, "    ")
        if board.areas:
            lines += wrapped(f"a buffer fits within {lies(board)}", width, "    ")
        lines += _source(board.source, width)
    if target.estimates:
        lines += ["", *_section("How good estimates are", width)]
        for holds, estimate in target.estimates.items():
            lines += wrapped(f"{holds}: {estimate}", width, "  ")
    lines += ["", *wrapped(f"Confirm with: {target.analyzer}", width, "")]
    return "\n".join(lines)


def support_json(target: Target) -> dict[str, Any]:
    """The support table as plain data."""
    demanded = target.demanded
    return {
        **picked(target, "name title analyzer"),
        "demanded": {
            "layers": [keyword for keyword in OPERATORS if keyword in demanded.layers],
            "operators": sorted(demanded.operators),
            "border": sorted(demanded.border),
            **_reference(demanded.source),
        },
        "layers": _layers(target),
        "tiers": [{**picked(tier, _TIER), **_reference(tier.source)} for tier in target.tiers],
        "rules": [
            {
                **picked(rule, "name level overrule"),
                "statement": target.filled(rule, rule.statement),
                **picked(rule, "limits"),
                **_reference(rule.source),
            }
            for rule in target.rules
        ],
        "boards": [
            {
                **picked(board, "name title"),
                "default": number == 0,
                **picked(board, "pools fill areas reserve"),
                **_reference(board.source),
            }
            for number, board in enumerate(target.boards)
        ],
        "estimates": dict(target.estimates),
    }


_TIER = "name meaning rule otherwise operators layers classes software allowed"


def lies(board: Board) -> str:
    """Within which pools a buffer lies."""
    areas = " or within ".join(" to ".join(dict.fromkeys((a[0], a[-1]))) for a in board.areas)
    return f"{areas}, less {board.reserve} bytes each" if board.reserve else areas


def _layers(target: Target) -> dict[str, list[str]]:
    """Our operators by what the gate does with them."""
    groups: dict[str, list[str]] = {"demanded": [], "vanish": [], "by allow": [], "never": []}
    for keyword in OPERATORS:
        tier = target.layer_tier(keyword)
        if keyword in target.demanded.layers:
            group = "demanded"
        elif tier is not None and not tier.allowed:
            group = "never"
        elif _vanishes(OPERATORS[keyword]):
            group = "vanish"
        else:
            group = "by allow"
        groups[group].append(keyword)
    return {group: names for group, names in groups.items() if names}


def _vanishes(op: type[Op]) -> bool:
    """Whether nothing is ever left of an operator on the device, as of dropout."""
    if any(arg.required for arg in op.args.values()):
        return False
    shape = (2, 2, 8)
    return op().device(shape, *[shape] * (2 if op.bodies else 1)) == ()


def _reference(source: Reference) -> dict[str, str]:
    return {"source": source.text, "confidence": source.confidence}


def _section(title: str, width: int) -> list[str]:
    return [title, "-" * min(len(title), width)]


def _entry(label: str, text: str, width: int) -> list[str]:
    lines = wrapped(text, width, " " * 12)
    return [f"  {label:<10}{lines[0].strip()}", *lines[1:]] if lines else [f"  {label}"]


def _source(source: Reference, width: int) -> list[str]:
    return wrapped(f"[{source.confidence}] {source.text}", width, "      ")
