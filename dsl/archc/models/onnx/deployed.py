"""An ONNX file as a deployed graph (`archc.models.deployed`)."""

import os

from archc.diagnostics.codes import LIMIT
from archc.diagnostics.model import reject
from archc.diagnostics.text import few, several
from archc.digest import sha256
from archc.limits import DEFAULT_LIMITS, Limits
from archc.models.deployed import FileGraph, Gap, Operator, Scales, Tensor, checked
from archc.models.deployed.graph import unique
from archc.models.deployed.scheme import scheme
from archc.models.elements import bits
from archc.models.onnx.constants import Held
from archc.models.onnx.constants import Scales as FileScales
from archc.models.onnx.folding import Folded, Map, Step, fold
from archc.models.onnx.gates import refuse
from archc.models.onnx.layout import OUTPUTS, channels_second, filter_shape, on_device
from archc.models.onnx.model import Model
from archc.models.onnx.naming import activation, edges, kind, macs, settings, window
from archc.models.onnx.operators import OPERATORS, role
from archc.models.onnx.reader import SUFFIX, read, short
from archc.models.onnx.tables import axes, cuts
from archc.models.onnx.traits import moves_nothing, traits
from archc.models.onnx.wiring import known, wired


def deployed(path: str, data: bytes, limits: Limits = DEFAULT_LIMITS) -> FileGraph:
    """The deployed graph of an ONNX file, quantised (QDQ) or float. Nothing of it is run.

    Raises:
        Rejected: it is not an ONNX file, is damaged, or larger than a bound; it is quantised
            otherwise; or a node cannot be part of a network that is deployed.
    """
    model = read(path, data, limits)
    wiring = wired(model)
    refuse(wiring)
    folded = fold(wiring)
    if len(folded.steps) > limits.operators:
        raise reject(
            LIMIT,
            f"`{path}` has {len(folded.steps):,} operators, more than {limits.operators:,}, the "
            "limit `operators`",
            help="if that is meant, raise it with `--limit operators=N`",
        )
    return checked(_Graph(folded).made(model, data))


