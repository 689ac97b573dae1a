"""The section of a profile that says how long a network takes, and why."""

from archc.analysis.latency import REASONS, milliseconds, remedy, stated
from archc.diagnostics.grid import GAP, aligned
from archc.diagnostics.text import columns, printable
from archc.emit.cells import Manifest, Section, Signs, drawn_bar, indented, shortened

SHOWN = 12
"""Epochs that are listed; of a larger network those that take longest, in its order."""
COSTLIEST = 3
"""Of which it is said what would help."""


def times(manifest: Manifest, width: int, signs: Signs) -> Section:
    """How long a network takes, with its error; which epochs it goes to, and what would help.

    Args:
        manifest: the plain data of one manifest; older ones have no time.
        width: columns to stay within.
        signs: what bars are drawn with.
    """
    latency = manifest["deployed"].get("latency")
    if latency is None:
        return "", []
    title = f"Time of one inference (estimate): {said(latency)}"
    heading, *rest = indented(title, width, "", GAP)
    lines = [*rest]
    epochs = [epoch for epoch in latency["epochs"] if epoch["nanoseconds"] is not None]
    if epochs:
        lines += _epochs(manifest, epochs, width, signs)
    if latency["evidence"]:
        lines += indented(f"Evidence: {latency['evidence']}.", width, GAP, "")
    lines += indented(f"It holds for {latency['version']}.", width, GAP, "")
    return heading, lines


def said(latency: Manifest) -> str:
    """A time as the manifest has it, in words: never without its error."""
    return stated(
        latency["grade"],
        tuple(latency["why"]),
        latency["microseconds"],
        latency["least"],
        latency["most"],
    )


def _epochs(manifest: Manifest, epochs: list[Manifest], width: int, signs: Signs) -> list[str]:
    total = sum(epoch["nanoseconds"] for epoch in epochs)
    ranked = sorted(epochs, key=lambda epoch: -int(epoch["nanoseconds"]))
    shown = {id(epoch) for epoch in ranked[:SHOWN]}
    listed = [epoch for epoch in epochs if id(epoch) in shown]
    macs = {layer["name"]: layer["macs"] or 0 for layer in manifest["layers"]}
    cells = [
        [
            _name(manifest, epoch),
            f"{epoch['nanoseconds'] / 1000:,.0f} us",
            epoch["reason"],
            f"{sum(macs.get(name, 0) for name in epoch['layers']):,}",
        ]
        for epoch in listed
    ]
    figures, reasons, counts = (max(len(cell[at]) for cell in cells) for at in (1, 2, 3))
    counts = max(counts, len("MACs"))
    room = width - figures - reasons - counts - 6 * len(GAP)
    bars = max(min(room // 3, 30), 5)
    names = min(max(columns(cell[0]) for cell in cells), room - bars)
    most = max(int(epoch["nanoseconds"]) for epoch in epochs)
    wide = [names, figures, reasons, counts]
    lines = [f"{GAP}{aligned(['', 'time', '', 'MACs'], wide, 'lrlr')}"]
    for epoch, (name, *texts) in zip(listed, cells, strict=True):
        row = aligned([shortened(name, names, signs), *texts], wide, "lrlr")
        lines.append(f"{GAP}{row}{GAP}{drawn_bar(int(epoch['nanoseconds']), most, bars, signs)}")
    if len(epochs) > len(listed):
        rest = total - sum(epoch["nanoseconds"] for epoch in listed)
        more = len(epochs) - len(listed)
        lines.append(f"{GAP}{more} more take {milliseconds(rest // 1000)} together")
    for epoch in ranked[:COSTLIEST]:
        share = 100 * int(epoch["nanoseconds"]) / total if total else 0
        lines += indented(
            f"{_name(manifest, epoch)}: {share:.0f} % goes to {REASONS[epoch['reason']]}; "
            f"{remedy(epoch['kind'], epoch['reason'], _operator(manifest, epoch))}",
            width,
            GAP,
        )
    return lines


def _name(manifest: Manifest, epoch: Manifest) -> str:
    """The layer that an epoch goes by; at the border what it converts."""
    if epoch["layers"]:
        return printable(epoch["layers"][0])
    leaves = _operator(manifest, epoch) == "DEQUANTIZE"
    return "(results)" if leaves else printable(manifest["inputs"][0]["name"])


def _operator(manifest: Manifest, epoch: Manifest) -> str | None:
    operators = epoch["operators"]
    if not operators:
        return None
    operator: str = manifest["deployed"]["sequence"][operators[0]]["operator"]
    return operator
