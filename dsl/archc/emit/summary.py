"""Networks as one row each: what `archc profile` shows of several, in the formats declared here."""

from collections.abc import Callable, Iterable, Sequence

from archc.diagnostics.grid import GAP, aligned, bold, in_signs, markdown, widths
from archc.diagnostics.text import printable
from archc.typed import Any

Manifest = dict[str, Any]

HEADINGS = ("network", "params", "MACs", "weight\nbytes", "peak bytes\n(estimate)", "verdict")
"""Of the summary; on a terminal some take two lines."""
_SIDES = "lrrrrl"


def summary(manifests: Iterable[Manifest], *, unicode: bool = True, color: bool = False) -> str:
    """One row per network: parameters, MACs, weight bytes, estimated peak, verdict."""
    networks = list(manifests)
    targets = {network["target"] and network["target"]["name"] for network in networks}
    shared = targets.pop() if len(targets) == 1 else None  # said once, in the heading
    rows = [_row(network, named=shared is None) for network in networks]
    *figures, verdict = HEADINGS
    headings = [*figures, f"{verdict}\n({printable(shared)})" if shared else verdict]
    upper, lower = zip(*(f"\n{text}".split("\n")[-2:] for text in headings), strict=True)
    room = widths((upper, lower, *rows))
    lines = [
        *(bold(aligned(head, room, _SIDES).rstrip(), color) for head in (upper, lower)),
        ("─" if unicode else "-") * (sum(room) + len(GAP) * (len(room) - 1)),
        *(aligned(row, room, _SIDES) for row in rows),
    ]
    lines += ["", "The peak is an estimate; `archc profile` of one network says how good it is."]
    return in_signs("\n".join(line.rstrip() for line in lines), unicode) + "\n"


def summary_markdown(manifests: Iterable[Manifest]) -> str:
    """The rows of `summary` as a Markdown table."""
    headings = [heading.replace("\n", " ") for heading in HEADINGS]
    return "\n".join(markdown([headings, *map(_row, manifests)], _SIDES)) + "\n"


def summary_csv(manifests: Iterable[Manifest]) -> str:
    """Every quantity that `require` can bound, for a spreadsheet, to the unit and without
    separators (RFC 4180)."""
    import csv
    from io import StringIO

    from archc.analysis.budgets import BUDGET_NAMES, quantity

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("network", "target", *BUDGET_NAMES, "verdict"))
    for one in manifests:
        target = one["target"] or {"name": "", "verdict": ""}
        figures = (quantity(one, name) for name in BUDGET_NAMES)
        writer.writerow((one["model"]["name"], target["name"], *figures, target["verdict"]))
    return text.getvalue()


FORMATS: dict[str, Callable[[Sequence[Manifest]], str]] = {
    "markdown": summary_markdown,
    "csv": summary_csv,
}
"""Documents that `archc profile --format NAME` makes of manifests."""


def _sum(manifest: Manifest, name: str) -> str:
    """A total; with `>=` before it where layers are left out of it, `?` where nothing is known."""
    total = manifest["totals"][name]
    if total is None:
        return "?"
    partial = any(layer[name] is None for layer in manifest["layers"])
    return f"{'≥ ' if partial else ''}{total:,}"


def _row(manifest: Manifest, named: bool = True) -> list[str]:
    """The cells of a network; the verdict with the target's name where that is ``named``."""
    target = manifest["target"]
    verdict = target["verdict"] if target else "no target"
    if target and named:
        verdict += f" ({target['name']})"
    return [
        printable(manifest["model"]["name"]),
        _sum(manifest, "params"),
        _sum(manifest, "macs"),
        f"{manifest['deployed']['weight_bytes']:,}",
        f"{manifest['deployed']['peak_activation_bytes']:,}",
        printable(verdict),
    ]
