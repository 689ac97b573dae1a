"""The int8 converter as a judge: a model to a TFLite file, and what is in such a file."""

import contextlib
import difflib
import importlib.metadata
import io as io_module
import os
import warnings
from typing import Any, NamedTuple

Io = str
"""`float32`, `int8` or `uint8`: the types at the border of the file."""


class FileOp(NamedTuple):
    """An operator of a TFLite file; the batch is left out of shapes."""

    operator: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    """Indices of the operators whose results it reads; -1 is an input of the file."""
    constants: tuple[tuple[str, tuple[int, ...], int], ...]
    """(dtype, shape, bytes) of each constant it reads."""
    dtype: str
    activation: str | None
    """Fused into it."""


class TfliteFile(NamedTuple):
    """What a TFLite file holds. Byte counts go by buffer: equal constants are stored once; only of
    learned values that stand by themselves each counts."""

    operators: tuple[FileOp, ...]
    constant_bytes: int
    weight_bytes: int
    """int8 constants and the int32 biases of convolutions and dense layers."""

    @property
    def counts(self) -> dict[str, int]:
        names = [op.operator for op in self.operators]
        return {name: names.count(name) for name in sorted(set(names))}

    @property
    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        return sorted((op.operator, op.shape) for op in self.operators)


def convert(model: Any, io: Io = "float32", samples: int = 8) -> bytes:
    """Full-integer post-training quantisation with batch 1 (`docs/lowering.md`, "How to convert").

    A model with an open batch is rebuilt with batch 1 first; converting it as it is would leave
    shape arithmetic behind.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np
    import tensorflow as tf

    if any(tensor.shape[0] != 1 for tensor in model.inputs):
        inputs = [keras.Input(batch_shape=(1, *t.shape[1:]), name=t.name) for t in model.inputs]
        # A model of one input is made with the tensor itself or with a list of it.
        given = inputs if isinstance(model.input, list | tuple) else inputs[0]
        closed = keras.models.clone_model(model, input_tensors=given)
        closed.set_weights(model.get_weights())
        model = closed
    generator = np.random.default_rng(1)

    def data() -> Any:
        for _ in range(samples):
            named = {t.name: generator.normal(size=t.shape) for t in model.inputs}
            values = {name: value.astype("float32") for name, value in named.items()}
            # The file's inputs are not in the model's order.
            yield values if len(values) > 1 else list(values.values())

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.representative_dataset = data
    if io != "float32":
        converter.inference_input_type = converter.inference_output_type = tf.as_dtype(io)
    with contextlib.redirect_stdout(io_module.StringIO()), warnings.catch_warnings():
        # It reports its temporary folder, and that it takes the range of the input from the data.
        warnings.simplefilter("ignore")
        return bytes(converter.convert())


def differences(deployed: Any, file: TfliteFile, order: bool = True) -> str:
    """What a predicted deployed graph and a converted file disagree about; empty if nothing.

    Compared are operators with their result shapes, what they read and their fused activations (in
    the file's order; shapes alone if not ``order``) and bytes. The text holds both lists as a diff,
    and says so if the converter is not the observed one.
    """
    from archc.analysis.lowering import OBSERVED

    ours, theirs = (
        [f"{op.operator} {op.shape}" for op in side]
        for side in (deployed.operators, file.operators)
    )
    if not order:
        ours, theirs = sorted(ours), sorted(theirs)
    elif ours == theirs:
        ours, theirs = (
            [
                # Which of several inputs it reads is not compared: in the file they stand in the
                # order of `archc.analysis.lowering.signature`.
                f"{op.operator} {op.shape} reads {tuple(max(at, -1) for at in op.inputs)}, "
                f"{op.activation}"
                for op in side
            ]
            for side in (deployed.operators, file.operators)
        )
    lines = list(difflib.unified_diff(ours, theirs, "predicted", "found", n=99, lineterm=""))
    for name in ("weight_bytes", "constant_bytes"):
        says, is_ = getattr(deployed, name), getattr(file, name)
        if says != is_:
            lines.append(f"{name}: predicted {says:,}, found {is_:,}")
    if lines:
        installed = {name: importlib.metadata.version(name) for name in OBSERVED}
        if installed != OBSERVED:
            lines.append(f"the rules were observed on {OBSERVED}, this is {installed}")
    return "\n".join(lines)


_BIASED = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
"""Operators with a bias, and which of their inputs it is."""


def read(file: bytes, trained: bool = True) -> TfliteFile:
    """What a TFLite file holds, by the interpreter's own account; fused activations by ours.

    In the file of a ``trained`` network constants that are equal by chance are counted one by one.
    """
    import numpy as np
    from ai_edge_litert import schema_py_generated as litert
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    from archc.models.tflite.reader import read as parse

    interpreter = Interpreter(
        model_content=file,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    tensors = {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    graph = litert.Model.GetRootAs(file).Subgraphs(0)
    buffers = [graph.Tensors(index).Buffer() for index in range(graph.TensorsLength())]
    details = interpreter._get_ops_details()
    inputs = {detail["index"] for detail in interpreter.get_input_details()}
    producers = {int(out): index for index, op in enumerate(details) for out in op["outputs"]}
    activations = [op.activation for op in parse("file", file).subgraphs[0].operators]
    operators: list[FileOp] = []
    counted: dict[object, tuple[int, bool]] = {}
    for op, activation in zip(details, activations, strict=True):
        constants, reads = [], []
        for place, tensor in enumerate(map(int, op["inputs"])):
            if tensor < 0:
                continue
            if tensor in producers:
                reads.append(producers[tensor])
            elif tensor in inputs:
                reads.append(-1)
            else:
                detail = tensors[tensor]
                dtype = np.dtype(detail["dtype"])
                size = int(np.prod(detail["shape"], dtype=np.int64)) * dtype.itemsize
                constants.append((dtype.name, tuple(map(int, detail["shape"])), size))
                weight = dtype.itemsize == 1 or place == _BIASED.get(op["op_name"])
                key: object = buffers[tensor]
                if trained and len(detail["shape"]) > 0 and (dtype.itemsize == 1 or weight):
                    # Where every learned value has a scale of its own all are 127 or -127, at one
                    # value 127 or -128, and biases too large for theirs are 2**30: whether two
                    # such constants are equal is chance.
                    values = interpreter.get_tensor(tensor).astype(int)
                    limit = 127 if dtype.itemsize == 1 else 2**30
                    key = (tensor,) if np.all(abs(values) >= limit) else key
                weight |= counted.get(key, (0, False))[1]
                counted[key] = (size, weight)
        out = tensors[int(op["outputs"][0])]
        full = tuple(map(int, out["shape"]))
        shape = full[1:] if len(full) > 1 else full
        dtype = np.dtype(out["dtype"]).name
        name = op["op_name"]
        operators.append(FileOp(name, shape, tuple(reads), tuple(constants), dtype, activation))
    return TfliteFile(
        tuple(operators),
        sum(size for size, _ in counted.values()),
        sum(size for size, weight in counted.values() if weight),
    )
