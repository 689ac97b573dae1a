"""What changed between two networks and what it costs.

Layers are matched by name, which are stable by design: appending to a block renames nothing. The
names of a model file are not: there, layers of other names are paired in order by what they are.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from archc.analysis.budgets import is_bytes
from archc.analysis.figures import FIGURES, flat, value
from archc.diagnostics.text import few, several
from archc.emit.layer_table import part_of
from archc.emit.pairing import paired
from archc.syntax.numbers import BYTE_UNITS, UNITS
from archc.targets.verdict import UNCONFIRMED

Manifest = Mapping[str, Any]

COMPARED = (
    *("class_name", "output_shape", "inputs"),
    *(figure.name for figure in FIGURES if figure.compared),
)
"""What of a layer of the same name makes it another one."""

TOLD = tuple(figure for figure in FIGURES if figure.compared and figure.heading is not None)
"""Figures that are told of layers and of stages."""


class Change(NamedTuple):
    """A figure before and after; None where there is none."""

    name: str
    before: int | None
    after: int | None

    @property
    def delta(self) -> int:
        return (self.after or 0) - (self.before or 0)

    @property
    def share(self) -> Fraction | None:
        """The change in percent of what it was; None where it was nothing."""
        return Fraction(100 * self.delta, self.before) if self.before else None


class StageChange(NamedTuple):
    """A stage before and after: the figures that make layers others, and the layers in it."""

    name: str
    figures: tuple[Change, ...]
    layers: Change


class LayerChange(NamedTuple):
    """A layer that came, went, or is another one. ``what``: the figures that differ, as text."""

    kind: str
    """`added`, `removed` or `changed`."""
    name: str
    what: str


class Difference(NamedTuple):
    """Two networks checked against each other."""

    before: str
    after: str
    identical: bool
    """Whether nothing below differs."""
    parameters: tuple[tuple[str, str | None, str | None], ...]
    """(name, before, after) of those that differ."""
    quantities: tuple[Change, ...]
    """The whole-number figures of totals and deployed, by the names that `require` uses; what one
    of two manifests is too old to have is left out, and so are arenas of different builds."""
    operators: tuple[Change, ...]
    """Counts of deployed operators that differ."""
    stages: tuple[StageChange, ...]
    """All stages that either has, the head as one; none where one of the two has no stages, as a
    model file has not."""
    layers: tuple[LayerChange, ...]
    findings: tuple[tuple[str, str], ...]
    """(`added` or `removed`, text) of the target's findings."""
    verdict: tuple[str | None, str | None]
    left_out: tuple[str, ...] = ()
    """What is not known of one of two models, so that sums leave it out."""
    paired: tuple[tuple[str, str], ...] = ()
    """(before, after): names of layers that are paired in order by operator and shape."""


class Condition(NamedTuple):
    """When a difference is too much: `peak_activation_bytes > +5 %`."""

    text: str
    name: str
    comparison: str
    value: Fraction
    mode: str
    """`share` of what it was in percent, `delta`, or the new `value` itself."""

    def holds(self, difference: Difference) -> bool:
        """Whether the condition is met, which is a failure. Growth from nothing is infinite."""
        change = next(change for change in difference.quantities if change.name == self.name)
        if self.mode == "value":
            actual = Fraction(change.after or 0)
        elif self.mode == "delta":
            actual = Fraction(change.delta)
        elif change.share is not None:
            actual = change.share
        else:
            above = self.comparison.startswith(">")
            return above if change.delta > 0 else _compare(Fraction(0), self)
        return _compare(actual, self)


_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
_CONDITION = re.compile(
    r"\s*([A-Za-z_][\w.]*)\s*(>=|<=|>|<)\s*([+-]?)\s*([0-9]{1,18}(?:\.[0-9]{1,9})?)\s*(%|[A-Za-z]*)\s*"
)


def _compare(actual: Fraction, condition: Condition) -> bool:
    return _COMPARISONS[condition.comparison](actual, condition.value)


def parse_condition(text: str) -> Condition:
    """A condition as written: `NAME > +5 %`, `NAME >= +10 KiB`, `NAME > 300 k`.

    A sign or a percent sign asks for the change, a bare number for the new value.

    Raises:
        ValueError: it is not of that form; the message says what is.
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ValueError(
            f"`{text}` is not of the form 'NAME > +5 %', 'NAME > +10 KiB' or 'NAME > 300 k'"
        )
    name, comparison, sign, digits, unit = match.groups()
    value = Fraction(digits) * (-1 if sign == "-" else 1)
    if unit and unit != "%":
        scale = (UNITS | BYTE_UNITS).get(unit)
        if scale is None:
            units = ", ".join([*UNITS, *BYTE_UNITS])
            raise ValueError(f"`{unit}` in `{text}` is not a unit: they are %, {units}")
        if unit in BYTE_UNITS and not is_bytes(name):
            raise ValueError(f"`{name}` is a count, not a number of bytes: units are k, M and G")
        value *= scale
    mode = "share" if unit == "%" else "delta" if sign else "value"
    return Condition(text.strip(), name, comparison, value, mode)


def quantities(manifest: Manifest) -> dict[str, int]:
    """The whole-number figures of a manifest's totals and deployed sections, by name."""
    deployed = manifest["deployed"]
    parts = {key: part for key, part in deployed.items() if key in _PARTS or isinstance(part, int)}
    return dict((*flat(manifest["totals"]), *flat(parts)))


