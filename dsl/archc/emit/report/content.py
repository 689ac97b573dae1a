"""What a report says of networks, as plain data: the template only lays it out.

Everything is read from manifests, or from the documents of models, which have the same form. Texts
are as they stand there: the template escapes them.
"""

from collections.abc import Iterator, Mapping, Sequence

from archc.analysis.budgets import BUDGET_NAMES, quantity
from archc.analysis.figures import FIGURES
from archc.analysis.figures import known as figure_of
from archc.analysis.latency import REASONS, milliseconds, remedy
from archc.analysis.latency_budget import LATENCY
from archc.analysis.tflite_micro.tables import BUILDS
from archc.diagnostics.alike import alike
from archc.diagnostics.text import DIFFERING, several, shape_text, size_text
from archc.emit.report import memory
from archc.emit.table import ARENA_REMARK
from archc.emit.times import said
from archc.targets.model import sourced
from archc.typed import Any, NamedTuple

Manifest = dict[str, Any]

COLUMNS = tuple(figure for figure in FIGURES if figure.heading is not None)
COSTLIEST = 3
"""Parts of the time of which it is said what would help."""


class Tile(NamedTuple):
    """A figure that is seen first."""

    label: str
    value: str
    remark: str
    exact: bool


class Cell(NamedTuple):
    """A figure in a table: how it is shown, what it is sorted by, and its share of the largest."""

    shown: str
    value: int | float | None
    percent: int
    """0 where no bar is drawn."""


class Row(NamedTuple):
    """A layer."""

    name: str
    kind: str
    shape: str
    cells: tuple[Cell, ...]
    place: str


class Span(NamedTuple):
    """A part of the time."""

    name: str
    shown: str
    percent: int
    """Of the longest."""
    reason: str
    advice: str


class Finding(NamedTuple):
    """What is found of a network by its target, at one place or several."""

    level: str
    code: str
    places: tuple[tuple[str, str], ...]
    """What is shown of each and what it is: `FILE:LINE` where it has one, else a layer."""
    message: str
    remedy: str
    source: str


class Network(NamedTuple):
    """A network, as the template takes it."""

    name: str
    title: str
    about: tuple[str, ...]
    verdict: str
    tiles: tuple[Tile, ...]
    drawing: str
    """Markup; nothing where there would be too much to draw."""
    undrawn: str
    """Why there is no drawing."""
    pictures: tuple[tuple[str, str, str], ...]
    """Of memory: heading, markup, and a sentence on it."""
    kinds: tuple[str, ...]
    """Of tensors in the pictures."""
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    spans: tuple[Span, ...]
    time: str
    findings: tuple[Finding, ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...]
    """Headings and what is listed below them."""
    exact: tuple[str, ...]
    estimated: tuple[str, ...]


class Compared(NamedTuple):
    """One quantity or verdict of several networks."""

    label: str
    cells: tuple[tuple[str, str], ...]
    """The figure, and its difference from that of the first network."""


def network(
    manifest: Manifest,
    name: str,
    title: str,
    drawing: str,
    undrawn: str = "",
    *,
    pictured: bool = True,
) -> Network:
    """What is said of a network.

    Args:
        manifest: the plain data of its manifest.
        name: what identifiers in its part of the page begin with.
        title: what it is called; its own name where that is empty.
        drawing: the markup of its drawing.
        undrawn: why there is none.
        pictured: whether to draw memory, which takes longer than all else.
    """
    model = manifest["model"]
    made = (memory.placement(manifest), memory.arena(manifest)) if pictured else ()
    plans = [plan for plan in made if plan]
    headings = ["layer", "kind", "output", *(figure.heading or "" for figure in COLUMNS)]
    timed = _times_by_layer(manifest)
    return Network(
        name,
        title or model["name"],
        tuple(_about(manifest)),
        _verdict(manifest),
        tuple(_tiles(manifest)),
        drawing,
        undrawn,
        tuple(
            (plan.title, memory.drawn(plan, f"{name}-{at}"), memory.described(plan))
            for at, plan in enumerate(plans)
        ),
        tuple(memory.kinds(plans)),
        (*headings, *(["time us"] if timed else []), "line"),
        tuple(_rows(manifest, timed)),
        tuple(_spans(manifest)),
        _time(manifest),
        tuple(_findings(manifest)),
        tuple((title, tuple(lines)) for title, lines in _lists(manifest) if lines),
        tuple(_exact(manifest)),
        tuple(_estimated(manifest)),
    )


