"""A Keras model to a full-integer int8 file (`docs/lowering.md`, "How to convert")."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Literal

from archc.diagnostics.codes import QUANTIZE_FAILED, QUANTIZE_MODEL
from archc.diagnostics.model import Rejected, reject
from archc.diagnostics.text import shape_text
from archc.models.quantization.samples import Batch, Input

Io = Literal["float32", "int8", "uint8"]
IOS: tuple[Io, ...] = ("float32", "int8", "uint8")
"""Types of the border of a file."""
Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is, and of how much."""

_LAST_LINES = 6
_COMPUTE = ("float32",)
"""What layers have to compute in: of other types the converter leaves casts, or fails."""


def silent(stage: str, done: int, total: int) -> None:
    """No progress."""


def inputs_of(model: Any) -> tuple[Input, ...]:
    """The inputs of a Keras model.

    Raises:
        Rejected: it is not a model that can be rebuilt with a batch of 1, or not of TensorFlow.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise reject(
            QUANTIZE_MODEL,
            f"an object of type `{type(model).__name__}` is not a Keras 3 model or a path to one",
            help="pass what `keras.Model` or `keras.saving.load_model` gives",
        )
    if keras.backend.backend() != "tensorflow":
        raise reject(
            QUANTIZE_MODEL,
            f"the converter reads models of TensorFlow, and Keras runs on "
            f"{keras.backend.backend()}",
            help="save the model as `.keras`, and quantise that file with the environment variable "
            "KERAS_BACKEND=tensorflow",
        )
    functional = _functional(model)
    if not functional or not model.built:
        kind = "not built yet" if functional else "a class of its own"
        raise reject(
            QUANTIZE_MODEL,
            f"the model `{model.name}` is {kind}: it does not say what its layers read",
            help="build it as a functional model: `keras.Model(inputs, outputs)`",
        )
    inputs = []
    for tensor in model.inputs:
        shape = tuple(tensor.shape)
        if any(extent is None for extent in shape[1:]) or shape[0] not in (None, 1):
            said = shape_text("?" if extent is None else extent for extent in shape)
            raise reject(
                QUANTIZE_MODEL,
                f"the input `{tensor.name}` is {said}, the batch first: all but the batch has to "
                "be known, and the batch 1 or open",
                help="build the model for the size it has on the device",
            )
        inputs.append(Input(str(tensor.name), tuple(map(int, shape[1:]))))
    for layer in model._flatten_layers(include_self=False):
        policy = getattr(layer, "dtype_policy", None)
        computes = getattr(policy, "compute_dtype", "float32")
        if computes not in _COMPUTE or getattr(policy, "quantization_mode", None):
            raise reject(
                QUANTIZE_MODEL,
                f"the layer `{layer.name}` computes in {getattr(policy, 'name', computes)}",
                help="build the model with the dtype policy float32 and load the weights into it; "
                "weights of mixed precision are kept in float32, so that nothing is lost",
            )
    return tuple(inputs)


def _functional(model: Any) -> bool:
    """Whether a model is made of layers that it lists, and does nothing beside them."""
    kinds = {base.__name__ for base in type(model).__mro__ if base.__module__.startswith("keras.")}
    return bool(kinds & {"Functional", "Sequential"}) and type(model).call.__module__.startswith(
        "keras."
    )


def closed(model: Any) -> Any:
    """The model with a batch of 1. With an open batch, shape arithmetic would be left behind."""
    import keras

    if all(tensor.shape[0] == 1 for tensor in model.inputs):
        return model
    inputs = [keras.Input(batch_shape=(1, *t.shape[1:]), name=t.name) for t in model.inputs]
    # A model of one input is made with the tensor itself or with a list of it.
    listed = not isinstance(model, keras.Sequential) and isinstance(model.input, list | tuple)
    given = inputs if listed else inputs[0]
    copy = keras.models.clone_model(model, input_tensors=given)
    copy.set_weights(model.get_weights())
    return copy


def convert(model: Any, calibration: Batch, io: Io, progress: Progress = silent) -> bytes:
    """Full-integer post-training quantisation: int8 weights per channel, batch 1.

    The same model and samples give the same bytes (`docs/lowering.md`, "How to convert").

    Args:
        model: functional or sequential, on the TensorFlow backend.
        calibration: samples; see `archc.models.quantization.samples`.
        io: the type of inputs and outputs.
        progress: told of every calibration sample.

    Raises:
        Rejected: the model cannot be rebuilt, or the converter failed.
    """
    import tensorflow as tf

    names = list(calibration)
    total = len(calibration[names[0]])

    def data() -> Iterator[list[Any]]:
        for index in range(total):
            progress("calibrating", index, total)
            yield [calibration[name][index : index + 1] for name in names]
        progress("calibrating", total, total)

    progress("building", 0, 0)
    with quiet() as log:
        try:
            rebuilt = closed(model)
        except Exception as error:
            raise _failed("the model cannot be rebuilt with a batch of 1", error, "Keras") from None
        try:
            converter = tf.lite.TFLiteConverter.from_keras_model(rebuilt)
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.representative_dataset = data
            if io != "float32":
                dtype = tf.as_dtype(io)
                converter.inference_input_type = converter.inference_output_type = dtype
            return bytes(converter.convert())
        except Exception as error:
            what = "TensorFlow's converter gives no int8 file"
            raise _failed(what, error, "TensorFlow", log()) from None


def _failed(what: str, error: Exception, whose: str, log: str = "") -> Rejected:
    """A failure that is not ours, with the last words that were said of it."""
    words = last_lines(f"{log}\n{type(error).__name__}: {error}")
    return reject(
        QUANTIZE_FAILED,
        what,
        notes=[*(f"it said: {line}" for line in words), f"the failure is {whose}'s, not archc's"],
        help="`archc check` and `archc verify` show layers that the target does not run",
    )


def last_lines(text: str) -> list[str]:
    """The last lines of a log that are not empty, each of a length that can be read."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [f"{line[:300]} ..." if len(line) > 300 else line for line in lines if line][
        -_LAST_LINES:
    ]


@contextlib.contextmanager
def quiet() -> Iterator[Callable[[], str]]:
    """Keep what is printed, also by native code, from the terminal; gives a reader of it.

    The converter prints its temporary folders and warnings of its own making to both streams.
    """
    from tempfile import TemporaryFile
    from warnings import catch_warnings, simplefilter

    with TemporaryFile() as log, contextlib.ExitStack() as stack:

        def read() -> str:
            log.seek(0)
            return log.read().decode("utf-8", "replace")

        for number, stream in ((1, sys.stdout), (2, sys.stderr)):
            with contextlib.suppress(Exception):
                stream.flush()
            try:
                kept = os.dup(number)
            except OSError:  # there is none, as in a program without a console
                continue
            os.dup2(log.fileno(), number)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, number)
        text = stack.enter_context(open(os.dup(log.fileno()), "w", encoding="utf-8"))
        stack.enter_context(contextlib.redirect_stdout(text))
        stack.enter_context(contextlib.redirect_stderr(text))
        stack.enter_context(catch_warnings())
        simplefilter("ignore")
        yield read
