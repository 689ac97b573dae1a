"""A `.keras` archive against the layers of a manifest."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archc.diagnostics.codes import (
    VERIFY_ACTIVATION,
    VERIFY_BORDER,
    VERIFY_CODE,
    VERIFY_LAYERS,
    VERIFY_OPERATORS,
    VERIFY_ORDER,
    VERIFY_PARAMS,
    VERIFY_SHAPE,
    VERIFY_VALUES,
    VERIFY_WEIGHTS,
)
from archc.limits import Limits
from archc.verify.archive import WEIGHTS, Archive, read_archive
from archc.verify.model import Findings, Verification, several, shape_text
from archc.verify.rows import Rows
from archc.verify.weights import Stored, read_weights, readable

if TYPE_CHECKING:
    from archc.importer import Imported, ImportedLayer
    from archc.ir.graph import Node

_LISTED = 6
_CODE = ("__lambda__", "function")
"""Kinds of objects in a config that are code."""


def verify_keras(manifest: dict[str, Any], name: str, data: bytes, limits: Limits) -> Verification:
    """Hold a `.keras` archive against a manifest.

    Raises:
        Rejected: the archive is damaged, over a bound, or no functional or sequential model.
    """
    from archc.importer import read_config

    archive = read_archive(name, data, limits)
    model = read_config(archive.config, limits=limits)
    check = _Check(manifest, archive, model, limits)
    check.run(name, limits)
    findings = check.findings
    params = sum(layer.params or 0 for layer in model.layers)
    version = f", Keras {archive.keras_version[:20]}" if archive.keras_version else ""
    return Verification(
        name,
        "keras",
        manifest["model"]["name"],
        f"{several(len(model.layers), 'layer')}, {params:,} parameters{version}",
        findings.listed(),
        tuple(findings.compared),
        tuple(findings.left_out),
    )


class _Check:
    def __init__(
        self, manifest: dict[str, Any], archive: Archive, model: "Imported", limits: Limits
    ) -> None:
        self.manifest = manifest
        self.archive = archive
        self.model = model
        self.findings = Findings(manifest, limits.errors)
        self.rows = Rows(manifest)
        self.ours: dict[str, str] = {}
        """Layers of the manifest by path in the model."""

    def run(self, name: str, limits: Limits) -> None:
        self.check_code()
        self.check_names()
        for layer in self.model.layers:
            row = self.rows.by_name.get(self.ours.get(layer.path, ""))
            if row is not None:
                self.check_layer(layer, row)
        self.check_border()
        self.check_deployed()
        self.check_weights(name, limits)
        self.findings.left_out.append(
            "what a manifest does not say: the epsilon of batch normalisations, slopes, rates of "
            "dropout, and strides, dilations and kernel sizes that change no shape, parameter or "
            "operator"
        )

    # --- layers ---

    def check_code(self) -> None:
        """Code in the config, and layers that are not Keras' own."""
        said: set[str] = set()
        for path in _lambdas(self.archive.config):
            said.add(path)
            self.findings.add(
                VERIFY_CODE,
                f"the layer `{path}` has code of its own, which was not run",
                layer=path if path in self.rows.by_name else None,
                help="write it with layers of Keras; code in a model file is run by whoever "
                "loads it",
            )
        behind = []
        for unseen in self.model.unseen:
            row = self.rows.by_name.get(unseen.layer)
            if unseen.layer in said:
                continue
            said.add(unseen.layer)
            if row is not None and row["class_name"] == unseen.class_name:
                behind.append(unseen)  # the manifest has it: what stands before it is the matter
                continue
            self.findings.add(
                VERIFY_CODE,
                f"`{unseen.layer}`, a {unseen.class_name}, cannot be seen into",
                layer=unseen.layer if row is not None else None,
                notes=(unseen.reason,),
            )
        for unseen in behind:
            why = f"figures of `{unseen.layer}`: {unseen.reason}"
            if self.findings.failed:
                self.findings.left_out.append(why)
            else:
                self.findings.add(
                    VERIFY_CODE,
                    f"not everything of `{unseen.layer}` is known",
                    layer=unseen.layer,
                    notes=(unseen.reason,),
                )

    def check_names(self) -> None:
        """Which layer is which: by name, and where names were changed by what they are."""
        found = self.findings
        paths = [layer.path for layer in self.model.layers]
        present = set(paths)
        self.ours = {path: path for path in paths if path in self.rows.by_name}
        missing = [name for name in self.rows.by_name if name not in present]
        extra = [layer for layer in self.model.layers if layer.path not in self.rows.by_name]
        found.compared.append(
            f"layers: {len(self.rows.by_name)}, by name: class, shape, inputs, parameters, MACs"
        )
        if missing and len(missing) == len(extra):
            pairs = list(zip(missing, extra, strict=True))
            if all(_alike(self.rows.by_name[name], layer) for name, layer in pairs):
                self.ours.update((layer.path, name) for name, layer in pairs)
                shown = ", ".join(f"`{n}` is `{e.path}`" for n, e in pairs[:_LISTED])
                found.add(
                    VERIFY_LAYERS,
                    f"{several(len(pairs), 'layer')} {'have' if pairs[1:] else 'has'} another name",
                    level="note",
                    layer=missing[0],
                    notes=(
                        shown + (", ..." if pairs[_LISTED:] else ""),
                        "weights are found by layer, and the converter orders parallel branches "
                        "by these names",
                    ),
                )
                return
        for name in missing:
            row = self.rows.by_name[name]
            found.add(
                VERIFY_LAYERS,
                f"the layer `{name}` is missing",
                layer=name,
                expected=f"{row['class_name']} {shape_text(row['output_shape'])}",
            )
        for layer in extra:
            shape = shape_text(layer.output_shape) if layer.output_shape is not None else "unknown"
            found.add(
                VERIFY_LAYERS,
                f"the layer `{layer.path}` is not in the manifest",
                found=f"{layer.class_name} {shape}",
                notes=("it stands in a model within the model",) if "/" in layer.path else (),
            )

    def check_layer(self, layer: "ImportedLayer", row: dict[str, Any]) -> None:
        found = self.findings
        name = row["name"]
        if layer.class_name != row["class_name"]:
            found.add(
                VERIFY_LAYERS,
                f"the layer `{name}` is of another class",
                layer=name,
                expected=row["class_name"],
                found=layer.class_name,
            )
            return
        shape = tuple(row["output_shape"])
        if layer.output_shape is not None and layer.output_shape != shape:
            found.add(
                VERIFY_SHAPE,
                f"the layer `{name}` gives another shape",
                layer=name,
                expected=shape_text(shape),
                found=shape_text(layer.output_shape),
            )
        reads = list(dict.fromkeys(row["inputs"]))
        theirs = [self.ours.get(path, path) for path in layer.inputs]
        if sorted(reads) != sorted(theirs):
            found.add(
                VERIFY_ORDER,
                f"the layer `{name}` reads other layers",
                layer=name,
                expected=" and ".join(f"`{r}`" for r in reads) or "nothing",
                found=" and ".join(f"`{r}`" for r in theirs) or "nothing",
            )
        if layer.calls > 1:
            found.add(
                VERIFY_LAYERS,
                f"the layer `{name}` is called {layer.calls} times",
                layer=name,
                expected=1,
                found=layer.calls,
            )
        if layer.params is not None and layer.params != row["params"]:
            found.add(
                VERIFY_PARAMS,
                f"the layer `{name}` has {layer.params:,} parameters, not {row['params']:,}",
                layer=name,
                expected=f"{row['params']:,}",
                found=f"{layer.params:,}",
            )
        elif layer.trainable_params not in (None, row["trainable_params"]):
            frozen = not layer.trainable
            found.add(
                VERIFY_PARAMS,
                f"the layer `{name}` is frozen"
                if frozen
                else f"the layer `{name}` has {layer.trainable_params:,} trainable parameters",
                level="note",
                layer=name,
                expected=f"{row['trainable_params']:,} trainable",
                found=f"{layer.trainable_params:,}",
            )
        if layer.macs is not None and layer.macs != row["macs"] and layer.output_shape == shape:
            found.add(
                VERIFY_WEIGHTS,
                f"the layer `{name}` has {layer.macs:,} MACs, not {row['macs']:,}",
                layer=name,
                expected=f"{row['macs']:,}",
                found=f"{layer.macs:,}",
            )
        self.check_function(layer, row)

    def check_function(self, layer: "ImportedLayer", row: dict[str, Any]) -> None:
        """Whether it is the operator of the language that the manifest names.

        Some classes are several: `ReLU` is relu or relu6, `Activation` a function each.
        """
        wanted = self.rows.keyword(row["name"])
        nodes = [self.model.sketch.nodes[index] for index in layer.nodes]
        if wanted is None or not nodes:
            return
        keywords = [_keyword(node) for node in nodes]
        if keywords != [wanted] and not keywords[0].startswith("?"):
            self.findings.add(
                VERIFY_ACTIVATION,
                f"the layer `{row['name']}` computes something else",
                layer=row["name"],
                expected=f"`{wanted}`",
                found=", then ".join(f"`{keyword}`" for keyword in keywords),
            )

    # --- the whole ---

    def check_border(self) -> None:
        found = self.findings
        found.compared.append("inputs and outputs: number, shape")
        for what, shapes in (
            ("input", self.model.input_shapes),
            ("output", self.model.output_shapes),
        ):
            expected = [tuple(want["shape"]) for want in self.manifest[f"{what}s"]]
            if list(shapes) != expected:
                found.add(
                    VERIFY_BORDER,
                    f"the model has other {what}s",
                    expected=" and ".join(map(shape_text, expected)),
                    found=" and ".join(
                        shape_text(s) if s is not None else "an open size" for s in shapes
                    ),
                )
        if self.model.batch not in (None, 1):
            found.add(
                VERIFY_BORDER,
                f"the model is built for a batch of {self.model.batch}",
                level="note",
                expected="an open batch, or 1",
                found=self.model.batch,
                help="it is converted with a batch of 1: rebuild it with "
                "`keras.Input(batch_shape=(1, ...))` and take the weights over",
            )

    def check_deployed(self) -> None:
        """What the converter would make of it: paddings, strides and activations show there."""
        from archc.analysis.lowering import lower

        found = self.findings
        graph = self.model.graph
        if graph is None:
            found.left_out.append(
                "what the converter makes of it: not every layer can be seen into"
            )
            return
        deployed = lower(graph, self.manifest["inputs"][0]["dtype"])
        want = self.manifest["deployed"]
        sums: dict[str, int] = {
            key: value
            for key, value in (
                ("weight_bytes", deployed.weight_bytes),
                ("constant_bytes", deployed.constant_bytes),
            )
            if key in want
        }
        found.compared.append(
            f"what the int8 converter makes of it: {sum(deployed.counts.values())} operators, "
            + ", ".join(key.replace("_", " ") for key in sums)
        )
        if found.failed:
            return  # follows from what was said already
        for operator in sorted({*deployed.counts, *want["operators"]}):
            ours, theirs = want["operators"].get(operator, 0), deployed.counts.get(operator, 0)
            if ours != theirs:
                found.add(
                    VERIFY_OPERATORS,
                    f"it would deploy as {several(theirs, operator)}, not {ours:,}",
                    expected=ours,
                    found=theirs,
                )
        for key, value in sums.items():
            if value != want[key]:
                found.add(
                    VERIFY_WEIGHTS,
                    f"its {key.replace('_', ' ')} would be {value:,}, not {want[key]:,}",
                    expected=f"{want[key]:,}",
                    found=f"{value:,}",
                )

    # --- weights ---

    def check_weights(self, name: str, limits: Limits) -> None:
        found = self.findings
        if self.archive.weights is None:
            found.add(
                VERIFY_PARAMS,
                "the archive holds no weights",
                expected=f"a `{WEIGHTS}`",
                help="save the model again: `model.save('NAME.keras')`",
            )
            return
        if not readable():
            found.left_out.append(
                "weights: reading them needs h5py, `pip install 'archc-dsl[tensorflow]'`"
            )
            return
        places = dict(_places(self.archive.config))
        if any("/" in layer.path for layer in self.model.layers):
            found.left_out.append("weights: the model holds models")
            return
        stored = read_weights(name, self.archive.weights, limits)
        found.compared.append("weights: shape of every variable, and that all are numbers")
        expected: set[str] = set()
        for layer in self.model.layers:
            place = places.get(layer.path)
            if place is not None:
                expected |= self.check_variables(layer, place, stored)
        for path in sorted(stored):
            if _VARIABLE.fullmatch(path) and path not in expected and not found.failed:
                found.add(
                    VERIFY_PARAMS,
                    "the weights have a variable that no layer has",
                    tensor=path,
                    found=shape_text(stored[path].shape),
                )

    def check_variables(
        self, layer: "ImportedLayer", place: str, stored: Mapping[str, Stored]
    ) -> set[str]:
        """Hold the variables of a layer against what is stored; their paths."""
        found = self.findings
        name = self.ours.get(layer.path)
        sketch = self.model.sketch
        paths: set[str] = set()
        if any(_keyword(sketch.nodes[i]).startswith("?") for i in layer.nodes):
            return {path for path in stored if path.startswith(f"{place}/")}
        weights = [
            weight
            for index in layer.nodes
            for weight in sketch.nodes[index].op.weights(*sketch.input_shapes(sketch.nodes[index]))
        ]
        for number, weight in enumerate(weights):
            path = f"{place}/vars/{number}"
            paths.add(path)
            there = stored.get(path)
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
            if not there.finite:
                found.add(
                    VERIFY_VALUES,
                    f"the {weight.name} of `{layer.path}` holds values that are not numbers",
                    tensor=path,
                    layer=name,
                    notes=("training diverged: every result of the network is NaN",),
                    help="train again from a checkpoint before that, at a lower learning rate",
                )
            elif weight.name == "moving_variance" and (there.least or 0) < 0:
                found.add(
                    VERIFY_VALUES,
                    f"the {weight.name} of `{layer.path}` holds {there.least:g}",
                    tensor=path,
                    layer=name,
                    expected="0 or more",
                    found=f"{there.least:g}",
                )
            elif there.zero and "kernel" in weight.name:
                found.add(
                    VERIFY_VALUES,
                    f"the {weight.name} of `{layer.path}` is all zeros",
                    level="note",
                    tensor=path,
                    layer=name,
                )
        return paths


