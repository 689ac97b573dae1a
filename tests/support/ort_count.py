"""Quantise networks with onnxruntime, run them with every intermediate as an output, and count.

    python ort_count.py FOLDER

writes a file for each case of `support.onnx_nets` and `counts.json`. What a network costs is worked
out here from the arrays that came out of the session, by a rule of its own: tensors that are one
piece of memory are put into one class, and a class is as large as its array is. It shares no code
with archc. It is a process of its own since `import onnxruntime` alone leaves a file behind.
"""

import json
import logging
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime as ort  # noqa: E402
from onnx import numpy_helper  # noqa: E402
from onnxruntime import quantization as quantisation  # noqa: E402
from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: E402

from support.onnx_nets import CASES, Case, added_hard_swish, split_hard_swish  # noqa: E402

Q, D = "QuantizeLinear", "DequantizeLinear"
VIEWS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")
FUSED = ("Relu", "Clip", "LeakyRelu")
FUSING = (
    "Conv ConvTranspose Gemm MatMul Add Sub Mul Div Concat MaxPool AveragePool BatchNormalization"
)
FUSING += " GlobalAveragePool"
COPYING = "Identity Concat Max Min Sum Mean"
"""What makes of one input the same again."""
OPTIMISED = (added_hard_swish, split_hard_swish)
"""Networks of which it is asked, too, what onnxruntime joins in them."""
KERNELS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
TABLES = {"Clip": 1, "Reshape": 1, "Unsqueeze": 1, "Resize": 1, "Split": 1, "Slice": 1, "Pad": 1}
"""From which operand on an operator reads what is no weight."""


class Samples(quantisation.CalibrationDataReader):
    def __init__(self, feeds: list[dict[str, Any]]) -> None:
        self.feeds = iter(feeds)

    def get_next(self) -> Any:
        return next(self.feeds, None)