_PARTS = ("latency", "placement", "tflite_micro")
"""Keys of `deployed` whose parts are quantities."""


def difference(before: Manifest, after: Manifest) -> Difference:
    """Check two manifests against each other. Where one is of a deployed file and the other of a
    network that is not converted yet, what both have is compared: operators."""
    if _deployed_file(before) != _deployed_file(after):
        before, after = _by_operators(before), _by_operators(after)
    aliases: Mapping[str, str] = {}
    if "file" in before or "file" in after:
        aliases = paired(before["layers"], after["layers"])
        after = {**after, "layers": [_renamed(layer, aliases) for layer in after["layers"]]}
    old, new = quantities(before), quantities(after)
    if _build(before) != _build(after):
        old = {name: size for name, size in old.items() if not name.startswith("tflite_micro.")}
    figures = tuple(Change(name, old[name], new[name]) for name in old if name in new)
    operators = _changes(before["deployed"]["operators"], after["deployed"]["operators"])
    operators = tuple(change for change in operators if change.delta)
    parameters = tuple(_parameters(before, after))
    layers = tuple(_layers(before, after))
    findings = tuple(_findings(before, after, aliases))
    verdict = (_verdict(before), _verdict(after))
    same = not (layers or operators or findings) and verdict[0] == verdict[1]
    same = same and not any(change.delta for change in figures)
    return Difference(
        before["model"]["name"],
        after["model"]["name"],
        same,
        parameters,
        figures,
        operators,
        tuple(_stages(before, after)),
        layers,
        findings,
        verdict,
        (*_left_out(before), *_left_out(after)),
        tuple((old, new) for new, old in aliases.items()),
    )


_NAMED = 6
"""How many layers that are left out are named."""


def _left_out(manifest: Manifest) -> Iterator[str]:
    """What sums of a model leave out."""
    gaps = [gap["operator"] for gap in manifest.get("gaps", ()) if gap["operator"] is not None]
    if layers := list(dict.fromkeys(gaps)):
        count = several(len(layers), "layer")
        named = few([f"`{name}`" for name in layers], _NAMED)
        yield f"of {manifest['model']['name']}, {count} not known and left out: {named}"


def _deployed_file(manifest: Manifest) -> bool:
    return "scheme" in manifest.get("file", {})


def _by_operators(manifest: Manifest) -> Manifest:
    """A manifest with a row for each deployed operator instead of each layer, and without the
    figures that layers and operators count differently."""
    rows = {layer["name"]: layer for layer in manifest["layers"]}
    names: Counter[str] = Counter()
    layers: list[dict[str, Any]] = []
    operator_of: dict[str, str] = {}
    for step in manifest["deployed"]["sequence"]:
        own = [rows[name] for name in step["layers"] if name in rows]
        name = step["layers"][0] if step["layers"] else step["operator"].lower()
        names[name] += 1
        layers.append(
            {
                "name": name if names[name] == 1 else f"{name}:{names[name]}",
                "class_name": step["operator"],
                "stage": own[0]["stage"] if own else None,
                "output_shape": step["output_shape"],
                "inputs": None,
                **dict.fromkeys((figure.name for figure in FIGURES if figure.compared), None),
                "macs": sum(row["macs"] or 0 for row in own) if names[name] == 1 else 0,
            }
        )
        for member in step["layers"]:
            operator_of.setdefault(member, layers[-1]["name"])
    totals = {"macs": manifest["totals"]["macs"]}
    return {**manifest, "layers": layers, "totals": totals, "operator_of": operator_of}


def _renamed(layer: Mapping[str, Any], aliases: Mapping[str, str]) -> Mapping[str, Any]:
    """A layer by the names of the other network."""
    inputs = layer["inputs"] and [aliases.get(name, name) for name in layer["inputs"]]
    return {**layer, "name": aliases.get(layer["name"], layer["name"]), "inputs": inputs}


def _build(manifest: Manifest) -> object:
    """The build of TensorFlow Lite Micro that figures are of; of different ones they differ."""
    return manifest["deployed"].get("tflite_micro", {}).get("build")


def _changes(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Change, ...]:
    return tuple(
        Change(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])
    )


def _parameters(before: Manifest, after: Manifest) -> Iterator[tuple[str, str | None, str | None]]:
    old, new = before["model"]["parameters"], after["model"]["parameters"]
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)


