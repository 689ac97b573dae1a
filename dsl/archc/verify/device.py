"""A TFLite file against the deployed graph of a manifest.

Sources of what the converter does: `lowering.md` sections 1 to 6 (TensorFlow 2.21, Keras 3.15).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from math import isfinite
from typing import Any

from archc.analysis.tflite_micro import BUILDS, activations, measure
from archc.diagnostics.codes import (
    VERIFY_ACTIVATION,
    VERIFY_BATCH,
    VERIFY_BORDER,
    VERIFY_MEMORY,
    VERIFY_OPERATORS,
    VERIFY_ORDER,
    VERIFY_PRECISION,
    VERIFY_SHAPE,
    VERIFY_VALUES,
    VERIFY_WEIGHTS,
)
from archc.limits import Limits
from archc.tflite import Model, Operator, Subgraph, Tensor, read
from archc.verify.advice import BATCH_HELP, CONVERSIONS, CONVERT, SHAPE_ARITHMETIC, remedy, why
from archc.verify.align import Item, Pair, align
from archc.verify.arena import file_network
from archc.verify.model import Findings, Verification, several, shape_text
from archc.verify.rows import Expected, Rows
from archc.verify.scheme import KERNELS, scheme
from archc.verify.wiring import check_wiring

_BIASES = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Which of its inputs is the bias."""
_PRUNED = 0.3
"""Share of zeros among the weights from which they are said to be pruned; rounding to int8 leaves
a few per cent."""


def verify_tflite(manifest: dict[str, Any], name: str, data: bytes, limits: Limits) -> Verification:
    """Hold a TFLite file against a manifest.

    Raises:
        Rejected: the file is damaged or over a bound.
    """
    model = read(name, data, limits)
    check = _Check(manifest, model, limits)
    check.run()
    network = manifest["model"]["name"]
    graph = model.subgraphs[0]
    summary = f"{several(len(graph.operators), 'operator')}, {len(data):,} bytes"
    findings = check.findings
    return Verification(
        name,
        "tflite",
        network,
        summary,
        findings.listed(),
        tuple(findings.compared),
        tuple(findings.left_out),
    )


