"""What of a network every format shows alike: convolutions, pools, merges, and who reads whom.

Exporters fold, split and move the rest each in their own way: padding, reshapes, batch
normalisations, conversions between types, activations. So a manifest and a file are both reduced to
these parts, and activations to the functions that are applied to what a part gives.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from archc.models.deployed import FileGraph
from archc.models.verify.align import Item
from archc.models.verify.rows import Expected, Rows
from archc.models.verify.scheme import KERNELS

CONCATENATION = "CONCATENATION"
_POOLS = frozenset({"MAX_POOL_2D", "AVERAGE_POOL_2D", "MEAN", "REDUCE_MAX"})
_RESIZES = frozenset({"RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"})
_MERGES = frozenset({"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "ADD_N", CONCATENATION})
_MERGING = frozenset(
    {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average", "Concatenate"}
)
"""Classes of Keras layers whose operators are merges: those of others only compute a function."""
_FUNCTIONS = frozenset(
    {
        *("RELU", "RELU6", "LOGISTIC", "TANH", "HARD_SWISH", "SWISH", "GELU", "ELU", "LEAKY_RELU"),
        *("PRELU", "HardSigmoid", "Softplus", "Mish", "Selu", "EXP", "LOG", "SOFTMAX"),
    }
)
GATED = "a product with what it reads"
_COMPOSED = {
    frozenset({"LOGISTIC", GATED}): "SWISH",
    frozenset({"HardSigmoid", GATED}): "HARD_SWISH",
    frozenset({"RELU6", GATED}): "HARD_SWISH",
}
"""Functions that some write as several operators."""


class Part(NamedTuple):
    """An operator that computes."""

    number: int
    """Its place in the manifest's sequence, or in the file."""
    item: Item
    """Its kind, and the shape of its result without axes of one element."""
    macs: int
    """Products; 0 of what has no filter."""
    reads: tuple[int, ...]
    """The parts it reads, by their places in the list; -1 for the first input, -2 for the next."""
    layer: str | None
    """Of the manifest."""
    name: str
    """Of the operator in the file."""


class Parts(NamedTuple):
    """A network, reduced."""

    parts: tuple[Part, ...]
    inputs: tuple[tuple[int, ...], ...]
    """Their shapes, without axes of one element."""
    outputs: tuple[int, ...]
    """What each output comes from, as `Part.reads`."""
    functions: tuple[frozenset[str] | None, ...]
    """By part: what is applied to its result before another part reads it; None where a manifest
    does not tell."""
    floors: frozenset[int] = frozenset()
    """Of a quantised file: the parts whose results, or what is made of them before another part,
    have a range that begins at 0."""

    def labels(self) -> list[str]:
        """A text for each part that is equal for equal parts which read equal ones."""
        made: list[str] = []
        for part in self.parts:
            read = [self.label(made, one) for one in part.reads]
            ordered = read if part.item.operator in (CONCATENATION, "SUB", "DIV") else sorted(read)
            made.append(sha256(repr((part.item, part.macs, ordered)).encode()).hexdigest())
        return made

    def label(self, made: Sequence[str], place: int) -> str:
        return made[place] if place >= 0 else repr(self.inputs[-1 - place])


