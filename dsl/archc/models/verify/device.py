"""A TFLite file against the deployed graph of a manifest.

Sources of what the converter does: `docs/lowering.md` (TensorFlow 2.21, Keras 3.15).
"""

from collections.abc import Iterable
from functools import cached_property
from math import isfinite
from typing import Any

from archc.compiler import BUILDS, Network, activations, measure
from archc.diagnostics.codes import VERIFY_MEMORY, VERIFY_VALUES, VERIFY_WEIGHTS
from archc.diagnostics.text import several
from archc.limits import Limits
from archc.models.tflite import Model, read
from archc.models.verify.border import check_border, check_scheme, check_whole
from archc.models.verify.file import File, file_network
from archc.models.verify.kernels import check_dead_kernels, check_islands, check_kernels
from archc.models.verify.model import Findings, Verification
from archc.models.verify.operators import Operators
from archc.models.verify.rows import Rows
from archc.models.verify.scheme import KERNELS

_BIASES = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Which of its inputs is the bias."""


def verify_tflite(manifest: dict[str, Any], name: str, data: bytes, limits: Limits) -> Verification:
    """Check a TFLite file against a manifest.

    Raises:
        Rejected: the file is damaged or over a bound.
    """
    model = read(name, data, limits)
    check = _Check(manifest, model, limits)
    check.run()
    if check.findings.failed or check.blank:
        check = _before_training(manifest, model, limits) or check
    operators = several(len(model.subgraphs[0].operators), "operator")
    return check.findings.verification(name, "tflite", f"{operators}, {len(data):,} bytes")


def _before_training(manifest: dict[str, Any], model: Model, limits: Limits) -> "_Check | None":
    """The file against what the manifest says of the untrained network; None where it is not
    that either."""
    deployed = manifest["deployed"]
    untrained = deployed.get("untrained")
    if untrained is None:
        return None
    figures = {key: value for key, value in untrained.items() if key in deployed and value}
    # What the runtime keeps is said of the trained network alone.
    expected = {**manifest, "deployed": {**deployed, **figures, "tflite_micro": None}}
    check = _Check(expected, model, limits)
    check.run()
    if check.findings.failed or not check.blank:
        return None
    found = check.findings
    found.differences[:] = [one for one in found.differences if one.message != _ALL_ZERO]
    changes = [f"{count} {name} more" for name, count in untrained["vanish"].items()]
    changes += [f"{count} {name} less" for name, count in untrained["appear"].items()]
    size, trained = untrained["weight_bytes"], deployed["weight_bytes"]
    changes += [f"{trained:,} bytes of weights, not {size:,}"] if size != trained else []
    changed = f"trained, it has {', '.join(changes)}" if changes else "every bias is zero"
    found.add(VERIFY_VALUES, f"the file is of an untrained network: {changed}", level="note")
    return check


_ALL_ZERO = "every bias is zero: the network is not trained"


class _Check:
    def __init__(self, manifest: dict[str, Any], model: Model, limits: Limits) -> None:
        self.manifest = manifest
        self.deployed = manifest["deployed"]
        self.file = File(model)
        self.findings = Findings(manifest, limits.errors)
        self.rows = Rows(manifest)
        self.operators = Operators(self.file, manifest, self.rows, self.findings)

    def run(self) -> None:
        check_whole(self.file, self.findings)
        same_border = check_border(self.file, self.manifest, self.findings)
        quantised = check_scheme(self.file, self.findings)
        same = self.operators.run(same_border and quantised)
        if self.findings.unrelated:
            return
        if quantised:
            layers = self.layers()
            check_kernels(self.file, self.findings, layers)
            paired = self.operators.paired
            # Where all operators are those of the manifest, an island is one that it has itself.
            if any(None in pair for pair in paired):
                check_islands(self.file, self.findings, layers)
            self.check_bytes(same)
            self.check_arena(same)
        else:
            self.findings.left_out.append(
                "bytes of weights and quantisation of channels: the file is not int8"
            )
        self.check_values()

    # --- quantisation ---

    def layers(self) -> dict[int, str]:
        """The layer that each operator of the file belongs to, where it is known."""
        found = {}
        for a, b in self.operators.paired:
            if a is not None and b is not None:
                layer = self.rows.sequence[a].layer
                if layer is not None:
                    found[b] = layer
        return found

    def check_bytes(self, same: bool) -> None:
        """Bytes of weights. Constants of equal bytes are stored once and counted once; a
        file may share more, such as the biases of a network that is not trained."""
        found = self.findings
        constants: dict[int, bool] = {}
        tensors, makers = self.file.tensors, self.file.makers
        for index, op in enumerate(self.file.operators):
            if index in self.operators.kept:
                continue
            for place, tensor in enumerate(op.inputs):
                if tensor >= 0 and tensor not in makers and tensors[tensor].constant:
                    weight = tensors[tensor].dtype == "int8" or place == _BIASES.get(op.name)
                    constants[tensor] = constants.get(tensor, False) or weight
        lost, names = self.lost_biases()
        weights = [tensor for tensor, weight in constants.items() if weight]
        for key, what, counted in (
            ("weight_bytes", "weights", weights),
            ("constant_bytes", "constants", list(constants)),
        ):
            want = self.deployed[key]
            found.compared.append(f"bytes of {what}: {want:,}")
            size, least = sum(map(self.bytes, counted)), self.stored(counted)
            if least <= want <= size or (lost and least <= want - lost <= size):
                continue
            size = least
            if found.failed and not same:
                continue  # follows from what was said already
            found.add(
                VERIFY_WEIGHTS,
                f"the {what} have {size:,} bytes, not {want:,}",
                expected=f"{want:,}",
                found=f"{size:,}",
            )
        left = self.deployed["weight_bytes"] - lost
        if lost and self.stored(weights) <= left <= sum(map(self.bytes, weights)):
            found.add(
                VERIFY_VALUES,
                f"{several(len(names), 'bias')[:-1] + 'es' if names[1:] else '1 bias'} of "
                f"{lost:,} bytes {'are' if names[1:] else 'is'} not in the file",
                level="note",
                layer=names[0],
                notes=("the converter drops a bias that is all zeros, as an untrained one is",),
            )

    def bytes(self, tensor: int) -> int:
        return self.file.tensors[tensor].size

    def stored(self, tensors: Iterable[int]) -> int:
        """Bytes of constants in the file, those that share a buffer once."""
        shared = {self.file.tensors[t].buffer: self.file.tensors[t].size for t in tensors}
        return sum(shared.values())

    def check_arena(self, same: bool) -> None:
        """What the operators of the file need of memory, in the order in which they stand."""
        found = self.findings
        network = file_network(self.file.model)
        if network is None or found.failed:
            return  # not known, or follows from what was said already
        given = self.deployed["tflite_micro"]
        head = self.deployed["arena_bytes"]
        self.check_memory("head of the arena", head, activations(network), same)
        if given is None or given["build"] not in BUILDS or given["smallest_working"] is None:
            return
        build, want = given["build"], given["smallest_working"]
        arena = measure(network, build).arena
        if arena is not None:
            notes = _cause(network, build, want) if arena.smallest_working != want else ()
            what = f"smallest arena that works (`{build}`)"
            self.check_memory(what, want, arena.smallest_working, same, notes)

    def check_memory(
        self, what: str, want: int, size: int, same: bool, cause: tuple[str, ...] = ()
    ) -> None:
        """A figure of the arena. Less than the manifest says does no harm, but it is said."""
        kept = self.operators.kept
        figures = f"{want:,} bytes"
        if size != want:
            figures = f"{size:,} bytes in the file, {want:,} in the manifest"
            notes = cause
            if kept:
                notes += ("a RESHAPE that changes nothing needs memory all the same",)
            elif not same:
                notes += ("operators are in another order",)
            self.findings.add(
                VERIFY_MEMORY,
                f"the {what} has {size:,} bytes, not {want:,}",
                level="error" if size > want and not kept else "note",
                expected=f"{want:,}",
                found=f"{size:,}",
                notes=notes,
            )
        self.findings.compared.append(f"TFLite Micro, {what}: {figures}")

    def lost_biases(self) -> tuple[int, list[str]]:
        """Bytes of the biases that layers have and their operators in the file do not, and those
        layers (`docs/lowering.md`, "Quantisation")."""
        lost, names = 0, []
        layers = self.layers()
        for index, op in enumerate(self.file.operators):
            if op.name not in ("FULLY_CONNECTED", "TRANSPOSE_CONV"):
                continue
            layer = layers.get(index)
            if self.file.tensor(op, _BIASES[op.name]) is not None or layer is None:
                continue
            units = self.rows.bias(layer)
            if units:
                lost += 4 * units
                names.append(layer)
        return lost, names

    # --- values ---

    @cached_property
    def blank(self) -> bool:
        """Whether every bias in the file is zero."""
        for op in self.file.operators:
            filter_, bias = self.file.tensor(op, 1), self.file.tensor(op, _BIASES.get(op.name, 0))
            if op.name not in KERNELS or filter_ is None or not filter_.constant:
                continue
            if bias is not None and bias.constant and any(self.file.model.values(bias)):
                return False
        return True

    def check_values(self) -> None:
        """Scales that mean nothing, biases and kernels that are all zero."""
        found = self.findings
        for tensor in self.file.tensors:
            given = tensor.quantization
            if given is None:
                continue
            bad = next((s for s in given.scales if not (isfinite(s) and s > 0)), None)
            if bad is not None:
                found.add(
                    VERIFY_VALUES,
                    f"a scale is {bad:g}",
                    tensor=tensor.name,
                    expected="a number above 0",
                    found=f"{bad:g}",
                    notes=("calibration saw nothing, or numbers that are not finite",),
                    help="quantise again with representative data",
                )
        kernels = [op for op in self.file.operators if op.name in _BIASES]
        biased = any(self.file.tensor(op, _BIASES[op.name]) for op in kernels)
        if self.blank and biased and len(self.rows.kernels) > 1:
            found.add(VERIFY_VALUES, _ALL_ZERO, level="note")
        check_dead_kernels(self.file, found)
        found.left_out.append("values of weights: the manifest does not contain them")
        for doubt in self.deployed["unknown"]:
            layers = ", ".join(f"`{layer}`" for layer in doubt["layers"][:4])
            found.left_out.append(
                f"what the manifest itself only guesses, {layers}: {doubt['reason']}"
            )


def _cause(network: Network, build: str, want: int) -> tuple[str, ...]:
    """Why a file needs another arena, where its dense layers with one scale for all their outputs
    are the whole reason: with a scale for each it needs what is wanted."""
    tensors, few = list(network.tensors), 0
    for op in network.operators:
        if op.name != "FULLY_CONNECTED":
            continue
        units = tensors[op.inputs[1]].shape[0]
        if units == 1 or network.tensors[op.inputs[1]].scales != 1:
            continue
        few += 1
        for index in op.inputs[1:3]:
            if index >= 0:
                tensors[index] = tensors[index]._replace(scales=units)
    arena = measure(network._replace(tensors=tuple(tensors)), build).arena if few else None
    if arena is None or arena.smallest_working != want:
        return ()
    return (
        f"{several(few, 'dense layer')} of the file {'have' if few > 1 else 'has'} one scale for "
        f"all outputs; with one per output the file would need {want:,} bytes, as the runtime "
        "keeps room for every scale",
    )