def _layers(before: Manifest, after: Manifest) -> Iterator[LayerChange]:
    old = {layer["name"]: layer for layer in before["layers"]}
    new = {layer["name"]: layer for layer in after["layers"]}
    for name in _merged(list(old), list(new)):
        if name not in old:
            yield LayerChange("added", name, _described(new[name]))
        elif name not in new:
            yield LayerChange("removed", name, _described(old[name]))
        else:
            told = [
                f"{key} {_shown(old[name][key])} → {_shown(new[name][key])}"
                for key in COMPARED
                if old[name][key] != new[name][key] and None not in (old[name][key], new[name][key])
            ]
            if told:
                yield LayerChange("changed", name, ", ".join(told))


def _merged(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """The names of both, each in its order, those that went where they stood."""
    place = {name: index for index, name in enumerate(new)}
    at = 0
    for name in old:
        if name not in place:
            yield name
            continue
        yield from new[at : place[name] + 1]
        at = max(at, place[name] + 1)
    yield from new[at:]


def _described(layer: Mapping[str, Any]) -> str:
    costs = ((value(layer, figure.name), figure.heading) for figure in TOLD)
    cost = [f"{count:,} {noun}" for count, noun in costs if count]
    return ", ".join([f"{layer['class_name']} {_shown(layer['output_shape'])}", *cost])


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return (
            "x".join(map(str, value)) if value and isinstance(value[0], int) else ", ".join(value)
        )
    return f"{value:,}" if isinstance(value, int) else str(value)


def _stages(before: Manifest, after: Manifest) -> Iterator[StageChange]:
    old, new = _by_stage(before), _by_stage(after)
    if "file" in before or "file" in after:
        return  # a model file has none to compare with
    for name in _merged(list(old), list(new)):
        first, second = old.get(name), new.get(name)
        changes = [
            Change(key, first[key] if first else None, second[key] if second else None)
            for key in (*(figure.name for figure in TOLD), "layers")
        ]
        yield StageChange(name, tuple(changes[:-1]), changes[-1])


def _by_stage(manifest: Manifest) -> dict[str, Counter[str]]:
    sums: dict[str, Counter[str]] = {}
    if not any(layer["stage"] for layer in manifest["layers"]):
        return sums  # a model has none
    for layer in manifest["layers"]:
        if layer["class_name"] != "InputLayer":
            stage = sums.setdefault(part_of(layer, manifest) or "head", Counter())
            stage.update({figure.name: value(layer, figure.name) or 0 for figure in TOLD}, layers=1)
    return sums


class _Said(NamedTuple):
    """A finding of one of two networks."""

    text: str
    """As it is told."""
    alike: str
    """The same by the names of the first network."""
    place: tuple[str, str, str | None]
    """Rule, level and layer by that name."""
    unconfirmed: bool
    """Whether it is worded as of a model, which is not asked for permission."""


def _findings(
    before: Manifest, after: Manifest, aliases: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Findings of only one, the same ones in other words left out: layers have other names in a
    model file, and what a spec must allow is only to be confirmed there."""
    old, new = list(_said(before, {})), list(_said(after, aliases))
    for kind, own, other in (("added", new, old), ("removed", old, new)):
        alike = {said.alike for said in other}
        reworded = {(said.place, not said.unconfirmed) for said in other}
        mixed = ("file" in before) != ("file" in after)
        texts = (
            said.text
            for said in own
            if said.alike not in alike
            and not (mixed and said.place[-1] and (said.place, said.unconfirmed) in reworded)
        )
        yield from ((kind, text) for text in dict.fromkeys(texts))


def _said(manifest: Manifest, aliases: Mapping[str, str]) -> Iterator[_Said]:
    operator_of = manifest.get("operator_of")

    def alias(name: str) -> str:
        name = (operator_of or {}).get(name, name)
        return aliases.get(name, name)

    for finding in _target(manifest).get("findings", ()):
        layer = finding["layer"]
        # Layers and operators have different names: of operators the rule alone is told.
        text = _finding(finding if operator_of is None else {**finding, "layer": None})
        alike = re.sub(r"`([^`]+)`", lambda match: f"`{alias(match[1])}`", text)
        place = (finding["code"], finding["level"], layer and alias(layer))
        yield _Said(text, alike, place, finding["message"].startswith(UNCONFIRMED))


def _finding(finding: Mapping[str, Any]) -> str:
    where = f" `{finding['layer']}`" if finding["layer"] else ""
    return f"{finding['level']}[{finding['code']}]{where}: {finding['message']}"


def _target(manifest: Manifest) -> Mapping[str, Any]:
    return manifest["target"] or {}


def _verdict(manifest: Manifest) -> str | None:
    target = manifest["target"]
    return f"{target['verdict']} ({target['name']})" if target else None