def of_file(graph: FileGraph) -> Parts:
    """The parts of a deployed file. Of operators without weights that compute the same of the same
    one counts: the converter stores such once, other exporters each."""
    values = {tensor: -1 - place for place, tensor in enumerate(graph.inputs)}
    parts: list[Part] = []
    functions: dict[int, set[str]] = {}
    floors: set[int] = set()
    first: dict[object, int] = {}
    twins: dict[int, int] = {}
    for number, op in enumerate(graph.operators):
        read = [values[tensor] for tensor in graph.reads(op) if tensor in values]
        value = read[0] if read else 0
        item = Item(canonical(op.kind, _map(graph, op.outputs)), _map(graph, op.outputs))
        made = op.outputs[0] if len(op.outputs) == 1 else -1
        if made >= 0 and not op.weights and _computes(op.kind, read):
            tensors = tuple(twins.get(tensor, tensor) for tensor in graph.reads(op))
            tables = tuple(graph.tensors[table].values for table in op.tables)
            same = (op.kind, tensors, tables, op.window, op.pads, op.settings, op.activation)
            twins[made] = first.setdefault(same, made)
        if twins.get(made, made) != made:
            value = values[twins[made]]
        elif _computes(op.kind, read):
            parts.append(Part(number, item, op.macs or 0, tuple(read), None, op.name))
            value = len(parts) - 1
        elif op.kind in _FUNCTIONS:
            functions.setdefault(value, set()).add(op.kind)
        elif op.kind in _MERGES and len(read) > 1:
            functions.setdefault(value, set()).add(GATED)
        if op.activation not in (None, "NONE"):
            functions.setdefault(value, set()).add(str(op.activation))
        values |= dict.fromkeys(op.outputs, value)
        if value >= 0 and _begins_at_zero(graph, op.outputs):
            floors.add(value)
    ends = tuple(values.get(tensor, -1) for tensor in graph.outputs)
    told = tuple(_composed(functions.get(place, ())) for place in range(len(parts)))
    inputs = tuple(_map(graph, (tensor,)) for tensor in graph.inputs)
    return Parts(tuple(parts), inputs, ends, told, frozenset(floors))


def of_manifest(manifest: dict[str, Any], rows: Rows) -> Parts:
    """The parts of a manifest."""
    return _Manifest(manifest, rows).parts()


class _Manifest:
    def __init__(self, manifest: dict[str, Any], rows: Rows) -> None:
        self.manifest, self.rows = manifest, rows
        self.values: dict[str, tuple[int, ...]] = {
            entry["name"]: (-1 - place,) for place, entry in enumerate(manifest["inputs"])
        }
        self.made: list[Part] = []
        self.functions: dict[int, set[str] | None] = {}
        self.entries: dict[str, list[Expected]] = {}
        self.twins = _twins(manifest, rows)
        for one in rows.sequence:
            own = tuple(layer for layer in one.layers if layer not in self.twins)
            want = one._replace(layers=own)
            for layer in own:
                self.entries.setdefault(layer, []).append(want)

    def parts(self) -> Parts:
        """Layers are in an order of execution; an operator counts at the last of its layers."""
        for row in self.manifest["layers"]:
            name = row["name"]
            if name in self.twins:
                self.values[name] = self.values[self.twins[name]]
            elif name not in self.values:
                own = self.entries.get(name, [])
                last = [want for want in own if want.layers[-1] == name]
                read = _distinct(v for source in row["inputs"] for v in self.values.get(source, ()))
                self.values[name] = read
                if last or not own:
                    self.layer(name, last, read)
        inputs = tuple(squeezed(entry["shape"]) for entry in self.manifest["inputs"])
        ends = tuple(
            self.values.get(entry.get("layer", ""), (len(self.made) - 1,))[0]
            for entry in self.manifest["outputs"]
        )
        told = []
        for place in range(len(self.made)):
            known = self.functions.get(place, set())
            told.append(None if known is None else _composed(known))
        return Parts(tuple(self.made), inputs, ends, tuple(told))

    def layer(self, name: str, last: Sequence[Expected], read: tuple[int, ...]) -> None:
        """Take in a layer whose operators, if it has any, end with it."""
        row = self.rows.by_name[name]
        for want in last:
            rows = [self.rows.by_name[layer] for layer in want.layers if layer in self.rows.by_name]
            read = self.read(want)
            kind = want.item.operator
            merges = kind not in _MERGES or any(one["class_name"] in _MERGING for one in rows)
            if merges and _computes(kind, read):
                shape = squeezed(want.item.shape)
                single = kind == "DEPTHWISE_CONV_2D" and self.entering(want) == 1
                item = Item("CONV_2D" if single else canonical(kind, shape), shape)
                macs = sum(one["macs"] or 0 for one in rows)
                label = want.layer or kind
                self.made.append(Part(want.number, item, macs, read, want.layer, label))
                read = (len(self.made) - 1,)
            elif kind in _FUNCTIONS or kind in _MERGES:
                self.apply(read, row["class_name"], kind, last)
            if want.activation is not None:
                self.add(read, want.activation)
            for layer in want.layers:
                self.values[layer] = read
        self.values[name] = read

    def read(self, want: Expected) -> tuple[int, ...]:
        """What an operator reads: what its layers read that is not of itself, or what the operators
        before it of the same layers gave."""
        sources = [
            source
            for layer in want.layers
            for source in self.rows.by_name.get(layer, {"inputs": ()})["inputs"]
            if source not in want.layers
        ]
        earlier = [
            one
            for layer in want.layers
            for one in self.entries[layer]
            if one.number < want.number and one.layers[-1] == want.layers[-1]
        ]
        if earlier and want.layers[-1] in self.values and self.started(earlier):
            return self.values[want.layers[-1]]
        return _values(self.values, sources)

    def entering(self, want: Expected) -> int:
        """Channels that an operator reads."""
        read = self.rows.by_name[want.layers[0]]["inputs"]
        shape = self.rows.by_name[read[0]]["output_shape"] if read else ()
        return shape[-1] if shape else 0

    def started(self, earlier: Sequence[Expected]) -> bool:
        return any(part.number == one.number for one in earlier for part in self.made)

    def apply(self, read: Iterable[int], kind: str, operator: str, own: Sequence[Expected]) -> None:
        """A function of what is read, of which a layer may leave several operators."""
        kinds = [want.item.operator for want in own]
        if kind in _MERGING:
            self.add(read, GATED)
        elif kinds == ["LOGISTIC", "MUL"]:
            self.add(read, "SWISH")
        elif len(kinds) == 1 and operator in _FUNCTIONS:
            self.add(read, operator)
        elif kind == "Activation":
            for place in read:
                self.functions[place] = None  # a hard sigmoid, say, in parts

    def add(self, read: Iterable[int], function: str) -> None:
        for place in read:
            known = self.functions.setdefault(place, set())
            if known is not None:
                known.add(function)


