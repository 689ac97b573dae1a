"""Several models as one row each, and what their target has against them: `archc check` of many."""

from collections.abc import Iterable, Sequence
from typing import Any

from archc.diagnostics.alike import alike
from archc.diagnostics.grid import GAP, aligned, bold, in_signs, widths
from archc.diagnostics.model import LEVELS, Diagnostic
from archc.diagnostics.text import DIFFERING, few, printable, several
from archc.emit.cells import ASCII, UNICODE, Manifest, Signs, indented, shortened

HEADINGS = ("model", "quantised", "operators", "MACs", "peak bytes", "verdict")
_SIDES = "llrrrl"
_SCHEME, _NONE = 1, "-"
"""Which column says how a file is quantised, and what stands there for one that is not."""
_LEAST = 20
"""Columns that a name has at least."""
_REASONS = 12
"""How many errors and warnings are listed, those of most models first."""
_NAMED = 3
"""How many models a reason names."""


def verdicts(
    models: Iterable[tuple[Manifest, Sequence[Diagnostic]]],
    *,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
) -> str:
    """One row per model, what all come to, and errors and warnings with the models that have them.

    Args:
        models: the manifest of each, and what its target has against it.
        width: columns to stay within, as far as figures allow, and names that differ.
        unicode: draw with signs beyond ASCII.
        color: print headings in bold.

    Returns:
        Lines, the last one ended too.
    """
    signs = UNICODE if unicode else ASCII
    every = list(models)
    names = _names([manifest["model"]["source"] for manifest, _ in every])
    rows = [_row(name, *model) for name, model in zip(names, every, strict=True)]
    headings: tuple[str, ...] = HEADINGS
    sides = _SIDES
    if all(row[_SCHEME] == _NONE for row in rows):  # none is converted yet
        for row in rows:
            del row[_SCHEME]
        headings = (*HEADINGS[:_SCHEME], *HEADINGS[_SCHEME + 1 :])
        sides = _SIDES[:_SCHEME] + _SIDES[_SCHEME + 1 :]
    room = widths((headings, *rows))
    rest = width - sum(room[1:]) - len(GAP) * (len(room) - 1)
    room[0] = _apart(names, min(room[0], max(rest, _LEAST)), signs)
    lines = [bold(aligned(headings, room, sides).rstrip(), color)]
    lines.append(signs.rule * (sum(room) + len(GAP) * (len(room) - 1)))
    for name, *cells in rows:
        lines.append(aligned([shortened(name, room[0], signs), *cells], room, sides).rstrip())
    verdict = [row[-1].split(" ")[0] if manifest["target"] else row[-1]
               for row, (manifest, _) in zip(rows, every, strict=True)]  # fmt: skip
    counts = {name: verdict.count(name) for name in sorted(set(verdict))}
    tally = ", ".join(f"{count} {name}" for name, count in counts.items())
    lines += ["", f"{several(len(rows), 'model')}: {tally}"]
    loud = [
        (name, one)
        for name, (_, said) in zip(names, every, strict=True)
        for one in said
        if one.level in LEVELS[:2]
    ]
    reasons = alike(loud, lambda item: item[1][:2], lambda item: (item[1].message,))
    ranked = sorted(
        ((list(dict.fromkeys(name for name, _ in group)), group[0][1], group) for group in reasons),
        key=lambda reason: (LEVELS.index(reason[1].level), -len(reason[0])),
    )
    for among, first, group in ranked[:_REASONS]:
        figures = DIFFERING if any(one.message != first.message for _, one in group) else ""
        lines += indented(f"{first.level}[{first.code}]: {first.message}{figures}", width, "")
        lines += indented(f"in {len(among):,}: {few(among, _NAMED)}", width, "  ")
    if reasons:
        more = len(ranked) - _REASONS
        besides = f"{several(more, 'more finding')}; " if more > 0 else ""
        lines.append(f"{besides}`archc check MODEL` shows all that is said of one.")
    return in_signs("\n".join(lines), unicode) + "\n"


def _apart(names: Sequence[str], width: int, signs: Signs) -> int:
    """The columns from ``width`` up in which names that differ look different."""
    while len({shortened(name, width, signs) for name in names}) < len(set(names)):
        width += 1
    return width


def _names(paths: Sequence[str]) -> list[str]:
    """The names of files, without their folders where that leaves all of them different."""
    short = [path.replace("\\", "/").rpartition("/")[2] for path in paths]
    return [printable(name) for name in (short if len(set(short)) == len(paths) else paths)]


def _row(name: str, manifest: Manifest, said: Sequence[Diagnostic]) -> list[str]:
    target: dict[str, Any] | None = manifest["target"]
    errors = sum(one.level == "error" for one in said)
    macs = manifest["totals"]["macs"]
    verdict = target["verdict"] if target else "no target"
    return [
        name,
        manifest["file"].get("scheme", _NONE),
        f"{sum(manifest['deployed']['operators'].values()):,}",
        "?" if macs is None else f"{macs:,}",
        f"{manifest['deployed']['peak_activation_bytes']:,}",
        f"{verdict} ({errors})" if errors else verdict,
    ]