class _Graph:
    def __init__(self, folded: Folded) -> None:
        self.folded = folded
        self.second = channels_second(folded)
        self.tensors: list[Tensor] = [self.map(i, one) for i, one in enumerate(folded.maps)]
        self.places: dict[object, int] = {}

    def made(self, model: Model, data: bytes) -> FileGraph:
        folded = self.folded
        names = unique([short(step.node.name) for step in folded.steps])
        operators = tuple(
            self.operator(step, name) for step, name in zip(folded.steps, names, strict=True)
        )
        computing = tuple(
            op
            for op, step in zip(operators, folded.steps, strict=True)
            if not moves_nothing(folded, step)
        )
        outputs = tuple(
            self.constant(source) if isinstance(source, Held) else int(source or 0)
            for source in folded.outputs
        )
        unnamed = os.path.basename(model.name)
        tensors = tuple(self.tensors)
        return FileGraph(
            name=unnamed[: -len(SUFFIX)] if unnamed.lower().endswith(SUFFIX) else unnamed,
            path=model.name,
            format=SUFFIX,
            scheme=scheme(computing, tensors),
            tensors=tensors,
            operators=operators,
            inputs=folded.inputs,
            outputs=outputs,
            size=len(data),
            digest=f"sha256:{sha256(data).hexdigest()}",
            gaps=tuple(_gaps(folded, operators)),
            remarks=tuple(_remarks(folded)),
            traits=traits(folded),
        )

    def map(self, index: int, one: Map) -> Tensor:
        declared, dtype = one.value.shape, one.value.dtype
        shape = on_device(declared) if index in self.second else declared
        return Tensor(
            one.name,
            shape,
            dtype,
            bits(dtype),
            one.value.bytes,
            _scales(one.scales),
            view=one.view,
            declared=declared if shape != declared else None,
        )

    def constant(self, held: Held, what: str = "", turned: bool = False) -> int:
        """The index of a constant, which several operators may read; with ``what``, of a filter."""
        key = (held.origin, held.shape, what, turned)
        if key not in self.places:
            self.places[key] = len(self.tensors)
            shape = filter_shape(what, held.shape, turned) if what else held.shape
            scales = _scales(held.scales)
            if what and scales is not None and scales.axis is not None:
                scales = scales._replace(axis=OUTPUTS.get(what, 0))
            self.tensors.append(
                Tensor(
                    held.origin[0],
                    shape,
                    held.dtype,
                    bits(held.dtype),
                    held.bytes,
                    scales,
                    True,
                    held.origin,
                    _whole(held),
                    declared=held.shape if shape != held.shape else None,
                    number=float(held.values[0]) if held.values and len(held.values) == 1 else None,
                )
            )
        return self.places[key]

    def table(self, step: Step, values: tuple[int, ...]) -> int:
        """A table that the file has as an attribute: no bytes of constants."""
        name = f"{step.node.name}/axes"
        self.tensors.append(
            Tensor(
                name, (len(values),), "int32", 32, 0, None, True, (name, len(self.tensors)), values
            )
        )
        return len(self.tensors) - 1

    def operator(self, step: Step, name: str) -> Operator:
        folded, node = self.folded, step.node
        what = kind(folded, step)
        entry = OPERATORS.get(node.kind) if known(node) else None
        turned = node.kind == "MatMul" or (node.kind == "Gemm" and not node.number("transB", 0))
        inputs: list[int] = []
        parts: dict[str, list[int]] = {"m": [], "w": [], "b": [], "t": []}
        for place, source in enumerate(step.reads):
            part = role(entry, place) if entry is not None else "m"
            if isinstance(source, Held):
                index = (
                    self.constant(source, what, turned) if part == "w" else self.constant(source)
                )
                parts[part].append(index)
            else:
                index = -1 if source is None else source
            inputs.append(index)
        tables = parts["t"]
        if what == "TRANSPOSE_CONV":  # which TFLite has read the shape of its result first
            tables.append(self.table(step, self.tensors[step.makes[0]].shape))
            inputs = [tables[-1], inputs[1], inputs[0], *inputs[2:]]
        listed = axes(folded, step, self.second)
        if listed is not None:
            tables = [self.table(step, listed)]
            inputs = [*inputs[:1], *tables]
        if (given := cuts(folded, step, self.second)) is not None:
            inputs = [*inputs[:1], *(self.table(step, values) for values in given)]
        return Operator(
            name,
            what,
            _label(step),
            tuple(inputs),
            step.makes,
            next(iter(parts["w"]), None),
            next(iter(parts["b"]), None),
            tuple(dict.fromkeys((*parts["w"], *parts["b"], *parts["m"]))),
            tuple(tables),
            window(folded, step),
            int(node.number("group", 1)) if node.kind in ("Conv", "ConvTranspose") else 1,
            activation(step, folded.wiring.held),
            macs(folded, step),
            step.border,
            pads=edges(folded, step),
            settings=settings(folded, step, self.second),
        )


def _label(step: Step) -> str:
    """How the file calls it: `Conv + Relu`."""
    return " + ".join(short(node.kind) for node in step.nodes)


def _whole(held: Held) -> tuple[int, ...] | None:
    """The numbers of a short table."""
    if held.values is None or held.dtype not in ("int32", "int64"):
        return None
    return tuple(int(value) for value in held.values)


def _scales(scales: FileScales | None) -> Scales | None:
    if scales is None:
        return None
    axis = scales.axis if scales.size > 1 else None
    return Scales(scales.size, axis, scales.symmetric, range=scales.range)


def _gaps(folded: Folded, operators: tuple[Operator, ...]) -> list[Gap]:
    gaps = [Gap("arena", "TensorFlow Lite Micro does not run ONNX files")]
    for place, op in enumerate(operators):
        if op.macs is None:
            gaps.append(Gap("macs", f"how {op.label} computes is not known", place))
    return gaps


def _remarks(folded: Folded) -> list[str]:
    model = folded.wiring.model
    remarks = []
    if model.open_batch:
        names = few([f"`{short(name)}`" for name in model.open_batch], 3)
        remarks.append(f"the batch of {names} is left open, and taken as 1")
    outside = sum(constant.external for constant in model.constants.values())
    if outside:
        remarks.append(
            f"{several(outside, 'constant')} in another file, which is not read: "
            "the sizes are those that this file states"
        )
    return remarks