class _Check:
    def __init__(self, manifest: dict[str, Any], model: Model, limits: Limits) -> None:
        self.manifest = manifest
        self.deployed = manifest["deployed"]
        self.target = manifest["target"]["name"] if manifest["target"] else "stm32n6"
        self.model = model
        self.graph: Subgraph = model.subgraphs[0]
        self.tensors: Sequence[Tensor] = self.graph.tensors
        self.operators: Sequence[Operator] = self.graph.operators
        self.findings = Findings(manifest, limits.errors)
        self.rows = Rows(manifest)
        self.makers: dict[int, int] = {}
        for index, op in enumerate(self.operators):
            for tensor in op.outputs:
                self.makers.setdefault(tensor, index)
        self.scheme = scheme(self.graph)
        self.paired: list[Pair] = []

    # --- small things ---

    def tensor(self, op: Operator, place: int) -> Tensor | None:
        """One of the tensors that an operator reads."""
        if place >= len(op.inputs) or op.inputs[place] < 0:
            return None
        return self.tensors[op.inputs[place]]

    def result(self, op: Operator) -> Tensor | None:
        return self.tensors[op.outputs[0]] if op.outputs else None

    def item(self, index: int) -> Item:
        op = self.operators[index]
        result = self.result(op)
        return Item(op.name, _inner(result.shape) if result is not None else ())

    def border(self, index: int) -> bool:
        """Whether an operator of the file only converts an input or output of it."""
        op = self.operators[index]
        if op.name not in CONVERSIONS:
            return False
        return any(tensor in self.graph.inputs for tensor in op.inputs) or any(
            tensor in self.graph.outputs for tensor in op.outputs
        )

    # --- the parts ---

    def run(self) -> None:
        self.whole()
        same_border = self.check_border()
        quantised = self.check_scheme()
        same = self.check_operators(same_border and quantised)
        if quantised:
            self.check_kernels()
            self.check_bytes(same)
            self.check_arena(same)
        else:
            self.findings.left_out.append(
                "bytes of weights and quantisation of channels: the file is not int8"
            )
        self.check_values()

    def whole(self) -> None:
        """What a file may hold beside one network."""
        found = self.findings
        if len(self.model.subgraphs) > 1:
            found.add(
                VERIFY_OPERATORS,
                f"the file has {len(self.model.subgraphs)} subgraphs; only the first is compared",
                expected=1,
                found=len(self.model.subgraphs),
                help="convert one function of the model, and no control flow",
            )
        for tensor in self.tensors:
            if tensor.variable:
                found.add(
                    VERIFY_OPERATORS,
                    "a tensor keeps its value from one run to the next",
                    tensor=tensor.name,
                    help="convert a model without states",
                )

        for index, op in enumerate(self.operators):
            early = [tensor for tensor in op.inputs if self.makers.get(tensor, -1) >= index]
            if early:
                found.add(
                    VERIFY_ORDER,
                    f"{op.shown} reads a result before it is there",
                    operator=index,
                    tensor=self.tensors[early[0]].name,
                    notes=("operators run in the order of the file",),
                )

    def check_border(self) -> bool:
        """Inputs and outputs; whether their types are those of the manifest."""
        same = True
        for what, tensors in (("input", self.graph.inputs), ("output", self.graph.outputs)):
            expected = self.manifest[f"{what}s"]
            if len(expected) != len(tensors):
                same = False
                self.findings.add(
                    VERIFY_BORDER,
                    f"the file has {several(len(tensors), what)}, the manifest {len(expected)}",
                    expected=len(expected),
                    found=len(tensors),
                )
            for want, index in zip(expected, tensors, strict=False):
                tensor = self.tensors[index]
                same &= self.check_end(what, want, tensor)
        self.findings.compared.append("inputs and outputs: number, shape, type, batch of 1")
        self.findings.left_out.append("names of tensors: every way of converting has its own")
        return same

    def check_end(self, what: str, want: dict[str, Any], tensor: Tensor) -> bool:
        found = self.findings
        shape = tuple(want["shape"])
        if tensor.shape[1:] != shape:
            found.add(
                VERIFY_BORDER,
                f"the {what} `{want['name']}` has another shape",
                tensor=tensor.name,
                layer=want["name"],
                expected=f"1x{shape_text(shape)}",
                found=shape_text(tensor.signature),
            )
        elif any(extent < 0 for extent in tensor.signature[1:]):
            found.add(
                VERIFY_BORDER,
                f"the {what} `{want['name']}` leaves its size open",
                tensor=tensor.name,
                layer=want["name"],
                expected=f"1x{shape_text(shape)}",
                found=shape_text(tensor.signature),
                help="build the model with a fixed input shape",
            )
        batch = tensor.signature[0] if tensor.signature else 1
        if batch not in (1, -1):
            found.add(
                VERIFY_BATCH,
                f"the {what} `{want['name']}` is made for a batch of {batch}",
                tensor=tensor.name,
                expected=1,
                found=batch,
                help=BATCH_HELP,
            )
        elif batch == -1 and what == "input":
            arithmetic = any(op.name in SHAPE_ARITHMETIC for op in self.operators)
            found.add(
                VERIFY_BATCH,
                f"the {what} `{want['name']}` leaves the batch open"
                + (", and the file computes with it" if arithmetic else ""),
                level="error" if arithmetic else "note",
                tensor=tensor.name,
                expected=1,
                found="open",
                notes=()
                if arithmetic
                else ("no operator of this file depends on it; tools take it as 1",),
                help=BATCH_HELP,
            )
        if tensor.dtype == want["dtype"]:
            return True
        if self.scheme.name == "int8" or tensor.dtype != "float32":
            found.add(
                VERIFY_BORDER,
                f"the {what} `{want['name']}` is {tensor.dtype}, not {want['dtype']}",
                tensor=tensor.name,
                layer=want["name"],
                expected=want["dtype"],
                found=tensor.dtype,
                help=f"convert with `inference_{what}_type = tf.{want['dtype']}`, or write "
                f"`target {self.target}(io = {tensor.dtype})` in the spec"
                if tensor.dtype in ("float32", "int8", "uint8")
                else f"convert with `inference_{what}_type = tf.{want['dtype']}`",
            )
        return False

    def check_scheme(self) -> bool:
        """Whether the file is quantised as the manifest says at all."""
        scheme = self.scheme
        self.findings.compared.append("precision: int8 activations, int8 weights per channel")
        if scheme.name == "int8":
            return True
        self.findings.add(
            VERIFY_PRECISION,
            f"the file is {scheme.title}",
            operator=scheme.operator,
            tensor=scheme.tensor,
            expected="int8 weights and int8 activations",
            found=scheme.found,
            notes=("operators are compared without those that convert between types",),
            help=scheme.help,
        )
        return False

    def check_operators(self, with_border: bool) -> bool:
        """Operators, order, shapes, activations and wiring; whether all are the manifest's."""
        found = self.findings
        expected = self.rows.sequence
        if expected is None:
            return self.check_counts(with_border)
        wanted = [
            e for e in expected if with_border or not (e.border and e.item.operator in CONVERSIONS)
        ]
        skip = CONVERSIONS if self.scheme.name != "int8" else frozenset()
        indices = [
            index
            for index, op in enumerate(self.operators)
            if with_border or not (self.border(index) or op.name in skip)
        ]
        if skip:
            wanted = [e for e in wanted if e.item.operator not in skip]
        ours = [e.item for e in wanted]
        theirs = [self.item(index) for index in indices]
        found.compared.append(
            f"operators: {len(ours)}, their order, shapes, fused activations and wiring"
        )
        if ours != theirs and Counter(ours) == Counter(theirs):
            pairs = self.reordered(wanted, indices)
        else:
            pairs = [
                (a if a is None else wanted[a].number, b if b is None else indices[b])
                for a, b in align(ours, theirs)
            ]
            self.report(pairs)
        self.paired = pairs
        matched = [(a, b) for a, b in pairs if a is not None and b is not None]
        for a, b in matched:
            self.check_pair(expected[a], b)
        if not found.failed or all(
            difference.code in (VERIFY_PRECISION.name, VERIFY_BORDER.name)
            for difference in found.differences
        ):
            check_wiring(self.rows, self.graph, matched, found)
        return not found.failed

    def check_counts(self, with_border: bool) -> bool:
        """Operators by number, where the manifest has no more (schema 1.0)."""
        found = self.findings
        ours: dict[str, int] = dict(self.deployed["operators"])
        theirs = Counter(
            op.name
            for index, op in enumerate(self.operators)
            if with_border or op.name not in CONVERSIONS
        )
        found.compared.append(f"operators: {sum(ours.values())}, by number of each")
        found.left_out.append(
            "order, shapes and wiring of operators: the manifest is of version "
            f"{self.manifest['schema_version']}; compile the spec again"
        )
        same = True
        for name in sorted({*ours, *theirs}):
            if not with_border and name in CONVERSIONS:
                continue
            if ours.get(name, 0) != theirs.get(name, 0):
                same = False
                first = next((i for i, op in enumerate(self.operators) if op.name == name), None)
                found.add(
                    VERIFY_OPERATORS,
                    f"{several(theirs.get(name, 0), name)}, where the manifest has "
                    f"{ours.get(name, 0)}",
                    operator=first,
                    expected=ours.get(name, 0),
                    found=theirs.get(name, 0),
                    notes=why(name),
                    help=remedy(name),
                )
        return same

    def reordered(self, wanted: Sequence[Expected], indices: Sequence[int]) -> list[Pair]:
        """The same operators in another order: pairs of equal ones, the first with the first."""
        found = self.findings
        at = next(i for i, e in enumerate(wanted) if e.item != self.item(indices[i]))
        predicted = self.deployed.get("order") == "predicted"
        found.add(
            VERIFY_ORDER,
            "the operators are those of the manifest, in another order",
            level="note" if predicted else "error",
            operator=indices[at],
            layer=wanted[at].layer,
            expected=_shown(wanted[at].item),
            found=_shown(self.item(indices[at])),
            notes=(
                "the manifest only predicts the order between parallel branches; names of layers "
                "decide it in the converter",
            )
            if predicted
            else ("only one order is possible in this network, so it is wired differently",),
        )
        free: dict[Item, list[int]] = {}
        for e in reversed(wanted):
            free.setdefault(e.item, []).append(e.number)
        return [(free[self.item(index)].pop(), index) for index in indices]

    def report(self, pairs: Iterable[Pair]) -> None:
        """What only one side has."""
        found = self.findings
        expected = self.rows.sequence or ()
        extra: dict[str, list[int]] = {}
        for a, b in pairs:
            if a is not None and b is None:
                want = expected[a]
                found.add(
                    VERIFY_OPERATORS,
                    f"{want.item.operator} is missing"
                    + (f": the layer `{want.layer}`" if want.layer else ""),
                    layer=want.layer,
                    expected=_shown(want.item),
                )
            elif b is not None and a is None:
                extra.setdefault(self.operators[b].shown, []).append(b)
        for name, places in extra.items():
            first = places[0]
            result = self.result(self.operators[first])
            numbers = ", ".join(map(str, places[:8])) + (", ..." if len(places) > 8 else "")
            found.add(
                VERIFY_OPERATORS,
                f"{name} is not in the manifest"
                + (f", and there {len(places)} times: operators {numbers}" if places[1:] else ""),
                operator=first,
                tensor=result.name if result is not None else None,
                layer=self.rows.named(result.name if result is not None else ""),
                found=_shown(self.item(first)),
                notes=why(self.operators[first].name),
                help=remedy(self.operators[first].name),
            )

    def check_pair(self, want: Expected, index: int) -> None:
        """Shape, activation and products of an operator that both have."""
        found = self.findings
        op = self.operators[index]
        item = self.item(index)
        if item.shape != want.item.shape:
            found.add(
                VERIFY_SHAPE,
                f"{op.name} gives {shape_text(item.shape)}, not {shape_text(want.item.shape)}",
                operator=index,
                layer=want.layer,
                expected=shape_text(want.item.shape),
                found=shape_text(item.shape),
            )
            return
        if want.activation != op.activation and want.settled:
            found.add(
                VERIFY_ACTIVATION,
                f"{op.name} has {op.activation or 'no activation'} fused, not "
                f"{want.activation or 'none'}",
                operator=index,
                layer=want.layer,
                expected=want.activation or "none",
                found=op.activation or "none",
            )
        filter_ = self.tensor(op, 1)
        if want.macs is None or filter_ is None or op.name not in KERNELS:
            return
        positions = _positions(op.name, item.shape)
        if positions is not None and positions * filter_.elements != want.macs:
            found.add(
                VERIFY_WEIGHTS,
                f"{op.name} has a filter of {shape_text(filter_.shape)}, which is not that of "
                "the manifest",
                operator=index,
                tensor=filter_.name,
                layer=want.layer,
                expected=f"{want.macs // positions:,} weights and {want.macs:,} MACs",
                found=f"{filter_.elements:,} weights and {positions * filter_.elements:,} MACs",
            )

    # --- quantisation ---

    def check_kernels(self) -> None:
        """Filters: int8, one scale per output channel, none sparse. And what is float inside."""
        found = self.findings
        layers = self.layers()
        for index, op in enumerate(self.operators):
            axis = KERNELS.get(op.name)
            filter_ = self.tensor(op, 1)
            if axis is None or filter_ is None:
                continue
            where = partial(found.add, operator=index, tensor=filter_.name, layer=layers.get(index))
            if filter_.dtype != "int8":
                if filter_.constant:
                    where(
                        VERIFY_PRECISION,
                        f"the filter of {op.name} is {filter_.dtype}, not int8",
                        expected="int8",
                        found=filter_.dtype,
                        help=CONVERT,
                    )
                continue
            if filter_.sparse:
                where(
                    VERIFY_WEIGHTS,
                    f"the filter of {op.name} is stored sparse",
                    expected="all its values",
                    found="those that are not zero",
                    notes=("neither TFLite Micro nor the NPU compiler reads sparse tensors",),
                    help="convert without `EXPERIMENTAL_SPARSITY`; zeros may stay zeros",
                )
            channels = filter_.shape[axis] if axis < len(filter_.shape) else 0
            given = filter_.quantization
            scales = len(given.scales) if given else 0
            if channels > 1 and scales != channels:
                dense = op.name == "FULLY_CONNECTED"
                # The two options are attributes of `tf.lite.TFLiteConverter` (TensorFlow 2.21).
                option = "_experimental_disable_per_channel" + (
                    "_quantization_for_dense_layers" if dense else ""
                )
                where(
                    VERIFY_PRECISION,
                    f"the filter of {op.name} is quantised per tensor, not per channel"
                    if scales == 1
                    else f"the filter of {op.name} has {several(scales, 'scale')}",
                    level="note" if dense and scales == 1 else "error",
                    expected=f"{channels} scales, one per output channel",
                    found=several(scales, "scale"),
                    notes=("one scale for all channels costs accuracy, most in depthwise layers",),
                    help=f"leave per-channel quantisation on: do not set `{option}`",
                )
            elif given and scales > 1 and given.axis != axis:
                where(
                    VERIFY_PRECISION,
                    f"the scales of the filter of {op.name} are along axis {given.axis}",
                    expected=f"axis {axis}, the output channels",
                    found=f"axis {given.axis}",
                )
            if given and any(given.zero_points):
                where(
                    VERIFY_PRECISION,
                    f"the filter of {op.name} is not quantised symmetrically",
                    expected="zero points of 0",
                    found=f"a zero point of {next(filter(None, given.zero_points))}",
                    notes=("the int8 kernels of TFLite take weights without zero points",),
                )
        self.check_islands(layers)

    def layers(self) -> dict[int, str]:
        """The layer that each operator of the file belongs to, where it is known."""
        sequence = self.rows.sequence
        if sequence is None:
            named = {}
            for index, op in enumerate(self.operators):
                result = self.result(op)
                layer = self.rows.named(result.name) if result is not None else None
                if layer is not None:
                    named[index] = layer
            return named
        found = {}
        for a, b in self.paired:
            if a is not None and b is not None:
                layer = sequence[a].layer
                if layer is not None:
                    found[b] = layer
        return found

    def check_islands(self, layers: dict[int, str]) -> None:
        """Runs of operators inside the border that compute in floating point.

        Where all operators are those of the manifest, an island is one that it has itself.
        """
        if self.rows.sequence is not None and all(None not in pair for pair in self.paired):
            return
        runs: list[list[int]] = []
        for index, op in enumerate(self.operators):
            result = self.result(op)
            if result is None or self.border(index):
                continue
            if not result.dtype.startswith(("float", "bfloat")):
                continue
            if runs and runs[-1][-1] == index - 1:
                runs[-1].append(index)
            else:
                runs.append([index])
        for run in runs:
            names = ", ".join(self.operators[index].shown for index in run[:8])
            result = self.result(self.operators[run[0]])
            self.findings.add(
                VERIFY_PRECISION,
                f"a float island: {names}{', ...' if run[8:] else ''} inside the int8 network",
                operator=run[0],
                tensor=result.name if result else None,
                layer=next((layers[i] for i in run if i in layers), None),
                expected="int8",
                found=result.dtype if result else None,
                notes=("these operators run on the CPU, with a conversion before and after",),
                help="the converter has no int8 kernel for one of them: use another layer",
            )

    def check_bytes(self, same: bool) -> None:
        """Bytes of weights. Constants of equal bytes are stored once and counted once, since
        schema 1.2; a file may share more, such as the biases of a network that is not trained."""
        found = self.findings
        constants: dict[int, bool] = {}
        for op in self.operators:
            for place, tensor in enumerate(op.inputs):
                if tensor >= 0 and tensor not in self.makers and self.tensors[tensor].constant:
                    weight = self.tensors[tensor].dtype == "int8" or place == _BIASES.get(op.name)
                    constants[tensor] = constants.get(tensor, False) or weight
        lost, names = self.lost_biases()
        weights = [tensor for tensor, weight in constants.items() if weight]
        for key, what, counted in (
            ("weight_bytes", "weights", weights),
            ("constant_bytes", "constants", list(constants)),
        ):
            if key not in self.deployed:
                continue
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
        return self.tensors[tensor].size

    def stored(self, tensors: Iterable[int]) -> int:
        """Bytes of constants in the file, those that share a buffer once."""
        return sum({self.tensors[t].buffer: self.tensors[t].size for t in tensors}.values())

    def check_arena(self, same: bool) -> None:
        """What the operators of the file need of memory, in the order in which they stand."""
        found = self.findings
        network = file_network(self.model)
        if network is None or found.failed or "arena_bytes" not in self.deployed:
            return  # not known, or follows from what was said already
        given = self.deployed.get("tflite_micro")
        head = self.deployed["arena_bytes"]
        self.check_memory("head of the arena", head, activations(network), same)
        if given is None or given["build"] not in BUILDS or given["smallest_working"] is None:
            return
        arena = measure(network, given["build"]).arena
        if arena is not None:
            what = f"smallest arena that works ({BUILDS[given['build']].title})"
            # Less does no harm: fewer scales, biases that an untrained network loses.
            size = max(arena.smallest_working, given["smallest_working"])
            self.check_memory(what, given["smallest_working"], size, same)

    def check_memory(self, what: str, want: int, size: int, same: bool) -> None:
        self.findings.compared.append(f"TFLite Micro, {what}: {want:,} bytes")
        if size != want:
            self.findings.add(
                VERIFY_MEMORY,
                f"the {what} has {size:,} bytes, not {want:,}",
                level="error" if size > want else "note",
                expected=f"{want:,}",
                found=f"{size:,}",
                notes=() if same else ("operators stand in another order",),
            )

    def lost_biases(self) -> tuple[int, list[str]]:
        """Bytes of the biases that layers have and their operators in the file do not, and those
        layers (`lowering.md` section 6)."""
        lost, names = 0, []
        layers = self.layers()
        for index, op in enumerate(self.operators):
            if op.name not in ("FULLY_CONNECTED", "TRANSPOSE_CONV"):
                continue
            layer = layers.get(index)
            if self.tensor(op, _BIASES[op.name]) is not None or layer is None:
                continue
            units = self.rows.bias(layer)
            if units:
                lost += 4 * units
                names.append(layer)
        return lost, names

    # --- values ---

    def check_values(self) -> None:
        """Scales that mean nothing, weights that are all zero or mostly so."""
        found = self.findings
        for tensor in self.tensors:
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
        zeros = total = 0
        biases: dict[int, bool] = {}
        for op in self.operators:
            filter_, bias = self.tensor(op, 1), self.tensor(op, _BIASES.get(op.name, 0))
            if op.name not in KERNELS or filter_ is None or not filter_.constant:
                continue
            if filter_.dtype == "int8":
                zeros += self.model.values(filter_).count(0)
                total += filter_.size
            if bias is not None and bias.constant:
                values = self.model.values(bias)
                biases[bias.buffer] = values.count(0) == len(values)
        if biases and all(biases.values()) and len(self.rows.kernels) > 1:
            found.add(
                VERIFY_VALUES,
                "every bias is zero: the network is not trained",
                level="note",
            )
        if total and zeros / total >= _PRUNED:
            found.add(
                VERIFY_VALUES,
                f"{zeros / total:.0%} of the weights are zero: the network was pruned",
                level="note",
                notes=("the NPU multiplies by zeros all the same; only the file packs better",),
            )
        found.left_out.append("values of weights: the manifest does not have them")
        for doubt in self.deployed.get("unknown", ()):
            layers = ", ".join(f"`{layer}`" for layer in doubt["layers"][:4])
            found.left_out.append(
                f"what the manifest itself only guesses, {layers}: {doubt['reason']}"
            )


def _inner(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the batch; a vector of constants for broadcasting has none."""
    return shape[1:] if len(shape) > 1 else shape


def _shown(item: Item) -> str:
    return f"{item.operator} {shape_text(item.shape)}"


def _positions(name: str, shape: tuple[int, ...]) -> int | None:
    """How often every weight of a filter is used, by the shape of the result: MACs per weight."""
    if name in ("CONV_2D", "DEPTHWISE_CONV_2D") and len(shape) == 3:
        return shape[0] * shape[1]
    if name == "FULLY_CONNECTED":
        count = 1
        for extent in shape[:-1]:
            count *= extent
        return count
    return None
