"""Run an int8 file in TensorFlow Lite's interpreter and compare it with the float model."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archc.models.quantization.convert import Progress, silent
from archc.models.quantization.labels import Accuracy, Labels
from archc.models.quantization.samples import Batch, Input

_CHUNK_BYTES = 1 << 26
"""Bound on the float results of all compared layers that are held at a time."""


class Error(NamedTuple):
    """How far a quantised tensor is from the float one, over all validation samples."""

    cosine: float
    """Cosine similarity of all values of all samples, as ST's tool computes its COS: 1 is equal."""
    sqnr: float | None
    """Ratio of signal to quantisation noise in dB; None: there is no noise, or no signal."""
    worst: float
    """The largest absolute difference of one value."""
    low: float
    high: float
    """The range of the float values."""
    mean: float = 0.0
    """The mean of int8 less float: what a cosine does not show, that all values are shifted."""
    absolute: float = 0.0
    """The mean absolute difference."""


class LayerError(NamedTuple):
    """The error after one operator, that of the operators before it included."""

    layer: str
    """The last Keras layer whose result this is."""
    operator: str
    """The TFLite operator."""
    error: Error


class Comparison(NamedTuple):
    """The quantised network beside the float one."""

    outputs: tuple[Error, ...]
    names: tuple[str, ...]
    """Of the outputs."""
    samples: tuple[float, ...]
    """Cosine similarity sample by sample, all outputs together."""
    agreement: int | None
    """Samples with the same largest output; None where there is more than one output, or no
    vector of several values."""
    layers: tuple[LayerError, ...]
    """In the order of the file."""
    vectors: dict[str, Any]
    """Inputs and outputs of the file, in its order and the types of its border: `m_inputs_1`,
    `m_outputs_1`."""
    vector_names: dict[str, str]
    """What the input or output is called that a vector is of."""
    accuracy: Accuracy | None
    """Right answers of both, where labels are known."""


class Sums:
    """Running sums over pairs of tensors."""

    def __init__(self) -> None:
        self.dot = self.float = self.quantised = self.noise = self.worst = 0.0
        self.shift = self.apart = 0.0
        self.count = 0
        self.low, self.high = float("inf"), float("-inf")

    def add(self, expected: Any, found: Any) -> None:
        import numpy as np

        a, b = expected.ravel().astype(np.float64), found.ravel().astype(np.float64)
        apart = b - a
        self.dot += float(a @ b)
        self.float += float(a @ a)
        self.quantised += float(b @ b)
        self.noise += float(apart @ apart)
        self.shift += float(apart.sum())
        self.apart += float(np.abs(apart).sum())
        self.count += apart.size
        self.worst = max(self.worst, float(np.abs(apart).max()))
        self.low, self.high = min(self.low, float(a.min())), max(self.high, float(a.max()))

    def error(self) -> Error:
        from math import log10

        sqnr = 10 * log10(self.float / self.noise) if self.float and self.noise else None
        count = max(self.count, 1)
        mean, absolute = self.shift / count, self.apart / count
        return Error(self.cosine(), sqnr, self.worst, self.low, self.high, mean, absolute)

    def cosine(self) -> float:
        """1 also where both are zero throughout, 0 where only one is."""
        from math import sqrt

        if not self.float or not self.quantised:
            return float(self.float == self.quantised)
        return min(1.0, self.dot / sqrt(self.float * self.quantised))


class Step(NamedTuple):
    """An operator of the file whose result is that of a layer."""

    tensor: int
    operator: str
    layer: str


