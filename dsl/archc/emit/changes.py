"""The difference between two networks as text, Markdown and data."""

from collections import Counter
from typing import Any

from archc.diagnostics.grid import escaped, grid, in_signs
from archc.diagnostics.grid import markdown as markdown_table
from archc.diagnostics.text import printable, several, wrapped
from archc.emit.difference import TOLD, Change, Difference
from archc.plain import picked, plain

LISTED = 40
"""How many layers the text names at most."""

FEW = 6
"""How many layers are named where only what moved is told."""


def data(compared: Difference) -> dict[str, Any]:
    """The difference as plain data."""

    def shown(change: Change) -> dict[str, Any]:
        share = None if change.share is None else round(float(change.share), 2)
        return {
            "before": change.before,
            "after": change.after,
            "delta": change.delta,
            "percent": share,
        }

    return {
        **picked(compared, "before after identical"),
        "parameters": {
            name: {"before": before, "after": after} for name, before, after in compared.parameters
        },
        "quantities": {change.name: shown(change) for change in compared.quantities},
        "operators": {change.name: shown(change) for change in compared.operators},
        "stages": [
            {
                "name": stage.name,
                **{change.name: shown(change) for change in stage.figures},
                "layers": shown(stage.layers),
            }
            for stage in compared.stages
        ],
        "layers": plain(compared.layers),
        **(
            {"paired": [{"before": old, "after": new} for old, new in compared.paired]}
            if compared.paired
            else {}
        ),
        "findings": [{"kind": kind, "finding": text} for kind, text in compared.findings],
        "verdict": {"before": compared.verdict[0], "after": compared.verdict[1]},
        **({"left_out": list(compared.left_out)} if compared.left_out else {}),
    }


def text(compared: Difference, *, unicode: bool = True, width: int | None = None) -> str:
    """The difference for a terminal, what is said of it wrapped to a width."""
    lines = [f"{printable(compared.before)} → {printable(compared.after)}"]
    for name, before, after in compared.parameters:
        lines.append(f"  {name} = {printable(before or '-')} → {printable(after or '-')}")
    if compared.identical:
        lines += ["", "the same network: every layer and every figure is equal"]
    else:
        rows = [row for row in _figure_rows(compared) if row[0] != "verdict"]
        lines += ["", *grid(rows, "lrrrr")]
        if compared.verdict[0] != compared.verdict[1]:
            lines.append(f"verdict: {compared.verdict[0] or '-'} → {compared.verdict[1] or '-'}")
        lines += [line for one in compared.left_out for line in wrapped(printable(one), width)]
        if compared.stages:
            lines += ["", *grid(_stage_rows(compared), "l" + "rr" * len(TOLD))]
    if compared.layers:
        kinds = [layer.kind for layer in compared.layers]
        counts = ", ".join(
            f"{kinds.count(kind)} {kind}"
            for kind in ("added", "removed", "changed")
            if kind in kinds
        )
        lines += ["", f"layers: {counts}"]
        lines += _paired(compared)
        for layer in compared.layers[:LISTED]:
            said = f"{_SIGNS[layer.kind]} {layer.name}  {layer.what}"
            lines += wrapped(said, width, "  ", "    ")
        if len(compared.layers) > LISTED:
            lines.append(
                f"    and {len(compared.layers) - LISTED:,} more, which --format json lists"
            )
    if compared.findings:
        lines += ["", "findings"]
        for kind, told in compared.findings:
            lines += wrapped(f"{_SIGNS[kind]} {printable(told)}", width, "  ", "  ")
    return in_signs("\n".join(line.rstrip() for line in lines) + "\n", unicode)


def moved(compared: Difference, *, unicode: bool = True) -> str:
    """Only what differs, without the stages: empty where the networks are the same."""
    changed = compared._replace(
        quantities=tuple(change for change in compared.quantities if change.delta),
    )
    lines = [
        f"{name} = {before or '-'} → {after or '-'}" for name, before, after in compared.parameters
    ]
    rows = _figure_rows(changed)[1:]
    lines += grid(rows, "lrrrr") if rows else ()
    lines += [
        f"{_SIGNS[change.kind]} {change.name}  {change.what}" for change in compared.layers[:FEW]
    ]
    if len(compared.layers) > FEW:
        lines.append(f"  and {len(compared.layers) - FEW:,} layers more")
    heads = [(kind, told.partition(": ")[0]) for kind, told in compared.findings]
    kept = Counter(head for _, head in set(heads))  # there before and after, in other words
    lines += [f"{_SIGNS[kind]} {head}" for kind, head in heads if kept[head] == 1]
    return in_signs("".join(f"  {printable(line).rstrip()}\n" for line in lines), unicode)


def markdown(compared: Difference) -> str:
    """The difference for a pull request."""
    lines = [f"**{escaped(compared.before)} → {escaped(compared.after)}**", ""]
    for name, before, after in compared.parameters:
        lines.append(f"- `{name}`: `{escaped(before or '-')}` → `{escaped(after or '-')}`")
    if compared.identical:
        return (
            "\n".join([*lines, "", "The same network: every layer and every figure is equal."])
            + "\n"
        )
    lines += ["", *markdown_table(_figure_rows(compared), "lrrrr")]
    lines += [f"\n{escaped(one)}" for one in compared.left_out]
    if compared.stages:
        lines += ["", *markdown_table(_stage_rows(compared), "l" + "rr" * len(TOLD))]
    lines += [f"\n{one}" for one in _paired(compared)]
    if compared.layers:
        lines += ["", f"<details><summary>{len(compared.layers):,} layers differ</summary>", ""]
        changes = (
            (_SIGNS[change.kind], f"`{change.name}`", change.what) for change in compared.layers
        )
        lines += markdown_table([("", "layer", "what"), *changes], "lll")
        lines += ["", "</details>"]
    if compared.findings:
        lines.append("")
        lines += [f"- {kind}: {escaped(told)}" for kind, told in compared.findings]
    return "\n".join(lines) + "\n"


_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


def _paired(compared: Difference) -> list[str]:
    count = len(compared.paired)
    said = f"{several(count, 'layer')} of different names paired in order, by operator and shape"
    return [said] if count else []


def _figure_rows(compared: Difference) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("", "before", "after", "change", "")]
    rows += [(change.name, *_figures(change)) for change in compared.quantities]
    rows += [(change.name, *_figures(change)) for change in compared.operators]
    if compared.verdict[0] != compared.verdict[1]:
        rows.append(("verdict", compared.verdict[0] or "-", compared.verdict[1] or "-", "", ""))
    return rows


def _stage_rows(compared: Difference) -> list[tuple[str, ...]]:
    heads = [part for figure in TOLD for part in (figure.heading or "", "")]
    rows: list[tuple[str, ...]] = [("stage", *heads)]
    for stage in compared.stages:
        cells = [
            part
            for change in stage.figures
            for part in (_count(change.after), _signed(change.delta) if change.delta else "=")
        ]
        rows.append((stage.name, *cells))
    return rows


def _figures(change: Change) -> tuple[str, str, str, str]:
    if not change.delta:
        return _count(change.before), _count(change.after), "=", ""
    share = "" if change.share is None else f"{float(change.share):+.1f} %".replace("-", "−")
    return _count(change.before), _count(change.after), _signed(change.delta), share


def _count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "−")