def compared(manifests: Sequence[Manifest]) -> list[Compared]:
    """The verdicts on several networks, and every quantity that `require` can bound, beside each
    other."""
    rows = [_verdicts(manifests)]
    for name in BUDGET_NAMES:
        values = [quantity(manifest, name) for manifest in manifests]
        if any(value is not None for value in values):
            first = values[0]
            cells = tuple((_shown(value), _against(value, first)) for value in values)
            upper = " (upper end of the band)" if name == LATENCY else ""
            rows.append(Compared(name.replace("_", " ") + upper, cells))
    return rows


def _verdicts(manifests: Sequence[Manifest]) -> Compared:
    """One target is named once, several with each of their verdicts."""
    targets = {(manifest["target"] or {}).get("name") for manifest in manifests}
    if len(targets) > 1 or None in targets:
        return Compared("verdict", tuple((_verdict(manifest), "") for manifest in manifests))
    verdicts = tuple((manifest["target"]["verdict"], "") for manifest in manifests)
    return Compared(f"verdict of {targets.pop()}", verdicts)


def _shown(value: float | None) -> str:
    return "not known" if value is None else f"{value:,}"


def _against(value: float | None, first: float | None) -> str:
    if value is None or first is None or value == first:
        return ""
    if not first:
        return f"+{value:,}"
    return f"{100 * (value - first) / first:+.1f} %"


def _shape(shape: list[int] | None) -> str:
    """A shape; of a model it may not be known."""
    return "?" if shape is None else shape_text(shape)


def _about(manifest: Manifest) -> Iterator[str]:
    model = manifest["model"]
    derived = f", derived from {model['base']}" if model["base"] else ""
    yield f"{model['source']}{derived}"
    for side in ("inputs", "outputs"):
        tensors = (
            f"{tensor['name']} {_shape(tensor['shape'])} {tensor['dtype']}"
            for tensor in manifest[side]
        )
        yield f"{side}: {', '.join(tensors)}"
    given = ", ".join(f"{name} = {text}" for name, text in model["parameters"].items())
    if given:
        yield given


def _verdict(manifest: Manifest) -> str:
    target = manifest["target"]
    return f"{target['name']}: {target['verdict']}" if target else "no target"


def _tiles(manifest: Manifest) -> Iterator[Tile]:
    totals, deployed = manifest["totals"], manifest["deployed"]
    for name, label in (("params", "parameters"), ("macs", "MACs")):
        missing = sum(figure_of(layer, name) is None for layer in manifest["layers"])
        left = f"{several(missing, 'layer')} left out" if missing else ""
        yield Tile(label, "?" if totals[name] is None else f"{totals[name]:,}", left, not missing)
    known = not deployed["unknown"]
    held = "int8 values and int32 biases" if deployed["precision"] == "int8" else "as stored"
    yield Tile("weights", size_text(deployed["weight_bytes"]), held, known)
    peak = size_text(deployed["peak_activation_bytes"])
    yield Tile("peak of activations", peak, f"at {deployed['peak_at'] or 'one operator'}", False)
    micro = deployed["tflite_micro"]
    if micro and micro["smallest_working"] is not None:
        build = BUILDS[micro["build"]].title if micro["build"] in BUILDS else micro["build"]
        arena = size_text(micro["smallest_working"])
        ordered = known and deployed["order"] == "exact"
        yield Tile("arena of TFLite Micro", arena, build, ordered)
    placed = deployed.get("placement")
    if placed:
        outside = placed["external_bytes"]
        remark = f"and {size_text(outside)} in external RAM" if outside else "none in external RAM"
        yield Tile("RAM on chip, about", size_text(placed["internal_bytes"]), remark, False)
    latency = deployed.get("latency")
    if latency:
        short = milliseconds(latency["microseconds"]) if latency["microseconds"] else "not known"
        yield Tile("time of one inference", short, said(latency), False)