_VARIABLE = re.compile(r"layers/[^/]+/vars/[0-9]+")


def _keyword(node: "Node") -> str:
    """The operator's name in the language; an input has none."""
    return str(getattr(node.op, "keyword", ""))


def _alike(row: dict[str, Any], layer: "ImportedLayer") -> bool:
    return (
        row["class_name"] == layer.class_name
        and tuple(row["output_shape"]) == layer.output_shape
        and row["params"] == layer.params
    )


def _entries(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a config as it has them."""
    inner = config.get("config")
    layers = inner.get("layers") if isinstance(inner, dict) else None
    return [x for x in layers if isinstance(x, dict)] if isinstance(layers, list) else []


def _name(entry: Mapping[str, Any]) -> str | None:
    inner = entry.get("config")
    name = entry.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
    return name if isinstance(name, str) else None


def _places(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where the variables of every layer stand in the file of weights: by class, in snake case,
    numbered from the second on (Keras 3.15, `saving_lib._save_container_state`)."""
    used: dict[str, int] = {}
    for entry in _entries(config):
        kind, name = entry.get("class_name"), _name(entry)
        if not isinstance(kind, str) or name is None:
            continue
        snake = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", kind[:200]))
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", snake).lower()
        number = used[snake] = used.get(snake, -1) + 1
        yield name, f"layers/{snake}_{number}" if number else f"layers/{snake}"


def _lambdas(config: Mapping[str, Any]) -> Iterator[str]:
    """Layers whose config holds code."""
    for entry in _entries(config):
        if entry.get("class_name") == "Lambda" or _holds_code(entry.get("config")):
            yield _name(entry) or "?"


def _holds_code(part: object) -> bool:
    pending = [part]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if value.get("class_name") in _CODE:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False