class Quantised:
    """An int8 file in the interpreter, by the reference of a model's inputs and outputs.

    The built-in kernels are used without delegates, so that results do not depend on the machine.
    """

    def __init__(self, file: bytes, inputs: Sequence[Input]) -> None:
        import warnings

        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._interpreter = Interpreter(
                model_content=file,
                num_threads=1,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
                experimental_preserve_all_tensors=True,
            )
        self._interpreter.allocate_tensors()
        self.tensors = {d["index"]: d for d in self._interpreter.get_tensor_details()}
        self.operators = self._interpreter._get_ops_details()
        given = [d["index"] for d in self._interpreter.get_input_details()]
        made = [d["index"] for d in self._interpreter.get_output_details()]
        signature = self._interpreter._get_full_signature_list().get("serving_default", {})
        by_name = signature.get("inputs", {})
        self.inputs = [by_name.get(one.name, -1) for one in inputs]
        if sorted(self.inputs) != sorted(given):
            self.inputs = given
        outputs = signature.get("outputs", {})
        # Names of a list's outputs are numbers; those of a dict's its keys, by which Keras sorts.
        listed = [outputs.get(f"output_{number}", -1) for number in range(len(made))]
        named = [outputs[name] for name in sorted(outputs)]
        known = [one for one in (listed, named) if sorted(one) == sorted(made)]
        self.outputs = known[0] if known else made
        self.order = tuple(
            [mine.index(index) for index in file]
            for mine, file in ((self.inputs, given), (self.outputs, made))
        )
        """The places of inputs, and of outputs, in the order of the file."""

    def run(self, sample: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Inputs and outputs in the types of the border.

        Args:
            sample: float32 values (1, *shape), one array for each input.
        """
        given = [
            self.quantise(index, values) for index, values in zip(self.inputs, sample, strict=True)
        ]
        for index, values in zip(self.inputs, given, strict=True):
            self._interpreter.set_tensor(index, values)
        self._interpreter.invoke()
        return given, [self._interpreter.get_tensor(index) for index in self.outputs]

    def value(self, index: int) -> Any:
        """A tensor of the last run as float64."""
        import numpy as np

        values = self._interpreter.get_tensor(index).astype(np.float64)
        scale, zero = self.tensors[index]["quantization"]
        return (values - zero) * scale if scale else values

    def quantise(self, index: int, values: Any) -> Any:
        """float32 values in the type of an input, as the operator QUANTIZE does it: the quotient is
        rounded to the nearest, ties away from zero, and clipped."""
        import numpy as np

        detail = self.tensors[index]
        dtype = np.dtype(detail["dtype"])
        scale, zero = detail["quantization"]
        if dtype.kind == "f" or not scale:
            return values.astype(dtype)
        steps = values / np.float32(scale)
        rounded = np.copysign(np.floor(np.abs(steps) + np.float32(0.5)), steps) + zero
        bounds = np.iinfo(dtype)
        return np.clip(rounded, bounds.min, bounds.max).astype(dtype)

    def floats(self) -> list[str]:
        """Operators inside the file that compute in floating point, sorted."""
        import numpy as np

        found = set()
        for op in self.operators:
            kinds = {
                np.dtype(self.tensors[int(index)]["dtype"]).kind
                for index in op["outputs"]
                if int(index) in self.tensors
            }
            if "f" in kinds and op["op_name"] != "DEQUANTIZE":
                found.add(str(op["op_name"]))
        return sorted(found)

    def steps(self, model: Any) -> list[Step]:
        """The operators whose results are those of layers of a model.

        The converter calls a tensor by all layers it was made of, as paths
        `MODEL_1/LAYER_1/OPERATION` joined by `;`, the numbers being TensorFlow's; outputs have
        other names, and are known by their place. Of these layers the one that comes last in the
        model is meant. Where several operators end in one layer (SiLU: LOGISTIC, MUL), only the
        last has the layer's result. A layer that is called more than once is left out.
        """
        from math import prod

        order = {
            name: (place, prod(result.shape[1:]))
            for place, (name, result) in enumerate(results_of(model).items())
        }
        last: dict[str, Step] = {}
        ends = self._ends(model)
        for op in self.operators:
            if op["op_name"] in ("QUANTIZE", "DEQUANTIZE") or len(op["outputs"]) != 1:
                continue
            index = int(op["outputs"][0])
            detail = self.tensors[index]
            size = prod(int(extent) for extent in detail["shape"])
            called = [ends[index]] if index in ends else _layers(str(detail["name"]))
            names = [name for name in called if order.get(name, (0, 0))[1] == size]
            if names:
                layer = max(names, key=lambda name: order[name][0])
                last[layer] = Step(index, str(op["op_name"]), layer)
        made = [int(op["outputs"][0]) for op in self.operators if len(op["outputs"])]
        return sorted(last.values(), key=lambda step: made.index(step.tensor))

    def _ends(self, model: Any) -> dict[int, str]:
        """The layers whose results are outputs, by the tensor before the border."""
        makers = {int(op["outputs"][0]): op for op in self.operators if len(op["outputs"])}
        found = {}
        for index, output in zip(self.outputs, model.outputs, strict=True):
            maker = makers.get(index)
            if maker is not None and maker["op_name"] in ("QUANTIZE", "DEQUANTIZE"):
                index = int(maker["inputs"][0])
            found[index] = str(output._keras_history.operation.name)
        return found


def output_names(model: Any) -> tuple[str, ...]:
    """What the outputs of a model are called, in the order of `model.outputs`: by the keys of a
    dictionary, which Keras lists in their order, else by the layers that give them."""
    structure = getattr(model, "_outputs_struct", None)
    if isinstance(structure, dict) and len(structure) == len(model.outputs):
        return tuple(sorted(structure))
    return tuple(str(tensor._keras_history.operation.name) for tensor in model.outputs)


def results_of(model: Any) -> dict[str, Any]:
    """The symbolic results of a model's layers by name, in their order.

    Layers that are called more than once in this model, or give several tensors or one of unknown
    shape, are left out. A layer may have been called elsewhere: a Sequential grown by `add` calls
    its layers anew each time.
    """
    calls: dict[str, list[Any]] = {layer.name: [] for layer in model.layers}
    for nodes in getattr(model, "_functional", model)._nodes_by_depth.values():
        for node in nodes:
            calls.setdefault(node.operation.name, []).append(node.outputs)
    return {
        name: made[0][0]
        for name, made in calls.items()
        if len(made) == 1 and len(made[0]) == 1 and None not in made[0][0].shape[1:]
    }


def _layers(tensor: str) -> Iterator[str]:
    """The names of layers in the name of a tensor."""
    for path in tensor.split(";"):
        parts = path.split("/")
        # Each part has a number of its own at its end, also where the layer's name ends in one.
        yield from (part.rpartition("_")[0] for part in parts[1:-1])


def compare(
    model: Any,
    file: bytes,
    validation: Batch,
    inputs: Sequence[Input],
    progress: Progress = silent,
    labels: Labels | None = None,
) -> Comparison:
    """Run both networks on the validation samples.

    Args:
        model: the float model.
        file: the int8 file made of it.
        validation: samples that were not used for calibration.
        inputs: of the model.
        progress: told of every sample.
        labels: of the samples.
    """
    import keras
    import numpy as np

    quantised = Quantised(file, inputs)
    steps = quantised.steps(model)
    results = list(model.outputs)
    made_by = results_of(model)
    tensors = [made_by[step.layer] for step in steps]
    reference = keras.Model(model.inputs, results + tensors)
    total = len(validation[inputs[0].name])
    weight = 4 * sum(int(np.prod(t.shape[1:])) for t in results + tensors)
    size = max(1, min(16, _CHUNK_BYTES // max(weight, 1)))
    sums_of = [Sums() for _ in results]
    layers = [Sums() for _ in steps]
    cosines = []
    same = 0
    answers: list[tuple[Any, Any]] = []
    ranked = len(results) == 1 and len(results[0].shape) == 2 and results[0].shape[1] > 1
    given: list[list[Any]] = [[] for _ in inputs]
    made: list[list[Any]] = [[] for _ in results]
    for start in range(0, total, size):
        chunk = [validation[one.name][start : start + size] for one in inputs]
        expected = _results(reference, chunk, model)
        for place in range(len(chunk[0])):
            progress("comparing", start + place, total)
            fed, found = quantised.run([values[place : place + 1] for values in chunk])
            for kept, values in zip(given + made, fed + found, strict=True):
                kept.append(values)
            one = Sums()
            for number, index in enumerate(quantised.outputs):
                value = quantised.value(index)
                sums_of[number].add(expected[number][place], value)
                one.add(expected[number][place], value)
                if labels is not None:
                    answers.append((expected[0][place].ravel(), value.ravel()))
                if ranked:
                    same += int(expected[0][place].argmax()) == int(value.argmax())
            cosines.append(one.cosine())
            for sums, step, values in zip(layers, steps, expected[len(results) :], strict=True):
                sums.add(values[place], quantised.value(step.tensor))
    progress("comparing", total, total)
    vectors, vector_names = {}, {}
    outputs = output_names(model)
    ends = ("inputs", [one.name for one in inputs], given), ("outputs", outputs, made)
    for (what, names, rows), order in zip(ends, quantised.order, strict=True):
        for number, place in enumerate(order, 1):
            vectors[f"m_{what}_{number}"] = np.concatenate(rows[place])
            vector_names[f"m_{what}_{number}"] = names[place]
    return Comparison(
        tuple(sums.error() for sums in sums_of),
        outputs,
        tuple(cosines),
        same if ranked else None,
        tuple(
            LayerError(s.layer, s.operator, r.error()) for s, r in zip(steps, layers, strict=True)
        ),
        vectors,
        vector_names,
        None if labels is None else _accuracy(labels, answers),
    )


def _accuracy(labels: Labels, answers: Sequence[tuple[Any, Any]]) -> Accuracy:
    import numpy as np

    expected, found = (np.stack([pair[side] for pair in answers]) for side in (0, 1))
    right = [labels.right(outputs, expected) for outputs in (expected, found)]
    return Accuracy(right[0], right[1], len(answers), labels.array)


def _results(reference: Any, chunk: list[Any], model: Any) -> list[Any]:
    """What the float model gives for some samples.

    Raises:
        Rejected: it is not finite.
    """
    import numpy as np

    from archc.diagnostics.codes import QUANTIZE_MODEL
    from archc.diagnostics.model import reject

    made = reference(chunk if len(chunk) > 1 else chunk[0], training=False)
    arrays = [np.asarray(a) for a in (made if isinstance(made, list | tuple) else [made])]
    if not all(np.isfinite(a).all() for a in arrays[: len(model.outputs)]):
        raise reject(
            QUANTIZE_MODEL,
            f"the float model `{model.name}` itself gives results that are not finite",
            help="look for NaN in its weights: training may have diverged",
        )
    return arrays