# --- layers and time ---------------------------------------------------------------------------


def _times_by_layer(manifest: Manifest) -> dict[str, int]:
    """Nanoseconds by the first layer of an epoch, which is the one with the kernel."""
    latency = manifest["deployed"].get("latency")
    times: dict[str, int] = {}
    for epoch in latency["epochs"] if latency else ():
        if epoch["nanoseconds"] is not None and epoch["layers"]:
            layer = epoch["layers"][0]
            times[layer] = times.get(layer, 0) + epoch["nanoseconds"]
    return times


def _rows(manifest: Manifest, timed: dict[str, int]) -> Iterator[Row]:
    layers = manifest["layers"]
    most = [
        max((figure_of(layer, figure.name) or 0 for layer in layers), default=0)
        for figure in COLUMNS
    ]
    longest = max(timed.values(), default=0)
    for layer in layers:
        cells = [
            _cell(figure_of(layer, figure.name), whole)
            for figure, whole in zip(COLUMNS, most, strict=True)
        ]
        if timed:
            spent = timed.get(layer["name"])
            cell = _cell(spent, longest)
            cells.append(cell._replace(shown="" if spent is None else f"{spent / 1000:,.1f}"))
        place = layer["source"]
        yield Row(
            layer["name"],
            layer["class_name"],
            _shape(layer["output_shape"]),
            tuple(cells),
            f"{place['file']}:{place['line']}" if place else "",
        )


def cells(values: Sequence[int | float | None]) -> list[Cell]:
    """A column of figures."""
    most = max((value for value in values if value is not None), default=0)
    return [_cell(value, most) for value in values]


def _cell(value: int | float | None, most: int | float) -> Cell:
    if value is None:
        return Cell("?", None, 0)
    percent = max(int(100 * value / most), 1) if value and most else 0
    return Cell(f"{value:,}" if isinstance(value, int) else f"{value:,.3f}", value, percent)


def _time(manifest: Manifest) -> str:
    latency = manifest["deployed"].get("latency")
    return said(latency) if latency else ""


