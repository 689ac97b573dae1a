"""A manifest as a table for people: one network in detail.

Everything here reads the plain data of a manifest, so it works on a file as well as on a compile.
Every count is printed to the unit.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from archc.analysis.figures import TOTALS
from archc.analysis.figures import known as figure_of
from archc.analysis.latency_budget import MOST
from archc.analysis.tflite_micro.tables import BUILDS
from archc.diagnostics.alike import alike
from archc.diagnostics.grid import GAP, aligned, bold, grid, in_signs
from archc.diagnostics.text import DIFFERING, columns, few, joined, kib, printable, several
from archc.emit.cells import (
    ASCII,
    UNICODE,
    Manifest,
    Section,
    Signs,
    drawn_bar,
    indented,
    shortened,
)
from archc.emit.layer_table import BAR_AT_LEAST, BAR_AT_MOST, layer_section, shape_of
from archc.emit.times import times
from archc.targets.builtin import builtin, builtin_names
from archc.targets.model import sourced

ARENA_REMARK = (
    "To the byte, for a buffer that is aligned to 16 bytes; one that is not needs 15 more. The "
    "objects of the interpreter and its resolver lie outside the arena. `--build` gives the "
    "figures of other builds."
)
"""Source: its recorded allocations and the smallest arenas it was started with."""


def table(
    manifest: Manifest,
    *,
    width: int = 80,
    unicode: bool = True,
    color: bool = False,
    timeline: bool = False,
) -> str:
    """A network in detail: layers by stage, totals, what is deployed, budgets and findings.

    Args:
        manifest: the plain data of one manifest.
        width: columns to stay within, at least 60.
        unicode: draw with block characters; otherwise the text is pure ASCII.
        color: print headings in bold.
        timeline: also what is alive at each step.

    Returns:
        Lines, the last one ended too.
    """
    width = max(width, 60)
    signs = UNICODE if unicode else ASCII
    sections = [
        _title(manifest, width),
        layer_section(manifest, width, signs, color),
        _totals(manifest, width),
        _deployed(manifest, width),
        _memory(manifest, width),
        _arena(manifest, width),
        _timeline(manifest, width, signs) if timeline else ("", []),
        _pools(manifest, width),
        times(manifest, width, signs),
        _target(manifest, width),
        _budgets(manifest, width),
        _roundings(manifest, width),
        _skips(manifest, width),
    ]
    blocks = []
    for title, lines in sections:
        if lines:
            blocks.append("\n".join([*([bold(printable(title), color)] if title else []), *lines]))
    text = "\n\n".join(blocks)
    return "\n".join(line.rstrip() for line in in_signs(text, unicode).split("\n")) + "\n"


# --- sections ----------------------------------------------------------------------------------


def _title(manifest: Manifest, width: int) -> Section:
    model = manifest["model"]
    title = model["name"] + (f", derived from {model['base']}" if model["base"] else "")
    ends = [
        " + ".join(
            f"{tensor['name']} {shape_of(tensor['shape'])} {tensor['dtype']}"
            for tensor in manifest[side]
        )
        for side in ("inputs", "outputs")
    ]
    lines = indented(" → ".join(ends), width, "  ")
    given = ", ".join(f"{name} = {text}" for name, text in model["parameters"].items())
    lines += indented(given, width, "  ")
    file = manifest.get("file")
    if file is not None:
        kind = f", {file['scheme']}" if "scheme" in file else ""
        lines += indented(f"a {file['format']} file{kind}, {file['bytes']:,} bytes", width, "  ")
    return f"{title}  ({model['source']})", lines


def _totals(manifest: Manifest, width: int) -> Section:
    totals = manifest["totals"]
    shown = [figure for figure in TOTALS if figure.label is not None]
    shown.sort(key=lambda figure: figure.label == "")  # those go on from the last one
    rows = []
    for figure in shown:
        count = figure_of(totals, figure.name)
        if count is None:
            continue
        remark = figure.remark
        if figure.name == "params" and totals["trainable_params"] is None:
            remark = "weights that are stored, shared ones once"
        elif figure.name == "params" and any(
            row["trainable_params"] is None for row in manifest["layers"]
        ):
            remark = "{trainable_params:,} or more trainable"
        left = ""
        if figure.listed:
            lacking = sum(figure_of(one, figure.name) is None for one in manifest["layers"])
            left = f"; {several(lacking, 'layer')} left out" if lacking else ""
        rows.append((figure.label or "", count, remark.format_map(totals) + left))
    return "Totals", [*_figures(rows, width), *_gaps(manifest, width)]


def _gaps(manifest: Manifest, width: int) -> list[str]:
    """What is not known of a model, and why: each reason once."""
    said: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for gap in manifest.get("gaps", ()):
        figures, layers = said.setdefault(gap["reason"], ({}, {}))
        figures[gap["figure"].replace("_", " ")] = None
        if gap["operator"] is not None:
            layers[gap["operator"]] = None
    lines = []
    for reason, (figures, layers) in said.items():
        of = f" of {few(list(layers), _LISTED)}" if layers else ""
        lines += indented(f"not known: {joined(list(figures))}{of}: {reason}", width, "  ")
    for remark in manifest.get("remarks", ()):
        lines += indented(remark, width, "  ")
    return lines


def _deployed(manifest: Manifest, width: int) -> Section:
    deployed = manifest["deployed"]
    operators = deployed["operators"]
    weights, constants = deployed["weight_bytes"], deployed["constant_bytes"]
    tables = f"{kib(constants, 1)}, with tables of axes, shapes and padding"
    held = "int8 values and int32 biases"
    order = _ORDERS[deployed["order"]]
    if "scheme" in manifest.get("file", {}):
        order = "in the order of the file"
    if deployed["precision"] != "int8":
        held = "as they are stored"
    lines = _figures([(name, count, "") for name, count in operators.items()], width)
    lines += _figures(
        [
            ("operators", sum(operators.values()), order),
            ("weight bytes", weights, f"{kib(weights, 1)}, {held}"),
            ("constant bytes", constants, tables),
        ],
        width,
    )
    for doubt in deployed["unknown"]:
        at = f": {few(doubt['layers'], _LISTED)}" if doubt["layers"] else ""
        lines += indented(f"unknown, so that this is a guess: {doubt['reason']}{at}", width, "  ")
    lines += indented(_untrained(deployed), width, "  ")
    return f"Deployed ({deployed['precision']})", lines


def _untrained(deployed: Manifest) -> str:
    """What is different before training; zeros that are stored once are not worth a line."""
    untrained = deployed.get("untrained")
    if untrained is None or untrained["sequence"] is None:
        return ""
    changes = [
        sign
        + ", ".join(name if count == 1 else f"{count} {name}" for name, count in counts.items())
        for sign, counts in (("without ", untrained["vanish"]), ("with ", untrained["appear"]))
        if counts
    ]
    peak = untrained["peak_activation_bytes"]
    if peak != deployed["peak_activation_bytes"]:
        changes.append(f"a peak of {peak:,} bytes")
    return f"before training: {', '.join(changes)}" if changes else ""


_ORDERS = {"exact": "in an exact order", "predicted": "in a predicted order"}

_LISTED = 6
"""How many layers are named together."""
_MOST_ALIVE = 8
"""How many tensors of a peak are listed."""


def _memory(manifest: Manifest, width: int) -> Section:
    """The peak, and what is alive there."""
    deployed = manifest["deployed"]
    peak = deployed["peak_activation_bytes"]
    where = f", step {deployed['peak']['step']}" if deployed["peak_at"] else ""
    at = f" at {printable(deployed['peak_at'])}{where}" if deployed["peak_at"] else ""
    lines = _figures([("peak activation bytes", peak, f"{kib(peak, 1)}{at}")], width)
    plan = deployed["arena"]["plan"]
    alive = sorted((plan[n] for n in deployed["peak"]["alive"]), key=lambda t: -int(t["bytes"]))
    listed = few([f"{tensor['layer']} {tensor['bytes']:,}" for tensor in alive], _MOST_ALIVE)
    if deployed["peak_at"]:
        lines += indented(f"alive there: {listed}", width, "    ")
    if (order := manifest.get("best_order")) is not None:
        lines += indented(_order_remark(peak, order), width, "    ", "")
    if any(gap["figure"] == "operators" for gap in manifest.get("gaps", ())):
        left = "A lower bound: what becomes of some layers is not known, see above."
        lines += indented(left, width, "    ", "")
    remark = peak_remark(manifest)
    if deployed["precision"] != "int8":
        remark = "Bytes of the values alive together at one operator, in the types of the file."
    lines += indented(remark, width, "    ", "")
    return "Memory", lines


def _order_remark(peak: int, order: Mapping[str, Any]) -> str:
    """How the peak of a file compares with that of its operators in the best order."""
    best, proven = order["peak_activation_bytes"], order["proven"]
    if best == peak:
        rest = "needs less" if proven else "that needs less was found, though not all were tried"
        return f"In the order of the file; no other order {rest}."
    least = "the least of all" if proven else "the least that was found"
    return f"In the order of the file; in another one {best:,} bytes, {least}."


def peak_remark(manifest: Manifest | None) -> str:
    """How good the estimate of the peak is, in the words of the target; of one that does not come
    with archc, or without one, in those of the first that does."""
    target = manifest and manifest["target"]
    names = builtin_names()
    name = target["name"] if target and target["name"] in names else names[0]
    said = builtin(name).estimates.get("peak", "int8 values alive together at one operator")
    return f"An estimate: the {said}."


def _arena(manifest: Manifest, width: int) -> Section:
    """The arena of TensorFlow Lite Micro, part by part, and which build it is of."""
    deployed = manifest["deployed"]
    micro = deployed["tflite_micro"]
    build = BUILDS[micro["build"]].title if micro["build"] in BUILDS else micro["build"]
    title = f"Arena of TensorFlow Lite Micro: {build}"
    if micro["smallest_working"] is None and not micro["unsupported"]:
        return "", []  # why stands among what is not known
    if micro["smallest_working"] is None:
        missing = " and ".join(micro["unsupported"])
        said = f"it does not load this network: it has no kernel for {missing}"
        return title, indented(said, width, GAP)
    head, least = deployed["arena_bytes"], deployed["arena"]["lower_bound"]
    bound = f"{head / least:.2f} times the lower bound of {least:,}"
    rows = [("activations", micro["activations"], f"the head: values and scratch memory, {bound}")]
    if micro["activations"] != head:
        rows[0] = ("activations", micro["activations"], "the head: values and scratch memory")
        rows.append(("arena bytes", head, f"the head with the reference kernels, {bound}"))
    smallest = micro["smallest_working"]
    more = smallest - micro["total"]
    rows += [
        ("persistent", micro["persistent"], "the tail: kept for tensors and operators"),
        ("total", micro["total"], "in use once tensors are allocated"),
        (
            "smallest that works",
            smallest,
            f"{kib(smallest, 1)}, what a firmware sets aside"
            + (f": allocation takes {more:,} more for a while" if more > 15 else ""),
        ),
    ]
    lines = _figures(rows, width)
    unsure = ""
    if deployed["unknown"]:
        unsure = " Here it rests on a guess, see above."
    elif deployed["order"] != "exact":
        unsure = " Here it rests on the order of the operators, which is predicted."
    lines += indented(ARENA_REMARK + unsure, width, "    ", "")
    return title, lines


def _timeline(manifest: Manifest, width: int, signs: Signs) -> Section:
    """One line per step: what is alive, as a bar; the peak is marked."""
    deployed = manifest["deployed"]
    moments, sequence = deployed["timeline"], deployed["sequence"]
    if not moments:
        return "Timeline", ["  nothing is deployed"]
    made = {
        one["first"]: one["layer"] for one in deployed["arena"]["plan"] if one["kind"] != "scratch"
    }
    names = [
        printable(step["layers"][0] if step["layers"] else made[number])
        for number, step in enumerate(sequence)
    ]
    most = max(moment["activation_bytes"] for moment in moments)
    number, size = len(str(len(moments) - 1)), max(len(f"{most:,}"), len("bytes"))
    kinds = min(max(len(step["operator"]) for step in sequence), 17)
    rest = width - number - kinds - size - 2 - 5 * len(GAP)
    bars = max(min(rest // 2, BAR_AT_MOST), BAR_AT_LEAST)
    room = min(max(rest - bars, 8), max(map(columns, [*names, "layer"])))
    wide, sides = [number, kinds, room, size], "rllr"
    lines = [GAP + aligned(["#"[:number], "operator", "layer", "bytes"], wide, sides)]
    for moment, step, name in zip(moments, sequence, names, strict=True):
        alive = moment["activation_bytes"]
        texts = [
            str(moment["step"]),
            shortened(step["operator"], kinds, signs),
            shortened(name, room, signs),
            f"{alive:,}",
        ]
        bar = drawn_bar(alive, most, bars, signs) if alive else ""
        mark = " <" if moment["step"] == deployed["peak"]["step"] else ""
        lines.append(f"{GAP}{aligned(texts, wide, sides)}{GAP}{bar}{mark}")
    return "Timeline: int8 activations alive while an operator runs", lines


def _pools(manifest: Manifest, width: int) -> Section:
    """What would lie in which memory of the board."""
    pools = manifest["deployed"]["pools"]
    if not pools:
        return "", []
    cells = [
        [
            printable(pool["name"]),
            pool["holds"],
            f"{pool['used']:,}",
            f"of {pool['bytes']:,}",
            f"{pool['headroom']:,} left" if pool["headroom"] >= 0 else "NOT ENOUGH",
        ]
        for pool in pools
    ]
    lines = [GAP + line for line in grid(cells, "llrrr")]
    said: dict[str, str] = {}
    for pool in pools:
        if pool["estimate"]:
            said.setdefault(pool["holds"], pool["estimate"])
    for holds, estimate in said.items():
        lines += indented(f"{holds}: {estimate}", width, "    ", "")
    return "Memories of the board (estimate)", lines


def _target(manifest: Manifest, width: int) -> Section:
    target = manifest["target"]
    if target is None:
        return "No target", ["  nothing was checked against a device"]
    rules: dict[tuple[str, str, str, str], list[Manifest]] = {}
    for finding in target["findings"]:
        key = (finding["level"], finding["code"], finding["source"], finding["confidence"])
        rules.setdefault(key, []).append(finding)
    lines = []
    for (level, code, source, confidence), findings in rules.items():
        lines += indented(f"{level}[{code}]", width, "  ")
        remedies: dict[str, None] = {}
        for group in alike(findings, lambda _: None, _texts):
            (message, remedy), *others = dict.fromkeys(map(_texts, group))
            layers = [finding["layer"] for finding in group if finding["layer"]]
            figures = DIFFERING if others else ""
            at = f"{figures}: {few(layers, _LISTED)}" if layers else figures
            lines += indented(f"{message}{at}", width, "    ")
            if remedy:
                remedies[remedy] = None
        for remedy in remedies:
            lines += indented(f"help: {remedy}", width, "    ")
        lines += indented(f"source: {sourced(source, confidence)}", width, "    ")
    title = f"Target {target['name']}: {target['verdict']}"
    return title, lines or ["  nothing to say against it"]


def _texts(finding: Manifest) -> tuple[str, str | None]:
    return finding["message"], finding["remedy"]


def _budgets(manifest: Manifest, width: int) -> Section:
    rows = []
    for budget in manifest["budgets"]:
        share = f", {100 * budget['actual'] / budget['limit']:.0f} %" if budget["limit"] else ""
        verdict = "kept" if budget["passed"] else "BROKEN"
        unit = " us, the upper end of the estimate" if budget["name"] == MOST else ""
        of = f"of {budget['limit']:,}{unit}{share}: {verdict}"
        rows.append((budget["name"], budget["actual"], of))
    return "Budgets", _figures(rows, width)


def _roundings(manifest: Manifest, width: int) -> Section:
    rows = [
        (
            printable(note["where"]),
            f"{printable(note['requested'])} → {note['effective']}",
            f"multiple of {note['divisor']}, line {note['line']}",
        )
        for note in manifest["roundings"]
    ]
    lines = [GAP + line for line in grid(rows, "lll")]
    if max(map(columns, lines), default=0) <= width:
        return "Rounded widths", lines
    lines = [line for row in rows for line in indented(GAP.join(row), width, GAP)]
    return "Rounded widths", lines


def _skips(manifest: Manifest, width: int) -> Section:
    dropped: dict[str, list[str]] = {}
    for note in manifest["skips"]:
        if not note["taken"]:
            dropped.setdefault(note["reason"] or "no reason given", []).append(note["where"])
    lines: list[str] = []
    for reason, where in dropped.items():
        lines += indented(f"{reason}: {', '.join(where)}", width, "  ")
    return "Skips dropped", lines


# --- text --------------------------------------------------------------------------------------


def _figures(rows: Sequence[tuple[str, int, str]], width: int) -> list[str]:
    """Lines of a label, a number and a remark, aligned; long remarks go on below themselves."""
    labels = max((columns(label) for label, _, _ in rows), default=0)
    numbers = max((len(f"{number:,}") for _, number, _ in rows), default=0)
    # Sections that stand together line up where their labels are not too different.
    labels, numbers = max(labels, 22), max(numbers, 12)
    start = len(GAP) + labels + len(GAP) + numbers + len(GAP)
    lines = []
    for label, number, remark in rows:
        figure = f"{GAP}{printable(label):<{labels}}{GAP}{number:>{numbers},}"
        first, *rest = indented(remark, max(width - start, 20), "", "") or [""]
        lines.append(f"{figure}{GAP}{first}".rstrip())
        lines += [" " * start + line for line in rest]
    return lines