def feeds(model: onnx.ModelProto, count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    made = []
    for _ in range(count):
        feed = {}
        for entry in model.graph.input:
            shape = [e.dim_value or 1 for e in entry.type.tensor_type.shape.dim]
            feed[entry.name] = rng.normal(size=shape).astype(np.float32)
        made.append(feed)
    return made


def written(case: Case, folder: Path) -> Path:
    """The file of a case, quantised as it says."""
    before, path = folder / "float.onnx", folder / f"{case.name}.onnx"
    model = case.float_model()
    options = dict(case.options)
    if options.pop("float", False):
        onnx.save(model, path)
        return path
    onnx.save(model, before)
    if case.prepared:
        quant_pre_process(str(before), str(before), skip_symbolic_shape=True)
    for key in ("activation_type", "weight_type"):
        options[key] = getattr(quantisation.QuantType, options.get(key, "QInt8"))
    samples = Samples(feeds(model, 3))
    quantisation.quantize_static(str(before), str(path), samples, **options)
    return path


def run(path: Path) -> tuple[onnx.ModelProto, dict[str, Any]]:
    """A model and every array that it computes."""
    model = onnx.load(path)
    seen = onnx.load(path)
    kept = {entry.name for entry in seen.graph.output}
    for node in seen.graph.node:
        for name in filter(None, node.output):
            if name not in kept:
                seen.graph.output.append(onnx.ValueInfoProto(name=name))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(
        seen.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = feeds(model, 1)[0]
    names = [entry.name for entry in session.get_outputs()]
    arrays = dict(zip(names, session.run(names, feed), strict=True))
    return model, {**arrays, **feed}


class Count:
    """What a model costs, from its arrays."""

    def __init__(self, model: onnx.ModelProto, arrays: dict[str, Any]) -> None:
        graph = model.graph
        self.arrays = arrays
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.outputs = {entry.name for entry in graph.output}
        self.inputs = {entry.name for entry in graph.input} - self.stored.keys()
        self.nodes = list(graph.node)
        self.constant = set(self.stored)
        for node in self.nodes:
            inputs = [name for name in node.input if name]
            if node.op_type in ("Shape", "Constant") or self.constant.issuperset(inputs):
                self.constant.update(node.output)
        self.live = [n for n in self.nodes if not self.constant.issuperset(n.output)]
        self.same: dict[str, str] = {}
        for node in self.live:
            if self.copies(node) and node.output[0] not in self.outputs:
                self.same[node.output[0]] = self.named(node.input[0])
        self.live = [n for n in self.live if n.output[0] not in self.same]
        self.maker = {name: node for node in self.live for name in node.output}
        self.readers: dict[str, list[Any]] = {}
        for node in self.live:
            for name in {self.named(name) for name in node.input if name} - self.constant:
                self.readers.setdefault(name, []).append(node)
        self.parts = self.groups()
        self.whole = [node for node in self.live if id(node) not in self.parts]
        self.islands = {id(n) for n in self.whole if n.op_type not in (Q, D) and self.island(n)}
        self.homes: dict[str, str] = {}
        self.steps = [(node, *self.step(node)) for node in self.live]

    def copies(self, node: Any) -> bool:
        """Whether it made nothing but what it read, and would of any input."""
        if len(node.input) != 1 or node.op_type not in COPYING.split():
            return False
        read, made = (self.arrays[name] for name in (node.input[0], node.output[0]))
        return np.array_equal(read, made)

    def named(self, name: str) -> str:
        return self.same.get(name, name)

    def alone(self, name: str) -> Any:
        readers = self.readers.get(name, [])
        return readers[0] if len(readers) == 1 and name not in self.outputs else None

    def through(self, name: str) -> str:
        while name in self.maker and self.maker[name].op_type in (Q, D):
            name = self.named(self.maker[name].input[0])
        return name

    def groups(self) -> dict[int, Any]:
        """Nodes that are part of the operator of an earlier one, with that one."""
        parts: dict[int, Any] = {}
        for node in self.live:
            if id(node) in parts:
                continue
            after = self.alone(node.output[0])
            if node.op_type in FUSING.split() and after is not None and after.op_type in FUSED:
                parts[id(after)] = node
            slopes = [one.f for one in node.attribute if one.name == "alpha"]
            hard = node.op_type == "HardSigmoid" and slopes and round(6 * slopes[0], 2) == 1
            if node.op_type != "Sigmoid" and not hard:
                continue
            path = []
            while after is not None and after.op_type in (Q, D):
                path.append(after)
                after = self.alone(after.output[0])
            if after is not None and after.op_type == "Mul" and after not in path:
                pair = {self.through(self.named(name)) for name in after.input}
                if pair == {node.output[0], self.through(self.named(node.input[0]))}:
                    parts.update((id(n), node) for n in (*path, after))
        return parts

    def results(self, node: Any) -> list[str]:
        """What comes out of an operator, its parts included."""
        tails = [n for n in self.live if self.parts.get(id(n)) is node and n.op_type not in (Q, D)]
        return list((tails or [node])[-1].output)

    def parameters(self, node: Any) -> tuple[Any, ...]:
        """Scale, zero point and type of a quantiser."""
        scale, *zero = (self.value(name) for name in node.input[1:])
        return (scale.tolist(), zero[0].tolist() if zero else 0, str(zero[0].dtype) if zero else "")

    def value(self, name: str) -> Any:
        return (
            numpy_helper.to_array(self.stored[name]) if name in self.stored else self.arrays[name]
        )

    def quantised(self, name: str) -> bool:
        readers = self.readers.get(name, [])
        kinds = [self.parameters(node) for node in readers if node.op_type == Q]
        return (
            bool(readers)
            and len(kinds) == len(readers)
            and all(kind == kinds[0] for kind in kinds)
            and name not in self.outputs
        )

    def island(self, node: Any) -> bool:
        """Whether an operator works on floats."""
        inner = {name for n in self.live if self.parts.get(id(n)) is node for name in n.output}
        made = [n for n in self.results(node) if n in self.readers or n in self.outputs]
        if any(self.arrays[n].dtype == np.float32 and not self.quantised(n) for n in made):
            return True
        for place, raw in enumerate(node.input):
            name = self.named(raw)
            if name in self.constant:
                weight = node.op_type in KERNELS and place == 1
                if weight and self.root(name)[1].startswith("float"):
                    return True
                continue
            floats = name and self.arrays[name].dtype == np.float32 and name not in inner
            if floats and (name not in self.maker or self.maker[name].op_type != D):
                return True
        return False

    def root(self, name: str) -> tuple[str, str, int]:
        """Where a constant is stored: name, type on the device, bytes."""
        kind = None
        while name not in self.stored:
            node = next(n for n in self.nodes if name in n.output)
            if node.op_type == "Constant":
                tensor = node.attribute[0].t
                return name, kind or data_type(tensor), size(tensor, kind)
            if node.op_type == Q:
                kind = str(self.value(node.input[2]).dtype)
            name = node.input[0]
        tensor = self.stored[name]
        return name, kind or data_type(tensor), size(tensor, kind)

    def step(self, node: Any) -> tuple[bool, list[str], list[str]]:
        """Whether a node is an operator of a device, and the classes that it reads and makes."""
        if id(node) in self.parts:
            return False, [], []
        inputs = [self.named(n) for n in node.input if n and self.named(n) not in self.constant]
        if node.op_type == D:
            name, home = node.output[0], self.home(inputs[0])
            if not self.floats_are_read(name) and name not in self.outputs:
                self.homes[name] = home
                return False, [], []
            other = name if name in self.outputs else f"{self.through(inputs[0])} as float"
            again = other in self.homes.values()
            self.homes[name] = other
            return not again, [home], [other]
        if node.op_type == Q:
            return self.quantise(node, inputs[0])
        reads = [self.home(self.within(node, name)) for name in inputs]
        made = []
        for name in self.results(node):
            if not name:
                continue
            stored = id(node) not in self.islands and name in self.readers and self.quantised(name)
            home = f"{name} as integer" if stored else name
            if node.op_type in VIEWS and (not stored or self.keeps(node, name)):
                home = reads[0]
            self.homes[name] = home
            made.append(home)
        return True, reads, made

    def floats_are_read(self, name: str) -> bool:
        """Whether an operator on floats reads what a `DequantizeLinear` makes."""
        readers = (self.parts.get(id(node), node) for node in self.readers.get(name, []))
        return any(id(node) in self.islands for node in readers)

    def within(self, node: Any, name: str) -> str:
        """What an operator reads: one of integers the integers, even where an output is of them."""
        maker = self.maker.get(name)
        integers = id(node) not in self.islands and maker is not None and maker.op_type == D
        return self.named(maker.input[0]) if integers else name

    def quantise(self, node: Any, name: str) -> tuple[bool, list[str], list[str]]:
        maker = self.maker.get(name)
        home = self.home(name)
        if maker is not None and maker.op_type == D:
            home = self.home(self.named(maker.input[0]))
            if self.parameters(maker) == self.parameters(node):
                self.homes[node.output[0]] = home
                return False, [], []
        elif maker is not None:
            first = self.parts.get(id(maker), maker)
            if id(first) not in self.islands and self.quantised(name):
                self.homes[node.output[0]] = home
                return False, [], []
        other = f"{self.through(name)} as {self.parameters(node)}"
        again = other in self.homes.values()
        self.homes[node.output[0]] = other
        return not again, [home], [other]

    def keeps(self, node: Any, name: str) -> bool:
        """Whether a result has the scales of what is read."""
        before = self.maker.get(self.named(node.input[0]))
        after = self.readers[name][0]
        return (
            before is not None
            and before.op_type == D
            and self.parameters(before) == self.parameters(after)
        )

    def home(self, name: str) -> str:
        return self.homes.setdefault(name, name)

    # --- figures ---

    def figures(self) -> dict[str, Any]:
        steps = [(node, reads, made) for node, runs, reads, made in self.steps if runs]
        kinds = Counter(node.op_type for node, _, _ in steps)
        floats = sorted(n.name or n.output[0] for n, _, _ in steps if id(n) in self.islands)
        return {
            "operators": dict(sorted(kinds.items())),
            "macs": sum(self.macs(node) for node, _, _ in steps),
            "weight_bytes": self.weight_bytes(),
            "islands": floats,
            "peak": self.peak(steps),
        }

    def macs(self, node: Any) -> int:
        if node.op_type not in KERNELS:
            return 0
        operands = [
            self.arrays.get(n) if n in self.arrays else self.value(n) for n in node.input[:2]
        ]
        result = self.arrays[node.output[0]]
        if node.op_type == "Conv":
            return int(result.size * operands[1][0].size)
        if node.op_type == "ConvTranspose":
            return int(operands[0].size * operands[1][0].size)
        return int(result.size * operands[0].shape[-1])

    def weight_bytes(self) -> int:
        seen = {}
        for node in self.live:
            if node.op_type in (Q, D):
                continue
            first = TABLES.get(node.op_type, 100)
            for name in map(self.named, node.input[:first]):
                if name and name in self.constant:
                    place, kind, bytes = self.root(name)
                    seen[place, kind] = bytes
        return sum(seen.values())

    def peak(self, steps: list[Any]) -> int:
        sizes: dict[str, int] = {}
        for name, home in self.homes.items():
            array = self.arrays[name]
            integer = " as integer" in home or " as (" in home
            if integer == (array.dtype != np.float32) or home not in sizes:
                sizes[home] = int(array.nbytes)
        border = {
            name
            for name in self.inputs
            if self.readers.get(name) and all(n.op_type == Q for n in self.readers[name])
        }
        border |= {
            name
            for name in self.outputs
            if name in self.maker
            and self.maker[name].op_type == D
            and not self.floats_are_read(name)
        }
        first: dict[str, int] = {self.home(name): 0 for name in self.inputs}
        last: dict[str, int] = dict(first)
        for at, (_, reads, made) in enumerate(steps):
            for home in made:
                first.setdefault(home, at)
            for home in (*reads, *made):
                last[home] = at
        for name in self.outputs:
            last[self.home(name)] = len(steps) - 1
            if name in border:  # it is the integers that are an output
                last[self.home(self.named(self.maker[name].input[0]))] = len(steps) - 1
        return max(
            sum(sizes[h] for h in first if first[h] <= at <= last[h] and h not in border)
            for at in range(len(steps))
        )


def data_type(tensor: Any) -> str:
    return onnx.TensorProto.DataType.Name(tensor.data_type).lower()


def size(tensor: Any, kind: str | None) -> int:
    """Bytes of a constant as a device stores it."""
    elements = math.prod(tensor.dims)
    name = kind or data_type(tensor)
    bits = {"int4": 4, "uint4": 4, "int8": 8, "uint8": 8, "int16": 16, "int64": 64}.get(name, 32)
    return -(-elements * bits // 8)


def optimised(path: Path) -> dict[str, int]:
    """The operators that onnxruntime computes of a model, as far as it joins any for a processor of
    any kind."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path.with_suffix(".optimised"))
    ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    nodes = onnx.load(options.optimized_model_filepath).graph.node
    return Counter(n.op_type.removeprefix("QLinear") for n in nodes if n.op_type not in (Q, D))


def main() -> None:
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1])
    counts = {}
    for case in CASES:
        path = written(case, folder)
        counts[case.name] = Count(*run(path)).figures()
        if case.build in OPTIMISED:
            counts[case.name]["optimised"] = optimised(path)
    (folder / "counts.json").write_text(json.dumps(counts))


if __name__ == "__main__":
    main()