def _spans(manifest: Manifest) -> Iterator[Span]:
    latency = manifest["deployed"].get("latency")
    epochs = [one for one in latency["epochs"] if one["nanoseconds"]] if latency else []
    longest = max((one["nanoseconds"] for one in epochs), default=0)
    ranked = sorted(epochs, key=lambda one: -int(one["nanoseconds"]))
    helped = {id(one) for one in ranked[:COSTLIEST]}
    sequence = manifest["deployed"]["sequence"]
    for one in epochs:
        operator = sequence[one["operators"][0]]["operator"] if one["operators"] else None
        name = one["layers"][0] if one["layers"] else (operator or "").lower()
        advice = remedy(one["kind"], one["reason"], operator) if id(one) in helped else ""
        yield Span(
            name,
            f"{one['nanoseconds'] / 1000:,.1f} us",
            max(100 * one["nanoseconds"] // longest, 1),
            REASONS[one["reason"]],
            advice,
        )


# --- findings and lists ------------------------------------------------------------------------


def _findings(manifest: Manifest) -> Iterator[Finding]:
    """Each finding once, with every place that it is made of: a network of many like layers says
    the same of all of them."""
    target = manifest["target"]
    sources = {layer["name"]: layer["source"] for layer in manifest["layers"]}
    for group in alike(target["findings"] if target else (), _rule, _texts):
        places: dict[_Place, int] = {}
        for finding in group:
            if (layer := finding["layer"]) is None:
                continue
            at = sources.get(layer)
            place = _Place(at["file"], at["line"]) if at else _Place(layer)
            places[place] = places.get(place, 0) + 1
        (message, remedy), *others = dict.fromkeys(map(_texts, group))
        message += DIFFERING if others else ""
        level, code, source, confidence = _rule(group[0])
        shown = tuple(_places(places))
        yield Finding(level, code, shown, message, remedy, sourced(source, confidence))


class _Place(NamedTuple):
    """A line of a file, or a layer."""

    name: str
    line: int | None = None


def _rule(finding: Manifest) -> tuple[str, str, str, str]:
    return finding["level"], finding["code"], finding["source"], finding["confidence"]


def _texts(finding: Manifest) -> tuple[str, str]:
    return finding["message"], finding["remedy"] or ""


def _places(places: Mapping[_Place, int]) -> Iterator[tuple[str, str]]:
    """Places and of how many layers something is said there; a file is named once."""
    before = None
    for (name, line), count in places.items():
        whole = name if line is None else f"{name}:{line}"
        shown = f":{line}" if line is not None and name == before else whole
        before = None if line is None else name
        yield shown + (f" ({count} layers)" if count > 1 else ""), whole


def _lists(manifest: Manifest) -> Iterator[tuple[str, list[str]]]:
    operators = manifest["deployed"]["operators"]
    yield "Deployed operators", [f"{count} {name}" for name, count in operators.items()]
    yield (
        "Budgets",
        [
            f"{one['name']} {one['actual']:,} of {one['limit']:,}: "
            + ("met" if one["passed"] else "broken")
            for one in manifest["budgets"]
        ],
    )
    yield (
        "Rounded widths",
        [
            f"{one['where']}, line {one['line']}: {one['requested']} became {one['effective']}, "
            f"a multiple of {one['divisor']}"
            for one in manifest["roundings"]
        ],
    )
    yield (
        "Skips that were dropped",
        [f"{one['where']}: {one['reason']}" for one in manifest["skips"] if not one["taken"]],
    )


def _exact(manifest: Manifest) -> Iterator[str]:
    deployed = manifest["deployed"]
    known = not deployed["unknown"] and not manifest.get("gaps")
    ordered = deployed["order"] == "exact"
    if "scheme" in manifest.get("file", {}):
        yield "Weights, MACs, shapes, operators and their order are counted in the file."
    elif known:
        yield "Parameters, MACs and shapes are those of the Keras model."
        order = "and their order are" if ordered else "are"
        yield f"Operators {order} what the TFLite converter makes; weight bytes are to the byte."
    else:
        yield "Parameters, MACs and shapes of the layers that are known, as in the Keras model."
    micro = deployed["tflite_micro"]
    if known and ordered and micro["smallest_working"] is not None:
        yield f"The arena of TensorFlow Lite Micro. {ARENA_REMARK}"


def _estimated(manifest: Manifest) -> Iterator[str]:
    deployed = manifest["deployed"]
    for doubt in (*deployed["unknown"], *manifest.get("gaps", ())):
        yield f"Not known: {doubt['reason']}."
    yield from manifest.get("remarks", ())
    if deployed["order"] != "exact":
        yield "The order of operators is predicted, and with it the peak and the arena."
    for pool in deployed["pools"]:
        if pool["estimate"] and pool["used"]:
            yield f"Memory in {pool['name']}: {pool['estimate']}."
    latency = deployed.get("latency")
    if latency:
        evidence = f" Evidence: {latency['evidence']}." if latency["evidence"] else ""
        yield f"Time: {said(latency)}.{evidence}"
        yield f"It holds for {latency['version']}."
