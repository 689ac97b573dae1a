"""A Keras model, `.keras` or `.h5`, against the layers of a manifest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from archc.diagnostics import codes
from archc.diagnostics.text import several, shape_text
from archc.limits import Limits
from archc.models.verify.archive import WEIGHTS, Archive
from archc.models.verify.model import Findings, Verification
from archc.models.verify.rows import Rows
from archc.models.verify.saved import read_saved
from archc.models.verify.structure import Layers
from archc.models.verify.variables import check_variables, entries, entry_name
from archc.models.verify.weights import read_weights, readable

if TYPE_CHECKING:
    from archc.models.importer import Imported, Unseen

_CODE = ("__lambda__", "function")
"""Kinds of objects in a config that are code."""


def verify_keras(manifest: dict[str, Any], name: str, data: bytes, limits: Limits) -> Verification:
    """Check a Keras model against a manifest.

    Raises:
        Rejected: the file is damaged, over a bound, or no functional or sequential model.
    """
    from archc.models.importer import read_config

    archive = read_saved(name, data, limits)
    model = read_config(archive.config, limits=limits)
    check = _Check(manifest, archive, model, limits)
    check.run(name, limits)
    params = sum(layer.params or 0 for layer in model.layers)
    version = f", Keras {archive.keras_version[:20]}" if archive.keras_version else ""
    summary = f"{several(len(model.layers), 'layer')}, {params:,} parameters{version}"
    kind: Literal["h5", "keras"] = "h5" if archive.contents is not None else "keras"
    return check.findings.verification(name, kind, summary)


class _Check:
    def __init__(
        self, manifest: dict[str, Any], archive: Archive, model: "Imported", limits: Limits
    ) -> None:
        self.manifest = manifest
        self.archive = archive
        self.model = model
        self.findings = Findings(manifest, limits.errors)
        self.rows = Rows(manifest)
        self.layers = Layers(self.rows, model, self.findings)

    def run(self, name: str, limits: Limits) -> None:
        self.check_code()
        self.layers.run()
        if self.findings.unrelated:
            return
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
        from archc.models.importer.older import GONE

        said: set[str] = set()
        for path in _lambdas(self.archive.config):
            said.add(path)
            self.findings.add(
                codes.VERIFY_CODE,
                f"the layer `{path}` contains its own code, which was not run",
                layer=path if path in self.rows.by_name else None,
                help="write it with layers of Keras; code in a model file is run by whoever "
                "loads it",
            )
        shapes = {layer.path: layer.output_shape for layer in self.model.layers}
        reads = {layer.path: layer.inputs for layer in self.model.layers}
        behind = []
        for unseen in self.model.unseen:
            row = self.rows.by_name.get(unseen.layer)
            if unseen.layer in said:
                continue
            said.add(unseen.layer)
            known = row is not None and row["class_name"] == unseen.class_name
            if known or any(shapes[path] is None for path in reads.get(unseen.layer, ())):
                behind.append(unseen)  # what stands before it is the matter
                continue
            self.findings.add(
                codes.VERIFY_CODE,
                f"the layer `{unseen.layer}` ({unseen.class_name}) cannot be seen into",
                layer=unseen.layer if row is not None else None,
                notes=(GONE.get(unseen.class_name, unseen.reason),),
            )
        if behind:
            self.say_behind(behind)

    def say_behind(self, behind: "Sequence[Unseen]") -> None:
        """Layers of which not all is known because of those before them."""
        first = behind[0]
        if self.findings.failed:
            self.findings.left_out.append(
                f"figures of `{first.layer}`: {first.reason}"
                if len(behind) == 1
                else f"figures of {len(behind)} layers, the first `{first.layer}`: {first.reason}"
            )
            return
        for unseen in behind:
            self.findings.add(
                codes.VERIFY_CODE,
                f"not everything of `{unseen.layer}` is known",
                layer=unseen.layer if unseen.layer in self.rows.by_name else None,
                notes=(unseen.reason,),
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
            # A model whose outputs are a dict lists them by the order of their names.
            same = sorted(map(str, shapes)) == sorted(map(str, expected))
            if not same and not self.explained(what, list(shapes)):
                found.add(
                    codes.VERIFY_BORDER,
                    f"the model has other {what}s",
                    expected=" and ".join(map(shape_text, expected)),
                    found=" and ".join(
                        shape_text(s) if s is not None else "an open size" for s in shapes
                    ),
                )
        self.check_batch()

    def explained(self, what: str, shapes: list[tuple[int, ...] | None]) -> bool:
        """Whether other shapes of outputs follow from what was said of layers."""
        names = [want.get("layer", want["name"]) for want in self.manifest[f"{what}s"]]
        same = what == "output" and len(shapes) == len(names)
        return same and self.findings.failed and self.layers.changed.issuperset(names)

    def check_batch(self) -> None:
        found = self.findings
        if self.model.batch not in (None, 1):
            found.add(
                codes.VERIFY_BORDER,
                f"the model is built for a batch of {self.model.batch}",
                level="note",
                expected="an open batch, or 1",
                found=self.model.batch,
                help="it is converted with a batch of 1: rebuild it with "
                "`keras.Input(batch_shape=(1, ...))` and take the weights over",
            )

    def check_deployed(self) -> None:
        """What the converter would make of it: paddings, strides and activations show there."""
        from archc.compiler import lower

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
                    codes.VERIFY_OPERATORS,
                    f"it would deploy as {several(theirs, operator)}, not {ours:,}",
                    expected=ours,
                    found=theirs,
                )
        for key, value in sums.items():
            if value != want[key]:
                found.add(
                    codes.VERIFY_WEIGHTS,
                    f"its {key.replace('_', ' ')} would be {value:,}, not {want[key]:,}",
                    expected=f"{want[key]:,}",
                    found=f"{value:,}",
                )

    # --- weights ---

    def check_weights(self, name: str, limits: Limits) -> None:
        found, archive = self.findings, self.archive
        contents = archive.contents
        if contents is None and archive.weights is None:
            found.add(
                codes.VERIFY_PARAMS,
                "the archive contains no weights",
                expected=f"a `{WEIGHTS}`",
                help="save the model again: `model.save('NAME.keras')`",
            )
            return
        if contents is None and not readable():
            found.left_out.append("weights: reading them needs h5py, `pip install h5py`")
            return
        if contents is None:
            contents = read_weights(name, archive.weights or b"", limits)
        check_variables(archive.config, self.model, contents, self.layers.ours, found)


def _lambdas(config: Mapping[str, Any]) -> Iterator[str]:
    """Layers whose config holds code."""
    for entry in entries(config):
        if entry.get("class_name") == "Lambda" or _holds_code(entry.get("config")):
            yield entry_name(entry) or "?"


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
