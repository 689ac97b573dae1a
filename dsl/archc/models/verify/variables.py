"""The stored variables of a model beside those that its layers have."""

import re
from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from archc.diagnostics.codes import VERIFY_PARAMS, VERIFY_VALUES
from archc.diagnostics.text import shape_text
from archc.models.verify.model import Findings
from archc.models.verify.weights import Contents, Stored

if TYPE_CHECKING:
    from archc.models.importer import Imported, ImportedLayer

_VARIABLE = re.compile(r"(?:layers/[^/]+/)+vars/[0-9]+")
"""Where `.keras` archives keep the variables of layers; those of an optimiser stand elsewhere."""
Place = tuple[str, Stored | None]
"""Where a variable stands in the file, and what is there."""


def check_variables(
    config: Mapping[str, Any],
    model: "Imported",
    contents: Contents,
    names: Mapping[str, str],
    findings: Findings,
) -> None:
    """Check what is stored against the variables that layers have.

    Args:
        config: of the model, in the form of Keras 3.
        model: read from it.
        contents: of the file of weights.
        names: layers of the manifest by path in the model.
        findings: gets what differs.
    """
    findings.compared.append("weights: shape of every variable, and that all are numbers")
    stored = _Older(contents) if contents.layers else _Archive(config, contents)
    expected: set[str] = set()
    for layer in model.layers:
        expected |= _check_layer(layer, model, stored, names, findings)
    if findings.failed:
        return
    for path in stored.spare(expected):
        findings.add(
            VERIFY_PARAMS,
            "the weights have a variable that no layer has",
            tensor=path,
            found=shape_text(contents.variables[path].shape),
        )


class _Archive:
    """Variables of a `.keras` archive, which stand by class and number of their layer."""

    def __init__(self, config: Mapping[str, Any], contents: Contents) -> None:
        self.variables = contents.variables
        self.places = dict(_places(config, "", ""))

    def of(self, path: str, number: int) -> Place:
        place = f"{self.places.get(path, '?')}/vars/{number}"
        return place, self.variables.get(place)

    def all(self, path: str) -> set[str]:
        place = self.places.get(path, "?")
        return {name for name in self.variables if name.startswith(f"{place}/")}

    def spare(self, expected: set[str]) -> Iterator[str]:
        for path in sorted(self.variables):
            if _VARIABLE.fullmatch(path) and path not in expected:
                yield path


def stored_params(config: Mapping[str, Any], contents: Contents, path: str) -> int | None:
    """How many values a file holds for a layer; None where it holds none. The states of random
    generators, which Keras stores too, are no parameters.

    Args:
        config: of the model, in the form of Keras 3.
        contents: of the file of weights.
        path: of the layer.
    """
    stored = _Older(contents) if contents.layers else _Archive(config, contents)
    names = [name for name in stored.all(path) if "seed_generator" not in name]
    shapes = (contents.variables[name].shape for name in names if name in contents.variables)
    return sum(map(prod, shapes)) if names else None


def named_variables(contents: Contents, path: str) -> list[str]:
    """Paths of a layer's variables in an `.h5` file, in Keras' order.

    Those of a model's layers stand together in one list, by `layer/variable`.
    """
    outer, _, inner = path.partition("/")
    listed = contents.layers.get(outer, ())
    if not inner:
        return list(listed)
    layer = inner.rpartition("/")[2]
    return [name for name in listed if name.split("/")[-2:-1] == [layer]]


class _Older:
    """Variables of an `.h5` file, which stand by name of their layer."""

    def __init__(self, contents: Contents) -> None:
        self.contents, self.variables = contents, contents.variables

    def of(self, path: str, number: int) -> Place:
        listed = named_variables(self.contents, path)
        if number >= len(listed):
            return f"{path}, variable {number}", None
        return listed[number], self.variables.get(listed[number])

    def all(self, path: str) -> set[str]:
        return set(named_variables(self.contents, path))

    def spare(self, expected: set[str]) -> Iterator[str]:
        for listed in self.contents.layers.values():
            for path in listed:
                if path not in expected and path in self.variables:
                    yield path


def _check_layer(
    layer: "ImportedLayer",
    model: "Imported",
    stored: _Archive | _Older,
    names: Mapping[str, str],
    found: Findings,
) -> set[str]:
    """Check the variables of a layer against what is stored; their paths."""
    name = names.get(layer.path)
    sketch = model.sketch
    if any(str(getattr(sketch.nodes[i].op, "keyword", "")).startswith("?") for i in layer.nodes):
        return stored.all(layer.path)
    weights = [
        weight
        for index in layer.nodes[: len(layer.nodes) // max(layer.calls, 1)]
        for weight in sketch.nodes[index].op.weights(*sketch.input_shapes(sketch.nodes[index]))
    ]
    paths: set[str] = set()
    for number, weight in enumerate(weights):
        path, there = stored.of(layer.path, number)
        paths.add(path)
        if there is None or there.shape != weight.shape:
            found.add(
                VERIFY_PARAMS,
                f"the weights of `{layer.path}` have "
                + (f"no {weight.name}" if there is None else f"a {weight.name} of other shape"),
                tensor=path,
                layer=name,
                expected=shape_text(weight.shape),
                found=None if there is None else shape_text(there.shape),
            )
            continue
        _check_values(path, there, weight.name, layer.path, name, found)
    return paths


def _check_values(
    path: str, there: Stored, weight: str, layer: str, name: str | None, found: Findings
) -> None:
    if not there.finite:
        found.add(
            VERIFY_VALUES,
            f"the {weight} of `{layer}` holds values that are not numbers",
            tensor=path,
            layer=name,
            notes=("training diverged: every result of the network is NaN",),
            help="train again from a checkpoint before that, at a lower learning rate",
        )
    elif weight == "moving_variance" and (there.least or 0) < 0:
        found.add(
            VERIFY_VALUES,
            f"the {weight} of `{layer}` holds {there.least:g}",
            tensor=path,
            layer=name,
            expected="0 or more",
            found=f"{there.least:g}",
        )
    elif there.zero and "kernel" in weight:
        found.add(
            VERIFY_VALUES,
            f"the {weight} of `{layer}` is all zeros",
            level="note",
            tensor=path,
            layer=name,
        )


def entries(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a config as it has them."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    return [x for x in layers if isinstance(x, dict)] if isinstance(layers, list) else []


def entry_name(entry: Mapping[str, Any]) -> str | None:
    inner = entry.get("config")
    name = entry.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    return name if isinstance(name, str) else None


def _places(config: Mapping[str, Any], path: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Where the variables of every layer stand in an archive: by class, in snake case, numbered
    from the second on (Keras 3.15, `saving_lib._save_container_state`); of nested models too."""
    used: dict[str, int] = {}
    for entry in entries(config):
        kind, name = entry.get("class_name"), entry_name(entry)
        if not isinstance(kind, str) or name is None:
            continue
        snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind[:200]))
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
        number = used[snake] = used.get(snake, -1) + 1
        place = f"{prefix}layers/{snake}_{number}" if number else f"{prefix}layers/{snake}"
        full = f"{path}{name}"
        yield full, place
        yield from _places(entry, f"{full}/", f"{place}/")