def _twins(manifest: dict[str, Any], rows: Rows) -> dict[str, str]:
    """Layers that are one operator with an earlier one which computes the same of the same: by name
    the first of them."""
    twins: dict[str, str] = {}
    order = {row["name"]: place for place, row in enumerate(manifest["layers"])}
    for want in rows.sequence:
        first: dict[object, str] = {}
        known = [layer for layer in dict.fromkeys(want.layers) if layer in order]
        for layer in sorted(known, key=order.__getitem__) if len(known) > 1 else ():
            row = rows.by_name[layer]
            read = tuple(twins.get(source, source) for source in row["inputs"])
            key = row["class_name"], read, tuple(row["output_shape"])
            if (earlier := first.setdefault(key, layer)) != layer:
                twins[layer] = earlier
    return twins


def canonical(kind: str, shape: Sequence[int]) -> str:
    """The kind as far as it is compared: a pool over all of a map is a mean, in whatever way a
    map is resized."""
    if kind == "AVERAGE_POOL_2D" and len(shape) <= 1:
        return "MEAN"
    return "RESIZE" if kind in _RESIZES else kind


def _computes(kind: str, read: Sequence[int]) -> bool:
    if kind in _MERGES:
        return len(set(read)) > 1 or (kind == CONCATENATION and len(read) > 0)
    return kind in KERNELS or kind in _POOLS or kind in _RESIZES


def _values(values: dict[str, tuple[int, ...]], sources: Iterable[str]) -> tuple[int, ...]:
    return tuple(value for source in sources for value in values.get(source, ()))


def _distinct(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(values))


def _composed(functions: Iterable[str]) -> frozenset[str]:
    known = frozenset(functions)
    for several, one in _COMPOSED.items():
        if several <= known:
            known = known - several | {one}
    return known


def _map(graph: FileGraph, tensors: Sequence[int]) -> tuple[int, ...]:
    return squeezed(graph.tensors[tensors[0]].map) if tensors else ()


def _begins_at_zero(graph: FileGraph, tensors: Sequence[int]) -> bool:
    """Whether nothing below 0 can be said of a result; also where its range is not known."""
    scales = graph.tensors[tensors[0]].scales if tensors else None
    return scales is not None and (scales.range is None or abs(scales.range[0]) < 1e-9)


def squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    """A shape without axes of one element."""
    return tuple(extent for extent in shape if extent != 1)
